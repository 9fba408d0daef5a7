"""Workers that take tickets from a queue, first come first served (closed loop)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from sim.actors.context import ActorContext
from sim.actors.queue.ticket_queue import DrawnBatch, TicketQueue
from sim.actors.workload import Block
from sim.arrays.time import FOREVER_US
from sim.arrays.types import Bools, Ints
from sim.scaffold.exchange_records import Exchanges, Records
from sim.scaffold.rows import RowMaker
from sim.scaffold.task_rows import no_tasks
from sim.world.attempts import Attempts
from sim.world.event_loop import LoopCalls
from sim.world.timing import solve_timing


@dataclass(eq=False)
class _BegunBatch:
    """A batch of which workers have taken tickets, and the attempts of these.

    `taken` counts tickets. `seen` are those of slices before; the prompts of those in `back` have
    gone back to their list.
    """

    batch: DrawnBatch
    calls: LoopCalls
    back: Bools
    taken: int = 0
    seen: int = 0
    attempts: list[Attempts] = field(default_factory=list)


class Workers:
    """A G/G/c queue: c workers that serve tickets first come, first served.

    A free worker takes the next ticket even before its release, and begins it then. So each ticket
    starts at the later of its release and the time at which the next worker gets free, as in the
    recursion of Kiefer and Wolfowitz (1955, "On the theory of queues with many servers"). Tickets
    are worked off attempt by attempt in an event loop, because limits may delay a worker.
    """

    def __init__(
        self, context: ActorContext, queue: TicketQueue, opens_us: int, workers_from_us: Ints
    ) -> None:
        """Prepare workers who begin at `workers_from_us`; the queue opens at `opens_us`."""
        self._context, self._queue = context, queue
        owners = int(context.accounts.organisation.max()) + 1
        self._loop = context.service.event_loop(owners, context.draws.cache_keys, opens_us)
        self._loop.begin(workers_from_us)
        self._begun: list[_BegunBatch] = []
        self._current: _BegunBatch | None = None
        self.work_is_over = False

    def run(self, until_us: int) -> None:
        """Work until then, and put the prompts of barred tasks back into their list."""
        while (now_us := self._loop.run(until_us)) is not None:
            self._count_taken()
            self._current = self._next_batch(now_us)
            if self._current is None:
                self._loop.end_work()
                self.work_is_over = True
        self._count_taken()
        for part in self._begun:
            self._take_back(part)

    def blocks(self, make: RowMaker, *, at_end: bool) -> Iterator[Block]:
        """Yield the rows of attempts made since the last time, and of the tasks that are over.

        At the end of the log they all are.
        """
        context, by_calls = self._context, {part.calls: part for part in self._begun}
        for calls, attempts, read in self._loop.drain():
            part = by_calls[calls]
            part.attempts.append(attempts)
            logged = context.is_in_log(attempts)
            batch = part.batch
            rows = make(batch.drawn, batch.placement, attempts.pick(logged), read[logged])
            yield Block(rows, no_tasks())

        in_progress = []
        for part in self._begun:
            if not at_end and not self._is_over(part):
                in_progress.append(part)
                continue
            if part.attempts:
                yield Block(Exchanges.none(), self._task_rows(part))
            self._loop.remove(part.calls)
        self._begun = in_progress

    def _next_batch(self, now_us: int) -> _BegunBatch | None:
        """Make the next batch the current one; None if there is no more work."""
        batch = self._queue.next_batch(now_us)
        if batch is None:
            return None
        calls = self._loop.add(batch.drawn.calls, batch.placement.until_us)
        self._loop.tickets(calls, batch.release_us, batch.round, batch.until_us)
        part = _BegunBatch(batch, calls, np.zeros(len(batch), np.bool_))
        self._begun.append(part)
        return part

    def _count_taken(self) -> None:
        if self._current is not None:
            self._current.taken = self._loop.taken(self._current.calls)

    def _is_over(self, part: _BegunBatch) -> bool:
        ends_us = self._loop.ends_us(part.calls)[: part.taken]
        return part is not self._current and bool((ends_us < FOREVER_US).all())

    def _take_back(self, part: _BegunBatch) -> None:
        """Put prompts back whose tasks were barred, or will be.

        Of a task that was begun since the last time, that is found out as if nobody else sent
        anything.
        """
        batch, tickets = part.batch, np.arange(part.seen, part.taken)
        part.seen = part.taken
        until_us = batch.placement.until_us
        barred = self._loop.refused(part.calls)
        tickets = tickets[until_us[tickets] < self._context.horizon_us]
        if len(tickets):
            start_us = self._loop.starts_us(part.calls)[tickets]
            conditions = self._context.service.conditions
            alone = solve_timing(batch.drawn.calls, start_us, conditions, tickets, until_us)
            barred[tickets] |= alone.refused

        new = np.flatnonzero(barred & ~part.back)
        if len(new):
            self._queue.take_back(batch, new)
            part.back[new] = True

    def _task_rows(self, part: _BegunBatch) -> Records:
        columns = zip(*part.attempts, strict=True)
        attempts = Attempts(*(np.concatenate(column) for column in columns))
        return self._context.service.task_rows(part.batch.drawn, part.batch.placement, attempts)
