"""Whether a cluster is one that a hypothesis may have made at all, whatever the others say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.comparison.claims.intervals import Interval
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.inference.likelihood import Sample
from sim.comparison.inference.marginals import scaled

# A hypothesis does not fit if figures so far out, or farther, surely come less often.
LEAST_FIT = 0.01
_ERRORS = 5
_SLACK = 0.1


@dataclass(frozen=True)
class Goodness:
    """How far out the figures of a cluster lie in what a hypothesis predicts.

    Attributes
    ----------
    tail:
        How often the hypothesis makes a figure so far out or farther, in the observable where that
        is rarest, times the number of observables (Bonferroni); at most 1.
    observable:
        That observable.
    error:
        Monte-Carlo standard error of `tail`, as if the draws were by chance.
    at_most:
        What `tail` may be: with limits that are a tenth wider on the scales of `scaled`, and five
        errors more.
    """

    tail: float
    observable: str
    error: float
    at_most: float

    @property
    def fails(self) -> bool:
        """Whether such figures surely come in less than one of a hundred clusters.

        A tail that a few draws reach is not held against a hypothesis.
        """
        return self.at_most < LEAST_FIT

    @property
    def verdict(self) -> str:
        """Whether the hypothesis fits: `yes`, `no` or `not clear`."""
        if self.fails:
            return "no"
        return "yes" if self.tail >= LEAST_FIT else "not clear"


def goodness(samples: Sequence[Sample], limits: Mapping[str, Interval]) -> Goodness:
    """Return how far out figures lie in the draws of a hypothesis, a prior predictive check.

    Box, Sampling and Bayes' inference (J. R. Stat. Soc. A 143, 1980), by single observables: of
    each, twice the smaller share of the draws on either side of its limits, which count with it.

    Parameters
    ----------
    samples:
        The draws, by access mode.
    limits:
        Intervals by observable, at least one, in their units. Draws that do not define an
        observable are left out of its shares; if none does, its tail is 0.
    """
    tail, error, rarest = _rarest(samples, limits)
    generous, its_error, _ = _rarest(samples, {k: _widened(k, x) for k, x in limits.items()})
    return Goodness(tail, rarest, error, generous + _ERRORS * its_error)


def _rarest(samples: Sequence[Sample], limits: Mapping[str, Interval]) -> tuple[float, float, str]:
    """Return the smallest tail times the number of observables, its error, and its observable."""
    tails = {name: _tail(samples, name, x) for name, x in limits.items()}
    rarest = min(tails, key=lambda name: tails[name][0])
    tail, error = tails[rarest]
    return min(1.0, len(tails) * tail), len(tails) * error, rarest


def _widened(name: str, limits: Interval) -> Interval:
    """Return limits that are wider on either side: counts by a quarter, shares by .1 radians."""
    if OBSERVABLES[name].kind != "share":
        return Interval(limits.low / 10**_SLACK, limits.high * 10**_SLACK)
    low, high = scaled(name, np.array([limits.low, limits.high]))
    ends = np.sin([max(low - _SLACK, 0), min(high + _SLACK, np.pi / 2)]) ** 2
    return Interval(*ends.tolist())


def _tail(samples: Sequence[Sample], name: str, limits: Interval) -> tuple[float, float]:
    """Return twice the smaller share on either side of the limits, which count with it.

    With it comes its standard error, with one draw more in the tail, so that none is not certain.
    """
    total = below = above = squares = 0.0
    for sample in samples:
        x = sample.values[name]
        defined = sample.use & ~np.isnan(x)
        total += sample.weight * sample.share(defined)
        below += sample.weight * sample.share(defined & (x <= limits.high))
        above += sample.weight * sample.share(defined & (x >= limits.low))
        squares += sample.weight**2 * sample.share(defined) / len(x)
    if not total:
        return 0.0, 0.0
    share, of_one_draw = min(below, above) / total, squares / total**2
    return min(1.0, 2 * share), 2 * float(np.sqrt(of_one_draw * (share + of_one_draw)))
