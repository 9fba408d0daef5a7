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
# Deviations that a draw never reaches: one in 10^18.
_FAR = 9.0


def _not_tiny(value: float) -> float:
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
        """Return it with `most` as its `max` if a draw can lie above that."""
        if self.max is not None or self.median * math.exp(_FAR * self.sigma) <= most:
            return self
        return self.model_copy(update={"max": most})

    def cdf(self, x: float) -> float:
        if self.max is not None and x >= self.max:
            return 1.0
        if x <= 0 or self.sigma == 0:
            return float(x >= self.median)
        return _NORMAL.cdf(math.log(x / self.median) / self.sigma)

    def mean(self) -> float:
        """E[min(X, max)], from the partial expectation of the lognormal."""
        whole = self.median * math.exp(self.sigma**2 / 2)
        if self.max is None:
            return whole
        if self.sigma == 0:
            return min(self.median, self.max)
        d = math.log(self.max / self.median) / self.sigma
        return whole * _NORMAL.cdf(d - self.sigma) + self.max * (1 - _NORMAL.cdf(d))


class LogUniform(_Model):
    """exp(U(ln low, ln high)): every factor of ten between the two is as likely as any other."""

    low: Annotated[Positive, Field(le=MOST, description="smallest value, in the unit of the key")]
    high: Annotated[Positive, Field(le=MOST, description="largest value, at least `low`")]

    @model_validator(mode="after")
    def _in_order(self) -> LogUniform:
        if self.high < self.low:
            raise ValueError("high should be at least low")
        return self

    @property
    def span(self) -> float:
        """ln(high / low)."""
        return math.log(self.high / self.low)

    def cdf(self, x: float) -> float:
        if x >= self.high:
            return 1.0
        return 0.0 if x <= self.low else math.log(x / self.low) / self.span

    def mean(self) -> float:
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
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        return {"constant": value} if plain else value

    @model_validator(mode="after")
    def _exactly_one(self) -> Distribution:
        given = (self.constant, self.lognormal, self.loguniform, self.mixture)
        if sum(x is not None for x in given) != 1:
            raise ValueError("give exactly one of constant, lognormal, loguniform, mixture")
        if self.mixture and not math.isclose(sum(p.weight for p in self.mixture), 1, abs_tol=1e-6):
            raise ValueError("the weights of a mixture must add up to 1")
        return self

    def numbers(self) -> Iterator[tuple[str, float]]:
        """Yield the numbers in the unit of the key that describe it, with their names."""
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
        """Return the distribution with tails cut off at `most`; itself if none reaches so far."""
        if self.lognormal is not None:
            return self.model_copy(update={"lognormal": self.lognormal.up_to(most)})
        if self.mixture is not None:
            parts = tuple(part.up_to(most) for part in self.mixture)
            return self.model_copy(update={"mixture": parts})
        return self

    def _parts(self) -> list[tuple[float, Lognormal]]:
        if self.mixture is not None:
            return [(p.weight, p.lognormal) for p in self.mixture]
        return [(1.0, self.lognormal)] if self.lognormal is not None else []

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        """Draw `size` independent values, float64."""
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
        pick = np.zeros(size, np.intp)
        u = rng.random(size)
        for edge in np.cumsum([w for w, _ in parts])[:-1]:
            pick += u >= edge
        z *= sigma[pick]
        z += mu[pick]
        np.exp(z, out=z)
        return np.minimum(z, cap[pick], out=z) if np.isfinite(cap).any() else z

    def mean(self) -> float:
        if self.constant is not None:
            return self.constant
        if self.loguniform is not None:
            return self.loguniform.mean()
        return sum(w * p.mean() for w, p in self._parts())

    def cdf(self, x: float) -> float:
        if self.constant is not None:
            return float(x >= self.constant)
        if self.loguniform is not None:
            return self.loguniform.cdf(x)
        return sum(w * p.cdf(x) for w, p in self._parts())

    def quantile(self, p: float) -> float:
        """The smallest x with cdf(x) >= p, for p in (0, 1), to a relative 1e-12."""
        if self.constant is not None:
            return self.constant
        if self.loguniform is not None:
            return self.loguniform.low * math.exp(self.loguniform.span * p)
        z = _NORMAL.inv_cdf(p)
        ends = [min(q.median * math.exp(z * q.sigma), q.max or math.inf) for _, q in self._parts()]
        low, high = min(ends), max(ends)
        # halves the range, until there is no number between its ends: some 2,000 times at most
        while high - low > 1e-12 * high:
            middle = (low + high) / 2
            if middle in (low, high):
                break
            low, high = (low, middle) if self.cdf(middle) >= p else (middle, high)
        return high

    def rounded_mean(self, low: int = 0, points: int = 20_000) -> float:
        """E[max(low, round(X))], by the midpoint rule over quantiles."""
        return _rounded_mean(self, low, points)

    def _rounded_mean(self, low: int, points: int) -> float:
        if self.constant is not None:
            return float(max(low, round(self.constant)))
        if self.loguniform is not None:
            grid = (np.arange(points) + 0.5) / points
            values = self.loguniform.low * np.exp(self.loguniform.span * grid)
            return float(np.maximum(np.rint(values), low).mean())
        total = 0.0
        for weight, part in self._parts():
            z = np.array([_NORMAL.inv_cdf((k + 0.5) / points) for k in range(points)])
            x = part.median * np.exp(part.sigma * z)
            plain = float(np.minimum(x, part.max or math.inf).mean())
            rounded = float(np.maximum(np.rint(np.minimum(x, part.max or math.inf)), low).mean())
            # the grid misses the far tail, where rounding changes nothing: take that from mean()
            total += weight * (rounded - plain + part.mean())
        return total


@lru_cache(maxsize=512)
def _rounded_mean(distribution: Distribution, low: int, points: int) -> float:
    return distribution._rounded_mean(low, points)
