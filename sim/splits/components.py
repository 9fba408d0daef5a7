"""Components: what hangs together, and where it is broken if too much does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.arrays.types import Array, Bools, Ints


def joined(size: int, ends: Sequence[tuple[Ints, Array]]) -> Ints:
    """Return the component of each of `size` nodes that have identifiers in common.

    Parameters
    ----------
    size
        Number of nodes.
    ends
        Pairs of arrays: nodes, and what each of them has. Identifiers of unlike pairs are unlike.

    Returns
    -------
    array
        Numbers from 0, in order of the first node of a component.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    nodes, keys, seen = [], [], size
    for at, held in ends:
        values, codes = np.unique(held, return_inverse=True)
        nodes.append(at)
        keys.append(codes + seen)
        seen += len(values)
    rows, columns = np.concatenate(nodes), np.concatenate(keys)

    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(seen, seen))
    component = connected_components(graph, directed=False)[1][:size]
    first, codes = np.unique(component, return_index=True, return_inverse=True)[1:]
    order = np.empty(len(first), np.int64)
    order[np.argsort(first)] = np.arange(len(first))
    return np.asarray(order[codes])


def components(owner: Ints, links: Any, most_owners: int, largest: float) -> tuple[Ints, Bools]:
    """Return the component of each account, and which links hold no longer.

    Owners are never parted. Links of what more than `most_owners` have are popular and join nobody.
    While a component has more than `largest` of all accounts, those of its links that most owners
    have are broken.

    Parameters
    ----------
    owner
        The owner of each account.
    links
        What accounts have in common (`sim.splits.links.links`).
    most_owners
        What more have is popular.
    largest
        Largest share of all accounts that is kept together.

    Returns
    -------
    (array, array)
        Component of each account; for each row of `links` whether it is cut.
    """
    place, owners = links["place"].to_numpy(), links["owners"].to_numpy()
    keys = links.groupby(["kind", "key"], sort=False).ngroup().to_numpy()
    cut = owners > most_owners
    everybody = np.arange(len(owner))

    for limit in np.unique(owners[~cut])[::-1]:
        component = joined(len(owner), [(everybody, owner), (place[~cut], keys[~cut])])
        too_large = np.bincount(component) > largest * len(owner)
        cut |= too_large[component[place]] & (owners >= limit)
    return joined(len(owner), [(everybody, owner), (place[~cut], keys[~cut])]), cut
