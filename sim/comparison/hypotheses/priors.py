"""Prior distributions of the parameters of a hypothesis, by their quantile functions.

A draw is `quantile(u)` of uniform numbers, so the same uniforms give the same draw whatever the
prior, and sensitivity analysis can move on the unit cube. The docstring of `Prior` and its
descriptions end up in the JSON Schema.
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
    Beta,
    Figure,
    Lognormal,
    LogUniform,
    Normal,
    Shape,
    Uniform,
    plain,
)
from sim.distributions import MOST
from sim.documents.forms import Form
from sim.documents.quantities import parse_figure

SHAPES = ("constant", "lognormal", "loguniform", "uniform", "normal", "beta", "choice")
USER = "user"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*([-_][A-Za-z0-9]+)*")


class Prior(Form):
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
        """Turn a plain number into a constant, and a plain name into a choice of it."""
        if isinstance(value, str) and _NAME.fullmatch(value):
            return {"choice": {value: 1.0}}
        is_plain = isinstance(value, int | float | str) and not isinstance(value, bool)
        return {"constant": parse_figure(value)} if is_plain else value

    @model_validator(mode="after")
    def _exactly_one(self) -> Prior:
        """Refuse a prior with no shape or several, and a choice in which no option has weight."""
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
        """Weights of a choice, adding up to 1, in the order of `names`."""
        weights = np.array(list((self.choice or {}).values()))
        return np.asarray(weights / weights.sum())

    @property
    def numbers(self) -> Floats:
        """The numbers of a choice of finite numbers; raises ValueError if they are names."""
        numbers = np.array([float(name) for name in self.names])
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
        return self._shape.support

    def pick(self, u: Floats) -> NDArray[np.intp]:
        """Return the place in `names` that each uniform draws; only for a choice.

        Parameters
        ----------
        u:
            Uniforms in [0, 1), of any shape; the result has the same. Options of weight 0 are not
            drawn.
        """
        edges = np.cumsum(self.weights)[:-1]
        return np.searchsorted(edges, u, side="right")

    def quantile(self, u: Floats) -> Floats:
        """Return the values at `u`; numbers of a choice, never its names.

        Parameters
        ----------
        u:
            Uniforms in [0, 1), of any shape; the result has the same.

        Raises
        ------
        ValueError
            For a choice of names; `pick` draws from it.
        """
        if self.choice is not None:
            return np.asarray(self.numbers[self.pick(u)])
        if self.constant is not None:
            return np.full(np.shape(u), self.constant)
        return self._shape.quantile(u)

    def widened(self, width: float, least: float = 0.0, most: float = math.inf) -> Prior:
        """Return the prior with its spread multiplied by `width` about its middle.

        Parameters
        ----------
        width:
            Sigma (up to 10), sd, and the length of a range are multiplied by it; n of a beta is
            divided by its square. Bounds, constants and choices stay.
        least, most:
            Where a wider range is cut, if it lay within them before.
        """
        if self.choice is not None or self.constant is not None:
            return self
        return self._with(self._shape.widened(width, least, most))

    def times(self, factor: float) -> Prior:
        """Return the prior of `factor` times the parameter.

        Bounds move with it, so the shape stays the same up to the scale.

        Raises
        ------
        ValueError
            For a beta or a choice.
        """
        if self.constant is not None:
            return self.model_copy(update={"constant": self.constant * factor})
        if self.choice is not None:
            raise ValueError("only a number without an upper end of its own can be multiplied")
        return self._with(self._shape.times(factor))

    def words(self) -> str:
        """Return the prior as people read it, such as `lognormal, median 8, sigma 1.3`."""
        if self.constant is not None:
            return plain(self.constant)
        if self.choice is not None:
            pairs = zip(self.names, self.weights, strict=True)
            return ", ".join(f"{name} {weight:.3g}" for name, weight in pairs)
        return f"{self._shape_name}, {self._shape.words()}"

    @property
    def _shape_name(self) -> str:
        return next(name for name in SHAPES if getattr(self, name) is not None)

    @property
    def _shape(self) -> Shape:
        """The shape of a prior that is neither a constant nor a choice."""
        shape: Shape = getattr(self, self._shape_name)
        return shape

    def _with(self, shape: Shape) -> Prior:
        return self.model_copy(update={self._shape_name: shape})
