"""How long the tasks of a batch take, and what becomes of their calls, as they are started."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.actors.workload import Stage
from sim.scaffold.fill import Drawn
from sim.world.attempts import Attempts
from sim.world.walk import end_of_task

Ints = NDArray[np.int64]

_CHUNK_TICKETS = 256
_ALONE, _SKIPPED = -1, -2


class _Chunk(NamedTuple):
    """Consecutive tickets, settled as if all started at `begins_us`."""

    begins_us: int
    attempts: Attempts


class Spans:
    """A batch with one task a session, settled as its tasks are started one after the other.

    Within one segment of the weather what becomes of a task does not depend on its start. So the
    next tasks are settled together as if they started when the segment begins; one that would
    leave the segment, from there or from its true start, is settled alone. Starts never decrease.
    """

    def __init__(self, stage: Stage, drawn: Drawn) -> None:
        self._stage, self._drawn = stage, drawn
        self._segment = -1
        self._chunks: list[_Chunk] = []
        self._chunk_of: list[int] = []
        self._spans: list[int] = []
        self._first = self._room_us = self._ends_us = 0

    def span_us(self, ticket: int, start_us: int) -> int:
        """Time that a ticket takes; tickets must be asked for in order."""
        segment = self._stage.weather.segment_scalar(start_us)
        if segment != self._segment or ticket >= self._first + len(self._spans):
            self._settle_chunk(ticket, segment)
        span = self._spans[ticket - self._first]
        if span <= self._room_us and start_us + span <= self._ends_us:
            self._chunk_of.append(len(self._chunks) - 1)
            return span
        self._chunk_of.append(_ALONE)
        stage = self._stage
        world = (stage.weather, stage.fates, stage.policy, stage.horizon_us)
        return end_of_task(self._drawn.shape, ticket, start_us, *world) - start_us

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
                parts.append(self._stage.settle(self._drawn, starts, tickets).attempts)
                continue
            chunk = self._chunks[number]
            later = np.full(len(shape.calls_per_session), -1)
            later[tickets] = starts - chunk.begins_us
            shift = later[shape.session[chunk.attempts.call]]
            mine = shift >= 0
            made, shift = chunk.attempts.pick(mine), shift[mine]
            begins, ends = made.begins_us + shift, made.ends_us + shift
            parts.append(made._replace(begins_us=begins, ends_us=ends))
        whole = Attempts(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        return whole.pick(whole.begins_us < self._stage.horizon_us)

    def _settle_chunk(self, first: int, segment: int) -> None:
        weather = self._stage.weather
        begins_us, self._ends_us = int(weather.starts_us[segment]), int(weather.ends_us[segment])
        self._first, self._segment = first, segment
        self._room_us = self._ends_us - begins_us
        last = min(first + _CHUNK_TICKETS, len(self._drawn.shape.calls_per_session))
        tickets = np.arange(first, last)
        begins = np.full(len(tickets), begins_us)
        settled = self._stage.settle(self._drawn, begins, tickets)
        self._spans = (settled.session_ends_us - begins_us).tolist()
        self._chunks.append(_Chunk(begins_us, settled.attempts))
