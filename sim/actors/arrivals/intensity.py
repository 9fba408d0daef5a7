"""Intensity of session arrivals over the week, as a change of time.

A Poisson process with the intensity lambda(t) is one of rate 1 in *operational time*, the integral
of lambda (Çinlar 1975, "Introduction to Stochastic Processes", section 4.7). The intensities here
are constant within an hour, so the integral is piecewise linear and its inverse is exact. Both
times are microseconds since the log opens; negative before it.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Protocol

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.time import HOUR_US, SECOND_US
from sim.arrays.types import Floats
from sim.scenario.resolved import Rhythm
from sim.world.load_curve import WEEK_H, weekly_weights

# Correlation of the logarithms of the common factors of two successive hours; a prior.
_HOURLY_CORRELATION = 0.7
_WEEK_US = WEEK_H * HOUR_US


class TimeChange(Protocol):
    """Maps clock time to operational time and back; both maps never decrease."""

    def operational(self, clock_us: Floats) -> Floats:
        """Return the integral of the intensity up to each clock time, up to a constant."""

    def clock(self, operational_us: Floats) -> Floats:
        """Return the clock time at which the integral reaches each operational time."""


class WeeklyIntensity:
    """The rhythm of a week, repeated for ever: an intensity of mean 1, constant within an hour.

    Operational time is 0 when the log opens. As the mean is 1, it passes as fast as clock time in
    the long run.
    """

    def __init__(self, rhythm: Rhythm, opening: datetime, utc_offset_h: int = 0) -> None:
        """Lay the week of someone `utc_offset_h` hours ahead of UTC over a log from `opening`."""
        into_week_us = (
            opening.weekday() * 24 * HOUR_US
            + ((opening.hour * 60 + opening.minute) * 60 + opening.second) * SECOND_US
            + opening.microsecond
        )
        self._shift_us = (into_week_us + utc_offset_h * HOUR_US) % _WEEK_US

        # the integral at the edges of the hours from Monday 00:00 of local time on
        weights = weekly_weights(rhythm.peak_hour, rhythm.strength, rhythm.weekend)
        self._edges_us = np.arange(WEEK_H + 1) * float(HOUR_US)
        self._area_us = np.concatenate([[0.0], np.cumsum(weights * HOUR_US)])
        self._area_us[-1] = _WEEK_US
        self._shift_area_us = float(np.interp(self._shift_us, self._edges_us, self._area_us))

    def operational(self, clock_us: Floats) -> Floats:
        """Return the integral of the intensity from the opening to each clock time."""
        week, rest = np.divmod(clock_us + self._shift_us, _WEEK_US)
        within = np.interp(rest, self._edges_us, self._area_us)
        return np.asarray(week * _WEEK_US + within - self._shift_area_us)

    def clock(self, operational_us: Floats) -> Floats:
        """Return the inverse of `operational`; where the intensity is 0, the end of the gap."""
        week, rest = np.divmod(operational_us + self._shift_area_us, _WEEK_US)
        within = np.interp(rest, self._area_us, self._edges_us)
        return np.asarray(week * _WEEK_US + within - self._shift_us)

    def hourly(self, low_us: int, high_us: int) -> tuple[Floats, Floats]:
        """Return (clock, operational) at the hours of the log from `low_us` to past `high_us`."""
        hours = np.arange(low_us // HOUR_US, -(-high_us // HOUR_US) + 1)
        clock = hours.astype(np.float64) * HOUR_US
        return clock, self.operational(clock)


class ModulatedIntensity:
    """A weekly intensity times a random factor for each hour: a log-Gaussian Cox process.

    The logarithms of the factors are an autoregressive process of order 1 with correlation 0.7 and
    standard deviation `sigma`; the mean of a factor is 1. All accounts of an actor share the
    factors, so they are busy together. Holds for the hours of [low_us, high_us) alone.
    """

    def __init__(
        self,
        base: WeeklyIntensity,
        sigma: float,
        rng: np.random.Generator,
        low_us: int,
        high_us: int,
    ) -> None:
        """Draw the factors of the hours of [low_us, high_us) from `rng`."""
        self._clock_us, base_area_us = base.hourly(low_us, high_us)

        z = rng.standard_normal(len(base_area_us) - 1)
        _correlate(z, math.sqrt(1 - _HOURLY_CORRELATION**2))
        factor = np.exp(sigma * z - sigma**2 / 2)

        gained_us = np.cumsum(np.diff(base_area_us) * factor)
        self._area_us = base_area_us[0] + np.concatenate([[0.0], gained_us])

    def operational(self, clock_us: Floats) -> Floats:
        """Return the integral of the intensity up to each clock time, up to a constant."""
        return np.asarray(np.interp(clock_us, self._clock_us, self._area_us))

    def clock(self, operational_us: Floats) -> Floats:
        """Return the inverse of `operational`."""
        return np.asarray(np.interp(operational_us, self._area_us, self._clock_us))


@compiled
def _correlate(z: Floats, innovation: float) -> None:
    """Make independent normal numbers an autoregressive process of order 1."""
    for k in range(1, len(z)):
        z[k] = _HOURLY_CORRELATION * z[k - 1] + innovation * z[k]
