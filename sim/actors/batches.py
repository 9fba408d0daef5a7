"""The tickets of a queue, filled batch by batch with all that will happen in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.actors.balance import Balancer
from sim.actors.spans import Spans
from sim.actors.tickets import BenchmarkTickets, PromptTickets, Team, Tickets
from sim.actors.workforce import Batch
from sim.actors.workload import TASKS_PER_SHARD_BITS, Stage
from sim.scaffold.fill import Drawn
from sim.scaffold.rows import Placement

Ints = NDArray[np.int64]


@dataclass(eq=False)
class Filled:
    """A batch of tickets with everything that will happen in it, waiting for its start times.

    `organisation` is that of each ticket; `collected` of them were begun and handed out.
    """

    organisation: Ints
    drawn: Drawn
    placement: Placement
    spans: Spans
    batch: Batch
    collected: int = 0

    @cached_property
    def last_call(self) -> list[int]:
        """Serial number of the last call of each ticket."""
        shape = self.drawn.shape
        return shape.call[np.cumsum(shape.calls_per_session) - 1].tolist()  # type: ignore[no-any-return]


class TicketQueue:
    """The tickets of a queue in order, filled batch by batch."""

    def __init__(self, stage: Stage, team: Team, opens_us: int, balance: Balancer) -> None:
        self._stage, self._team, self._balance = stage, team, balance
        self._tickets = source(stage, team, opens_us)
        in_progress = stage.actor.starts_us is None
        self._lead = self._tickets.lead() if in_progress else iter(())
        self._main = None if in_progress else self._tickets.main()
        self._blocks = self._tasks = 0
        self.newest: Filled | None = None
        self.filled: list[Filled] = []

    def current(self, now_us: int) -> Filled | None:
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

    def fill(self, tickets: Tickets, block: int | str) -> Filled:
        stage, actor = self._stage, self._stage.actor
        name = (actor.id, "queue", self._team.number, block)
        n = len(tickets.calls)
        rng = stage.streams.rng(*name, "balance")
        account = self._team.accounts.start + self._balance(tickets.calls, tickets.prompt, rng)
        ones, zeros = np.ones(n, np.int64), np.zeros(n, np.int64)
        task_no = (self._team.number << TASKS_PER_SHARD_BITS) + self._tasks + np.arange(n)
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
        spans = Spans(stage, drawn, tickets.release_us)
        until_us = 0 if self._main is None else None
        batch = Batch(tickets.release_us.tolist(), spans.span_us, max(tickets.round, 0), until_us)
        organisation = stage.accounts.organisation[account]
        return Filled(organisation, drawn, placement, spans, batch)


def source(stage: Stage, team: Team, opens_us: int) -> BenchmarkTickets | PromptTickets:
    """What a team works on."""
    if stage.actor.source == "benchmark":
        return BenchmarkTickets(stage, opens_us)
    return PromptTickets(stage, team, opens_us)
