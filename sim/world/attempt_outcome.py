"""The rules of `sim.world.attempts` for one attempt at a time, with plain numbers.

Loops that go from event to event use them, where an array of one element would be slow.
"""

from __future__ import annotations

from sim.arrays.time import FOREVER_US, SECOND_US
from sim.world.attempts import (
    CLIENT_TIMEOUT,
    OK,
    OVERLOADED,
    RETRIES,
    SERVER_ERROR,
    CallConditions,
)

_LONGEST_RETRY_AFTER_S = 60


class AttemptRules:
    """What becomes of an attempt, and how long its client then waits.

    In all methods `serial` is the serial number of the call and `n` counts its attempts from 0.
    """

    __slots__ = ("_failures", "_policy", "_provider", "_timeout_us")

    def __init__(self, conditions: CallConditions) -> None:
        self._provider, self._failures = conditions.provider, conditions.failures
        self._policy, self._timeout_us = conditions.policy, conditions.policy.timeout_us

    def attempt_outcome(
        self,
        serial: int,
        n: int,
        segment: int,
        ttft_us: int,
        generation_us: int,
        failure_draw: float,
        batch: bool,
    ) -> tuple[int, int, int]:
        """Decide what becomes of an attempt that limits let through.

        Parameters
        ----------
        serial, n : int
            The call and the number of the attempt.
        segment : int
            Segment of the provider's conditions in which the attempt begins.
        ttft_us, generation_us, failure_draw, batch
            As in `Calls`.

        Returns
        -------
        tuple of int
            Status, time to first token and duration of the attempt, both in microseconds.
        """
        slowdown, overload, server_error = self._provider.of_segment(segment)
        patience_us = self._timeout_us
        if batch:
            slowdown, patience_us = 1.0, FOREVER_US
        ttft_us = round(ttft_us * slowdown)
        draw = self._failures.failure_scalar(serial, n) if n else failure_draw
        if draw < overload + server_error:
            status = OVERLOADED if draw < overload else SERVER_ERROR
            duration_us = self._failures.error_us_scalar(serial, n)
        else:
            status, duration_us = OK, ttft_us + round(generation_us * slowdown)
        if duration_us > patience_us:
            return CLIENT_TIMEOUT, ttft_us, patience_us
        return status, ttft_us, duration_us

    def refusal_us(self, serial: int, n: int) -> int:
        """Return how long it takes until an attempt that limits refuse is told so."""
        return min(self._failures.error_us_scalar(serial, n), self._timeout_us)

    def pause_us(
        self, serial: int, n: int, status: int, chains_down: int, lacking_us: int = 0
    ) -> int | None:
        """Return the pause after failed attempt `n`, None if the call is given up.

        Parameters
        ----------
        serial, n : int
            The call and the number of the failed attempt.
        status, chains_down : int
            As in `RetryPolicy.pause_us`.
        lacking_us : int
            Time after which limits would have let the attempt through, 0 if they did. The provider
            tells it in whole seconds, and clients wait so long, unless it is more than a minute.
        """
        retry = n % (RETRIES + 1)
        if retry == RETRIES:
            return self._policy.pause_us(status, chains_down)
        retry_after_s = -(-lacking_us // SECOND_US)
        if 0 < retry_after_s <= _LONGEST_RETRY_AFTER_S:
            return retry_after_s * SECOND_US
        return self._failures.backoff_us_scalar(serial, n, retry)
