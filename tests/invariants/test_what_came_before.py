"""The searches that the checks are built on, against loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.invariants.concurrency import in_progress
from sim.invariants.grouping import latest, previous


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 6), st.booleans()), min_size=1, max_size=30
    )
)
def test_the_latest_source(drawn: list[tuple[int, int, bool]]) -> None:
    group, at, source = (np.array(c) for c in zip(*drawn, strict=True))
    found = latest(group, at, source)
    for k in range(len(group)):
        before = [
            j
            for j in range(len(group))
            if j != k and source[j] and group[j] == group[k] and at[j] <= at[k]
        ]
        assert (found[k] == -1) == (not before)
        assert not before or (found[k] in before and at[found[k]] == max(at[j] for j in before))


@given(st.lists(st.integers(0, 4), max_size=30))
def test_the_previous_row(drawn: list[int]) -> None:
    before = previous(np.array(drawn, np.int64))
    for k, value in enumerate(drawn):
        expected = [j for j in range(k) if drawn[j] == value]
        assert before[k] == (expected[-1] if expected else -1)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), min_size=1, max_size=30))
def test_how_many_are_in_progress(drawn: list[tuple[int, int]]) -> None:
    start = np.sort(np.array([s for s, _ in drawn]))
    end = start + np.array([length for _, length in drawn])
    counted = in_progress(start, end)
    for k in range(len(start)):
        assert counted[k] == k + 1 - (end <= start[k]).sum()
