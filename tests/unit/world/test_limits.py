"""Sizes of token buckets, the buckets one request after the other, and many requests at once."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sim.arrays.time import MINUTE_US, SECOND_US
from sim.world.buckets import Buckets
from sim.world.limits import BucketEvents, BucketSize, Sizes, overdrawn


def sizes_of(
    requests: int, tokens_in: int, tokens_out: int, factors: tuple[float, ...] = (1.0,)
) -> Sizes:
    """Three buckets of so many tokens per minute, and as large as a minute refills."""
    limits = (requests, tokens_in, tokens_out)
    return Sizes(*(BucketSize.series(n, list(factors), burst=1.0) for n in limits))


# --- sizes --------------------------------------------------------------------------------------


def test_a_microsecond_refills_a_whole_number_of_units() -> None:
    for per_minute in (1, 7, 60, 90_000):
        [size] = BucketSize.series(per_minute, [1.0], burst=1.0)
        assert size.rate * MINUTE_US == per_minute * size.per_token
        assert size.tokens == per_minute == size.per_minute
        assert size.capacity == per_minute * size.per_token


def test_units_are_as_large_as_they_can_be() -> None:
    [size] = BucketSize.series(90, [1.0], burst=1.0)
    assert (size.rate, size.per_token) == (3, 2_000_000)


def test_sizes_under_all_factors_have_the_same_units() -> None:
    full, half, least = BucketSize.series(7, [1.0, 0.5, 0.001], burst=2.0)
    assert full.per_token == half.per_token == least.per_token
    # 3.5 rounds to 4, and a limit is 1 at least
    assert [size.per_minute for size in (full, half, least)] == [7, 4, 1]
    assert [size.tokens for size in (full, half, least)] == [14, 8, 2]
    assert half.rate * MINUTE_US == 4 * half.per_token


def test_a_bucket_holds_a_whole_number_of_tokens_and_one_at_least() -> None:
    assert [BucketSize.series(7, [1.0], burst)[0].tokens for burst in (0.25, 0.01)] == [2, 1]


# --- one request after the other ----------------------------------------------------------------


class Asked(NamedTuple):
    """A request after a gap, what it asks for, and what it uses of the output after a time."""

    gap_us: int
    tokens_in: int
    tokens_out: int
    used_out: int
    lasts_us: int


REQUESTS = st.lists(
    st.builds(
        Asked,
        st.sampled_from([0, 1, 3 * SECOND_US, 5 * SECOND_US + 7, 20 * SECOND_US]),
        st.integers(0, 80),
        st.integers(0, 40),
        st.integers(0, 40),
        st.sampled_from([0, 1, 2 * SECOND_US, 8 * SECOND_US]),
    ),
    max_size=25,
)
LIMITS = (5, 60, 30)


class PlainBuckets:
    """Three levels in fractions of a token, changed moment by moment."""

    def __init__(self, factors: dict[int, float], up_front: bool) -> None:
        """`factors` on the limits by the time from which they hold."""
        self.up_front = up_front
        self.limits = [list(LIMITS)]
        self.edges = sorted(factors)
        for edge in self.edges:
            self.limits.append([max(1, round(n * factors[edge])) for n in LIMITS])
        self.levels = [Fraction(n) for n in LIMITS]
        self.now_us, self.segment = 0, 0
        self.returns: list[tuple[int, int]] = []

    def advance(self, now_us: int) -> None:
        moments = [(edge, 0, 0) for edge in self.edges[self.segment :]]
        moments += [(at, 1, tokens) for at, tokens in self.returns]
        for at, kind, tokens in sorted(moments):
            if at > now_us:
                continue
            self._refill(at)
            if kind == 0:
                self.segment += 1
            else:
                self.levels[2] += tokens
                self.returns.remove((at, tokens))
            self._refill(at)
        self._refill(now_us)

    def _refill(self, now_us: int) -> None:
        limits = self.limits[self.segment]
        elapsed = Fraction(now_us - self.now_us, MINUTE_US)
        self.levels = [
            min(Fraction(limit), level + elapsed * limit)
            for level, limit in zip(self.levels, limits, strict=True)
        ]
        self.now_us = now_us

    def ask(self, request: Asked) -> int:
        """The same as `Buckets.ask`, by the definition."""
        limits = self.limits[self.segment]
        wanted = (1, request.tokens_in, request.tokens_out if self.up_front else 1)
        asks = [min(a, limit) for a, limit in zip(wanted, limits, strict=True)]
        if all(level >= a for level, a in zip(self.levels, asks, strict=True)):
            takes = [*asks[:2], asks[2] if self.up_front else 0]
            self.levels = [level - a for level, a in zip(self.levels, takes, strict=True)]
            back = takes[2] - request.used_out
            if back > 0 or not self.up_front:
                self.returns.append((self.now_us + request.lasts_us, back))
            return 0
        lacking = [
            (a - level) * MINUTE_US / limit
            for a, level, limit in zip(asks, self.levels, limits, strict=True)
        ]
        return max(-int(-x // 1) for x in lacking)


def answers(
    requests: list[Asked], factors: dict[int, float], up_front: bool
) -> tuple[list[int], list[int]]:
    """Answers of `Buckets` and of `PlainBuckets`."""
    edges = [*sorted(factors), 1 << 60]
    sizes = sizes_of(*LIMITS, factors=(1.0, *(factors[edge] for edge in edges[:-1])))
    buckets, plain = Buckets(sizes, edges, 0, 0, up_front), PlainBuckets(factors, up_front)
    fast, slow, now_us, segment = [], [], 0, 0
    for request in requests:
        now_us += request.gap_us
        while now_us >= edges[segment]:
            segment += 1
        fast.append(buckets.ask(now_us, segment, request.tokens_in, request.tokens_out))
        if not fast[-1]:
            buckets.ends(now_us + request.lasts_us, request.used_out)
        plain.advance(now_us)
        slow.append(plain.ask(request))
    return fast, slow


@given(REQUESTS, st.booleans())
def test_buckets_are_levels_refilled_from_moment_to_moment(
    requests: list[Asked], up_front: bool
) -> None:
    fast, slow = answers(requests, {}, up_front)
    assert fast == slow


@given(REQUESTS, st.booleans())
def test_buckets_keep_their_level_as_limits_change(requests: list[Asked], up_front: bool) -> None:
    factors = {9 * SECOND_US: 0.4, 20 * SECOND_US: 0.7, 31 * SECOND_US: 2.0}
    fast, slow = answers(requests, factors, up_front)
    assert fast == slow


def test_answers_are_taken_at_their_end_and_what_is_owed_is_refilled_first() -> None:
    """With 60 tokens of output a minute; whatever `max_tokens` is."""
    buckets = Buckets(sizes_of(100, 100, 60), [1 << 60], 0, 0, up_front=False)
    for _ in range(2):
        assert buckets.ask(0, 0, 1, 1_000_000) == 0
        buckets.ends(SECOND_US, 61)
    assert buckets.ask(SECOND_US - 1, 0, 1, 0) == 0
    # 60 - 2 * 61 = -62, and one token has to be there
    assert buckets.ask(SECOND_US, 0, 1, 0) == 63 * SECOND_US
    assert buckets.debt_us() == 62 * SECOND_US
    assert buckets.ask(64 * SECOND_US - 1, 0, 1, 0) == 1
    assert buckets.ask(64 * SECOND_US, 0, 1, 0) == 0


def test_what_has_yet_to_end_is_owed_as_if_nothing_were_refilled() -> None:
    buckets = Buckets(sizes_of(100, 100, 60), [1 << 60], 0, 0, up_front=False)
    assert buckets.ask(0, 0, 1, 1) == 0
    buckets.ends(SECOND_US, 70)
    assert buckets.debt_us() == 70 * SECOND_US


def test_a_refused_request_is_let_through_after_the_time_it_was_told() -> None:
    buckets = Buckets(sizes_of(6, 100, 100), [1 << 60], 0, 0, up_front=True)
    assert [buckets.ask(0, 0, 1, 1) for _ in range(6)] == [0] * 6
    assert buckets.ask(0, 0, 1, 1) == 10 * SECOND_US
    assert buckets.ask(10 * SECOND_US - 1, 0, 1, 1) == 1
    assert buckets.ask(10 * SECOND_US, 0, 1, 1) == 0


# --- many requests at once ----------------------------------------------------------------------

EVENTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 6), st.integers(0, 4)),
    max_size=30,
)


@example([(0, 0, 5, 0), (0, 6, 0, 0)], [6, 0, 0])
@given(EVENTS, st.lists(st.integers(0, 8), min_size=3, max_size=3))
def test_deficits_are_those_of_a_loop_over_the_events(
    events: list[tuple[int, int, int, int]], deficits: list[int]
) -> None:
    size = BucketSize(per_minute=1, per_token=1, rate=2, capacity=9)
    at = dict.fromkeys(range(3), -1)
    missing, since, over = deficits.copy(), [-1, -1, -1], [False] * 3
    rows = []
    for bucket, gap_us, takes, gives in sorted(events, key=lambda event: event[0]):
        at[bucket] += gap_us
        back = (at[bucket] - since[bucket]) * 2 + gives
        missing[bucket] = max(0, missing[bucket] - back) + takes
        over[bucket] |= missing[bucket] > 9
        since[bucket] = at[bucket]
        rows.append((bucket, at[bucket], takes, gives))
    bucket_, at_us, takes_, gives_ = np.array(rows, np.int64).reshape(-1, 4).T
    if not len(rows):
        return
    grouped = BucketEvents.of_sorted(bucket_, at_us)
    deficit, since_us = np.array(deficits), np.full(3, -1)
    flags = overdrawn(size, grouped, takes_, deficit, since_us, gives_)
    assert grouped.present.tolist() == sorted(set(bucket_.tolist()))
    assert flags.tolist() == [over[b] for b in grouped.present.tolist()]
    # one that was asked for more than it holds is simulated anew, so its deficit need not be exact
    exact = [not flag for flag in over]
    assert deficit[exact].tolist() == np.array(missing)[exact].tolist()
    assert (deficit >= missing).all()
    assert since_us.tolist() == since


def test_without_gifts_nothing_comes_back_but_by_time() -> None:
    size = BucketSize(per_minute=1, per_token=1, rate=1, capacity=5)
    events = BucketEvents.of_sorted(np.zeros(3, np.int64), np.array([0, 1, 2]))
    state = np.zeros(1, np.int64), np.zeros(1, np.int64)
    assert overdrawn(size, events, np.array([3, 3, 2]), *state).tolist() == [True]
    assert state[0].tolist() == [6]


@pytest.mark.parametrize(("takes", "over"), [(5, False), (6, True)])
def test_a_bucket_may_be_emptied_but_not_more(takes: int, over: bool) -> None:
    size = BucketSize(per_minute=1, per_token=1, rate=1, capacity=5)
    events = BucketEvents.of_sorted(np.zeros(1, np.int64), np.array([7]))
    state = np.zeros(1, np.int64), np.zeros(1, np.int64)
    assert overdrawn(size, events, np.array([takes]), *state).tolist() == [over]


def test_an_event_may_take_what_is_not_there_but_one_that_asks_finds_a_debt() -> None:
    size = BucketSize(per_minute=1, per_token=1, rate=1, capacity=5)
    state = np.zeros(1, np.int64), np.zeros(1, np.int64)
    takes, asks = np.array([20, 0, 0]), np.array([0, 1, 0])
    events = BucketEvents.of_sorted(np.zeros(3, np.int64), np.array([7, 22, 23]))
    assert overdrawn(size, events, takes, *state, asks=asks).tolist() == [True]
    assert state[0].tolist() == [4]

    # a microsecond later a token is there: 15 of the debt, and one more, have come back
    state = np.zeros(1, np.int64), np.zeros(1, np.int64)
    events = BucketEvents.of_sorted(np.zeros(3, np.int64), np.array([7, 23, 24]))
    assert overdrawn(size, events, takes, *state, asks=asks).tolist() == [False]


def test_years_without_a_request_do_not_overflow() -> None:
    [size] = BucketSize.series(10**9, [1.0], burst=1.0)
    events = BucketEvents.of_sorted(np.zeros(1, np.int64), np.array([1 << 50]))
    deficit, since_us = np.array([size.capacity]), np.zeros(1, np.int64)
    assert overdrawn(size, events, np.array([3]), deficit, since_us).tolist() == [False]
    assert deficit.tolist() == [3]
