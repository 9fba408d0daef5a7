"""Rows that wait for their window, in memory or, past a limit, in a temporary file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from sim.tables.columns import Columns, concat, length, take

_ROWS_IN_MEMORY = 1_500_000


class _Stored(NamedTuple):
    offset: int
    rows: int


class Mark(NamedTuple):
    """A state of a spill to which it can return."""

    stored: dict[int, int]
    size: int


class Spill:
    """Rows by window. Rows of one window come back in the order in which they were added."""

    def __init__(self, path: Path, width_us: int) -> None:
        self._path, self._width_us = path, width_us
        self._waiting: defaultdict[int, list[Columns]] = defaultdict(list)
        self._waiting_rows = 0
        self._stored: defaultdict[int, list[_Stored]] = defaultdict(list)
        self._types: dict[str, np.dtype[Any]] = {}
        self._file: BinaryIO | None = None

    def add(self, rows: Columns, time: str) -> None:
        """File rows under the window of their column `time`, microseconds from the opening."""
        if not length(rows):
            return
        number = np.maximum(rows[time], 0) // self._width_us
        first = int(number.min())
        # few windows, so that the sort is a radix sort of small numbers
        ahead = (number - first).astype(np.uint16)
        order = np.argsort(ahead, kind="stable")
        edges = np.cumsum(np.bincount(ahead)).tolist()
        for k, (low, high) in enumerate(zip([0, *edges], edges, strict=False)):
            if low < high:
                self._waiting[first + k].append(take(rows, order[low:high]))
        self._waiting_rows += length(rows)
        if self._waiting_rows > _ROWS_IN_MEMORY:
            self._store()

    def mark(self) -> Mark:
        """Remember what is there, so that what follows can be taken back."""
        self._store()
        return Mark({k: len(v) for k, v in self._stored.items()}, self._size())

    def return_to(self, mark: Mark) -> None:
        """Forget what was added since `mark`."""
        self._waiting.clear()
        self._waiting_rows = 0
        for number in list(self._stored):
            del self._stored[number][mark.stored.get(number, 0) :]
        if self._file is not None:
            self._file.truncate(mark.size)
            self._file.seek(mark.size)

    def pop(self, number: int) -> Columns:
        """All rows of a window."""
        stored = [self._read(part) for part in self._stored.pop(number, [])]
        return concat(stored + self._waiting.pop(number, []))

    def _size(self) -> int:
        return 0 if self._file is None else self._file.tell()

    def _store(self) -> None:
        if not self._waiting_rows:
            return
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w+b")
        for number, parts in self._waiting.items():
            rows = concat(parts)
            self._types = self._types or {name: v.dtype for name, v in rows.items()}
            self._stored[number].append(_Stored(self._file.tell(), length(rows)))
            for values in rows.values():
                self._file.write(np.ascontiguousarray(values).data)
        self._waiting.clear()
        self._waiting_rows = 0

    def _read(self, part: _Stored) -> Columns:
        assert self._file is not None
        at = self._file.tell()
        self._file.seek(part.offset)
        rows = {}
        for name, kind in self._types.items():
            raw = self._file.read(kind.itemsize * part.rows)
            rows[name] = np.frombuffer(raw, kind)
        self._file.seek(at)
        return rows

    def __enter__(self) -> Spill:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)
