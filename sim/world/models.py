"""The served models as parallel arrays: speed, window, prices."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sim.arrays.time import SECOND_US
from sim.arrays.types import Floats, Ints
from sim.catalog import Model
from sim.distributions import Distribution
from sim.errors import InvalidInputError

_BATCH_MEDIAN_H, _BATCH_LONGEST_H = 1.0, 24.0
_NANO_PER_MTOK = 1_000


class ModelTable:
    """Properties of the models in use, each an array indexed by model number."""

    def __init__(self, models: Sequence[Model]) -> None:
        self.ids = tuple(m.id for m in models)
        self.window_tokens = np.array([m.context_window_tokens for m in models], np.int64)
        self.min_cacheable_tokens = np.array([m.min_cacheable_tokens for m in models], np.int64)
        self.classes = tuple(sorted({m.model_class for m in models}))
        self.class_of = np.array([self.classes.index(m.model_class) for m in models], np.int64)
        self.prices = np.array([_nano_usd(m) for m in models], np.int64).reshape(-1, 5)
        self._ttft = np.array([_log_parameters(m.ttft_s) for m in models]).reshape(-1, 2)
        self._speed = np.array([_log_parameters(m.output_tokens_per_s) for m in models]).reshape(
            -1, 2
        )

    def number(self, model: str) -> int:
        """Row of a model, -1 if nobody uses it."""
        return self.ids.index(model) if model in self.ids else -1

    def latency(self, model: Ints, output: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """Draw time to first token and time of generation of each answer, microseconds.

        The latter is output_tokens / speed; time to first token and speed are lognormal.
        """
        ttft = _draw(self._ttft, model, rng)
        speed = _draw(self._speed, model, rng)
        ttft *= SECOND_US
        generation = output / speed
        generation *= SECOND_US
        return np.rint(ttft).astype(np.int64), np.rint(generation).astype(np.int64)

    @staticmethod
    def batch_delay_us(size: int, rng: np.random.Generator) -> Ints:
        """Time until the answers of a batch are there, at most a day; a prior."""
        hours = np.minimum(np.exp(rng.standard_normal(size)) * _BATCH_MEDIAN_H, _BATCH_LONGEST_H)
        return np.rint(hours * 3600 * SECOND_US).astype(np.int64)

    def cost_nano_usd(
        self, model: Ints, uncached: Ints, read: Ints, write_5m: Ints, write_1h: Ints, output: Ints
    ) -> Ints:
        """Exact list price of each request in 1e-9 USD."""
        price = self.prices[model]
        cost: Ints = uncached * price[:, 0]
        cost += read * price[:, 1]
        cost += write_5m * price[:, 2]
        cost += write_1h * price[:, 3]
        cost += output * price[:, 4]
        return cost


def _draw(parameters: Floats, model: Ints, rng: np.random.Generator) -> Floats:
    x = rng.standard_normal(len(model))
    x *= parameters[model, 1]
    x += parameters[model, 0]
    return np.exp(x, out=x)


def _log_parameters(distribution: Distribution) -> tuple[float, float]:
    if distribution.constant is not None:
        return math.log(distribution.constant), 0.0
    lognormal = distribution.lognormal
    if lognormal is None or lognormal.max is not None:
        raise InvalidInputError("the speed of a model must be a number or an uncapped lognormal")
    return math.log(lognormal.median), lognormal.sigma


def _nano_usd(model: Model) -> list[int]:
    """Price per token in 1e-9 USD: input, cache read, cache writes for 5 min and 1 h, output."""
    base = model.input_usd_per_mtok * _NANO_PER_MTOK
    exact = [
        base,
        base * model.cache_read_factor,
        base * model.cache_write_5m_factor,
        base * model.cache_write_1h_factor,
        model.output_usd_per_mtok * _NANO_PER_MTOK,
    ]
    return [round(x) for x in exact]
