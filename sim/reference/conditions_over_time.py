"""How slow, how unreliable and how generous the provider is, looked up minute by minute."""

from __future__ import annotations

import math
from datetime import datetime
from typing import NamedTuple

from sim.scenario.resolved import Event, World

MINUTE_US = 60_000_000
_WEEK_H, _STEP_H = 168, 3
_STEP_MIN = _STEP_H * 60
_FIRST_WEEKEND_HOUR = 120  # Saturday 00:00, from Monday 00:00


class Conditions(NamedTuple):
    """What holds for an attempt that begins in a minute.

    Attributes
    ----------
    slowdown
        Factor on the time to the first token and on the time of generation.
    overload, server_error
        Probabilities of an answer of 529 and of 500. Together they are at most 1.
    """

    slowdown: float
    overload: float
    server_error: float


class ConditionsOverTime:
    """The conditions of each minute of a scenario, computed when somebody first asks.

    They are constant within whole minutes of the log, also where an event begins or ends within
    one: what holds at the beginning of the minute holds for all of it.
    """

    def __init__(self, world: World, opening: datetime) -> None:
        """Take the world of a scenario and its opening, the moment 0 in UTC.

        An opening within a minute counts as the next whole minute.
        """
        self._world = world
        into_day = opening.hour * 60 + opening.minute
        started = opening.second > 0 or opening.microsecond > 0
        self._opens_min = opening.weekday() * 24 * 60 + into_day + started
        self._load = self._load_by_step()
        self._by_minute: dict[int, Conditions] = {}

    def at(self, now_us: int) -> Conditions:
        """Return the conditions of the minute of `now_us`, which may lie before the log."""
        minute = now_us // MINUTE_US
        if minute not in self._by_minute:
            self._by_minute[minute] = self._conditions(minute)
        return self._by_minute[minute]

    def limit_factors(self) -> list[tuple[int, float]]:
        """Return (from when, factor on limits) in order of time; before the first it is 1.

        Events of kind `limits` that overlap multiply. Times are exact microseconds here, not whole
        minutes. Empty without such events.
        """
        events = [event for event in self._world.events if event.kind == "limits"]
        edges = {edge for e in events for edge in (e.at_us, e.until_us) if edge is not None}
        return [
            (edge, math.prod(e.factor for e in events if is_going_on(e, edge)))
            for edge in sorted(edges)
        ]

    def _load_by_step(self) -> list[float]:
        """Return the mean load of each three hours from Monday 00:00, as a share of the highest."""
        hours = [self._load_of_hour(hour) for hour in range(_WEEK_H)]
        steps = [sum(hours[h : h + _STEP_H]) / _STEP_H for h in range(0, _WEEK_H, _STEP_H)]
        return [step / max(steps) for step in steps]

    def _load_of_hour(self, hour: int) -> float:
        """Return the load in the middle of an hour of the week, from Monday 00:00 in UTC.

        A cosine over the day with its top at `peak_hour`, times the factor of the weekend; it is
        not yet divided by the highest.
        """
        load = self._world.load
        from_peak = hour % 24 + 0.5 - load.peak_hour
        course = 1 + load.strength * math.cos(2 * math.pi * from_peak / 24)
        return course * (load.weekend if hour >= _FIRST_WEEKEND_HOUR else 1)

    def _conditions(self, minute: int) -> Conditions:
        """Apply the load, which slows answers down, then incidents, which add failures too.

        Times of answers grow linearly with the load: at the highest of the week they are
        `slowdown_at_peak` times those without any load. `slowdown` compares them with their mean
        over an ordinary week. Holidays scale the load. Slowdowns of incidents multiply, their
        failures add up.
        """
        world = self._world
        events = [event for event in world.events if is_going_on(event, minute * MINUTE_US)]
        load = self._load[(minute + self._opens_min) // _STEP_MIN % len(self._load)]
        load *= math.prod(event.factor for event in events if event.kind == "holiday")

        at_peak = world.load.slowdown_at_peak - 1
        usual = 1 + at_peak * sum(self._load) / len(self._load)
        slowdown = (1 + at_peak * load) / usual
        overload, server_error = world.overload, world.server_error
        for incident in (event for event in events if event.kind == "incident"):
            slowdown *= incident.slowdown
            overload += incident.overload
            server_error += incident.server_error

        # together at most 1: server errors keep theirs
        server_error = min(server_error, 1)
        return Conditions(slowdown, min(overload, 1 - server_error), server_error)


def is_going_on(event: Event, now_us: int) -> bool:
    """Tell whether `event` holds at `now_us`: from its begin, included, to its end, excluded."""
    return event.at_us <= now_us and (event.until_us is None or now_us < event.until_us)
