"""Count what a run achieves while it goes, and hold it against what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.actors.volume import expected_exchanges
from sim.engine.cast import Cast
from sim.engine.people import campaign_uids
from sim.scaffold.rows import FINISHED, GIVEN_UP
from sim.tables.columns import Columns
from sim.tables.schema import TRUTH_ACTORS, TRUTH_CAMPAIGNS, arrow_schema


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


class Tally:
    """Running totals per actor and per account; memory grows with accounts, not exchanges."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        actors = len(cast.stages)
        self.exchanges = 0
        self._exchanges = np.zeros(actors, np.int64)
        self._tasks = np.zeros(actors, np.int64)
        self._finished = np.zeros(actors, np.int64)
        self._given_up = np.zeros(actors, np.int64)
        self._asked = np.zeros(actors, np.int64)
        self._asked_finished = np.zeros(actors, np.int64)
        self._asked_given_up = np.zeros(actors, np.int64)
        self._asked_answered = np.zeros(actors, np.int64)
        self._active = np.zeros(len(cast.actor_of_account), np.bool_)

    def count_rows(self, rows: Columns) -> None:
        self.exchanges += len(rows["ts"])
        self._exchanges += np.bincount(rows["actor"], minlength=len(self._exchanges))
        self._active[rows["account"]] = True

    def count_tasks(self, tasks: Columns) -> None:
        actor = self._cast.actor_of_account[tasks["account"]]
        finished = tasks["state"] == FINISHED
        size = len(self._tasks)
        self._tasks += np.bincount(actor, minlength=size)
        self._finished += np.bincount(actor[finished], minlength=size)
        given_up = tasks["state"] == GIVEN_UP
        self._given_up += np.bincount(actor[given_up], minlength=size)
        asked = tasks["round"] >= 0
        self._asked += np.bincount(actor[asked], minlength=size)
        self._asked_given_up += np.bincount(actor[asked & given_up], minlength=size)
        self._asked_finished += np.bincount(actor[asked & finished], minlength=size)
        answered = np.bincount(actor[asked], tasks["answered"][asked], minlength=size)
        self._asked_answered += answered.astype(np.int64)

    def summaries(self) -> tuple[ActorSummary, ...]:
        return tuple(self._summary(k) for k in range(len(self._tasks)))

    def _summary(self, k: int) -> ActorSummary:
        stage = self._cast.stages[k]
        actor = stage.actor
        achieved = int(self._exchanges[k])
        if actor.arrival == "sessions":
            unit, requested = "expected exchanges", round(expected_exchanges(stage))
        elif actor.source == "benchmark":
            unit, requested = "tasks", actor.runs * actor.items
            achieved = int(self._asked_finished[k])
        else:
            unit, requested = "answered exchanges", int(actor.target_exchanges or 0)
            achieved = int(self._asked_answered[k])
        return ActorSummary(
            actor=actor.id,
            typology=actor.typology,
            unit=unit,
            requested=requested,
            achieved=achieved,
            exchanges_in_log=int(self._exchanges[k]),
            tasks_in_log=int(self._tasks[k]),
            tasks_finished=int(self._finished[k]),
            tasks_given_up=int(self._given_up[k]),
            tasks_cut_off=int(self._tasks[k] - self._finished[k] - self._given_up[k]),
            requested_given_up=int(self._asked_given_up[k]),
            requested_cut_off=int(
                self._asked[k] - self._asked_finished[k] - self._asked_given_up[k]
            ),
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
        active = np.bincount(cast.actor_of_account[self._active], minlength=len(cast.stages))
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
                    "accounts_in_log": active[k],
                    "requested_exchanges": summary.requested,
                    "achieved_exchanges": summary.achieved,
                    "starts_at": opening + starts,
                }
            )
        schema = arrow_schema(TRUTH_CAMPAIGNS)
        columns = {name: [row[name] for row in rows] for name in schema.names}
        return pa.table({k: pa.array(v, schema.field(k).type) for k, v in columns.items()}, schema)
