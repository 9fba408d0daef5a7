"""What figures leave: of what lies behind a count, and of the hypotheses themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.comparison.claims.cases import Case
from sim.comparison.claims.intervals import Reading
from sim.comparison.inference.evidence_model import EvidenceModel, log_densities
from sim.comparison.inference.likelihood import Fit, without_implied
from sim.comparison.inference.mode_draws import ALL
from sim.comparison.inference.prior_predictive import Draws

LEVEL = 0.9
TRUE_COUNT = "C2"
# Standard deviation of the kernel, in decades of the count.
_WIDTH = 0.12
# Fewer draws than the first tell nothing; if so few are near the count, the nearest count instead.
_FEW, _NEAREST = 50, 200


@dataclass(frozen=True)
class Inferred:
    """What one count leaves of one hypothesis: ranges of 90 %, from the 5 % to the 95 % quantile.

    They hold if the hypothesis is true: what was counted, found and added is drawn from its
    priors, and so is the driver.

    Attributes
    ----------
    case:
        Id of the case that gives the count.
    hypothesis:
        Id of the hypothesis.
    driver:
        Its driver, as `work.factor`.
    driver_low, driver_high:
        Range of the driver, in its own unit, such as runs or users.
    c2_low, c2_high:
        Range of the answered requests (C2) of the whole cluster, accounts that were not found
        included.
    """

    case: str
    hypothesis: str
    driver: str
    driver_low: float
    driver_high: float
    c2_low: float
    c2_high: float


def inferences(
    model: EvidenceModel, cases: Sequence[Case], reading: Reading
) -> tuple[Inferred, ...]:
    """Return what every case leaves under every hypothesis that may have made such a count.

    Parameters
    ----------
    model:
        Draws of the hypotheses; only those under the priors as stated are used.
    cases:
        Reported counts. The middle of the limits of a count stands for it, or the lower end where
        the upper one is infinite.
    reading:
        What "over" means.

    Returns
    -------
    tuple
        By case, then by hypothesis. A hypothesis is left out of a case if fewer than 50 of its
        draws are published and counted under a convention of the case.
    """
    inferences = []
    for case in cases:
        limits = case.interval("count", reading)
        count = limits.low if np.isinf(limits.high) else (limits.low + limits.high) / 2
        conventions = [ALL.index(name) for name in case.conventions]
        for key, hypothesis in model.library.hypotheses.items():
            draws = model.base(key)
            use = draws.published & np.isin(draws.convention, conventions)
            if use.sum() >= _FEW:
                driver = inferred(draws, hypothesis.driver, count, use)
                true_count = inferred(draws, TRUE_COUNT, count, use)
                inferences.append(Inferred(case.id, key, hypothesis.driver, *driver, *true_count))
    return tuple(inferences)


def inferred(draws: Draws, quantity: str, count: float, use: Bools) -> tuple[float, float]:
    """Return the range of 90 % of a quantity that one reported count leaves, see `Behind.range`."""
    return Behind.of(draws, quantity, use).range(count)


@dataclass(frozen=True)
class Behind:
    """A quantity beside the reported count, over draws in the order of their counts.

    Attributes
    ----------
    count, quantity:
        Log10 of both, (n,) each, `count` rising.
    """

    count: Floats
    quantity: Floats

    @classmethod
    def of(cls, draws: Draws, quantity: str, use: Bools) -> Behind:
        """Return a quantity of draws.

        Parameters
        ----------
        draws:
            Draws of the hypothesis under the priors as stated.
        quantity:
            A parameter by its column name, or `C2`.
        use:
            The draws that may have led to the count, (n,).
        """
        count = np.log10(draws.reported["count"][use])
        order = np.argsort(count)
        value = np.log10(np.maximum(quantity_of(draws, quantity)[use], 1e-9))
        return cls(count[order], value[order])

    def range(self, count: float) -> tuple[float, float]:
        """Return the range of 90 % of the quantity that a reported count leaves.

        Approximate Bayesian computation with a local linear regression: draws near the count weigh
        by a Gaussian kernel of .12 decades, and are moved along their regression on it (Beaumont,
        Zhang and Balding, Genetics 162, 2002). Count and quantity are taken as log10. Where fewer
        than 50 draws lie within four widths of the kernel, the 200 nearest ones are used; then the
        range says more of the prior than of the count.

        Returns
        -------
        tuple
            Weighted quantiles at 5 and 95 %, in the unit of the quantity.
        """
        x = self.count - np.log10(count)
        first, last = np.searchsorted(x, [-4 * _WIDTH, 4 * _WIDTH])
        near: slice | Ints = slice(first, last)
        if last - first < _FEW:
            near = np.argsort(np.abs(x))[:_NEAREST]
        x, y = x[near], self.quantity[near]

        # weighted regression, along which every draw is moved to the count
        weight = np.exp(-0.5 * (x / _WIDTH) ** 2) + 1e-12
        weight /= weight.sum()
        centred = x - weight @ x
        spread = weight @ centred**2
        slope = weight @ (centred * y) / spread if spread > 0 else 0.0
        moved = y - slope * x

        # weighted quantiles
        ranks = np.argsort(moved)
        below = np.cumsum(weight[ranks])
        tail = (1 - LEVEL) / 2
        ends = moved[ranks][np.searchsorted(below, [tail, 1 - tail]).clip(0, len(ranks) - 1)]
        return float(10 ** ends[0]), float(10 ** ends[1])


def quantity_of(draws: Draws, quantity: str) -> Floats:
    """Return the drawn values of a quantity, (n,).

    A quantity is a parameter by its column name, or `C2`: the answered requests of the whole
    cluster.
    """
    if quantity == TRUE_COUNT:
        return np.asarray(draws.counts[1], np.float64)
    return draws.parameters[quantity]


def stated_fits(model: EvidenceModel) -> list[Fit]:
    """Return the likelihood of every hypothesis under the priors as stated."""
    return [model.stated_fit(x) for x in model.ids]


def posterior(fits: Sequence[Fit], values: Mapping[str, Floats], known: Sequence[str]) -> Floats:
    """Return probabilities of hypotheses that were equally likely before, by Bayes' rule.

    Parameters
    ----------
    fits
        The likelihood of each hypothesis.
    values
        By observable, (n,) each; NaN where a cluster does not define one.
    known
        The observables that are used, but for those that the others imply.

    Returns
    -------
    ndarray
        (n, hypotheses); each row adds up to 1.
    """
    logs = log_densities(fits, values, [without_implied(known)])[0]
    return np.asarray(np.exp(logs - np.logaddexp.reduce(logs, axis=1, keepdims=True)))
