"""Halves of owners: what is learned from one half is asked of the other."""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Bools, Ints


def halves(sought: Bools, owner: Ints, rng: np.random.Generator) -> Ints:
    """Return 0 or 1 for each row: which half its owner is in, of either side as many.

    Parameters
    ----------
    sought
        Which rows are sought; an owner is, if any of its rows is.
    owner
        Number of each row's owner.
    rng
        Of the split.
    """
    number, place = np.unique(owner, return_inverse=True)
    is_sought = np.bincount(place, sought) > 0
    half = np.empty(len(number), np.int64)
    for side in (is_sought, ~is_sought):
        half[side] = rng.permutation(int(side.sum())) % 2
    return np.asarray(half[place])


def some_of_each(sought: Bools, most: int, rng: np.random.Generator) -> Ints:
    """Return which rows to look at, in order: all, or `most` of either side if there are more."""
    sides = [rng.permutation(np.flatnonzero(side))[:most] for side in (sought, ~sought)]
    return np.sort(np.concatenate(sides))
