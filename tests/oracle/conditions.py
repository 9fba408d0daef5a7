"""The weather of docs/world.md, looked up moment by moment."""

from __future__ import annotations

import math
from datetime import datetime
from typing import NamedTuple

from sim.scenario.resolved import Event, World

MINUTE_US = 60_000_000
_WEEK_H, _STEP_H = 168, 3
_STEP_MIN = _STEP_H * 60


class Conditions(NamedTuple):
    """What holds for an attempt that begins now."""

    slowdown: float
    overload: float
    server_error: float


class Skies:
    """The conditions of each minute; `opening` is the moment 0, on a whole minute."""

    def __init__(self, world: World, opening: datetime) -> None:
        self._world = world
        self._opens_min = opening.weekday() * 24 * 60 + opening.hour * 60 + opening.minute
        hours = [self._load_of(hour) for hour in range(_WEEK_H)]
        self._load = [sum(hours[h : h + _STEP_H]) / _STEP_H for h in range(0, _WEEK_H, _STEP_H)]
        self._known: dict[int, Conditions] = {}

    def _load_of(self, hour: int) -> float:
        load = self._world.load
        course = 1 + load.strength * math.cos(2 * math.pi * (hour % 24 + 0.5 - load.peak_hour) / 24)
        return course * (load.weekend if hour >= 120 else 1)

    def at(self, now_us: int) -> Conditions:
        minute = now_us // MINUTE_US
        if minute not in self._known:
            self._known[minute] = self._conditions(minute)
        return self._known[minute]

    def _conditions(self, minute: int) -> Conditions:
        step = (minute + self._opens_min) // _STEP_MIN % len(self._load)
        load = self._load[step] / max(self._load)
        now = [e for e in self._world.events if goes_on(e, minute * MINUTE_US)]
        load *= math.prod(e.factor for e in now if e.kind == "holiday")
        slowdown = 1 + (self._world.load.slowdown_at_peak - 1) * load
        overload, server_error = self._world.overload, self._world.server_error
        for incident in (e for e in now if e.kind == "incident"):
            slowdown *= incident.slowdown
            overload += incident.overload
            server_error += incident.server_error
        server_error = min(server_error, 1)
        return Conditions(slowdown, min(overload, 1 - server_error), server_error)

    def limit_factors(self) -> list[tuple[int, float]]:
        """(from when, factor on limits), in order of time; before the first the factor is 1."""
        events = [e for e in self._world.events if e.kind == "limits"]
        edges = {edge for e in events for edge in (e.at_us, e.until_us) if edge is not None}
        return [
            (edge, math.prod(e.factor for e in events if goes_on(e, edge)))
            for edge in sorted(edges)
        ]


def goes_on(event: Event, now_us: int) -> bool:
    """Whether an event is going on."""
    return event.at_us <= now_us and (event.until_us is None or now_us < event.until_us)
