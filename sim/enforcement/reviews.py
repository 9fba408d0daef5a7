"""The reviewers of a provider: a queue with a capacity."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator

import simpy

from sim.arrays.time import DAY_US, SECOND_US
from sim.enforcement.account_states import AccountState

_DAY_S = DAY_US // SECOND_US
_CASES_PER_REVIEWER_DAY = 24


class Reviews:
    """Cases reviewed first come first served: a queue G/D/c with c reviewers.

    There are as many reviewers as need about an hour for a case, at least one; the time they take
    is such that together they do `per_day` cases a day.

    Parameters
    ----------
    env
        The clock, in microseconds.
    per_day
        Cases a day, above 0, that the reviewers do when there are enough.
    """

    def __init__(self, env: simpy.Environment, per_day: float) -> None:
        reviewers = max(1, round(per_day / _CASES_PER_REVIEWER_DAY))
        self._env = env
        self._reviewers = simpy.Resource(env, capacity=reviewers)
        self._takes_us = max(1, round(reviewers / per_day * _DAY_S)) * SECOND_US
        self._waiting: deque[tuple[AccountState, int]] = deque()
        self.done = 0

    @property
    def backlog(self) -> int:
        """Cases of live accounts for which nobody had time yet."""
        return sum(account.is_live and account.stint == stint for account, stint in self._waiting)

    def review(self, account: AccountState) -> Generator[simpy.Event, None, None]:
        """Wait for the end of a review, which takes no time if the account was banned meanwhile."""
        stint = account.stint
        self._waiting.append((account, stint))
        with self._reviewers.request() as turn:
            yield turn
            self._waiting.popleft()
            if account.stint == stint:
                yield self._env.timeout(self._takes_us)
                self.done += 1
