"""Actors that work through a queue: benchmark laboratories and coordinated pools."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.actors.balance import Balancer, balancer
from sim.actors.tickets import LEAD_US, BenchmarkTickets, PromptTickets, Tickets
from sim.actors.workforce import Batch, Workforce
from sim.actors.workload import Block, HitsLimitError, Stage
from sim.scaffold.fill import Drawn
from sim.scaffold.rows import Placement, exchange_rows
from sim.tables.columns import Columns, concat, take
from sim.world.attempts import Attempts
from sim.world.cache import session_read_tokens
from sim.world.contended import Work
from sim.world.gateway import Gateway, with_tokens
from sim.world.walk import end_of_task

Ints = NDArray[np.int64]

_SLICE_ROWS = 65_536
_SHORTEST_SLICE_US = 60_000_000
_LONGEST_SLICE_US = LEAD_US
_STAGGER_US = 60_000_000
_CHUNK_TICKETS = 128
# Workers that a pool keeps when the scenario does not say: so many times the mean number busy.
_HEADROOM = 3.0


@dataclass(eq=False)
class _Filled:
    """A batch of tickets with everything that will happen in it, waiting for its start times."""

    tickets: Tickets
    drawn: Drawn
    placement: Placement
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
        return _Filled(
            tickets,
            drawn,
            placement,
            Batch(tickets.release_us.tolist(), spans.span_us, max(tickets.round, 0)),
        )


def source(stage: Stage, opens_us: int) -> BenchmarkTickets | PromptTickets:
    kind = BenchmarkTickets if stage.actor.source == "benchmark" else PromptTickets
    return kind(stage, opens_us)


class Spans:
    """How long each task of a batch takes, depending on when it starts.

    Within one segment of the weather the answer does not depend on the start. So the next tasks
    are settled together as if they started when the segment begins; one that would leave the
    segment, from there or from its true start, is settled alone.
    """

    def __init__(self, stage: Stage, drawn: Drawn) -> None:
        self._stage, self._drawn = stage, drawn
        self._segment = -1
        self._spans: list[int] = []
        self._first = self._room_us = self._ends_us = 0

    def span_us(self, ticket: int, start_us: int) -> int:
        segment = self._stage.weather.segment_scalar(start_us)
        if segment != self._segment or ticket >= self._first + len(self._spans):
            self._settle_chunk(ticket, segment)
        span = self._spans[ticket - self._first]
        if span <= self._room_us and start_us + span <= self._ends_us:
            return span
        return self._alone(ticket, start_us)

    def _settle_chunk(self, first: int, segment: int) -> None:
        weather = self._stage.weather
        begins_us, self._ends_us = int(weather.starts_us[segment]), int(weather.ends_us[segment])
        self._first, self._segment = first, segment
        self._room_us = self._ends_us - begins_us
        last = min(first + _CHUNK_TICKETS, len(self._drawn.shape.calls_per_session))
        part = self._drawn.part(first, last)
        ends_us = self._stage.ends_us(part, np.full(last - first, begins_us))
        self._spans = (ends_us - begins_us).tolist()

    def _alone(self, ticket: int, start_us: int) -> int:
        stage = self._stage
        shape = self._drawn.part(ticket, ticket + 1).shape
        world = (stage.weather, stage.fates, stage.policy, stage.horizon_us)
        return end_of_task(shape, start_us, *world) - start_us


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
        span_us = float((stage.ends_us(pilot.drawn, start) - self._opens_us).mean())
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
        gateway = stage.gateway(self._opens_us)
        pending: Columns = {}
        for until in self._slices():
            env.run(until=until)
            begun = [self._begun(f) for f in queue.filled if f.collected < f.batch.begun]
            queue.filled = [f for f in queue.filled if f is queue.newest]
            rows = concat(([pending] if pending else []) + [rows for rows, _ in begun])
            tasks = concat([tasks for _, tasks in begun])
            late = rows["ts"] >= until if rows else np.zeros(0, np.bool_)
            pending = take(rows, late)
            yield Block(self._through(gateway, take(rows, ~late), until), tasks)

    def _begun(self, filled: _Filled) -> tuple[Columns, Columns]:
        """Rows of the tickets begun since the last time, and their tasks."""
        low, high = filled.collected, filled.batch.begun
        filled.collected = high
        drawn, placement = filled.drawn.part(low, high), filled.placement.part(low, high)
        starts = np.array(filled.batch.starts_us[low:high], np.int64)
        attempts = self._stage.settle(drawn, starts).attempts
        rows = exchange_rows(drawn, placement, attempts)
        rows["session_read"] = session_read_tokens(drawn.shape, attempts)
        return rows, self._stage.tasks(drawn, placement, attempts)

    def _through(self, gateway: Gateway, rows: Columns, until_us: int) -> Columns:
        if not rows or not len(rows["ts"]):
            return {}
        rows = take(rows, np.argsort(rows["ts"]))
        read = gateway.read_tokens(rows)
        gateway.check(rows, read, until_us)
        if gateway.overdrawn.any():
            raise HitsLimitError
        return self._stage.in_log(with_tokens(rows, read))

    def blocks_under_limits(self) -> Iterator[Block]:
        stage, crew = self._stage, _Crew(self._stage, self._queue(), self._opens_us)
        for worker, from_us in enumerate(self._workers_from_us):
            crew.engine.call_at(from_us, worker, crew.free)
        for until in self._slices():
            crew.engine.run(until)
            for filled, work in crew.works:
                attempts, read = work.take()
                filled.attempts.append(attempts)
                rows = exchange_rows(filled.drawn, filled.placement, attempts)
                over = crew.is_over(filled)
                tasks = self._tasks(filled) if over or until == stage.horizon_us else {}
                yield Block(stage.in_log(with_tokens(rows, read)), tasks)
            crew.works = [(f, w) for f, w in crew.works if not crew.is_over(f)]

    def _tasks(self, filled: _Filled) -> Columns:
        attempts = Attempts(*(np.concatenate(c) for c in zip(*filled.attempts, strict=True)))
        return self._stage.tasks(filled.drawn, filled.placement, attempts)


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
