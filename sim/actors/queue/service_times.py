"""How long the tickets of a batch take, and what becomes of their calls, as they are started."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.actors.provider_service import ProviderService
from sim.arrays.types import Ints
from sim.scaffold.fill import DrawnSessions
from sim.world.attempts import Attempts
from sim.world.timing_scalar import end_of_task

_MOST_TICKETS, _FEWEST_TICKETS = 1_024, 64
# What stands for the number of a chunk where a ticket was timed alone, or not at all.
_ALONE, _SKIPPED = -1, -2


class _Chunk(NamedTuple):
    """Consecutive tickets from `first` on, timed as if they started at `begins_us`."""

    first: int
    begins_us: Ints
    attempts: Attempts


class ServiceTimes:
    """Service times of tickets whose start is known only once a worker takes them.

    A worker needs the time of a ticket when it starts it, but timing one ticket at a time is
    slow. So the next tickets are timed together as a chunk, as if each started at its release
    (or now, if that is past). This holds for a ticket that does start then. It also holds, shifted,
    for one that starts later within the same segment of the provider's conditions and ends in it.
    Any other ticket is timed alone. Starts never decrease.
    """

    def __init__(self, service: ProviderService, drawn: DrawnSessions, release_us: Ints) -> None:
        """Prepare the tickets of `drawn`, each a session of one task, in order of release."""
        self._service, self._drawn, self._release_us = service, drawn, release_us
        self._chunks: list[_Chunk] = []
        self._chunk_of: list[int] = []

        # the latest chunk: its tickets [first, past), and for each of them the start that was
        # assumed, the time taken, and the end of the segment
        self._first = self._past = 0
        self._begins_us: list[int] = []
        self._service_us: list[int] = []
        self._segment_ends_us: list[int] = []

    def service_us(self, ticket: int, start_us: int) -> int:
        """Return the time that a ticket takes; tickets must be asked for in order."""
        is_new = ticket >= self._past
        if is_new or start_us >= self._segment_ends_us[ticket - self._first]:
            self._settle_chunk(ticket, start_us)

        k = ticket - self._first
        service_us = self._service_us[k]
        if start_us == self._begins_us[k] or start_us + service_us <= self._segment_ends_us[k]:
            self._chunk_of.append(len(self._chunks) - 1)
            return service_us

        self._chunk_of.append(_ALONE)
        shape, conditions = self._drawn.calls, self._service.conditions
        return end_of_task(shape, ticket, start_us, conditions) - start_us

    def skip(self) -> None:
        """Leave out the next ticket: what becomes of it is not known beforehand."""
        self._chunk_of.append(_SKIPPED)

    def attempts(self, low: int, high: int, starts_us: Ints) -> Attempts:
        """Return the attempts of the tickets [low, high) before the end of the log.

        Parameters
        ----------
        low, high
            Tickets whose times were asked for, or that were skipped: those have no attempts.
        starts_us
            When each of them was started, shape (high - low,).
        """
        chunk_of = np.array(self._chunk_of[low:high], np.int64)
        parts = [Attempts(*[np.empty(0, np.int64)] * 6)]
        for number in np.unique(chunk_of[chunk_of != _SKIPPED]).tolist():
            tickets = low + np.flatnonzero(chunk_of == number)
            starts = starts_us[tickets - low]
            if number == _ALONE:
                parts.append(self._service.solve_timing(self._drawn, starts, tickets).attempts)
            else:
                parts.append(self._shifted(self._chunks[number], tickets, starts))

        attempts = Attempts(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        return attempts.pick(attempts.begins_us < self._service.conditions.until_us)

    def _shifted(self, chunk: _Chunk, tickets: Ints, starts_us: Ints) -> Attempts:
        """Return the attempts of some tickets of a chunk, put off to their starts."""
        shape = self._drawn.calls
        shift_of_ticket = np.full(len(shape.calls_per_session), -1)
        shift_of_ticket[tickets] = starts_us - chunk.begins_us[tickets - chunk.first]

        shift = shift_of_ticket[shape.session[chunk.attempts.call]]
        chosen = shift >= 0
        attempts, shift = chunk.attempts.pick(chosen), shift[chosen]
        begins, ends = attempts.begins_us + shift, attempts.ends_us + shift
        return attempts._replace(begins_us=begins, ends_us=ends)

    def _settle_chunk(self, first: int, start_us: int) -> None:
        """Settle the tickets from `first` on together, none of them before `start_us`."""
        provider = self._service.conditions.provider
        size = _MOST_TICKETS
        if self._chunks:
            # so many of the last chunk were used before the conditions changed
            used = first - self._first
            size = min(max(2 * used, _FEWEST_TICKETS), _MOST_TICKETS)
        self._first, self._past = first, min(first + size, len(self._release_us))

        begins = np.maximum(self._release_us[first : self._past], start_us)
        timing = self._service.solve_timing(self._drawn, begins, np.arange(first, self._past))
        self._begins_us = begins.tolist()
        self._segment_ends_us = provider.ends_us[provider.segment(begins)].tolist()
        self._service_us = (timing.session_ends_us - begins).tolist()
        self._chunks.append(_Chunk(first, begins, timing.attempts))
