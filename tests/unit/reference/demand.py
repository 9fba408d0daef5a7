"""How much an actor asks for, of what its tier allows: found by letting it work without limits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.columns import Columns, concat
from sim.catalog import limits_of
from sim.engine.shards import workloads
from sim.population.population import Population, build_population
from sim.scenario.resolved import Scenario
from tests.support.reference import rows_and_tasks

_MINUTE_US = 60_000_000
_SHORTEST_US = 10 * _MINUTE_US


class Demand(NamedTuple):
    """Attempts in the log, and the load of the busiest organisation as a share of its limit.

    The load is per minute of the time in which the actor sends, for the kind of limit (requests,
    input, output) and the class of model for which it is the largest share.
    """

    attempts: int
    share: float


def demand_of(scenario: Scenario) -> Demand:
    """The demand of the one actor of `scenario`, as if it were never refused by a limit."""
    [actor] = scenario.actors
    free = scenario.model_copy(update={"actors": (actor.model_copy(update={"tier": "none"}),)})
    population = build_population(free)
    sent = [rows_and_tasks(workload)[0] for workload in workloads(population)]
    rows = concat([part for part in sent if part])
    if not rows or not len(rows["ts"]):
        return Demand(0, 0.0)
    sends_us = max(_SHORTEST_US, int(np.ptp(rows["ts"])))
    return Demand(len(rows["ts"]), _busiest(rows, population, scenario) * _MINUTE_US / sends_us)


def _busiest(rows: Columns, population: Population, scenario: Scenario) -> float:
    """The largest sum of what an organisation asks for, in minutes of its limit."""
    [actor] = scenario.actors
    limits = limits_of(actor.tier, scenario.world.limits.as_of)
    organisation = population.accounts.organisation[rows["account"]]
    kind = population.models.class_of[rows["model"]]
    inputs = rows["uncached"] + rows["write_5m"] + rows["write_1h"]
    asks = (np.ones(len(inputs)), inputs, rows["output"])
    shares = [0.0]
    for number, name in enumerate(population.models.classes):
        limit = limits.get(name)
        mine = (kind == number) & ~rows["batch"]
        if limit is None or not mine.any():
            continue
        per_minute = limit.requests_per_min, limit.input_tokens_per_min, limit.output_tokens_per_min
        for asked, allowed in zip(asks, per_minute, strict=True):
            sums = np.bincount(organisation[mine], asked[mine])
            shares.append(float(sums.max()) / allowed)
    return max(shares)
