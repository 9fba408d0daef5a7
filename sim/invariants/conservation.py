"""INV-1: what was asked for, what was sent, and what is in the log add up at every level."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from sim.arrays.columns import Columns, take
from sim.arrays.types import Ints
from sim.catalog import typologies
from sim.invariants.check import Breach, Check, Rule, first_breach
from sim.invariants.run_index import RunIndex, ids
from sim.invariants.timestamps import clock
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
_WITHOUT_END = 1 << 62


class Conservation(Check):
    """Exchanges, tasks, actors, campaigns and the manifest tell one story.

    Counts of exchanges by actor, file and task are added up part by part, and compared at the end
    with what tables of truth and the manifest state. Without truth only the number of rows of each
    file and their sum are compared.
    """

    id, name = "INV-1", "conservation"

    def __init__(self, index: RunIndex) -> None:
        """Begin to count at 0 for each actor, and with truth for each task."""
        super().__init__(index)
        # exchanges by actor, those of unknown ones last; by file; and by task
        self._of_actor = np.zeros(len(index.scenario.actors) + 1, np.int64)
        self._in_file: dict[str, int] = {}
        tasks = len(index.tasks["id"]) if index.truth else 0
        self._of_task, self._answered = np.zeros(tasks, np.int64), np.zeros(tasks, np.int64)
        if not index.truth:
            self.note = "without truth: the log against the manifest alone"

    def see(self, rows: Columns) -> None:
        """Count the next rows, and check that each belongs to its truth and its task."""
        index = self.index
        for number, count in enumerate(np.bincount(rows["file"]).tolist()):
            if count:
                self._in_file[index.files[number]] = count
        if not index.truth:
            self._of_actor[-1] += len(rows["id"])
            return

        self._of_actor += _counted(rows["actor"], len(self._of_actor))
        task, is_known = rows["task"], rows["task"] >= 0
        is_answered = is_known & (rows["status"] == OK)
        self._of_task += np.bincount(task[is_known], minlength=len(self._of_task))
        self._answered += np.bincount(task[is_answered], minlength=len(self._of_task))
        self.breach = first_breach(rows, index.files, self._labels(rows))

    def _labels(self, rows: Columns) -> list[Rule]:
        """Return the rules on each row of the log and its row of truth.

        They have the same identifier; the task exists, is of the same account and actor, and was
        under way.
        """
        tasks, task, labels = self.index.tasks, rows["task"], rows["labels"]
        with_task = np.flatnonzero(task >= 0)
        row, own_task = take(rows, with_task), take(tasks, task[with_task])
        is_of_other, is_outside = np.zeros((2, len(task)), np.bool_)
        is_of_other[with_task] = (own_task["account"] != row["account"]) | (
            own_task["actor"] != row["actor"]
        )
        is_outside[with_task] = (row["start"] < own_task["start"]) | (row["end"] > own_task["end"])

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
                is_of_other,
                lambda _: "another account or actor than that of its task",
                lambda _: "those of its task in truth/tasks",
            ),
            Rule(
                is_outside,
                lambda i: f"{clock(rows['start'][i])} to {clock(rows['end'][i])}",
                lambda i: (
                    f"times within its task, {clock(tasks['start'][task[i]])} to "
                    f"{clock(tasks['end'][task[i]])}"
                ),
            ),
        ]

    def close(self) -> None:
        """Check files, tasks, what was asked for, and the tables of counts, in this order.

        The first of them that is wrong is the breach; the rest is not looked at.
        """
        self.breach = self.breach or self._files()
        if self.index.truth:
            self.breach = self.breach or self._tasks() or self._asked_for() or self._tables()

    def _files(self) -> Breach | None:
        """Check that the log has as many rows as the manifest says, by part and over all actors."""
        manifest = self.index.run.manifest
        stated = {f["path"]: f["rows"] for f in manifest["files"]}
        for path in self.index.parts_of("log/exchanges"):
            rows = self._in_file.get(path, 0)
            if rows != stated[path]:
                allowed = f"{stated[path]}, as in the manifest"
                return Breach(path, None, None, f"{rows} rows", allowed)

        total = sum(actor["exchanges_in_log"] for actor in manifest.get("actors", []))
        rows = sum(self._in_file.values())
        if total != rows:
            found, allowed = f"{total} exchanges of its actors", f"{rows}, as in the log"
            return Breach(_MANIFEST, None, None, found, allowed)
        return None

    def _tasks(self) -> Breach | None:
        """Check the counts of each task, and that its state agrees with them.

        A task is finished if and only if all its exchanges are in the log, each of its calls was
        answered, and it ended before the log closed.
        """
        tasks, answered = self.index.tasks, self._answered
        state, calls, in_log = tasks["state"], tasks["calls"], tasks["exchanges_in_log"]
        is_whole = tasks["exchanges"] == in_log
        is_over = tasks["end"] <= self.index.closes_us
        is_done = is_whole & (answered == calls) & is_over

        rules = [
            Rule(
                in_log != self._of_task,
                lambda i: f"exchanges_in_log {in_log[i]}",
                lambda i: f"{self._of_task[i]}, as many as the log has",
            ),
            Rule(
                (in_log < 1) | (tasks["exchanges"] < in_log),
                lambda i: f"exchanges {tasks['exchanges'][i]}, exchanges_in_log {in_log[i]}",
                lambda _: "at least one in the log, and no more than in all",
            ),
            Rule(
                (state == FINISHED) & is_whole & ~is_done,
                lambda i: (
                    f"finished with {answered[i]} calls answered, ended_at {clock(tasks['end'][i])}"
                ),
                lambda i: f"{calls[i]} calls answered by {clock(self.index.closes_us)}",
            ),
            Rule(
                (state != FINISHED) & is_done,
                lambda i: f"{TASK_STATES[state[i]]} with all {calls[i]} calls answered",
                lambda _: "finished",
            ),
            Rule(
                (answered > calls) | (state < 0),
                lambda i: f"{answered[i]} calls answered",
                lambda i: f"at most {calls[i]}, the calls of the task, and a known state",
            ),
            Rule(
                (state == GIVEN_UP) & ~is_over,
                lambda i: f"given_up, ended_at {clock(tasks['end'][i])}",
                lambda _: "an end before the log closes",
            ),
        ]
        return self._first(rules)

    def _first(self, rules: list[Rule]) -> Breach | None:
        """Return the first task that breaks a rule, in the order of their files."""
        tasks = self.index.tasks
        order = np.lexsort((tasks["row"], tasks["file"]))
        in_order = [
            Rule(rule.bad[order], _moved(rule.found, order), _moved(rule.allowed, order))
            for rule in rules
        ]
        rows = {name: tasks[name][order] for name in ("file", "row", "id")}
        return first_breach(rows, self.index.files, in_order, "task")

    def _asked_for(self) -> Breach | None:
        """Check that what is asked for is a task at most once, and that nothing else is.

        An item of a benchmark is done once in a run. A prompt of a list comes back when the account
        that had it was barred. Cover work recurs, and so do tasks of sessions, which have no item.
        """
        import pandas as pd

        tasks = self.index.tasks
        actor, item, run, work = (tasks[name] for name in ("actor", "item", "run", "work"))
        items, runs = self._plan()[actor, np.maximum(work, 0)].T

        comes_once = (items > 0) & (run >= 0) & (work != PromptSource.COVER)
        comes_once &= (work != PromptSource.LIST) | (tasks["state"] != BARRED)
        keys = pd.DataFrame({"a": actor, "i": item, "r": run, "w": work})
        is_again = np.zeros(len(item), np.bool_)
        is_again[comes_once] = keys[comes_once].duplicated().to_numpy()

        is_missing = (item < 0) & (items > 0)
        is_unasked = (item >= items) | (run >= runs) | is_missing | (work < 0)
        return self._first(
            [
                Rule(
                    is_again,
                    lambda i: f"item {item[i]} of run {run[i]} again",
                    lambda _: "each item once in a run",
                ),
                Rule(
                    is_unasked,
                    lambda i: f"item {item[i]} of run {run[i]}, work {_work(work[i])}",
                    lambda i: f"items below {items[i]} and runs below {runs[i]}",
                ),
            ]
        )

    def _plan(self) -> Ints:
        """Count items and runs by actor and kind of work.

        Returns
        -------
        Ints
            Shape (actors + 1, kinds, 2): items, then runs. Where there are no items, a task has
            none. The last row is for unknown actors, which may do nothing.
        """
        actors = self.index.scenario.actors
        plan = np.zeros((len(actors) + 1, len(PROMPT_KINDS), 2), np.int64)
        for k, actor in enumerate(actors):
            if actor.source == "benchmark":
                plan[k, PromptSource.OWN] = actor.items, actor.runs
            elif not actor.has_cover:
                plan[k, PromptSource.OWN] = 0, 1
            else:
                cover_items = actor.items if actor.cover == "benchmark" else 0
                plan[k, PromptSource.COVER] = cover_items, 1
                plan[k, PromptSource.LIST] = (_WITHOUT_END, 1) if actor.list_share else (0, 0)
        return plan

    def _tables(self) -> Breach | None:
        """Check the counts of actors and campaigns in truth and manifest."""
        index = self.index
        stated = {a["actor"]: a for a in index.run.manifest.get("actors", [])}
        counted = {
            actor.id: self._counts(k, actor, stated.get(actor.id, {}).get("unit", ""))
            for k, actor in enumerate(index.scenario.actors)
        }
        campaigns = self._campaign_counts(counted)
        breaches = [
            *_differences(index, "truth/actors", TRUTH_ACTORS, counted),
            *_manifest_differences(stated, counted),
            *_differences(index, "truth/campaigns", TRUTH_CAMPAIGNS, campaigns),
        ]
        return breaches[0] if breaches else None

    def _counts(self, k: int, actor: Actor, unit: str) -> dict[str, int]:
        """Count what truth/actors and the manifest state of actor number `k`, by column.

        What is achieved is counted in the unit of the actor's target: runs of items, answered
        exchanges, or all exchanges where the target is an expectation.
        """
        tasks = self.index.tasks
        is_own = tasks["actor"] == k
        states = np.bincount(tasks["state"][is_own], minlength=len(TASK_STATES))
        counts = {
            "exchanges_in_log": int(self._of_actor[k]),
            "tasks_in_log": int(is_own.sum()),
            "tasks_finished": int(states[FINISHED]),
            "tasks_given_up": int(states[GIVEN_UP]),
            "tasks_cut_off": int(states[CUT_OFF]),
            "tasks_barred": int(states[BARRED]),
        }
        if actor.arrival == "sessions" or unit.startswith("expected"):
            return counts | {"achieved": counts["exchanges_in_log"]}

        is_asked = is_own & (tasks["run"] >= 0)
        if actor.source == "benchmark":
            achieved = int((is_asked & (tasks["state"] == FINISHED)).sum())
            return counts | {"achieved": achieved, "requested": actor.runs * actor.items}
        counts["achieved"] = int(self._answered[is_asked].sum())
        if actor.target_exchanges is not None:
            counts["requested"] = actor.target_exchanges
        return counts

    def _campaign_counts(self, counted: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
        """Count what truth/campaigns states, by actor and column.

        Parameters
        ----------
        counted
            What `_counts` returned, by actor. Accounts are counted where the actor has accounts of
            its own.
        """
        accounts, tasks = self.index.accounts, self.index.tasks
        bans = self._bans()
        by_actor = {}
        for k, actor in enumerate(self.index.scenario.actors):
            is_own = tasks["actor"] == k
            is_extraction = typologies()[actor.typology].is_extraction
            extracts = is_own & (tasks["work"] == PromptSource.LIST) & is_extraction

            counts = {
                "accounts_in_log": len(np.unique(tasks["account"][is_own])),
                "accounts_banned": int(bans[accounts["actor"] == k].sum()),
                "achieved_exchanges": counted[actor.id]["achieved"],
                "extraction_exchanges": int(self._of_task[extracts].sum()),
            }
            if actor.through is None:
                counts["accounts"] = int((accounts["actor"] == k).sum())
            if "requested" in counted[actor.id]:
                counts["requested_exchanges"] = counted[actor.id]["requested"]
            by_actor[actor.id] = counts
        return by_actor

    def _bans(self) -> Ints:
        """Count how often each account was banned, lifted bans included, shape (accounts,)."""
        events = self.index.events
        is_ban = (events["action"] == BAN) & (events["account"] >= 0)
        return np.bincount(events["account"][is_ban], minlength=len(self.index.accounts["id"]))


def _differences(
    index: RunIndex, stem: str, columns: Mapping[str, str], counted: dict[str, dict[str, int]]
) -> Iterator[Breach]:
    """Yield what a table with a row for each actor states other than was counted.

    Parameters
    ----------
    index
        Reads the table.
    stem, columns
        Its name and columns; one with `campaign_uid` names rows by that.
    counted
        Values by actor and column. Columns and actors that are not in it are not compared.
    """
    table = index.run.table(stem, columns)
    uid = ids(table.column("campaign_uid")) if "campaign_uid" in columns else None
    for row, actor in enumerate(table.column("actor_id").to_pylist()):
        name = actor if uid is None else f"camp_{int(uid[row]):016x}"
        for column, value in counted.get(actor, {}).items():
            stated = table.column(column)[row].as_py()
            if stated != value:
                file = index.parts_of(stem)[0]
                yield Breach(file, row, name, f"{column} {stated}", f"{value}, as counted")


def _manifest_differences(
    stated: dict[str, dict[str, Any]], counted: dict[str, dict[str, int]]
) -> Iterator[Breach]:
    """Yield what the manifest states of actors other than was counted."""
    for actor, counts in counted.items():
        for column, value in counts.items():
            found = stated.get(actor, {}).get(column)
            if found != value:
                words = f"{column} {found} of {actor}"
                yield Breach(_MANIFEST, None, None, words, f"{value}, as counted")


def _counted(codes: Ints, size: int) -> Ints:
    """Count each code from 0 to `size` - 2; those of -1 come last."""
    return np.bincount(np.where(codes < 0, size - 1, codes), minlength=size)


def _work(code: int) -> str:
    """Return the kind of work of a code, "unknown" for one below 0."""
    return PROMPT_KINDS[code] if code >= 0 else "unknown"


def _moved(words: Any, order: Ints) -> Any:
    """Return what puts rows into words, for rows in another order."""
    return lambda i: words(int(order[i]))
