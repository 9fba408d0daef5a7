"""Daily and weekly rhythm, as a piecewise-constant intensity whose integral inverts exactly."""

from __future__ import annotations

import math
from bisect import bisect_right
from datetime import datetime
from functools import cached_property
from typing import Protocol

import numpy as np

from sim.arrays.types import Floats
from sim.scenario.resolved import Rhythm
from sim.world.load import WEEK_H as _WEEK_H
from sim.world.load import weekly_weights

HOUR_US = 3_600_000_000
_FROM_HOUR_TO_HOUR = 0.7
_WEEK_US = _WEEK_H * HOUR_US


class Course(Protocol):
    """A rate over time, as clock time against operational time."""

    def operational(self, clock_us: Floats) -> Floats: ...
    def clock(self, operational_us: Floats) -> Floats: ...


class Waves:
    """An intensity that is multiplied, hour by hour of the log, by what an actor has in common.

    The logarithm of the factor is normal with deviation `sigma` and goes on from hour to hour with
    correlation .7; its mean is 1, so in the long run both times agree. Between the hours of
    [low_us, high_us) only.
    """

    def __init__(
        self, base: Intensity, sigma: float, rng: np.random.Generator, low_us: int, high_us: int
    ) -> None:
        self._clock, area = base.hourly(low_us, high_us)
        z = rng.standard_normal(len(area) - 1)
        for k in range(1, len(z)):
            z[k] = _FROM_HOUR_TO_HOUR * z[k - 1] + math.sqrt(1 - _FROM_HOUR_TO_HOUR**2) * z[k]
        factor = np.exp(sigma * z - sigma**2 / 2)
        self._area = area[0] + np.concatenate([[0.0], np.cumsum(np.diff(area) * factor)])

    def operational(self, clock_us: Floats) -> Floats:
        """Integral of the rate up to `clock_us`, but for a constant."""
        return np.asarray(np.interp(clock_us, self._clock, self._area))

    def clock(self, operational_us: Floats) -> Floats:
        """Inverse of `operational`."""
        return np.asarray(np.interp(operational_us, self._area, self._clock))


class Intensity:
    """Clock time against operational time: the integral of the intensity since the log opened.

    Both are in microseconds; the intensity has mean 1 over a week, so both agree in the long run.
    Negative times lie before the opening.
    """

    def __init__(self, rhythm: Rhythm, opening: datetime, utc_offset_h: int = 0) -> None:
        into_week_us = (
            opening.weekday() * 24 * HOUR_US
            + ((opening.hour * 60 + opening.minute) * 60 + opening.second) * 1_000_000
            + opening.microsecond
        )
        weights = weekly_weights(rhythm.peak_hour, rhythm.strength, rhythm.weekend)
        self._shift_us = (into_week_us + utc_offset_h * HOUR_US) % _WEEK_US
        self._area = np.concatenate([[0.0], np.cumsum(weights * HOUR_US)])
        self._area[-1] = _WEEK_US
        self._edges = np.arange(_WEEK_H + 1) * float(HOUR_US)
        self._shift_area = float(np.interp(self._shift_us, self._edges, self._area))

    def operational(self, clock_us: Floats) -> Floats:
        """Integral of the intensity from the opening to `clock_us`."""
        week, rest = np.divmod(clock_us + self._shift_us, _WEEK_US)
        within = np.interp(rest, self._edges, self._area)
        return np.asarray(week * _WEEK_US + within - self._shift_area)

    def clock(self, operational_us: Floats) -> Floats:
        """Inverse of `operational`; where the intensity is zero, the end of the gap."""
        week, rest = np.divmod(operational_us + self._shift_area, _WEEK_US)
        within = np.interp(rest, self._area, self._edges)
        return np.asarray(week * _WEEK_US + within - self._shift_us)

    def hourly(self, low_us: int, high_us: int) -> tuple[Floats, Floats]:
        """(clock, operational) at the hours of the log from `low_us` to past `high_us`."""
        hours = np.arange(low_us // HOUR_US, -(-high_us // HOUR_US) + 1)
        clock = hours.astype(np.float64) * HOUR_US
        return clock, self.operational(clock)

    def operational_scalar(self, clock_us: float) -> float:
        """`operational` of one number."""
        return float(self.operational(np.array([clock_us]))[0])

    @cached_property
    def _lists(self) -> tuple[list[float], list[float]]:
        return self._area.tolist(), self._edges.tolist()

    def clock_scalar(self, operational_us: float) -> float:
        """`clock` of one number, without array overhead."""
        area, edges = self._lists
        week, rest = divmod(operational_us + self._shift_area, _WEEK_US)
        k = min(bisect_right(area, rest), _WEEK_H) - 1
        step = area[k + 1] - area[k]
        part = (rest - area[k]) / step if step else 1.0
        return week * _WEEK_US + edges[k] + part * HOUR_US - self._shift_us
