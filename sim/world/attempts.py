"""What becomes of calls: their attempts, all calls at once, while no limit is in the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sim.arrays.time import FOREVER_US
from sim.arrays.types import Bools, Floats, Ints
from sim.world.conditions import ProviderConditions
from sim.world.failures import FailureDraws

OK, BLOCKED, RATE_LIMIT, OVERLOADED, SERVER_ERROR, CLIENT_TIMEOUT = 200, 403, 429, 529, 500, 499
ERROR_TYPES = {
    BLOCKED: "permission_error",
    RATE_LIMIT: "rate_limit_error",
    OVERLOADED: "overloaded_error",
    SERVER_ERROR: "api_error",
    CLIENT_TIMEOUT: "client_timeout",
}
# An attempt and its retries are a chain.
RETRIES = 2
# A call is given up after so many chains that ended with one of the errors `DOWN`.
MOST_CHAINS = 60
DOWN = (OVERLOADED, SERVER_ERROR)


@dataclass(frozen=True)
class RetryPolicy:
    """How clients of an actor meet failure.

    Attributes
    ----------
    timeout_us : int
        After so long without an answer a client hangs up.
    resume_after_us : int or None
        Pause between a chain that failed and the next chain. None: the call is given up.
    """

    timeout_us: int
    resume_after_us: int | None

    def pause_us(self, status: int, chains_down: int) -> int | None:
        """Return the pause after a failed chain, None if the call is given up.

        Parameters
        ----------
        status : int
            Status of the last attempt of the chain. After a timeout the call is given up.
        chains_down : int
            Chains of the call, this one included, that ended with one of the errors `DOWN`.
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
    policy : RetryPolicy
        When clients of the actor hang up, and whether they resume.
    until_us : int
        End of the log. Nothing is attempted from then on.
    """

    provider: ProviderConditions
    failures: FailureDraws
    policy: RetryPolicy
    until_us: int


class Calls(NamedTuple):
    """Calls to be made; arrays of shape (M,), times at normal speed.

    Attributes
    ----------
    serial : array of int
        Serial number of the call, which keys its random numbers.
    ttft_us, generation_us : array of int
        Time to first token, and from there to the end of the answer.
    failure_draw : array of float
        `FailureDraws.failure(serial, 0)`: decides whether the first attempt fails.
    batch : array of bool
        Calls that are answered when there is time: load does not slow them, nobody hangs up.
    """

    serial: Ints
    ttft_us: Ints
    generation_us: Ints
    failure_draw: Floats
    batch: Bools

    def pick(self, index: Ints) -> Calls:
        """Select calls by index array."""
        columns: Any = (column[index] for column in self)
        return Calls(*columns)


class Attempts(NamedTuple):
    """Attempts; arrays of shape (A,).

    Attributes
    ----------
    call : array of int
        Index of the call in the arrays of calls that the attempts belong to.
    number : array of int
        Counts the attempts of a call from 0, over all its chains.
    begins_us, ends_us : array of int
        When the request is sent, and when its client knows what became of it.
    ttft_us : array of int
        Time to first token, of use only if the attempt was answered.
    status : array of int
        HTTP status, one of the constants of this module.
    """

    call: Ints
    number: Ints
    begins_us: Ints
    ttft_us: Ints
    ends_us: Ints
    status: Ints

    @property
    def resend(self) -> Ints:
        """Place in the chain of an attempt and its retries, 0 to `RETRIES`."""
        return self.number % (RETRIES + 1)

    def pick(self, index: Ints | Bools) -> Attempts:
        """Select attempts by index array or mask."""
        return Attempts(*(column[index] for column in self))


def make_attempts(
    calls: Calls, requested_us: Ints, conditions: CallConditions
) -> tuple[Ints, Bools, list[Attempts]]:
    """Make calls, each until it is answered or given up, as if there were no limits.

    All calls that come to attempt number n are tried at once; those that fail go on to n + 1.

    Parameters
    ----------
    calls : Calls
        M calls that do not depend on each other.
    requested_us : array of int, shape (M,)
        When each is first attempted.
    conditions : CallConditions
        Only first attempts may begin at `until_us` or later.

    Returns
    -------
    ends_us : array of int, shape (M,)
        When each call is over. One that is still being tried at `until_us` ends when its next
        attempt would have begun: nothing after that is in the log.
    given_up : array of bool, shape (M,)
        Calls that were not answered, and for which no attempt is to follow.
    attempts : list of Attempts
        Attempts number 0 of all calls, attempts number 1 of those that need one, and so on.
    """
    failures, policy, until_us = conditions.failures, conditions.policy, conditions.until_us
    ends_us, given_up = requested_us.copy(), np.zeros(len(requested_us), np.bool_)
    index, begins_us = np.arange(len(requested_us)), requested_us
    by_number: list[Attempts] = []
    n = 0
    # a call has MOST_CHAINS chains at most, and none goes on beyond `until_us`
    while len(index):
        attempts = _attempt(calls, index, begins_us, n, conditions)
        by_number.append(attempts)
        ends_us[index] = attempts.ends_us
        failed = np.flatnonzero(attempts.status != OK)
        if not len(failed):
            break
        index, failed_us, status = index[failed], attempts.ends_us[failed], attempts.status[failed]

        retry = n % (RETRIES + 1)
        if retry < RETRIES:
            begins_us = failed_us + failures.backoff_us(calls.serial[index], n, retry)
        else:
            # without limits every chain that goes on ended with an error of the provider
            is_last = n // (RETRIES + 1) + 1 >= MOST_CHAINS or policy.resume_after_us is None
            goes_on = (status != CLIENT_TIMEOUT) & (not is_last)
            given_up[index[~goes_on]] = True
            index, failed_us = index[goes_on], failed_us[goes_on]
            begins_us = failed_us + (policy.resume_after_us or 0)

        inside = begins_us < until_us
        ends_us[index[~inside]] = begins_us[~inside]
        index, begins_us = index[inside], begins_us[inside]
        n += 1
    return ends_us, given_up, by_number


def _attempt(
    calls: Calls, index: Ints, begins_us: Ints, n: int, conditions: CallConditions
) -> Attempts:
    """Make attempt `n` of the calls `index`; these are all calls if it is the first."""
    provider, failures = conditions.provider, conditions.failures
    segment = provider.segment(begins_us)
    tried = calls if n == 0 else calls.pick(index)

    slowdown = np.where(tried.batch, 1.0, provider.slowdown[segment])
    ttft_us = np.rint(tried.ttft_us * slowdown).astype(np.int64)
    duration_us = ttft_us + np.rint(tried.generation_us * slowdown).astype(np.int64)
    status = np.full(len(index), OK)

    draw = failures.failure(tried.serial, n) if n else tried.failure_draw
    overload = provider.overload[segment]
    fails = np.flatnonzero(draw < overload + provider.server_error[segment])
    if len(fails):
        status[fails] = np.where(draw[fails] < overload[fails], OVERLOADED, SERVER_ERROR)
        duration_us[fails] = failures.error_us(tried.serial[fails], n)

    # who hangs up first hears neither an answer nor an error
    patience_us = np.where(tried.batch, FOREVER_US, conditions.policy.timeout_us)
    status[duration_us > patience_us] = CLIENT_TIMEOUT
    duration_us = np.minimum(duration_us, patience_us)
    number = np.full(len(index), n)
    return Attempts(index, number, begins_us, ttft_us, begins_us + duration_us, status)
