"""Workers that take tickets from a queue, first come first served (closed loop)."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import simpy


@dataclass
class Batch:
    """Consecutive tickets of a queue: when each is released, and how long it will take.

    `span_us(ticket, start_us)` is the time a ticket takes. `round` numbers the rounds of a queue
    whose next round waits for the last ticket of the one before. `starts_us` fills up, in order,
    as workers take the tickets.
    """

    release_us: list[int]
    span_us: Callable[[int, int], int]
    round: int = 0
    starts_us: list[int] = field(default_factory=list)

    @property
    def begun(self) -> int:
        return len(self.starts_us)

    @property
    def used_up(self) -> bool:
        return len(self.starts_us) == len(self.release_us)


class Workforce:
    """SimPy processes, one per worker, over the batches that `current` hands out.

    `current(now_us)` returns the batch with the next ticket, or None when there is no more work.
    A worker that is free takes the next ticket even before its release and begins it then, which
    is the first-come-first-served queue: each ticket starts at the later of its release and the
    time at which the next worker gets free.
    """

    def __init__(self, workers_from_us: list[int], current: Callable[[int], Batch | None]) -> None:
        self._workers_from_us = workers_from_us
        self._current = current
        self._in_flight = 0
        self._round = 0
        self._round_over: simpy.Event | None = None

    def start(self, env: simpy.Environment) -> None:
        for from_us in self._workers_from_us:
            env.process(self._worker(env, from_us))

    def _worker(self, env: simpy.Environment, from_us: int) -> Generator[simpy.Event, None, None]:
        current, timeout = self._current, env.timeout
        yield timeout(from_us - env.now)
        now = from_us
        while (batch := current(now)) is not None:
            if batch.round != self._round:
                if self._in_flight:
                    yield self._end_of_round(env)
                    now = int(env.now)
                    continue
                self._round = batch.round
            starts = batch.starts_us
            ticket = len(starts)
            start = max(now, batch.release_us[ticket])
            starts.append(start)
            self._in_flight += 1
            end = start + batch.span_us(ticket, start)
            yield timeout(end - now)
            now = end
            self._in_flight -= 1
            if not self._in_flight and self._round_over is not None:
                self._round_over.succeed()
                self._round_over = None

    def _end_of_round(self, env: simpy.Environment) -> simpy.Event:
        if self._round_over is None:
            self._round_over = env.event()
        return self._round_over
