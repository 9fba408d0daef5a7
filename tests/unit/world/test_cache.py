"""What attempts read from the prompt cache, against loops over the attempts."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.arrays.types import Ints
from sim.world.attempt_stream import AttemptStream
from sim.world.attempts import Attempts
from sim.world.cache import (
    LIFETIME_1H_US,
    LIFETIME_5M_US,
    PrefixCache,
    session_read_tokens,
)
from tests.unit.world.building import drawn_calls

LIFETIME_US = 5
# gap, answered, left, history in the session, first of a session, lifetime
CALLS = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.booleans(),
        st.sampled_from([0, 10, 20]),
        st.integers(0, 1),
        st.booleans(),
    ),
    min_size=1,
    max_size=20,
)


def test_lifetimes_are_five_minutes_and_an_hour() -> None:
    assert (LIFETIME_5M_US, LIFETIME_1H_US) == (300 * 10**6, 3_600 * 10**6)


@given(CALLS, st.integers(0, 2))
def test_an_attempt_reads_what_the_last_answered_call_of_its_history_left(
    calls: list[tuple[int, bool, int, int, bool]], retries: int
) -> None:
    """Each call has `retries` failed attempts first, and is answered in the end or not."""
    starts = [k for k, call in enumerate(calls) if call[4] or not k]
    counts = np.diff([*starts, len(calls)]).tolist()
    left = [call[2] for call in calls]
    session = np.repeat(np.arange(len(counts)), counts)
    history = 2 * session + [call[3] for call in calls]
    drawn = drawn_calls(counts, left_tokens=left, history=history, lifetime_us=LIFETIME_US)
    rows, expected, now_us = [], [], 0
    last: dict[int, tuple[int, int]] = {}
    for k, (gap_us, answered, leaves, _, _) in enumerate(calls):
        for n in range(retries + 1):
            now_us += gap_us
            reads = -1
            at_us, before = last.get(history[k], (0, 0))
            if before and leaves and now_us - at_us <= LIFETIME_US:
                reads = min(before, leaves)
            expected.append(reads)
            rows.append((k, n, now_us, 0, now_us + 1, 200 if answered and n == retries else 529))
        if answered:
            last[history[k]] = now_us, leaves
    attempts = Attempts(*np.array(rows, np.int64).T)
    assert session_read_tokens(drawn, attempts).tolist() == expected


STREAM = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.booleans(),
        st.sampled_from([-1, -1, 4]),
        st.sampled_from([0, 8, 30]),
        st.integers(0, 2),
        st.sampled_from([0, 2, 5]),
    ),
    max_size=30,
)


def stream_of(rows: list[tuple[int, bool, int, int, int, int]]) -> AttemptStream:
    gap_us, answered, own_read, left, key, lifetime_us = np.array(rows, np.int64).reshape(-1, 6).T
    zeros: Ints = np.zeros(len(rows), np.int64)
    return AttemptStream(
        at_us=np.cumsum(gap_us),
        ends_us=zeros,
        answered=answered > 0,
        own_read=own_read,
        context=zeros,
        left=left,
        asks=zeros,
        output=zeros,
        static=zeros + 10 + key,
        lifetime_us=lifetime_us,
        key=key,
        bucket=zeros,
    )


@given(STREAM, st.integers(0, 30))
def test_an_attempt_without_context_of_its_own_reads_the_static_prefix_that_others_touched(
    rows: list[tuple[int, bool, int, int, int, int]], cut: int
) -> None:
    touched: dict[int, int] = {}
    expected, now_us = [], 0
    for gap_us, answered, own_read, left, key, lifetime_us in rows:
        now_us += gap_us
        reads = max(own_read, 0)
        if left and own_read < 0 and now_us - touched.get(key, -(10**9)) <= lifetime_us:
            reads = min(10 + key, left)
        expected.append(reads)
        if left and answered:
            touched[key] = now_us
    stream, cache = stream_of(rows), PrefixCache(3)
    read = [cache.read_tokens(stream.pick(part)) for part in (slice(0, cut), slice(cut, None))]
    assert np.concatenate(read).tolist() == expected
