"""Workers that take tickets from a queue, first come first served (closed loop)."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import simpy


@dataclass
class Batch:
    """Consecutive tickets of a queue.

    Attributes
    ----------
    release_us
        When each ticket may begin, not before.
    service_us
        Returns the time that a ticket takes, given its number and its start.
    round
        Number of the round. A round begins when the last ticket of the round before has ended.
    until_us
        Workers that get free then or later leave the rest of the batch; None if they never do.
    starts_us
        Fills up, in order, as workers take the tickets.
    """

    release_us: list[int]
    service_us: Callable[[int, int], int]
    round: int = 0
    until_us: int | None = None
    starts_us: list[int] = field(default_factory=list)

    @property
    def begun(self) -> int:
        """How many tickets have been taken."""
        return len(self.starts_us)

    @property
    def used_up(self) -> bool:
        """Whether all tickets have been taken."""
        return len(self.starts_us) == len(self.release_us)


class Workers:
    """A G/G/c queue: c workers that serve tickets first come, first served.

    A free worker takes the next ticket even before its release, and begins it then. So each ticket
    starts at the later of its release and the time at which the next worker gets free. The workload
    vector of Kiefer and Wolfowitz (1955, "On the theory of queues with many servers"), kept as a
    heap of the times at which workers get free, is the whole state of the queue.
    """

    def __init__(self, workers_from_us: list[int], current: Callable[[int], Batch | None]) -> None:
        """Make the workers.

        Parameters
        ----------
        workers_from_us
            When each worker begins, at least one.
        current
            Returns the batch that holds the next ticket at a time, None when there is no more
            work.
        """
        self._free_us = sorted(workers_from_us)
        self._current = current
        self._round = 0
        self._last_end_us = self._free_us[0]

    def start(self, env: simpy.Environment, every_us: int, until_us: int) -> None:
        """Make the workers go on until then, `every_us` of simulated time at a time."""
        env.process(self._work(env, every_us, until_us))

    def _work(
        self, env: simpy.Environment, every_us: int, until_us: int
    ) -> Generator[simpy.Event, None, None]:
        while self._take_until(min(int(env.now) + every_us, until_us)):
            yield env.timeout(every_us)

    def _take_until(self, until_us: int) -> bool:
        """Hand tickets to all who get free before `until_us`; False when there is no more work."""
        # each pass hands out tickets, which take time, or ends a round
        while (now := self._free_us[0]) < until_us:
            batch = self._current(now)
            if batch is None:
                return False
            if batch.round == self._round:
                ends_us = until_us if batch.until_us is None else min(until_us, batch.until_us)
                self._take(batch, ends_us)
            else:
                self._end_round(now, batch.round)
        return True

    def _take(self, batch: Batch, until_us: int) -> None:
        """Hand out tickets of a batch to workers that get free before `until_us`."""
        # attributes that are read for every ticket
        free, starts, service_us = self._free_us, batch.starts_us, batch.service_us
        heapreplace, last_end_us = heapq.heapreplace, self._last_end_us

        ticket = len(starts)
        for release_us in batch.release_us[ticket:]:
            start = free[0]
            if start >= until_us:
                break
            if start < release_us:
                start = release_us
            starts.append(start)
            end = start + service_us(ticket, start)
            heapreplace(free, end)
            if end > last_end_us:
                last_end_us = end
            ticket += 1
        self._last_end_us = last_end_us

    def _end_round(self, now_us: int, round_: int) -> None:
        """Make everyone who is free wait until the last ticket of the round has ended."""
        self._round = round_
        if self._last_end_us > now_us:
            self._free_us[:] = sorted(max(f, self._last_end_us) for f in self._free_us)
