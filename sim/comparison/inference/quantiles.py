"""Quantiles that answers are given by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Span:
    """Quantiles at 5, 25, 50, 75 and 95 %."""

    p05: float
    p25: float
    median: float
    p75: float
    p95: float


@dataclass(frozen=True)
class Ranged:
    """A result under the priors as stated, and its smallest and largest over all prior sets."""

    stated: float
    low: float
    high: float


LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def span(values: NDArray[np.float64] | NDArray[np.int64]) -> Span:
    """Return the quantiles of `values` (n,), linear between order statistics."""
    return Span(*np.quantile(values, LEVELS).tolist())
