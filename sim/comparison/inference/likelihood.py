"""Likelihoods of what is reported, from the prior predictive draws of a hypothesis.

Within each latent class (access mode, one account or several) every observable has its own
density, a kernel estimate on a scale where it is nearly even, and a Gaussian copula joins them: the
ranks of the draws, made normal, have a correlation matrix. A figure that is reported with limits is
integrated over them. What a class does not define, such as a concentration over one account, it
cannot have produced.

The kernel estimate follows Silverman, Density Estimation (1986): his width for data that are not
normal, by the smallest of three measures of spread, and reflection where a share ends at 0 and 1.
No kernel is narrower than the resolution that is stated here for its observable, so that no report
is taken to be more exact than that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.comparison.claims.intervals import Interval
from sim.comparison.claims.observables import OBSERVABLES

# Narrowest kernel of each observable, in the units of `scaled`: decades, or radians of a share.
RESOLUTION = {
    "count": 0.02,
    "accounts": 0.03,
    "exchanges_per_account": 0.03,
    "concentration": 0.03,
    "exchanges_per_task": 0.03,
    "item_repetition": 0.04,
    "moved_24h": 0.04,
    "synchrony": 0.04,
    "shared_instruments": 0.04,
}

# All that an observable of a kind may be, and where it ends, both on its scale.
_RANGE = {"count": 12.0, "ratio": 9.0, "share": np.pi / 2}
_ENDS = {"share": (0.0, np.pi / 2)}
# Points of the grid that densities are kept on.
_GRID = 512
# Draws of a latent class without which it is left out.
_LEAST = 20
# Points at which the copula is taken within a box.
_POINTS = 256
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

    @property
    def _grid(self) -> Floats:
        return np.asarray(self.low + self.step * np.arange(_GRID))


def marginal(x: Floats, resolution: float, ends: tuple[float, float] | None = None) -> Marginal:
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

    Returns
    -------
    Marginal
        On `_GRID` points, normalised on the grid.
    """
    width = max(0.9 * _spread(x) * len(x) ** -0.2, resolution)
    reach = 4 * width
    if ends is not None:
        low, high = ends
        mirrored = 2 * low - x[x < low + reach], 2 * high - x[x > high - reach]
        x = np.concatenate([x, *mirrored])
    else:
        low, high = float(x.min()) - reach, float(x.max()) + reach

    # Counts on a grid that goes on by `beyond` points on either side, folded with the kernel.
    step = (high - low) / (_GRID - 1)
    beyond = int(np.ceil(reach / step))
    counts = _linear_counts((x - low) / step + beyond, _GRID + 2 * beyond)
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
    quartiles = float(np.subtract(*np.quantile(x, [0.75, 0.25])))
    return min(float(x.std()), quartiles / 1.34, shortest / 1.34)


def _linear_counts(places: Floats, size: int) -> Floats:
    """Share every point between its two neighbours on a grid of `size`; points beyond are lost."""
    inside = places[(places >= 0) & (places < size - 1)]
    left = inside.astype(np.int64)
    right = inside - left
    return np.asarray(np.bincount(left, 1 - right, size) + np.bincount(left + 1, right, size))


@dataclass(frozen=True)
class ClassFit:
    """The fit of one latent class: a Gaussian copula with kernel densities as its margins.

    Attributes
    ----------
    latent_class:
        Its number, see `latent_classes`.
    weight:
        Its share of the likelihood; those of a fit add up to 1.
    names:
        The observables that it defines, in the order of `correlation`.
    marginals:
        Their densities, by observable.
    correlation:
        Correlation matrix of their normal scores, (names, names).
    """

    latent_class: int
    weight: float
    names: tuple[str, ...]
    marginals: Mapping[str, Marginal]
    correlation: Floats

    def log_density(self, points: Mapping[str, Floats]) -> Floats:
        """Return ln of the joint density of several observables at n points.

        Parameters
        ----------
        points:
            Places on their scales by observable, (n,) each. Observables that are not named are
            integrated out, which a copula does by leaving out their rows.

        Returns
        -------
        ndarray
            Natural logarithms, (n,); -inf if the class does not define one of the observables.
        """
        size = len(next(iter(points.values())))
        if any(name not in self.marginals for name in points):
            return np.full(size, -np.inf)
        total = np.zeros(size)
        for name, x in points.items():
            total += self.marginals[name].log_density(x)
        return total + self._log_copula(points) if len(points) > 1 else total

    def probability(self, box: Mapping[str, tuple[float, float]]) -> float:
        """Return the probability that several observables lie in a box.

        The marginals within the box are exact; the copula is the mean over points that are even in
        their probability (quasi Monte Carlo).

        Parameters
        ----------
        box:
            Lower and upper end by observable, on their scales.

        Returns
        -------
        float
            From 0 up; 0 where the class does not define one of the observables.
        """
        if any(name not in self.marginals for name in box):
            return 0.0
        shares = {}
        for name, (low, high) in box.items():
            marginal = self.marginals[name]
            shares[name] = float(marginal.share_below(low)), float(marginal.share_below(high))
        mass = float(np.prod([high - low for low, high in shares.values()]))
        if len(box) == 1 or mass <= 0:
            return max(mass, 0.0)

        even = lattice(len(box)).T
        points = {
            name: self.marginals[name].quantile(low + (high - low) * u)
            for (name, (low, high)), u in zip(shares.items(), even, strict=True)
        }
        return mass * float(np.exp(self._log_copula(points)).mean())

    def _log_copula(self, points: Mapping[str, Floats]) -> Floats:
        """Return ln of the Gaussian copula density: -(ln det R + z' (R^-1 - I) z) / 2."""
        rows = [self.names.index(name) for name in points]
        matrix = self.correlation[np.ix_(rows, rows)]
        z = np.stack([self.marginals[name].scores(x) for name, x in points.items()])
        inverse = np.linalg.inv(matrix) - np.eye(len(rows))
        quadratic = np.einsum("in,ij,jn->n", z, inverse, z)
        return np.asarray(-0.5 * (np.linalg.slogdet(matrix)[1] + quadratic))


@dataclass(frozen=True)
class Fit:
    """The likelihood of one hypothesis under one prior set: a mixture of latent classes.

    One draw more than the `draws` that there are is thought to lie anywhere, evenly: so many draws
    cannot exclude anything by more.

    Attributes
    ----------
    classes:
        The classes with their weights; empty if no draw could be used, and then only the even part
        is left.
    draws:
        Draws of the whole prior.
    """

    classes: tuple[ClassFit, ...]
    draws: int

    def log_density(self, points: Mapping[str, Floats], undefined: Sequence[str] = ()) -> Floats:
        """Return ln of the joint density at n points.

        Parameters
        ----------
        points:
            Places on their scales by observable, (n,) each, at least one observable.
        undefined:
            Observables that the clusters do not define. Classes that define one of them add
            nothing.

        Returns
        -------
        ndarray
            Natural logarithms, (n,), always finite.
        """
        size = len(next(iter(points.values())))
        parts = [
            np.log(each.weight) + each.log_density(points)
            for each in self.classes
            if not any(name in each.marginals for name in undefined)
        ]
        anywhere = -sum(np.log(_RANGE[OBSERVABLES[name].kind]) for name in points)
        parts.append(np.full(size, anywhere - np.log(self.draws)))
        return np.asarray(np.logaddexp.reduce(parts, axis=0) - np.log1p(1 / self.draws))

    def log_likelihood(self, limits: Mapping[str, Interval]) -> float:
        """Return ln of the probability that every observable lies within its limits.

        Parameters
        ----------
        limits:
            Intervals in the units of the observables. Those of no width are widened to the
            resolution of their observable; an open end is infinite.

        Returns
        -------
        float
            Natural logarithm; 0 without limits, and never below ln of 1e-300.
        """
        if not limits:
            return 0.0
        box = {name: _ends_on_scale(name, interval) for name, interval in limits.items()}
        of_classes = [each.weight * each.probability(box) for each in self.classes]
        anywhere = np.prod([_share_of_range(name, *ends) for name, ends in box.items()])
        total = (sum(of_classes) + float(anywhere) / self.draws) / (1 + 1 / self.draws)
        return math.log(max(total, _FLOOR))


def _ends_on_scale(name: str, limits: Interval) -> tuple[float, float]:
    """Return the ends of an interval on its scale, widened evenly to the resolution if narrower."""
    low, high = scaled(name, np.array([limits.low, limits.high])).tolist()
    missing = max(RESOLUTION[name] - (high - low), 0) / 2
    return low - missing, high + missing


def _share_of_range(name: str, low: float, high: float) -> float:
    """Return the share that an interval has of all that an observable may be, at most 1."""
    return float(min((high - low) / _RANGE[OBSERVABLES[name].kind], 1))


def lattice(dimensions: int) -> Floats:
    """Return points that fill the unit cube evenly: a Kronecker sequence, always the same one.

    Parameters
    ----------
    dimensions:
        Dimensions of the cube, 1 or more.

    Returns
    -------
    ndarray
        Points in [0, 1), (256, dimensions).
    """
    steps = _plastic(dimensions)
    return np.asarray((0.5 + np.arange(1, _POINTS + 1)[:, None] * steps) % 1)


def _plastic(dimensions: int) -> Floats:
    """Return the steps of the R_d sequence (Roberts 2018): powers of 1 / phi.

    phi is the root of x^(d+1) = x + 1, the golden ratio in one dimension.
    """
    phi = 2.0
    for _ in range(60):
        phi = (1 + phi) ** (1 / (dimensions + 1))
    return np.asarray(phi ** -np.arange(1.0, dimensions + 1))


@dataclass(frozen=True)
class Sample:
    """Draws that share a part of the prior, such as those of one access mode.

    Attributes
    ----------
    weight:
        The part of the prior that they stand for.
    values:
        By observable, (n,) each, in their units; NaN where not defined.
    latent_class:
        Number of the class of each draw, (n,).
    use:
        Which draws count, (n,), such as those that would be published. The others still count in
        the denominator of their class' weight.
    """

    weight: float
    values: Mapping[str, Floats]
    latent_class: Ints
    use: Bools


def fit(samples: Sequence[Sample], draws: int) -> Fit:
    """Fit the likelihood to samples of the parts of a prior.

    A class weighs as its part of the prior, times its share of the draws of that part that are
    used. Classes of fewer than 20 such draws are left out if there are others. Where no draw is
    used, the likelihood is that of none in so many.

    Parameters
    ----------
    samples:
        One for each part of the prior.
    draws:
        Draws of the whole prior, which bound what the likelihood can exclude.

    Returns
    -------
    Fit
        A mixture whose weights add up to 1: a likelihood given that a draw is used, for instance
        given that it is published.
    """
    sizes = [
        (sample, int(latent_class), int(((sample.latent_class == latent_class) & sample.use).sum()))
        for sample in samples
        for latent_class in np.unique(sample.latent_class[sample.use])
    ]
    large = [entry for entry in sizes if entry[2] >= _LEAST] or sizes

    shares = [sample.weight * size / len(sample.use) for sample, _, size in large]
    classes = tuple(
        _fit_class(sample, latent_class, share / sum(shares))
        for (sample, latent_class, _), share in zip(large, shares, strict=True)
    )
    return Fit(classes, draws)


def _fit_class(sample: Sample, latent_class: int, weight: float) -> ClassFit:
    """Fit densities and copula to the used draws of one class.

    An observable that is NaN in any of these draws is not defined by the class.
    """
    rows = np.flatnonzero(sample.use & (sample.latent_class == latent_class))
    values = {name: x[rows] for name, x in sample.values.items()}
    defined = {name: scaled(name, x) for name, x in values.items() if not np.isnan(x).any()}
    marginals = {
        name: marginal(x, RESOLUTION[name], _ENDS.get(OBSERVABLES[name].kind))
        for name, x in defined.items()
    }
    scores = np.stack([marginals[name].scores(x) for name, x in defined.items()])
    return ClassFit(latent_class, weight, tuple(defined), marginals, _correlation(scores))


def _correlation(scores: Floats) -> Floats:
    """Return the correlation of the rows of scores (names, n), drawn towards none as draws get few.

    A shrinkage estimate: off the diagonal it is times n / (n + 2 names), and a thousandth less, so
    that the matrix can always be inverted.
    """
    centred = scores - scores.mean(axis=1, keepdims=True)
    norm = np.sqrt((centred**2).sum(axis=1))
    matrix = (centred @ centred.T) / np.maximum(np.outer(norm, norm), 1e-12)

    n = scores.shape[1]
    shrunk = matrix * (n / (n + 2 * len(scores))) * (1 - 1e-3)
    np.fill_diagonal(shrunk, 1.0)
    return np.asarray(shrunk)


def without_implied(names: Sequence[str]) -> tuple[str, ...]:
    """Leave out what the others imply, so that no figure counts twice.

    Count and accounts imply the mean exchanges per account; nothing else is implied. The order
    stays.
    """
    implied = {"count", "accounts"} <= set(names)
    return tuple(name for name in names if not (implied and name == "exchanges_per_account"))
