"""The random numbers that decide how attempts fail, and how long clients wait after that."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.compiled import inlined
from sim.arrays.time import SECOND_US
from sim.arrays.types import Floats, Ints
from sim.compiled_streams import mixed_number, uniform_number
from sim.streams import Streams, mixed, uniforms

_ERROR_FLOOR_US, _ERROR_SPAN_US = 50_000, 450_000
_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S, _JITTER = 8.0, 0.5, 0.25


class FailureDraws:
    """Uniform numbers of attempts, as a hash of the call and the number of the attempt.

    They are keyed instead of drawn one after the other, so an attempt meets the same failure
    whenever it is made, and whichever program makes it.

    Attributes
    ----------
    failure_key, error_key, backoff_key : int
        Keys of the numbers that decide whether an attempt fails, after how long its error comes,
        and how long its client waits after that.
    """

    def __init__(self, streams: Streams, actor: str) -> None:
        self.failure_key = streams.key(actor, "failure")
        self.error_key = streams.key(actor, "error time")
        self.backoff_key = streams.key(actor, "backoff")

    def failure(self, serial: Ints, n: int) -> Floats:
        """Return numbers in [0, 1) to be compared with the probability of a failure.

        Parameters
        ----------
        serial : array of int
            Serial numbers of calls.
        n : int
            Number of the attempt, from 0.
        """
        return uniforms(mixed(mixed(self.failure_key, serial), n))


@inlined
def uniform(key: Any, serial: Any, n: Any) -> Any:
    """Return the number in [0, 1) of attempt `n` of a call, as `FailureDraws.failure` does."""
    return uniform_number(mixed_number(mixed_number(key, np.uint64(serial)), np.uint64(n)))


@inlined
def error_us(key: Any, serial: Any, n: Any) -> Any:
    """Return the time from an attempt to its error answer, 50 to 500 ms, uniform."""
    return np.int64(np.rint(_ERROR_FLOOR_US + _ERROR_SPAN_US * uniform(key, serial, n)))


@inlined
def backoff_us(key: Any, serial: Any, n: Any, retry: Any) -> Any:
    """Return the pause after failed attempt `n`: exponential backoff with jitter.

    `retry` is the number of the coming retry within its chain, from 0 on. The pause is 0.5 s times
    two to this power, 8 s at most, less up to a quarter of it.
    """
    pause_s = min(_FIRST_BACKOFF_S * 2.0**retry, _LONGEST_BACKOFF_S)
    return np.int64(np.rint(pause_s * (1 - _JITTER * uniform(key, serial, n)) * SECOND_US))
