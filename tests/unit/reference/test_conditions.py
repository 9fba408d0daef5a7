"""What the reference engine takes from a timeline: load, incidents, limits, holidays, releases."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from sim.reference.conditions_over_time import Conditions, ConditionsOverTime, is_going_on
from sim.reference.plain_releases import PlainReleases, opened_share
from sim.scenario.resolved import Uptake
from tests.support.scenarios import HOUR_US, MONDAY, calm, event, ordinary

MINUTE_US, SECOND_US = 60_000_000, 1_000_000


def test_an_event_goes_on_from_its_begin_to_before_its_end() -> None:
    lasts = event("holiday", 10, 20)
    assert [is_going_on(lasts, now_us) for now_us in (9, 10, 19, 20)] == [False, True, True, False]
    assert is_going_on(event("holiday", 10), 1 << 50)


def load_of_step(*from_peak_h: float) -> float:
    """Mean load of the hours that begin so long after the peak, where the strength is 1."""
    return float(np.mean(1 + np.cos(2 * np.pi * (np.array(from_peak_h) + 0.5) / 24)))


def test_load_slows_answers_in_steps_of_three_hours() -> None:
    """Monday at 16:30 lies in the step of the peak; the next one begins at 18:00."""
    world = ordinary(load={"slowdown_at_peak": 3.0, "strength": 1.0, "weekend": 0.5})
    over_time = ConditionsOverTime(world, MONDAY.replace(hour=16, minute=30))
    usual = 1 + 2 * (6 / 7) / load_of_step(-2, -1, 0)
    at_peak = over_time.at(0).slowdown
    assert at_peak == pytest.approx(3 / usual)
    assert over_time.at(90 * MINUTE_US - 1).slowdown == at_peak
    assert over_time.at(90 * MINUTE_US).slowdown < at_peak
    assert over_time.at(-90 * MINUTE_US).slowdown == at_peak
    assert over_time.at(-90 * MINUTE_US - 1).slowdown < at_peak


def test_the_mean_of_an_ordinary_week_is_1() -> None:
    """The speeds of models were measured under load, which must not count twice."""
    over_time = ConditionsOverTime(ordinary(load={"slowdown_at_peak": 3.0}), MONDAY)
    slowdowns = [over_time.at(hour * HOUR_US).slowdown for hour in range(168)]
    assert np.mean(slowdowns) == pytest.approx(1)
    assert min(slowdowns) < 0.9 < 1.1 < max(slowdowns)


def test_the_load_of_a_step_is_the_mean_of_its_hours_as_a_share_of_the_peak() -> None:
    world = ordinary(load={"peak_hour": 10.5, "strength": 1.0, "slowdown_at_peak": 2.0})
    over_time = ConditionsOverTime(world, MONDAY)
    opposite, peak = load_of_step(10.5, 11.5, 12.5), load_of_step(-1.5, -0.5, 0.5)
    weekend = world.load.weekend
    usual = 1 + (5 + 2 * weekend) / 7 / peak
    assert over_time.at(9 * HOUR_US).slowdown == pytest.approx(2 / usual)
    assert over_time.at(21 * HOUR_US).slowdown == pytest.approx((1 + opposite / peak) / usual)


def test_weekends_begin_on_saturday() -> None:
    world = ordinary(load={"strength": 0.0, "weekend": 0.5, "slowdown_at_peak": 2.0})
    over_time = ConditionsOverTime(world, MONDAY)
    slowdowns = [over_time.at(day * 24 * HOUR_US).slowdown for day in range(8)]
    on_weekdays, on_weekends = 2 / (13 / 7), 1.5 / (13 / 7)
    assert slowdowns == pytest.approx([on_weekdays] * 5 + [on_weekends] * 2 + [on_weekdays])
    assert over_time.at(5 * 24 * HOUR_US - 1).slowdown == pytest.approx(on_weekdays)


def test_an_opening_within_a_minute_counts_as_the_next_one() -> None:
    world = ordinary(load={"slowdown_at_peak": 3.0, "strength": 1.0})
    almost = MONDAY.replace(hour=17, minute=58)
    for opening, minutes in ((almost, 2), (almost + timedelta(seconds=1), 1)):
        over_time = ConditionsOverTime(world, opening)
        at_peak = over_time.at(minutes * MINUTE_US - 1).slowdown
        assert over_time.at(0).slowdown == at_peak
        assert over_time.at(minutes * MINUTE_US).slowdown < at_peak
    with_microsecond = ConditionsOverTime(world, almost + timedelta(microseconds=1))
    assert with_microsecond.at(MINUTE_US).slowdown < with_microsecond.at(0).slowdown


def test_incidents_slow_down_and_add_failures_that_are_at_most_certain() -> None:
    base = {"overload": 0.125, "server_error": 0.25, "load": {"slowdown_at_peak": 1.0}}
    incident = {"slowdown": 2.0, "overload": 0.25, "server_error": 0.5}
    first = event("incident", 0, 2 * MINUTE_US, **incident)
    second = event("incident", MINUTE_US, 3 * MINUTE_US, **incident)
    over_time = ConditionsOverTime(ordinary(first, second, **base), MONDAY)
    assert over_time.at(-1) == Conditions(1.0, 0.125, 0.25)
    assert over_time.at(0) == Conditions(2.0, 0.25, 0.75)
    assert over_time.at(MINUTE_US) == Conditions(4.0, 0.0, 1.0)
    assert over_time.at(3 * MINUTE_US) == Conditions(1.0, 0.125, 0.25)


def test_a_holiday_lowers_the_load() -> None:
    quiet = event("holiday", 0, factor=0.5)
    world = ordinary(quiet, load={"strength": 0.0, "weekend": 1.0, "slowdown_at_peak": 2.0})
    assert ConditionsOverTime(world, MONDAY).at(0).slowdown == 0.75


def test_factors_on_limits_are_multiplied_while_events_overlap() -> None:
    events = event("limits", 5, 20, factor=0.5), event("limits", 10, factor=3.0)
    over_time = ConditionsOverTime(calm(*events, event("holiday", 7, factor=0.1)), MONDAY)
    assert over_time.limit_factors() == [(5, 0.5), (10, 1.5), (20, 3.0)]


def test_a_holiday_leaves_its_share_of_sessions() -> None:
    world = calm(
        event("holiday", 10, 20, factor=0.5),
        event("holiday", 15, factor=0.4),
        event("incident", 0, slowdown=2.0, overload=0.0, server_error=0.0),
    )
    assert opened_share(world, np.array([9, 10, 15, 20])).tolist() == [1.0, 0.5, 0.2, 0.4]


def models(*clients: tuple[int, int, float, bool], over_us: int = 100) -> list[int]:
    """Models of clients (own model, time, number, asks for the latest); releases at 0 and 1,000."""
    world = calm(event("release", 0, model="second"), event("release", 1_000, model="third"))
    releases = PlainReleases(world, ("first", "second", "third"))
    own, at_us, moves_at, latest = (np.array(column) for column in zip(*clients, strict=True))
    uptake = Uptake(share=0.8, over_us=over_us, latest_share=0.0)
    return releases.model(own, at_us, moves_at, latest, uptake).tolist()  # type: ignore[no-any-return]


def test_who_asks_for_the_latest_model_gets_it_at_its_release() -> None:
    assert models((0, -1, 0.99, True), (0, 0, 0.99, True), (0, 1_000, 0.99, True)) == [0, 1, 2]


def test_the_share_that_moved_rises_in_proportion_to_time_and_then_stays() -> None:
    halfway = [(0, 50, 0.39, False), (0, 50, 0.41, False)]
    later = [(0, 100, 0.79, False), (0, 100, 0.8, False), (0, 999, 0.81, False)]
    assert models(*halfway, *later) == [1, 0, 1, 0, 0]
    assert models((0, 0, 0.79, False), (0, 0, 0.8, False), over_us=0) == [1, 0]


def test_who_has_not_moved_to_the_newest_stays_where_it_was() -> None:
    assert models((0, 1_050, 0.5, False), (2, 1_050, 0.9, False)) == [1, 2]
