"""One session on the clock, call by call: for those few that cross into other weather."""

from __future__ import annotations

from sim.arrays.time import FOREVER_US
from sim.world.attempts import (
    CLIENT_TIMEOUT,
    OK,
    OVERLOADED,
    RETRIES,
    CallConditions,
    FailureDraws,
    Policy,
)
from sim.world.calls import Shape


def end_of_task(shape: Shape, session: int, start_us: int, conditions: CallConditions) -> int:
    """When a session of one task, begun at `start_us`, ends if nothing is limited.

    What is still going on at the end of the log ends at some time after it.
    """
    provider, failures = conditions.provider, conditions.failures
    policy, until_us = conditions.policy, conditions.until_us
    batch = bool(shape.batch[session])
    patience_us = FOREVER_US if batch else policy.timeout_us
    first = int(shape.calls_per_session[:session].sum())
    rows = slice(first, first + int(shape.calls_per_session[session]))
    columns = (shape.wait_us, shape.ttft_us, shape.generation_us, shape.fate, shape.call)
    now = start_us
    for wait, ttft, generation, fate, call in zip(
        *(column[rows].tolist() for column in columns), strict=True
    ):
        now += int(wait)
        n, status = 0, -1
        while status != OK and now < until_us:
            slowdown, overload, server_error = provider.of_segment(provider.segment_scalar(now))
            if batch:
                slowdown = 1.0
            u = failures.failure_of(call, n) if n else fate
            if u < overload + server_error:
                status, lasts = OVERLOADED, failures.error_us_of(call, n)
            else:
                status, lasts = OK, int(round(ttft * slowdown) + round(generation * slowdown))
            status = status if lasts <= patience_us else CLIENT_TIMEOUT
            now += min(lasts, patience_us)
            if status != OK:
                pause_us = _pause_us(call, n, status, failures, policy)
                if pause_us is None:
                    return now
                now += pause_us
                n += 1
        if now >= until_us:
            break
    return now


def _pause_us(call: int, n: int, status: int, failures: FailureDraws, policy: Policy) -> int | None:
    """Pause after failed attempt `n`, None if the call is given up."""
    retry = n % (RETRIES + 1)
    if retry < RETRIES:
        return failures.backoff_us_of(call, n, retry)
    return policy.pause_us(status, n // (RETRIES + 1) + 1)
