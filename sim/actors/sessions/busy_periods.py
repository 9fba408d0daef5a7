"""Stretches of an organisation's work between pauses so long that nothing is left of before."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from sim.arrays.types import Bools, Ints
from sim.world.rate_limited import RateLimitedLoop, Work


class BusyPeriods:
    """Sessions cut into stretches, each of one organisation; arrays of shape (sessions,).

    After a pause in which its buckets fill up and its cache expires, an organisation meets the
    provider as if for the first time. So what happens in one stretch does not depend on those
    before, unless a limit makes them last longer. `of_session` numbers the stretches.
    """

    def __init__(self, organisation: Ints, start_us: Ints, end_us: Ints, forget_us: Ints) -> None:
        """`forget_us` is the pause by organisation after which nothing is left."""
        self._order = order = np.lexsort((start_us, organisation))
        self._start_us = start_us
        owner, start, end = organisation[order], start_us[order], end_us[order]
        new_owner = np.diff(owner, prepend=-1) != 0
        # the latest end so far, with organisations set apart from each other
        rank = np.cumsum(new_owner) - 1
        apart = int(end.max(initial=0) - start.min(initial=0)) + 1
        latest = np.maximum.accumulate(end + rank * apart) - rank * apart
        rested = start[1:] > latest[:-1] + forget_us[owner[1:]]
        opens = new_owner | np.concatenate([[True], rested])[: len(order)]
        self._first = np.flatnonzero(opens)
        self._owner = owner[self._first]
        self._forget_us = forget_us
        number = np.cumsum(opens) - 1
        self.of_session: Ints = np.empty(len(order), np.int64)
        self.of_session[order] = number

    def __len__(self) -> int:
        return len(self._first)

    def simulate(
        self,
        limited: Bools,
        loop: Callable[[int], RateLimitedLoop],
        work_of: Callable[[int], tuple[Work, int]],
        horizon_us: int,
    ) -> Bools:
        """Simulate the `limited` stretches event by event; return which ones were.

        `loop(from_us)` makes an event loop, `work_of` tells a session's place in some work.
        Where a limit makes a stretch last into the pause, the one after it is simulated too.
        """
        done = limited.copy()
        at = 0
        while at < len(self):
            if limited[at]:
                at = self._run(at, done, loop, work_of, horizon_us)
            else:
                at += 1
        return done

    def _run(
        self,
        at: int,
        done: Bools,
        loop: Callable[[int], RateLimitedLoop],
        work_of: Callable[[int], tuple[Work, int]],
        horizon_us: int,
    ) -> int:
        """Simulate stretch `at` and those it runs into; return the number of the next."""
        engine = loop(self._starts_us(at))
        # each pass goes to the next stretch of the owner, of whom there is a last one
        while True:
            done[at] = True
            for session in self._sessions(at):
                engine.open(*work_of(session), int(self._start_us[session]))
            at += 1
            if at == len(self) or self._owner[at] != self._owner[at - 1]:
                engine.run(horizon_us)
                return at
            rest_us = self._starts_us(at) - int(self._forget_us[self._owner[at]])
            engine.run(rest_us)
            if engine.is_idle and engine.last_end_us < rest_us:
                return at

    def _starts_us(self, at: int) -> int:
        return int(self._start_us[self._order[self._first[at]]])

    def _sessions(self, at: int) -> Iterator[int]:
        last = self._first[at + 1] if at + 1 < len(self) else len(self._order)
        yield from self._order[self._first[at] : last].tolist()
