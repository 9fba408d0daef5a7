"""INV-8: a queue never has more in progress than it has workers."""

from __future__ import annotations

import numpy as np

from sim.arrays.columns import Columns, concat, take
from sim.arrays.types import Ints
from sim.invariants.check import Breach, Check, breach_at
from sim.invariants.run_index import RunIndex

_NAMED = 3  # actors that the note names, at most


class Concurrency(Check):
    """A queue has no more attempts and no more tasks in progress than it has workers.

    Actors without stated workers are named in the note, the first three of many, and not checked.
    Where the `separability` of one is below 1, accounts that follow a mode work in sessions beside
    the workers. Then its attempts are not checked, and of its tasks only the runs of benchmarks.
    """

    id, name, needs_truth = "INV-8", "workers", True

    def __init__(self, index: RunIndex) -> None:
        """Look up the workers of each queue, and leave out what cannot be checked."""
        super().__init__(index)
        queues = [(k, a) for k, a in enumerate(index.scenario.actors) if a.arrival == "queue"]
        # accounts that follow a mode work in sessions beside the workers: on prompts of the list as
        # well, but never on a run of a benchmark
        self._workers_alone = {k for k, a in queues if a.separability == 1}
        self._workers = {
            k: a.workers
            for k, a in queues
            if a.workers is not None and (k in self._workers_alone or a.source == "benchmark")
        }
        self._open: dict[int, Columns] = {}
        silent = [a.id for _, a in queues if a.workers is None]
        self.note = f"the scenario states no workers for {_first_of(silent)}" if silent else ""

    def see(self, rows: Columns) -> None:
        """Check the attempts in progress at the start of each, those of earlier parts included.

        Attempts that end after the last start of the part are carried over to the next one.
        """
        breaches: list[Breach | None] = []
        for actor, workers in self._workers.items():
            if actor not in self._workers_alone:
                continue
            columns = {name: rows[name] for name in ("id", "file", "row", "start", "end")}
            attempts = take(columns, rows["actor"] == actor)
            if actor in self._open:
                attempts = concat([self._open[actor], attempts])
            breaches.append(self._over(attempts, workers, "attempts", "req"))
            if len(attempts["start"]):
                is_open = attempts["end"] > attempts["start"].max()
                self._open[actor] = take(attempts, is_open)
        self.breach = _earliest(breaches)

    def close(self) -> None:
        """Check the tasks in progress at the start of each, over the whole run at once."""
        tasks, breaches = self.index.tasks, []
        for actor, workers in self._workers.items():
            by_workers = (tasks["run"] >= 0) | (actor in self._workers_alone)
            of_actor = take(tasks, (tasks["actor"] == actor) & by_workers)
            breaches.append(self._over(of_actor, workers, "tasks", "task"))
        self.breach = self.breach or _earliest(breaches)

    def _over(self, rows: Columns, workers: int, what: str, prefix: str) -> Breach | None:
        """Return the first row at whose start more are in progress than there are workers.

        First is the earliest start. `what` and `prefix` name the rows in the message.
        """
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
    """Count the intervals [start, end) that hold the start of each, itself included.

    Of intervals with one start each counts those before it in the arrays, so the numbers go up one
    by one. An interval that ends at a start is over by then.

    Parameters
    ----------
    start, end
        Shape (intervals,), in any order.
    """
    order = np.argsort(start, kind="stable")
    begun = np.empty(len(start), np.int64)
    begun[order] = np.arange(1, len(start) + 1)
    return begun - np.searchsorted(np.sort(end), start, "right")


def _first_of(names: list[str]) -> str:
    """Return the first names of a list that may be long, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _earliest(breaches: list[Breach | None]) -> Breach | None:
    """Return the breach that stands first by file and row, None if there is none."""
    real = [breach for breach in breaches if breach is not None]
    return min(real, key=lambda breach: (breach.file, breach.row or 0)) if real else None
