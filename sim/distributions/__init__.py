"""The distributions that a scenario or the catalog can name, with exact moments and quantiles."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from statistics import NormalDist
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from sim.arrays.types import Floats
from sim.distributions.shapes import (
    LEAST,
    MOST,
    Lognormal,
    LogUniform,
    Part,
    Positive,
    Quantiles,
    Shape,
)

__all__ = ["LEAST", "MOST", "SHAPES", "SHAPE_NAMES", "Distribution", "Lognormal", "Positive"]

_NORMAL = NormalDist()
# What bisection of a quantile, and the sum of weights, are exact to.
_RELATIVE_ERROR, _WEIGHT_ERROR = 1e-12, 1e-6

SHAPES = ("constant", "lognormal", "loguniform", "mixture", "quantiles")
"""The keys that a distribution can be given by."""
SHAPE_NAMES = ", ".join(SHAPES)


class Distribution(Shape):
    """A number drawn anew each time: a plain number, or one of the shapes below."""

    constant: Annotated[
        Annotated[float, Field(ge=0, le=MOST)] | None, Field(description="always this value")
    ] = None
    lognormal: Annotated[Lognormal | None, Field(description="median, sigma, optional max")] = None
    loguniform: Annotated[LogUniform | None, Field(description="low and high")] = None
    mixture: Annotated[
        tuple[Part, ...] | None, Field(description="weighted lognormals; weights add up to 1")
    ] = None
    quantiles: Annotated[
        Quantiles | None,
        Field(description="pairs of a probability, from 0 to 1, and its quantile, as measured"),
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _plain_number(cls, value: Any) -> Any:
        """Read a plain number as a constant; a boolean is none."""
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        return {"constant": value} if plain else value

    @model_validator(mode="after")
    def _exactly_one(self) -> Distribution:
        """Refuse two shapes at once, no shape, and a mixture whose weights do not add up to 1."""
        if sum(getattr(self, name) is not None for name in SHAPES) != 1:
            raise ValueError(f"give exactly one of {SHAPE_NAMES}")
        weight = sum(part.weight for part in self.mixture or ())
        if self.mixture and not math.isclose(weight, 1, abs_tol=_WEIGHT_ERROR):
            raise ValueError("the weights of a mixture must add up to 1")
        return self

    def numbers(self) -> Iterator[tuple[str, float]]:
        """Yield the numbers in the unit of the key that describe it, with their names.

        Sigmas and weights are left out: they have no unit. Whoever checks ranges puts the names
        into messages.

        Yields
        ------
        tuple of str and float
            Such as `("a median of", 12.0)`; of a mixture those of all its parts, in order.
        """
        if self.constant is not None:
            yield "the number", self.constant
        if self.loguniform is not None:
            yield "a low of", self.loguniform.low
            yield "a high of", self.loguniform.high
        for _, part in self._parts():
            yield "a median of", part.median
            if part.max is not None:
                yield "a max of", part.max
        if self.quantiles is not None:
            for _, value in self.quantiles.root:
                yield "a quantile of", value

    def up_to(self, most: float) -> Distribution:
        """Return the distribution with tails cut off at `most`; itself if none reaches so far.

        All others are returned as they are, even if they lie above `most`.
        """
        if self.lognormal is not None:
            return self.model_copy(update={"lognormal": self.lognormal.up_to(most)})
        if self.mixture is not None:
            parts = tuple(part.up_to(most) for part in self.mixture)
            return self.model_copy(update={"mixture": parts})
        return self

    def _parts(self) -> list[tuple[float, Lognormal]]:
        """Return (weight, lognormal) of each component; the other shapes have none."""
        if self.mixture is not None:
            return [(p.weight, p.lognormal) for p in self.mixture]
        return [(1.0, self.lognormal)] if self.lognormal is not None else []

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        """Draw `size` independent values.

        A lognormal takes one normal number for each value, a mixture a uniform one in addition:
        first all the normal numbers, then all the uniform ones. A loguniform and quantiles take
        one uniform number (inversion), a constant takes none. What is drawn afterwards from the
        same generator depends on that.

        Parameters
        ----------
        rng
            The generator that the numbers are taken from.
        size
            How many values; may be 0.

        Returns
        -------
        numpy.ndarray
            In the unit of the key, shape (size,). They are not rounded.
        """
        if self.constant is not None:
            return np.full(size, self.constant)
        if self.loguniform is not None:
            return self.loguniform.low * np.exp(self.loguniform.span * rng.random(size))
        if self.quantiles is not None:
            return self.quantiles.at(rng.random(size))

        parts = self._parts()
        mu = np.array([math.log(p.median) for _, p in parts])
        sigma = np.array([p.sigma for _, p in parts])
        cap = np.array([math.inf if p.max is None else p.max for _, p in parts])
        z = rng.standard_normal(size)
        # arrays are changed in place, as they may be large
        if len(parts) == 1:
            z *= sigma[0]
            z += mu[0]
            np.exp(z, out=z)
            return np.minimum(z, cap[0], out=z) if np.isfinite(cap[0]) else z

        # which component each value is of
        component = np.zeros(size, np.intp)
        u = rng.random(size)
        for edge in np.cumsum([weight for weight, _ in parts])[:-1]:
            component += u >= edge
        z *= sigma[component]
        z += mu[component]
        np.exp(z, out=z)
        return np.minimum(z, cap[component], out=z) if np.isfinite(cap).any() else z

    def mean(self) -> float:
        """Return the expectation, exactly.

        Censoring at `max` is taken into account; rounding is not (see `rounded_mean`).
        """
        if self.constant is not None:
            return self.constant
        if self.loguniform is not None:
            return self.loguniform.mean()
        if self.quantiles is not None:
            return self.quantiles.mean()
        return sum(w * p.mean() for w, p in self._parts())

    def cdf(self, x: float) -> float:
        """Return the probability of a value of at most x."""
        if self.constant is not None:
            return float(x >= self.constant)
        if self.loguniform is not None:
            return self.loguniform.cdf(x)
        if self.quantiles is not None:
            return self.quantiles.cdf(x)
        return sum(w * p.cdf(x) for w, p in self._parts())

    def quantile(self, p: float) -> float:
        """Return the smallest x with cdf(x) >= p, to a relative 1e-12.

        The quantile of a mixture lies between those of its parts, and is found by bisection.

        Parameters
        ----------
        p
            Probability in (0, 1).

        Returns
        -------
        float
            At most the `max` of the distribution.
        """
        if self.constant is not None:
            return self.constant
        if self.loguniform is not None:
            return self.loguniform.low * math.exp(self.loguniform.span * p)
        if self.quantiles is not None:
            return float(self.quantiles.at(np.array(p)))

        z = _NORMAL.inv_cdf(p)
        ends = [min(q.median * math.exp(z * q.sigma), q.max or math.inf) for _, q in self._parts()]
        low, high = min(ends), max(ends)
        # ends too when there is no number between the two: after some 2,000 halvings at most
        while high - low > _RELATIVE_ERROR * high:
            middle = (low + high) / 2
            if middle in (low, high):
                break
            low, high = (low, middle) if self.cdf(middle) >= p else (middle, high)
        return high

    def rounded_mean(self, low: int = 0, points: int = 20_000) -> float:
        """Return E[max(low, round(X))], by the midpoint rule over quantiles.

        Counts are drawn as rounded numbers, and the mean of those is not the rounded mean: with a
        median of 1 most values become 1. Halves are rounded to the even number, as NumPy does. The
        result is kept for the next call with the same arguments.

        Parameters
        ----------
        low
            Values below are set to this.
        points
            Number of quantiles, at p = (k + 1/2) / points.

        Returns
        -------
        float
            Exact for a constant; otherwise the mean over the grid, for lognormals with the tail
            from `mean`.
        """
        return _rounded_mean(self, low, points)


@lru_cache(maxsize=512)
def _rounded_mean(distribution: Distribution, low: int, points: int) -> float:
    """Compute what `Distribution.rounded_mean` returns, and remember it.

    With f(x) = max(low, round(x)), E[f(X)] is the integral of f(quantile(p)) over p in (0, 1). For
    lognormals the grid gives E[f(X) - X], and E[X] is added exactly (a control variate).
    """
    if distribution.constant is not None:
        return float(max(low, round(distribution.constant)))
    p = (np.arange(points) + 0.5) / points
    if (law := distribution.loguniform) is not None:
        values = law.low * np.exp(law.span * p)
        return float(np.maximum(np.rint(values), low).mean())
    if distribution.quantiles is not None:
        return float(np.maximum(np.rint(distribution.quantiles.at(p)), low).mean())

    total = 0.0
    z = _normal_quantiles(points)
    for weight, part in distribution._parts():
        x = np.minimum(part.median * np.exp(part.sigma * z), part.max or math.inf)
        rounded = np.maximum(np.rint(x), low)
        # the grid misses the far tail, where rounding changes nothing: take that from mean()
        total += weight * (float(rounded.mean()) - float(x.mean()) + part.mean())
    return total


@lru_cache(maxsize=4)
def _normal_quantiles(points: int) -> Floats:
    """Return the standard normal quantiles at p = (k + 1/2) / points, k from 0."""
    return np.array([_NORMAL.inv_cdf((k + 0.5) / points) for k in range(points)])
