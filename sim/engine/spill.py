"""What a shard sets aside: rows as records, ordered by cells of time, in one file a shard."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.types import Ints
from sim.engine.time_grid import TimeGrid
from sim.scaffold.exchange_records import (
    EXCHANGE_RECORD,
    ORIGIN_RECORD,
    Exchanges,
    Records,
)
from sim.scaffold.task_rows import TASK_RECORD
from sim.tables.store import HashingFile, Store

EXCHANGES, ORIGINS, TASKS = "exchanges", "origins", "tasks"
RECORDS = {EXCHANGES: EXCHANGE_RECORD, ORIGINS: ORIGIN_RECORD, TASKS: TASK_RECORD}
_CHUNK_ROWS = 262_144
# So many cells of time share the origins of their exchanges: those of about a window.
_CELLS_PER_GROUP = 16


@dataclass(frozen=True)
class Chunk:
    """Records of one table in a file, ordered by cell of time.

    Attributes
    ----------
    table
        `EXCHANGES`, `ORIGINS` or `TASKS`. Origins come right before the exchanges that refer to
        them, whose `origin` is their number within the chunk.
    offset
        The byte of the file at which they begin.
    first
        The first cell that has any; of origins, the first group of cells.
    counts
        How many there are in each cell or group from `first` on, so that they add up to all.
    """

    table: str
    offset: int
    first: int
    counts: list[int]

    @property
    def bytes(self) -> int:
        """The size of all its records."""
        return sum(self.counts) * RECORDS[self.table].itemsize


@dataclass(frozen=True)
class SpillFile:
    """A whole file of what a shard set aside: its size, its CRC-32 and the chunks in it."""

    path: str
    bytes: int
    crc32: str
    chunks: list[Chunk] = field(default_factory=list)


class SpillWriter:
    """Sets rows aside in a file, which is written from its beginning to its end.

    Rows wait in memory until they fill a chunk. A chunk is ordered by cells of time, so that the
    rows of a window are one span of it.
    """

    def __init__(self, file: HashingFile, grid: TimeGrid) -> None:
        """Write to an open file, at its present end, by the cells of a grid."""
        self._file, self._grid = file, grid
        self._exchanges: list[Exchanges] = []
        self._tasks: list[Records] = []
        self.chunks: list[Chunk] = []

    def add_exchanges(self, rows: Exchanges) -> None:
        """File exchanges; in memory at first, until there are enough for a chunk."""
        if len(rows):
            self._exchanges.append(rows)
        if sum(map(len, self._exchanges)) >= _CHUNK_ROWS:
            self._store_exchanges()

    def add_tasks(self, rows: Records) -> None:
        """File rows of the task table; in memory at first, until there are enough for a chunk."""
        if len(rows):
            self._tasks.append(rows)
        if sum(map(len, self._tasks)) >= _CHUNK_ROWS:
            self._store_tasks()

    def close(self) -> None:
        """Write what waits."""
        if self._exchanges:
            self._store_exchanges()
        if self._tasks:
            self._store_tasks()

    def _store_exchanges(self) -> None:
        """Write the waiting exchanges as a chunk, behind their origins.

        Both are sorted by counting: how many there are in each cell says where each cell begins.
        Within a cell the order is that in which rows came.
        """
        parts, self._exchanges = self._exchanges, []
        grid = self._grid
        per_cell = np.zeros(grid.cells, np.int64)
        per_group = np.zeros(-(-grid.cells // _CELLS_PER_GROUP), np.int64)
        for rows in parts:
            latest = np.full(len(rows.origins), -1, np.int64)
            _count_exchanges(rows.records, grid.cell_us, latest, per_cell, per_group)

        placed = _Placed(
            np.empty(per_cell.sum(), EXCHANGE_RECORD),
            np.empty(per_group.sum(), ORIGIN_RECORD),
            _starts(per_cell),
            _starts(per_group),
        )
        for rows in parts:
            latest = np.full(len(rows.origins), -1, np.int64)
            number = np.empty(len(rows.origins), np.int64)
            _place_exchanges(rows.records, rows.origins, grid.cell_us, latest, number, placed)
        self._write(ORIGINS, per_group, placed.origins)
        self._write(EXCHANGES, per_cell, placed.records)

    def _store_tasks(self) -> None:
        """Write the waiting rows of the task table as a chunk, by the cells that they begin in."""
        parts, self._tasks = self._tasks, []
        per_cell = np.zeros(self._grid.cells, np.int64)
        for rows in parts:
            _count_tasks(rows, self._grid.cell_us, per_cell)
        records, cell_ends = np.empty(per_cell.sum(), TASK_RECORD), _starts(per_cell)
        for rows in parts:
            _place_tasks(rows, self._grid.cell_us, cell_ends, records)
        self._write(TASKS, per_cell, records)

    def _write(self, table: str, counts: Ints, records: Records) -> None:
        """Write records as a chunk; `counts` says how many are in each cell or group."""
        filled = np.flatnonzero(counts)
        first, last = int(filled[0]), int(filled[-1])
        self.chunks.append(Chunk(table, self._file.bytes, first, counts[first : last + 1].tolist()))
        self._file.write(records.view(np.uint8))


def _starts(counts: Ints) -> Ints:
    """Return where the rows of each cell begin."""
    return np.cumsum(counts) - counts


@compiled
def _cell_of(ts_us: int, cell_us: int, cells: int) -> int:
    """Return the cell of a time; see `TimeGrid.cell`."""
    return min(max(ts_us, 0) // cell_us, cells - 1)


@compiled
def _count_exchanges(
    records: Records, cell_us: int, latest: Ints, per_cell: Ints, per_group: Ints
) -> None:
    """Count the exchanges in each cell, and the origins to which those of a group refer.

    `latest` is the last group that an origin was counted in, shape (origins,). So one that is
    referred to from two groups by turns is counted, and written, several times.
    """
    for i in range(len(records)):
        cell = _cell_of(records[i]["ts"], cell_us, len(per_cell))
        per_cell[cell] += 1
        group, origin = cell // _CELLS_PER_GROUP, records[i]["origin"]
        if latest[origin] != group:
            latest[origin] = group
            per_group[group] += 1


class _Placed(NamedTuple):
    """Exchanges and origins in the order of their chunk, and where the next of a cell goes.

    `cell_ends` and `group_ends` are the ends of what was placed, shape (cells,) and (groups,).
    """

    records: Records
    origins: Records
    cell_ends: Ints
    group_ends: Ints


@compiled
def _place_exchanges(
    records: Records, origins: Records, cell_us: int, latest: Ints, number: Ints, placed: _Placed
) -> None:
    """Copy exchanges to the end of their cell so far, and origins to that of their group.

    `latest` as in `_count_exchanges`; `number` says where the copy of each origin lies.
    """
    for i in range(len(records)):
        cell = _cell_of(records[i]["ts"], cell_us, len(placed.cell_ends))
        group, origin = cell // _CELLS_PER_GROUP, records[i]["origin"]
        if latest[origin] != group:
            latest[origin] = group
            number[origin] = placed.group_ends[group]
            placed.group_ends[group] += 1
            placed.origins[number[origin]] = origins[origin]

        at = placed.cell_ends[cell]
        placed.cell_ends[cell] += 1
        placed.records[at] = records[i]
        placed.records[at]["origin"] = number[origin]


@compiled
def _count_tasks(records: Records, cell_us: int, per_cell: Ints) -> None:
    """Count the tasks that begin in each cell."""
    for i in range(len(records)):
        per_cell[_cell_of(records[i]["start"], cell_us, len(per_cell))] += 1


@compiled
def _place_tasks(records: Records, cell_us: int, cell_ends: Ints, placed: Records) -> None:
    """Copy tasks to the end of their cell so far."""
    for i in range(len(records)):
        cell = _cell_of(records[i]["start"], cell_us, len(cell_ends))
        placed[cell_ends[cell]] = records[i]
        cell_ends[cell] += 1


@dataclass(frozen=True)
class RecordSpan:
    """Consecutive records of one table in one file, from byte `offset` on."""

    path: str
    table: str
    offset: int
    rows: int

    @property
    def bytes(self) -> int:
        """The size of the records."""
        return self.rows * RECORDS[self.table].itemsize


@dataclass(frozen=True)
class ExchangeSpan:
    """Consecutive exchanges of one chunk, and origins in which all theirs are.

    `first_origin` is the number, within the chunk, of the first of the origins.
    """

    records: RecordSpan
    origins: RecordSpan
    first_origin: int

    @property
    def rows(self) -> int:
        """How many exchanges there are."""
        return self.records.rows


class _PlacedChunk:
    """A chunk in its file, and how many records lie before each of its cells."""

    def __init__(self, path: str, chunk: Chunk) -> None:
        self.path, self.chunk = path, chunk
        self.before = np.concatenate([[0], np.cumsum(chunk.counts, dtype=np.int64)])

    def rows_before(self, cell: int) -> int:
        """Return how many records lie before a cell, which may be outside the chunk."""
        inside = min(max(cell - self.chunk.first, 0), len(self.before) - 1)
        return int(self.before[inside])

    def span(self, first: int, last: int) -> RecordSpan:
        """Return where the records of the cells [first, last) lie."""
        table, low = self.chunk.table, self.rows_before(first)
        offset = self.chunk.offset + low * RECORDS[table].itemsize
        return RecordSpan(self.path, table, offset, self.rows_before(last) - low)


class Index:
    """Where the rows of every cell lie, over the files of all shards."""

    def __init__(self, files: list[SpillFile], cells: int) -> None:
        """Take the files of all shards, and the number of cells of their grid."""
        self._cells = cells
        self._chunks: dict[str, list[_PlacedChunk]] = {table: [] for table in RECORDS}
        for file in files:
            for chunk in file.chunks:
                self._chunks[chunk.table].append(_PlacedChunk(file.path, chunk))

    def counts(self, table: str) -> Ints:
        """Return the number of rows in each cell, shape (cells,)."""
        total = np.zeros(self._cells, np.int64)
        for placed in self._chunks[table]:
            first = placed.chunk.first
            total[first : first + len(placed.chunk.counts)] += np.diff(placed.before)
        return total

    def tasks(self, first: int, last: int) -> list[RecordSpan]:
        """Return where the tasks that begin in the cells [first, last) lie.

        In the order of files and chunks, not of time; chunks without such tasks are left out.
        """
        spans = [placed.span(first, last) for placed in self._chunks[TASKS]]
        return [span for span in spans if span.rows]

    def exchanges(self, first: int, last: int) -> list[ExchangeSpan]:
        """Return where the exchanges of the cells [first, last) lie, and their origins.

        In the order of files and chunks, not of time; chunks without such rows are left out.
        """
        first_group, last_group = first // _CELLS_PER_GROUP, -(-last // _CELLS_PER_GROUP)
        spans = []
        # each chunk of exchanges has its origins in the chunk before
        pairs = zip(self._chunks[EXCHANGES], self._chunks[ORIGINS], strict=True)
        for placed, origins in pairs:
            if (records := placed.span(first, last)).rows:
                of_groups = origins.span(first_group, last_group)
                first_origin = origins.rows_before(first_group)
                spans.append(ExchangeSpan(records, of_groups, first_origin))
        return spans


class ReadAhead:
    """Spans of spill files that were read together, neighbours as one.

    A request to a remote place costs much more than its few kilobytes. The rows of consecutive
    windows are neighbours in a chunk, so windows that are read together take a request a chunk.
    """

    def __init__(self, store: Store, spans: Iterable[RecordSpan]) -> None:
        """Read spans of a store."""
        sized = [(span.path, span.offset, span.bytes) for span in spans]
        self._pieces: dict[str, list[tuple[int, bytearray]]] = {}
        for path, offset, size in sorted(sized):
            pieces = self._pieces.setdefault(path, [])
            if pieces and pieces[-1][0] + len(pieces[-1][1]) == offset:
                pieces[-1][1].extend(bytes(size))
            else:
                pieces.append((offset, bytearray(size)))

        store.read_into(
            [
                (path, offset, memoryview(piece))
                for path, pieces in self._pieces.items()
                for offset, piece in pieces
            ]
        )

    def read_into(self, spans: Sequence[tuple[str, int, memoryview]]) -> None:
        """Fill buffers as `Store.read_into` does, from what was read."""
        for path, offset, buffer in spans:
            pieces = self._pieces[path]
            start, piece = pieces[bisect_right(pieces, offset, key=itemgetter(0)) - 1]
            buffer[:] = memoryview(piece)[offset - start : offset - start + len(buffer)]


def read_records(source: Store | ReadAhead, table: str, spans: list[RecordSpan]) -> Records:
    """Read the records of spans of a table, laid end to end.

    Parameters
    ----------
    source
        Where the spill files lie, or what was read of them.
    table
        Says what a record is.
    spans
        In the order wanted.

    Returns
    -------
    numpy.ndarray
        A structured array of shape (rows,), in no order of time.

    Raises
    ------
    SimError
        If a file ends before its span does.
    """
    records = np.empty(sum(span.rows for span in spans), RECORDS[table])
    raw = memoryview(records.view(np.uint8))  # type: ignore[arg-type]

    begin, reads = 0, []
    for span in spans:
        end = begin + span.bytes
        reads.append((span.path, span.offset, raw[begin:end]))
        begin = end
    source.read_into(reads)
    return records


def read_exchanges(source: Store | ReadAhead, spans: list[ExchangeSpan]) -> Exchanges:
    """Read exchanges with their origins, laid end to end; parameters as of `read_records`."""
    records = read_records(source, EXCHANGES, [span.records for span in spans])
    origins = read_records(source, ORIGINS, [span.origins for span in spans])

    # from numbers within a chunk to numbers among all that were read
    begin = before = 0
    for span in spans:
        records["origin"][begin : begin + span.rows] += before - span.first_origin
        begin, before = begin + span.rows, before + span.origins.rows
    return Exchanges(records, origins)
