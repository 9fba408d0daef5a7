"""The tickets of a queue, filled batch by batch with all that will happen in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sim.actors.context import ActorContext
from sim.actors.prompts import PromptSource
from sim.actors.queue.load_balancing import Balancer
from sim.actors.queue.service_times import ServiceTimes
from sim.actors.queue.tickets import BenchmarkTickets, PromptTickets, Team, Tickets
from sim.actors.queue.workers import Batch
from sim.actors.templates import any_choice
from sim.actors.workload import TASKS_PER_SHARD_BITS
from sim.arrays.types import Bools, Floats, Ints
from sim.entities import pools
from sim.entities.tenure import Occupancy
from sim.scaffold.fill import Drawn
from sim.scaffold.rows import Placement
from sim.world.attempts import Attempts

# Accounts that are asked before a ticket is dropped because none can take it.
_TIMES_PASSED_ON = 30


@dataclass(eq=False)
class Filled:
    """A batch of tickets with everything that will happen in it, waiting for its start times.

    `organisation` is that of each ticket; `collected` of them were begun and handed out; `told`
    marks those whose account was refused.
    """

    organisation: Ints
    drawn: Drawn
    placement: Placement
    spans: ServiceTimes
    batch: Batch
    told: Bools
    collected: int = 0

    @cached_property
    def last_call(self) -> list[int]:
        """Serial number of the last call of each ticket."""
        shape = self.drawn.shape
        return shape.call[np.cumsum(shape.calls_per_session) - 1].tolist()  # type: ignore[no-any-return]


class TicketQueue:
    """The tickets of a queue in order, filled batch by batch."""

    def __init__(self, context: ActorContext, team: Team, opens_us: int, balance: Balancer) -> None:
        self._context, self._team, self._balance = context, team, balance
        self._tickets = ticket_source(context, team, opens_us)
        in_progress = context.actor.starts_us is None
        self._lead = self._tickets.lead() if in_progress else iter(())
        self._main = None if in_progress else self._tickets.main()
        self._blocks = self._tasks = 0
        self.newest: Filled | None = None
        self.filled: list[Filled] = []

    def current(self, now_us: int) -> Filled | None:
        """The batch that holds the next ticket, None if there is no more work.

        Ends, because every round takes tickets: of lists of prompts, which are bounded, or of a
        benchmark, which somebody takes whenever `_somebody_us` names a time.
        """
        if self._main is None and now_us >= 0:
            self._begin_main()
        while self.newest is None or self.newest.batch.used_up:
            at_us = self._somebody_us(now_us)
            tickets = None if at_us is None else self._next(at_us)
            if at_us is not None and tickets is not None:
                self._add(tickets, at_us)
            elif self._main is None:
                self._begin_main()
            else:
                return None
        return self.newest

    def _next(self, at_us: int) -> Tickets | None:
        """The next tickets, to be taken from `at_us` on; None if no more are of their kind."""
        if self._main is not None:
            return next(self._main, None)
        return next(self._lead, None) if at_us < 0 else None

    def _somebody_us(self, now_us: int) -> int | None:
        """When the next ticket can be taken at the earliest, None if it never can."""
        if not self._tickets.waits:
            return now_us
        return self._context.timeline.next_held_us(
            self._team.accounts, now_us, self._context.ready_us
        )

    def _add(self, tickets: Tickets, at_us: int) -> None:
        """Fill those tickets that somebody can take."""
        if self._tickets.waits and not self._anybody_can:
            tickets = replace(tickets, release_us=np.maximum(tickets.release_us, at_us))
        filled = self.fill(tickets, self._blocks)
        self._blocks += 1
        if filled is not None:
            self.newest = filled
            self._tasks += len(filled.organisation)
            self.filled.append(filled)

    def batch(self, now_us: int) -> Batch | None:
        filled = self.current(now_us)
        return None if filled is None else filled.batch

    def _begin_main(self) -> None:
        """Leave what remains of earlier work, and turn to what the scenario asks for."""
        self._main = self._tickets.main()
        self.newest = None

    def permitted(self, filled: Filled, attempts: Attempts) -> tuple[Attempts, Ints]:
        """What accounts may send of attempts, and its rows; prompts of barred tasks come back."""
        before = filled.told.copy()
        made, rows = self._context.cut(
            filled.drawn, filled.placement.until_us, attempts, filled.told
        )
        barred = np.flatnonzero(filled.told & ~before)
        if len(barred):
            self._tickets.take_back(filled.placement.item[barred], filled.placement.kind[barred])
        return made, rows

    def fill(self, tickets: Tickets, block: int | str) -> Filled | None:
        """A batch of the tickets for which there is an account, None if there is none for any."""
        context, actor = self._context, self._context.actor
        name = (actor.id, "queue", self._team.number, block)
        account, until_us = self._accounts_for(tickets, context.streams.rng(*name, "balance"))
        if (account < 0).any():
            kept = np.flatnonzero(account >= 0)
            if not len(kept):
                return None
            tickets, account, until_us = tickets.pick(kept), account[kept], until_us[kept]
        n = len(account)
        rng = context.streams.rng(*name, "moves")
        moves_at, chance, away, which = rng.random((4, n))
        moves_at = context.pivoted(account, moves_at)
        kind, item = self._work_of(tickets, chance, account)
        ones, zeros = np.ones(n, np.int64), np.zeros(n, np.int64)
        task_no = (self._team.number << TASKS_PER_SHARD_BITS) + self._tasks + np.arange(n)
        variant = context.templates.variant(account, any_choice(which), kind == PromptSource.LIST)
        template = context.templates.number[account, variant].astype(np.int64)
        sessions = context.sessions(
            account, variant, tickets.release_us, moves_at, ones, tickets.turns, zeros, task_no
        )
        drawn = context.fill(sessions, 0, *name)
        identifier = context.accounts.account_id[account]
        about = context.prompts.choose(identifier, zeros, kind, item, template, task_no)
        placement = Placement(
            account=context.first_account + account,
            model=sessions.model,
            session_no=task_no,
            until_us=until_us,
            person=zeros,
            language=pools.COUNTRY_LANGUAGE[context.accounts.country[account]],
            template=template,
            kind=kind,
            away=away < actor.away_share,
            task_no=task_no,
            item=item,
            round=np.full(n, tickets.round),
            **about._asdict(),
        )
        spans = ServiceTimes(context, drawn, tickets.release_us)
        ends_us = 0 if self._main is None else None
        batch = Batch(tickets.release_us.tolist(), spans.span_us, max(tickets.round, 0), ends_us)
        organisation = context.accounts.organisation[account]
        return Filled(organisation, drawn, placement, spans, batch, np.zeros(n, np.bool_))

    def _accounts_for(self, tickets: Tickets, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """(account, when it may send no more) of each ticket; account -1 if there is nobody.

        A place whose account is barred, throttled or not yet there passes the ticket on to others.
        """
        context, first = self._context, self._team.accounts.start
        place = first + self._balance(tickets.calls, tickets.prompt, rng)
        held = context.timeline.at(place, tickets.release_us)
        if self._anybody_can:
            return held.row, held.until_us
        account, until_us = held.row.copy(), held.until_us.copy()
        todo = np.flatnonzero(self._declines(held, tickets.release_us, rng))
        account[todo] = -1
        for _ in range(_TIMES_PASSED_ON):
            if not len(todo):
                break
            place = first + self._balance(tickets.calls[todo], tickets.prompt[todo], rng)
            if context.actor.balance == "sticky":
                place = rng.integers(first, self._team.accounts.stop, len(todo))
            at_us = tickets.release_us[todo]
            held = context.timeline.at(place, at_us)
            taken = ~self._declines(held, at_us, rng)
            account[todo[taken]], until_us[todo[taken]] = held.row[taken], held.until_us[taken]
            todo = todo[~taken]
        if len(todo) and self._tickets.waits:
            at = int(tickets.release_us[0])
            account[todo], until_us[todo] = self._whoever_can(at, len(todo), rng)
        return account, until_us

    def _whoever_can(self, at_us: int, count: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """(account, when it may send no more) of tickets that all those asked passed on."""
        context, accounts = self._context, self._team.accounts
        held = context.timeline.at(
            np.arange(accounts.start, accounts.stop), np.full(len(accounts), at_us)
        )
        able = np.where((held.row < 0) | (at_us < context.ready_us[held.row]), 0.0, held.factor)
        if not able.any():
            return np.full(count, -1), np.zeros(count, np.int64)
        chosen = rng.choice(len(able), count, p=able / able.sum())
        return held.row[chosen], held.until_us[chosen]

    @property
    def _anybody_can(self) -> bool:
        """Whether every account can take a ticket at all times."""
        return self._context.timeline.never_ends and not self._context.warm_up_us

    def _declines(self, held: Occupancy, at_us: Ints, rng: np.random.Generator) -> Bools:
        """Whether nobody is there, or a limit or a warm-up is in the way."""
        context = self._context
        declines = (held.row < 0) | (rng.random(len(at_us)) >= held.factor)
        return declines | context.warms_up(held.row, at_us)

    def _work_of(self, tickets: Tickets, chance: Floats, account: Ints) -> tuple[Ints, Ints]:
        """(kind, item) of each ticket: of the list, if there is one, or else of a benchmark."""
        context, n = self._context, len(account)
        if not context.actor.has_cover:
            return np.full(n, PromptSource.OWN), tickets.item
        listed = chance < context.accounts.list_share[account]
        item = np.full(n, -1)
        item[listed] = self._tickets.items(int(listed.sum()))
        if context.actor.cover == "benchmark":
            covers = tickets.prompt % np.uint64(max(context.actor.items, 1))
            item[~listed] = covers[~listed].astype(np.int64)
        return np.where(listed, PromptSource.LIST, PromptSource.COVER), item


def ticket_source(
    context: ActorContext, team: Team, opens_us: int
) -> BenchmarkTickets | PromptTickets:
    """What a team works on."""
    if context.actor.source == "benchmark":
        return BenchmarkTickets(context, team, opens_us)
    return PromptTickets(context, team, opens_us)
