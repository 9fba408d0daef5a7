"""What all checks look things up in: the scenario of a run, its accounts, and its tasks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sim.arrays.columns import Columns, concat, take
from sim.arrays.types import Ints
from sim.catalog import models
from sim.invariants.grouping import place_in
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

LIFETIME_5M_US, LIFETIME_1H_US = 300_000_000, 3_600_000_000
_TRUTH = {
    "truth/exchanges": TRUTH_EXCHANGES,
    "truth/tasks": TRUTH_TASKS,
    "truth/accounts": TRUTH_ACCOUNTS,
    "truth/actors": TRUTH_ACTORS,
    "truth/campaigns": TRUTH_CAMPAIGNS,
}


class RunIndex:
    """A run, but for its exchanges. Its size grows with accounts and tasks, not with exchanges.

    `files` collects the names of the files read so far; columns `file` index it. All times are
    microseconds since 1970. `accounts` are in order of `account_id`; `actor` is -1 without truth.
    """

    def __init__(self, path: Path | str) -> None:
        """Raises InvalidInputError if the run cannot be read."""
        # what the files hold is looked at, whoever wrote them
        self.run = Run(path, as_written=False)
        self.scenario: Scenario = self.run.scenario
        self.full = self.scenario.tables.columns == "full"
        self.sells_batches = any(a.batch_share > 0 for a in self.scenario.actors)
        self.truth = all(self.run.has(stem) for stem in _TRUTH)
        self.opens_us = round(self.scenario.clock.start.timestamp() * 1_000_000)
        self.closes_us = self.opens_us + self.scenario.clock.duration_us
        self.files: list[str] = []
        self.model_ids = tuple(models())
        self.models = ModelTable(list(models().values()))
        self.actor_ids = tuple(a.id for a in self.scenario.actors)
        self.accounts = self._accounts()

    def parts_of(self, stem: str) -> list[str]:
        """The files of a table, relative to the run."""
        return self.run.files(stem)

    def placed(self, columns: Columns, file: str) -> Columns:
        """Add where each row stands."""
        if file not in self.files:
            self.files.append(file)
        size = len(next(iter(columns.values())))
        where = np.full(size, self.files.index(file), np.int32)
        return columns | {"file": where, "row": np.arange(size)}

    def _accounts(self) -> Columns:
        table = self.run.table("log/accounts", ACCOUNTS)
        made: Columns = {
            "id": ids(table.column("account_id")),
            "org_id": ids(table.column("org_id")),
            "created": times(table.column("created_at")),
        }
        made = self.placed(made, self.parts_of("log/accounts")[0])
        made = take(made, np.argsort(made["id"], kind="stable"))
        made["org"] = np.unique(made["org_id"], return_inverse=True)[1].astype(np.int64)
        made["actor"] = np.full(len(made["id"]), -1)
        if self.truth:
            truth = self.run.table("truth/accounts", TRUTH_ACCOUNTS)
            place = place_in(made["id"], ids(truth.column("account_id")))
            actor = codes(truth.column("actor_id"), self.actor_ids)
            made["actor"][place[place >= 0]] = actor[place >= 0]
        return made

    @cached_property
    def events(self) -> Columns:
        """What the provider did to accounts, in order of time."""
        table = self.run.table("log/enforcement_events", ENFORCEMENT_EVENTS)
        made: Columns = {
            "account": place_in(self.accounts["id"], ids(table.column("account_id"))),
            "at": times(table.column("at")),
            "action": codes(table.column("action"), ACTIONS),
        }
        return take(made, np.argsort(made["at"], kind="stable"))

    @cached_property
    def tasks(self) -> Columns:
        """The tasks in order of `id`; only with truth."""
        parts = []
        tables = self.run.tables("truth/tasks", TRUTH_TASKS, list(TRUTH_TASKS))
        for file, table in zip(self.parts_of("truth/tasks"), tables, strict=True):
            made = {
                "id": ids(table.column("task_uid")),
                "account": place_in(self.accounts["id"], ids(table.column("account_id"))),
                "actor": codes(table.column("actor_id"), self.actor_ids),
                "start": times(table.column("started_at")),
                "end": times(table.column("ended_at")),
                "state": codes(table.column("state"), TASK_STATES),
                "work": codes(table.column("work"), PROMPT_KINDS),
                "item": table.column("item").fill_null(-1).to_numpy(),
            }
            whole = ("calls", "exchanges", "exchanges_in_log", "run")
            made |= {name: table.column(name).to_numpy() for name in whole}
            parts.append(self.placed(made, file))
        tasks = concat(parts)
        return take(tasks, np.argsort(tasks["id"], kind="stable"))

    @cached_property
    def lifetime_us(self) -> Ints:
        """How long what an account caches lives; the longer where an account never wrote.

        So it is where it wrote for both, as those who send through it may.
        """
        names = ("account_id", "cache_write_5m_tokens", "cache_write_1h_tokens")
        short, hour = (np.zeros(len(self.accounts["id"]), np.int64) for _ in range(2))
        for table in self.run.tables("log/exchanges", EXCHANGES, names):
            place = place_in(self.accounts["id"], ids(table.column("account_id")))
            for written, name in ((short, names[1]), (hour, names[2])):
                wrote = place[(table.column(name).to_numpy() > 0) & (place >= 0)]
                written += np.bincount(wrote, minlength=len(written))
        mixed = (hour > 0) & any(a.through for a in self.scenario.actors)
        return np.where((short > hour) & ~mixed, LIFETIME_5M_US, LIFETIME_1H_US)


def ids(column: Any) -> Ints:
    """A column of identifiers; a missing one is 0."""
    return np.asarray(column.to_numpy())


def times(column: Any) -> Ints:
    """A column of times as microseconds since 1970."""
    return np.asarray(column.to_numpy().astype("datetime64[us]").astype(np.int64))


def codes(column: Any, words: Sequence[str]) -> Ints:
    """The place of each word among `words`; -1 where it is missing or not one of them."""
    import pyarrow as pa

    if column.num_chunks != 1:
        column = pa.chunked_array(column).unify_dictionaries()
    chunk = column.combine_chunks()
    known = [words.index(w) if w in words else -1 for w in chunk.dictionary.to_pylist()]
    index = chunk.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
    return np.asarray(np.array([*known, -1], np.int64)[index])
