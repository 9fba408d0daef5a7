"""The weather of the provider: slowdown, failures and limits, constant within whole minutes."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.arrays.time import FOREVER_US, MINUTE_US
from sim.arrays.types import Floats, Ints
from sim.scenario.resolved import Event, World
from sim.world.load import hourly_load

_HOUR_MIN = 60


class ProviderConditions:
    """What the world is like at a time, as segments; arrays have shape (segments,).

    Segments cover [`opens_us`, `closes_us`), both whole minutes; later times count as the last
    segment, whose `ends_us` is far away.
    """

    def __init__(self, world: World, opening: datetime, opens_us: int, closes_us: int) -> None:
        first, last = opens_us // MINUTE_US, -(-closes_us // MINUTE_US)
        self._first_minute = first
        minute = np.arange(first, last + 1)
        slowdown = 1 + (world.load.slowdown_at_peak - 1) * self._load(world, opening, minute)
        overload = np.full(len(minute), world.overload)
        server_error = np.full(len(minute), world.server_error)
        limits = np.ones(len(minute))
        for event in world.events:
            within = _during(event, minute)
            if event.kind == "incident":
                slowdown[within] *= event.slowdown
                overload[within] += event.overload
                server_error[within] += event.server_error
            elif event.kind == "limits":
                limits[within] *= event.factor
        server_error = np.minimum(server_error, 1)
        overload = np.minimum(overload, 1 - server_error)
        table = np.stack([slowdown, overload, server_error, limits])
        change = np.flatnonzero((table[:, 1:] != table[:, :-1]).any(axis=0)) + 1
        starts = np.concatenate([[0], change])
        self._segment_of_minute = np.zeros(len(minute), np.int64)
        self._segment_of_minute[change] = 1
        np.cumsum(self._segment_of_minute, out=self._segment_of_minute)
        self.slowdown, self.overload, self.server_error, self.limits = table[:, starts]
        self.starts_us: Ints = minute[starts] * MINUTE_US
        self.ends_us: Ints = np.concatenate([self.starts_us[1:], [FOREVER_US]])

    @staticmethod
    def _load(world: World, opening: datetime, minute: Ints) -> Floats:
        """Load of each minute, of that at the peak of an ordinary week."""
        load = hourly_load(world.load, opening)
        into_hour = opening.minute + (1 if opening.second or opening.microsecond else 0)
        relative = load[(minute + into_hour) // _HOUR_MIN % len(load)] / load.max()
        for event in world.events:
            if event.kind == "holiday":
                relative[_during(event, minute)] *= event.factor
        return np.asarray(relative)

    def segment(self, ts_us: Ints) -> Ints:
        """Number of the segment of each time."""
        minute = np.minimum(
            ts_us // MINUTE_US - self._first_minute, len(self._segment_of_minute) - 1
        )
        return self._segment_of_minute[minute]

    @cached_property
    def _by_segment(self) -> list[tuple[float, float, float]]:
        columns = (self.slowdown.tolist(), self.overload.tolist(), self.server_error.tolist())
        return list(zip(*columns, strict=True))

    def of_segment(self, segment: int) -> tuple[float, float, float]:
        """Slowdown, probability of overload and of a server error."""
        return self._by_segment[segment]

    @cached_property
    def _segments(self) -> list[int]:
        return self._segment_of_minute.tolist()

    def segment_scalar(self, ts_us: int) -> int:
        """`segment` of one time."""
        segments = self._segments
        return segments[min(ts_us // MINUTE_US - self._first_minute, len(segments) - 1)]


def _during(event: Event, minute: Ints) -> NDArray[np.bool_]:
    after = minute >= event.at_us // MINUTE_US
    return after if event.until_us is None else after & (minute < event.until_us // MINUTE_US)
