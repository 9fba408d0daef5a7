"""What becomes of a call: its attempts, one after the other, while no limit is in the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sim.arrays.time import FOREVER_US, SECOND_US
from sim.arrays.types import Bools, Floats, Ints
from sim.streams import Streams, mixed, mixed_one, uniforms
from sim.world.conditions import ProviderConditions

OK, BLOCKED, RATE_LIMIT, OVERLOADED, SERVER_ERROR, CLIENT_TIMEOUT = 200, 403, 429, 529, 500, 499
ERROR_TYPES = {
    BLOCKED: "permission_error",
    RATE_LIMIT: "rate_limit_error",
    OVERLOADED: "overloaded_error",
    SERVER_ERROR: "api_error",
    CLIENT_TIMEOUT: "client_timeout",
}
RETRIES = 2
# A call is given up after so many chains of an attempt and its retries that ended like this.
MOST_CHAINS = 60
DOWN = (OVERLOADED, SERVER_ERROR)
_ERROR_FLOOR_US, _ERROR_SPAN_US = 50_000, 450_000
_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S, _JITTER = 8.0, 0.5, 0.25


class FailureDraws:
    """The uniforms of attempts, by call and number of the attempt."""

    def __init__(self, streams: Streams, actor: str) -> None:
        self._failure = streams.key(actor, "failure")
        self._error_time = streams.key(actor, "error time")
        self._backoff = streams.key(actor, "backoff")

    def failure(self, call: Ints, n: Ints | int) -> Floats:
        return _uniform(self._failure, call, n)

    def error_us(self, call: Ints, n: Ints | int) -> Ints:
        """Time from an attempt to its error answer."""
        u = _uniform(self._error_time, call, n)
        return np.rint(_ERROR_FLOOR_US + _ERROR_SPAN_US * u).astype(np.int64)

    def backoff_us(self, call: Ints, n: Ints | int, retry: Ints | int) -> Ints:
        """Pause before retry number `retry` (0, 1) of a chain, after failed attempt `n`."""
        u = _uniform(self._backoff, call, n)
        pause = np.minimum(_FIRST_BACKOFF_S * 2.0 ** np.asarray(retry), _LONGEST_BACKOFF_S)
        return np.rint(pause * (1 - _JITTER * u) * SECOND_US).astype(np.int64)

    def failure_of(self, call: int, n: int) -> float:
        """`failure` of one attempt."""
        return _scalar_uniform(self._failure, call, n)

    def error_us_of(self, call: int, n: int) -> int:
        """`error_us` of one attempt."""
        u = _scalar_uniform(self._error_time, call, n)
        return round(_ERROR_FLOOR_US + _ERROR_SPAN_US * u)

    def backoff_us_of(self, call: int, n: int, retry: int) -> int:
        """`backoff_us` of one attempt."""
        u = _scalar_uniform(self._backoff, call, n)
        pause = min(_FIRST_BACKOFF_S * 2.0**retry, _LONGEST_BACKOFF_S)
        return round(pause * (1 - _JITTER * u) * SECOND_US)


def _scalar_uniform(key: int, call: int, n: int) -> float:
    return float((mixed_one(mixed_one(key, call), n) >> 11) * 2.0**-53)


def _uniform(key: int, call: Ints, n: Ints | int) -> Floats:
    return uniforms(mixed(mixed(key, call), n))


@dataclass(frozen=True)
class Policy:
    """How clients of an actor meet failure; `resume_after_us` None means that they give up."""

    timeout_us: int
    resume_after_us: int | None

    def pause_us(self, status: int, chains_down: int) -> int | None:
        """The pause after a chain that ended so, None if the call is given up.

        `chains_down` of its chains, this one included, ended with an error that is not of limits.
        """
        stops = status == CLIENT_TIMEOUT or chains_down >= MOST_CHAINS
        return None if stops else self.resume_after_us


@dataclass(frozen=True)
class CallConditions:
    """All that decides what becomes of a call, apart from the call and its time.

    Attributes
    ----------
    provider : ProviderConditions
        Slowdown, failures and limits by time.
    failures : FailureDraws
        Uniforms of the actor that decide which attempts fail, and the pauses after them.
    policy : Policy
        When clients of the actor hang up, and whether they resume.
    until_us : int
        End of the log. Nothing is attempted from then on.
    """

    provider: ProviderConditions
    failures: FailureDraws
    policy: Policy
    until_us: int


class Calls(NamedTuple):
    """Calls to be made; `call` is the serial number, times are at normal speed.

    `fate` is what decides whether the first attempt fails, `FailureDraws.failure(call, 0)`.
    Calls of a `batch` are answered when there is time: load does not slow them, and nobody hangs
    up.
    """

    call: Ints
    ttft_us: Ints
    generation_us: Ints
    fate: Floats
    batch: Bools

    def pick(self, index: Ints) -> Calls:
        columns: Any = (column[index] for column in self)
        return Calls(*columns)


class Attempts(NamedTuple):
    """Attempts; `call` indexes the calls, `number` counts the attempts of a call from 0."""

    call: Ints
    number: Ints
    begins_us: Ints
    ttft_us: Ints
    ends_us: Ints
    status: Ints

    @property
    def resend(self) -> Ints:
        """Place in the chain of an attempt and its retries."""
        return self.number % (RETRIES + 1)

    def pick(self, index: Ints | Bools) -> Attempts:
        return Attempts(*(column[index] for column in self))


def make(
    calls: Calls,
    requested_us: Ints,
    conditions: CallConditions,
) -> tuple[Ints, Bools, list[Attempts]]:
    """Return (end of each call, whether it was given up, attempts before the end by number).

    A call that is still being tried at the end of the log ends there for good: nothing after that
    is in the log.
    """
    failures, policy, until_us = conditions.failures, conditions.policy, conditions.until_us
    ends, given_up = requested_us.copy(), np.zeros(len(requested_us), np.bool_)
    index, begins = np.arange(len(requested_us)), requested_us
    tries: list[Attempts] = []
    n = 0
    # a call has MOST_CHAINS chains at most, and none goes on beyond `until_us`
    while len(index):
        attempt = _try(calls, index, begins, n, conditions)
        tries.append(attempt)
        ends[index] = attempt.ends_us
        failed = np.flatnonzero(attempt.status != OK)
        if not len(failed):
            break
        index, ended, status = index[failed], attempt.ends_us[failed], attempt.status[failed]
        retry = n % (RETRIES + 1)
        if retry < RETRIES:
            begins = ended + failures.backoff_us(calls.call[index], n, retry)
        else:
            # without limits every chain that goes on ended with an error of the provider
            is_last = n // (RETRIES + 1) + 1 >= MOST_CHAINS or policy.resume_after_us is None
            goes_on = (status != CLIENT_TIMEOUT) & (not is_last)
            given_up[index[~goes_on]] = True
            index, ended = index[goes_on], ended[goes_on]
            begins = ended + (policy.resume_after_us or 0)
        inside = begins < until_us
        ends[index[~inside]] = np.maximum(begins[~inside], until_us)
        index, begins = index[inside], begins[inside]
        n += 1
    return ends, given_up, tries


def _try(
    calls: Calls,
    index: Ints,
    begins: Ints,
    n: int,
    conditions: CallConditions,
) -> Attempts:
    """Attempt `n` of the calls `index` (all of them, if it is the first)."""
    provider, failures = conditions.provider, conditions.failures
    segment = provider.segment(begins)
    made = calls if n == 0 else calls.pick(index)
    slowdown = np.where(made.batch, 1.0, provider.slowdown[segment])
    u = failures.failure(made.call, n) if n else made.fate
    ttft = np.rint(made.ttft_us * slowdown).astype(np.int64)
    duration = ttft + np.rint(made.generation_us * slowdown).astype(np.int64)
    status = np.full(len(index), OK)
    overload = provider.overload[segment]
    bad = np.flatnonzero(u < overload + provider.server_error[segment])
    if len(bad):
        status[bad] = np.where(u[bad] < overload[bad], OVERLOADED, SERVER_ERROR)
        duration[bad] = failures.error_us(made.call[bad], n)
    # whoever hangs up first hears neither an answer nor an error
    patience = np.where(made.batch, FOREVER_US, conditions.policy.timeout_us)
    status[duration > patience] = CLIENT_TIMEOUT
    duration = np.minimum(duration, patience)
    return Attempts(index, np.full(len(index), n), begins, ttft, begins + duration, status)
