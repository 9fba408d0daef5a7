"""Tables as columns: selecting, stacking and ordering rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.arrays.columns import Columns, concat, grouped, length, take, time_order
from sim.arrays.types import Ints


def table(*values: int) -> Columns:
    return {"a": np.array(values), "b": np.array(values) * 10.0}


def test_length_is_the_number_of_rows_and_0_without_columns() -> None:
    assert length(table(4, 5, 6)) == 3
    assert length(table()) == length({}) == 0


@pytest.mark.parametrize("index", [np.array([2, 0]), np.array([False, True, True]), slice(1, 2)])
def test_take_selects_the_same_rows_of_every_column(index: object) -> None:
    chosen = take(table(4, 5, 6), index)
    assert chosen["a"].tolist() == np.array([4, 5, 6])[index].tolist()  # type: ignore[call-overload]
    assert chosen["b"].tolist() == (chosen["a"] * 10).tolist()


def test_concat_stacks_tables_in_order() -> None:
    stacked = concat([table(1, 2), table(), table(3)])
    assert stacked["a"].tolist() == [1, 2, 3]
    assert stacked["b"].tolist() == [10, 20, 30]


def test_concat_of_nothing_has_no_columns_and_of_one_table_is_that_table() -> None:
    one = table(1)
    assert concat([]) == {}
    assert concat([one]) is one


@given(st.lists(st.integers(-3, 3) | st.sampled_from([65_532, 65_533, 65_536, 1 << 40])))
def test_grouped_sorts_and_leaves_equal_numbers_in_their_order(numbers: list[int]) -> None:
    expected = sorted(range(len(numbers)), key=numbers.__getitem__)
    assert grouped(np.array(numbers, np.int64)).tolist() == expected


@pytest.mark.parametrize("largest", [65_535, 65_536])
def test_grouped_sorts_numbers_that_just_do_or_do_not_fit_16_bits(largest: int) -> None:
    assert grouped(np.array([largest, 1, 0])).tolist() == [2, 1, 0]


@given(st.lists(st.integers(0, 4), max_size=40), st.integers(0, 1_000))
def test_rows_of_one_microsecond_come_by_number(times: list[int], seed: int) -> None:
    ts_us = np.array(times, np.int64)
    number: Ints = np.random.default_rng(seed).permutation(len(times))
    expected = sorted(range(len(times)), key=lambda row: (times[row], number[row]))
    assert time_order(ts_us, number).tolist() == expected


@given(st.lists(st.integers(0, 2), max_size=30), st.integers(0, 1_000))
def test_rows_of_one_microsecond_come_by_several_numbers(times: list[int], seed: int) -> None:
    ts_us, rng = np.array(times, np.int64), np.random.default_rng(seed)
    first: Ints = rng.integers(0, 3, len(times))
    second: Ints = rng.permutation(len(times))
    expected = sorted(range(len(times)), key=lambda row: (times[row], first[row], second[row]))
    assert time_order(ts_us, first, second).tolist() == expected
