"""Daily and weekly rhythm, as a piecewise-constant intensity whose integral inverts exactly."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.scenario.resolved import Rhythm
from sim.world.load import WEEK_H as _WEEK_H
from sim.world.load import weekly_weights

Floats = NDArray[np.float64]

HOUR_US = 3_600_000_000
_WEEK_US = _WEEK_H * HOUR_US


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
