"""Render and write tables in the background, in order, while the next rows are simulated."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

from sim.tables.columns import Columns
from sim.tables.parts import PartWriter

_AHEAD = 3


class WriteBehind:
    """One thread that appends tables to their writers; at most `_AHEAD` of them wait in memory.

    What goes wrong in the thread is raised by the next call, and nothing is written after it.
    Leaving the context waits for the table being written, and drops those that wait if it is left
    with an exception.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="write")
        self._waiting: deque[Future[None]] = deque()
        self._failed = False

    def append(self, writer: PartWriter, make: Callable[[Columns], Any], rows: Columns) -> None:
        """Have `make(rows)` appended to `writer`."""
        while len(self._waiting) >= _AHEAD:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(self._write, writer, make, rows))

    def _write(self, writer: PartWriter, make: Callable[[Columns], Any], rows: Columns) -> None:
        if self._failed:
            return
        try:
            writer.append(make(rows))
        except BaseException:
            self._failed = True
            raise

    def finish(self) -> None:
        while self._waiting:
            self._waiting.popleft().result()

    def __enter__(self) -> WriteBehind:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=kind is not None)
