"""Sums of a run by unit: task, session, account, day, hour. What a summary says comes from these.

The log is read once, part by part. Of each part the sums by unit are taken and put into tables of
DuckDB, which puts them on disk when they grow; a unit that occurs in several parts has a row for
each. What is asked for is then added up over the parts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from sim.arrays.time import DAY_US, HOUR_US, SECOND_US
from sim.arrays.types import Ints
from sim.documents.printable import said
from sim.errors import InvalidInputError, SimError
from sim.streams import MISSING
from sim.summaries.local_time import ahead_s, local_hours
from sim.tables.connections import connect
from sim.tables.conventions import OF_ROWS
from sim.tables.exchange_parts import coded_words, convention_flags, exchange_parts
from sim.tables.reading import Run
from sim.tables.schema import MODEL_CATALOG, TRUTH_TASKS

# What stands for actor and typology where there is no truth.
ALL = "all"
NANO = 1_000_000_000
# Some so many answered exchanges are looked at for the growth of context; of a larger log, those
# of every second, third ... task.
_CONTEXT_ROWS = 500_000
_MEMORY = "400MB"
_SESSION = "conversation_id"
_TASK_COLUMNS = (
    "task_uid",
    "actor_id",
    "typology_id",
    "started_at",
    "exchanges",
    "exchanges_in_log",
    "run",
    "state",
)

# Columns by convention; C5 is 0 without truth.
COLUMN_OF = {name: name.lower().replace(" (log)", "_log") for name in OF_ROWS}
_CONVENTIONS = ", ".join(f"{column} BIGINT" for column in COLUMN_OF.values())
_SUMS = ", ".join(f"sum({column})" for column in COLUMN_OF.values())
# `pair` numbers actor and typology, `ahead` is the offset of a local hour from UTC in seconds, `n`
# counts answered exchanges (C2), `nano` is in 1e-9 USD.
_TABLES = (
    f"accounts (pair INT, id BIGINT, {_CONVENTIONS}, tokens BIGINT, nano BIGINT)",
    "of_tasks (pair INT, id BIGINT, n BIGINT, tokens BIGINT, nano BIGINT)",
    "of_sessions (pair INT, id BIGINT, n BIGINT, tokens BIGINT, nano BIGINT)",
    "account_days (pair INT, id BIGINT, day BIGINT, n BIGINT)",
    "hours (pair INT, hour BIGINT, model INT, n BIGINT)",
    f"local_hours (pair INT, hour BIGINT, ahead BIGINT, {_CONVENTIONS})",
    "first_days (release INT, pair INT, in_last_hour BOOL, moved BIGINT, n BIGINT)",
    "contexts (pair INT, id BIGINT, moment BIGINT, input BIGINT)",
    "tasks (pair INT, id BIGINT, hour BIGINT, ahead BIGINT, run INT, begun_before BOOL, "
    "cut_off BOOL)",
    "pairs (pair INT, actor VARCHAR, typology VARCHAR)",
)
_PART_SUMS = (
    f"INSERT INTO accounts SELECT pair, account, {_SUMS}, sum(tokens), sum(nano) FROM part "
    "GROUP BY pair, account",
    "INSERT INTO account_days SELECT pair, account, local_hour // 24, sum(c2) FROM part "
    "GROUP BY ALL",
    "INSERT INTO hours SELECT pair, hour, model, sum(c2) FROM part GROUP BY ALL",
    f"INSERT INTO local_hours SELECT pair, local_hour, ahead, {_SUMS} FROM part "
    "GROUP BY pair, local_hour, ahead",
)
_PART_SESSIONS = (
    "INSERT INTO of_sessions SELECT pair, session, sum(c2), sum(tokens), sum(nano) FROM part "
    f"WHERE session <> {MISSING} GROUP BY pair, session"
)
_PART_TASKS = (
    "INSERT INTO of_tasks SELECT pair, task, sum(c2), sum(tokens), sum(nano) FROM part "
    "GROUP BY pair, task",
    "INSERT INTO contexts SELECT pair, task, moment, input FROM part "
    "WHERE c2 > 0 AND task % $1 = 0",
)
_PART_FIRST_DAY = (
    "INSERT INTO first_days SELECT $1, pair, moment >= $2 + $3, count(*) FILTER (model = $4), "
    "count(*) FROM part WHERE c2 > 0 AND moment >= $2 AND moment < $2 + $5 GROUP BY ALL"
)


class Release(NamedTuple):
    """A model that became the newest within the log, and when: microseconds since 1970."""

    at_us: int
    model: str


class RunSums:
    """Sums of a run in tables of DuckDB.

    Attributes
    ----------
    run
        The run that was read.
    zone
        The time zone of days and local hours.
    opened_us
        When the log opens, in microseconds since 1970.
    hours
        Length of the log in hours, rounded up.
    has_truth, has_sessions
        Whether tasks and actors are known, and whether the log has a column for sessions.
    releases
        Those within the log, in order of time.
    models
        The models that the column `model` numbers.
    context_stride
        The growth of context is looked at in one task of so many: 1, or more in a large log.
    """

    def __init__(self, run: Run, zone: ZoneInfo, database: Any) -> None:
        """Make the tables in a database that is empty."""
        self.run, self.zone, self._database = run, zone, database
        clock = run.scenario.clock
        self.opened_us = round(clock.start.timestamp() * SECOND_US)
        self.hours = -(-clock.duration_us // HOUR_US)
        self._last_us = self.opened_us + max(clock.duration_us - 1, 0)
        self.has_truth = run.has("truth/exchanges")
        self.has_sessions = _SESSION in run.columns("log/exchanges")
        self.releases = _releases(run, self.opened_us, self.opened_us + clock.duration_us)
        self.models: list[str] = [release.model for release in self.releases]
        self._pairs: dict[tuple[str, str], int] = {}
        self.context_stride = max(1, run.summary["exchanges"] // _CONTEXT_ROWS)
        for table in _TABLES:
            database.execute(f"CREATE TABLE {table}")

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows that a query gives; `values` stand for $1, $2 ... in it."""
        return list(self._database.execute(query, list(values)).fetchall())

    def read(self) -> None:
        """Read the run and take the sums."""
        more = ["model_served", "input_tokens_total", "cost_usd"]
        more += [_SESSION] if self.has_sessions else []
        for log, truth in exchange_parts(self.run, *more, labels=("task_uid",)):
            self._add(log, truth)
        if self.has_truth:
            for tasks in self.run.tables("truth/tasks", TRUTH_TASKS, _TASK_COLUMNS):
                self._add_tasks(tasks)
        for (actor, typology), number in self._pairs.items():
            self.rows("INSERT INTO pairs VALUES ($1, $2, $3)", number, actor, typology)

    def _add(self, log: Any, truth: Any) -> None:
        """Add the sums of a part of the log and its truth."""
        import pyarrow as pa

        at_us = log.column("ts_start").to_numpy().astype("i8")
        flags = {
            COLUMN_OF[name]: flag.astype("i8")
            for name, flag in convention_flags(log, truth).items()
        }
        flags.setdefault(COLUMN_OF["C5"], np.zeros(log.num_rows, np.int64))
        input_tokens = log.column("input_tokens_total").to_numpy()
        cost_usd = log.column("cost_usd").to_numpy().astype("f8")
        columns = {
            **flags,
            "pair": self._pair_numbers(truth, log.num_rows),
            "account": log.column("account_id").to_numpy(),
            "moment": at_us,
            "hour": self._hours(at_us),
            "local_hour": local_hours(at_us, self.zone),
            "ahead": ahead_s(at_us, self.zone),
            "model": self._model_numbers(log.column("model_served")),
            "input": input_tokens,
            "tokens": input_tokens.astype("i8") + log.column("output_tokens").to_numpy(),
            "nano": np.rint(cost_usd * NANO).astype("i8"),
        }
        if self.has_sessions:
            columns["session"] = log.column(_SESSION).to_numpy()
        if truth is not None:
            columns["task"] = truth.column("task_uid").to_numpy()

        with self._registered(pa.table(columns)):
            for sums in _PART_SUMS:
                self.rows(sums)
            if self.has_sessions:
                self.rows(_PART_SESSIONS)
            if truth is not None:
                self.rows(_PART_TASKS[0])
                self.rows(_PART_TASKS[1], self.context_stride)
            for number, (at, model) in enumerate(self.releases):
                code = self.models.index(model)
                self.rows(_PART_FIRST_DAY, number, at, DAY_US - HOUR_US, code, DAY_US)

    def _add_tasks(self, tasks: Any) -> None:
        """Add the tasks of a part; those begun outside of the log count in its nearest hour."""
        import pyarrow as pa

        begun_us = tasks.column("started_at").to_numpy().astype("i8")
        counted_us = np.clip(begun_us, self.opened_us, self._last_us)
        made, logged = (tasks.column(n).to_numpy() for n in ("exchanges", "exchanges_in_log"))
        codes, words = coded_words(tasks.column("state"))
        columns = {
            "pair": self._pair_numbers(tasks, tasks.num_rows),
            "id": tasks.column("task_uid").to_numpy(),
            "hour": local_hours(counted_us, self.zone),
            "ahead": ahead_s(counted_us, self.zone),
            "run": tasks.column("run").to_numpy(),
            "begun_before": logged < made,
            "cut_off": np.isin(codes, [k for k, word in enumerate(words) if word == "cut_off"]),
        }
        with self._registered(pa.table(columns)):
            self.rows("INSERT INTO tasks SELECT * FROM part")

    @contextmanager
    def _registered(self, part: Any) -> Iterator[None]:
        """Let queries see an Arrow table as `part`."""
        self._database.register("part", part)
        try:
            yield
        finally:
            self._database.unregister("part")

    def _pair_numbers(self, truth: Any, rows: int) -> Ints:
        """Return the number of actor and typology of each row, shape (rows,); 0 without truth."""
        if truth is None:
            self._pairs.setdefault((ALL, ALL), 0)
            return np.zeros(rows, np.int64)
        actors, actor_words = coded_words(truth.column("actor_id"))
        typologies, typology_words = coded_words(truth.column("typology_id"))

        # both in one code, of which few are possible and fewer occur
        codes = actors.astype("i8") * max(len(typology_words), 1) + typologies
        numbers = np.zeros(len(actor_words) * len(typology_words), np.int64)
        for code in np.flatnonzero(np.bincount(codes, minlength=len(numbers))).tolist():
            actor, typology = divmod(code, len(typology_words))
            pair = (actor_words[actor], typology_words[typology])
            numbers[code] = self._pairs.setdefault(pair, len(self._pairs))
        return numbers[codes]

    def _model_numbers(self, column: Any) -> Ints:
        """Return the number of the model in each row, shape (rows,)."""
        codes, words = coded_words(column)
        self.models += [word for word in words if word not in self.models]
        return np.array([self.models.index(word) for word in words], np.int64)[codes]

    def _hours(self, at_us: Ints) -> Ints:
        """Return the hour of the log in which each moment lies; one outside of it is refused."""
        hours: Ints = (at_us - self.opened_us) // HOUR_US
        if len(hours) and not 0 <= hours.min() <= hours.max() < self.hours:
            raise InvalidInputError(
                f"{self.run.store}: log/exchanges has rows outside of the clock of its scenario; "
                "`sim check-run` names the first"
            )
        return hours


@contextmanager
def sums_of(run: Run, zone: ZoneInfo) -> Iterator[RunSums]:
    """Read a run and give its sums, for as long as the context lasts.

    Parameters
    ----------
    run
        A finished run.
    zone
        The time zone of days and local hours.

    Raises
    ------
    InvalidInputError
        If a file of the run is missing or damaged.
    SimError
        If the sums do not fit in the folder for temporary files.
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="sim-sums-") as folder:
        settings: dict[str, Any] = {"temp_directory": folder, "memory_limit": _MEMORY}
        database = connect(settings=settings)
        try:
            sums = RunSums(run, zone, database)
            sums.read()
            yield sums
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            raise SimError(
                f"{run.store}: its sums do not fit in {tempfile.gettempdir()}: {said(error)}; "
                "name a larger folder in TMPDIR"
            ) from error
        finally:
            database.close()


def _releases(run: Run, start_us: int, end_us: int) -> list[Release]:
    """Return the releases from the opening of the log to its end, in order of time."""
    table = run.table("log/model_catalog", MODEL_CATALOG)
    models = table.column("model").to_pylist()
    released = table.column("latest_from").cast("int64").to_pylist()
    return sorted(
        Release(at, model)
        for at, model in zip(released, models, strict=True)
        if at is not None and start_us <= at < end_us
    )
