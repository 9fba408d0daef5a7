"""Arrow arrays made of NumPy's memory are those that pyarrow makes of the same values."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from sim.tables import arrow

TYPES = (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.float16(), pa.float32(), pa.float64())


@pytest.mark.parametrize("kind", TYPES, ids=str)
@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9])
def test_numbers_are_those_of_pyarrow(kind: pa.DataType, rows: int) -> None:
    values = np.arange(rows).astype(np.float16 if kind == pa.float16() else np.int64)
    missing = np.arange(rows) % 3 == 1
    plain = [None if gone else value for value, gone in zip(values.tolist(), missing, strict=True)]
    made = arrow.array(values, kind)
    assert made.to_pylist() == values.tolist()
    assert made.null_count == 0
    assert arrow.array(values, kind, missing).to_pylist() == plain
    arrow.array(values, kind, missing).validate(full=True)
    assert made.type == kind


@pytest.mark.parametrize("rows", [0, 1, 8, 11])
def test_truth_values_are_those_of_pyarrow(rows: int) -> None:
    values = np.arange(rows) % 3 == 0
    assert arrow.array(values, pa.bool_()).equals(pa.array(values.tolist(), pa.bool_()))


def test_an_array_shares_the_memory_of_its_values() -> None:
    values = np.arange(4)
    made = arrow.array(values, pa.int64())
    values[0] = 9
    assert made.to_pylist() == [9, 1, 2, 3]


def test_every_other_value_is_copied_in_order() -> None:
    assert arrow.array(np.arange(6)[::2], pa.int64()).to_pylist() == [0, 2, 4]


@pytest.mark.parametrize("value", [1 << 15, -(1 << 15) - 1])
def test_numbers_that_do_not_fit_are_refused(value: int) -> None:
    with pytest.raises(OverflowError, match="do not fit into int16"):
        arrow.array(np.array([value]), pa.int16())
    assert arrow.array(np.array([(1 << 15) - 1, -(1 << 15)]), pa.int16()).to_pylist() == [
        (1 << 15) - 1,
        -(1 << 15),
    ]


def test_texts_keep_their_letters_and_gaps() -> None:
    texts = ["a", "", None, "größer", "€"]
    made = arrow.strings(texts)
    made.validate(full=True)
    assert made.equals(pa.array(texts, pa.string()))
    assert arrow.strings([]).equals(pa.array([], pa.string()))


def test_words_are_entered_once_in_order_of_appearance() -> None:
    made = arrow.words(np.array([3, 0, 2, 1]), ["x", "y", "x", "z"])
    assert made.dictionary.to_pylist() == ["x", "y", "z"]
    assert made.to_pylist() == ["z", "x", "x", "y"]


def test_missing_words_may_have_any_code() -> None:
    made = arrow.words(np.array([-1, 1], np.int8), ("x", "y"), np.array([True, False]))
    assert made.to_pylist() == [None, "y"]
    assert made.type == pa.dictionary(pa.int32(), pa.string())


def test_times_count_from_the_opening() -> None:
    made = arrow.times(1_000_000, np.array([-1, 5, 7]), np.array([False, False, True]))
    assert made.to_pylist() == [
        datetime(1970, 1, 1, 0, 0, 0, 999_999, UTC),
        datetime(1970, 1, 1, 0, 0, 1, 5, UTC),
        None,
    ]


def test_a_table_has_the_types_of_its_columns() -> None:
    made = arrow.table(
        {"n": "int16", "w": "word"},
        {"w": arrow.words(np.array([0, 0]), ["x"]), "n": np.array([3, 1])},
    )
    assert made.column_names == ["n", "w"]
    assert made.schema.types == [pa.int16(), pa.dictionary(pa.int32(), pa.string())]
    assert made.column("n").to_pylist() == [3, 1]


def test_a_sorted_table_goes_by_all_columns_but_words() -> None:
    values = {
        "w": arrow.words(np.array([0, 1, 2]), ["c", "b", "a"]),
        "id": np.array([5, 4, 4]),
        "n": np.array([0, 9, 8]),
    }
    made = arrow.sorted_table({"w": "word", "id": "int64", "n": "int64"}, values)
    assert made.column("n").to_pylist() == [8, 9, 0]
    assert made.column("w").to_pylist() == ["a", "b", "c"]
