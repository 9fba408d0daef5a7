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


def components(owner: Ints, few: Any, largest: float) -> tuple[Ints, Bools]:
    """Return the component of each account, and what was broken so that none is too large.

    Owners are never parted. While a component has more than `largest` of all accounts, what most
    owners in it have is broken: it no longer holds them together.

    Parameters
    ----------
    owner
        The owner of each account.
    few
        What a few owners have in common (`sim.splits.links.Links`).
    largest
        Largest share of all accounts that is kept together.

    Returns
    -------
    (array, array)
        Component of each account; for each row of `few` whether it is broken.
    """
    place, group, owners = (few[name].to_numpy(np.int64) for name in ("place", "group", "owners"))
    broken = np.zeros(len(few), bool)
    everybody = np.arange(len(owner))

    def hanging_together() -> Ints:
        held = (place[~broken], group[~broken])
        return joined(len(owner), [(everybody, owner), held])

    for limit in np.unique(owners)[::-1]:
        component = hanging_together()
        too_large = np.bincount(component) > largest * len(owner)
        broken |= too_large[component[place]] & (owners >= limit)
    return hanging_together(), broken
