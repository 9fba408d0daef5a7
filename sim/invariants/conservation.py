"""INV-1: what was asked for, what was sent, and what is in the log add up at every level."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.arrays.columns import Columns, take
from sim.arrays.types import Ints
from sim.catalog import typologies
from sim.invariants.check import Check
from sim.invariants.run_index import RunIndex, ids
from sim.invariants.timestamps import clock
from sim.invariants.verdict import Breach, Rule, first_breach
from sim.scenario.resolved import Actor
from sim.tables.schema import TRUTH_ACTORS, TRUTH_CAMPAIGNS
from sim.tables.words import (
    BAN,
    BARRED,
    CUT_OFF,
    FINISHED,
    GIVEN_UP,
    PROMPT_KINDS,
    TASK_STATES,
    PromptSource,
)
from sim.world.attempts import OK

_MANIFEST = "manifest.json"


class Conservation(Check):
    """Exchanges, tasks, actors, campaigns and the manifest tell one story."""

    id, name = "INV-1", "conservation"

    def __init__(self, index: RunIndex) -> None:
        super().__init__(index)
        self._rows = np.zeros(len(index.scenario.actors) + 1, np.int64)
        self._in_file: dict[str, int] = {}
        tasks = len(index.tasks["id"]) if index.truth else 0
        self._seen, self._answered = np.zeros(tasks, np.int64), np.zeros(tasks, np.int64)
        if not index.truth:
            self.note = "without truth: the log against the manifest alone"

    def see(self, rows: Columns) -> None:
        index = self.index
        for number, count in enumerate(np.bincount(rows["file"]).tolist()):
            if count:
                self._in_file[index.files[number]] = count
        if not index.truth:
            self._rows[-1] += len(rows["id"])
            return
        self._rows += _counted(rows["actor"], len(self._rows))
        self.breach = first_breach(rows, index.files, self._labels(rows))
        task = rows["task"]
        known, answered = task[task >= 0], task[(task >= 0) & (rows["status"] == OK)]
        self._seen += np.bincount(known, minlength=len(self._seen))
        self._answered += np.bincount(answered, minlength=len(self._seen))

    def _labels(self, rows: Columns) -> list[Rule]:
        """The truth of each row belongs to it, and to its task."""
        tasks, task, labels = self.index.tasks, rows["task"], rows["labels"]
        known = np.flatnonzero(task >= 0)
        row, own = take(rows, known), take(tasks, task[known])
        other, outside = np.zeros((2, len(task)), np.bool_)
        other[known] = (own["account"] != row["account"]) | (own["actor"] != row["actor"])
        outside[known] = (row["start"] < own["start"]) | (row["end"] > own["end"])
        return [
            Rule(
                np.arange(len(task)) >= labels,
                lambda i: f"no row of truth/exchanges, which has {labels[i]} in this part",
                lambda _: "one of the same exchange_id",
            ),
            Rule(
                rows["truth_id"] != rows["id"],
                lambda i: (
                    f"exchange req_{int(rows['truth_id'][i]):016x} in this row of truth/exchanges"
                ),
                lambda _: "the same exchange_id",
            ),
            Rule(
                task < 0,
                lambda i: f"task task_{int(rows['task_uid'][i]):016x}",
                lambda _: "a task of truth/tasks",
            ),
            Rule(
                other,
                lambda _: "another account or actor than that of its task",
                lambda _: "those of its task in truth/tasks",
            ),
            Rule(
                outside,
                lambda i: f"{clock(rows['start'][i])} to {clock(rows['end'][i])}",
                lambda i: (
                    f"times within its task, {clock(tasks['start'][task[i]])} to "
                    f"{clock(tasks['end'][task[i]])}"
                ),
            ),
        ]

    def close(self) -> None:
        found = self.breach or self._files()
        if self.index.truth:
            found = found or self._tasks() or self._repeated()
            found = found or self._tables()
        self.breach = found

    def _files(self) -> Breach | None:
        """The rows of each part of the log are as many as the manifest says."""
        stated = {f["path"]: f["rows"] for f in self.index.run.manifest["files"]}
        for path in self.index.parts_of("log/exchanges"):
            rows, allowed = self._in_file.get(path, 0), f"{stated[path]}, as in the manifest"
            if rows != stated[path]:
                return Breach(path, None, None, f"{rows} rows", allowed)
        actors = self.index.run.manifest.get("actors", [])
        total, rows = sum(a["exchanges_in_log"] for a in actors), sum(self._in_file.values())
        if total != rows:
            found, allowed = f"{total} exchanges of its actors", f"{rows}, as in the log"
            return Breach(_MANIFEST, None, None, found, allowed)
        return None

    def _tasks(self) -> Breach | None:
        tasks = self.index.tasks
        state, calls, answered = tasks["state"], tasks["calls"], self._answered
        whole = tasks["exchanges"] == tasks["exchanges_in_log"]
        over = tasks["end"] <= self.index.closes_us
        done = whole & (answered == calls) & over
        rules = [
            Rule(
                tasks["exchanges_in_log"] != self._seen,
                lambda i: f"exchanges_in_log {tasks['exchanges_in_log'][i]}",
                lambda i: f"{self._seen[i]}, as many as the log has",
            ),
            Rule(
                (tasks["exchanges_in_log"] < 1) | (tasks["exchanges"] < tasks["exchanges_in_log"]),
                lambda i: (
                    f"exchanges {tasks['exchanges'][i]}, "
                    f"exchanges_in_log {tasks['exchanges_in_log'][i]}"
                ),
                lambda _: "at least one in the log, and no more than in all",
            ),
            Rule(
                (state == FINISHED) & whole & ~done,
                lambda i: (
                    f"finished with {answered[i]} calls answered, ended_at {clock(tasks['end'][i])}"
                ),
                lambda i: f"{calls[i]} calls answered by {clock(self.index.closes_us)}",
            ),
            Rule(
                (state != FINISHED) & done,
                lambda i: f"{TASK_STATES[state[i]]} with all {calls[i]} calls answered",
                lambda _: "finished",
            ),
            Rule(
                (answered > calls) | (state < 0),
                lambda i: f"{answered[i]} calls answered",
                lambda i: f"at most {calls[i]}, the calls of the task, and a known state",
            ),
            Rule(
                (state == GIVEN_UP) & ~over,
                lambda i: f"given_up, ended_at {clock(tasks['end'][i])}",
                lambda _: "an end before the log closes",
            ),
        ]
        return self._first(rules)

    def _first(self, rules: list[Rule]) -> Breach | None:
        """The first of the tasks in the order of their files."""
        tasks = self.index.tasks
        order = np.lexsort((tasks["row"], tasks["file"]))
        moved = [
            Rule(bad[order], _moved(found, order), _moved(allowed, order))
            for bad, found, allowed in rules
        ]
        rows = {name: tasks[name][order] for name in ("file", "row", "id")}
        return first_breach(rows, self.index.files, moved, "task")

    def _repeated(self) -> Breach | None:
        """What is asked for is a task at most once, and nothing else is.

        A prompt of a list comes back when the account that had it was barred.
        """
        import pandas as pd

        tasks = self.index.tasks
        actor, item, run, work = (tasks[name] for name in ("actor", "item", "run", "work"))
        plan = self._plan()
        items, runs = plan[actor, np.maximum(work, 0)].T
        count = (items > 0) & (run >= 0)
        count &= (work != PromptSource.COVER) & (
            (work != PromptSource.LIST) | (tasks["state"] != BARRED)
        )
        keys = {"a": actor, "i": item, "r": run, "w": work}
        again = np.zeros(len(item), np.bool_)
        again[count] = pd.DataFrame(keys)[count].duplicated().to_numpy()
        unasked = (item >= items) | (run >= runs) | ((item < 0) & (items > 0)) | (work < 0)
        return self._first(
            [
                Rule(
                    again,
                    lambda i: f"item {item[i]} of run {run[i]} again",
                    lambda _: "each item once in a run",
                ),
                Rule(
                    unasked,
                    lambda i: f"item {item[i]} of run {run[i]}, work {_work(work[i])}",
                    lambda i: f"items below {items[i]} and runs below {runs[i]}",
                ),
            ]
        )

    def _plan(self) -> Ints:
        """How many items and runs there are by actor and kind of work, shape (actors, kinds, 2).

        Where there are no items, that of a task is missing.
        """
        actors = self.index.scenario.actors
        plan = np.zeros((len(actors) + 1, len(PROMPT_KINDS), 2), np.int64)
        for k, actor in enumerate(actors):
            if actor.source == "benchmark":
                plan[k, PromptSource.OWN] = actor.items, actor.runs
            elif not actor.has_cover:
                plan[k, PromptSource.OWN] = 0, 1
            else:
                plan[k, PromptSource.LIST] = (1 << 62, 1) if actor.list_share else (0, 0)
                plan[k, PromptSource.COVER] = actor.items if actor.cover == "benchmark" else 0, 1
        return plan

    def _tables(self) -> Breach | None:
        index = self.index
        made = {a["actor"]: a for a in index.run.manifest.get("actors", [])}
        expected = {
            a.id: self._expected(k, a, made.get(a.id, {}).get("unit", ""))
            for k, a in enumerate(index.scenario.actors)
        }
        found = [
            *_differences(index, "truth/actors", TRUTH_ACTORS, expected),
            *self._manifest(made, expected),
            *_differences(index, "truth/campaigns", TRUTH_CAMPAIGNS, self._campaigns(expected)),
        ]
        return found[0] if found else None

    def _expected(self, k: int, actor: Actor, unit: str) -> dict[str, int]:
        tasks = self.index.tasks
        mine = tasks["actor"] == k
        asked, states = (
            mine & (tasks["run"] >= 0),
            np.bincount(tasks["state"][mine], minlength=len(TASK_STATES)),
        )
        values = {
            "exchanges_in_log": int(self._rows[k]),
            "tasks_in_log": int(mine.sum()),
            "tasks_finished": int(states[FINISHED]),
            "tasks_given_up": int(states[GIVEN_UP]),
            "tasks_cut_off": int(states[CUT_OFF]),
            "tasks_barred": int(states[BARRED]),
        }
        if actor.arrival == "sessions" or unit.startswith("expected"):
            return values | {"achieved": values["exchanges_in_log"]}
        if actor.source == "benchmark":
            achieved = int((asked & (tasks["state"] == FINISHED)).sum())
            return values | {"achieved": achieved, "requested": actor.runs * actor.items}
        achieved = int(self._answered[asked].sum())
        values["achieved"] = achieved
        if actor.target_exchanges is not None:
            values["requested"] = actor.target_exchanges
        return values

    def _manifest(
        self, made: dict[str, dict[str, Any]], expected: dict[str, dict[str, int]]
    ) -> Iterator[Breach]:
        for actor, values in expected.items():
            for name, value in values.items():
                found = made.get(actor, {}).get(name)
                if found != value:
                    yield Breach(
                        _MANIFEST, None, None, f"{name} {found} of {actor}", f"{value}, as counted"
                    )

    def _campaigns(self, expected: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
        accounts, tasks = self.index.accounts, self.index.tasks
        banned = self._bans()
        made = {}
        for k, actor in enumerate(self.index.scenario.actors):
            mine, values = tasks["actor"] == k, expected[actor.id]
            listed = (
                mine
                & (tasks["work"] == PromptSource.LIST)
                & typologies()[actor.typology].is_extraction
            )
            made[actor.id] = {
                "accounts_in_log": len(np.unique(tasks["account"][mine])),
                "accounts_banned": int(banned[accounts["actor"] == k].sum()),
                "achieved_exchanges": values["achieved"],
                "extraction_exchanges": int(self._seen[listed].sum()),
            }
            if actor.through is None:
                made[actor.id]["accounts"] = int((accounts["actor"] == k).sum())
            if "requested" in values:
                made[actor.id]["requested_exchanges"] = values["requested"]
        return made

    def _bans(self) -> Ints:
        """How often each account was banned."""
        events = self.index.events
        bans = (events["action"] == BAN) & (events["account"] >= 0)
        return np.bincount(events["account"][bans], minlength=len(self.index.accounts["id"]))


def _differences(
    index: RunIndex, stem: str, columns: dict[str, str], expected: dict[str, dict[str, int]]
) -> Iterator[Breach]:
    """What a table with a row for each actor states other than was counted."""
    table = index.run.table(stem, columns)
    uid = ids(table.column("campaign_uid")) if "campaign_uid" in columns else None
    for row, actor in enumerate(table.column("actor_id").to_pylist()):
        name = actor if uid is None else f"camp_{int(uid[row]):016x}"
        for column, value in expected.get(actor, {}).items():
            found = table.column(column)[row].as_py()
            if found != value:
                file = index.parts_of(stem)[0]
                yield Breach(file, row, name, f"{column} {found}", f"{value}, as counted")


def _counted(codes: Ints, size: int) -> Ints:
    """How many of each code there are; those of -1 come last."""
    return np.bincount(np.where(codes < 0, size - 1, codes), minlength=size)


def _work(code: int) -> str:
    return PROMPT_KINDS[code] if code >= 0 else "unknown"


def _moved(words: Any, order: Ints) -> Any:
    return lambda i: words(int(order[i]))
