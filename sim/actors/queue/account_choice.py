"""Which account takes a ticket, where accounts may be barred, throttled, or not there yet."""

from __future__ import annotations

import numpy as np

from sim.actors.context import ActorContext
from sim.actors.queue.load_balancing import Balancer
from sim.actors.queue.tickets import Tickets
from sim.arrays.types import Bools, Ints
from sim.entities.tenure import Occupancy

# Accounts that are asked before a ticket is dropped because none can take it: those that the load
# balancer names, then any.
_TIMES_BALANCED, _TIMES_PASSED_ON = 30, 90


class AccountChoice:
    """Chooses accounts for tickets: the load balancer's, or another that can take the ticket."""

    def __init__(
        self, context: ActorContext, slots: range, balance: Balancer, *, waits: bool
    ) -> None:
        """Choose among `slots`; a ticket that `waits` is only dropped if nobody at all can."""
        self._context, self._slots, self._balance, self._waits = context, slots, balance, waits

    @property
    def all_can_take(self) -> bool:
        """Whether every account can take a ticket at all times."""
        return self._context.timeline.never_ends and not self._context.warm_up_us

    def choose(self, tickets: Tickets, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """Return (account, when it may send no more) of each ticket; account -1 for nobody.

        The load balancer names a slot. A slot whose account is barred, throttled or not there yet
        passes the ticket on to another that the balancer names, some times over.
        """
        context, first = self._context, self._slots.start
        slot = first + self._balance(tickets.calls, tickets.prompt, rng)
        occupancy = context.timeline.at(slot, tickets.release_us)
        if self.all_can_take:
            return occupancy.row, occupancy.until_us

        account, until_us = occupancy.row.copy(), occupancy.until_us.copy()
        open_tickets = np.flatnonzero(self._declines(occupancy, tickets.release_us, rng))
        account[open_tickets] = -1
        for time in range(_TIMES_PASSED_ON):
            if not len(open_tickets):
                break
            calls, prompt = tickets.calls[open_tickets], tickets.prompt[open_tickets]
            slot = first + self._balance(calls, prompt, rng)
            if context.actor.balance == "sticky" or time >= _TIMES_BALANCED:
                # the hash of a prompt names the same slot again, and weights name few
                slot = rng.integers(first, self._slots.stop, len(open_tickets))

            at_us = tickets.release_us[open_tickets]
            occupancy = context.timeline.at(slot, at_us)
            takes = ~self._declines(occupancy, at_us, rng)
            account[open_tickets[takes]] = occupancy.row[takes]
            until_us[open_tickets[takes]] = occupancy.until_us[takes]
            open_tickets = open_tickets[~takes]

        if len(open_tickets) and self._waits:
            at = int(tickets.release_us[0])
            account[open_tickets], until_us[open_tickets] = self._anyone_able(
                at, len(open_tickets), rng
            )
        return account, until_us

    def _anyone_able(self, at_us: int, count: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """Return (account, when it may send no more) of tickets that everyone asked passed on.

        Any account that can take them at `at_us` may be drawn, in proportion to what it may send.
        """
        context, slots = self._context, np.arange(self._slots.start, self._slots.stop)
        occupancy = context.timeline.at(slots, np.full(len(slots), at_us))
        unable = (occupancy.row < 0) | (at_us < context.ready_us[occupancy.row])
        weight = np.where(unable, 0.0, occupancy.factor)
        if not weight.any():
            return np.full(count, -1), np.zeros(count, np.int64)
        chosen = rng.choice(len(weight), count, p=weight / weight.sum())
        return occupancy.row[chosen], occupancy.until_us[chosen]

    def _declines(self, occupancy: Occupancy, at_us: Ints, rng: np.random.Generator) -> Bools:
        """Tell where nobody is there, or a throttle or a warm-up is in the way."""
        empty = occupancy.row < 0
        throttled = rng.random(len(at_us)) >= occupancy.factor
        return empty | throttled | self._context.warms_up(occupancy.row, at_us)
