"""Workers of a queue some of whose organisations hit a limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from sim.actors.context import ActorContext
from sim.actors.queue.ticket_queue import Filled, TicketQueue
from sim.actors.workload import Block
from sim.arrays.types import Bools
from sim.scaffold.rows import RowMaker
from sim.world.attempts import Attempts
from sim.world.rate_limited import Work


@dataclass(eq=False)
class _UnderLimits:
    """The tickets of a batch that are worked off event by event, `in_progress` of them begun."""

    filled: Filled
    work: Work
    in_progress: int = 0
    attempts: list[Attempts] = field(default_factory=list)

    def block(
        self, make: RowMaker, context: ActorContext, queue: TicketQueue, *, is_over: bool
    ) -> Block:
        """Rows of the attempts made since the last time; rows of the tasks at the end."""
        drawn, placement = self.filled.drawn, self.filled.placement
        tried, read = self.work.take()
        made, kept = queue.permitted(self.filled, tried)
        read = read[kept]
        self.attempts.append(made)
        inside = context.is_in_log(made)
        rows = make(drawn, placement, made.pick(inside), read[inside])
        if not is_over:
            return Block(rows, {})
        whole = Attempts(*(np.concatenate(c) for c in zip(*self.attempts, strict=True)))
        return Block(rows, context.tasks(drawn, placement, whole))


class LimitedWorkers:
    """The workers of a queue, as callbacks of the event loop.

    Tickets of the `limited` organisations are worked off event by event; of the others it is
    known when they end, once they are begun.
    """

    def __init__(
        self,
        context: ActorContext,
        queue: TicketQueue,
        opens_us: int,
        workers_from_us: list[int],
        limited: Bools,
    ) -> None:
        self._context, self._queue, self._limited = context, queue, limited
        self._loop = context.event_loop(opens_us)
        self._parts: list[_UnderLimits] = []
        self._in_flight = self._waiting = self._round = 0
        for worker, from_us in enumerate(workers_from_us):
            self._loop.call_at(from_us, worker, self._free)

    @property
    def is_idle(self) -> bool:
        """Whether there is no more work, and all that was begun has ended."""
        return self._loop.is_idle

    def run(self, until_us: int) -> None:
        """Work until then."""
        self._loop.run(until_us)

    def blocks(self, make: RowMaker, until_us: int) -> Iterator[Block]:
        """What was done event by event since the last time; `until_us` was run to."""
        at_end = until_us == self._context.horizon_us
        for part in self._parts:
            yield part.block(
                make, self._context, self._queue, is_over=at_end or self._is_over(part)
            )
        self._parts = [part for part in self._parts if not self._is_over(part)]

    def _is_over(self, part: _UnderLimits) -> bool:
        return part.filled is not self._queue.newest and not part.in_progress

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
        if not self._parts or self._parts[-1].filled is not filled:
            self._parts.append(_UnderLimits(filled, Work(filled.drawn.shape)))
        part = self._parts[-1]
        part.in_progress += 1

        def end(now_us: int) -> None:
            part.in_progress -= 1
            self._done(now_us)

        self._loop.open(part.work, ticket, start_us, end)

    def _done(self, now_us: int) -> None:
        self._in_flight -= 1
        free, self._waiting = (1 + self._waiting, 0) if not self._in_flight else (1, self._waiting)
        for _ in range(free):
            self._free(now_us)
