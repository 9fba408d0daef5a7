"""How busy the world is by the hour: the load on the provider, and the activity of people."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from sim.arrays.time import FOREVER_US
from sim.arrays.types import Floats, Ints
from sim.scenario.resolved import Load, World

WEEK_H = 168
_SATURDAY_H = 120
# The load is constant for so long: the fewer its steps, the fewer tasks meet one.
_STEP_H = 3


def weekly_weights(peak_hour: float, strength: float, weekend: float) -> Floats:
    """Return the relative intensity of each hour from Monday 00:00, mean 1, shape (168,).

    One harmonic, 1 + strength * cos(2 pi (hour - peak_hour) / 24), times `weekend` on Saturday
    and Sunday.

    Parameters
    ----------
    peak_hour : float
        Hour of the day at which intensity is largest, 0 to 24.
    strength : float
        Amplitude of the harmonic, 0 to 1.
    weekend : float
        Factor on Saturday and Sunday.
    """
    hour = np.arange(WEEK_H)
    middle = hour % 24 + 0.5
    weights = 1 + strength * np.cos(2 * np.pi * (middle - peak_hour) / 24)
    weights = np.where(hour >= _SATURDAY_H, weights * weekend, weights)
    return np.asarray(weights / weights.mean())


def hourly_load(load: Load, opening: datetime) -> Floats:
    """Return the load of one week from the hour of the opening on, mean 1, shape (168,)."""
    weights = weekly_weights(load.peak_hour, load.strength, load.weekend)
    steps = np.repeat(weights.reshape(-1, _STEP_H).mean(axis=1), _STEP_H)
    return np.roll(steps, -(opening.weekday() * 24 + opening.hour))


def activity(world: World, ts_us: Ints) -> Floats:
    """Return how active people are at times, as a share of an ordinary day."""
    share = np.ones(len(ts_us))
    for event in world.events:
        if event.kind == "holiday":
            until_us = FOREVER_US if event.until_us is None else event.until_us
            share[(ts_us >= event.at_us) & (ts_us < until_us)] *= event.factor
    return share
