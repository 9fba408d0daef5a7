"""Intervals of 95 % from a bootstrap that draws operators and organisations, not accounts.

Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapters 6, 8 and 13: accounts of one
campaign are alike, so that they are drawn together or not at all. With 40 owners of positives such
an interval of an AUC held the truth in 94 of 100 samples, with 20 in 89, with 6 in 82.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.arrays.types import Bools, Floats, Ints

LEVEL = 0.95
# The quantiles of draws between which an interval lies.
ENDS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
# With fewer owners than these on a side there are too few different draws for an interval.
LEAST_OWNERS = 5
# Draws that may have no value before there is no interval.
_MOST_WITHOUT = 0.1


def drawn(owner: Ints, target: Bools, rounds: int, seed: int) -> Floats:
    """Return how often each entity counts in each draw, shape (rounds, entities).

    As many owners as there are, are drawn anew, with all their entities: those who have a positive,
    and those who have none, each from their own; so no draw lacks either.

    Parameters
    ----------
    owner
        Who stands behind each entity, from 0.
    target
        Which entities are positive.
    rounds, seed
        How many draws, and of which stream.
    """
    rng = np.random.default_rng(seed)
    owners, place = np.unique(owner, return_inverse=True)
    has_positive = np.zeros(len(owners), bool)
    has_positive[place[target]] = True

    counts = np.zeros((rounds, len(owners)))
    for side in (has_positive, ~has_positive):
        size = int(side.sum())
        if size:
            counts[:, side] = rng.multinomial(size, np.full(size, 1 / size), rounds)
    times: Floats = counts[:, place]
    return times


def interval(
    statistic: Callable[[Floats], float], times: Floats
) -> tuple[float | None, float | None]:
    """Return the ends of the interval of a statistic; None where many draws give none.

    Parameters
    ----------
    statistic
        Takes how often each entity counts, shape (entities,); gives NaN where it has no value.
    times
        From `drawn`.
    """
    return ends(np.asarray([statistic(each) for each in times], np.float64))


def ends(values: Floats) -> tuple[float | None, float | None]:
    """Return the ends of the interval of values, one a draw; None where many are NaN."""
    there = values[~np.isnan(values)]
    if len(there) < max((1 - _MOST_WITHOUT) * len(values), 2):
        return None, None
    low, high = np.quantile(there, ENDS)
    return float(low), float(high)


def of_share(
    bounds: tuple[float | None, float | None], value: float, owners: int
) -> tuple[float | None, float | None]:
    """Return the interval of a share, wider where nobody is found, or everybody.

    Draws then differ little or not at all. The other end is at least that of Clopper and Pearson
    (1934) for as many trials as there are owners: with none of 30 found, 0 to 0.12.
    """
    low, high = bounds
    if low is None or high is None or value not in (0.0, 1.0) or not owners:
        return bounds
    reach = ENDS[0] ** (1 / owners)
    return (0.0, max(high, 1 - reach)) if value == 0 else (min(low, reach), 1.0)
