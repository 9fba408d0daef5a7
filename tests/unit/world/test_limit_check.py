"""The check of a stream of attempts against buckets that are asked one by one."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.arrays.time import MINUTE_US, SECOND_US
from sim.arrays.types import Bools
from sim.reference.plain_buckets import UNITS, Bucket, limits_over_time
from sim.world.attempt_stream import AttemptStream, merge_attempts
from sim.world.attempts import Attempts
from sim.world.buckets import Buckets
from sim.world.conditions import ProviderConditions
from sim.world.limit_check import LimitCheck
from sim.world.limits import BucketSize, Sizes
from tests.unit.world.building import AS_GENERATED, drawn_calls, event, provider


class Request(NamedTuple):
    """An attempt, a gap after the one before."""

    gap_us: int
    bucket: int
    context: int
    read: int
    asks: int
    output: int
    lasts_us: int
    answered: bool


REQUESTS = st.lists(
    st.builds(
        Request,
        st.sampled_from([0, 1, SECOND_US, 4 * SECOND_US, 30 * SECOND_US]),
        st.integers(-1, 3),
        st.integers(5, 40),
        st.integers(0, 5),
        st.integers(0, 30),
        st.integers(0, 20),
        st.sampled_from([1, SECOND_US, 6 * SECOND_US]),
        st.booleans(),
    ),
    max_size=40,
)
CHANGES = (event("limits", 1, 2, factor=0.5), event("limits", 2, 3, factor=3.0))


# the same as factors, and output a minute and burst of the classes below
FACTORS = [(MINUTE_US, 0.5), (2 * MINUTE_US, 3.0), (3 * MINUTE_US, 1.0)]
OUTPUT = {0: (90, 1.0), 2: (60, 0.5)}


def sizes_in(conditions: ProviderConditions) -> list[Sizes | None]:
    """Sizes of two classes, of which only one is limited, and of a third."""
    factors = conditions.limits.tolist()
    first = Sizes(*(BucketSize.series(n, factors, 1.0) for n in (6, 120, 90)))
    third = Sizes(*(BucketSize.series(n, factors, 0.5) for n in (30, 100, 60)))
    return [first, None, third]


def stream_of(requests: list[Request]) -> tuple[AttemptStream, Any]:
    columns = np.array(requests, np.int64).reshape(-1, 8).T
    at_us = np.cumsum(columns[0])
    zeros = np.zeros(len(at_us), np.int64)
    stream = AttemptStream(
        at_us=at_us,
        ends_us=at_us + columns[6],
        answered=columns[7] > 0,
        own_read=zeros,
        context=columns[2],
        left=zeros,
        asks=columns[4],
        output=columns[5],
        static=zeros,
        lifetime_us=zeros,
        key=zeros,
        bucket=columns[1],
    )
    return stream, columns[3]


def refused(requests: list[Request], conditions: ProviderConditions) -> list[bool]:
    """Which of the six buckets refuse a request, if each is asked one by one."""
    sizes, edges = sizes_in(conditions), conditions.ends_us.tolist()
    buckets: dict[int, Buckets] = {}
    hit, now_us = [False] * 6, 0
    for request in requests:
        now_us += request.gap_us
        of_class = sizes[request.bucket % 3]
        if request.bucket < 0 or of_class is None or hit[request.bucket]:
            continue
        up_front = conditions.takes_output_up_front
        bucket = buckets.setdefault(request.bucket, Buckets(of_class, edges, 0, 0, up_front))
        segment = conditions.segment_scalar(now_us)
        if bucket.ask(now_us, segment, request.context - request.read, request.asks):
            hit[request.bucket] = True
        else:
            bucket.ends(now_us + request.lasts_us, request.output * request.answered)
    return hit


def checked(requests: list[Request], conditions: ProviderConditions, chunks: int = 1) -> Bools:
    check = LimitCheck(conditions, 6, sizes_in(conditions), 0)
    stream, read = stream_of(requests)
    edges = np.linspace(0, len(requests), chunks + 1).astype(int).tolist()
    for low, high in pairwise(edges):
        check.add(stream.pick(slice(low, high)), read[low:high])
    return check.overdrawn


@given(REQUESTS)
def test_in_one_chunk_exactly_the_buckets_that_refuse_are_overdrawn(
    requests: list[Request],
) -> None:
    assert checked(requests, provider()).tolist() == refused(requests, provider())


@given(REQUESTS, st.integers(1, 5))
def test_answers_taken_at_their_end_are_checked_exactly_whatever_the_chunks(
    requests: list[Request], chunks: int
) -> None:
    for changes in ((), CHANGES):
        conditions = provider(*changes, limits=AS_GENERATED)
        assert checked(requests, conditions, chunks).tolist() == refused(requests, conditions)


@given(REQUESTS)
def test_a_debt_is_repaid_when_the_check_says_so(requests: list[Request]) -> None:
    """And only those owe something whose answers took more than there was."""
    for changes in ((), CHANGES):
        conditions = provider(*changes, limits=AS_GENERATED)
        check = LimitCheck(conditions, 6, sizes_in(conditions), 0)
        stream, read = stream_of(requests)
        check.add(stream, read)
        for bucket, repaid_us in enumerate(check.repaid_us().tolist()):
            if bucket % 3 != 1:
                output = Bucket(
                    limits_over_time(*OUTPUT[bucket % 3], FACTORS[: 3 * len(changes)], 0)
                )
                at_us = 0
                for at_us, tokens in sorted(answers_of(requests, bucket)):
                    output.refill(at_us)
                    output.level_units -= tokens * UNITS
                if repaid_us > at_us:
                    output.refill(repaid_us)
                assert output.level_units >= 0


def answers_of(requests: list[Request], bucket: int) -> list[tuple[int, int]]:
    """End and tokens of the answers of a bucket."""
    begins_us = np.cumsum([request.gap_us for request in requests]).tolist()
    return [
        (at_us + request.lasts_us, request.output)
        for at_us, request in zip(begins_us, requests, strict=True)
        if request.bucket == bucket and request.answered
    ]


@given(REQUESTS, st.integers(2, 5))
def test_no_refusal_is_overlooked_in_chunks_and_under_changes_of_limits(
    requests: list[Request], chunks: int
) -> None:
    for conditions in (provider(), provider(*CHANGES)):
        hit = np.array(refused(requests, conditions), np.bool_)
        assert not (hit & ~checked(requests, conditions, chunks)).any()


@given(REQUESTS, st.integers(1, 5))
def test_requests_that_use_all_their_output_are_checked_exactly_whatever_the_chunks(
    requests: list[Request], chunks: int
) -> None:
    plain = [r._replace(asks=r.output, answered=True) for r in requests]
    for conditions in (provider(), provider(*CHANGES)):
        assert checked(plain, conditions, chunks).tolist() == refused(plain, conditions)


def test_limits_that_change_before_the_first_attempt_count_from_their_time() -> None:
    conditions = provider(event("limits", 5, None, factor=0.5))
    burst = [Request(10 * MINUTE_US, 0, 5, 5, 0, 0, 1, True)]
    burst += [burst[0]._replace(gap_us=0)] * 3
    assert checked(burst[:3], conditions).tolist() == [False] * 6
    assert checked(burst, conditions).tolist() == [True, *[False] * 5]


def test_a_check_may_begin_within_a_later_segment() -> None:
    conditions = provider(event("limits", 5, 20, factor=0.5), event("limits", 10, None, factor=0.4))
    check = LimitCheck(conditions, 3, sizes_in(conditions), 6 * MINUTE_US)
    burst = [Request(7 * MINUTE_US, 0, 5, 5, 0, 0, 1, True)]
    burst += [burst[0]._replace(gap_us=0)] * 3
    stream, read = stream_of(burst)
    check.add(stream.pick(slice(0, 3)), read[:3])
    assert not check.overdrawn.any()
    check.add(stream.pick(slice(3, 4)), read[3:])
    assert check.overdrawn.tolist() == [True, False, False]


def test_a_larger_limit_adds_no_tokens() -> None:
    conditions = provider(event("limits", 1, None, factor=2.0))
    burst = [Request(MINUTE_US - 1, 0, 5, 5, 0, 0, 1, True)]
    burst += [burst[0]._replace(gap_us=0)] * 5
    after = Request(1, 0, 5, 5, 0, 0, 1, True)
    assert checked([*burst, after], conditions)[0]
    assert not checked([*burst, after._replace(gap_us=5 * SECOND_US + 1)], conditions)[0]


def test_attempts_are_merged_by_time_then_serial_number() -> None:
    first = drawn_calls([1, 2], serial=np.array([7, 3, 9]), key=np.array([0, 1]))
    second = drawn_calls([1], serial=np.array([5]), context_tokens=77, key=4, batch=True)
    columns = {"number": 0, "ttft_us": 1}
    parts = []
    for calls, rows, begins in ((first, [0, 1, 2, 2], [4, 4, 9, 2]), (second, [0], [4])):
        begins_us, size = np.array(begins), len(begins)
        status = np.full(size, 200)
        status[0] = 529
        arrays = {name: np.full(size, value) for name, value in columns.items()}
        attempts = Attempts(
            call=np.array(rows),
            begins_us=begins_us,
            ends_us=begins_us + 10,
            status=status,
            **arrays,
        )
        parts.append((calls, attempts, np.arange(size)))
    stream, order = merge_attempts(parts, [np.array([20, 21]), np.array([-1])])
    assert order.tolist() == [3, 1, 4, 0, 2]
    assert stream.at_us.tolist() == [2, 4, 4, 4, 9]
    assert stream.ends_us.tolist() == [12, 14, 14, 14, 19]
    assert stream.answered.tolist() == [True, True, False, False, True]
    assert stream.own_read.tolist() == [3, 1, 0, 0, 2]
    assert stream.context.tolist() == [1_000, 1_000, 77, 1_000, 1_000]
    assert stream.bucket.tolist() == [21, 21, -1, 20, 21]
    assert stream.key.tolist() == [1, 1, 4, 0, 1]
