"""Prior distributions of the dials of an explanation, by their quantile functions.

A draw is `quantile(u)` of uniform numbers, so the same uniforms give the same draw whatever the
prior, and sensitivity analysis can move on the unit cube.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sim.arrays.types import Floats
from sim.catalog import Status
from sim.comparison.hypotheses.prior_shapes import (
    ORDER,
    Beta,
    Figure,
    Lognormal,
    LogUniform,
    Normal,
    Strict,
    Uniform,
    plain,
)
from sim.distributions import MOST
from sim.documents.quantities import parse_figure

SHAPES = ("constant", "lognormal", "loguniform", "uniform", "normal", "beta", "choice")
USER = "user"
_TINY = 1e-12
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*([-_][A-Za-z0-9]+)*")


class Prior(Strict):
    """What is believed of one dial, and why: one shape, with status and source.

    A plain number stands for `constant`, and a plain name for a choice of that name alone, both of
    the user's own making.
    """

    constant: Annotated[Figure | None, Field(description="always this value")] = None
    lognormal: Annotated[Lognormal | None, Field(description="median, sigma, min, max")] = None
    loguniform: Annotated[LogUniform | None, Field(description="low and high")] = None
    uniform: Annotated[Uniform | None, Field(description="low and high")] = None
    normal: Annotated[Normal | None, Field(description="mean, sd, min, max")] = None
    beta: Annotated[Beta | None, Field(description="mean and n")] = None
    choice: Annotated[
        dict[str, Annotated[float, Field(ge=0, le=MOST)]] | None,
        Field(description="relative weights of names or numbers"),
    ] = None
    status: Annotated[Status, Field(description="how the dial is known")] = "prior"
    source: Annotated[str, Field(description="a source of the catalog, or words")] = USER
    note: Annotated[str, Field(description="what else is to be said")] = ""

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        if isinstance(value, str) and _NAME.fullmatch(value):
            return {"choice": {value: 1.0}}
        is_plain = isinstance(value, int | float | str) and not isinstance(value, bool)
        return {"constant": parse_figure(value)} if is_plain else value

    @model_validator(mode="after")
    def _exactly_one(self) -> Prior:
        if sum(getattr(self, shape) is not None for shape in SHAPES) != 1:
            raise ValueError(f"give exactly one of {', '.join(SHAPES)}")
        if self.choice is not None and not sum(self.choice.values()) > 0:
            raise ValueError("the weights of a choice should not all be 0")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """What a choice chooses from; empty for other shapes."""
        return tuple(self.choice or ())

    @property
    def weights(self) -> Floats:
        """Weights of a choice, adding up to 1."""
        weights = np.array(list((self.choice or {}).values()))
        return np.asarray(weights / weights.sum())

    @property
    def numbers(self) -> Floats:
        """The numbers of a choice of finite numbers; raises ValueError if they are names."""
        numbers = np.array([float(x) for x in self.names])
        if not np.isfinite(numbers).all():
            raise ValueError("should be finite")
        return numbers

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest value that can be drawn; raises ValueError for a choice of names."""
        if self.choice is not None:
            drawn = self.numbers[self.weights > 0]
            return float(drawn.min()), float(drawn.max())
        if self.constant is not None:
            return self.constant, self.constant
        if self.lognormal is not None:
            return max(self.lognormal.min or 0.0, 0.0), _or(self.lognormal.max, math.inf)
        if self.normal is not None:
            return _or(self.normal.min, -math.inf), _or(self.normal.max, math.inf)
        if self.beta is not None:
            return 0.0, 1.0
        flat = self.uniform or self.loguniform
        assert flat is not None
        return flat.low, flat.high

    def pick(self, u: Floats) -> NDArray[np.intp]:
        """Return which of `names` each of the uniforms `u` draws."""
        edges = np.cumsum(self.weights)[:-1]
        return np.searchsorted(edges, u, side="right")

    def quantile(self, u: Floats) -> Floats:
        """Return the values at `u`, uniforms in [0, 1); numbers of a choice, never its names."""
        if self.choice is not None:
            return np.asarray(self.numbers[self.pick(u)])
        if self.constant is not None:
            return np.full(np.shape(u), self.constant)
        if self.loguniform is not None:
            return self.loguniform.low * np.exp(self.loguniform.span * u)
        if self.uniform is not None:
            return self.uniform.low + (self.uniform.high - self.uniform.low) * u
        if self.beta is not None:
            from scipy.special import betaincinv

            a, b = self.beta.mean * self.beta.n, (1 - self.beta.mean) * self.beta.n
            return np.asarray(betaincinv(a, b, u))
        if self.lognormal is not None:
            return np.exp(_normal(u, *self.lognormal.behind))
        assert self.normal is not None
        return _normal(u, *self.normal.behind)

    def widened(self, width: float, least: float = 0.0, most: float = math.inf) -> Prior:
        """Return the prior with its spread multiplied by `width` about its middle.

        Sigma (up to 10) and sd times `width`, bounds stay; the span of a (log)uniform times
        `width`, cut at `least` and `most`, between which the dial may be, if it was within them; n
        of a beta over `width` squared. Choices stay.
        """
        if self.lognormal is not None:
            sigma = min(self.lognormal.sigma * width, 10.0)
            return self._with(lognormal=self.lognormal.model_copy(update={"sigma": sigma}))
        if self.normal is not None:
            return self._with(normal=self.normal.model_copy(update={"sd": self.normal.sd * width}))
        if self.beta is not None:
            return self._with(beta=self.beta.model_copy(update={"n": self.beta.n / width**2}))
        if self.loguniform is not None:
            half = self.loguniform.span * width / 2
            middle = math.log(self.loguniform.low) + self.loguniform.span / 2
            low, high = (math.exp(np.clip(x, -700, 700)) for x in (middle - half, middle + half))
            return self._with(loguniform=_cut(self.loguniform, low, high, least, most))
        if self.uniform is not None:
            low, high = self.uniform.low, self.uniform.high
            middle, half = (low + high) / 2, (high - low) * width / 2
            return self._with(uniform=_cut(self.uniform, middle - half, middle + half, least, most))
        return self

    def times(self, factor: float) -> Prior:
        """Return the prior of `factor` times the dial; raises ValueError for a beta or a choice."""
        if self.constant is not None:
            return self._with(constant=self.constant * factor)
        if self.lognormal is not None:
            return self._with(lognormal=_scaled(self.lognormal, factor, ("median", "min", "max")))
        if self.normal is not None:
            return self._with(normal=_scaled(self.normal, factor, ("mean", "sd", "min", "max")))
        if self.uniform is not None:
            return self._with(uniform=_scaled(self.uniform, factor, ("low", "high")))
        if self.loguniform is not None:
            return self._with(loguniform=_scaled(self.loguniform, factor, ("low", "high")))
        raise ValueError("only a number without an upper end of its own can be multiplied")

    def words(self) -> str:
        """Return the prior as people read it, such as `lognormal, median 8, sigma 1.3`."""
        if self.constant is not None:
            return plain(self.constant)
        if self.choice is not None:
            pairs = zip(self.names, self.weights, strict=True)
            return ", ".join(f"{name} {weight:.3g}" for name, weight in pairs)
        shape = next(x for x in SHAPES if getattr(self, x) is not None)
        values = getattr(self, shape).model_dump(exclude_none=True)
        return ", ".join([shape, *(f"{k} {plain(values[k])}" for k in ORDER if k in values)])

    def _with(self, **changes: Any) -> Prior:
        return self.model_copy(update=changes)


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _cut(shape: Any, low: float, high: float, least: float, most: float) -> Any:
    """Return the shape from `low` to `high`, cut where what it was lay within the limits."""
    low = max(low, least) if shape.low >= least else low
    high = min(high, most) if shape.high <= most else high
    return shape.model_copy(update={"low": low, "high": high})


def _scaled(shape: Any, factor: float, keys: tuple[str, ...]) -> Any:
    values = {k: getattr(shape, k) for k in keys}
    return shape.model_copy(update={k: v * factor for k, v in values.items() if v is not None})


def _normal(u: Floats, mean: float, sd: float, low: float | None, high: float | None) -> Floats:
    """Quantiles of a normal variable, truncated to [low, high]."""
    from scipy.special import ndtr, ndtri

    if sd == 0:
        return np.full(np.shape(u), mean)
    below = 0.0 if low is None else float(ndtr((low - mean) / sd))
    above = 1.0 if high is None else float(ndtr((high - mean) / sd))
    inside = np.clip(below + (above - below) * np.asarray(u), _TINY, 1 - _TINY)
    values = mean + sd * ndtri(inside)
    return np.asarray(np.clip(values, low, high) if (low, high) != (None, None) else values)
