"""Count what a run achieves while it goes, and hold it against what was asked for."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.actors.volume import expected_exchanges
from sim.actors.workload import Block
from sim.engine.cast import Cast
from sim.engine.people import campaign_uids
from sim.scaffold.rows import FINISHED, GIVEN_UP
from sim.tables.columns import length
from sim.tables.schema import TRUTH_ACTORS, TRUTH_CAMPAIGNS, arrow_schema

Bools = NDArray[np.bool_]


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
    requested_given_up: int
    requested_cut_off: int

    @property
    def shortfall(self) -> int:
        """What is missing from a target; a rate cannot be missed."""
        return 0 if self.unit.startswith("expected") else max(0, self.requested - self.achieved)

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

    def with_block(self, block: Block, active: Bools) -> ShardTally:
        """Add the rows of a block, and mark its accounts in `active`."""
        rows, tasks = block.rows, block.tasks
        total = self
        if length(rows):
            active[rows["account"]] = True
            total = replace(total, exchanges=total.exchanges + length(rows))
        if length(tasks):
            finished, given_up = tasks["state"] == FINISHED, tasks["state"] == GIVEN_UP
            asked = tasks["round"] >= 0
            counted = (asked, finished, given_up, asked & finished, asked & given_up)
            asked_n, finished_n, given_up_n, asked_finished, asked_given_up = (
                int(np.count_nonzero(flags)) for flags in counted
            )
            total += ShardTally(
                exchanges=0,
                tasks=length(tasks),
                finished=finished_n,
                given_up=given_up_n,
                asked=asked_n,
                asked_finished=asked_finished,
                asked_given_up=asked_given_up,
                asked_answered=int(tasks["answered"][asked].sum()),
                active_accounts=0,
            )
        return total

    def with_active(self, active: Bools) -> ShardTally:
        return replace(self, active_accounts=int(np.count_nonzero(active)))


class Tally:
    """What the actors of a cast did, added up over their shards."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._of_actor = [ShardTally.nothing() for _ in cast.stages]

    def add(self, actor: int, tally: ShardTally) -> None:
        self._of_actor[actor] += tally

    @property
    def exchanges(self) -> int:
        return sum(tally.exchanges for tally in self._of_actor)

    def summaries(self) -> tuple[ActorSummary, ...]:
        return tuple(self._summary(k) for k in range(len(self._of_actor)))

    def _summary(self, k: int) -> ActorSummary:
        stage, tally = self._cast.stages[k], self._of_actor[k]
        actor = stage.actor
        if actor.arrival == "sessions":
            unit, requested = "expected exchanges", round(expected_exchanges(stage))
            achieved = tally.exchanges
        elif actor.source == "benchmark":
            unit, requested = "tasks", actor.runs * actor.items
            achieved = tally.asked_finished
        else:
            unit, requested = "answered exchanges", int(actor.target_exchanges or 0)
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
            tasks_cut_off=tally.tasks - tally.finished - tally.given_up,
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

    def campaigns(self) -> Any:
        """The table `truth/campaigns`: one row per operator's coordinated work."""
        import pandas as pd
        import pyarrow as pa

        cast = self._cast
        campaign, operator = campaign_uids(cast)
        opening = pd.Timestamp(cast.scenario.clock.start)
        rows = []
        for k, (stage, summary) in enumerate(zip(cast.stages, self.summaries(), strict=True)):
            if cast.typology_of_actor()[k].coordination != "campaign":
                continue
            starts = pd.Timedelta(stage.actor.starts_us or 0, "us")
            rows.append(
                {
                    "campaign_uid": campaign[k],
                    "operator_uid": operator[k],
                    "actor_id": summary.actor,
                    "typology_id": summary.typology,
                    "accounts": stage.actor.accounts,
                    "accounts_in_log": self._of_actor[k].active_accounts,
                    "requested_exchanges": summary.requested,
                    "achieved_exchanges": summary.achieved,
                    "starts_at": opening + starts,
                }
            )
        schema = arrow_schema(TRUTH_CAMPAIGNS)
        columns = {name: [row[name] for row in rows] for name in schema.names}
        return pa.table({k: pa.array(v, schema.field(k).type) for k, v in columns.items()}, schema)
