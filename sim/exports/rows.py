"""The calls that an export is made of: log and truth side by side, by time or by session.

Rows come in batches of a bounded size, whatever the size of the run. By time they are read as the
log has them. By session they go through a database on disk, which sorts them.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.documents.printable import said
from sim.errors import InvalidInputError, SimError
from sim.exports.selection import Selection
from sim.tables.reading import Run
from sim.tables.schema import TRUTH_EXCHANGES

if TYPE_CHECKING:
    import pyarrow as pa

# A batch has as many rows, but for the last; by session it goes on to the end of the session.
BATCH_ROWS = 20_000
# What the database holds in memory before it sorts on disk.
_SORTING = "256MB"

# Is told how many rows of the run have been read.
Reading = Callable[[int], None]


@dataclass(frozen=True)
class Calls:
    """The rows of a run that a format reads.

    Attributes
    ----------
    run
        A finished run.
    columns, truth
        Columns of `log/exchanges` and of `truth/exchanges` that are wanted.
    selection
        Which rows are meant.
    """

    run: Run
    columns: tuple[str, ...]
    truth: tuple[str, ...]
    selection: Selection

    def __post_init__(self) -> None:
        """Raise InvalidInputError if the run lacks columns or truth."""
        there = self.run.columns("log/exchanges")
        lacking = [name for name in self.columns if name not in there]
        if lacking:
            profile = self.run.scenario.tables.columns
            raise InvalidInputError(
                f"{self.run.store}: its log has the column profile {profile!r}, which is without "
                f"{', '.join(lacking)}; run the scenario again with --columns full"
            )

    @property
    def of_all(self) -> int:
        """Rows of the run, meant or not."""
        return int(self.run.summary["exchanges"])

    def by_time(self, reading: Reading = lambda _: None) -> Iterator[pa.Table]:
        """Yield the rows in the order of the log, in batches.

        Parameters
        ----------
        reading
            Is told after each part how many rows of the run have been read.

        Yields
        ------
        pyarrow.Table
            `columns` and `truth`, up to `BATCH_ROWS` rows; at least one row.
        """
        wanted = [*self.columns, *self.truth]
        for part in _meant(self, self._sessions(), reading):
            rows = part.select(wanted)
            for start in range(0, rows.num_rows, BATCH_ROWS):
                yield rows.slice(start, BATCH_ROWS)

    def by_session(self, reading: Reading = lambda _: None) -> Iterator[pa.Table]:
        """Yield the rows session by session, in the order of the first rows, in batches.

        Parameters
        ----------
        reading
            As of `by_time`.

        Yields
        ------
        pyarrow.Table
            `columns` and `truth` of whole sessions, `BATCH_ROWS` rows or a few more.
        """
        wanted = [*self.columns, *self.truth]
        sessions = self._sessions()
        truth = tuple(dict.fromkeys((*self.truth, "session_uid")))
        meant = _meant(replace(self, truth=truth), sessions, reading)
        with contextlib.closing(_sorted(self.run, meant)) as batches:
            for rows in _whole_sessions(batches):
                yield rows.select(wanted)

    def _sessions(self) -> Any:
        """Return the sessions that are meant, those of the first rows; None for all."""
        import pyarrow as pa

        if self.selection.sessions is None:
            return None
        found: dict[int, None] = {}
        for part in _meant(replace(self, columns=(), truth=()), None, lambda _: None):
            for session in part.column("session_uid").unique().to_pylist():
                if len(found) < self.selection.sessions:
                    found[session] = None
            if len(found) == self.selection.sessions:
                break
        return pa.array(found, pa.int64())


def _meant(calls: Calls, sessions: Any, reading: Reading) -> Iterator[pa.Table]:
    """Yield the rows that are meant, part by part, with all columns that were read.

    Parameters
    ----------
    calls
        What is wanted; what the selection needs is read too.
    sessions : pyarrow.Array or None
        Sessions that are meant; None for all.
    reading
        Is told after each part how many rows of the run have been read.
    """
    import pyarrow.compute as pc

    columns = _each_once("exchange_id", "ts_start", *calls.columns)
    truth = _each_once(*calls.truth, *calls.selection.truth)
    read = 0
    for part in _parts(calls.run, columns, truth):
        read += part.num_rows
        rows = calls.selection.of(part)
        if sessions is not None:
            rows = rows.filter(pc.is_in(rows.column("session_uid"), sessions))
        reading(read)
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


def _sorted(run: Run, parts: Iterator[pa.Table]) -> Iterator[pa.RecordBatch]:
    """Yield rows session by session, those of a session in their order; typed as they came.

    The database lies in a temporary folder, which is gone afterwards.

    Parameters
    ----------
    run
        For messages.
    parts
        The rows in the order of the log, with `session_uid`.
    """
    import duckdb
    import pyarrow as pa

    with tempfile.TemporaryDirectory(prefix="sim-export-") as folder:
        try:
            with duckdb.connect(str(Path(folder) / "calls.duckdb")) as database:
                database.execute(
                    f"SET TimeZone = 'UTC'; SET enable_progress_bar = false; SET threads = 1; "
                    f"SET memory_limit = '{_SORTING}'; SET python_enable_replacements = false"
                )
                schema = _fill(database, parts)
                if schema is None:
                    return
                reader = database.sql(_BY_SESSION).to_arrow_reader(BATCH_ROWS)
                for batch in reader:
                    yield pa.Table.from_batches([batch]).cast(schema)
        except duckdb.Error as error:
            raise SimError(
                f"{run.store}: its sessions cannot be sorted in {folder}: {said(error)}; free some "
                "space there, or set TMPDIR to another folder"
            ) from error


_BY_SESSION = """
SELECT calls.* EXCLUDE (place)
FROM calls JOIN (SELECT session_uid, min(place) AS first FROM calls GROUP BY ALL)
USING (session_uid) ORDER BY first, place
"""


def _fill(database: Any, parts: Iterator[pa.Table]) -> pa.Schema | None:
    """Put rows into the table `calls`, each with its place; return their schema, None for none."""
    import pyarrow as pa

    schema, place = None, 0
    for part in parts:
        numbers = pa.array(range(place, place + part.num_rows), pa.int64())
        database.register("part", part.append_column("place", numbers))
        into = "CREATE TABLE calls AS" if schema is None else "INSERT INTO calls"
        database.execute(f"{into} SELECT * FROM part")
        database.unregister("part")
        schema, place = part.schema, place + part.num_rows
    return schema


def _whole_sessions(batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield rows that come session by session in batches that end with a session."""
    import numpy as np
    import pyarrow as pa

    waiting: list[pa.Table] = []
    for batch in batches:
        waiting.append(batch)
        if sum(part.num_rows for part in waiting) < BATCH_ROWS:
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
