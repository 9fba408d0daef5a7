"""Run the shards side by side and hand out their rows window by window, in time order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.actors.workload import Block, Workload
from sim.engine.cast import Cast, workloads
from sim.streams import U64, opaque_ids
from sim.tables.columns import Columns, concat, length, take

Ints = NDArray[np.int64]

_WINDOW_ROWS = 262_144
_SHORTEST_WINDOW_US = 1_000_000


@dataclass(frozen=True)
class Window:
    """A stretch of the log: its exchange rows in time order, and the tasks begun in it."""

    until_us: int
    rows: Columns
    tasks: Columns


class Shard:
    """One workload with its own clock, run slice by slice."""

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self._env = simpy.Environment(initial_time=workload.opens_us)
        self._reached_us = workload.opens_us
        workload.start(self._env)

    def advance(self, until_us: int) -> list[Block]:
        """Run to the first end of a slice at or after `until_us`.

        Slices are the shard's own, so that what a shard draws does not depend on the windows,
        which depend on everyone.
        """
        blocks: list[Block] = []
        while self._reached_us < until_us:
            self._reached_us += self._workload.slice_us
            self._env.run(until=self._reached_us)
            blocks += self._workload.collect()
        return blocks


def windows(cast: Cast) -> Iterator[Window]:
    """Yield the log of a scenario in consecutive windows of bounded size."""
    made = workloads(cast)
    horizon = cast.scenario.clock.duration_us
    width = _window_width_us(made, horizon)
    shards = [Shard(workload) for workload in made]
    pending: defaultdict[int, list[Columns]] = defaultdict(list)
    exchange_keys = cast.actor_key("exchange")
    for number in range(-(-horizon // width)):
        until = min((number + 1) * width, horizon)
        tasks: list[Columns] = []
        for shard in shards:
            for block in shard.advance(until):
                _spread(block.rows, width, pending)
                tasks.append(block.tasks)
        rows = concat(pending.pop(number, []))
        yield Window(until, _ordered(rows, exchange_keys, cast.actor_of_account), concat(tasks))


def _window_width_us(made: list[Workload], horizon_us: int) -> int:
    rows_per_us = sum(workload.rows_per_us for workload in made)
    return min(max(round(_WINDOW_ROWS / rows_per_us), _SHORTEST_WINDOW_US), horizon_us)


def _spread(rows: Columns, width: int, pending: defaultdict[int, list[Columns]]) -> None:
    """File each row of a block under its window."""
    if not length(rows):
        return
    number = rows["ts"] // width
    first = int(number.min())
    # few windows, so that the sort is a radix sort of small numbers
    ahead = (number - first).astype(np.uint16)
    order = np.argsort(ahead, kind="stable")
    edges = np.cumsum(np.bincount(ahead)).tolist()
    for k, (low, high) in enumerate(zip([0, *edges], edges, strict=False)):
        if low < high:
            pending[first + k].append(take(rows, order[low:high]))


def _ordered(rows: Columns, keys: U64, actor_of_account: Ints) -> Columns:
    if not length(rows):
        return {}
    rows["actor"] = actor_of_account[rows["account"]].astype(np.int16)
    rows["id"] = opaque_ids(keys[rows["actor"]], rows["serial"])
    return take(rows, time_order(rows["ts"], rows["id"]))


def time_order(ts: Ints, ids: U64) -> Ints:
    """Return the order by time; rows of one microsecond by identifier, that is, at random."""
    order = np.argsort(ts)
    ordered = ts[order]
    tied = np.flatnonzero(ordered[1:] == ordered[:-1])
    if tied.size:
        places = np.union1d(tied, tied + 1)
        rows = order[places]
        order[places] = rows[np.lexsort((ids[rows], ts[rows]))]
    return order
