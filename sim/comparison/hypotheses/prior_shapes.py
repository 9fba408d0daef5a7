"""The shapes of priors as they are written: what each refuses, and its quantile function.

Docstrings and descriptions of the shapes end up in the JSON Schema, where editors show them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from functools import cache
from typing import Annotated, Self

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from sim.arrays.types import Floats
from sim.distributions import MOST, Positive
from sim.documents.forms import Form
from sim.documents.quantities import figure_schema, parse_figure

# The order in which parameters of shapes are shown.
ORDER = ("median", "mean", "sigma", "sd", "n", "low", "high", "min", "max")
_LEAST_LEFT = 1e-6
_LARGEST_SIGMA = 10
# Beta distributions up to this n are interpolated.
_WIDE = 1_000
# Where quantiles of a normal variable stop, so that none is infinite.
_TAIL = 1e-12


def _not_huge(value: float) -> float:
    """Return a number of a size that arithmetic bears; refuse others with ValueError."""
    if abs(value) > MOST:
        raise ValueError(f"should be at most {MOST:g} in size, found {value:g}")
    return value


Figure = Annotated[
    float,
    BeforeValidator(parse_figure),
    AfterValidator(_not_huge),
    WithJsonSchema(figure_schema(minimum=-MOST, maximum=MOST)),
]


class Shape(Form, ABC):
    """A distribution of one parameter, by its quantile function."""

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """Smallest and largest value that can be drawn."""

    @abstractmethod
    def quantile(self, u: Floats) -> Floats:
        """Return the values at `u`, by the quantile function (inversion).

        Parameters
        ----------
        u:
            Uniforms in [0, 1) of any shape; the result has the same. Larger `u` never give smaller
            values.
        """

    @abstractmethod
    def widened(self, width: float, least: float, most: float) -> Self:
        """Return the shape with its spread times `width` about its middle.

        Parameters
        ----------
        width:
            Above 1 widens, below 1 narrows.
        least, most:
            Where the ends of a range are cut if they lay within them before; shapes whose bounds do
            not move need neither.
        """

    def times(self, factor: float) -> Self:
        """Return the shape of `factor` times the parameter.

        Raises ValueError for a shape with an upper end that does not move.
        """
        raise ValueError("only a number without an upper end of its own can be multiplied")

    def words(self) -> str:
        """Return the parameters of the shape, such as `median 5, sigma 0, max 3`."""
        values = self.model_dump(exclude_none=True)
        return ", ".join(f"{key} {plain(values[key])}" for key in ORDER if key in values)

    def _scaled(self, factor: float, *keys: str) -> Self:
        """Return the shape with some parameters times a factor; those that are None stay None."""
        values = {key: getattr(self, key) for key in keys}
        changes = {key: value * factor for key, value in values.items() if value is not None}
        return self.model_copy(update=changes)


class Bounded(Shape):
    """A shape whose values are kept between `min` and `max`, by truncation.

    Bounds that leave less than a millionth of the untruncated values are refused: there would be
    one value only, and not the stated one.
    """

    min: Annotated[Figure | None, Field(description="smallest value; others are not drawn")] = None
    max: Annotated[Figure | None, Field(description="largest value; others are not drawn")] = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        """Refuse bounds out of order, and those that leave less than a millionth of the values."""
        if self.min is not None and self.max is not None and self.max <= self.min:
            raise ValueError(f"max should be above min, found {self.max:g} and {self.min:g}")
        middle, spread, low, high = self.behind
        if left_of_normal(middle, spread, low, high) < _LEAST_LEFT:
            raise ValueError(f"almost nothing lies within min and max: {self.words()}")
        return self

    @property
    @abstractmethod
    def behind(self) -> tuple[float, float, float | None, float | None]:
        """Mean and standard deviation of the normal variable behind, and its two bounds.

        They are on the scale of that variable, which is the logarithm for a lognormal; None is no
        bound.
        """


class Lognormal(Bounded):
    """exp(N(ln median, sigma^2)), truncated."""

    median: Annotated[Figure, Field(gt=0, description="median before truncation")]
    sigma: Annotated[
        float, Field(ge=0, le=_LARGEST_SIGMA, description="standard deviation of the logarithm")
    ]

    @property
    def behind(self) -> tuple[float, float, float | None, float | None]:
        """Mean and standard deviation of the logarithm, and the logarithms of the bounds."""
        low, high = (None if v is None else math.log(max(v, 1e-300)) for v in (self.min, self.max))
        return math.log(self.median), self.sigma, low, high

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest value that can be drawn."""
        return max(self.min or 0.0, 0.0), math.inf if self.max is None else self.max

    def quantile(self, u: Floats) -> Floats:
        """Return the values at `u`."""
        return np.exp(_normal_quantile(u, *self.behind))

    def widened(self, width: float, least: float, most: float) -> Self:
        """Return the shape with sigma times `width`, at most 10; bounds stay."""
        return self.model_copy(update={"sigma": min(self.sigma * width, float(_LARGEST_SIGMA))})

    def times(self, factor: float) -> Self:
        """Return the shape of `factor` times the parameter."""
        return self._scaled(factor, "median", "min", "max")


class Normal(Bounded):
    """N(mean, sd^2), truncated."""

    mean: Annotated[Figure, Field(description="mean before truncation")]
    sd: Annotated[Figure, Field(gt=0, description="standard deviation before truncation")]

    @property
    def behind(self) -> tuple[float, float, float | None, float | None]:
        """Mean, standard deviation and the two bounds."""
        return self.mean, self.sd, self.min, self.max

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest value that can be drawn."""
        low = -math.inf if self.min is None else self.min
        return low, math.inf if self.max is None else self.max

    def quantile(self, u: Floats) -> Floats:
        """Return the values at `u`."""
        return _normal_quantile(u, *self.behind)

    def widened(self, width: float, least: float, most: float) -> Self:
        """Return the shape with sd times `width`; bounds stay."""
        return self.model_copy(update={"sd": self.sd * width})

    def times(self, factor: float) -> Self:
        """Return the shape of `factor` times the parameter."""
        return self._scaled(factor, "mean", "sd", "min", "max")


class Uniform(Shape):
    """Every value between `low` and `high` alike."""

    low: Annotated[Figure, Field(description="smallest value")]
    high: Annotated[Figure, Field(description="largest value")]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        """Refuse ends that are not in order; they may be equal."""
        if self.high < self.low:
            raise ValueError(f"high should be at least low, found {self.high:g} and {self.low:g}")
        return self

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest value that can be drawn."""
        return self.low, self.high

    def quantile(self, u: Floats) -> Floats:
        """Return the values at `u`."""
        return self.low + (self.high - self.low) * u

    def widened(self, width: float, least: float, most: float) -> Self:
        """Return the range with its length times `width`, cut at `least` and `most`."""
        middle, half = (self.low + self.high) / 2, (self.high - self.low) * width / 2
        return self._cut(middle - half, middle + half, least, most)

    def times(self, factor: float) -> Self:
        """Return the shape of `factor` times the parameter."""
        return self._scaled(factor, "low", "high")

    def _cut(self, low: float, high: float, least: float, most: float) -> Self:
        """Return the range from `low` to `high`, each end cut if the old one lay within limits."""
        low = max(low, least) if self.low >= least else low
        high = min(high, most) if self.high <= most else high
        return self.model_copy(update={"low": low, "high": high})


class LogUniform(Uniform):
    """exp(U(ln low, ln high)): every factor of ten between the two as likely as any other."""

    @model_validator(mode="after")
    def _positive(self) -> Self:
        """Refuse a lower end of which there is no logarithm."""
        if self.low <= 0:
            raise ValueError(f"low should be greater than 0, found {self.low:g}")
        return self

    @property
    def span(self) -> float:
        """Natural logarithm of high / low."""
        return math.log(self.high) - math.log(self.low)

    def quantile(self, u: Floats) -> Floats:
        """Return the values at `u`."""
        return self.low * np.exp(self.span * u)

    def widened(self, width: float, least: float, most: float) -> Self:
        """Return the range with its span times `width` about its geometric middle.

        The ends are cut at `least` and `most` as those of `Uniform` are.
        """
        half = self.span * width / 2
        middle = math.log(self.low) + self.span / 2
        low, high = (math.exp(np.clip(x, -700, 700)) for x in (middle - half, middle + half))
        return self._cut(low, high, least, most)


class Beta(Shape):
    """Beta(mean n, (1 - mean) n): a share."""

    mean: Annotated[float, Field(gt=0, lt=1, description="mean")]
    n: Annotated[
        Positive, Field(le=MOST, description="sum of the two parameters: larger is narrower")
    ]

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest value that can be drawn."""
        return 0.0, 1.0

    def quantile(self, u: Floats) -> Floats:
        """Return the values at `u`, by the inverse of the regularised incomplete beta function.

        Wide ones are interpolated on 4,096 points, evenly in the arcsine of the root of the share;
        that is off by less than a hundred-thousandth, and much faster.
        """
        a, b = self.mean * self.n, (1 - self.mean) * self.n
        if self.n > _WIDE:
            from scipy.special import betaincinv

            return np.asarray(betaincinv(a, b, u))
        angle, below = np.linspace(0, np.pi / 2, 4_096), _beta_below(a, b)
        return np.asarray(np.sin(np.interp(u, below, angle)) ** 2)

    def widened(self, width: float, least: float, most: float) -> Self:
        """Return the shape with n over `width` squared; the mean stays.

        The standard deviation is then about times `width`, as it goes with the root of 1 / (n + 1).
        """
        return self.model_copy(update={"n": self.n / width**2})


@cache
def _beta_below(a: float, b: float) -> Floats:
    """Return the distribution function of Beta(a, b) on the points of `Beta.quantile`, (4,096,)."""
    from scipy.special import betainc

    return np.asarray(betainc(a, b, np.sin(np.linspace(0, np.pi / 2, 4_096)) ** 2))


def plain(value: float) -> str:
    """Return a number as people read it: six digits, or all those before the point."""
    return f"{value:,.0f}" if abs(value) >= 1e6 else f"{value:,g}"


def left_of_normal(mean: float, sd: float, low: float | None, high: float | None) -> float:
    """Return the probability that a normal variable lies within its bounds.

    Parameters
    ----------
    mean, sd:
        Mean and standard deviation; with sd 0 the variable is the mean, and the result 0 or 1.
    low, high:
        Bounds, included; None is no bound.

    Returns
    -------
    float
        In [0, 1], accurate in both tails.
    """
    if sd == 0:
        return float((low is None or low <= mean) and (high is None or mean <= high))
    a = -math.inf if low is None else (low - mean) / sd
    b = math.inf if high is None else (high - mean) / sd
    if a > 0:  # the other tail, where small numbers are exact
        a, b = -b, -a
    return (math.erfc(-b / math.sqrt(2)) - math.erfc(-a / math.sqrt(2))) / 2


def _normal_quantile(
    u: Floats, mean: float, sd: float, low: float | None, high: float | None
) -> Floats:
    """Return quantiles of a normal variable truncated to [low, high], by inversion.

    Parameters
    ----------
    u:
        Uniforms in [0, 1), of any shape.
    mean, sd:
        Of the variable before truncation; with sd 0 all quantiles are the mean.
    low, high:
        Bounds; None is no bound.

    Returns
    -------
    ndarray
        Of the shape of `u`, all finite: probabilities stay 1e-12 away from 0 and 1.
    """
    from scipy.special import ndtr, ndtri

    if sd == 0:
        return np.full(np.shape(u), mean)
    below = 0.0 if low is None else float(ndtr((low - mean) / sd))
    above = 1.0 if high is None else float(ndtr((high - mean) / sd))
    inside = np.clip(below + (above - below) * np.asarray(u), _TAIL, 1 - _TAIL)
    values = mean + sd * ndtri(inside)

    # rounding must not carry a value beyond a bound
    if low is None and high is None:
        return np.asarray(values)
    return np.asarray(np.clip(values, low, high))
