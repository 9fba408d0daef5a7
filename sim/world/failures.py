"""The random numbers that decide how attempts fail, and how long clients wait after that."""

from __future__ import annotations

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.time import SECOND_US
from sim.arrays.types import Floats, Ints
from sim.streams import Streams, mixed, mixed_one, uniforms

_ERROR_FLOOR_US, _ERROR_SPAN_US = 50_000, 450_000
_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S, _JITTER = 8.0, 0.5, 0.25

# the constants of `sim.streams.mixed`
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFT_1, _SHIFT_2, _SHIFT_3 = np.uint64(30), np.uint64(27), np.uint64(31)
_UPPER_53_BITS = np.uint64(11)


class FailureDraws:
    """Uniform numbers of attempts, as a hash of the call and the number of the attempt.

    They are keyed instead of drawn one after the other, so an attempt meets the same failure
    whenever it is made, and whichever program makes it. In all methods `serial` is the serial
    number of a call and `n` counts its attempts from 0. Methods with `_scalar` in their name say
    the same of one attempt.
    """

    def __init__(self, streams: Streams, actor: str) -> None:
        self.failure_key = streams.key(actor, "failure")
        self.error_key = streams.key(actor, "error time")
        self.backoff_key = streams.key(actor, "backoff")

    def failure(self, serial: Ints, n: Ints | int) -> Floats:
        """Return numbers in [0, 1) to be compared with the probability of a failure."""
        return _uniform(self.failure_key, serial, n)

    def error_us(self, serial: Ints, n: Ints | int) -> Ints:
        """Return the time from an attempt to its error answer, 50 to 500 ms, uniform."""
        u = _uniform(self.error_key, serial, n)
        return np.rint(_ERROR_FLOOR_US + _ERROR_SPAN_US * u).astype(np.int64)

    def backoff_us(self, serial: Ints, n: Ints | int, retry: Ints | int) -> Ints:
        """Return the pause after failed attempt `n`: exponential backoff with jitter.

        Parameters
        ----------
        serial, n : array of int
            Calls and the numbers of their failed attempts.
        retry : array of int
            Number of the coming retry within its chain, from 0 on. The pause is 0.5 s times two to
            this power, 8 s at most, less up to a quarter of it.
        """
        u = _uniform(self.backoff_key, serial, n)
        pause_s = np.minimum(_FIRST_BACKOFF_S * 2.0 ** np.asarray(retry), _LONGEST_BACKOFF_S)
        return np.rint(pause_s * (1 - _JITTER * u) * SECOND_US).astype(np.int64)

    def failure_scalar(self, serial: int, n: int) -> float:
        """Return `failure` of one attempt."""
        return _uniform_scalar(self.failure_key, serial, n)

    def error_us_scalar(self, serial: int, n: int) -> int:
        """Return `error_us` of one attempt."""
        u = _uniform_scalar(self.error_key, serial, n)
        return round(_ERROR_FLOOR_US + _ERROR_SPAN_US * u)

    def backoff_us_scalar(self, serial: int, n: int, retry: int) -> int:
        """Return `backoff_us` of one attempt."""
        u = _uniform_scalar(self.backoff_key, serial, n)
        pause_s = min(_FIRST_BACKOFF_S * 2.0**retry, _LONGEST_BACKOFF_S)
        return round(pause_s * (1 - _JITTER * u) * SECOND_US)


def _uniform(key: int, serial: Ints, n: Ints | int) -> Floats:
    return uniforms(mixed(mixed(key, serial), n))


def _uniform_scalar(key: int, serial: int, n: int) -> float:
    return float((mixed_one(mixed_one(key, serial), n) >> 11) * 2.0**-53)


@compiled
def uniform(key: np.uint64, serial: int, n: int) -> float:
    """Return the number in [0, 1) of attempt `n` of a call, as `FailureDraws.failure` does."""
    bits = _mixed(_mixed(key, np.uint64(serial)), np.uint64(n))
    return np.float64(bits >> _UPPER_53_BITS) * 2.0**-53


@compiled
def error_us(key: np.uint64, serial: int, n: int) -> int:
    """Return the time from an attempt to its error answer, 50 to 500 ms, uniform."""
    return np.int64(np.rint(_ERROR_FLOOR_US + _ERROR_SPAN_US * uniform(key, serial, n)))


@compiled
def backoff_us(key: np.uint64, serial: int, n: int, retry: int) -> int:
    """Return the pause after failed attempt `n`: exponential backoff with jitter.

    `retry` is the number of the coming retry within its chain, from 0 on. The pause is 0.5 s times
    two to this power, 8 s at most, less up to a quarter of it.
    """
    pause_s = min(_FIRST_BACKOFF_S * 2.0**retry, _LONGEST_BACKOFF_S)
    return np.int64(np.rint(pause_s * (1 - _JITTER * uniform(key, serial, n)) * SECOND_US))


@compiled
def _mixed(key: np.uint64, counter: np.uint64) -> np.uint64:
    """Return `sim.streams.mixed` of one counter."""
    z = key + counter * _GOLDEN
    z = (z ^ (z >> _SHIFT_1)) * _MIX_1
    z = (z ^ (z >> _SHIFT_2)) * _MIX_2
    return z ^ (z >> _SHIFT_3)
