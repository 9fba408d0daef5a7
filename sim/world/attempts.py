"""Attempts, how they end, and what all calls of an actor have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sim.arrays.types import Bools, Ints
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
