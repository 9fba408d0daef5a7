"""Deal components to folds, so that each fold has its share of every typology."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.arrays.types import Array, Floats, Ints


def dealt(
    component: Ints, kind: Array, unit: Ints, shares: Sequence[float], rng: np.random.Generator
) -> Ints:
    """Return the fold of each account; a component is in one fold.

    Large components come first, in random order among those of about one size. Each goes to the
    fold that lacks most of the kinds that it has.

    Parameters
    ----------
    component
        The component of each account.
    kind
        The typology of each account; every one is to have its shares.
    unit
        What is counted of a kind: the number of the operator, or of the account.
    shares
        Wanted share of each fold; they add up to 1.
    rng
        Of the order.

    Returns
    -------
    array
        Number of the fold of each account.
    """
    import pandas as pd

    if not len(component):
        return np.zeros(0, np.int64)
    names, number = np.unique(component, return_inverse=True)
    held = pd.DataFrame({"component": number, "kind": kind, "unit": unit})
    counts = held.groupby(["component", "kind"])["unit"].nunique()
    parts: Floats = (counts / counts.groupby("kind").transform("sum")).to_numpy()
    kinds = pd.factorize(counts.index.get_level_values("kind"), sort=True)[0]
    begins = np.searchsorted(counts.index.get_level_values("component"), np.arange(len(names) + 1))

    lacks = np.tile(np.asarray(shares, float), (kinds.max() + 1, 1))
    fold = np.empty(len(names), np.int64)
    for c in _order(np.bincount(number), rng):
        rows = slice(begins[c], begins[c + 1])
        fold[c] = int(np.argmax(parts[rows] @ lacks[kinds[rows]]))
        lacks[kinds[rows], fold[c]] -= parts[rows]
    return np.asarray(fold[number])


def _order(size: Ints, rng: np.random.Generator) -> Ints:
    """Return components from large to small, those of up to twice the size in random order."""
    return np.lexsort((rng.random(len(size)), -np.floor(np.log2(size))))
