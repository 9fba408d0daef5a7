"""The workers of a queue some of whose organisations hit a limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from sim.actors.context import ActorContext
from sim.actors.queue.ticket_queue import DrawnBatch, TicketQueue
from sim.actors.workload import Block
from sim.arrays.types import Bools
from sim.scaffold.rows import RowMaker
from sim.scaffold.task_rows import no_tasks
from sim.world.attempts import Attempts
from sim.world.rate_limited import Work


@dataclass(eq=False)
class _LimitedBatch:
    """The tickets of a batch that are worked off event by event, `in_progress` of them begun."""

    batch: DrawnBatch
    work: Work
    in_progress: int = 0
    attempts: list[Attempts] = field(default_factory=list)

    def block(
        self, make: RowMaker, context: ActorContext, queue: TicketQueue, *, is_over: bool
    ) -> Block:
        """Return rows of the attempts made since the last time; rows of the tasks at the end."""
        drawn, placement = self.batch.drawn, self.batch.placement
        attempts, read = self.work.drain()
        attempts, rows = queue.permitted(self.batch, attempts)
        self.attempts.append(attempts)

        logged = context.is_in_log(attempts)
        exchanges = make(drawn, placement, attempts.pick(logged), read[rows][logged])
        if not is_over:
            return Block(exchanges, no_tasks())
        columns = zip(*self.attempts, strict=True)
        all_attempts = Attempts(*(np.concatenate(column) for column in columns))
        return Block(exchanges, context.service.task_rows(drawn, placement, all_attempts))


class LimitedWorkers:
    """The workers of a queue, as callbacks of the rate-limited event loop.

    Tickets of the `limited` organisations are worked off event by event, because a refusal delays
    their worker. Of the others it is known when they end, once they are begun. A round waits for
    the last ticket of the round before, as with `Workers`.
    """

    def __init__(
        self,
        context: ActorContext,
        queue: TicketQueue,
        opens_us: int,
        workers_from_us: list[int],
        limited: Bools,
    ) -> None:
        """Prepare the workers; `limited` is by organisation, `workers_from_us` by worker."""
        self._context, self._queue, self._limited = context, queue, limited
        self._loop = context.service.event_loop(opens_us)
        self._limited_batches: list[_LimitedBatch] = []
        self._in_flight = self._waiting = self._round = 0
        for worker, from_us in enumerate(workers_from_us):
            self._loop.call_at(from_us, worker, self._serve_next)

    @property
    def is_idle(self) -> bool:
        """Whether there is no more work, and all that was begun has ended."""
        return self._loop.is_idle

    def run(self, until_us: int) -> None:
        """Work until then."""
        self._loop.run(until_us)

    def blocks(self, make: RowMaker, until_us: int) -> Iterator[Block]:
        """Yield what was done event by event since the last time; `until_us` was run to."""
        at_end = until_us == self._context.horizon_us
        for part in self._limited_batches:
            is_over = at_end or self._is_over(part)
            yield part.block(make, self._context, self._queue, is_over=is_over)
        self._limited_batches = [part for part in self._limited_batches if not self._is_over(part)]

    def _is_over(self, part: _LimitedBatch) -> bool:
        return part.batch is not self._queue.newest and not part.in_progress

    def _serve_next(self, now_us: int) -> None:
        """Give the next ticket to a worker that is free, or let it wait for the round."""
        current = self._queue.current(now_us)
        if current is None:
            return
        batch = current.batch
        if batch.round != self._round:
            if self._in_flight:
                self._waiting += 1
                return
            self._round = batch.round

        ticket = batch.begun
        start_us = max(now_us, batch.release_us[ticket])
        batch.starts_us.append(start_us)
        self._in_flight += 1
        if self._limited[current.organisation[ticket]]:
            self._serve_by_events(current, ticket, start_us)
        else:
            end_us = start_us + batch.service_us(ticket, start_us)
            self._loop.end_at(end_us, current.last_call[ticket], self._done)

    def _serve_by_events(self, batch: DrawnBatch, ticket: int, start_us: int) -> None:
        """Open a ticket in the event loop, which calls back when it has ended."""
        batch.service_times.skip()
        if not self._limited_batches or self._limited_batches[-1].batch is not batch:
            self._limited_batches.append(_LimitedBatch(batch, Work(batch.drawn.calls)))
        part = self._limited_batches[-1]
        part.in_progress += 1

        def end(now_us: int) -> None:
            part.in_progress -= 1
            self._done(now_us)

        self._loop.open(part.work, ticket, start_us, end)

    def _done(self, now_us: int) -> None:
        """Free the worker of a ticket that has ended, and at the end of a round all who wait."""
        self._in_flight -= 1
        free = 1
        if not self._in_flight:
            free, self._waiting = 1 + self._waiting, 0
        for _ in range(free):
            self._serve_next(now_us)
