"""A run as a stream: its rows in order, each at its time, to somebody who reads them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sim.errors import InvalidInputError
from sim.exports.rows import LogRows
from sim.replay.order import MOMENT, Order, by_end, cut

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.exports.selection import Selection
    from sim.replay.pace import Pace
    from sim.tables.reading import Run

Value = TypeVar("Value")

# Rows that become lines together; the reader waits for the first until the last is made.
BATCH_ROWS = 1_024


@dataclass(frozen=True)
class Stream:
    """Rows of the log of a run in order, each in the place that it has in every such stream.

    Attributes
    ----------
    run
        A finished run.
    selection
        Which rows are meant; truth is read for actors alone.
    columns
        Columns of `log/exchanges` that are wanted; all if empty.
    order
        `start`: by the time at which requests arrive, as in the log. `end`: by that at which their
        answers are complete, as a provider learns of them. Rows of one microsecond stand by
        `exchange_id`.
    offset
        How many rows at the beginning are left out.
    limit
        How many rows come at most, 1 or more; all if None.
    """

    run: Run
    selection: Selection
    columns: tuple[str, ...] = ()
    order: Order = "start"
    offset: int = 0
    limit: int | None = None

    def __post_init__(self) -> None:
        """Raise InvalidInputError if the run lacks columns, or rows for the offset."""
        if self.offset < 0:
            raise InvalidInputError(f"offset: should be 0 or more, found {self.offset}")
        if self.limit is not None and self.limit < 1:
            raise InvalidInputError(f"limit: should be 1 or more, found {self.limit}")
        self._log_rows()
        self._expect_offset(self.run.summary["exchanges"])

    def tables(self) -> Iterator[pa.Table]:
        """Yield the rows in tables of at most `BATCH_ROWS`, typed as the log is in memory.

        One part of the log is in memory at a time, and what is under way at its end.

        Raises
        ------
        InvalidInputError
            If a part is damaged, if no row is meant, or if fewer are than are left out.
        """
        rows = 0

        def counted(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
            """Count the rows that pass."""
            nonlocal rows
            for table in tables:
                rows += table.num_rows
                yield table

        meant = counted(self._log_rows().by_time())
        ordered = by_end(meant) if self.order == "end" else meant
        yield from cut(ordered, self.offset, self.limit, BATCH_ROWS)
        self._expect_offset(rows)

    def paced(
        self, pace: Pace, values_of: Callable[[pa.Table], Sequence[Value]]
    ) -> Iterator[Sequence[Value]]:
        """Yield rows when they are due, as many at once as are due by then.

        Parameters
        ----------
        pace
            Waits until a row is due.
        values_of
            Turns a table with `columns` into as many values as it has rows.

        Raises
        ------
        InvalidInputError
            As of `tables`.
        """
        import pyarrow as pa

        for table in self.tables():
            values = values_of(table.select(self._columns()))
            moments = table.column(MOMENT[self.order]).cast(pa.int64()).to_pylist()
            begin = 0
            while begin < len(values):
                now_us = pace.wait(moments[begin])
                end = len(values) if now_us is None else bisect_right(moments, now_us, begin)
                yield values[begin:end]
                begin = end

    def _columns(self) -> list[str]:
        """Return the columns that are wanted."""
        return list(self.columns or self.run.columns("log/exchanges"))

    def _log_rows(self) -> LogRows:
        """Return the rows that are meant, with the columns that order them."""
        needed = ("exchange_id", "ts_start", "ts_end", *self._columns())
        return LogRows(self.run, tuple(dict.fromkeys(needed)), (), self.selection)

    def _expect_offset(self, rows: int) -> None:
        """Raise InvalidInputError unless the stream can begin behind so many rows."""
        if not rows:
            raise InvalidInputError(f"{self.run.store}: {self.selection.finds_nothing}")
        if self.offset > rows:
            raise InvalidInputError(
                f"{self.run.store}: offset: should be 0 to {rows:,}, the rows of the stream; found "
                f"{self.offset:,}"
            )
