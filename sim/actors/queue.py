"""Actors that work through a queue: benchmark laboratories and coordinated pools."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.actors.balance import balancer
from sim.actors.tickets import LEAD_US, BenchmarkTickets, PromptTickets, Tickets
from sim.actors.workforce import Batch, Workforce
from sim.actors.workload import Block, Stage
from sim.scaffold.fill import Exchanges, fill
from sim.scaffold.rows import Placement, place

Ints = NDArray[np.int64]

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
    account: Ints
    exchanges: Exchanges
    batch: Batch
    first_task: int
    collected: int = 0


class QueueWorkload:
    """One queue, its workers and its accounts."""

    def __init__(self, stage: Stage) -> None:
        self._stage, actor = stage, stage.actor
        in_progress = actor.starts_us is None
        self.opens_us = -LEAD_US if in_progress else actor.starts_us or 0
        source = BenchmarkTickets if actor.source == "benchmark" else PromptTickets
        self._tickets = source(stage, self.opens_us)
        self._balance = balancer(actor.balance, stage.accounts.volume)
        self._lead = self._tickets.lead() if in_progress else iter(())
        self._main = None if in_progress else self._tickets.main(0)
        self._newest: _Filled | None = None
        self._filled: list[_Filled] = []
        self._lead_filled: list[_Filled] = []
        self._blocks = self._tasks = 0
        self.workers, self.rows_per_us = self._size()
        # afresh: the pilot block has used the first one
        self._balance = balancer(actor.balance, stage.accounts.volume)
        slice_us = round(_SLICE_ROWS / self.rows_per_us)
        self.slice_us = min(max(slice_us, _SHORTEST_SLICE_US), _LONGEST_SLICE_US)
        stagger = stage.streams.rng(actor.id, "workers").integers(0, _STAGGER_US, self.workers)
        self._workforce = Workforce((self.opens_us + stagger).tolist(), self._current)

    def _size(self) -> tuple[int, float]:
        """Workers, and the exchanges per microsecond that may be expected, from a pilot block."""
        actor, stage = self._stage.actor, self._stage
        source = BenchmarkTickets if actor.source == "benchmark" else PromptTickets
        tickets = next(source(stage, self.opens_us).main(0))
        pilot = self._fill(tickets, "pilot")
        calls, span_us = float(tickets.calls.mean()), float(pilot.exchanges.span_us.mean())
        target = actor.target_exchanges
        wanted = (
            math.inf
            if target is None
            else target / (stage.clock.duration_us - max(self.opens_us, 0))
        )
        workers = actor.workers or math.ceil(_HEADROOM * wanted / calls * span_us)
        return workers, min(wanted, workers * calls / span_us)

    def start(self, env: simpy.Environment) -> None:
        self._workforce.start(env)

    def _current(self, now_us: int) -> Batch | None:
        if self._main is None and now_us >= 0:
            self._begin_main()
        while self._newest is None or self._newest.batch.used_up:
            tickets = next(self._lead if self._main is None else self._main, None)
            if tickets is not None:
                self._newest = self._next_filled(tickets)
            elif self._main is None:
                self._begin_main()
            else:
                return None
        return self._newest.batch

    def _begin_main(self) -> None:
        """Leave what remains of earlier work, and turn to what the scenario asks for."""
        self._main = self._tickets.main(self._carried_exchanges())
        self._newest = None
        self._lead_filled.clear()

    def _carried_exchanges(self) -> int:
        """Exchanges in the log of tasks that were begun before it opened."""
        carried = 0
        for filled in self._lead_filled:
            begun = len(filled.batch.starts_us)
            rows = int(filled.tickets.calls[:begun].sum())
            start = np.array(filled.batch.starts_us, np.int64)
            ts = start[filled.exchanges.session[:rows]] + filled.exchanges.offset_us[:rows]
            carried += int(((ts >= 0) & (ts < self._stage.clock.duration_us)).sum())
        return carried

    def _next_filled(self, tickets: Tickets) -> _Filled:
        filled = self._fill(tickets, self._blocks)
        self._blocks += 1
        self._tasks += len(tickets.calls)
        self._filled.append(filled)
        if tickets.round < 0:
            self._lead_filled.append(filled)
        return filled

    def _fill(self, tickets: Tickets, block: int | str) -> _Filled:
        stage, actor = self._stage, self._stage.actor
        name = (actor.id, "queue", block)
        n = len(tickets.calls)
        rng = stage.streams.rng(*name, "balance")
        account = self._balance(tickets.calls, tickets.prompt, rng)
        ones, zeros = np.ones(n, np.int64), np.zeros(n, np.int64)
        sessions = stage.sessions(account, ones, tickets.calls, zeros)
        exchanges = fill(sessions, stage.agents[0], stage.models, stage.streams, *name)
        batch = Batch(
            tickets.release_us.tolist(), exchanges.span_us.tolist(), max(tickets.round, 0)
        )
        return _Filled(tickets, account, exchanges, batch, self._tasks)

    def collect(self) -> list[Block]:
        fresh = [f for f in self._filled if len(f.batch.starts_us) > f.collected]
        blocks = [self._place(filled) for filled in fresh]
        self._filled = [f for f in self._filled if f is self._newest]
        return blocks

    def _place(self, filled: _Filled) -> Block:
        """Rows of the tickets begun since the last time."""
        stage = self._stage
        low, high = filled.collected, len(filled.batch.starts_us)
        filled.collected = high
        part, calls = filled.exchanges.part(low, high), filled.tickets.calls[low:high]
        account = filled.account[low:high]
        task_no = filled.first_task + np.arange(low, high)
        placement = Placement(
            start_us=np.array(filled.batch.starts_us[low:high], np.int64),
            account=stage.first_account + account,
            model=stage.model_number[stage.accounts.model[account]],
            session_no=task_no,
            task_no=task_no,
            prompt=filled.tickets.prompt[low:high],
            item=filled.tickets.item[low:high],
            round=np.full(high - low, filled.tickets.round),
        )
        return Block(*place(part, placement, calls, stage.clock.duration_us))
