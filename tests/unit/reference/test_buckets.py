"""Token buckets of the reference engine: levels are exact at every microsecond."""

from __future__ import annotations

import pytest

from sim.reference.plain_buckets import UNITS, Bucket, Limit, limits_over_time

MINUTE_US, SECOND_US = 60_000_000, 1_000_000


def bucket(tokens: int = 10, per_minute: int = 60) -> Bucket:
    return Bucket([Limit(0, per_minute, tokens * UNITS)])


def test_a_bucket_is_full_at_first_and_refills_its_limit_in_a_minute() -> None:
    full = bucket(tokens=100, per_minute=60)
    assert full.level_units == 100 * UNITS
    full.level_units = 0
    full.refill(MINUTE_US)
    assert full.level_units == 60 * UNITS
    full.refill(MINUTE_US + 1)
    assert full.level_units == 60 * UNITS + 60
    full.refill(3 * MINUTE_US)
    assert full.level_units == 100 * UNITS


def test_nobody_asks_a_bucket_for_more_than_it_can_hold() -> None:
    assert bucket(tokens=10).units_of(9) == 9 * UNITS
    assert bucket(tokens=10).units_of(11) == 10 * UNITS


def test_what_is_given_back_fills_up_to_the_size_and_leaves_no_debt() -> None:
    half = bucket(tokens=10)
    half.level_units = 5 * UNITS
    half.give_back(-UNITS)
    assert half.level_units == 5 * UNITS
    half.give_back(1)
    assert half.level_units == 5 * UNITS + 1
    half.give_back(9 * UNITS)
    assert half.level_units == 10 * UNITS


@pytest.mark.parametrize(
    ("missing_units", "seconds"),
    [(-1, 0), (0, 0), (1, 1), (60 * SECOND_US, 1), (60 * SECOND_US + 1, 2), (600 * SECOND_US, 10)],
)
def test_seconds_until_enough_is_there_are_rounded_up(missing_units: int, seconds: int) -> None:
    low = bucket(per_minute=60)
    low.level_units = 3 * UNITS
    assert low.seconds_until(3 * UNITS + missing_units) == seconds


def test_a_new_limit_holds_from_its_moment_on_and_cuts_the_level() -> None:
    changing = Bucket([Limit(0, 60, 10 * UNITS), Limit(MINUTE_US, 30, 4 * UNITS)])
    changing.refill(MINUTE_US - 1)
    assert (changing.level_units, changing.units_of(9)) == (10 * UNITS, 9 * UNITS)
    changing.refill(MINUTE_US)
    assert (changing.level_units, changing.units_of(9)) == (4 * UNITS, 4 * UNITS)
    changing.level_units = 0
    changing.refill(MINUTE_US + 10)
    assert changing.level_units == 300


def test_a_bucket_refills_at_the_old_rate_up_to_the_change() -> None:
    changing = Bucket([Limit(0, 60, 10 * UNITS), Limit(10, 30, 10 * UNITS)])
    changing.level_units = 0
    changing.refill(20)
    assert changing.level_units == 10 * 60 + 10 * 30


def test_limits_over_time_are_rounded_and_at_least_one() -> None:
    limits = limits_over_time(50, 0.3, [(-5, 0.5), (0, 2.0), (7, 0.01)], -1)
    assert limits == [
        Limit(-1, 25, 8 * UNITS),  # 7.5 is rounded to the even 8
        Limit(0, 100, 30 * UNITS),
        Limit(7, 1, 1 * UNITS),
    ]
    assert limits_over_time(5, 1.0, [(-1, 2.0)], -1) == [Limit(-1, 10, 10 * UNITS)]
    assert limits_over_time(5, 1.0, [], 3) == [Limit(3, 5, 5 * UNITS)]
