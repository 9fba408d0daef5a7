"""A run as a stream: its rows in order, each at its time, to somebody who reads them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.errors import InvalidInputError
from sim.replay.order import MOMENT, Order, by_end, cut

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.replay.pace import Pace
    from sim.tables.reading import Run

# Rows that become lines together. More would keep a reader waiting who reads as fast as he can.
BATCH_ROWS = 1_024
_LOG = "log/exchanges"


@dataclass(frozen=True)
class Stream:
    """Rows of the log of a run, in order. Its truth is not read.

    Attributes
    ----------
    run
        The finished run.
    order
        `start`: by the time at which requests arrive, as in the log. `end`: by that at which their
        answers are complete, as a provider learns of them. Rows of one microsecond stand by
        `exchange_id`.
    offset
        How many rows at the beginning are left out, because the reader has them. A row has the same
        place in every stream of the same run, order and selection.
    limit
        How many rows come at most; all if None.
    """

    run: Run
    order: Order = "start"
    offset: int = 0
    limit: int | None = None

    def __post_init__(self) -> None:
        """Raise InvalidInputError if there are fewer rows than are left out."""
        rows = sum(r.rows for r in self.run.records if r.path in self.run.files(_LOG))
        if self.offset > rows:
            raise InvalidInputError(
                f"--offset: the stream of {self.run.store} has {rows:,} rows; found {self.offset:,}"
            )

    def tables(self) -> Iterator[pa.Table]:
        """Yield the rows in tables of at most `BATCH_ROWS`, typed as the log is in memory.

        One part of the log is in memory at a time, and what is under way at its end.
        """
        columns = self.run.columns(_LOG)
        parts = self.run.tables(_LOG, columns, list(columns))
        if self.order == "end":
            parts = by_end(parts)
        return cut(parts, self.offset, self.limit, BATCH_ROWS)

    def moments(self, table: pa.Table) -> Sequence[int]:
        """Return when each row of a table is due, in microseconds of the log."""
        import pyarrow as pa

        return table.column(MOMENT[self.order]).cast(pa.int64()).to_pylist()  # type: ignore[no-any-return]

    def paced(
        self, pace: Pace, lines: Callable[[pa.Table], Sequence[Any]]
    ) -> Iterator[Sequence[Any]]:
        """Yield rows when they are due, as many at once as are due by then.

        Parameters
        ----------
        pace
            Waits until a row is due.
        lines
            Turns a table into as many values as it has rows.
        """
        for table in self.tables():
            values, moments = lines(table), self.moments(table)
            begin = 0
            while begin < len(values):
                now = pace.wait(moments[begin])
                end = len(values) if now is None else bisect_right(moments, now, begin)
                yield values[begin:end]
                begin = end
