"""INV-8: a queue never has more in progress than it has workers."""

from __future__ import annotations

import numpy as np

from sim.arrays.columns import Columns, concat, take
from sim.arrays.types import Ints
from sim.invariants.check import Check
from sim.invariants.run_index import RunIndex
from sim.invariants.verdict import Breach, breach_at


class Concurrency(Check):
    """No more attempts and no more tasks at a time than the scenario states workers."""

    id, name, needs_truth = "INV-8", "workers", True

    def __init__(self, index: RunIndex) -> None:
        super().__init__(index)
        queues = [(k, a) for k, a in enumerate(index.scenario.actors) if a.arrival == "queue"]
        self._workers = {k: a.workers for k, a in queues if a.workers is not None}
        # accounts that follow a mode work in sessions beside the workers: on prompts of the list as
        # well, but never on a run of a benchmark
        self._beside = index.scenario.separability < 1
        if self._beside:
            runs = {k for k, a in queues if a.source == "benchmark"}
            self._workers = {k: n for k, n in self._workers.items() if k in runs}
        self._open: dict[int, Columns] = {}
        silent = [a.id for _, a in queues if a.workers is None]
        self.note = f"the scenario states no workers for {', '.join(silent)}" if silent else ""

    def see(self, rows: Columns) -> None:
        found: list[Breach | None] = []
        if self._beside:
            return
        for actor, workers in self._workers.items():
            columns = {name: rows[name] for name in ("id", "file", "row", "start", "end")}
            mine = take(columns, rows["actor"] == actor)
            both = concat([self._open[actor], mine]) if actor in self._open else mine
            found.append(self._over(both, workers, "attempts", "req"))
            if len(both["start"]):
                self._open[actor] = take(both, both["end"] > both["start"].max())
        self.breach = _earliest(found)

    def close(self) -> None:
        tasks, found = self.index.tasks, []
        for actor, workers in self._workers.items():
            asked = (tasks["run"] >= 0) | (not self._beside)
            mine = take(tasks, (tasks["actor"] == actor) & asked)
            found.append(self._over(mine, workers, "tasks", "task"))
        self.breach = self.breach or _earliest(found)

    def _over(self, rows: Columns, workers: int, what: str, prefix: str) -> Breach | None:
        open_now = in_progress(rows["start"], rows["end"])
        over = np.flatnonzero(open_now > workers)
        if not len(over):
            return None
        first = int(over[np.lexsort((rows["row"][over], rows["start"][over]))[0]])
        return breach_at(
            rows,
            self.index.files,
            first,
            f"{open_now[first]} {what} in progress",
            f"at most {workers}, the workers of its actor",
            prefix,
        )


def in_progress(start: Ints, end: Ints) -> Ints:
    """How many intervals [start, end) hold the start of each; those of one start in turn."""
    order = np.argsort(start, kind="stable")
    begun = np.empty(len(start), np.int64)
    begun[order] = np.arange(1, len(start) + 1)
    return begun - np.searchsorted(np.sort(end), start, "right")


def _earliest(found: list[Breach | None]) -> Breach | None:
    breaches = [b for b in found if b is not None]
    return min(breaches, key=lambda b: (b.file, b.row or 0)) if breaches else None
