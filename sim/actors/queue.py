"""Actors that work through a queue: benchmark laboratories and coordinated pools."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.actors.balance import Balancer, balancer
from sim.actors.spans import Spans
from sim.actors.tickets import LEAD_US, BenchmarkTickets, PromptTickets, Tickets
from sim.actors.workforce import Batch, Workforce
from sim.actors.workload import Block, HitsLimitError, Stage
from sim.scaffold.fill import Drawn
from sim.scaffold.rows import Placement, exchange_rows
from sim.tables.columns import Columns
from sim.world.attempts import Attempts
from sim.world.cache import session_read_tokens
from sim.world.contended import Work
from sim.world.gateway import merge

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_SLICE_ROWS = 65_536
_SHORTEST_SLICE_US = 60_000_000
_LONGEST_SLICE_US = LEAD_US
_STAGGER_US = 60_000_000
# Workers that a pool keeps when the scenario does not say: so many times the mean number busy.
_HEADROOM = 3.0


@dataclass(eq=False)
class _Filled:
    """A batch of tickets with everything that will happen in it, waiting for its start times."""

    tickets: Tickets
    drawn: Drawn
    placement: Placement
    spans: Spans
    batch: Batch
    collected: int = 0
    attempts: list[Attempts] = field(default_factory=list)


class _Queue:
    """The tickets of a queue in order, filled batch by batch."""

    def __init__(self, stage: Stage, opens_us: int, balance: Balancer) -> None:
        self._stage, self._balance = stage, balance
        self._opens_us = opens_us
        self._tickets = source(stage, opens_us)
        in_progress = stage.actor.starts_us is None
        self._lead = self._tickets.lead() if in_progress else iter(())
        self._main = None if in_progress else self._tickets.main()
        self._blocks = self._tasks = 0
        self.newest: _Filled | None = None
        self.filled: list[_Filled] = []

    def current(self, now_us: int) -> _Filled | None:
        """The batch that holds the next ticket."""
        if self._main is None and now_us >= 0:
            self._begin_main()
        while self.newest is None or self.newest.batch.used_up:
            tickets = next(self._lead if self._main is None else self._main, None)
            if tickets is not None:
                self.newest = self.fill(tickets, self._blocks)
                self._blocks += 1
                self._tasks += len(tickets.calls)
                self.filled.append(self.newest)
            elif self._main is None:
                self._begin_main()
            else:
                return None
        return self.newest

    def batch(self, now_us: int) -> Batch | None:
        filled = self.current(now_us)
        return None if filled is None else filled.batch

    def _begin_main(self) -> None:
        """Leave what remains of earlier work, and turn to what the scenario asks for."""
        self._main = self._tickets.main()
        self.newest = None

    def fill(self, tickets: Tickets, block: int | str) -> _Filled:
        stage, actor = self._stage, self._stage.actor
        name = (actor.id, "queue", block)
        n = len(tickets.calls)
        rng = stage.streams.rng(*name, "balance")
        account = self._balance(tickets.calls, tickets.prompt, rng)
        ones, zeros = np.ones(n, np.int64), np.zeros(n, np.int64)
        task_no = self._tasks + np.arange(n)
        moves_at = stage.streams.rng(*name, "moves").random(n)
        sessions = stage.sessions(
            account, tickets.release_us, moves_at, ones, tickets.turns, zeros, task_no
        )
        drawn = stage.fill(sessions, 0, *name)
        placement = Placement(
            account=stage.first_account + account,
            model=sessions.model,
            session_no=task_no,
            task_no=task_no,
            prompt=tickets.prompt,
            item=tickets.item,
            round=np.full(n, tickets.round),
        )
        spans = Spans(stage, drawn)
        batch = Batch(tickets.release_us.tolist(), spans.span_us, max(tickets.round, 0))
        return _Filled(tickets, drawn, placement, spans, batch)


def source(stage: Stage, opens_us: int) -> BenchmarkTickets | PromptTickets:
    kind = BenchmarkTickets if stage.actor.source == "benchmark" else PromptTickets
    return kind(stage, opens_us)


class QueueWorkload:
    """One queue, its workers and its accounts."""

    def __init__(self, stage: Stage) -> None:
        self._stage, actor = stage, stage.actor
        self._opens_us = -LEAD_US if actor.starts_us is None else actor.starts_us
        self.workers, self.rows_per_us = self._size()
        slice_us = round(_SLICE_ROWS / self.rows_per_us)
        self._slice_us = min(max(slice_us, _SHORTEST_SLICE_US), _LONGEST_SLICE_US)
        stagger = stage.streams.rng(actor.id, "workers").integers(0, _STAGGER_US, self.workers)
        self._workers_from_us = (self._opens_us + stagger).tolist()

    def _size(self) -> tuple[int, float]:
        """Workers, and the exchanges per microsecond that may be expected, from a pilot block."""
        actor, stage = self._stage.actor, self._stage
        tickets = next(source(stage, self._opens_us).main())
        pilot = self._queue().fill(tickets, "pilot")
        start = np.full(len(tickets.calls), self._opens_us)
        ends_us = stage.settle(pilot.drawn, start).session_ends_us
        span_us = float((ends_us - self._opens_us).mean())
        calls, target = float(tickets.calls.mean()), actor.target_exchanges
        time_us = stage.horizon_us - max(self._opens_us, 0)
        wanted = math.inf if target is None else target / time_us
        workers = actor.workers or math.ceil(_HEADROOM * wanted / calls * span_us)
        return workers, min(wanted, workers * calls / span_us)

    def _queue(self) -> _Queue:
        stage = self._stage
        return _Queue(stage, self._opens_us, balancer(stage.actor.balance, stage.accounts.volume))

    def _slices(self) -> Iterator[int]:
        at = self._opens_us
        while at < self._stage.horizon_us:
            at = min(at + self._slice_us, self._stage.horizon_us)
            yield at

    def blocks(self) -> Iterator[Block]:
        stage, queue = self._stage, self._queue()
        env = simpy.Environment(initial_time=self._opens_us)
        Workforce(self._workers_from_us, queue.batch).start(env)
        gateway = _Gateway(stage, self._opens_us)
        pending: list[_Begun] = []
        for until in self._slices():
            env.run(until=until)
            begun = [_Begun.of(f) for f in queue.filled if f.collected < f.batch.begun]
            queue.filled = [f for f in queue.filled if f is queue.newest]
            for part in begun:
                yield Block({}, stage.tasks(part.drawn, part.placement, part.attempts))
            pending += begun
            due = [part.pick(part.attempts.begins_us < until) for part in pending]
            pending = [part.pick(part.attempts.begins_us >= until) for part in pending]
            pending = [part for part in pending if len(part.own_read)]
            for part, read in gateway.admit(due):
                kept = stage.is_in_log(part.attempts)
                attempts = part.attempts.pick(kept)
                yield Block(exchange_rows(part.drawn, part.placement, attempts, read[kept]), {})

    def blocks_under_limits(self) -> Iterator[Block]:
        stage, crew = self._stage, _Crew(self._stage, self._queue(), self._opens_us)
        for worker, from_us in enumerate(self._workers_from_us):
            crew.engine.call_at(from_us, worker, crew.free)
        for until in self._slices():
            crew.engine.run(until)
            for filled, work in crew.works:
                attempts, read = work.take()
                filled.attempts.append(attempts)
                kept = stage.is_in_log(attempts)
                inside = attempts.pick(kept)
                rows = exchange_rows(filled.drawn, filled.placement, inside, read[kept])
                over = crew.is_over(filled)
                yield Block(rows, self._tasks(filled) if over or until == stage.horizon_us else {})
            crew.works = [(f, w) for f, w in crew.works if not crew.is_over(f)]

    def _tasks(self, filled: _Filled) -> Columns:
        attempts = Attempts(*(np.concatenate(c) for c in zip(*filled.attempts, strict=True)))
        return self._stage.tasks(filled.drawn, filled.placement, attempts)


class _Begun(NamedTuple):
    """Attempts of tickets that were begun, and what each reads of its own task's context."""

    drawn: Drawn
    placement: Placement
    attempts: Attempts
    own_read: Ints

    @classmethod
    def of(cls, filled: _Filled) -> _Begun:
        """What was begun of a batch since the last time."""
        low, high = filled.collected, filled.batch.begun
        filled.collected = high
        starts = np.array(filled.batch.starts_us[low:high], np.int64)
        attempts = filled.spans.attempts(low, high, starts)
        own_read = session_read_tokens(filled.drawn.shape, attempts)
        return cls(filled.drawn, filled.placement, attempts, own_read)

    def pick(self, index: Bools | Ints) -> _Begun:
        attempts, own_read = self.attempts.pick(index), self.own_read[index]
        return self._replace(attempts=attempts, own_read=own_read)


class _Gateway:
    """The gateway as a queue meets it, slice by slice."""

    def __init__(self, stage: Stage, opens_us: int) -> None:
        self._cache = stage.prefix_cache()
        organisations = int(stage.accounts.organisation.max()) + 1
        self._check = stage.limit_check(organisations, opens_us)

    def admit(self, begun: list[_Begun]) -> Iterator[tuple[_Begun, Ints]]:
        """Yield each part in order of time, with what its attempts read from the cache.

        Raises HitsLimitError if any of them may be over a limit.
        """
        parts = [(part.drawn.shape, part.attempts, part.own_read) for part in begun]
        if not sum(len(own_read) for _, _, own_read in parts):
            return
        stream, order = merge(parts, [part.drawn.shape.bucket for part in begun])
        read = self._cache.read_tokens(stream)
        self._check.add(stream, read)
        if self._check.overdrawn.any():
            raise HitsLimitError
        edges = np.cumsum([0, *(len(part.own_read) for part in begun)])
        owner = np.searchsorted(edges, order, side="right") - 1
        for number, part in enumerate(begun):
            mine = owner == number
            yield part.pick(order[mine] - edges[number]), read[mine]


class _Crew:
    """The workers of a queue, as callbacks of the event loop."""

    def __init__(self, stage: Stage, queue: _Queue, opens_us: int) -> None:
        self.engine = stage.event_loop(opens_us)
        self._queue = queue
        self.works: list[tuple[_Filled, Work]] = []
        self._in_flight = self._waiting = self._round = 0
        self._open: dict[int, int] = {}

    def is_over(self, filled: _Filled) -> bool:
        return filled is not self._queue.newest and not self._open.get(id(filled))

    def free(self, now_us: int) -> None:
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
        if not self.works or self.works[-1][0] is not filled:
            self.works.append((filled, Work(filled.drawn.shape)))
        ticket = batch.begun
        start = max(now_us, batch.release_us[ticket])
        batch.starts_us.append(start)
        self._in_flight += 1
        self._open[id(filled)] = self._open.get(id(filled), 0) + 1
        self.engine.open(self.works[-1][1], ticket, start, lambda at: self._done(at, filled))

    def _done(self, now_us: int, filled: _Filled) -> None:
        self._in_flight -= 1
        self._open[id(filled)] -= 1
        free, self._waiting = (1 + self._waiting, 0) if not self._in_flight else (1, self._waiting)
        for _ in range(free):
            self.free(now_us)
