"""The reviewers of a provider: a queue with a capacity."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator

import simpy

from sim.arrays.time import SECOND_US
from sim.enforcement.accounts import AccountState

_DAY_S = 86_400
_CASES_PER_REVIEWER_DAY = 24


class Reviews:
    """Cases reviewed first come first served, `per_day` of them when there are enough.

    The reviewers are as many as need about an hour for a case, at least one; the time they
    take is such that their capacity is `per_day`.
    """

    def __init__(self, env: simpy.Environment, per_day: float) -> None:
        servers = max(1, round(per_day / _CASES_PER_REVIEWER_DAY))
        self._env = env
        self._reviewers = simpy.Resource(env, capacity=servers)
        self._takes_us = max(1, round(servers / per_day * _DAY_S)) * SECOND_US
        self._waiting: deque[tuple[AccountState, int]] = deque()
        self.done = 0

    @property
    def backlog(self) -> int:
        """Cases of live accounts for which nobody had time yet."""
        return sum(life.is_live and life.stint == stint for life, stint in self._waiting)

    def review(self, life: AccountState) -> Generator[simpy.Event, None, None]:
        """Wait for the end of a review, which takes no time if the account was banned meanwhile."""
        stint = life.stint
        self._waiting.append((life, stint))
        with self._reviewers.request() as turn:
            yield turn
            self._waiting.popleft()
            if life.stint == stint:
                yield self._env.timeout(self._takes_us)
                self.done += 1
