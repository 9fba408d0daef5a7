"""INV-5: what is read from the prompt cache was left there, and is alive."""

from __future__ import annotations

import numpy as np

from sim.arrays.columns import Columns, concat, take
from sim.arrays.time import SECOND_US
from sim.arrays.types import Bools, Ints
from sim.catalog import agents, modes
from sim.invariants.check import Check
from sim.invariants.grouping import latest, numbered
from sim.invariants.run_index import LIFETIME_1H_US, RunIndex
from sim.invariants.verdict import Rule, first_breach
from sim.scenario.resolved import Actor
from sim.world.attempts import OK

_WANTED = (
    "id",
    "file",
    "row",
    "start",
    "status",
    "account",
    "model",
    "template",
    "task",
    "actor",
    "first",
    "total",
    "read",
    "write_5m",
    "write_1h",
)


class Cache(Check):
    """A read is what an earlier answered attempt left within the lifetime, or the static prefix.

    What an answered attempt leaves is what it read and wrote. With truth, a call that follows
    an answered one of its task reads what that one left, and nothing longer of others. Sub-agents,
    and the call after them, read the static prefix.
    """

    id, name = "INV-5", "cache"

    def __init__(self, index: RunIndex) -> None:
        super().__init__(index)
        self._kept: Columns = {}
        self._static = _static_prefixes(index)
        actors = index.scenario.actors
        self._queues = np.array([*(_has_sessions_of_one_task(index, a) for a in actors), False])
        notes = [] if index.full else ["the core profile has no template"]
        if not index.truth:
            notes.append("reads are held against the account, not the task")
        self.note = "; ".join(notes)

    def see(self, rows: Columns) -> None:
        mine = {name: rows[name] for name in _WANTED if name in rows}
        mine["old"] = np.zeros(len(mine["id"]), np.bool_)
        both = concat([self._kept, mine]) if self._kept else mine
        both["left"] = both["read"] + both["write_5m"] + both["write_1h"]
        self.breach = first_breach(both, self.index.files, self._rules(both))
        self._keep(both)

    def _keep(self, rows: Columns) -> None:
        """Keep what later rows can still read: an hour of what left something."""
        del rows["left"]
        if not len(rows["start"]):
            return
        alive = rows["start"] >= rows["start"][-1] - LIFETIME_1H_US
        alive &= rows["status"] == OK
        self._kept = take(rows, alive)
        self._kept["old"][:] = True

    def _rules(self, rows: Columns) -> list[Rule]:
        total, left, fresh = rows["total"], rows["left"], ~rows["old"]
        least = np.append(self.index.models.min_cacheable_tokens, 0)[rows["model"]]
        own, own_left, static, unseen = self._sources(rows)
        reads = fresh & (rows["status"] == OK) & (rows["read"] > 0)
        return [
            Rule(
                fresh & (left > 0) & (total < least),
                lambda i: f"{left[i]} tokens cached of {total[i]}",
                lambda i: f"0 of an input shorter than {least[i]}, the model's minimum",
            ),
            Rule(
                fresh & (rows["write_5m"] > 0) & (rows["write_1h"] > 0),
                lambda i: (
                    f"writes of {rows['write_5m'][i]} for 5 min and {rows['write_1h'][i]} for 1 h"
                ),
                lambda _: "one lifetime in a request",
            ),
            Rule(
                reads & ~own & ~static & ~unseen,
                lambda i: f"cache_read_tokens {rows['read'][i]}",
                lambda i: self._allowed(rows, i, int(own_left[i])),
            ),
        ]

    def _allowed(self, rows: Columns, i: int, own_left: int) -> str:
        lifetime_s = self.index.lifetime_us[rows["account"][i]] // SECOND_US
        own = f"{own_left}, what the call before it left; " if own_left > 0 else ""
        return (
            f"{own}what an answered attempt left, or the static prefix of one of its template, "
            f"within {lifetime_s} s before"
        )

    def _sources(self, rows: Columns) -> tuple[Bools, Ints, Bools, Bools]:
        """(reads what its own left, how much that is, reads a static prefix, cannot be told)."""
        start, read, left = rows["start"], rows["read"], rows["left"]
        lifetime = self.index.lifetime_us[rows["account"]]
        source = (rows["status"] == OK) & (left > 0)
        own = _alive(start, lifetime, self._same_left(rows, source))
        unseen = start - lifetime < self.index.opens_us
        own_left = np.zeros(len(start), np.int64)
        if self.index.truth:
            before = self._before_in_task(rows)
            known = before >= 0
            own_left[known] = left[before[known]]
            exact = _alive(start, lifetime, before) & (read == own_left)
            # a task that is not there counts as begun before the log
            started = np.append(self.index.tasks["start"], self.index.opens_us - 1)[rows["task"]]
            begun = started >= self.index.opens_us
            of_queue = rows["first"] & (before < 0) & begun & self._queues[rows["actor"]]
            own = np.where(known, exact, own & ~of_queue)
            own_left[~_alive(start, lifetime, before)] = 0
            unseen &= ~known & ~of_queue
        org = self.index.accounts["org"][rows["account"]]
        prefix = [org, rows["model"]] + ([rows["template"]] if self.index.full else [])
        touched = latest(numbered(*prefix), start, source)
        beginning = start - lifetime < self.index.opens_us
        static = self._is_static(rows) & (_alive(start, lifetime, touched) | beginning)
        return own, own_left, static, unseen

    def _same_left(self, rows: Columns, source: Bools) -> Ints:
        """The last earlier attempt of account and model that left just what a row reads."""
        left, read, count = rows["left"], rows["read"], len(rows["read"])
        group = numbered(
            np.tile(rows["account"], 2), np.tile(rows["model"], 2), np.concatenate([left, read])
        )
        # every row once as one that leaves and once as one that reads; no row is its own source,
        # as one that writes nothing of its own would be
        at = np.tile(rows["start"], 2)
        number = np.concatenate([source, np.zeros(count, np.bool_)])
        found = latest(group, at, number)[count:]
        itself = found == np.arange(count)
        if itself.any():
            found[itself] = latest(group[:count], rows["start"], source)[itself]
        return found

    def _before_in_task(self, rows: Columns) -> Ints:
        """The last answered attempt before each row in its task."""
        answered = rows["status"] == OK
        at = np.arange(len(answered))
        return np.where(rows["task"] >= 0, latest(rows["task"], at, answered), -1)

    def _is_static(self, rows: Columns) -> Bools:
        """Whether a read has the size of a static prefix, or of all that such a short input has."""
        actor = rows["actor"] if self.index.truth else np.full(len(rows["read"]), -1)
        result = np.zeros(len(actor), np.bool_)
        for number, sizes in enumerate([*self._static[:-1], self._static[-1]]):
            mine = actor == (number if number < len(self._static) - 1 else -1)
            size = np.isin(rows["read"], sizes)
            size |= (rows["read"] == rows["left"]) & (rows["read"] < max(sizes))
            result |= mine & size
        return result


def _static_prefixes(index: RunIndex) -> list[list[int]]:
    """The static prefixes of each actor's agents, and last those of all of them.

    Accounts that follow a mode use the agents of that.
    """
    made = []
    for actor in index.scenario.actors:
        names = set(actor.agents)
        if index.scenario.separability < 1:
            names |= {name for mode in actor.modes for name in modes()[mode].parameters["agents"]}
        made.append(sorted(agents()[name].static_prefix_tokens for name in names))
    return [*made, sorted({size for sizes in made for size in sizes})]


def _has_sessions_of_one_task(index: RunIndex, actor: Actor) -> bool:
    """Whether nobody of an actor goes on with the context of another task, as in sessions."""
    return actor.arrival == "queue" and index.scenario.separability == 1


def _alive(start: Ints, lifetime: Ints, source: Ints) -> Bools:
    alive: Bools = (source >= 0) & (start - start[source] <= lifetime)
    return alive
