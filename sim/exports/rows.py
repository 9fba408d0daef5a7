"""The rows that an export is made of: log and truth side by side, by time or by session.

Rows come in batches, so that memory does not grow with the run. By time they are read as the log
has them. By session they go through a database on disk, which sorts them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sim.errors import InvalidInputError
from sim.exports.scratch import put, scratch
from sim.exports.selection import Selection
from sim.tables.reading import Run
from sim.tables.schema import TRUTH_EXCHANGES

if TYPE_CHECKING:
    import pyarrow as pa

# What a batch has where a format does not say otherwise.
BATCH_ROWS = 20_000
# Is told the share of the work that is done, 0 to 1.
Share = Callable[[float], None]
# Reading counts for so much of going through the rows by session.
_READING = 0.4


@dataclass(frozen=True)
class LogRows:
    """The rows of a run that a format reads.

    Attributes
    ----------
    run
        A finished run.
    columns, truth
        Columns of `log/exchanges` and of `truth/exchanges` that are wanted.
    selection
        Which rows are meant.
    batch_rows
        How many rows a batch has, but for the last; by session, about as many.
    """

    run: Run
    columns: tuple[str, ...]
    truth: tuple[str, ...]
    selection: Selection
    batch_rows: int = BATCH_ROWS

    def __post_init__(self) -> None:
        """Raise InvalidInputError if the run lacks columns or truth."""
        log, truth = (self.run.columns(f"{side}/exchanges") for side in ("log", "truth"))
        lacking = [name for name in self.columns if name not in log]
        lacking += [name for name in self.truth if name not in truth]
        if lacking:
            profile = self.run.scenario.tables.columns
            raise InvalidInputError(
                f"{self.run.store}: its log has the column profile {profile!r}, which is without "
                f"{', '.join(lacking)}; run the scenario again with --columns full"
            )

    def by_time(self, share: Share = lambda _: None) -> Iterator[pa.Table]:
        """Yield the rows in the order of the log, in batches.

        Parameters
        ----------
        share
            Is told before each batch how far it is, by the clock.

        Yields
        ------
        pyarrow.Table
            `columns` and `truth`, 1 to `batch_rows` rows.
        """
        wanted = [*self.columns, *self.truth]
        for part in _meant(self, self._sessions()):
            for start in range(0, part.num_rows, self.batch_rows):
                batch = part.slice(start, self.batch_rows)
                share(self._reached(batch))
                yield batch.select(wanted)

    def by_session(self, share: Share = lambda _: None) -> Iterator[pa.Table]:
        """Yield the rows session by session, in the order of the first rows, in batches.

        Parameters
        ----------
        share
            Is told how far it is; while rows are sorted on disk it does not grow.

        Yields
        ------
        pyarrow.Table
            `columns` and `truth` of whole sessions, about `batch_rows` rows or one session.
        """
        wanted = [*self.columns, *self.truth]
        truth = tuple(dict.fromkeys((*self.truth, "session_uid")))
        everything, given = 0, 0

        def read() -> Iterator[pa.Table]:
            for part in _meant(replace(self, truth=truth), self._sessions()):
                share(_READING * self._reached(part))
                yield part

        def count(rows: int) -> None:
            nonlocal everything
            everything = rows

        with contextlib.closing(_by_session(self, read(), count)) as batches:
            for batch in _whole_sessions(batches, self.batch_rows):
                given += batch.num_rows
                share(_READING + (1 - _READING) * given / everything)
                yield batch.select(wanted)

    def _reached(self, rows: pa.Table) -> float:
        """Return the share of the stretch of time that ends with the last of these rows."""
        meant = self.selection
        last_us = rows.column("ts_start")[-1].value
        return float((last_us - meant.since_us) / (meant.until_us - meant.since_us))

    def _sessions(self) -> Any:
        """Return the sessions that are meant, those of the first rows; None for all."""
        import pyarrow as pa

        if self.selection.sessions is None:
            return None
        found: dict[int, None] = {}
        for part in _meant(replace(self, columns=(), truth=()), None):
            for session in part.column("session_uid").unique().to_pylist():
                if len(found) < self.selection.sessions:
                    found[session] = None
            if len(found) == self.selection.sessions:
                break
        return pa.array(found, pa.int64())


def _meant(wanted: LogRows, sessions: Any) -> Iterator[pa.Table]:
    """Yield the rows that are meant, part by part, with all columns that were read.

    Parameters
    ----------
    wanted
        Which rows and columns; what the selection needs is read too.
    sessions : pyarrow.Array or None
        Sessions that are meant; None for all.
    """
    import pyarrow.compute as pc

    columns = _each_once("exchange_id", "ts_start", *wanted.columns)
    truth = _each_once(*wanted.truth, *wanted.selection.truth)
    for part in _parts(wanted.run, columns, truth):
        rows = wanted.selection.of(part)
        if sessions is not None:
            rows = rows.filter(pc.is_in(rows.column("session_uid"), sessions))
        if rows.num_rows:
            yield rows


def _each_once(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _parts(run: Run, columns: Sequence[str], truth: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the parts of the log, each with columns of its truth beside it."""
    log = run.tables("log/exchanges", run.columns("log/exchanges"), columns)
    if not truth:
        yield from log
        return
    if not run.has("truth/exchanges"):
        raise InvalidInputError(f"{run.store}: its truth was taken away, which has {truth[0]}")

    names = _each_once("exchange_id", *truth)
    for part, labels in zip(
        log, run.tables("truth/exchanges", TRUTH_EXCHANGES, names), strict=True
    ):
        if not part.column("exchange_id").equals(labels.column("exchange_id")):
            raise InvalidInputError(f"{run.store}: truth/exchanges belongs to another log")
        for name in names[1:]:
            part = part.append_column(labels.schema.field(name), labels.column(name))
        yield part


def _by_session(
    wanted: LogRows, parts: Iterator[pa.Table], reading: Callable[[int], None]
) -> Generator[pa.Table, None, None]:
    """Yield rows session by session, those of a session in their order; typed as they came.

    Parameters
    ----------
    wanted
        Says how many rows come at once, and which run it is, for messages.
    parts
        The rows in the order of the log, with `session_uid`.
    reading
        Is told how many rows there are, when all are read.
    """
    import pyarrow as pa

    schema, rows = None, 0
    with scratch(f"{wanted.run.store}: its sessions") as database:
        for part in parts:
            places = pa.array(range(rows, rows + part.num_rows), pa.int64())
            put(database, "log", part.append_column("place", places))
            schema, rows = part.schema, rows + part.num_rows
        if schema is None:
            return
        reading(rows)
        for batch in database.sql(_BY_SESSION).to_arrow_reader(wanted.batch_rows):
            yield pa.Table.from_batches([batch]).cast(schema)


_BY_SESSION = """
SELECT log.* EXCLUDE (place)
FROM log JOIN (SELECT session_uid, min(place) AS first FROM log GROUP BY ALL)
USING (session_uid) ORDER BY first, place
"""


def _whole_sessions(batches: Iterator[pa.Table], least: int) -> Iterator[pa.Table]:
    """Yield rows that come session by session in batches that end with a session.

    Parameters
    ----------
    batches
        The rows, cut anywhere.
    least
        Rows of a batch, but for the last.
    """
    import numpy as np
    import pyarrow as pa

    waiting: list[pa.Table] = []
    for batch in batches:
        waiting.append(batch)
        if sum(part.num_rows for part in waiting) < least:
            continue
        rows = pa.concat_tables(waiting)
        sessions = rows.column("session_uid").to_numpy()
        changes = np.flatnonzero(sessions[1:] != sessions[:-1]) + 1
        if not changes.size:  # a session longer than a batch goes on
            waiting = [rows]
            continue
        yield rows.slice(0, changes[-1])
        waiting = [rows.slice(changes[-1])]

    if waiting:
        yield pa.concat_tables(waiting)
