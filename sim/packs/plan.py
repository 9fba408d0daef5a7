"""What a pack would take, from what its simulations would take."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sim.engine.plan import plan_run
from sim.packs.recipe import Recipe
from sim.packs.simulations import with_seeds


@dataclass(frozen=True)
class PackPlan:
    """What the simulations of a pack are expected to take; counts are C1.

    Attributes
    ----------
    simulations
        How many there are.
    exchanges
        Attempts in the merged log.
    disk_bytes
        What the logs and truths hold; features, labels and splits come to them.
    memory_bytes
        What each of `workers` processes needs to simulate.
    seconds
        How long simulating takes on this machine; merging, features and audits come to it.
    workers
        How many processes.
    """

    simulations: int
    exchanges: int
    disk_bytes: int
    memory_bytes: int
    seconds: float
    workers: int


def plan_pack(recipe: Recipe, count: int | None = None) -> PackPlan:
    """Try out a few shards of each scenario of a recipe, and conclude from them to all seeds.

    Parameters
    ----------
    recipe
        What would be made.
    count
        Number of processes; None for one a core where that is worthwhile.

    Raises
    ------
    InvalidInputError
        If the memory of this machine is too small for a simulation.
    """
    scenarios = {
        with_seeds(each, 0, each.world.seed).model_dump_json(): each for each in recipe.scenarios
    }
    copies = Counter(
        with_seeds(each, 0, each.world.seed).model_dump_json() for each in recipe.scenarios
    )
    plans = [(plan_run(each, count), copies[key]) for key, each in scenarios.items()]
    return PackPlan(
        simulations=len(recipe.scenarios),
        exchanges=sum(plan.exchanges * times for plan, times in plans),
        disk_bytes=sum(plan.disk_bytes * times for plan, times in plans),
        memory_bytes=max(plan.memory_bytes for plan, _ in plans),
        seconds=sum(plan.seconds * times for plan, times in plans),
        workers=max(plan.workers for plan, _ in plans),
    )
