"""Actors that work through a queue: benchmark laboratories and coordinated pools."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.actors.balance import balancer
from sim.actors.batches import Filled, TicketQueue, source
from sim.actors.crew import Crew
from sim.actors.tickets import LEAD_US
from sim.actors.workforce import Workforce
from sim.actors.workload import Block, HitsLimitError, Stage
from sim.scaffold.fill import Drawn
from sim.scaffold.rows import Placement, exchange_rows
from sim.world.attempts import Attempts
from sim.world.cache import session_read_tokens
from sim.world.gateway import merge

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_SLICE_ROWS = 65_536
_SHORTEST_SLICE_US = 60_000_000
_LONGEST_SLICE_US = LEAD_US
_STAGGER_US = 60_000_000
# Workers that a pool keeps when the scenario does not say: so many times the mean number busy.
_HEADROOM = 3.0
# Guesses at who hits a limit, before everybody is thought to.
_GUESSES = 3


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
        self._limited: Bools = np.zeros(int(stage.accounts.organisation.max()) + 1, np.bool_)
        self._guesses = 0

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

    def _queue(self) -> TicketQueue:
        stage = self._stage
        return TicketQueue(
            stage, self._opens_us, balancer(stage.actor.balance, stage.accounts.volume)
        )

    def _slices(self) -> Iterator[int]:
        at = self._opens_us
        while at < self._stage.horizon_us:
            at = min(at + self._slice_us, self._stage.horizon_us)
            yield at

    def blocks(self) -> Iterator[Block]:
        """Organisations that hit a limit before are simulated event by event, the others not.

        Who of the others does is collected to the end, for the next time.
        """
        stage, queue, gateway = self._stage, self._queue(), self._gateway()
        crew = self._crew(queue)
        pending: list[_Begun] = []
        for until in self._slices():
            crew.run(until)
            yield from crew.blocks(until)
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
            if gateway.hit.any() and (gateway.hit | self._limited).all():
                break
        if gateway.hit.any():
            self._guess_again(gateway.hit)
            raise HitsLimitError

    def _crew(self, queue: TicketQueue) -> Crew | _FreeCrew:
        if self._limited.any():
            return Crew(self._stage, queue, self._opens_us, self._workers_from_us, self._limited)
        return _FreeCrew(self._opens_us, self._workers_from_us, queue)

    def _gateway(self) -> _Gateway:
        return _Gateway(self._stage, self._opens_us, len(self._limited))

    def _guess_again(self, hit: Bools) -> None:
        self._guesses += 1
        self._limited = self._limited | hit | (self._guesses >= _GUESSES)


class _FreeCrew:
    """The workers of a queue none of whose organisations hits a limit."""

    def __init__(self, opens_us: int, workers_from_us: list[int], queue: TicketQueue) -> None:
        self._env = simpy.Environment(initial_time=opens_us)
        Workforce(workers_from_us, queue.batch).start(self._env)

    def run(self, until_us: int) -> None:
        self._env.run(until=until_us)

    def blocks(self, until_us: int) -> Iterator[Block]:
        """Nothing is done event by event."""
        return iter(())


class _Begun(NamedTuple):
    """Attempts of tickets that were begun, and what each reads of its own task's context."""

    drawn: Drawn
    placement: Placement
    attempts: Attempts
    own_read: Ints

    @classmethod
    def of(cls, filled: Filled) -> _Begun:
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

    def __init__(self, stage: Stage, opens_us: int, organisations: int) -> None:
        self._cache = stage.prefix_cache()
        self._check = stage.limit_check(organisations, opens_us)
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
