"""Quantiles and ranges that answers are given by."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Span:
    """Quantiles of a distribution at 5, 25, 50, 75 and 95 %, all in the unit of the quantity.

    `p05` to `p95` is a range of 90 %, `p25` to `p75` one of 50 %.
    """

    p05: float
    p25: float
    median: float
    p75: float
    p95: float


@dataclass(frozen=True)
class Ranged:
    """A result under the priors as stated, and its smallest and largest over all prior sets.

    `low <= stated <= high`, as the priors as stated are one of the sets. The ends are no quantiles:
    each is what the most extreme set gives. `error` is the Monte-Carlo standard error of `stated`,
    in its unit: how much it would differ with other draws.
    """

    stated: float
    low: float
    high: float
    error: float = 0.0

    @property
    def relative_error(self) -> float:
        """Standard error of a ratio as a share of it, where `stated` is its log10."""
        return self.error * math.log(10)


LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def span(values: NDArray[np.float64] | NDArray[np.int64]) -> Span:
    """Return the quantiles of values, linear between order statistics.

    Parameters
    ----------
    values:
        At least one, (n,), without NaN.
    """
    return Span(*np.quantile(values, LEVELS).tolist())
