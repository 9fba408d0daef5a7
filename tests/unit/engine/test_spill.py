"""Rows that are set aside by cells of time, and the windows and parts made of the cells."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engine.spill import (
    EXCHANGES,
    ORIGINS,
    TASKS,
    SpillFile,
    SpillWriter,
)
from sim.engine.spill_index import Index, ReadAhead, Spans, read_exchanges, read_records
from sim.engine.time_grid import TimeGrid, parts_of, windows_of
from sim.errors import SimError
from sim.scaffold.exchange_records import (
    EXCHANGE_RECORD,
    ORIGIN_RECORD,
    Exchanges,
    Records,
    unpacked,
)
from sim.scaffold.fill import POSITION_BITS
from sim.scaffold.task_rows import TASK_RECORD
from sim.tables.hashing_file import Crc32
from sim.tables.store import Store
from tests.support.scenarios import SMALL, simulated

GRID = TimeGrid(10, 100)
TIMES = st.lists(st.integers(-250, 1_300), max_size=8)
BLOCKS = st.lists(st.tuples(st.sampled_from([EXCHANGES, TASKS]), TIMES), max_size=12)


def tasks_at(times: list[int], first: int = 0) -> Records:
    """Tasks begun at given times, numbered through from `first`, other fields of any value."""
    tasks = np.zeros(len(times), TASK_RECORD)
    number = np.arange(first, first + len(times))
    for name in TASK_RECORD.names or ():
        tasks[name] = number % 100
    tasks["start"], tasks["serial"] = times, number
    return tasks


def exchanges_at(times: list[int], first: int = 0) -> Exchanges:
    """Exchanges at given times, numbered through from `first`; every third is of the same task.

    The tasks have the numbers `first` to `first` + 2.
    """
    count = len(times)
    records, origins = np.zeros(count, EXCHANGE_RECORD), np.zeros(3, ORIGIN_RECORD)
    number = np.arange(first, first + count)
    for name in EXCHANGE_RECORD.names or ():
        records[name] = number % 100
    records["ts"], records["position"], records["origin"] = times, number, number % 3
    for name in ORIGIN_RECORD.names or ():
        origins[name] = np.arange(3)
    origins["task"] = first - first % 3 + np.arange(3)
    return Exchanges(records, origins)


def set_aside(store: Store, path: str, blocks: list[tuple[str, list[int]]]) -> SpillFile:
    with store.writing(path, Crc32()) as file:
        writer = SpillWriter(file, GRID)
        for number, (table, times) in enumerate(blocks):
            if table == TASKS:
                writer.add_tasks(tasks_at(times, 100 * number))
            else:
                writer.add_exchanges(exchanges_at(times, 100 * number))
        writer.close()
    return SpillFile(path, file.bytes, file.digest, writer.chunks)


def expected(
    files: list[list[tuple[str, list[int]]]], table: str, first: int, last: int
) -> list[tuple[int, int]]:
    """(time, number) of the rows of some cells, from what was set aside."""
    return sorted(
        (t, 100 * number + k)
        for blocks in files
        for number, (of, times) in enumerate(blocks)
        for k, t in enumerate(times)
        if of == table and first <= min(max(t, 0) // GRID.cell_us, GRID.cells - 1) < last
    )


# --- rows come back -----------------------------------------------------------------------------


@given(
    files=st.lists(BLOCKS, max_size=3),
    chunk_rows=st.sampled_from([1, 5, 10**6]),
    edges=st.tuples(st.integers(0, 10), st.integers(0, 10)),
)
def test_the_rows_of_any_cells_come_back(
    tmp_path_factory: pytest.TempPathFactory,
    files: list[list[tuple[str, list[int]]]],
    chunk_rows: int,
    edges: tuple[int, int],
) -> None:
    store = Store(str(tmp_path_factory.mktemp("spill")))
    first, last = sorted(edges)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sim.engine.spill._CHUNK_ROWS", chunk_rows)
        index = Index([set_aside(store, f"{k}.rows", b) for k, b in enumerate(files)], GRID.cells)
    # two windows, which are read one by one or both together
    windows = [(0, first), (first, last)]
    tasks_of = {window: index.tasks(*window) for window in windows}
    exchanges_of = {window: index.exchanges(*window) for window in windows}
    both = [spans for each in exchanges_of.values() for spans in (each.records, each.origins)]
    for source in (store, ReadAhead(store, [*tasks_of.values(), *both])):
        for window in windows:
            tasks = read_records(source, tasks_of[window])
            found = sorted(zip(tasks["start"].tolist(), tasks["serial"].tolist(), strict=True))
            assert found == expected(files, TASKS, *window)

            rows = unpacked(read_exchanges(source, exchanges_of[window]))
            number = rows["serial"] & ((1 << POSITION_BITS) - 1)
            pairs = zip(rows["ts"].tolist(), number.tolist(), strict=True)
            assert sorted(pairs) == expected(files, EXCHANGES, *window)
            # each with what belongs to its task
            begin = number - number % 100
            task = begin - begin % 3 + number % 3
            assert (rows["serial"] >> POSITION_BITS).tolist() == task.tolist()
            assert rows["account"].tolist() == (number % 3).tolist()
    for table in (EXCHANGES, TASKS):
        assert index.counts(table).tolist() == [
            len(expected(files, table, cell, cell + 1)) for cell in range(GRID.cells)
        ]


class Asked:
    """A store of one file, and what is asked of it."""

    def __init__(self, data: bytes) -> None:
        self.data, self.spans = data, list[tuple[str, int, int]]()

    def read_into(self, spans: Any) -> None:
        for path, offset, buffer in spans:
            self.spans.append((path, offset, len(buffer)))
            buffer[:] = self.data[offset : offset + len(buffer)]


def test_neighbours_are_read_as_one() -> None:
    size = TASK_RECORD.itemsize
    store: Any = Asked(tasks_at([10, 20, 30, 40, 50]).tobytes())
    offset = size * np.array([3, 0, 1])
    spans = Spans(TASKS, ["a"], np.zeros(3, np.int64), offset, np.ones(3, np.int64))
    ahead = ReadAhead(store, [spans])
    assert store.spans == [("a", 0, 2 * size), ("a", 3 * size, size)]
    assert read_records(ahead, spans)["start"].tolist() == [40, 10, 20]


TIMES_OUT_OF_ORDER = [950, 20, -5, 430, 20]
IN_ORDER = [1, 2, 4, 3, 0]  # by cell, and as they came


def test_every_field_of_a_task_comes_back_as_it_was(tmp_path: Path) -> None:
    store, times = Store(str(tmp_path)), TIMES_OUT_OF_ORDER
    index = Index([set_aside(store, "a.rows", [(TASKS, times)])], GRID.cells)
    found = read_records(store, index.tasks(0, GRID.cells))
    assert found.tolist() == tasks_at(times)[IN_ORDER].tolist()


def test_every_column_of_an_exchange_comes_back_as_it_was(tmp_path: Path) -> None:
    store, times = Store(str(tmp_path)), TIMES_OUT_OF_ORDER
    index = Index([set_aside(store, "a.rows", [(EXCHANGES, times)])], GRID.cells)
    found = unpacked(read_exchanges(store, index.exchanges(0, GRID.cells)))
    for name, column in unpacked(exchanges_at(times), np.array(IN_ORDER)).items():
        assert found[name].tolist() == column.tolist(), name


def test_what_tasks_share_is_set_aside_once_for_a_group_of_cells(tmp_path: Path) -> None:
    """Cells are grouped by sixteen; of three tasks each has rows in two groups."""
    store, grid = Store(str(tmp_path)), TimeGrid(40, 100)
    with store.writing("a.rows", Crc32()) as file:
        writer = SpillWriter(file, grid)
        writer.add_exchanges(exchanges_at([0, 100, 1_599, 20, 10, 30, 1_600, 3_000, 3_199]))
        writer.close()
    counts = {chunk.table: (chunk.first, sum(chunk.counts)) for chunk in writer.chunks}
    assert counts == {ORIGINS: (0, 3 + 3), EXCHANGES: (0, 9)}

    # a window that begins within the second group reads the origins of that alone
    spans = Index([SpillFile("a.rows", 0, "", writer.chunks)], 40).exchanges(17, 40)
    numbers = (spans.records.rows, spans.origins.rows, spans.first_origin)
    assert [values.tolist() for values in numbers] == [[2], [3], [3]]
    rows = unpacked(read_exchanges(store, spans))
    assert rows["account"].tolist() == [1, 2]


def test_a_shard_without_rows_leaves_an_empty_file(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    written = set_aside(store, "a.rows", [(EXCHANGES, []), (TASKS, [])])
    assert (written.bytes, written.crc32, written.chunks) == (0, "00000000", [])
    assert (tmp_path / "a.rows").read_bytes() == b""
    index = Index([written], GRID.cells)
    assert len(read_exchanges(store, index.exchanges(0, GRID.cells))) == 0
    assert len(read_records(store, index.tasks(0, GRID.cells))) == 0


def test_the_sum_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    written = set_aside(store, "a.rows", [(EXCHANGES, [1, 2]), (TASKS, [3])])
    data = (tmp_path / "a.rows").read_bytes()
    assert (written.bytes, written.crc32) == (len(data), f"{zlib.crc32(data):08x}")
    assert store.crc32("a.rows") == written.crc32


def test_a_file_that_ends_too_early_is_said(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    set_aside(store, "a.rows", [(EXCHANGES, [1, 2])])
    nine = np.array([9])
    beyond = Spans(EXCHANGES, ["a.rows"], np.array([0]), np.array([0]), nine)
    with pytest.raises(SimError, match=r"a\.rows: ends too early"):
        read_records(store, beyond)


def test_the_size_of_chunks_does_not_change_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, tasks = simulated(SMALL)
    monkeypatch.setattr("sim.engine.spill._CHUNK_ROWS", 50)
    again, tasks_again = simulated(SMALL)
    assert rows.equals(again)
    assert tasks.equals(tasks_again)


# --- cells --------------------------------------------------------------------------------------


@given(
    horizon_us=st.integers(1_000, 10**13),
    rows=st.one_of(st.just(0.0), st.floats(1e-9, 1e12)),
    window_rows=st.integers(1, 10**6),
)
def test_a_grid_covers_the_log(horizon_us: int, rows: float, window_rows: int) -> None:
    grid = TimeGrid.of(horizon_us, rows, window_rows)
    assert 1 <= grid.cells <= 1 << 16
    assert grid.cells * grid.cell_us >= horizon_us
    times = np.array([-(10**12), -1, 0, horizon_us - 1], np.int64)
    cells = grid.cell(times).tolist()
    assert cells[:3] == [0, 0, 0]
    assert 0 <= cells[3] < grid.cells


@given(times=st.lists(st.integers(-100, 10_000), min_size=1))
def test_cells_are_in_order_of_time(times: list[int]) -> None:
    ordered = np.array(sorted(times), np.int64)
    assert (np.diff(GRID.cell(ordered).astype(int)) >= 0).all()


def test_a_window_has_several_cells() -> None:
    assert TimeGrid.of(86_400_000_000, 1_000_000, 100_000).cells == 160


# --- windows and parts --------------------------------------------------------------------------

COUNTS = st.lists(st.integers(0, 50), min_size=1, max_size=60).map(
    lambda counts: np.array(counts, np.int64)
)


@given(counts=COUNTS, window_rows=st.integers(1, 200))
def test_windows_cover_every_cell_once(counts: Any, window_rows: int) -> None:
    windows = windows_of(counts, window_rows)
    assert [n for w in windows for n in range(w.first, w.last)] == list(range(len(counts)))
    sizes = [int(counts[w.first : w.last].sum()) for w in windows]
    assert all(window_rows <= size < window_rows + 51 for size in sizes[:-1])


@given(counts=COUNTS, window_rows=st.integers(1, 100), part_rows=st.integers(1, 400))
def test_parts_cover_every_cell_once(counts: Any, window_rows: int, part_rows: int) -> None:
    parts = parts_of(counts, window_rows, part_rows)
    assert len(parts) >= 1
    assert all(parts)
    cells = [n for part in parts for w in part for n in range(w.first, w.last)]
    assert cells == list(range(len(counts)))


@given(
    counts=st.lists(st.integers(0, 20), min_size=200, max_size=400),
    part_rows=st.integers(300, 3_000),
)
def test_parts_are_of_similar_size(counts: list[int], part_rows: int) -> None:
    cells = np.array(counts, np.int64)
    window_rows = part_rows // 10
    sizes = [
        sum(int(cells[w.first : w.last].sum()) for w in part)
        for part in parts_of(cells, window_rows, part_rows)
    ]
    total = int(cells.sum())
    assert len(sizes) == max(1, round(total / part_rows))
    largest_window = window_rows + 20
    assert max(sizes) - min(sizes) <= 2 * largest_window


def test_a_log_without_rows_is_one_part() -> None:
    (part,) = parts_of(np.zeros(7, np.int64), 100, 1_000)
    assert [(w.first, w.last) for w in part] == [(0, 7)]
