"""Units of time."""

from __future__ import annotations

from sim.arrays.time import DAY_US, FOREVER_US, HOUR_US, MINUTE_US, NEVER_US, SECOND_US


def test_units_are_whole_microseconds() -> None:
    assert (SECOND_US, MINUTE_US, HOUR_US, DAY_US) == (10**6, 6 * 10**7, 36 * 10**8, 864 * 10**8)


def test_forever_and_never_lie_beyond_every_log_and_may_be_added_without_overflow() -> None:
    most_days = 3_660
    assert NEVER_US < -most_days * DAY_US < most_days * DAY_US < FOREVER_US
    assert FOREVER_US - NEVER_US < 2**63
