"""Shares of entities with intervals that know who belongs together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.types import Array, Bools, Floats, Ints

# The normal quantile of an interval of 95 %.
_Z = 1.959964
ENDS = (0.025, 0.975)


class Measured(NamedTuple):
    """A value with its interval of 95 %; None where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None


def ratio(top: Array, bottom: Array, times: Floats) -> Measured:
    """Return a sum over another, with the interval of a bootstrap.

    Parameters
    ----------
    top, bottom
        What each entity adds to either sum, shape (entities,).
    times
        How often each counts in each draw, shape (rounds, entities).

    Returns
    -------
    Measured
        Without value if the lower sum is 0; without interval where all draws are alike, as they
        are where one owner has all entities, or none of them differs.
    """
    top, bottom = top.astype(float), bottom.astype(float)
    if not bottom.sum() > 0:
        return Measured(None)
    tops, bottoms = times @ top, times @ bottom
    drawn = bottoms > 0
    return within(float(top.sum() / bottom.sum()), tops[drawn] / bottoms[drawn])


def within(value: float, draws: Floats) -> Measured:
    """Return a value with the interval of its draws; infinite ends and equal ends are none."""
    if len(draws) < 2:
        return Measured(value)
    low, high = (float(end) for end in np.quantile(draws, ENDS, method="nearest"))
    if high - low <= 1e-12 * abs(value):
        return Measured(value)
    return Measured(value, *(end if np.isfinite(end) else None for end in (low, high)))


def share(chosen: Bools, weight: Floats, owner: Ints) -> Measured:
    """Return the weighted share of what is chosen, with the interval of Wilson (1927).

    It rests on as many independent entities as there were owners of equal weight (Kish 1965):
    accounts of an owner count as one, which errs on the wide side. Unlike a bootstrap it has an
    interval where none or all are chosen.

    Parameters
    ----------
    chosen, weight, owner
        Of each entity, shape (entities,).
    """
    if not weight.sum() > 0:
        return Measured(None)
    of_owner = np.bincount(owner, weight)
    effective = of_owner.sum() ** 2 / (of_owner**2).sum()
    part = float((weight * chosen).sum() / weight.sum())

    scale = 1 + _Z**2 / effective
    middle = (part + _Z**2 / (2 * effective)) / scale
    half = _Z / scale * np.sqrt(part * (1 - part) / effective + (_Z / (2 * effective)) ** 2)
    return Measured(part, float(max(0.0, middle - half)), float(min(1.0, middle + half)))
