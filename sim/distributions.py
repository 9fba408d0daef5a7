"""The distributions that a scenario or the catalog can name, with exact moments and quantiles."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from statistics import NormalDist
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from sim.arrays.types import Floats

_NORMAL = NormalDist()
# Beyond these a number is a slip of the pen, and arithmetic on it stops being exact.
LEAST, MOST = 1e-12, 1e15
# Standard deviations that a draw never reaches: the chance is one in 10^18.
_FAR = 9.0
# What bisection of a quantile, and the sum of weights, are exact to.
_RELATIVE_ERROR, _WEIGHT_ERROR = 1e-12, 1e-6


def _not_tiny(value: float) -> float:
    """Refuse a positive number that is too small to be meant, or to be computed with."""
    if value < LEAST:
        raise ValueError(f"should be at least {LEAST:g}, found {value:g}")
    return value


Positive = Annotated[float, Field(gt=0), AfterValidator(_not_tiny)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Lognormal(_Model):
    """exp(N(ln median, sigma^2)), values above `max` set to `max`."""

    median: Annotated[Positive, Field(le=MOST, description="median, in the unit of the key")]
    sigma: Annotated[float, Field(ge=0, le=10, description="standard deviation of the logarithm")]
    max: Annotated[
        Annotated[Positive, Field(le=MOST)] | None,
        Field(description="values above are set to this"),
    ] = None

    def up_to(self, most: float) -> Lognormal:
        """Return it with `most` as its `max` if a draw can lie above that.

        Draws more than nine standard deviations above the median are left out of account: they
        never come. A `max` that is set already stays, even if it is larger than `most`.
        """
        if self.max is not None or self.median * math.exp(_FAR * self.sigma) <= most:
            return self
        return self.model_copy(update={"max": most})

    def cdf(self, x: float) -> float:
        """Return P(min(X, max) <= x).

        All of the tail lies at `max`, so the function jumps to 1 there. With a sigma of 0 it is a
        step at the median.
        """
        if self.max is not None and x >= self.max:
            return 1.0
        if x <= 0 or self.sigma == 0:
            return float(x >= self.median)
        return _NORMAL.cdf(math.log(x / self.median) / self.sigma)

    def mean(self) -> float:
        """Return E[min(X, max)], from the partial expectation of the lognormal.

        E[X; X <= max] = E[X] Phi(d - sigma), and P(X > max) = 1 - Phi(d), where `max` is d standard
        deviations of the logarithm above the median.

        The formula is that of the censored lognormal (Johnson, Kotz and Balakrishnan, Continuous
        Univariate Distributions, volume 1, chapter 14). Values are set to `max`, not drawn anew, so
        the mean is above that of a truncated one.
        """
        without_max = self.median * math.exp(self.sigma**2 / 2)
        if self.max is None:
            return without_max
        if self.sigma == 0:
            return min(self.median, self.max)
        d = math.log(self.max / self.median) / self.sigma
        return without_max * _NORMAL.cdf(d - self.sigma) + self.max * (1 - _NORMAL.cdf(d))


class LogUniform(_Model):
    """exp(U(ln low, ln high)): every factor of ten between the two is as likely as any other."""

    low: Annotated[Positive, Field(le=MOST, description="smallest value, in the unit of the key")]
    high: Annotated[Positive, Field(le=MOST, description="largest value, at least `low`")]

    @model_validator(mode="after")
    def _in_order(self) -> LogUniform:
        """Refuse bounds in the wrong order; equal ones are allowed and make a constant."""
        if self.high < self.low:
            raise ValueError("high should be at least low")
        return self

    @property
    def span(self) -> float:
        """Width of the logarithm: ln(high / low)."""
        return math.log(self.high / self.low)

    def cdf(self, x: float) -> float:
        """Return P(X <= x): the share of the logarithm's span that lies below x."""
        if x >= self.high:
            return 1.0
        return 0.0 if x <= self.low else math.log(x / self.low) / self.span

    def mean(self) -> float:
        """Return E[X] = (high - low) / ln(high / low); `low` if both are equal."""
        return (self.high - self.low) / self.span if self.span else self.low


class Part(_Model):
    """One component of a mixture."""

    weight: Annotated[float, Field(gt=0, le=1, description="share of this component")]
    lognormal: Lognormal

    def up_to(self, most: float) -> Part:
        """Return it with its tail cut off at `most`."""
        return self.model_copy(update={"lognormal": self.lognormal.up_to(most)})


class Distribution(_Model):
    """A number drawn anew each time: a plain number, `lognormal`, `loguniform`, or `mixture`."""

    constant: Annotated[
        Annotated[float, Field(ge=0, le=MOST)] | None, Field(description="always this value")
    ] = None
    lognormal: Annotated[Lognormal | None, Field(description="median, sigma, optional max")] = None
    loguniform: Annotated[LogUniform | None, Field(description="low and high")] = None
    mixture: Annotated[
        tuple[Part, ...] | None, Field(description="weighted lognormals; weights add up to 1")
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
        shapes = (self.constant, self.lognormal, self.loguniform, self.mixture)
        if sum(shape is not None for shape in shapes) != 1:
            raise ValueError("give exactly one of constant, lognormal, loguniform, mixture")
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

    def up_to(self, most: float) -> Distribution:
        """Return the distribution with tails cut off at `most`; itself if none reaches so far.

        A constant and a loguniform are returned as they are, even if they lie above `most`.
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
        first all the normal numbers, then all the uniform ones. A loguniform takes one uniform
        number (inversion), a constant takes none. What is drawn afterwards from the same generator
        depends on that.

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

        parts = self._parts()
        mu = np.array([math.log(p.median) for _, p in parts])
        sigma = np.array([p.sigma for _, p in parts])
        cap = np.array([math.inf if p.max is None else p.max for _, p in parts])
        z = rng.standard_normal(size)
        if len(parts) == 1:
            x: Floats = np.exp(z * sigma[0] + mu[0])
            return np.minimum(x, cap[0], out=x) if np.isfinite(cap[0]) else x

        # which component each value is of; arrays are changed in place, as they may be large
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
        return sum(w * p.mean() for w, p in self._parts())

    def cdf(self, x: float) -> float:
        """Return the probability of a value of at most x."""
        if self.constant is not None:
            return float(x >= self.constant)
        if self.loguniform is not None:
            return self.loguniform.cdf(x)
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
    if (law := distribution.loguniform) is not None:
        p = (np.arange(points) + 0.5) / points
        values = law.low * np.exp(law.span * p)
        return float(np.maximum(np.rint(values), low).mean())

    total = 0.0
    z = np.array([_NORMAL.inv_cdf((k + 0.5) / points) for k in range(points)])
    for weight, part in distribution._parts():
        x = np.minimum(part.median * np.exp(part.sigma * z), part.max or math.inf)
        rounded = np.maximum(np.rint(x), low)
        # the grid misses the far tail, where rounding changes nothing: take that from mean()
        total += weight * (float(rounded.mean()) - float(x.mean()) + part.mean())
    return total
