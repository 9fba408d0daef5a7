"""Actors that work through a queue: benchmark laboratories and coordinated pools."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
import simpy

from sim.actors.context import ActorContext
from sim.actors.queue.limited_workers import LimitedWorkers
from sim.actors.queue.load_balancing import balancer
from sim.actors.queue.teams import Pilot, opens_us, pilot_of, slot_weights, workers_of
from sim.actors.queue.ticket_queue import DrawnBatch, TicketQueue
from sim.actors.queue.tickets import QUEUE_LEAD_US, Team
from sim.actors.queue.workers import Workers
from sim.actors.workload import Block, HitsLimitError
from sim.arrays.time import MINUTE_US
from sim.arrays.types import Bools, Ints
from sim.scaffold.exchange_records import Exchanges
from sim.scaffold.fill import DrawnSessions
from sim.scaffold.rows import Placement, RowMaker, exchange_rows
from sim.scaffold.task_rows import no_tasks
from sim.world.attempt_stream import merge_attempts
from sim.world.attempts import Attempts
from sim.world.cache import session_read_tokens

_SLICE_ROWS = 65_536
_SHORTEST_SLICE_US = MINUTE_US
_LONGEST_SLICE_US = QUEUE_LEAD_US
# Workers begin within so long of each other.
_STAGGER_US = MINUTE_US
# After so many wrong guesses at who hits a limit, everybody is thought to.
_GUESSES = 3


class QueueWorkload:
    """One team of a queue, its workers and its accounts.

    Works in slices of time, optimistically: organisations that are not known to hit a limit are
    put on the clock as if nothing were limited, and checked afterwards. Who does hit one is known
    the next time, and simulated event by event.
    """

    def __init__(self, context: ActorContext, team: Team) -> None:
        """Prepare a team; nothing is drawn yet."""
        self._context, self.team = context, team
        self.rows_per_us = team.rows_per_us
        slice_us = round(_SLICE_ROWS / self.rows_per_us)
        self._slice_us = min(max(slice_us, _SHORTEST_SLICE_US), _LONGEST_SLICE_US)

        # organisations known to hit a limit, and the numbers of those of the team
        organisation = context.accounts.organisation
        self._limited: Bools = np.zeros(int(organisation.max()) + 1, np.bool_)
        first, last = organisation[[team.accounts.start, team.accounts.stop - 1]].tolist()
        self._organisations = slice(first, last + 1)
        self._guesses = 0

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
        """Yield the rows of the team slice by slice.

        Raises
        ------
        HitsLimitError
            An organisation hit a limit that was not known to. The pass goes on until then to find
            as many of them as it can.
        """
        context, queue = self._context, self.ticket_queue()
        gateway = _Gateway(context, self.opens_us, len(self._limited))
        workers = self._workers(queue)

        pending: list[_StartedTickets] = []
        for until_us in self._slices(workers):
            workers.run(until_us)
            yield from workers.blocks(make, until_us)

            # tasks of the tickets begun in the slice
            started = _collect(queue)
            for part in started:
                tasks = context.service.task_rows(part.drawn, part.placement, part.attempts)
                yield Block(Exchanges.none(), tasks)

            # attempts before its end pass the gateway, later ones wait
            pending += started
            due = [part.pick(part.attempts.begins_us < until_us) for part in pending]
            pending = [part.pick(part.attempts.begins_us >= until_us) for part in pending]
            pending = [part for part in pending if len(part.own_read)]
            for part, read in gateway.admit(due):
                logged = context.is_in_log(part.attempts)
                attempts = part.attempts.pick(logged)
                yield Block(make(part.drawn, part.placement, attempts, read[logged]), no_tasks())

            hit = gateway.hit
            if hit.any() and (hit | self._limited)[self._organisations].all():
                # everybody in the team is known to hit a limit now
                break
        if gateway.hit.any():
            self._note_limited(gateway.hit)
            raise HitsLimitError

    def _workers(self, queue: TicketQueue) -> LimitedWorkers | UnlimitedWorkers:
        """Make the workers: on the event loop, if anybody is known to hit a limit."""
        horizon_us, workers_from_us = self._context.horizon_us, self.workers_from_us
        if self._limited.any():
            limited = self._limited
            return LimitedWorkers(self._context, queue, self.opens_us, workers_from_us, limited)
        return UnlimitedWorkers(self.opens_us, horizon_us, self._slice_us, workers_from_us, queue)

    def _slices(self, workers: LimitedWorkers | UnlimitedWorkers) -> Iterator[int]:
        """Yield ends of slices of time; the last slice is long if nobody has anything to do."""
        at_us, horizon_us = self.opens_us, self._context.horizon_us
        while at_us < horizon_us:
            rests = workers.is_idle and at_us > self.opens_us
            at_us = horizon_us if rests else min(at_us + self._slice_us, horizon_us)
            yield at_us

    def _note_limited(self, hit: Bools) -> None:
        """Note who hit a limit for the next pass; after some wrong guesses, everybody."""
        self._guesses += 1
        self._limited = self._limited | hit | (self._guesses >= _GUESSES)


class UnlimitedWorkers:
    """The workers of a queue none of whose organisations hits a limit, driven by SimPy."""

    def __init__(
        self,
        opens_us: int,
        closes_us: int,
        slice_us: int,
        workers_from_us: list[int],
        queue: TicketQueue,
    ) -> None:
        """Prepare the workers, which take tickets for `slice_us` at a time."""
        self._env = simpy.Environment(initial_time=opens_us)
        Workers(workers_from_us, queue.batch).start(self._env, slice_us, closes_us)

    @property
    def is_idle(self) -> bool:
        """Whether there is no more work."""
        return not math.isfinite(self._env.peek())

    def run(self, until_us: int) -> None:
        """Work until then."""
        self._env.run(until=until_us)

    def blocks(self, make: RowMaker, until_us: int) -> Iterator[Block]:
        """Yield nothing: nothing is done event by event."""
        return iter(())


class _StartedTickets(NamedTuple):
    """Attempts of tickets that were begun, and what each reads of its own task's context."""

    drawn: DrawnSessions
    placement: Placement
    attempts: Attempts
    own_read: Ints

    def pick(self, index: Bools | Ints) -> _StartedTickets:
        """Return some of the attempts."""
        attempts, own_read = self.attempts.pick(index), self.own_read[index]
        return self._replace(attempts=attempts, own_read=own_read)


def _collect(queue: TicketQueue) -> list[_StartedTickets]:
    """Return the tickets begun since the last time, and forget batches that are used up."""
    batches = [batch for batch in queue.batches if batch.collected < batch.batch.begun]
    started = [_started(batch, queue) for batch in batches]
    queue.batches = [batch for batch in queue.batches if batch is queue.newest]
    return started


def _started(batch: DrawnBatch, queue: TicketQueue) -> _StartedTickets:
    """Return the tickets of a batch that were begun since the last time."""
    low, high = batch.collected, batch.batch.begun
    batch.collected = high
    starts_us = np.array(batch.batch.starts_us[low:high], np.int64)
    attempts, _ = queue.permitted(batch, batch.service_times.attempts(low, high, starts_us))
    own_read = session_read_tokens(batch.drawn.calls, attempts)
    return _StartedTickets(batch.drawn, batch.placement, attempts, own_read)


class _Gateway:
    """The provider's limits and cache as a queue meets them, slice by slice."""

    def __init__(self, context: ActorContext, opens_us: int, organisations: int) -> None:
        self._cache = context.draws.prefix_cache()
        self._check = context.service.limit_check(organisations, opens_us)
        self._organisations = organisations

    @property
    def hit(self) -> Bools:
        """Which organisations may have hit a limit so far."""
        by_class = self._check.overdrawn.reshape(self._organisations, -1)
        return np.asarray(by_class.any(axis=1))

    def admit(self, started: list[_StartedTickets]) -> Iterator[tuple[_StartedTickets, Ints]]:
        """Yield each part in order of time, with what its attempts read from the cache.

        Nothing is yielded once somebody may be over a limit: it would be discarded.
        """
        parts = [(part.drawn.calls, part.attempts, part.own_read) for part in started]
        if not sum(len(own_read) for _, _, own_read in parts):
            return
        stream, order = merge_attempts(parts, [part.drawn.calls.bucket for part in started])
        read = self._cache.read_tokens(stream)
        self._check.add(stream, read)
        if self._check.overdrawn.any():
            return

        # row i of the stream is row order[i] of the parts laid end to end
        edges = np.cumsum([0, *(len(part.own_read) for part in started)])
        part_of_row = np.searchsorted(edges, order, side="right") - 1
        for number, part in enumerate(started):
            inside = part_of_row == number
            yield part.pick(order[inside] - edges[number]), read[inside]
