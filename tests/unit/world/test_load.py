"""Load by the hour, and activity on holidays."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from sim.arrays.time import MINUTE_US
from sim.scenario.resolved import Load
from sim.world.load_curve import activity, hourly_load, weekly_weights
from tests.unit.world.building import MONDAY, event, world


def test_a_week_has_one_peak_a_day_and_mean_1() -> None:
    weights = weekly_weights(peak_hour=14.5, strength=0.6, weekend=1.0)
    assert weights.shape == (168,)
    assert weights.mean() == pytest.approx(1)
    assert np.argmax(weights[:24]) == 14
    assert weights[14] / weights[2] == pytest.approx(1.6 / 0.4)
    assert weights[:24].tolist() == pytest.approx(weights[24:48].tolist())


def test_the_weekend_is_its_factor_of_weekdays() -> None:
    weights = weekly_weights(peak_hour=10.0, strength=0.3, weekend=0.4)
    assert weights[120:].tolist() == pytest.approx((0.4 * weights[:48]).tolist())
    assert weights[96:120].tolist() == pytest.approx(weights[:24].tolist())


def test_the_load_begins_with_the_hour_of_the_opening() -> None:
    load = Load(peak_hour=13.5, strength=0.5, weekend=0.5, slowdown_at_peak=1.0)
    week = hourly_load(load, MONDAY)
    wednesday = hourly_load(load, datetime(2026, 1, 7, 5, tzinfo=UTC))
    assert wednesday.tolist() == np.roll(week, -(2 * 24 + 5)).tolist()


def test_the_load_is_the_mean_of_three_hours() -> None:
    load = Load(peak_hour=13.5, strength=0.5, weekend=0.5, slowdown_at_peak=1.0)
    weights, week = weekly_weights(13.5, 0.5, 0.5), hourly_load(load, MONDAY)
    for hour in (0, 1, 2, 12, 13, 14, 167):
        low = hour // 3 * 3
        assert week[hour] == pytest.approx(weights[low : low + 3].mean())


def test_people_are_less_active_on_holidays_alone() -> None:
    holidays = (event("holiday", 10, 20, factor=0.5), event("holiday", 15, None, factor=0.2))
    asked = world(*holidays, event("incident", 0, None, factor=0.1))
    at_us = np.array([0, 9.999, 10, 14, 15, 19.999, 20, 10**6]) * MINUTE_US
    expected = [1, 1, 0.5, 0.5, 0.1, 0.1, 0.2, 0.2]
    assert activity(asked, at_us.astype(np.int64)).tolist() == pytest.approx(expected)
