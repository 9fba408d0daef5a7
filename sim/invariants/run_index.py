"""What all checks look things up in: the scenario of a run, its accounts, and its tasks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sim.arrays.columns import Columns, concat, take
from sim.arrays.time import HOUR_US, MINUTE_US, NEVER_US, SECOND_US
from sim.arrays.types import Ints
from sim.catalog import models
from sim.invariants.grouping import index_in
from sim.scenario.resolved import Scenario
from sim.tables.reading import Run
from sim.tables.schema import (
    ACCOUNTS,
    ENFORCEMENT_EVENTS,
    EXCHANGES,
    TRUTH_ACCOUNTS,
    TRUTH_ACTORS,
    TRUTH_CAMPAIGNS,
    TRUTH_EXCHANGES,
    TRUTH_TASKS,
)
from sim.tables.words import ACTIONS, PROMPT_KINDS, TASK_STATES
from sim.world.models import ModelTable

LIFETIME_5M_US, LIFETIME_1H_US = 5 * MINUTE_US, HOUR_US
_TRUTH = {
    "truth/exchanges": TRUTH_EXCHANGES,
    "truth/tasks": TRUTH_TASKS,
    "truth/accounts": TRUTH_ACCOUNTS,
    "truth/actors": TRUTH_ACTORS,
    "truth/campaigns": TRUTH_CAMPAIGNS,
}


class RunIndex:
    """A run, but for its exchanges: what all checks look things up in.

    Its size grows with accounts and tasks, not with exchanges. All times are microseconds since
    1970. Tables of tasks and events, and lifetimes of caches, are read when they are first asked
    for.

    Parameters
    ----------
    path
        Folder or URL of the run.

    Attributes
    ----------
    run
        The reader of the files.
    scenario
        The resolved scenario of the manifest.
    full
        Whether the log has all columns; the core profile has fewer.
    sells_batches
        Whether an actor sends part of its requests as batches.
    truth
        Whether all tables of truth are there. A run with only some of them counts as one without.
    opens_us, closes_us
        First microsecond of the log, and the first one behind it.
    files
        Names of the files read so far; columns `file` index it.
    models, model_ids
        The models of the catalog, and their ids in the same order; columns `model` index them.
    actor_ids
        Ids of the actors in the order of the scenario; columns `actor` index them.
    accounts
        Columns of shape (accounts,) in order of `account_id`: `id`, `org_id`, `created`, `file`,
        `row`, `org` (organisations numbered from 0 in order of their id), `actor` (-1 without
        truth) and `from`, when it begins (`NEVER_US` without truth, or if it always was there).

    Raises
    ------
    InvalidInputError
        If the run cannot be read, or its log has too few columns.
    """

    def __init__(self, path: Path | str) -> None:
        # what the files hold is looked at, whoever wrote them
        self.run = Run(path, as_written=False)
        self.scenario: Scenario = self.run.scenario
        self.run.expect_core_columns()
        self.full = self.scenario.tables.columns == "full"
        self.sells_batches = any(a.batch_share > 0 for a in self.scenario.actors)
        self.truth = all(self.run.has(stem) for stem in _TRUTH)
        self.opens_us = round(self.scenario.clock.start.timestamp() * SECOND_US)
        self.closes_us = self.opens_us + self.scenario.clock.duration_us
        self.files: list[str] = []
        self.model_ids = tuple(models())
        self.models = ModelTable(list(models().values()))
        self.actor_ids = tuple(a.id for a in self.scenario.actors)
        self.accounts = self._accounts()

    def parts_of(self, stem: str) -> list[str]:
        """Return the files of a table in order, relative to the run; a stem is `log/exchanges`."""
        return self.run.files(stem)

    def placed(self, columns: Columns, file: str) -> Columns:
        """Return columns with `file` and `row`, which say where each row stands.

        Parameters
        ----------
        columns
            At least one column of a whole file, all of one length.
        file
            Name of the file; it joins `files` if it is new there.
        """
        if file not in self.files:
            self.files.append(file)
        rows = len(next(iter(columns.values())))
        number = np.full(rows, self.files.index(file), np.int32)
        return columns | {"file": number, "row": np.arange(rows)}

    def _accounts(self) -> Columns:
        """Read the accounts, sort them by identifier, and give each its actor if there is truth."""
        table = self.run.table("log/accounts", ACCOUNTS)
        columns: Columns = {
            "id": ids(table.column("account_id")),
            "org_id": ids(table.column("org_id")),
            "created": times(table.column("created_at")),
        }
        columns = self.placed(columns, self.parts_of("log/accounts")[0])
        accounts = take(columns, np.argsort(columns["id"], kind="stable"))
        accounts["org"] = np.unique(accounts["org_id"], return_inverse=True)[1].astype(np.int64)
        accounts["actor"] = np.full(len(accounts["id"]), -1)
        accounts["from"] = np.full(len(accounts["id"]), NEVER_US)

        if self.truth:
            truth = self.run.table("truth/accounts", TRUTH_ACCOUNTS)
            index = index_in(accounts["id"], ids(truth.column("account_id")))
            actor = codes(truth.column("actor_id"), self.actor_ids)
            accounts["actor"][index[index >= 0]] = actor[index >= 0]
            active = truth.column("active_from")
            from_us = np.where(active.is_null().to_numpy(), NEVER_US, times(active))
            accounts["from"][index[index >= 0]] = from_us[index >= 0]
        return accounts

    @cached_property
    def events(self) -> Columns:
        """What the provider did to accounts, in order of time: columns `account`, `at`, `action`.

        `account` is a row of `accounts`, `action` an index of `ACTIONS`; -1 for what is not known.
        """
        table = self.run.table("log/enforcement_events", ENFORCEMENT_EVENTS)
        events: Columns = {
            "account": index_in(self.accounts["id"], ids(table.column("account_id"))),
            "at": times(table.column("at")),
            "action": codes(table.column("action"), ACTIONS),
        }
        return take(events, np.argsort(events["at"], kind="stable"))

    @cached_property
    def tasks(self) -> Columns:
        """The tasks in order of `id`, with `file` and `row`; only with truth.

        `account`, `actor`, `state` and `work` are codes, -1 for what is not known. `item` is -1
        where a task has none. `end` may lie behind the end of the log.
        """
        parts = []
        tables = self.run.tables("truth/tasks", TRUTH_TASKS, list(TRUTH_TASKS))
        for file, table in zip(self.parts_of("truth/tasks"), tables, strict=True):
            columns = {
                "id": ids(table.column("task_uid")),
                "account": index_in(self.accounts["id"], ids(table.column("account_id"))),
                "actor": codes(table.column("actor_id"), self.actor_ids),
                "start": times(table.column("started_at")),
                "end": times(table.column("ended_at")),
                "state": codes(table.column("state"), TASK_STATES),
                "work": codes(table.column("work"), PROMPT_KINDS),
                "item": table.column("item").fill_null(-1).to_numpy(),
            }
            for name in ("calls", "exchanges", "exchanges_in_log", "run"):
                columns[name] = table.column(name).to_numpy()
            parts.append(self.placed(columns, file))

        tasks = concat(parts)
        return take(tasks, np.argsort(tasks["id"], kind="stable"))

    @cached_property
    def lifetime_us(self) -> Ints:
        """How long what an account caches lives: 5 minutes or an hour, shape (accounts,).

        It is the lifetime that the account writes for more often. It is the hour where an account
        never wrote, and, if actors send through the accounts of others, where it wrote for both. So
        the checks err on the side of a longer life. The first use reads the whole log once.
        """
        names = ("account_id", "cache_write_5m_tokens", "cache_write_1h_tokens")
        short, hour = (np.zeros(len(self.accounts["id"]), np.int64) for _ in range(2))
        for table in self.run.tables("log/exchanges", EXCHANGES, names):
            account = index_in(self.accounts["id"], ids(table.column("account_id")))
            for writes, name in ((short, names[1]), (hour, names[2])):
                writer = account[(table.column(name).to_numpy() > 0) & (account >= 0)]
                writes += np.bincount(writer, minlength=len(writes))

        for_both = (hour > 0) & any(a.through for a in self.scenario.actors)
        return np.where((short > hour) & ~for_both, LIFETIME_5M_US, LIFETIME_1H_US)


def ids(column: Any) -> Ints:
    """Return a column of identifiers as an array; a missing one is 0."""
    return np.asarray(column.to_numpy())


def times(column: Any) -> Ints:
    """Return a column of times as microseconds since 1970."""
    return np.asarray(column.to_numpy().astype("datetime64[us]").astype(np.int64))


def codes(column: Any, words: Sequence[str]) -> Ints:
    """Return the index of each word among `words`, int64.

    Parameters
    ----------
    column
        A dictionary-encoded column of pyarrow; its chunks may have dictionaries of their own.
    words
        The words that are known.

    Returns
    -------
    Ints
        -1 where a word is missing or not one of `words`.
    """
    import pyarrow as pa

    if column.num_chunks != 1:
        column = pa.chunked_array(column).unify_dictionaries()
    chunk = column.combine_chunks()
    code_of = [words.index(w) if w in words else -1 for w in chunk.dictionary.to_pylist()]
    index = chunk.indices.fill_null(len(code_of)).to_numpy(zero_copy_only=False)
    return np.asarray(np.array([*code_of, -1], np.int64)[index])
