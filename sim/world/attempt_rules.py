"""The rules for one attempt: what becomes of it, and what its client does then.

In all of them `rules` is the record of `RULES`, `serial` the serial number of the call, and `n`
counts its attempts from 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.compiled import inlined
from sim.arrays.time import SECOND_US
from sim.world.attempts import (
    CLIENT_TIMEOUT,
    DOWN,
    MOST_CHAINS,
    OK,
    OVERLOADED,
    RETRIES,
    SERVER_ERROR,
)
from sim.world.failures import backoff_us, error_us, uniform

# In place of a pause where the call is given up.
GIVES_UP = -1
_LONGEST_RETRY_AFTER_S = 60
_CHAIN = RETRIES + 1
# More than any client waits; two of them add up to what 64 bits hold. Slowdowns of incidents
# multiply, so that times may come out longer.
_LONGEST_US = 2.0**61


@inlined
def attempt_outcome(rules: Any, segment: Any, call: Any, n: Any, batch: Any) -> Any:
    """Decide what becomes of an attempt that limits let through.

    Parameters
    ----------
    rules, segment, call
        Records of `RULES`, of the `SEGMENT` in which the attempt begins, and of the `CALL`.
    n
        Number of the attempt.
    batch
        Whether the call is answered when there is time: load does not slow it, nobody hangs up.

    Returns
    -------
    tuple of int
        Status, time to first token and duration of the attempt, both in microseconds.
    """
    slowdown = 1.0 if batch else segment["slowdown"]
    ttft_us = _rounded(call["ttft_us"] * slowdown)
    serial = call["serial"]
    draw = call["failure_draw"] if n == 0 else uniform(rules["failure_key"], serial, n)
    if draw < segment["fails"]:
        status = OVERLOADED if draw < segment["overload"] else SERVER_ERROR
        duration_us = error_us(rules["error_key"], serial, n)
    else:
        status = OK
        duration_us = ttft_us + _rounded(call["generation_us"] * slowdown)

    # who hangs up first hears neither an answer nor an error
    if duration_us > rules["timeout_us"] and not batch:
        return CLIENT_TIMEOUT, ttft_us, rules["timeout_us"]
    return status, ttft_us, duration_us


@inlined
def refusal_us(rules: Any, serial: Any, n: Any) -> Any:
    """Return how long it takes until an attempt that is refused is told so."""
    return min(error_us(rules["error_key"], serial, n), rules["timeout_us"])


@inlined
def pause_us(
    rules: Any, serial: Any, n: Any, status: Any, chains_down: Any, lacking_us: Any
) -> Any:
    """Return the pause after failed attempt `n`, `GIVES_UP` if no attempt is to follow.

    Parameters
    ----------
    rules, serial, n
        The call and the number of the failed attempt.
    status
        How the attempt failed. If it ended a chain with a timeout, the call is given up.
    chains_down
        Chains of the call, with this one, that ended with one of the errors `DOWN`.
    lacking_us
        Time after which limits would have let the attempt through, 0 if they did. The provider
        tells it in whole seconds, and clients wait so long, unless it is more than a minute.
    """
    retry = n % _CHAIN
    if retry == RETRIES:
        if status == CLIENT_TIMEOUT or chains_down >= MOST_CHAINS:
            return GIVES_UP
        resume_after_us = rules["resume_after_us"]
        return GIVES_UP if resume_after_us < 0 else resume_after_us

    retry_after_s = -(-lacking_us // SECOND_US)
    if 0 < retry_after_s <= _LONGEST_RETRY_AFTER_S:
        return retry_after_s * SECOND_US
    return backoff_us(rules["backoff_key"], serial, n, retry)


@inlined
def ends_chain_down(n: Any, status: Any) -> Any:
    """Tell whether failed attempt `n` ended a chain with one of the errors `DOWN`."""
    return n % _CHAIN == RETRIES and (status == DOWN[0] or status == DOWN[1])


@inlined
def _rounded(number: Any) -> Any:
    """Return whole microseconds, at most `_LONGEST_US`; that also of 0 times infinity."""
    if number < _LONGEST_US:
        return np.int64(np.rint(number))
    return np.int64(_LONGEST_US)
