"""Kaplan and Meier: how long it takes, where some have not been found when the log ends."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.scoring.intervals import ENDS, LEAST_OWNERS
from sim.scoring.shares import Draws, Measured, share_within, within

LEAST_WAITING = 0.2
"""Share of all that has to be waited for still, where anything is told of a length."""


class Waits(NamedTuple):
    """How long each was observed, and whether it ended in what was waited for.

    Attributes
    ----------
    length
        Time, or number of exchanges, up to the event or to the end of the observation.
    found
        Whether it is the event; else it is censored: all that is known is that it takes longer.
    weight
        What each counts.
    draws
        Of a bootstrap.
    """

    length: Floats
    found: Bools
    weight: Floats
    draws: Draws


class Course(NamedTuple):
    """Shares that are found by then.

    Attributes
    ----------
    at
        Lengths in rising order, each once, shape (lengths,).
    share
        Share that is found within each, shape (lengths,).
    draws
        The same in each draw of the bootstrap, shape (rounds, lengths).
    owners
        How many owners were drawn from.
    """

    at: Floats
    share: Floats
    draws: Floats
    owners: int

    def by(self, length: float) -> Measured:
        """Return the share found within a length; no value beyond the end of the course."""
        if length > self.at[-1] and self.share[-1] < 1:
            return Measured(None)
        place = int(np.searchsorted(self.at, length, side="right")) - 1
        if place < 0:
            return share_within(0.0, np.zeros(len(self.draws)), self.owners)
        return share_within(float(self.share[place]), self.draws[:, place], self.owners)

    def median(self) -> Measured:
        """Return the length within which half are found; no value if half never are."""
        values = self._median(self.share[None, :])
        if not np.isfinite(values[0]):
            return Measured(None)
        return within(float(values[0]), self._median(self.draws), self.owners)

    def band(self) -> tuple[Floats, Floats] | None:
        """Return the ends of the interval of 95 % at each length; None where there is none."""
        if self.owners < LEAST_OWNERS or len(self.draws) < 2:
            return None
        low, high = np.quantile(self.draws, ENDS, axis=0)
        return low, high

    def _median(self, shares: Floats) -> Floats:
        """Return the first length at which each row has half; infinite where it never has."""
        there = shares >= 0.5 - 1e-12
        first = there.argmax(axis=1)
        return np.where(there.any(axis=1), self.at[first], np.inf)


def course_of(waits: Waits) -> Course:
    """Return the estimate of Kaplan and Meier (1958) with bootstrap draws.

    What is censored at a length was still waited for at that length. The share that is not found
    within a length is the product over all lengths up to there of one minus the share of events in
    what was waited for. The course ends where fewer than a fifth are still waited for, as Pocock,
    Clayton and Altman (2002) advise, unless all of them are found: what is found of the last few
    tells little of the others.

    Parameters
    ----------
    waits
        At least one.
    """
    order = np.argsort(waits.length, kind="stable")
    at, first = np.unique(waits.length[order].astype(np.float64), return_index=True)
    weights = np.vstack([waits.weight[None, :], waits.draws.times * waits.weight])[:, order]

    waiting = np.cumsum(weights[:, ::-1], axis=1)[:, ::-1][:, first]
    events = np.add.reduceat(weights * waits.found[order], first, axis=1)
    # in a draw nobody may be left; and sums in another order differ in their last digits
    stay = np.divide(waiting - events, waiting, out=np.ones_like(events), where=events > 0)
    lasting = np.cumprod(np.where(stay < 1e-9, 0.0, stay), axis=1, dtype=np.float64)
    told = _told(waits.length[order], waits.found[order], first)
    at, lasting = at[told], lasting[:, told]
    return Course(at, 1 - lasting[0], 1 - lasting[1:], waits.draws.owners)


def _told(length: Floats, found: Bools, first: Ints) -> Bools:
    """Tell at which lengths enough are waited for, or all the rest is found.

    Lengths are in rising order; `first` has the places where they change.
    """
    waiting = len(length) - first
    censored = np.cumsum(~found[::-1])[::-1][first]
    told: Bools = (waiting >= len(length) * LEAST_WAITING) | (censored == 0)
    return told
