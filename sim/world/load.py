"""The course of the load that the provider carries from everyone, hour by hour."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.scenario.resolved import Load, World

WEEK_H = 168


def weekly_weights(peak_hour: float, strength: float, weekend: float) -> Floats:
    """Return the relative intensity of each hour from Monday 00:00, mean 1, shape (168,).

    One harmonic, 1 + strength * cos(2 pi (hour - peak_hour) / 24), times `weekend` on Saturday
    and Sunday.
    """
    hour = np.arange(WEEK_H)
    middle = hour % 24 + 0.5
    weights = 1 + strength * np.cos(2 * np.pi * (middle - peak_hour) / 24)
    weights = np.where(hour >= 120, weights * weekend, weights)
    return np.asarray(weights / weights.mean())


STEP_H = 3


def hourly_load(load: Load, opening: datetime) -> Floats:
    """The load from the hour of the opening on, one week, mean 1, shape (168,).

    Constant within three hours: the fewer steps, the fewer tasks that meet one.
    """
    weights = weekly_weights(load.peak_hour, load.strength, load.weekend)
    steps = np.repeat(weights.reshape(-1, STEP_H).mean(axis=1), STEP_H)
    return np.roll(steps, -(opening.weekday() * 24 + opening.hour))


def activity(world: World, ts_us: Ints) -> Floats:
    """How active people are at a time, of what they are on an ordinary day: less on holidays."""
    share = np.ones(len(ts_us))
    for event in world.events:
        if event.kind == "holiday":
            until = np.inf if event.until_us is None else event.until_us
            share[(ts_us >= event.at_us) & (ts_us < until)] *= event.factor
    return share
