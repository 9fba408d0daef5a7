"""When rows of a stream are due, by a clock that tests turn."""

from __future__ import annotations

import itertools

import pytest

from sim.errors import InvalidInputError
from sim.replay.pace import Pace, parse_speed

SECOND = 1_000_000


class Clock:
    """A clock that goes on when somebody sleeps, or works."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds

    def pace(self, speed: float | None) -> Pace:
        return Pace(speed, self, self.sleep)


@pytest.mark.parametrize(
    ("text", "speed"),
    [("60x", 60.0), ("60", 60.0), ("0.5x", 0.5), (".5", 0.5), ("max", None)],
)
def test_a_speed_is_a_factor_or_none(text: str, speed: float | None) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["0x", "-1x", "fast", "", "1e3x", "nanx", "9" * 400, "60 x", "٣x"])
def test_other_speeds_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_speed(text)
    assert str(caught.value).startswith(
        "--speed: should be a number above 0, such as 60x or 0.5x, or max; found text '"
    )


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_a_pace_has_a_speed_above_0(speed: float) -> None:
    with pytest.raises(InvalidInputError, match=r"speed: should be a number above 0, or None"):
        Pace(speed)


def test_a_row_is_due_by_its_distance_from_the_first() -> None:
    clock = Clock()
    pace = clock.pace(60)
    due = [pace.wait(moment) for moment in (5 * SECOND, 65 * SECOND, 65 * SECOND, 185 * SECOND)]
    assert clock.slept == [1.0, 2.0]
    assert due == [5 * SECOND, 65 * SECOND, 65 * SECOND, 185 * SECOND]
    assert (pace.behind_s, pace.most_behind_s) == (0, 0)


def test_a_slow_reader_is_made_up_for_without_drift() -> None:
    """Each row costs 1.5 s in place of 1 s at first, then nothing: the clock is caught up with."""
    clock = Clock()
    pace = clock.pace(1)
    written_at = []
    for second in range(6):
        pace.wait(second * SECOND)
        written_at.append(clock.now_s - 1_000)
        clock.now_s += 1.5 if second < 3 else 0
    assert written_at == [0, 1.5, 3, 4.5, 4.5, 5]
    assert (pace.behind_s, pace.most_behind_s) == (0, 1.5)


def test_all_rows_that_became_due_meanwhile_are_told() -> None:
    clock = Clock()
    pace = clock.pace(2)
    pace.wait(0)
    clock.now_s += 5
    assert pace.wait(SECOND) == 10 * SECOND


def test_without_a_speed_nothing_waits() -> None:
    clock = Clock()
    pace = clock.pace(None)
    assert [pace.wait(moment) for moment in (0, 10**15)] == [None, None]
    assert (clock.slept, pace.most_behind_s) == ([], 0)


def test_a_sleep_of_a_century_is_slept_in_days() -> None:
    clock = Clock()
    pace = clock.pace(0.001)
    pace.wait(0)
    pace.wait(86_400 * SECOND)
    assert set(clock.slept) == {86_400.0}
    assert len(clock.slept) == 1_000


def test_small_errors_do_not_add_up() -> None:
    """Each sleep takes a millisecond longer than it should."""
    clock = Clock()
    pace = Pace(1, clock, lambda seconds: clock.sleep(seconds + 0.001))
    for second in itertools.islice(itertools.count(), 100):
        pace.wait(second * SECOND)
    assert clock.now_s == pytest.approx(1_099.001)
