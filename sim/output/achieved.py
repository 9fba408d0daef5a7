"""Count what a run achieves while it goes, and hold it against what was asked for."""

from __future__ import annotations

import importlib.metadata
import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.actors.arrivals.rates import expected_exchanges
from sim.actors.context import ActorContext
from sim.actors.queue.teams import target_of, teams_of
from sim.actors.workload import Block
from sim.arrays.types import Bools
from sim.output.account_usage import Usage
from sim.population.population import Population
from sim.tables.arrow import table, words
from sim.tables.schema import TRUTH_ACTORS
from sim.tables.words import BARRED, FINISHED, GIVEN_UP


@dataclass(frozen=True)
class ActorSummary:
    """What an actor achieved, beside what was requested of it.

    `unit` is what was asked for: `answered exchanges` (C2) of a pool, `tasks` of a benchmark, or
    `expected exchanges` of a population, which has a rate and no target. Work that was in progress
    when the log opened does not count as achieved, nor does it in `requested_given_up` and
    `requested_cut_off`, the tasks of a target that were not finished.

    Attributes
    ----------
    actor, typology
        The id of each.
    unit
        In what `requested` and `achieved` are counted.
    requested, achieved
        What the scenario asks for, and how much of it was done. Of a population both are exchanges:
        those expected at its rate, and those in the log.
    exchanges_in_log
        Attempts in the log (C1).
    tasks_in_log
        Tasks with an attempt in the log (C6): the sum of the four that follow.
    tasks_finished, tasks_given_up, tasks_cut_off, tasks_barred
        How they ended; cut off are those that go on when the log ends.
    accounts_banned, replacements
        Bans within the log, reversed ones included, and accounts that took over slots.
    requested_given_up, requested_cut_off
        Of the tasks that were asked for, those that ended so; barred ones count as cut off here.
    """

    actor: str
    typology: str
    unit: str
    requested: int
    achieved: int
    exchanges_in_log: int
    tasks_in_log: int
    tasks_finished: int
    tasks_given_up: int
    tasks_cut_off: int
    tasks_barred: int
    accounts_banned: int
    replacements: int
    requested_given_up: int
    requested_cut_off: int

    @property
    def shortfall(self) -> int:
        """How much is missing from a target, in its unit; a rate cannot be missed."""
        return 0 if self.unit.startswith("expected") else max(0, self.requested - self.achieved)

    @property
    def overshoot(self) -> int:
        """How much was done beyond a target, in its unit."""
        return 0 if self.unit.startswith("expected") else max(0, self.achieved - self.requested)

    @property
    def requested_not_begun(self) -> int | None:
        """Tasks of a target that nobody took up; None unless the target is a number of tasks."""
        if self.unit != "tasks":
            return None
        return self.shortfall - self.requested_given_up - self.requested_cut_off


@dataclass(frozen=True)
class ShardTally:
    """What a shard did, in the log: tallies of shards add up.

    Attributes
    ----------
    exchanges
        Attempts (C1).
    tasks, finished, given_up, barred
        Tasks with an attempt in the log, and how many of them ended so.
    asked, asked_finished, asked_given_up
        The same of the tasks that the scenario asked for, without those that were in progress when
        the log opened.
    asked_answered
        Answered exchanges (C2) of the tasks that were asked for.
    active_accounts
        Accounts with at least one attempt. It is set once, for a whole shard: blocks of one shard
        share accounts.
    """

    exchanges: int = 0
    tasks: int = 0
    finished: int = 0
    given_up: int = 0
    barred: int = 0
    asked: int = 0
    asked_finished: int = 0
    asked_given_up: int = 0
    asked_answered: int = 0
    active_accounts: int = 0

    def __add__(self, other: ShardTally) -> ShardTally:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return ShardTally(*(a + b for a, b in pairs))

    def with_block(self, block: Block) -> ShardTally:
        """Return the tally with the rows of a block added."""
        tally = replace(self, exchanges=self.exchanges + len(block.rows))
        if not len(block.tasks):
            return tally

        tasks = block.tasks
        state, asked = tasks["state"], tasks["round"] >= 0
        return tally + ShardTally(
            tasks=len(tasks),
            finished=_count(state == FINISHED),
            given_up=_count(state == GIVEN_UP),
            barred=_count(state == BARRED),
            asked=_count(asked),
            asked_finished=_count(asked & (state == FINISHED)),
            asked_given_up=_count(asked & (state == GIVEN_UP)),
            asked_answered=int(tasks["answered"][asked].sum()),
        )

    def with_usage(self, usage: Usage) -> ShardTally:
        """Return the tally with the accounts of a whole shard counted."""
        return replace(self, active_accounts=len(usage))


def _count(flags: Bools) -> int:
    """Return how many flags are set."""
    return int(np.count_nonzero(flags))


class Tally:
    """What the actors of a population did, added up over their shards."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._by_actor = [ShardTally() for _ in population.contexts]

    def of_actor(self, actor: int) -> ShardTally:
        """Return the sums of one actor, given by number."""
        return self._by_actor[actor]

    def add(self, actor: int, tally: ShardTally) -> None:
        """Add a shard of an actor, given by number."""
        self._by_actor[actor] += tally

    @property
    def exchanges(self) -> int:
        """Attempts of all actors in the log (C1)."""
        return sum(tally.exchanges for tally in self._by_actor)

    def summaries(self) -> tuple[ActorSummary, ...]:
        """Return what each actor achieved beside what was requested, in their order."""
        return tuple(self._summary(k) for k in range(len(self._by_actor)))

    def _summary(self, number: int) -> ActorSummary:
        """Return what one actor achieved; bans and replacements are those of its outcome."""
        context, tally = self._population.contexts[number], self._by_actor[number]
        unit, requested, achieved = _target(context, tally)
        return ActorSummary(
            actor=context.actor.id,
            typology=context.actor.typology,
            unit=unit,
            requested=requested,
            achieved=achieved,
            # what is in the log
            exchanges_in_log=tally.exchanges,
            tasks_in_log=tally.tasks,
            tasks_finished=tally.finished,
            tasks_given_up=tally.given_up,
            tasks_cut_off=tally.tasks - tally.finished - tally.given_up - tally.barred,
            tasks_barred=tally.barred,
            accounts_banned=context.outcome.banned,
            replacements=context.outcome.replacements,
            # what became of the tasks that were asked for
            requested_given_up=tally.asked_given_up,
            requested_cut_off=tally.asked - tally.asked_finished - tally.asked_given_up,
        )

    def table(self) -> Any:
        """Return the table `truth/actors`, a row for each actor in the order of the scenario."""
        summaries = self.summaries()
        renamed = {"actor_id": "actor", "typology_id": "typology"}
        columns: dict[str, Any] = {}
        for name, kind in TRUTH_ACTORS.items():
            values = [getattr(summary, renamed.get(name, name)) for summary in summaries]
            is_word = kind == "word"
            columns[name] = words(np.arange(len(values)), values) if is_word else np.array(values)
        return with_pandas_note(table(TRUTH_ACTORS, columns))


def _target(context: ActorContext, tally: ShardTally) -> tuple[str, int, int]:
    """Return the unit in which an actor is measured, and how many were requested and achieved.

    Where some accounts send in sessions, the whole actor is measured by the exchanges that are
    expected of its rates and queues.
    """
    actor = context.actor
    if context.queue_slots < actor.accounts:
        # those in sessions are expected to send at their rate, those of a queue to work it off
        expected = expected_exchanges(context, range(context.queue_slots, actor.accounts))
        expected += sum(team.calls for team in teams_of(context, range(context.queue_slots)))
        return "expected exchanges", round(expected), tally.exchanges
    if actor.source == "benchmark":
        return "tasks", actor.runs * actor.items, tally.asked_finished

    # without a target, what the accounts would send at their rate
    target = actor.target_exchanges or target_of(context) or 0
    return "answered exchanges", target, tally.asked_answered


def with_pandas_note(table: Any) -> Any:
    """Return a table with the note that pyarrow leaves in what it makes of a data frame.

    `truth/actors` was made of one in the first version, and its bytes have this note ever since.
    """
    import pyarrow as pa

    version = importlib.metadata.version("pandas")
    text_type = "object" if int(version.partition(".")[0]) < 3 else "str"
    columns = []
    for field in table.schema:
        is_word = pa.types.is_dictionary(field.type)
        columns.append(
            {
                "name": field.name,
                "field_name": field.name,
                "pandas_type": "categorical" if is_word else str(field.type),
                "numpy_type": text_type if is_word else str(field.type),
                "metadata": None,
            }
        )

    note = {
        "index_columns": [],
        "column_indexes": [],
        "columns": columns,
        "attributes": {},
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": version,
    }
    return table.replace_schema_metadata({"pandas": json.dumps(note)})
