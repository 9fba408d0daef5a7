"""Workers of a queue some of whose organisations hit a limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sim.actors.batches import Filled, TicketQueue
from sim.actors.workload import Block, Stage
from sim.scaffold.rows import exchange_rows
from sim.world.contended import Work

Bools = NDArray[np.bool_]


class Crew:
    """The workers of a queue, as callbacks of the event loop.

    Tickets of the `limited` organisations are worked off event by event; of the others it is
    known when they end, once they are begun.
    """

    def __init__(
        self, stage: Stage, queue: TicketQueue, workers_from_us: list[int], limited: Bools
    ) -> None:
        self._stage, self._queue, self._limited = stage, queue, limited
        self._loop = stage.event_loop(min(workers_from_us))
        self._works: list[tuple[Filled, Work]] = []
        self._in_flight = self._waiting = self._round = 0
        self._open: Counter[int] = Counter()
        for worker, from_us in enumerate(workers_from_us):
            self._loop.call_at(from_us, worker, self._free)

    def run(self, until_us: int) -> None:
        """Work until then."""
        self._loop.run(until_us)

    def blocks(self, until_us: int) -> Iterator[Block]:
        """What was done event by event since the last time; `until_us` was run to."""
        stage = self._stage
        for filled, work in self._works:
            attempts, read = work.take()
            filled.attempts.append(attempts)
            kept = stage.is_in_log(attempts)
            inside = attempts.pick(kept)
            rows = exchange_rows(filled.drawn, filled.placement, inside, read[kept])
            over = self._is_over(filled) or until_us == stage.horizon_us
            yield Block(rows, filled.tasks(stage) if over else {})
        self._works = [(f, w) for f, w in self._works if not self._is_over(f)]

    def _is_over(self, filled: Filled) -> bool:
        return filled is not self._queue.newest and not self._open[id(filled)]

    def _free(self, now_us: int) -> None:
        """A worker has nothing to do: give it the next ticket, or let it wait for the round."""
        filled = self._queue.current(now_us)
        if filled is None:
            return
        batch = filled.batch
        if batch.round != self._round:
            if self._in_flight:
                self._waiting += 1
                return
            self._round = batch.round
        ticket = batch.begun
        start = max(now_us, batch.release_us[ticket])
        batch.starts_us.append(start)
        self._in_flight += 1
        if self._limited[filled.organisation[ticket]]:
            self._begin(filled, ticket, start)
        else:
            end = start + batch.span_us(ticket, start)
            self._loop.end_at(end, filled.last_call[ticket], self._done)

    def _begin(self, filled: Filled, ticket: int, start_us: int) -> None:
        filled.spans.skip()
        if not self._works or self._works[-1][0] is not filled:
            self._works.append((filled, Work(filled.drawn.shape)))
        self._open[id(filled)] += 1

        def end(now_us: int) -> None:
            self._open[id(filled)] -= 1
            self._done(now_us)

        self._loop.open(self._works[-1][1], ticket, start_us, end)

    def _done(self, now_us: int) -> None:
        self._in_flight -= 1
        free, self._waiting = (1 + self._waiting, 0) if not self._in_flight else (1, self._waiting)
        for _ in range(free):
            self._free(now_us)
