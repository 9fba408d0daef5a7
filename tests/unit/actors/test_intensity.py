"""The rhythm of a week as a change of time, and the factors that the accounts of an actor share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from sim.actors.arrivals.intensity import ModulatedIntensity, WeeklyIntensity
from sim.scenario.resolved import Rhythm
from sim.world.load_curve import weekly_weights
from tests.support.contexts import chosen
from tests.support.scenarios import DAY_US, FLAT, HOUR_US, MONDAY

# a Wednesday, with every unit of time in use
OPENING = datetime(2026, 1, 7, 13, 45, 30, 250_000, tzinfo=UTC)
RHYTHM = Rhythm(peak_hour=15.0, strength=0.7, weekend=0.4)


@pytest.mark.parametrize("offset_h", [0, 9, -6])
def test_operational_time_is_the_integral_of_the_weights_of_local_hours(offset_h: int) -> None:
    """By hand: a sum over minutes from the opening on, at the local hour of the week."""
    weights = weekly_weights(RHYTHM.peak_hour, RHYTHM.strength, RHYTHM.weekend)
    intensity = WeeklyIntensity(RHYTHM, OPENING, offset_h)
    passed, expected = 0.0, []
    for quarter in range(4 * 24 * 9):
        at = OPENING + timedelta(hours=offset_h, minutes=15 * quarter)
        hour = at.weekday() * 24 + at.hour
        into_hour_us = (at.minute * 60 + at.second) * 1_000_000 + at.microsecond
        before = min(HOUR_US // 4, HOUR_US - into_hour_us)
        expected.append(passed)
        passed += before * weights[hour] + (HOUR_US // 4 - before) * weights[(hour + 1) % 168]
    clock = np.arange(len(expected)) * HOUR_US / 4
    assert intensity.operational(clock) == pytest.approx(expected, abs=10)


def test_time_before_the_opening_is_negative() -> None:
    intensity = WeeklyIntensity(FLAT, OPENING)
    assert intensity.operational(np.array([-5.0 * HOUR_US])) == pytest.approx([-5 * HOUR_US])
    assert intensity.clock(np.array([-5.0 * HOUR_US])) == pytest.approx([-5 * HOUR_US])


def test_where_the_intensity_is_zero_the_clock_is_at_the_end_of_the_gap() -> None:
    weekdays = WeeklyIntensity(Rhythm(peak_hour=15.0, strength=0.7, weekend=0.0), MONDAY)
    friday_ends = weekdays.operational(np.array([5.0 * DAY_US]))
    assert weekdays.operational(np.array([7.0 * DAY_US])) == pytest.approx(friday_ends)
    assert weekdays.clock(friday_ends + 1_000)[0] > 7 * DAY_US


def test_hours_cover_the_log_and_its_last_hour_is_whole() -> None:
    intensity = WeeklyIntensity(RHYTHM, OPENING)
    clock, operational = intensity.hourly(-90 * 60_000_000, HOUR_US + 1)
    assert clock.tolist() == [-2 * HOUR_US, -HOUR_US, 0, HOUR_US, 2 * HOUR_US]
    assert operational.tolist() == intensity.operational(clock).tolist()
    assert intensity.hourly(0, 2 * HOUR_US)[0].tolist() == [0, HOUR_US, 2 * HOUR_US]


def test_common_factors_are_lognormal_and_autoregressive() -> None:
    sigma, z = 0.8, [1.0, -0.5, 2.0]
    waves = ModulatedIntensity(
        WeeklyIntensity(FLAT, MONDAY), sigma, chosen(z), -HOUR_US, 2 * HOUR_US
    )
    second = 0.7 * 1.0 + np.sqrt(1 - 0.7**2) * -0.5
    third = 0.7 * second + np.sqrt(1 - 0.7**2) * 2.0
    factors = np.exp(sigma * np.array([1.0, second, third]) - sigma**2 / 2)
    hours = np.array([-1.0, 0.0, 1.0, 2.0]) * HOUR_US
    operational = waves.operational(hours)
    assert np.diff(operational) == pytest.approx(factors * HOUR_US)
    assert operational[0] == pytest.approx(-HOUR_US)
    assert waves.clock(operational) == pytest.approx(hours, abs=1)
    half = (operational[1:] + operational[:-1]) / 2
    assert waves.clock(half) == pytest.approx((hours[1:] + hours[:-1]) / 2)


def test_common_factors_multiply_the_rhythm() -> None:
    base = WeeklyIntensity(RHYTHM, MONDAY)
    waves = ModulatedIntensity(base, 0.5, chosen([0.3, 0.3]), 0, 2 * HOUR_US)
    hours = np.array([0.0, HOUR_US])
    ratio = np.diff(waves.operational(hours)) / np.diff(base.operational(hours))
    assert ratio == pytest.approx(np.exp(0.5 * 0.3 - 0.5**2 / 2))
