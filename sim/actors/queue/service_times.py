"""How long the tasks of a batch take, and what becomes of their calls, as they are started."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.actors.context import ActorContext
from sim.arrays.types import Ints
from sim.scaffold.fill import Drawn
from sim.world.attempts import Attempts
from sim.world.timing_scalar import end_of_task

_MOST_TICKETS, _FEWEST_TICKETS = 1_024, 64
_ALONE, _SKIPPED = -1, -2


class _Chunk(NamedTuple):
    """Consecutive tickets from `first` on, settled as if they started at `begins_us`."""

    first: int
    begins_us: Ints
    attempts: Attempts


class ServiceTimes:
    """A batch with one task a session, settled as its tasks are started one after the other.

    The next tickets are settled together, as if each started when it is released, or at once if
    it was before. Where that is when it starts, what was settled is what happens. It is too, put
    off, if it starts later but all of it stays within the same segment of the weather. What would
    leave the segment is settled alone. Starts never decrease.
    """

    def __init__(self, context: ActorContext, drawn: Drawn, release_us: Ints) -> None:
        self._context, self._drawn, self._release_us = context, drawn, release_us
        self._chunks: list[_Chunk] = []
        self._chunk_of: list[int] = []
        self._first = self._past = 0
        self._begins: list[int] = []
        self._spans: list[int] = []
        self._edges: list[int] = []

    def span_us(self, ticket: int, start_us: int) -> int:
        """Time that a ticket takes; tickets must be asked for in order."""
        if ticket >= self._past or start_us >= self._edges[ticket - self._first]:
            self._settle_chunk(ticket, start_us)
        place = ticket - self._first
        span = self._spans[place]
        if start_us == self._begins[place] or start_us + span <= self._edges[place]:
            self._chunk_of.append(len(self._chunks) - 1)
            return span
        self._chunk_of.append(_ALONE)
        conditions = self._context.call_conditions
        return end_of_task(self._drawn.shape, ticket, start_us, conditions) - start_us

    def skip(self) -> None:
        """Leave out the next ticket: what becomes of it is not known beforehand."""
        self._chunk_of.append(_SKIPPED)

    def attempts(self, low: int, high: int, starts_us: Ints) -> Attempts:
        """What becomes of the tickets [low, high), which were started at `starts_us`."""
        chunk_of = np.array(self._chunk_of[low:high], np.int64)
        shape = self._drawn.shape
        parts = [Attempts(*[np.empty(0, np.int64)] * 6)]
        for number in np.unique(chunk_of[chunk_of != _SKIPPED]).tolist():
            tickets = low + np.flatnonzero(chunk_of == number)
            starts = starts_us[tickets - low]
            if number == _ALONE:
                parts.append(self._context.settle(self._drawn, starts, tickets).attempts)
                continue
            chunk = self._chunks[number]
            later = np.full(len(shape.calls_per_session), -1)
            later[tickets] = starts - chunk.begins_us[tickets - chunk.first]
            shift = later[shape.session[chunk.attempts.call]]
            mine = shift >= 0
            made, shift = chunk.attempts.pick(mine), shift[mine]
            begins, ends = made.begins_us + shift, made.ends_us + shift
            parts.append(made._replace(begins_us=begins, ends_us=ends))
        whole = Attempts(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        return whole.pick(whole.begins_us < self._context.horizon_us)

    def _settle_chunk(self, first: int, start_us: int) -> None:
        conditions = self._context.conditions
        size = _MOST_TICKETS
        if self._chunks:
            # of the last chunk so many were used before the weather changed
            size = min(max(2 * (first - self._first), _FEWEST_TICKETS), _MOST_TICKETS)
        self._first = first
        self._past = min(first + size, len(self._release_us))
        begins = np.maximum(self._release_us[first : self._past], start_us)
        settled = self._context.settle(self._drawn, begins, np.arange(first, self._past))
        ends = conditions.ends_us[conditions.segment(begins)]
        self._begins, self._edges = begins.tolist(), ends.tolist()
        self._spans = (settled.session_ends_us - begins).tolist()
        self._chunks.append(_Chunk(first, begins, settled.attempts))
