"""The tickets of a queue, drawn batch by batch with all that will happen in them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sim.actors.context import ActorContext
from sim.actors.prompts import PromptSource
from sim.actors.queue.account_choice import AccountChoice
from sim.actors.queue.load_balancing import Balancer
from sim.actors.queue.tickets import Team, Tickets, ticket_source
from sim.actors.session_draws import SessionPlan
from sim.actors.templates import any_variant
from sim.actors.workload import TASKS_PER_SHARD_BITS
from sim.arrays.time import FOREVER_US
from sim.arrays.types import Floats, Ints
from sim.entities import pools
from sim.scaffold.fill import DrawnSessions
from sim.scaffold.rows import Placement


@dataclass(frozen=True)
class DrawnBatch:
    """A batch of tickets with everything that will happen in it, waiting for its start times.

    Attributes
    ----------
    drawn, placement
        The calls of the tickets, and who sends them.
    release_us
        When each ticket may begin, not before, shape (tickets,).
    round
        Number of the round. A round begins when the last ticket of the round before has ended.
    until_us
        Workers that get free then or later leave the rest of the batch.
    """

    drawn: DrawnSessions
    placement: Placement
    release_us: Ints
    round: int
    until_us: int

    def __len__(self) -> int:
        return len(self.release_us)


class TicketQueue:
    """The tickets of a queue in order, drawn batch by batch as workers get to them.

    `source` makes the tickets.
    """

    def __init__(self, context: ActorContext, team: Team, opens_us: int, balance: Balancer) -> None:
        """Prepare the queue of a team that begins at `opens_us`; nothing is drawn yet."""
        self._context, self._team = context, team
        self.source = ticket_source(context, team, opens_us)
        self._choice = AccountChoice(context, team.accounts, balance, waits=self.source.waits)

        # a queue without a start is at work when the log opens: earlier tickets come first
        in_progress = context.actor.starts_us is None
        self._lead = self.source.lead() if in_progress else iter(())
        self._main = None if in_progress else self.source.main()
        self._blocks = self._tasks = 0

    def next_batch(self, now_us: int) -> DrawnBatch | None:
        """Draw the tickets that come next at a time, None if there is no more work.

        From the opening of the log on, what is left of earlier work is left out. It ends, because
        every pass takes tickets: of lists of prompts, which are bounded, or of a benchmark, which
        somebody takes whenever `takeable_us` names a time.
        """
        if self._main is None and now_us >= 0:
            self._main = self.source.main()

        while True:
            at_us = self.takeable_us(now_us)
            tickets = None if at_us is None else self._next_tickets(at_us)
            if at_us is not None and tickets is not None:
                batch = self.add(tickets, at_us)
                if batch is not None:
                    return batch
            elif self._main is None:
                self._main = self.source.main()
            else:
                return None

    def take_back(self, batch: DrawnBatch, barred: Ints) -> None:
        """Put prompts of tickets back into their list, because their account was barred."""
        self.source.take_back(batch.placement.item[barred], batch.placement.kind[barred])

    # --- which tickets come next ------------------------------------------------------------------

    def _next_tickets(self, at_us: int) -> Tickets | None:
        """Return the next tickets, to be taken from `at_us` on; None if earlier work is over."""
        if self._main is not None:
            return next(self._main, None)
        return next(self._lead, None) if at_us < 0 else None

    def takeable_us(self, now_us: int) -> int | None:
        """Return when the next ticket can be taken at the earliest, None if it never can."""
        if not self.source.waits:
            return now_us
        timeline, ready_us = self._context.timeline, self._context.ready_us
        return timeline.next_held_us(self._team.accounts, now_us, ready_us)

    def add(self, tickets: Tickets, at_us: int) -> DrawnBatch | None:
        """Draw a batch of those tickets that somebody can take from `at_us` on.

        Returns None if nobody can take any.
        """
        if self.source.waits and not self._choice.all_can_take:
            tickets = replace(tickets, release_us=np.maximum(tickets.release_us, at_us))
        batch = self.draw_batch(tickets, self._blocks)
        self._blocks += 1
        if batch is not None:
            self._tasks += len(batch)
        return batch

    # --- what is drawn of a batch -----------------------------------------------------------------

    def draw_batch(self, tickets: Tickets, block: int | str) -> DrawnBatch | None:
        """Draw a batch of the tickets for which there is an account.

        `block` names the random streams. Returns None if there is no account for any ticket.
        """
        context, actor = self._context, self._context.actor
        name = (actor.id, "queue", self._team.number, block)
        account, until_us = self._choice.choose(tickets, context.streams.rng(*name, "balance"))
        if (account < 0).any():
            taken = np.flatnonzero(account >= 0)
            if not len(taken):
                return None
            tickets, account, until_us = tickets.pick(taken), account[taken], until_us[taken]

        # what tickets work on, and with which template
        n = len(account)
        moves_at, on_list, away, which = context.streams.rng(*name, "moves").random((4, n))
        source, item = self._choose_items(tickets, on_list, account)
        listed = source == PromptSource.LIST
        variant = context.templates.variant(account, any_variant(which), listed)
        template = context.templates.number[account, variant].astype(np.int64)

        # every ticket is a session of one turn
        ones, zeros = np.ones(n, np.int64), np.zeros(n, np.int64)
        task_no = (self._team.number << TASKS_PER_SHARD_BITS) + self._tasks + np.arange(n)
        moves_at = context.uptake_uniforms(account, moves_at)
        sessions = context.draws.sessions(
            SessionPlan(
                account, variant, tickets.release_us, moves_at, ones, tickets.turns, zeros, task_no
            )
        )
        drawn = context.draws.calls(sessions, 0, *name)
        if tickets.round >= 0:
            rows = int(drawn.calls.calls_per_session.sum())
            self.source.add_compactions(rows - int(tickets.calls.sum()))

        account_id, mode = context.accounts.account_id[account], context.accounts.mode[account]
        content = context.prompts.choose(account_id, mode, zeros, source, item, template, task_no)
        placement = Placement(
            account=context.first_account + account,
            model=sessions.model,
            session_no=task_no,
            until_us=until_us,
            person=zeros,
            language=pools.COUNTRY_LANGUAGE[context.accounts.country[account]],
            template=template,
            kind=source,
            away=away < actor.away_share,
            task_no=task_no,
            item=item,
            round=np.full(n, tickets.round),
            **content._asdict(),
        )
        # earlier work ends when the log opens
        leaves_us = 0 if self._main is None else FOREVER_US
        return DrawnBatch(drawn, placement, tickets.release_us, max(tickets.round, 0), leaves_us)

    def _choose_items(self, tickets: Tickets, on_list: Floats, account: Ints) -> tuple[Ints, Ints]:
        """Return (prompt source, item) of each ticket: of the list, or else of a benchmark."""
        context = self._context
        if not context.actor.has_cover:
            return np.full(len(account), PromptSource.OWN), tickets.item

        listed = on_list < context.accounts.list_share[account]
        item = tickets.item.copy()
        item[listed] = self.source.next_items(int(listed.sum()))
        return np.where(listed, PromptSource.LIST, PromptSource.COVER), item
