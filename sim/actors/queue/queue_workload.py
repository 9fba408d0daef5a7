"""Actors that work through a queue: benchmark laboratories and coordinated pools."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from sim.actors.context import ActorContext
from sim.actors.queue.load_balancing import balancer
from sim.actors.queue.teams import Pilot, opens_us, pilot_of, slot_weights, workers_of
from sim.actors.queue.ticket_queue import TicketQueue
from sim.actors.queue.tickets import QUEUE_LEAD_US, Team
from sim.actors.queue.workers import Workers
from sim.actors.workload import Block
from sim.arrays.time import MINUTE_US
from sim.scaffold.rows import RowMaker, exchange_rows

_SLICE_ROWS = 65_536
_SHORTEST_SLICE_US = MINUTE_US
_LONGEST_SLICE_US = QUEUE_LEAD_US
# Workers begin within so long of each other.
_STAGGER_US = MINUTE_US


class QueueWorkload:
    """One team of a queue, its workers and its accounts, which works in slices of time."""

    def __init__(self, context: ActorContext, team: Team) -> None:
        """Prepare a team; nothing is drawn yet."""
        self._context, self.team = context, team
        self.rows_per_us = team.rows_per_us
        slice_us = round(_SLICE_ROWS / self.rows_per_us)
        self._slice_us = min(max(slice_us, _SHORTEST_SLICE_US), _LONGEST_SLICE_US)

    @cached_property
    def _pilot(self) -> Pilot:
        return pilot_of(self._context, self.team)

    @cached_property
    def opens_us(self) -> int:
        """When the work begins: before the log opens, if some of it is then in progress."""
        starts_us = self._context.actor.starts_us
        return opens_us(self._context, self.team, self._pilot) if starts_us is None else starts_us

    @cached_property
    def workers_from_us(self) -> list[int]:
        """When each worker begins."""
        context, team = self._context, self.team
        rng = context.streams.rng(context.actor.id, "workers", team.number)
        count = workers_of(context, team, self._pilot)

        # those of earlier work begin in the first half of it
        before_us = max(2, -self.opens_us) if self.opens_us < 0 else 2 * _STAGGER_US
        later_us = rng.integers(0, min(_STAGGER_US, before_us // 2), count)
        return (self.opens_us + later_us).tolist()  # type: ignore[no-any-return]

    def ticket_queue(self) -> TicketQueue:
        """Make a new queue of all tickets of the team."""
        context = self._context
        weight = slot_weights(context, self.team.accounts)
        balance = balancer(context.actor.balance, weight)
        return TicketQueue(context, self.team, self.opens_us, balance)

    def blocks(self, make: RowMaker = exchange_rows) -> Iterator[Block]:
        """Yield the rows of the team slice by slice."""
        horizon_us, workers_from_us = self._context.horizon_us, np.array(self.workers_from_us)
        workers = Workers(self._context, self.ticket_queue(), self.opens_us, workers_from_us)
        until_us = self.opens_us
        while until_us < horizon_us:
            # the last slice is long if there is no more work
            next_us = horizon_us if workers.work_is_over else until_us + self._slice_us
            until_us = min(next_us, horizon_us)
            workers.run(until_us)
            yield from workers.blocks(make, at_end=until_us == horizon_us)
