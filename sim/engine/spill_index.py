"""Find and read what all shards set aside, window by window."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from sim.arrays.types import Bools, Ints
from sim.engine.spill import CELLS_PER_GROUP, EXCHANGES, ORIGINS, RECORDS, TASKS, Chunk, SpillFile
from sim.scaffold.exchange_records import Exchanges, Records
from sim.tables.store import Store


class Spans(NamedTuple):
    """Consecutive records of one table, a span in each of some chunks.

    Attributes
    ----------
    table : str
        Says what a record is.
    paths : list of str
        All spill files.
    file : array of int, shape (spans,)
        Which file each span lies in, an index of `paths`.
    offset : array of int, shape (spans,)
        The byte of the file at which it begins.
    rows : array of int, shape (spans,)
        How many records it has.
    """

    table: str
    paths: list[str]
    file: Ints
    offset: Ints
    rows: Ints

    def pick(self, index: Bools) -> Spans:
        """Return the flagged spans."""
        picked = (values[index] for values in (self.file, self.offset, self.rows))
        return Spans(self.table, self.paths, *picked)

    def places(self) -> list[tuple[str, int, int]]:
        """Return of each span its file, its first byte, and how many bytes it has."""
        paths, size = self.paths, RECORDS[self.table].itemsize
        columns = (self.file.tolist(), self.offset.tolist(), (self.rows * size).tolist())
        return [(paths[file], offset, size) for file, offset, size in zip(*columns, strict=True)]


class ExchangeSpans(NamedTuple):
    """Consecutive exchanges of some chunks, and spans of origins in which all theirs are.

    `first_origin` is the number, within its chunk, of the first origin of each span.
    """

    records: Spans
    origins: Spans
    first_origin: Ints


class Index:
    """Where the rows of every cell lie, over the files of all shards."""

    def __init__(self, files: list[SpillFile], cells: int) -> None:
        """Take the files of all shards, and the number of cells of their grid."""
        paths = [file.path for file in files]
        of_table: dict[str, list[tuple[int, Chunk]]] = {table: [] for table in RECORDS}
        for number, file in enumerate(files):
            for chunk in file.chunks:
                of_table[chunk.table].append((number, chunk))
        groups = -(-cells // CELLS_PER_GROUP)
        self._of_table = {
            table: _ChunksOfTable(table, paths, chunks, groups if table == ORIGINS else cells)
            for table, chunks in of_table.items()
        }

    def counts(self, table: str) -> Ints:
        """Return the number of rows in each cell, shape (cells,)."""
        return self._of_table[table].counts()

    def tasks(self, first: int, last: int) -> Spans:
        """Return where the tasks that begin in the cells [first, last) lie.

        In the order of files and chunks, not of time; chunks without such tasks are left out.
        """
        spans = self._of_table[TASKS].spans(first, last)
        return spans.pick(spans.rows > 0)

    def exchanges(self, first: int, last: int) -> ExchangeSpans:
        """Return where the exchanges of the cells [first, last) lie, and their origins.

        In the order of files and chunks, not of time; chunks without such rows are left out.
        """
        records = self._of_table[EXCHANGES].spans(first, last)
        # each chunk of exchanges has its origins in the chunk of that number
        groups = first // CELLS_PER_GROUP, -(-last // CELLS_PER_GROUP)
        origins = self._of_table[ORIGINS].spans(*groups)
        first_origin = self._of_table[ORIGINS].rows_before(groups[0])
        found = records.rows > 0
        return ExchangeSpans(records.pick(found), origins.pick(found), first_origin[found])


class _ChunksOfTable:
    """The chunks of one table, in the order of files; origins have groups in place of cells."""

    def __init__(
        self, table: str, paths: list[str], chunks: list[tuple[int, Chunk]], cells: int
    ) -> None:
        self._table, self._paths = table, paths
        self._file = np.array([file for file, _ in chunks], np.int64)
        self._offset = np.array([chunk.offset for _, chunk in chunks], np.int64)

        # row k + 1: how many records lie in the cells up to k, of each chunk
        self._before = np.zeros((cells + 1, len(chunks)), np.int32)
        for number, (_, chunk) in enumerate(chunks):
            first = chunk.first + 1
            self._before[first : first + len(chunk.counts), number] = chunk.counts
        np.cumsum(self._before, axis=0, out=self._before)

    def counts(self) -> Ints:
        """Return how many records lie in each cell, shape (cells,)."""
        total: Ints = self._before.sum(axis=1, dtype=np.int64)
        return np.diff(total)

    def rows_before(self, cell: int) -> Ints:
        """Return how many records of each chunk lie before a cell, shape (chunks,)."""
        before: Ints = self._before[cell].astype(np.int64)
        return before

    def spans(self, first: int, last: int) -> Spans:
        """Return where the records of the cells [first, last) lie, of each chunk a span."""
        before = self.rows_before(first)
        offset = self._offset + before * RECORDS[self._table].itemsize
        return Spans(self._table, self._paths, self._file, offset, self.rows_before(last) - before)


class ReadAhead:
    """Spans of spill files that were read together, neighbours as one.

    A request to a remote place costs much more than its few kilobytes. The rows of consecutive
    windows are neighbours in a chunk, so windows that are read together take a request a chunk.
    """

    def __init__(self, store: Store, spans: Sequence[Spans]) -> None:
        """Read spans of a store."""
        places = sorted(place for each in spans for place in each.places())
        self._pieces: dict[str, list[tuple[int, bytearray]]] = {}
        for path, offset, size in places:
            pieces = self._pieces.setdefault(path, [])
            end = pieces[-1][0] + len(pieces[-1][1]) if pieces else -1
            # windows that follow each other share origins
            if offset <= end:
                pieces[-1][1].extend(bytes(max(0, offset + size - end)))
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


def read_records(source: Store | ReadAhead, spans: Spans) -> Records:
    """Read the records of spans, laid end to end.

    Parameters
    ----------
    source
        Where the spill files lie, or what was read of them.
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
    return _read(source, [spans])[0]


def read_exchanges(source: Store | ReadAhead, spans: ExchangeSpans) -> Exchanges:
    """Read exchanges with their origins, laid end to end; otherwise as `read_records`."""
    records, origins = _read(source, [spans.records, spans.origins])

    # from numbers within a chunk to numbers among all that were read
    before = np.cumsum(spans.origins.rows) - spans.origins.rows
    shift = np.repeat(before - spans.first_origin, spans.records.rows)
    records["origin"] += shift.astype(np.int32)
    return Exchanges(records, origins)


def _read(source: Store | ReadAhead, tables: list[Spans]) -> list[Records]:
    """Read the records of spans of several tables at once."""
    found, reads = [], list[tuple[str, int, memoryview]]()
    for spans in tables:
        records = np.empty(spans.rows.sum(), RECORDS[spans.table])
        raw, begin = memoryview(records.view(np.uint8)), 0  # type: ignore[arg-type]
        for path, offset, size in spans.places():
            reads.append((path, offset, raw[begin : begin + size]))
            begin += size
        found.append(records)
    source.read_into(reads)
    return found
