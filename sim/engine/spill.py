"""What a shard sets aside: rows as records, ordered by cells of time, in one file a shard.

`sim.engine.spill_index` finds and reads them again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
from sim.tables.hashing_file import HashingFile

EXCHANGES, ORIGINS, TASKS = "exchanges", "origins", "tasks"
RECORDS = {EXCHANGES: EXCHANGE_RECORD, ORIGINS: ORIGIN_RECORD, TASKS: TASK_RECORD}
_CHUNK_ROWS = 524_288
# So many cells of time share the origins of their exchanges: those of about a window.
CELLS_PER_GROUP = 16


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
        self._waiting = {EXCHANGES: 0, TASKS: 0}
        self.chunks: list[Chunk] = []

    def add_exchanges(self, rows: Exchanges) -> None:
        """File exchanges; in memory at first, until there are enough for a chunk."""
        if len(rows):
            self._exchanges.append(rows)
            self._waiting[EXCHANGES] += len(rows)
        if self._waiting[EXCHANGES] >= _CHUNK_ROWS:
            self._store_exchanges()

    def add_tasks(self, rows: Records) -> None:
        """File rows of the task table; in memory at first, until there are enough for a chunk."""
        if len(rows):
            self._tasks.append(rows)
            self._waiting[TASKS] += len(rows)
        if self._waiting[TASKS] >= _CHUNK_ROWS:
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
        parts, self._exchanges, self._waiting[EXCHANGES] = self._exchanges, [], 0
        grid = self._grid
        per_cell = np.zeros(grid.cells, np.int64)
        per_group = np.zeros(-(-grid.cells // CELLS_PER_GROUP), np.int64)
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
        parts, self._tasks, self._waiting[TASKS] = self._tasks, [], 0
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
        group, origin = cell // CELLS_PER_GROUP, records[i]["origin"]
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
        group, origin = cell // CELLS_PER_GROUP, records[i]["origin"]
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
