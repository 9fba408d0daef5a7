"""Sizes of token buckets, and the buckets one request after the other."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.arrays.time import FOREVER_US, MINUTE_US, SECOND_US
from sim.world.buckets import OUTPUT, ask, put_output, taken_up_front
from sim.world.event_records import BUCKET, SIZE, size_records
from sim.world.limits import MOST_PER_MINUTE, BucketSize, Sizes
from tests.unit.world.building import conditions, event
from tests.unit.world.plain_buckets import PlainBuckets

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


def test_no_factor_makes_a_limit_that_64_bits_do_not_hold() -> None:
    for factor in (1e4, 1e300, float("inf")):
        sizes = BucketSize.series(10**7 - 1, [1.0, factor], burst=10.0)
        assert [size.per_minute for size in sizes] == [10**7 - 1, MOST_PER_MINUTE]
        assert sizes[1].capacity < 1 << 63
    assert BucketSize.series(10**7, [1_000.0], burst=10.0)[0].per_minute == MOST_PER_MINUTE


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
        st.sampled_from([0, 1, 3 * SECOND_US, 5 * SECOND_US + 7, 20 * SECOND_US, 3 * MINUTE_US]),
        st.integers(0, 80),
        st.integers(0, 40),
        st.integers(0, 40),
        st.sampled_from([0, 1, 2 * SECOND_US, 8 * SECOND_US]),
    ),
    max_size=25,
)
LIMITS = (5, 60, 30)


class Buckets:
    """Records of buckets that are full at time 0, and the steps of the event loop on them."""

    def __init__(
        self, limits: tuple[int, int, int], factors: dict[int, float], *, up_front: bool
    ) -> None:
        """As `PlainBuckets`; factors hold from whole minutes on."""
        changes = pairwise([*factors.items(), (1 << 40, 1.0)])
        events = [
            event("limits", at_us / MINUTE_US, end_us / MINUTE_US, factor=factor)
            for (at_us, factor), (end_us, _) in changes
        ]
        provider = conditions(*events).provider
        sizes = [BucketSize.series(n, provider.limits.tolist(), burst=1.0) for n in limits]
        self.sizes, _ = size_records([Sizes(*sizes)], provider)
        self.bucket = np.zeros(1, BUCKET)
        for kind, name in enumerate(("requests", "input", "output")):
            self.bucket[name] = self.sizes[0, 0, kind]["capacity"]
        self.edges, self.up_front = sorted(factors), up_front
        self.ends: list[tuple[int, int]] = []

    def ask(self, now_us: int, tokens_in: int, tokens_out: int) -> int:
        """As `PlainBuckets.ask`; the event loop carries out ends before."""
        for at_us, units in sorted(self.ends):
            if at_us <= now_us:
                put_output(self.bucket[0], self.sizes, self.period(at_us), at_us, units)
        self.ends = [end for end in self.ends if end[0] > now_us]
        period = self.period(now_us)
        self.size = self.sizes[0, period, OUTPUT]
        self.asked = tokens_out
        arguments = now_us, tokens_in, tokens_out, self.up_front
        return int(ask(self.bucket[0], self.sizes, period, *arguments))

    def end(self, at_us: int, used_out: int) -> None:
        """As `PlainBuckets.end`."""
        units = -used_out * int(self.size["per_token"])
        if self.up_front:
            units = max(0, units + int(taken_up_front(self.asked, self.size)))
        self.ends.append((at_us, units))

    def period(self, at_us: int) -> int:
        """The period of constant limits at a time."""
        return bisect_right(self.edges, at_us)


def answers(
    requests: list[Asked], factors: dict[int, float], up_front: bool
) -> tuple[list[int], list[int]]:
    """Answers of `Buckets` and of `PlainBuckets`."""
    both = [kind(LIMITS, factors, up_front=up_front) for kind in (Buckets, PlainBuckets)]
    told: list[list[int]] = [[], []]
    now_us = 0
    for request in requests:
        now_us += request.gap_us
        for buckets, answer in zip(both, told, strict=True):
            answer.append(buckets.ask(now_us, request.tokens_in, request.tokens_out))
            if not answer[-1]:
                buckets.end(now_us + request.lasts_us, request.used_out)
    return told[0], told[1]


@given(REQUESTS, st.booleans())
def test_buckets_are_levels_refilled_from_moment_to_moment(
    requests: list[Asked], up_front: bool
) -> None:
    fast, slow = answers(requests, {}, up_front)
    assert fast == slow


@given(REQUESTS, st.booleans())
def test_buckets_keep_their_level_as_limits_change(requests: list[Asked], up_front: bool) -> None:
    factors = {1 * MINUTE_US: 0.4, 2 * MINUTE_US: 0.7, 4 * MINUTE_US: 2.0}
    fast, slow = answers(requests, factors, up_front)
    assert fast == slow


def test_answers_are_taken_at_their_end_and_what_is_owed_is_refilled_first() -> None:
    """With 60 tokens of output a minute; whatever `max_tokens` is."""
    buckets = Buckets((100, 100, 60), {}, up_front=False)
    for _ in range(2):
        assert buckets.ask(0, 1, 1_000_000) == 0
        buckets.end(SECOND_US, 61)
    assert buckets.ask(SECOND_US - 1, 1, 0) == 0
    # 60 - 2 * 61 = -62, and one token has to be there
    assert buckets.ask(SECOND_US, 1, 0) == 63 * SECOND_US
    assert buckets.ask(64 * SECOND_US - 1, 1, 0) == 1
    assert buckets.ask(64 * SECOND_US, 1, 0) == 0


def test_a_refused_request_is_let_through_after_the_time_it_was_told() -> None:
    buckets = Buckets((6, 100, 100), {}, up_front=True)
    assert [buckets.ask(0, 1, 1) for _ in range(6)] == [0] * 6
    assert buckets.ask(0, 1, 1) == 10 * SECOND_US
    assert buckets.ask(10 * SECOND_US - 1, 1, 1) == 1
    assert buckets.ask(10 * SECOND_US, 1, 1) == 0


def test_years_without_a_request_do_not_overflow() -> None:
    buckets = Buckets((10**9, 10**9, 10**9), {}, up_front=False)
    years_us = 1 << 50
    assert buckets.ask(0, 10**9, 1) == 0
    buckets.end(1, 3 * 10**9)
    # of two minutes' debt, one and a half are left; then everything is full
    assert 0 < buckets.ask(MINUTE_US // 2, 1, 1) < 2 * MINUTE_US
    assert buckets.ask(years_us, 10**9, 1) == 0
    assert buckets.bucket["output"].tolist() == buckets.sizes["capacity"][0, :, OUTPUT].tolist()


# the most units that a bucket of ten minutes may hold, and of half of it
VAST, HALF = (
    (size.capacity, size.rate, size.per_token, size.capacity // size.rate + 1, FOREVER_US)
    for size in BucketSize.series(MOST_PER_MINUTE - 1, [1.0, 0.5], burst=10.0)
)
LEVELS = (0, 1, HALF[0], VAST[0] - 1, VAST[0])
MINUTES_US = [minutes * MINUTE_US for minutes in (0, 5, 9, 10, 15, 20, 1 << 24)]


@pytest.mark.parametrize("elapsed_us", [1, *MINUTES_US])
@pytest.mark.parametrize("level", [-(1 << 62), -HALF[0], -1, *LEVELS])
def test_the_largest_levels_and_debts_do_not_overflow(level: int, elapsed_us: int) -> None:
    """Whole numbers of Python have no largest."""
    for units in LEVELS if level >= 0 else (0, -1, -VAST[0] // 4):
        sizes, bucket = np.array([[[VAST] * 3]], SIZE), np.zeros(1, BUCKET)
        bucket["output"] = level
        put_output(bucket[0], sizes, 0, elapsed_us, units)
        refilled = min(level + elapsed_us * VAST[1], VAST[0])
        assert int(bucket["output"][0]) == min(refilled + units, VAST[0])


@pytest.mark.parametrize("level", LEVELS)
def test_the_largest_levels_are_cut_where_limits_change(level: int) -> None:
    for edge_us in MINUTES_US:
        sizes, bucket = np.array([[[VAST] * 3, [HALF] * 3]], SIZE), np.zeros(1, BUCKET)
        sizes["ends_us"][0, 0] = edge_us
        bucket["requests"] = bucket["input"] = bucket["output"] = level
        put_output(bucket[0], sizes, 1, edge_us, VAST[0])
        expected = min(level + edge_us * VAST[1], HALF[0])
        assert bucket[["requests", "input", "output"]].tolist() == [(expected, expected, HALF[0])]
