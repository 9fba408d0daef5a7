"""The shapes that a distribution can have, with exact moments and quantiles."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from statistics import NormalDist
from typing import Annotated, Any

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    model_validator,
)

from sim.arrays.types import Floats

_NORMAL = NormalDist()
# Beyond these a number is a slip of the pen, and arithmetic on it stops being exact.
LEAST, MOST = 1e-12, 1e15
# Standard deviations that a draw never reaches: the chance is one in 10^18.
_FAR = 9.0


def _not_tiny(value: float) -> float:
    """Refuse a positive number that is too small to be meant, or to be computed with."""
    if value < LEAST:
        raise ValueError(f"should be at least {LEAST:g}, found {value:g}")
    return value


Positive = Annotated[float, Field(gt=0), AfterValidator(_not_tiny)]


def _is_pair(value: Any) -> Any:
    """Refuse what is no list of two."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError("should be a pair of a probability and a value")
    return value


_Point = Annotated[
    tuple[Annotated[float, Field(ge=0, le=1)], Annotated[Positive, Field(le=MOST)]],
    BeforeValidator(_is_pair),
]


class Shape(BaseModel):
    """Something that is read strictly and never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class Lognormal(Shape):
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


class LogUniform(Shape):
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


class Quantiles(RootModel[tuple[_Point, ...]]):
    """Measured quantiles; between two of them the logarithm is spread evenly.

    Two quantiles of the same value hold all that lies between them: a value that is met often.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _in_order(self) -> Quantiles:
        """Refuse probabilities that do not rise from 0 to 1, and values that fall."""
        shares = [share for share, _ in self.root]
        if len(shares) < 2 or (shares[0], shares[-1]) != (0, 1):
            raise ValueError("the probabilities of quantiles should go from 0 to 1")
        for (share, value), (next_share, next_value) in pairwise(self.root):
            if next_share <= share:
                raise ValueError(
                    f"the probabilities of quantiles should rise, found {next_share:g} after "
                    f"{share:g}"
                )
            if next_value < value:
                raise ValueError(f"quantiles should not fall, found {next_value:g} after {value:g}")
        return self

    @property
    def _shares(self) -> Floats:
        return _columns(self.root)[0]

    @property
    def _logarithms(self) -> Floats:
        return _columns(self.root)[1]

    def at(self, p: Floats) -> Floats:
        """Return the quantiles at probabilities `p` in [0, 1], of the same shape."""
        return np.exp(np.interp(p, self._shares, self._logarithms))

    def cdf(self, x: float) -> float:
        """Return P(X <= x); it jumps where quantiles are alike."""
        if x <= 0:
            return 0.0
        below = int(np.searchsorted(self._logarithms, math.log(x), side="right"))
        if below in (0, len(self.root)):
            return float(below > 0)
        (share, value), (next_share, next_value) = self.root[below - 1 : below + 1]
        return share + (next_share - share) * math.log(x / value) / math.log(next_value / value)

    def mean(self) -> float:
        """Return E[X]: each stretch between two quantiles is a loguniform."""
        stretches = pairwise(self.root)
        return sum((q - p) * LogUniform(low=a, high=b).mean() for (p, a), (q, b) in stretches)


@lru_cache(maxsize=512)
def _columns(points: tuple[_Point, ...]) -> tuple[Floats, Floats]:
    """Return probabilities, and logarithms of values; not kept in the shape, which is compared."""
    shares, values = np.array(points).T
    return shares, np.log(values)


class Part(Shape):
    """One component of a mixture."""

    weight: Annotated[float, Field(gt=0, le=1, description="share of this component")]
    lognormal: Lognormal

    def up_to(self, most: float) -> Part:
        """Return it with its tail cut off at `most`."""
        return self.model_copy(update={"lognormal": self.lognormal.up_to(most)})
