"""Count what a run achieves while it goes, and hold it against what was asked for."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields, replace
from typing import Any

import numpy as np

from sim.actors.arrivals.rates import expected_exchanges
from sim.actors.queue.teams import target_of, teams_of
from sim.actors.workload import Block
from sim.arrays.columns import length
from sim.output.account_usage import Usage
from sim.population.population import Population
from sim.tables.schema import TRUTH_ACTORS, arrow_schema
from sim.tables.words import BARRED, FINISHED, GIVEN_UP


@dataclass(frozen=True)
class ActorSummary:
    """Achieved beside requested. `unit` is what was asked for: `answered exchanges` (C2) of a
    pool, `tasks` of a benchmark, or `expected exchanges` of a population, which has a rate and no
    target. Work that was in progress when the log opened does not count as achieved, nor does it
    in `requested_given_up` and `requested_cut_off`, the tasks of a target that were not finished.
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
        """What is missing from a target; a rate cannot be missed."""
        return 0 if self.unit.startswith("expected") else max(0, self.requested - self.achieved)

    @property
    def overshoot(self) -> int:
        """What was done beyond a target."""
        return 0 if self.unit.startswith("expected") else max(0, self.achieved - self.requested)

    @property
    def requested_not_begun(self) -> int | None:
        """Tasks of a target that nobody took up; None unless the target is a number of tasks."""
        if self.unit != "tasks":
            return None
        return self.shortfall - self.requested_given_up - self.requested_cut_off


@dataclass(frozen=True)
class ShardTally:
    """What a shard did: exchanges and tasks in the log, and what became of what was asked for.

    `active_accounts` have at least one attempt in the log. Tallies of shards add up.
    """

    exchanges: int
    tasks: int
    finished: int
    given_up: int
    barred: int
    asked: int
    asked_finished: int
    asked_given_up: int
    asked_answered: int
    active_accounts: int

    @classmethod
    def nothing(cls) -> ShardTally:
        return cls(*(0 for _ in fields(cls)))

    def __add__(self, other: ShardTally) -> ShardTally:
        return ShardTally(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def with_block(self, block: Block) -> ShardTally:
        """Add the rows of a block."""
        rows, tasks = block.rows, block.tasks
        total = self
        if length(rows):
            total = replace(total, exchanges=total.exchanges + length(rows))
        if length(tasks):
            finished, given_up = tasks["state"] == FINISHED, tasks["state"] == GIVEN_UP
            asked = tasks["round"] >= 0
            barred = int(np.count_nonzero(tasks["state"] == BARRED))
            counted = (asked, finished, given_up, asked & finished, asked & given_up)
            asked_n, finished_n, given_up_n, asked_finished, asked_given_up = (
                int(np.count_nonzero(flags)) for flags in counted
            )
            total += ShardTally(
                exchanges=0,
                tasks=length(tasks),
                finished=finished_n,
                given_up=given_up_n,
                barred=barred,
                asked=asked_n,
                asked_finished=asked_finished,
                asked_given_up=asked_given_up,
                asked_answered=int(tasks["answered"][asked].sum()),
                active_accounts=0,
            )
        return total

    def with_usage(self, usage: Usage) -> ShardTally:
        return replace(self, active_accounts=len(usage))


class Tally:
    """What the actors of a cast did, added up over their shards."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._of_actor = [ShardTally.nothing() for _ in population.contexts]

    def of_actor(self, actor: int) -> ShardTally:
        return self._of_actor[actor]

    def add(self, actor: int, tally: ShardTally) -> None:
        self._of_actor[actor] += tally

    @property
    def exchanges(self) -> int:
        return sum(tally.exchanges for tally in self._of_actor)

    def summaries(self) -> tuple[ActorSummary, ...]:
        return tuple(self._summary(k) for k in range(len(self._of_actor)))

    def _summary(self, k: int) -> ActorSummary:
        context, tally = self._population.contexts[k], self._of_actor[k]
        actor = context.actor
        if context.queue_slots < actor.accounts:
            expected = expected_exchanges(context, range(context.queue_slots, actor.accounts))
            expected += sum(team.calls for team in teams_of(context, range(context.queue_slots)))
            unit, requested = "expected exchanges", round(expected)
            achieved = tally.exchanges
        elif actor.source == "benchmark":
            unit, requested = "tasks", actor.runs * actor.items
            achieved = tally.asked_finished
        else:
            # without a target, what the accounts would send at their rate
            unit, requested = (
                "answered exchanges",
                actor.target_exchanges or target_of(context) or 0,
            )
            achieved = tally.asked_answered
        return ActorSummary(
            actor=actor.id,
            typology=actor.typology,
            unit=unit,
            requested=requested,
            achieved=achieved,
            exchanges_in_log=tally.exchanges,
            tasks_in_log=tally.tasks,
            tasks_finished=tally.finished,
            tasks_given_up=tally.given_up,
            tasks_cut_off=tally.tasks - tally.finished - tally.given_up - tally.barred,
            tasks_barred=tally.barred,
            accounts_banned=context.outcome.banned,
            replacements=context.outcome.replacements,
            requested_given_up=tally.asked_given_up,
            requested_cut_off=tally.asked - tally.asked_finished - tally.asked_given_up,
        )

    def actors(self) -> Any:
        """The table `truth/actors`."""
        import pandas as pd
        import pyarrow as pa

        frame = pd.DataFrame([vars(s) for s in self.summaries()])
        frame = frame.rename(columns={"actor": "actor_id", "typology": "typology_id"})
        schema = arrow_schema(TRUTH_ACTORS)
        return pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
