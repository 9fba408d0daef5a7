"""Shares of entities with intervals that know who belongs together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.types import Array, Bools, Floats, Ints
from sim.scoring.answer import Answer
from sim.scoring.figures import Figure
from sim.scoring.intervals import ENDS, LEAST_OWNERS, of_share

# The normal quantile of an interval of 95 %.
_Z = 1.959964


class Measured(NamedTuple):
    """A value with its interval of 95 %; None where there is none, and `why` there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None
    why: str = ""


class Draws(NamedTuple):
    """Draws of a bootstrap for some accounts or campaigns.

    Attributes
    ----------
    times
        How often each counts in each draw, shape (rounds, size).
    owner
        Who is drawn with it, shape (size,).
    """

    times: Floats
    owner: Ints

    def pick(self, chosen: Array) -> Draws:
        """Return those of some of them."""
        return Draws(self.times[:, chosen], self.owner[chosen])

    @property
    def owners(self) -> int:
        """How many owners are drawn from."""
        return len(np.unique(self.owner))


def draws_of(answer: Answer) -> Draws:
    """Return the draws of all entities of an answer."""
    return Draws(answer.times, answer.asked.owner)


def ratio(top: Array, bottom: Array, draws: Draws) -> Measured:
    """Return a share: a sum over another, with the interval of a bootstrap.

    No value if the lower sum is 0.

    Parameters
    ----------
    top, bottom
        What each adds to either sum, shape (size,); only those with a `bottom` count.
    draws
        Of the same.
    """
    counted = bottom > 0
    if not counted.any():
        return Measured(None)
    top, bottom, draws = top[counted], bottom[counted].astype(float), draws.pick(counted)
    tops, bottoms = draws.times @ top, draws.times @ bottom
    some = bottoms > 0
    value = float(top.sum() / bottom.sum())
    return share_within(value, tops[some] / bottoms[some], draws.owners)


def within(value: float, drawn: Floats, owners: int) -> Measured:
    """Return a value with the interval of its draws; an infinite end is None.

    Of fewer owners than `LEAST_OWNERS` there is no interval, nor where all draws are alike.
    """
    if len(drawn) < 2:
        return Measured(value, why="no interval: fewer than 2 draws have a value")
    if owners < LEAST_OWNERS:
        why = f"no interval: {owners} operators to draw from, {LEAST_OWNERS} are needed"
        return Measured(value, why=why)
    low, high = (float(end) for end in np.quantile(drawn, ENDS, method="nearest"))
    if high - low <= 1e-12 * abs(value):
        return Measured(value, why="no interval: all draws are alike")
    low_end, high_end = (end if np.isfinite(end) else None for end in (low, high))
    return Measured(value, low_end, high_end)


def share_within(value: float, drawn: Floats, owners: int) -> Measured:
    """Return a share with the interval of its draws, as `within`.

    All draws are alike where it is 0 or 1: the other end is then that of `of_share`.
    """
    if value in (0.0, 1.0):
        return Measured(value, *of_share((value, value), value, owners))
    return within(value, drawn, owners)


def share(chosen: Bools, weight: Floats, owner: Ints) -> Measured:
    """Return the weighted share of what is chosen, with the interval of Wilson (1927).

    It rests on as many independent accounts as there were owners of equal weight (Kish 1965):
    accounts of an owner count as one, which errs on the wide side. It needs no draws, and there is
    an interval where none or all are chosen.

    Parameters
    ----------
    chosen, weight, owner
        Of each account, shape (accounts,).
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


def figure(
    name: str,
    words: str,
    made: Measured,
    *,
    rests_on: str = "",
    why_not: str = "",
    of: str = "",
) -> Figure:
    """Return a figure of what was measured; `why_not` says why there is no value, if there is none.

    Where a value has no interval, the figure says why.
    """
    value, low, high, lacks = made
    if value is None:
        return Figure(name, words, why_not=why_not, of=of)
    return Figure(name, words, value, low, high, rests_on=rests_on, why_not=lacks, of=of)
