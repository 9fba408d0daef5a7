"""Conditions at the provider by time."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from sim.arrays.time import FOREVER_US, MINUTE_US, SECOND_US
from sim.scenario.resolved import Load
from sim.world.conditions import ProviderConditions
from sim.world.load_curve import hourly_load
from tests.unit.world.building import MONDAY, event, provider, world

DAILY = Load(peak_hour=13.5, strength=0.5, weekend=0.5, slowdown_at_peak=1.8)


def at(conditions: ProviderConditions, minute: float) -> list[float]:
    """Slowdown, overload, server error and limits at a time."""
    k = int(conditions.segment(np.array([round(minute * MINUTE_US)]))[0])
    return [
        float(column[k])
        for column in (
            conditions.slowdown,
            conditions.overload,
            conditions.server_error,
            conditions.limits,
        )
    ]


def test_without_events_and_load_there_is_one_segment() -> None:
    conditions = provider(overload=0.02, server_error=0.01)
    assert at(conditions, 3) == [1.0, 0.02, 0.01, 1.0]
    assert conditions.starts_us.tolist() == [0]
    assert conditions.ends_us.tolist() == [FOREVER_US]


def test_events_act_from_their_begin_to_their_end() -> None:
    first = event("incident", 10, 30, slowdown=2.0, overload=0.3, server_error=0.1)
    second = event("incident", 20, None, slowdown=1.5, overload=0.2)
    conditions = provider(first, second, event("limits", 25, 40, factor=0.5), overload=0.01)
    assert at(conditions, 9.999) == pytest.approx([1, 0.01, 0, 1])
    assert at(conditions, 10) == pytest.approx([2, 0.31, 0.1, 1])
    assert at(conditions, 20) == pytest.approx([3, 0.51, 0.1, 1])
    assert at(conditions, 25) == pytest.approx([3, 0.51, 0.1, 0.5])
    assert at(conditions, 29.999) == pytest.approx([3, 0.51, 0.1, 0.5])
    assert at(conditions, 30) == pytest.approx([1.5, 0.21, 0, 0.5])
    assert at(conditions, 40) == pytest.approx([1.5, 0.21, 0, 1])
    edges = [0, 10, 20, 25, 30, 40]
    assert conditions.starts_us.tolist() == [edge * MINUTE_US for edge in edges]
    assert conditions.ends_us.tolist() == [*(edge * MINUTE_US for edge in edges[1:]), FOREVER_US]


def test_events_of_other_kinds_change_nothing() -> None:
    others = [event(kind, 10, 20, factor=0.5) for kind in ("price", "release", "holiday")]
    assert len(provider(*others).starts_us) == 1


def test_failures_add_up_to_1_at_most_and_server_errors_keep_their_share() -> None:
    worst = event("incident", 0, 10, overload=0.9, server_error=0.3)
    hopeless = event("incident", 10, None, overload=0.5, server_error=2.0)
    conditions = provider(worst, hopeless)
    assert at(conditions, 0)[1:3] == pytest.approx([0.7, 0.3])
    assert at(conditions, 10)[1:3] == [0.0, 1.0]


@pytest.mark.parametrize(
    "opening",
    [
        MONDAY,
        datetime(2026, 1, 9, 22, 40, tzinfo=UTC),
        datetime(2026, 1, 9, 22, 40, 30, tzinfo=UTC),
    ],
)
def test_answers_are_slow_in_proportion_to_the_load(opening: datetime) -> None:
    conditions = provider(load=DAILY, opening=opening, opens_min=-120, closes_min=3 * 24 * 60)
    load = hourly_load(DAILY, opening)
    usual = 1 + 0.8 * load.mean() / load.max()
    # the minutes of the log begin with the next whole minute of the clock
    minute_of_hour = opening.minute + (opening.second > 0)
    for minute in (-120, -1, 0, 19, 20, 100, 1_000, 3 * 24 * 60):
        share = load[(minute + minute_of_hour) // 60 % 168] / load.max()
        assert at(conditions, minute)[0] == pytest.approx((1 + 0.8 * share) / usual)


def test_the_mean_of_an_ordinary_week_is_1_and_the_peak_is_told_from_no_load() -> None:
    """The speeds of models were measured under load, which must not count twice."""
    week = provider(load=DAILY, closes_min=7 * 24 * 60)
    slowdowns = [at(week, minute)[0] for minute in range(0, 7 * 24 * 60, 60)]
    assert np.mean(slowdowns) == pytest.approx(1)
    idle = provider(event("holiday", 0, 60, factor=0.0), load=DAILY)
    assert max(slowdowns) / at(idle, 0)[0] == pytest.approx(DAILY.slowdown_at_peak)


def test_holidays_lower_the_load() -> None:
    plain = provider(load=DAILY)
    free = provider(event("holiday", 60, 120, factor=0.25), load=DAILY)
    idle = at(provider(event("holiday", 0, 120, factor=0.0), load=DAILY), 0)[0]
    for minute, factor in ((59, 1), (60, 0.25), (119, 0.25), (120, 1)):
        extra = at(plain, minute)[0] - idle
        assert at(free, minute)[0] - idle == pytest.approx(factor * extra)


def test_times_after_the_last_count_as_its_segment() -> None:
    conditions = provider(event("incident", 599, None, slowdown=2.0), closes_min=600)
    assert at(conditions, 10**6)[0] == at(conditions, 600)[0] == 2.0
    assert at(conditions, 598.9)[0] == 1.0


def test_a_last_time_within_a_minute_is_covered() -> None:
    asked = world(event("incident", 11, None, slowdown=2.0))
    conditions = ProviderConditions(asked, MONDAY, -30 * SECOND_US, 10 * MINUTE_US + 1)
    assert conditions.starts_us.tolist() == [-MINUTE_US, 11 * MINUTE_US]
    assert at(conditions, 11)[0] == 2.0
