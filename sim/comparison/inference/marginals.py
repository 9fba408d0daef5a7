"""Densities of single observables, from draws of them.

The kernel estimate follows Silverman, Density Estimation (1986): his width for data that are not
normal, by the smallest of three measures of spread, and reflection where a share ends at 0 and 1.
No kernel is narrower than the resolution that is stated here for its observable, so that no report
is taken to be more exact than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sim.arrays.types import Floats
from sim.comparison.claims.observables import OBSERVABLES

# Narrowest kernel of each observable, in the units of `scaled`: decades, or radians of a share.
_RESOLUTION_OF_KIND = {"count": 0.03, "ratio": 0.03, "share": 0.04}
RESOLUTION = {
    **{name: _RESOLUTION_OF_KIND[x.kind] for name, x in OBSERVABLES.items()},
    "count": 0.02,
    "concentration": 0.03,
}

# Where an observable of a kind ends, on its scale.
ENDS = {"share": (0.0, np.pi / 2)}
# Points of the grid that densities are kept on.
_GRID = 512
_FLOOR = 1e-300
# Normal scores end at these shares of the draws.
_LEAST_SHARE = 1e-5


def scaled(name: str, values: Floats) -> Floats:
    """Return an observable on the scale on which densities are taken.

    Parameters
    ----------
    name:
        The observable.
    values:
        In its unit, any shape. Shares are clipped to [0, 1]; other values below 0.001 count as
        0.001, so a count of 0 has a place. NaN stays NaN.

    Returns
    -------
    ndarray
        Log10 of counts and ratios (decades), arcsin of the square root of shares (radians, 0 to
        pi/2): the transformation that evens out the variance of a binomial share.
    """
    if OBSERVABLES[name].kind == "share":
        return np.asarray(np.arcsin(np.sqrt(np.clip(values, 0, 1))))
    return np.asarray(np.log10(np.maximum(values, 1e-3)))


@dataclass(frozen=True)
class Marginal:
    """Density of one observable in one class, and its distribution function, on an even grid.

    Attributes
    ----------
    low:
        Place of the first point, on the scale of the observable.
    step:
        Distance between points.
    density:
        Density at the points, (_GRID,); it integrates to 1 by trapezes.
    below:
        Distribution function at the points, (_GRID,), from 0 to 1.
    """

    low: float
    step: float
    density: Floats
    below: Floats

    def log_density(self, x: Floats) -> Floats:
        """Return ln of the density at `x`, of the shape of `x`; off the grid it is ln of 1e-300."""
        return np.log(np.maximum(np.interp(x, self._grid, self.density, 0, 0), _FLOOR))

    def share_below(self, x: Floats | float) -> Floats:
        """Return the distribution function at `x`: 0 below the grid, 1 above it."""
        return np.asarray(np.interp(x, self._grid, self.below, 0, 1))

    def quantile(self, share: Floats) -> Floats:
        """Return the values below which shares of the draws lie, the inverse of `share_below`."""
        return np.asarray(np.interp(share, self.below, self._grid))

    def scores(self, x: Floats) -> Floats:
        """Return the normal scores of `x`, standard normal for draws of the class.

        They end at the scores of 1e-5 and 1 - 1e-5, thus within +-4.27, so that a value far outside
        cannot make the copula decide alone.
        """
        from scipy.special import ndtri

        return np.asarray(ndtri(np.clip(self.share_below(x), _LEAST_SHARE, 1 - _LEAST_SHARE)))

    @cached_property
    def _grid(self) -> Floats:
        return np.asarray(self.low + self.step * np.arange(_GRID))


def marginal(
    x: Floats,
    resolution: float,
    ends: tuple[float, float] | None = None,
    weights: Floats | None = None,
) -> Marginal:
    """Estimate a density by Gaussian kernels on a grid, a binned kernel density estimate.

    Parameters
    ----------
    x:
        Values on their scale, (n,), at least one and without NaN.
    resolution:
        Smallest standard deviation of a kernel; above it Silverman's width holds,
        0.9 spread n^(-1/5).
    ends:
        What no value lies beyond; kernels are reflected there, and the grid ends there. None lets
        the grid go on by four widths of the kernel beyond the outermost values.
    weights:
        What each value counts, (n,); alike if None.

    Returns
    -------
    Marginal
        On `_GRID` points, normalised on the grid.
    """
    width = max(0.9 * _spread(x) * len(x) ** -0.2, resolution)
    reach = 4 * width
    weights = np.ones(len(x)) if weights is None else weights
    if ends is not None:
        low, high = ends
        near_low, near_high = x < low + reach, x > high - reach
        x = np.concatenate([x, 2 * low - x[near_low], 2 * high - x[near_high]])
        weights = np.concatenate([weights, weights[near_low], weights[near_high]])
    else:
        low, high = float(x.min()) - reach, float(x.max()) + reach

    # Counts on a grid that goes on by `beyond` points on either side, folded with the kernel.
    step = (high - low) / (_GRID - 1)
    beyond = int(np.ceil(reach / step))
    counts = _linear_counts((x - low) / step + beyond, _GRID + 2 * beyond, weights)
    kernel = np.exp(-0.5 * (np.arange(-beyond, beyond + 1) * step / width) ** 2)
    density = np.convolve(counts, kernel, mode="same")[beyond : beyond + _GRID]

    trapezes = (density[1:] + density[:-1]) * step / 2
    below = np.concatenate([[0.0], np.cumsum(trapezes)])
    return Marginal(low, step, density / below[-1], below / below[-1])


def _spread(x: Floats) -> float:
    """Return the smallest of three measures of spread, each the sd of a normal variable.

    The last is the shortest half (Rousseeuw and Leroy, Robust Regression, 1987): where values lie
    in several heaps the widths of all of them together would blur each.
    """
    ordered = np.sort(x)
    half = len(x) // 2
    shortest = float((ordered[half:] - ordered[: len(x) - half]).min()) if half else 0.0
    low, high = np.interp([0.25, 0.75], np.linspace(0, 1, len(x)), ordered)
    quartiles = float(high - low)
    return min(float(x.std()), quartiles / 1.34, shortest / 1.34)


def _linear_counts(places: Floats, size: int, weights: Floats) -> Floats:
    """Share the weight of every point between its two neighbours on a grid of `size`.

    Points beyond the grid are lost.
    """
    inside = (places >= 0) & (places < size - 1)
    places, weights = places[inside], weights[inside]
    left = places.astype(np.int64)
    right = (places - left) * weights
    return np.asarray(np.bincount(left, weights - right, size) + np.bincount(left + 1, right, size))
