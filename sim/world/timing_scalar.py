"""Timing of one session, call by call: for those few that the timing of blocks does not fit."""

from __future__ import annotations

from sim.world.attempt_outcome import AttemptRules
from sim.world.attempts import OK, RETRIES, CallConditions
from sim.world.calls import DrawnCalls


def end_of_task(calls: DrawnCalls, session: int, start_us: int, conditions: CallConditions) -> int:
    """Return when a session of one task ends, as if there were no limits.

    Parameters
    ----------
    calls : DrawnCalls
        Calls of many sessions.
    session : int
        Number of the session meant.
    start_us : int
        When it begins.
    conditions : CallConditions
        What is still going on at `until_us` ends at some time after it.
    """
    provider, until_us = conditions.provider, conditions.until_us
    rules = AttemptRules(conditions)
    batch = bool(calls.batch[session])
    first = int(calls.calls_per_session[:session].sum())
    rows = slice(first, first + int(calls.calls_per_session[session]))
    columns = (
        calls.serial,
        calls.wait_us,
        calls.ttft_us,
        calls.generation_us,
        calls.failure_draw,
    )

    now_us: int = start_us
    for serial, wait_us, ttft_us, generation_us, draw in zip(
        *(column[rows].tolist() for column in columns), strict=True
    ):
        now_us += wait_us
        n, status = 0, -1
        while status != OK and now_us < until_us:
            segment = provider.segment_scalar(now_us)
            status, _, duration_us = rules.attempt_outcome(
                serial, n, segment, ttft_us, generation_us, draw, batch
            )
            now_us += duration_us
            if status != OK:
                # without limits every chain that goes on ended with an error of the provider
                pause_us = rules.pause_us(serial, n, status, n // (RETRIES + 1) + 1)
                if pause_us is None:
                    return now_us
                now_us += pause_us
                n += 1
        if now_us >= until_us:
            break
    return now_us
