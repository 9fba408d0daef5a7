"""Who holds a slot at a time, against intervals that are looked through one by one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.arrays.time import DAY_US, FOREVER_US, NEVER_US, SECOND_US
from sim.entities.tenure import Course, Pauses, SlotTimeline


def seconds(*values: float) -> Any:
    return np.array([round(v * SECOND_US) for v in values])


def timeline(*rows: tuple[int, float, float, int, float], leaves: Any = None) -> SlotTimeline:
    """(slot, from, until, row, factor), times in seconds."""
    slot, begin, end, row, factor = zip(*rows, strict=True)
    return SlotTimeline(
        np.array(slot), seconds(*begin), seconds(*end), np.array(row), np.array(factor), leaves
    )


def at(held: SlotTimeline, slot: int, at_s: float) -> tuple[int, float, float]:
    """(row, factor, barred at, in seconds)."""
    found = held.at(np.array([slot]), seconds(at_s))
    return int(found.row[0]), float(found.factor[0]), int(found.until_us[0]) / SECOND_US


def test_an_interval_holds_from_its_begin_to_before_its_end() -> None:
    held = timeline((0, 10, 20, 5, 0.5), (1, 30, 40, 6, 1.0), (0, 20, 30, 7, 0.25))
    assert at(held, 0, 9)[:2] == (-1, 0)
    assert at(held, 0, 10) == (5, 0.5, 20)
    assert at(held, 0, 19.999999) == (5, 0.5, 20)
    assert at(held, 0, 20) == (7, 0.25, 30)
    assert at(held, 0, 30)[0] == -1
    assert at(held, 1, 29)[0] == -1
    assert at(held, 1, 39)[0] == 6
    assert at(held, 1, 40)[0] == -1


def test_an_account_is_barred_at_the_end_of_its_intervals_that_follow_at_once() -> None:
    held = timeline((0, 10, 20, 5, 1), (0, 20, 30, 5, 0.5), (0, 30, 40, 6, 1), (0, 41, 50, 6, 1))
    assert [at(held, 0, s)[2] for s in (10, 20, 30, 41)] == [30, 30, 40, 50]


def test_an_account_that_may_do_nothing_is_barred() -> None:
    held = timeline((0, 10, 20, 5, 1), (0, 20, 30, 5, 0), (0, 30, 40, 5, 1))
    assert at(held, 0, 15) == (5, 1, 20)
    assert at(held, 0, 25)[:2] == (-1, 0)
    assert at(held, 0, 35) == (5, 1, 40)


def test_who_leaves_by_itself_is_not_barred() -> None:
    forever = FOREVER_US / SECOND_US
    held = timeline((0, 10, 20, 5, 1), (1, 10, 20, 6, 1), leaves=seconds(20, 21))
    assert at(held, 0, 15) == (5, 1, forever)
    assert at(held, 1, 15) == (6, 1, 20)


def test_ends_are_rounded_down_to_whole_seconds() -> None:
    held = timeline((0, 10.9, 20.9, 5, 1))
    assert (at(held, 0, 10)[0], at(held, 0, 20)[0]) == (5, -1)


def everlasting(slots: int) -> SlotTimeline:
    """The timeline of accounts that hold their slots all the time."""
    row, forever = np.arange(slots), np.full(slots, FOREVER_US)
    return SlotTimeline(row, -forever, forever, row, np.ones(slots))


def test_everlasting_accounts_are_there_at_all_times() -> None:
    held = everlasting(3)
    assert held.never_ends
    found = held.at(np.array([2, 0]), np.array([NEVER_US, 5]))
    assert found.row.tolist() == [2, 0]
    assert found.factor.tolist() == [1, 1]
    assert (found.until_us == FOREVER_US).all()
    assert held.worked_us(3, 0, 7 * SECOND_US).tolist() == [7 * SECOND_US] * 3


@pytest.mark.parametrize(
    ("from_us", "until_us", "factor", "ends"),
    [
        (NEVER_US, FOREVER_US, 1.0, True),
        (NEVER_US + 1, FOREVER_US, 1.0, False),
        (NEVER_US, FOREVER_US - 1, 1.0, False),
        (NEVER_US, FOREVER_US, 0.5, False),
    ],
)
def test_a_timeline_never_ends_if_all_do_all_of_their_work_forever(
    from_us: int, until_us: int, factor: float, ends: bool
) -> None:
    one, zero = np.ones(1), np.zeros(1, np.int64)
    held = SlotTimeline(zero, np.array([from_us]), np.array([until_us]), zero, factor * one)
    assert held.never_ends == ends
    assert at(held, 0, 5)[2] == FOREVER_US / SECOND_US


spans = st.lists(st.integers(0, 20), min_size=2, max_size=2, unique=True).map(sorted)
shares = st.sampled_from([0.0, 0.3, 0.7, 1.0])
lives = st.one_of(spans, spans.map(lambda span: span[::-1]))
a_pause = st.tuples(spans, shares, st.booleans())


def as_pauses(drawn: list[tuple[int, int, int, float]]) -> Pauses:
    account, low, high, factor = zip(*drawn, strict=True) if drawn else ((),) * 4
    low_us, high_us = (np.array(t, np.int64) * SECOND_US for t in (low, high))
    return Pauses(np.array(account, np.int64), low_us, high_us, np.array(factor, np.float64))


@given(st.lists(st.tuples(lives, st.lists(a_pause, max_size=4)), min_size=1, max_size=4))
def test_pauses_multiply_the_factor_of_an_account_where_they_lie(drawn: Any) -> None:
    """Pauses overlap at will. One of the provider bars whom it leaves nothing; others do not.

    Who is barred before it begins is never there.
    """
    begin, end = (np.array([span[k] for span, _ in drawn]) * SECOND_US for k in (0, 1))
    by_kind = [
        [
            (a, *span, f)
            for a, (_, pauses) in enumerate(drawn)
            for span, f, own in pauses
            if own == k
        ]
        for k in (False, True)
    ]
    n = len(drawn)
    held = SlotTimeline.with_pauses(
        slot=np.arange(n),
        row=np.arange(n) + 7,
        from_us=begin,
        until_us=end,
        factor=np.full(n, 0.8),
        pauses=(as_pauses(by_kind[False]), as_pauses(by_kind[True])),
        leaves_us=np.full(n, FOREVER_US),
    )

    for account, ((first, last), pauses) in enumerate(drawn):
        now = [[(f, own) for (x, y), f, own in pauses if x <= t < y] for t in range(22)]
        barred = [t for t in range(first, last) if any(f == 0 and not own for f, own in now[t])]
        for t in range(22):
            row, factor, until_s = at(held, account, t)
            expected = 0.8 * math.prod(f for f, _ in now[t]) if first <= t < last else 0
            assert row == (account + 7 if expected else -1)
            assert factor == pytest.approx(expected)
            if expected:
                assert until_s == min([b for b in barred if b > t], default=last)


def test_what_no_pause_changes_is_exact() -> None:
    low, high = np.array([1, 2, 3]) * DAY_US, np.array([9, 8, 7]) * DAY_US
    pauses = Pauses(np.zeros(3, np.int64), low, high, np.array([0.1, 0.3, 0.7]))
    one, never = np.zeros(1, np.int64), np.array([NEVER_US])
    held = SlotTimeline.with_pauses(
        slot=one,
        row=one,
        from_us=never,
        until_us=-never,
        factor=np.ones(1),
        pauses=(as_pauses([]), pauses),
        leaves_us=-never,
    )
    assert not held.never_ends
    assert [at(held, 0, t)[1] for t in (0, 86_400, 9 * 86_400)] == [1.0, 0.1, 1.0]


def test_the_course_is_told_as_a_share_of_the_best_week() -> None:
    row, forever = np.arange(2), np.full(2, FOREVER_US)
    course = Course(np.array([[0.5, 1.5], [1.2, 0.8]]))
    held = SlotTimeline(row, -forever, forever, row, np.ones(2), course=course)
    assert not held.never_ends
    assert np.asarray(held.peak(range(2))).tolist() == [1.5, 1.2]
    days = [-20, 0, 6.9, 7, 30]
    assert [at(held, 0, 86_400 * d)[1] for d in days] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1, 1])
    assert at(held.for_guests(np.array([1])), 0, 8 * 86_400)[1] == pytest.approx(0.8 / 1.2)
    assert timeline((0, 1, 2, 0, 1)).peak(range(1)) == 1


def test_guests_are_there_while_the_first_account_of_their_host_is() -> None:
    held = timeline(
        (0, 10, 20, 0, 0.5), (0, 20, 30, 9, 1), (2, 5, 40, 2, 1), leaves=seconds(50, 60, 40)
    )
    guests = held.for_guests(np.array([2, 0, 2]))
    assert at(guests, 0, 5) == (0, 1, FOREVER_US / SECOND_US)
    assert at(guests, 1, 10) == (1, 0.5, 20)
    assert at(guests, 1, 20)[0] == -1
    assert at(guests, 2, 39)[0] == 2
    assert at(guests, 2, 40)[0] == -1
    assert everlasting(2).for_guests(np.array([1, 1])).never_ends
    assert at(held.for_guests(np.array([1, 0])), 0, 15)[0] == -1


def test_the_next_time_at_which_a_ready_account_holds_one_of_some_slots() -> None:
    held = timeline((0, 10, 20, 0, 1), (1, 30, 40, 1, 1), (2, 50, 60, 2, 0), (3, 1, 9, 3, 1))
    ready = seconds(0, 35, 0, 0)

    def following(slots: range, at_s: float, ready_us: Any = ready) -> float | None:
        found = held.next_held_us(slots, round(at_s * SECOND_US), ready_us)
        return None if found is None else found / SECOND_US

    assert following(range(3), 0) == 10
    assert following(range(3), 15) == 15
    assert following(range(3), 19.5) == 19.5
    assert following(range(3), 20) == 35
    assert following(range(3), 36) == 36
    assert following(range(3), 40) is None
    assert following(range(1, 3), 0) == 35
    assert following(range(2, 3), 0) is None
    assert following(range(1), 0, seconds(20, 0, 0, 0)) is None
    assert following(range(3, 4), 0) == 1
    forever = everlasting(3)
    assert forever.next_held_us(range(1, 3), 5, np.array([0, 9, 7])) == 7
    assert forever.next_held_us(range(1, 3), 8, np.array([0, 9, 7])) == 8
    assert forever.next_held_us(range(0), 8, np.array([0, 9, 7])) is None


def test_the_time_for_which_slots_work_within_bounds() -> None:
    held = timeline((0, 10, 20, 0, 1), (0, 20, 30, 0, 0.5), (0, 30, 40, 0, 0), (2, -5, 99, 2, 1))
    worked = held.worked_us(3, 15 * SECOND_US, 50 * SECOND_US)
    assert (worked / SECOND_US).tolist() == [10, 0, 35]
    assert held.worked_us(3, 5 * SECOND_US, 8 * SECOND_US).tolist() == [0, 0, 3 * SECOND_US]


def test_one_account_that_ends_makes_a_timeline_that_ends() -> None:
    begins = np.full(2, NEVER_US)
    ends = np.array([FOREVER_US, 60 * SECOND_US])
    whole = np.ones(2)
    assert not SlotTimeline(np.arange(2), begins, ends, np.arange(2), whole, None).never_ends
    assert not SlotTimeline(
        np.arange(2), begins, np.full(2, FOREVER_US), np.arange(2), np.array([1.0, 0.5]), None
    ).never_ends
