"""The served models as parallel arrays: speed, window, prices."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.time import SECOND_US
from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import Model
from sim.distributions import Distribution
from sim.errors import InvalidInputError

_BATCH_MEDIAN_H, _BATCH_LONGEST_H = 1.0, 24.0
_HOUR_S = 3600
# A price of one dollar for a million tokens is so many billionths of a dollar for one.
_NANO_PER_MTOK = 1_000


class ModelTable:
    """Properties of the models in use; arrays of shape (models,), by number of the model.

    Attributes
    ----------
    ids : tuple of str
        Names of the models.
    window_tokens : array of int
        Tokens of context and answer together, at most.
    standard_window_tokens : array of int
        The same for accounts that do not ask for a longer window.
    min_cacheable_tokens : array of int
        Shorter contexts are not cached.
    classes : tuple of str
        Names of the classes of models that share limits, sorted.
    class_of : array of int
        Number of the class of each model.
    prices : array of int, shape (models, 5)
        Billionths of a dollar for a token of input, cache read, cache write for 5 minutes, cache
        write for an hour, and output.
    """

    def __init__(self, models: Sequence[Model]) -> None:
        self.ids = tuple(m.id for m in models)
        self.window_tokens = np.array([m.context_window_tokens for m in models], np.int64)
        standard = [m.standard_window_tokens or m.context_window_tokens for m in models]
        self.standard_window_tokens = np.array(standard, np.int64)
        self.min_cacheable_tokens = np.array([m.min_cacheable_tokens for m in models], np.int64)
        self.classes = tuple(sorted({m.model_class for m in models}))
        self.class_of = np.array([self.classes.index(m.model_class) for m in models], np.int64)
        self.prices = np.array([_nano_usd(m) for m in models], np.int64).reshape(-1, 5)
        self._ttft_s = _lognormals([m.ttft_s for m in models])
        self._tokens_per_s = _lognormals([m.output_tokens_per_s for m in models])

    def number(self, model: str) -> int:
        """Return the number of a model, -1 if nobody uses it."""
        return self.ids.index(model) if model in self.ids else -1

    def window_of(self, model: Ints, long_context: Bools) -> Ints:
        """Return the window of each model for accounts that ask for a long one, or do not."""
        windows: Ints = np.where(
            long_context, self.window_tokens[model], self.standard_window_tokens[model]
        )
        return windows

    def latency(self, model: Ints, output: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """Draw how long answers take at normal speed.

        Parameters
        ----------
        model, output : array of int, shape (N,)
            Number of the model and output tokens of each answer.
        rng : numpy.random.Generator
            Gives first N times to first token, then N speeds, all lognormal.

        Returns
        -------
        ttft_us, generation_us : array of int, shape (N,)
            Time to first token, and output tokens over speed.
        """
        ttft = _draw(self._ttft_s, model, rng)
        speed = _draw(self._tokens_per_s, model, rng)
        ttft_us, generation_us = np.empty((2, len(model)), np.int64)
        _round_times(ttft, speed, output, ttft_us, generation_us)
        return ttft_us, generation_us

    @staticmethod
    def batch_delay_us(size: int, rng: np.random.Generator) -> Ints:
        """Draw after how long `size` calls of a batch are answered, at most a day; a prior."""
        hours = np.minimum(np.exp(rng.standard_normal(size)) * _BATCH_MEDIAN_H, _BATCH_LONGEST_H)
        delay_us: Ints = np.rint(hours * _HOUR_S * SECOND_US).astype(np.int64)
        return delay_us

    def cost_nano_usd(
        self, model: Ints, uncached: Ints, read: Ints, write_5m: Ints, write_1h: Ints, output: Ints
    ) -> Ints:
        """Return the exact list price of requests in billionths of a dollar, shape (N,).

        Parameters
        ----------
        model : array of int, shape (N,)
            Number of the model.
        uncached, read, write_5m, write_1h, output : array of int, shape (N,)
            Tokens of each kind, as in `prices`.
        """
        price = self.prices[model]
        cost: Ints = uncached * price[:, 0]
        cost += read * price[:, 1]
        cost += write_5m * price[:, 2]
        cost += write_1h * price[:, 3]
        cost += output * price[:, 4]
        return cost


def _draw(lognormals: Floats, model: Ints, rng: np.random.Generator) -> Floats:
    """Draw from the lognormal of each model."""
    x = rng.standard_normal(len(model))
    _to_logarithms(lognormals, model, x)
    return np.exp(x, out=x)


@compiled
def _to_logarithms(lognormals: Floats, model: Ints, scores: Floats) -> None:
    """Turn normal scores into logarithms of values."""
    for row in range(len(scores)):
        mu, sigma = lognormals[model[row]]
        scores[row] = scores[row] * sigma + mu


@compiled
def _round_times(
    ttft_s: Floats, tokens_per_s: Floats, output: Ints, ttft_us: Ints, generation_us: Ints
) -> None:
    """Write both parts of the time of each answer."""
    for row in range(len(output)):
        ttft_us[row] = int(np.rint(ttft_s[row] * SECOND_US))
        generation_us[row] = int(np.rint(output[row] / tokens_per_s[row] * SECOND_US))


def _lognormals(distributions: list[Distribution]) -> Floats:
    """Return logarithm of the median, and sigma; shape (distributions, 2)."""
    return np.array([_lognormal(d) for d in distributions]).reshape(-1, 2)


def _lognormal(distribution: Distribution) -> tuple[float, float]:
    if distribution.constant is not None:
        return math.log(distribution.constant), 0.0
    lognormal = distribution.lognormal
    if lognormal is None or lognormal.max is not None:
        raise InvalidInputError("the speed of a model must be a number or an uncapped lognormal")
    return math.log(lognormal.median), lognormal.sigma


def _nano_usd(model: Model) -> list[int]:
    """Return the row of `ModelTable.prices` of a model."""
    base = model.input_usd_per_mtok * _NANO_PER_MTOK
    exact = [
        base,
        base * model.cache_read_factor,
        base * model.cache_write_5m_factor,
        base * model.cache_write_1h_factor,
        model.output_usd_per_mtok * _NANO_PER_MTOK,
    ]
    return [round(x) for x in exact]
