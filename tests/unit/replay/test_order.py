"""The order of a stream, and its cuts."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.replay.order import by_end, cut

Row = tuple[int, int, int]


def table(rows: list[Row]) -> pa.Table:
    starts, ends, ids = zip(*rows, strict=True) if rows else ((), (), ())
    when = pa.timestamp("us", tz="UTC")
    return pa.table(
        {
            "ts_start": pa.array(starts, when),
            "ts_end": pa.array(ends, when),
            "exchange_id": pa.array(ids, pa.int64()),
            "word": pa.array([str(i % 3) for i in ids]).dictionary_encode(),
        }
    )


def ids(tables: list[pa.Table]) -> list[int]:
    return [i for one in tables for i in one["exchange_id"].to_pylist()]


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[Row], list[int]]:
    """Rows by start, with many ties, and where the log is cut into parts."""
    spans = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6)), max_size=25))
    numbers = draw(st.permutations(range(1, len(spans) + 1)))
    rows = [(a, a + length, i) for (a, length), i in zip(spans, numbers, strict=True)]
    cuts = draw(st.lists(st.integers(0, len(rows)), max_size=4))
    return sorted(rows, key=lambda row: (row[0], row[2])), sorted(cuts)


@given(logs())
@settings(max_examples=25)
def test_rows_come_by_their_ends_wherever_the_log_is_cut(log: tuple[list[Row], list[int]]) -> None:
    rows, cuts = log
    parts = [table(rows[a:b]) for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    assert ids(list(by_end(parts))) == [i for _, _, i in sorted(rows, key=lambda r: (r[1], r[2]))]


def test_no_row_waits_longer_than_it_must() -> None:
    """A row comes with the first part that begins nothing before its end."""
    parts = [table([(0, 5, 1), (1, 2, 2)]), table([(6, 9, 3)]), table([(7, 8, 4), (9, 9, 5)])]
    assert [ids([one]) for one in by_end(parts) if one.num_rows] == [[2, 1], [4], [3, 5]]


@given(
    st.lists(st.integers(0, 6), max_size=5),
    st.integers(0, 20),
    st.integers(1, 20) | st.none(),
    st.integers(1, 4),
)
def test_a_cut_gives_the_rows_from_a_place_on(
    sizes: list[int], offset: int, limit: int | None, most: int
) -> None:
    rows = [(k, k, k + 1) for k in range(sum(sizes))]
    parts, left = [], list(rows)
    for size in sizes:
        parts.append(table(left[:size]))
        left = left[size:]
    found = list(cut(parts, offset, limit, most))
    end = None if limit is None else offset + limit
    assert ids(found) == [i for _, _, i in rows][offset:end]
    assert all(0 < one.num_rows <= most for one in found)


def test_nothing_is_read_behind_the_limit() -> None:
    def parts() -> object:
        yield table([(0, 0, 1), (0, 0, 2)])
        raise AssertionError("was read")

    assert ids(list(cut(parts(), 0, 2, 10))) == [1, 2]  # type: ignore[arg-type]
