"""The shapes of priors as they are written, each with what it refuses."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from sim.distributions import MOST, Positive
from sim.documents.quantities import figure_schema, parse_figure

ORDER = ("median", "mean", "sigma", "sd", "n", "low", "high", "min", "max")
_LEAST_LEFT = 1e-6


def _not_huge(value: float) -> float:
    if abs(value) > MOST:
        raise ValueError(f"should be at most {MOST:g} in size, found {value:g}")
    return value


Figure = Annotated[
    float,
    BeforeValidator(parse_figure),
    AfterValidator(_not_huge),
    WithJsonSchema(figure_schema(minimum=-MOST, maximum=MOST)),
]


class Strict(BaseModel):
    """Known keys only, and finite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Bounded(Strict, ABC):
    """A shape whose values are kept between `min` and `max`, by truncation.

    Bounds that leave less than a millionth of the untruncated values are refused: there would be
    one value only, and not the stated one.
    """

    min: Annotated[Figure | None, Field(description="smallest value; others are not drawn")] = None
    max: Annotated[Figure | None, Field(description="largest value; others are not drawn")] = None

    @model_validator(mode="after")
    def _in_order(self) -> Bounded:
        if self.min is not None and self.max is not None and self.max <= self.min:
            raise ValueError(f"max should be above min, found {self.max:g} and {self.min:g}")
        middle, spread, low, high = self.behind
        if left_of_normal(middle, spread, low, high) < _LEAST_LEFT:
            raise ValueError(f"almost nothing lies within min and max: {self.said}")
        return self

    @property
    @abstractmethod
    def behind(self) -> tuple[float, float, float | None, float | None]:
        """Mean and standard deviation of the normal variable behind, and its two bounds."""

    @property
    def said(self) -> str:
        """The shape as it was given, such as `median 5, sigma 0, max 3`."""
        values = self.model_dump(exclude_none=True)
        return ", ".join(f"{k} {plain(values[k])}" for k in ORDER if k in values)


class Lognormal(Bounded):
    """exp(N(ln median, sigma^2)), truncated."""

    median: Annotated[Figure, Field(gt=0, description="median before truncation")]
    sigma: Annotated[float, Field(ge=0, le=10, description="standard deviation of the logarithm")]

    @property
    def behind(self) -> tuple[float, float, float | None, float | None]:
        """Mean and standard deviation of the logarithm, and the logarithms of the bounds."""
        low, high = (None if v is None else math.log(max(v, 1e-300)) for v in (self.min, self.max))
        return math.log(self.median), self.sigma, low, high


class Normal(Bounded):
    """N(mean, sd^2), truncated."""

    mean: Annotated[Figure, Field(description="mean before truncation")]
    sd: Annotated[Figure, Field(gt=0, description="standard deviation before truncation")]

    @property
    def behind(self) -> tuple[float, float, float | None, float | None]:
        """Mean, standard deviation and the two bounds."""
        return self.mean, self.sd, self.min, self.max


class Uniform(Strict):
    """Every value between `low` and `high` alike."""

    low: Annotated[Figure, Field(description="smallest value")]
    high: Annotated[Figure, Field(description="largest value")]

    @model_validator(mode="after")
    def _in_order(self) -> Uniform:
        if self.high < self.low:
            raise ValueError(f"high should be at least low, found {self.high:g} and {self.low:g}")
        return self


class LogUniform(Uniform):
    """exp(U(ln low, ln high)): every factor of ten between the two as likely as any other."""

    @model_validator(mode="after")
    def _positive(self) -> LogUniform:
        if self.low <= 0:
            raise ValueError(f"low should be greater than 0, found {self.low:g}")
        return self

    @property
    def span(self) -> float:
        """Natural logarithm of high / low."""
        return math.log(self.high) - math.log(self.low)


class Beta(Strict):
    """Beta(mean n, (1 - mean) n): a share."""

    mean: Annotated[float, Field(gt=0, lt=1, description="mean")]
    n: Annotated[
        Positive, Field(le=MOST, description="sum of the two parameters: larger is narrower")
    ]


def plain(value: float) -> str:
    """Return a number as people read it: six digits, and all those before the point."""
    return f"{value:,.0f}" if abs(value) >= 1e6 else f"{value:,g}"


def left_of_normal(mean: float, sd: float, low: float | None, high: float | None) -> float:
    """Probability that a normal variable lies within its bounds."""
    if sd == 0:
        return float((low is None or low <= mean) and (high is None or mean <= high))
    a = -math.inf if low is None else (low - mean) / sd
    b = math.inf if high is None else (high - mean) / sd
    if a > 0:  # the other tail, where small numbers are exact
        a, b = -b, -a
    return (math.erfc(-b / math.sqrt(2)) - math.erfc(-a / math.sqrt(2))) / 2
