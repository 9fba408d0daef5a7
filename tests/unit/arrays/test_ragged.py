"""Sums and counters within groups, against plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.arrays.ragged import cumulate_in, position_in, ranges, starts_of

COUNTS = st.lists(st.integers(1, 6), min_size=1, max_size=12)


def groups(counts: list[int], values: Any) -> list[list[int]]:
    ends = np.cumsum(counts)
    return [list(values[end - n : end]) for n, end in zip(counts, ends, strict=True)]


@given(COUNTS)
def test_positions_count_from_zero_in_each_group(counts: list[int]) -> None:
    expected = [k for n in counts for k in range(n)]
    assert position_in(np.array(counts)).tolist() == expected


@given(COUNTS)
def test_starts_are_where_the_groups_begin(counts: list[int]) -> None:
    expected = [sum(counts[:k]) for k in range(len(counts))]
    assert starts_of(np.array(counts)).tolist() == expected


@given(COUNTS, st.integers(0, 2**32))
def test_running_sums_restart_in_each_group(counts: list[int], seed: int) -> None:
    values = np.random.default_rng(seed).integers(-100, 100, sum(counts))
    expected = [list(np.cumsum(g)) for g in groups(counts, values)]
    assert groups(counts, cumulate_in(values, np.array(counts))) == expected


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 4)), max_size=8))
def test_ranges_count_on_from_the_first_of_each_group(pairs: list[tuple[int, int]]) -> None:
    first, counts = (np.array([pair[k] for pair in pairs], np.int64) for k in (0, 1))
    expected = [low + k for low, n in pairs for k in range(n)]
    assert ranges(first, counts).tolist() == expected
