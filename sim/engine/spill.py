"""What a shard sets aside: rows as records, ordered by cells of time, in one file a shard."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import Columns, length
from sim.arrays.types import Ints
from sim.engine.time_grid import TimeGrid
from sim.scaffold.rows import EXCHANGE_RECORD
from sim.scaffold.task_rows import TASK_RECORD
from sim.tables.store import HashingFile, Store

Records = NDArray[Any]

EXCHANGES, TASKS = "exchanges", "tasks"
RECORDS = {EXCHANGES: EXCHANGE_RECORD, TASKS: TASK_RECORD}
TIME = {EXCHANGES: "ts", TASKS: "start"}
_CHUNK_ROWS = 262_144


@dataclass(frozen=True)
class Chunk:
    """Records of one table in a file, ordered by cell of time.

    Attributes
    ----------
    table
        `EXCHANGES` or `TASKS`.
    offset
        The byte of the file at which they begin.
    first
        The first cell that has any.
    counts
        How many there are in each cell from `first` on, so that they add up to all of them.
    """

    table: str
    offset: int
    first: int
    counts: list[int]


@dataclass(frozen=True)
class SpillFile:
    """A whole file of what a shard set aside: its size, its hash and the chunks in it."""

    path: str
    bytes: int
    sha256: str
    chunks: list[Chunk] = field(default_factory=list)


class SpillWriter:
    """Sets rows aside in a file, which is written from its beginning to its end.

    Rows wait in memory until they fill a chunk. A chunk is ordered by cells of time, so that the
    rows of a window are one span of it.
    """

    def __init__(self, file: HashingFile, grid: TimeGrid) -> None:
        """Write to an open file, at its present end, by the cells of a grid."""
        self._file, self._grid = file, grid
        self._waiting: dict[str, list[Records]] = {table: [] for table in RECORDS}
        self._rows = dict.fromkeys(RECORDS, 0)
        self.chunks: list[Chunk] = []

    def add(self, table: str, rows: Columns) -> None:
        """File rows of a table; in memory at first, until there are enough for a chunk."""
        if not length(rows):
            return
        self._waiting[table].append(_packed(rows, RECORDS[table]))
        self._rows[table] += length(rows)
        if self._rows[table] >= _CHUNK_ROWS:
            self._store(table)

    def close(self) -> None:
        """Write what waits."""
        for table in RECORDS:
            if self._rows[table]:
                self._store(table)

    def _store(self, table: str) -> None:
        """Write the waiting rows of a table as a chunk, after a radix sort by cell of time.

        The sort is stable; within a cell the order is that in which rows came.
        """
        # bytes are put together many times as fast as records
        raw = np.concatenate([part.view(np.uint8) for part in self._waiting[table]])
        records = raw.view(RECORDS[table])
        self._waiting[table], self._rows[table] = [], 0

        cell = self._grid.cell(records[TIME[table]])
        # sixteen bits are sorted by radix
        order = np.argsort(cell, kind="stable")
        first = int(cell[order[0]])
        counts = np.bincount(cell - np.uint16(first)).tolist()
        self.chunks.append(Chunk(table, self._file.bytes, first, counts))
        # `take` is some thirty times as fast as an index
        self._file.write(records.take(order).view(np.uint8))


def _packed(rows: Columns, kind: np.dtype[Any]) -> Records:
    """Return columns as records, each field converted to its type in the record."""
    records = np.empty(length(rows), kind)
    for name in records.dtype.names or ():
        records[name] = rows[name]
    return records


@dataclass(frozen=True)
class RecordSpan:
    """Consecutive records of one table in one file, from byte `offset` on."""

    path: str
    offset: int
    rows: int


class Index:
    """Where the rows of every cell lie, over the files of all shards."""

    def __init__(self, files: list[SpillFile], cells: int) -> None:
        """Take the files of all shards, and the number of cells of their grid."""
        self._cells = cells
        # of each chunk its file, and the rows before each of its cells
        self._chunks: dict[str, list[tuple[str, Chunk, Ints]]] = {table: [] for table in RECORDS}
        for file in files:
            for chunk in file.chunks:
                before = np.concatenate([[0], np.cumsum(chunk.counts, dtype=np.int64)])
                self._chunks[chunk.table].append((file.path, chunk, before))

    def counts(self, table: str) -> Ints:
        """Return the number of rows in each cell, shape (cells,)."""
        total = np.zeros(self._cells, np.int64)
        for _, chunk, before in self._chunks[table]:
            total[chunk.first : chunk.first + len(chunk.counts)] += np.diff(before)
        return total

    def spans(self, table: str, first: int, last: int) -> list[RecordSpan]:
        """Return where the rows of the cells [first, last) lie, at most one span a chunk.

        Parameters
        ----------
        table
            `EXCHANGES` or `TASKS`.
        first, last
            Cells of the grid, `last` excluded.

        Returns
        -------
        list of RecordSpan
            In the order of files and chunks, not of time; chunks without such rows are left out.
        """
        size = RECORDS[table].itemsize
        spans = []
        for path, chunk, before in self._chunks[table]:
            low = min(max(first - chunk.first, 0), len(before) - 1)
            high = min(max(last - chunk.first, 0), len(before) - 1)
            rows = int(before[high] - before[low])
            if rows:
                spans.append(RecordSpan(path, chunk.offset + int(before[low]) * size, rows))
        return spans


class ReadAhead:
    """Spans of spill files that were read together, neighbours as one.

    A request to a remote place costs much more than its few kilobytes. The rows of consecutive
    windows are neighbours in a chunk, so windows that are read together take a request a chunk.
    """

    def __init__(self, store: Store, spans: Iterable[tuple[str, RecordSpan]]) -> None:
        """Read spans of a store, each given with the table that its records are of."""
        sized = [(s.path, s.offset, s.rows * RECORDS[table].itemsize) for table, s in spans]
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
    """Read the records of spans, laid end to end.

    Parameters
    ----------
    source
        Where the spill files lie, or what was read of them.
    table
        `EXCHANGES` or `TASKS`; says what a record is.
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
        end = begin + span.rows * records.itemsize
        reads.append((span.path, span.offset, raw[begin:end]))
        begin = end
    source.read_into(reads)
    return records


def unpacked(records: Records) -> Columns:
    """Return records as columns, each in memory of its own."""
    return {name: np.ascontiguousarray(records[name]) for name in records.dtype.names or ()}
