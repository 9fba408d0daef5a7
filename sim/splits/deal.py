"""Deal components to folds, so that each fold has its share of every typology."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.arrays.types import Array, Floats, Ints

# How much it weighs that a fold has what a component has too, against a share that it lacks. At
# .1 half as many accounts are dropped as at 0, and shares are kept to within a few per cent.
_PULL = 0.1


def dealt(
    component: Ints,
    kind: Array,
    unit: Ints,
    shares: Sequence[float],
    shared: tuple[Ints, Ints],
    rng: np.random.Generator,
) -> Ints:
    """Return the fold of each account; a component is in one fold.

    Large components come first, in random order among those of about one size. Each goes to the
    fold that lacks most of the kinds that it has, or has most of what was broken off it.

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
    shared
        Accounts, as their place, with the number of an identifier that a few owners have.
    rng
        Of the order.

    Returns
    -------
    array
        Number of the fold of each account.
    """
    if not len(component):
        return np.zeros(0, np.int64)
    number = np.unique(component, return_inverse=True)[1]
    size = np.bincount(number)
    kinds, parts, begins = _parts(number, kind, unit)
    place, group = shared
    held = np.unique(np.stack([number[place], group]), axis=1)
    held_begins = np.searchsorted(held[0], np.arange(len(size) + 1))

    lacks = np.tile(np.asarray(shares, float), (kinds.max() + 1, 1))
    has = np.zeros((group.max(initial=-1) + 1, len(shares)))
    fold = np.empty(len(size), np.int64)
    for c in _order(size, rng):
        rows = slice(begins[c], begins[c + 1])
        groups = held[1, held_begins[c] : held_begins[c + 1]]
        wanted = parts[rows] @ lacks[kinds[rows]] / parts[rows].sum()
        pull = has[groups].sum(axis=0)
        fold[c] = int(np.argmax(wanted + _PULL * pull / max(pull.sum(), 1)))

        lacks[kinds[rows], fold[c]] -= parts[rows]
        has[groups, fold[c]] += 1
    return np.asarray(fold[number])


def _parts(number: Ints, kind: Array, unit: Ints) -> tuple[Ints, Floats, Ints]:
    """Return, component by component, its kinds, its part of each, and where a component begins."""
    import pandas as pd

    rows = pd.DataFrame({"component": number, "kind": kind, "unit": unit})
    counts = rows.groupby(["component", "kind"])["unit"].nunique()
    parts = (counts / counts.groupby("kind").transform("sum")).to_numpy()
    kinds = pd.factorize(counts.index.get_level_values("kind"), sort=True)[0]
    component = counts.index.get_level_values("component")
    return kinds, parts, np.searchsorted(component, np.arange(number.max() + 2))


def _order(size: Ints, rng: np.random.Generator) -> Ints:
    """Return components from large to small, those of up to twice the size in random order."""
    return np.lexsort((rng.random(len(size)), -np.floor(np.log2(size))))
