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
from sim.actors.queue.ticket_queue import Filled, TicketQueue
from sim.actors.queue.tickets import QUEUE_LEAD_US, Team
from sim.actors.queue.workers import Workers
from sim.actors.workload import Block, HitsLimitError
from sim.arrays.types import Bools, Ints
from sim.scaffold.fill import Drawn
from sim.scaffold.rows import Placement, RowMaker, exchange_rows
from sim.world.attempts import Attempts
from sim.world.cache import session_read_tokens
from sim.world.limit_check import merge

_SLICE_ROWS = 65_536
_SHORTEST_SLICE_US = 60_000_000
_LONGEST_SLICE_US = QUEUE_LEAD_US
_STAGGER_US = 60_000_000
# Guesses at who hits a limit, before everybody is thought to.
_GUESSES = 3


class QueueWorkload:
    """One team of a queue, its workers and its accounts."""

    def __init__(self, context: ActorContext, team: Team) -> None:
        self._context, self.team = context, team
        self.rows_per_us = team.rows_per_us
        slice_us = round(_SLICE_ROWS / self.rows_per_us)
        self._slice_us = min(max(slice_us, _SHORTEST_SLICE_US), _LONGEST_SLICE_US)
        self._limited: Bools = np.zeros(int(context.accounts.organisation.max()) + 1, np.bool_)
        own = context.accounts.organisation[[team.accounts.start, team.accounts.stop - 1]]
        self._organisations = slice(int(own[0]), int(own[1]) + 1)
        self._guesses = 0

    @cached_property
    def _pilot(self) -> Pilot:
        return pilot_of(self._context, self.team)

    @cached_property
    def _opens_us(self) -> int:
        starts_us = self._context.actor.starts_us
        return opens_us(self._context, self.team, self._pilot) if starts_us is None else starts_us

    @cached_property
    def _workers_from_us(self) -> list[int]:
        """When each worker begins."""
        context, team = self._context, self.team
        rng = context.streams.rng(context.actor.id, "workers", team.number)
        count = workers_of(context, team, self._pilot)
        # those of earlier work begin in the first half of it
        before_us = max(2, -self._opens_us) if self._opens_us < 0 else 2 * _STAGGER_US
        later = rng.integers(0, min(_STAGGER_US, before_us // 2), count)
        return (self._opens_us + later).tolist()  # type: ignore[no-any-return]

    def _queue(self) -> TicketQueue:
        context, accounts = self._context, self.team.accounts
        volume = slot_weights(context, accounts)
        return TicketQueue(
            context, self.team, self._opens_us, balancer(context.actor.balance, volume)
        )

    def _slices(self, crew: LimitedWorkers | UnlimitedWorkers) -> Iterator[int]:
        """Ends of slices of time, the last of them when nobody has anything left to do."""
        at = self._opens_us
        while at < self._context.horizon_us:
            rest = crew.is_idle and at > self._opens_us
            at = (
                self._context.horizon_us
                if rest
                else min(at + self._slice_us, self._context.horizon_us)
            )
            yield at

    def blocks(self, make: RowMaker = exchange_rows) -> Iterator[Block]:
        """Organisations that hit a limit before are simulated event by event, the others not.

        Who of the others does is collected to the end, for the next time.
        """
        context, queue, gateway = self._context, self._queue(), self._gateway()
        crew = self._crew(queue)
        pending: list[_Begun] = []
        for until in self._slices(crew):
            crew.run(until)
            yield from crew.blocks(make, until)
            begun = [_Begun.of(f, queue) for f in queue.filled if f.collected < f.batch.begun]
            queue.filled = [f for f in queue.filled if f is queue.newest]
            for part in begun:
                yield Block({}, context.tasks(part.drawn, part.placement, part.attempts))
            pending += begun
            due = [part.pick(part.attempts.begins_us < until) for part in pending]
            pending = [part.pick(part.attempts.begins_us >= until) for part in pending]
            pending = [part for part in pending if len(part.own_read)]
            for part, read in gateway.admit(due):
                kept = context.is_in_log(part.attempts)
                attempts = part.attempts.pick(kept)
                yield Block(make(part.drawn, part.placement, attempts, read[kept]), {})
            if gateway.hit.any() and (gateway.hit | self._limited)[self._organisations].all():
                break
        if gateway.hit.any():
            self._guess_again(gateway.hit)
            raise HitsLimitError

    def _crew(self, queue: TicketQueue) -> LimitedWorkers | UnlimitedWorkers:
        context = self._context
        if self._limited.any():
            return LimitedWorkers(
                context, queue, self._opens_us, self._workers_from_us, self._limited
            )
        return UnlimitedWorkers(
            self._opens_us, context.horizon_us, self._slice_us, self._workers_from_us, queue
        )

    def _gateway(self) -> _Gateway:
        return _Gateway(self._context, self._opens_us, len(self._limited))

    def _guess_again(self, hit: Bools) -> None:
        self._guesses += 1
        self._limited = self._limited | hit | (self._guesses >= _GUESSES)


class UnlimitedWorkers:
    """The workers of a queue none of whose organisations hits a limit."""

    def __init__(
        self,
        opens_us: int,
        closes_us: int,
        slice_us: int,
        workers_from_us: list[int],
        queue: TicketQueue,
    ) -> None:
        self._env = simpy.Environment(initial_time=opens_us)
        Workers(workers_from_us, queue.batch).start(self._env, slice_us, closes_us)

    @property
    def is_idle(self) -> bool:
        """Whether there is no more work."""
        return not math.isfinite(self._env.peek())

    def run(self, until_us: int) -> None:
        self._env.run(until=until_us)

    def blocks(self, make: RowMaker, until_us: int) -> Iterator[Block]:
        """Nothing is done event by event."""
        return iter(())


class _Begun(NamedTuple):
    """Attempts of tickets that were begun, and what each reads of its own task's context."""

    drawn: Drawn
    placement: Placement
    attempts: Attempts
    own_read: Ints

    @classmethod
    def of(cls, filled: Filled, queue: TicketQueue) -> _Begun:
        """What was begun of a batch since the last time."""
        low, high = filled.collected, filled.batch.begun
        filled.collected = high
        starts = np.array(filled.batch.starts_us[low:high], np.int64)
        made = filled.spans.attempts(low, high, starts)
        attempts = queue.permitted(filled, made)[0]
        own_read = session_read_tokens(filled.drawn.shape, attempts)
        return cls(filled.drawn, filled.placement, attempts, own_read)

    def pick(self, index: Bools | Ints) -> _Begun:
        attempts, own_read = self.attempts.pick(index), self.own_read[index]
        return self._replace(attempts=attempts, own_read=own_read)


class _Gateway:
    """The gateway as a queue meets it, slice by slice."""

    def __init__(self, context: ActorContext, opens_us: int, organisations: int) -> None:
        self._cache = context.prefix_cache()
        self._check = context.limit_check(organisations, opens_us)
        self._organisations = organisations

    @property
    def hit(self) -> Bools:
        """Which organisations may have been over a limit so far."""
        by_class = self._check.overdrawn.reshape(self._organisations, -1)
        return np.asarray(by_class.any(axis=1))

    def admit(self, begun: list[_Begun]) -> Iterator[tuple[_Begun, Ints]]:
        """Yield each part in order of time, with what its attempts read from the cache.

        Nothing is yielded once somebody may be over a limit: it would be void.
        """
        parts = [(part.drawn.shape, part.attempts, part.own_read) for part in begun]
        if not sum(len(own_read) for _, _, own_read in parts):
            return
        stream, order = merge(parts, [part.drawn.shape.bucket for part in begun])
        read = self._cache.read_tokens(stream)
        self._check.add(stream, read)
        if self._check.overdrawn.any():
            return
        edges = np.cumsum([0, *(len(part.own_read) for part in begun)])
        owner = np.searchsorted(edges, order, side="right") - 1
        for number, part in enumerate(begun):
            mine = owner == number
            yield part.pick(order[mine] - edges[number]), read[mine]
