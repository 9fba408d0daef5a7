"""Conditions at the provider: slowdown, failures and limits, constant within whole minutes."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from sim.arrays.time import FOREVER_US, MINUTE_US
from sim.arrays.types import Bools, Floats, Ints
from sim.scenario.resolved import Event, World
from sim.world.load_curve import hourly_load

_HOUR_MIN = 60


class ProviderConditions:
    """Conditions by segments of time in which nothing changes; arrays of shape (segments,).

    Attributes
    ----------
    first_minute : int
        Number of the first minute, counted from the opening of the log.
    segment_of_minute : array of int, shape (minutes,)
        Segment of each minute from the first on; later ones count as the last.
    starts_us, ends_us : array of int
        Begin and end of each segment, whole minutes; the last ends at `FOREVER_US`.
    slowdown : array of float
        Factor on the time that an answer takes. Its mean over an ordinary week is 1, because speeds
        were measured under load; at night it is below.
    overload, server_error : array of float
        Probabilities that an attempt fails so, together 1 at most.
    limits : array of float
        Factor on the limits of every tier.
    takes_output_up_front : bool
        Whether `max_tokens` counts against the limit of output when an attempt begins, and not
        the tokens of its answer when it ends.
    """

    def __init__(self, world: World, opening: datetime, opens_us: int, closes_us: int) -> None:
        """Cut the time from `opens_us` to `closes_us` into segments.

        Parameters
        ----------
        world : World
            Load curve, base rates and events.
        opening : datetime
            The moment from which times in microseconds count.
        opens_us, closes_us : int
            First and last time that will be asked for; later ones count as the last segment.
        """
        first, last = opens_us // MINUTE_US, -(-closes_us // MINUTE_US)
        minute = np.arange(first, last + 1)
        by_minute = _by_minute(world, opening, minute)

        # a segment begins with each minute that differs from the one before
        changes = np.flatnonzero((by_minute[:, 1:] != by_minute[:, :-1]).any(axis=0)) + 1
        starts = np.concatenate([[0], changes])
        self.first_minute = first
        self.segment_of_minute: Ints = np.zeros(len(minute), np.int64)
        self.segment_of_minute[changes] = 1
        np.cumsum(self.segment_of_minute, out=self.segment_of_minute)

        self.takes_output_up_front = world.limits.output == "up_front"
        self.slowdown, self.overload, self.server_error, self.limits = by_minute[:, starts]
        self.starts_us: Ints = minute[starts] * MINUTE_US
        self.ends_us: Ints = np.concatenate([self.starts_us[1:], [FOREVER_US]])

    def segment(self, ts_us: Ints) -> Ints:
        """Return the number of the segment of each time from the opening on."""
        minute = ts_us // MINUTE_US - self.first_minute
        return self.segment_of_minute[np.minimum(minute, len(self.segment_of_minute) - 1)]


# events multiply, a hundred of them to infinity; limits and times have their own upper bounds
@np.errstate(over="ignore")
def _by_minute(world: World, opening: datetime, minute: Ints) -> Floats:
    """Return slowdown, overload, server error and factor on limits, shape (4, minutes)."""
    slowdown = _slowdown(world, opening, minute)
    overload = np.full(len(minute), world.overload)
    server_error = np.full(len(minute), world.server_error)
    limits = np.ones(len(minute))

    for event in world.events:
        within = _within(event, minute)
        if event.kind == "incident":
            slowdown[within] *= event.slowdown
            overload[within] += event.overload
            server_error[within] += event.server_error
        elif event.kind == "limits":
            limits[within] *= event.factor

    server_error = np.minimum(server_error, 1)
    overload = np.minimum(overload, 1 - server_error)
    return np.stack([slowdown, overload, server_error, limits])


def _slowdown(world: World, opening: datetime, minute: Ints) -> Floats:
    """Return what the load does to the time of an answer in each minute, incidents aside.

    Times grow linearly with the load, from those without any to `slowdown_at_peak` times as much
    at the peak of an ordinary week, and have the mean 1 over such a week.
    """
    load = hourly_load(world.load, opening)
    load /= load.max()
    at_peak = world.load.slowdown_at_peak - 1
    usual = 1 + at_peak * load.mean()

    # an opening within a minute: the minutes of the clock begin before those of the log
    into_hour = opening.minute + (1 if opening.second or opening.microsecond else 0)
    relative = load[(minute + into_hour) // _HOUR_MIN % len(load)]
    for event in world.events:
        if event.kind == "holiday":
            relative[_within(event, minute)] *= event.factor
    return np.asarray((1 + at_peak * relative) / usual)


def _within(event: Event, minute: Ints) -> Bools:
    """Tell in which minutes an event goes on; it begins and ends with whole minutes."""
    after = minute >= event.at_us // MINUTE_US
    return after if event.until_us is None else after & (minute < event.until_us // MINUTE_US)
