"""Workers that take tickets from a queue, first come first served (closed loop)."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import simpy


@dataclass
class Batch:
    """Consecutive tickets of a queue: when each is released, and how long it will take.

    `span_us(ticket, start_us)` is the time a ticket takes. `round` numbers the rounds of a queue
    whose next round waits for the last ticket of the one before. Workers who get free at `until_us`
    or later leave what remains of the batch; None means that they do not. `starts_us` fills up, in
    order, as workers take the tickets.
    """

    release_us: list[int]
    span_us: Callable[[int, int], int]
    round: int = 0
    until_us: int | None = None
    starts_us: list[int] = field(default_factory=list)

    @property
    def begun(self) -> int:
        return len(self.starts_us)

    @property
    def used_up(self) -> bool:
        return len(self.starts_us) == len(self.release_us)


class Workers:
    """The workers of a queue over the batches that `current` hands out.

    `current(now_us)` returns the batch with the next ticket, or None when there is no more work.
    A worker that is free takes the next ticket even before its release and begins it then. So
    each ticket starts at the later of its release and the time at which the next worker gets
    free: a heap of these times is the whole state of the queue (Kiefer and Wolfowitz 1955).
    """

    def __init__(self, workers_from_us: list[int], current: Callable[[int], Batch | None]) -> None:
        self._free_us = sorted(workers_from_us)
        self._current = current
        self._round = 0
        self._last_end_us = self._free_us[0]

    def start(self, env: simpy.Environment, every_us: int, until_us: int) -> None:
        """Have the workers go on until then, `every_us` of simulated time at a time."""
        env.process(self._work(env, every_us, until_us))

    def _work(
        self, env: simpy.Environment, every_us: int, until_us: int
    ) -> Generator[simpy.Event, None, None]:
        while self._take_until(min(int(env.now) + every_us, until_us)):
            yield env.timeout(every_us)

    def _take_until(self, until_us: int) -> bool:
        """Hand tickets to all who get free before `until_us`; False when there is no more work."""
        free = self._free_us
        # each pass hands out tickets, which take time, or ends a round
        while (now := free[0]) < until_us:
            batch = self._current(now)
            if batch is None:
                return False
            if batch.round == self._round:
                ends = until_us if batch.until_us is None else min(until_us, batch.until_us)
                self._take(batch, ends)
            else:
                self._end_round(now, batch.round)
        return True

    def _take(self, batch: Batch, until_us: int) -> None:
        free, starts, span, replace = (
            self._free_us,
            batch.starts_us,
            batch.span_us,
            heapq.heapreplace,
        )
        last_end_us = self._last_end_us
        ticket = len(starts)
        for release_us in batch.release_us[ticket:]:
            start = free[0]
            if start >= until_us:
                break
            if start < release_us:
                start = release_us
            starts.append(start)
            end = start + span(ticket, start)
            replace(free, end)
            if end > last_end_us:
                last_end_us = end
            ticket += 1
        self._last_end_us = last_end_us

    def _end_round(self, now_us: int, round_: int) -> None:
        """Whoever is free before the last ticket of the round has ended waits for that."""
        self._round = round_
        if self._last_end_us > now_us:
            self._free_us[:] = sorted(max(f, self._last_end_us) for f in self._free_us)
