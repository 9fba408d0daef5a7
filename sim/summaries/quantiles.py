"""Quantiles of counts whose frequencies are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.arrays.types import Floats
from sim.summaries.run_figures import Distribution, Spread


def quantiles_of(counts: Distribution, shares: Sequence[float]) -> Floats:
    """Return quantiles, interpolated linearly between units, shape (shares,).

    Type 7 of Hyndman and Fan (1996), the default of NumPy: the same numbers as
    `numpy.quantile(numpy.repeat(values, frequencies), shares)`.

    Parameters
    ----------
    counts
        Of at least one unit.
    shares
        Which quantiles, 0 to 1.
    """
    ends = np.cumsum(counts.frequencies)
    place = np.asarray(shares, np.float64) * (ends[-1] - 1)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, ends[-1] - 1)
    low = counts.values[np.searchsorted(ends, below, side="right")]
    high = counts.values[np.searchsorted(ends, above, side="right")]

    # as NumPy does it, so that not even the last digit differs
    step, part = high - low, place - below
    found: Floats = np.where(part < 0.5, low + step * part, high - step * (1 - part))
    return found


def spread_of(counts: Distribution) -> Spread:
    """Return number of units, mean, median, p90, p99 and maximum of a distribution.

    Parameters
    ----------
    counts
        Of at least one unit; units with a count of 0 belong to it.
    """
    units = int(counts.frequencies.sum())
    p50, p90, p99 = quantiles_of(counts, (0.5, 0.9, 0.99)).tolist()
    return Spread(
        units=units,
        mean=int((counts.values * counts.frequencies).sum()) / units,
        p50=p50,
        p90=p90,
        p99=p99,
        max=int(counts.values[-1]),
    )
