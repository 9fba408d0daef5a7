"""Run the shards one after the other, and hand out the log window by window, in time order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.actors.workload import HitsLimitError, Workload
from sim.engine.cast import Cast, workloads
from sim.engine.spill import Spill
from sim.streams import U64, opaque_ids
from sim.tables.columns import Columns, length, take, time_order

Ints = NDArray[np.int64]

_WINDOW_ROWS = 262_144
_SHORTEST_WINDOW_US = 1_000_000


@dataclass(frozen=True)
class Window:
    """A stretch of the log: its exchanges in time order, and the tasks begun in it likewise."""

    until_us: int
    rows: Columns
    tasks: Columns


def windows(
    cast: Cast, folder: Path, observe: Callable[[float], None] = lambda share: None
) -> Iterator[Window]:
    """Yield the log of a scenario in consecutive windows of bounded size.

    Shards are simulated first, each to the end of the log; what does not fit in memory waits in
    `folder`. `observe` is told the share of the shards that are done.
    """
    made = workloads(cast)
    horizon = cast.scenario.clock.duration_us
    width = _window_width_us(made, horizon)
    keys = cast.actor_key("exchange")
    with ExitStack() as stack:
        rows = stack.enter_context(Spill(folder / ".exchanges.tmp", width))
        tasks = stack.enter_context(Spill(folder / ".tasks.tmp", width))
        for number, workload in enumerate(made):
            _simulate(workload, rows, tasks)
            observe((number + 1) / len(made))
        for number in range(-(-horizon // width)):
            yield Window(
                until_us=min((number + 1) * width, horizon),
                rows=_ordered(rows.pop(number), keys, cast.actor_of_account),
                tasks=_ordered_tasks(tasks.pop(number)),
            )


def _simulate(workload: Workload, rows: Spill, tasks: Spill) -> None:
    """Simulate one shard, again and again until what it assumed of limits proves right."""
    marks = rows.mark(), tasks.mark()

    while True:
        try:
            for block in workload.blocks():
                rows.add(block.rows, "ts")
                tasks.add(block.tasks, "start")
        except HitsLimitError:
            rows.return_to(marks[0])
            tasks.return_to(marks[1])
        else:
            return


def _window_width_us(made: list[Workload], horizon_us: int) -> int:
    rows_per_us = sum(workload.rows_per_us for workload in made)
    return min(max(round(_WINDOW_ROWS / rows_per_us), _SHORTEST_WINDOW_US), horizon_us)


def _ordered(rows: Columns, keys: U64, actor_of_account: Ints) -> Columns:
    if not length(rows):
        return {}
    rows["actor"] = actor_of_account[rows["account"]].astype(np.int16)
    ids = opaque_ids(keys[rows["actor"]], rows["serial"])
    again = np.flatnonzero(rows["number"])
    ids[again] = opaque_ids(ids[again], rows["number"][again])
    rows["id"] = ids
    return take(rows, time_order(rows["ts"], ids))


def _ordered_tasks(tasks: Columns) -> Columns:
    if not length(tasks):
        return {}
    return take(tasks, np.lexsort((tasks["serial"], tasks["account"], tasks["start"])))
