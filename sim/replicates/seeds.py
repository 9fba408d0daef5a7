"""Count a scenario under many seeds, on any executor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sim.engine.executors import Workers, in_process, map_unordered
from sim.errors import InvalidInputError
from sim.replicates.counts import Counted, count_replicate
from sim.replicates.summary import Replicates
from sim.scenario.resolved import Scenario
from sim.streams import Streams

if TYPE_CHECKING:
    pass

MOST_REPLICATES = 1_000_000


def seed_of(seed: int, number: int) -> int:
    """Return the seed of replicate `number` of a scenario with this seed, in [0, 2^63)."""
    return Streams(seed).key("replicate", number) >> 1


def replicate(
    scenario: Scenario,
    replicates: int | Sequence[int],
    *,
    seed: int | None = None,
    workers: Workers | None = None,
    observe: Callable[[int, int], None] | None = None,
) -> Replicates:
    """Count a scenario under several seeds, without writing rows.

    Replicate k of a scenario is the same alone and among others, and what a run with its seed
    would count.

    Parameters
    ----------
    scenario
        What is simulated, whatever its own seed.
    replicates
        How many (1 to `MOST_REPLICATES`), numbered from 0 on, or the numbers themselves.
    seed
        What the seeds of the replicates are derived from; the scenario's if left out.
    workers
        Who carries the replicates out, each alone; this process if left out.
    observe
        Called with the replicates done and their number after each.

    Raises
    ------
    InvalidInputError
        If `replicates` is out of range, or the memory of this machine too small.
    """
    numbers = range(replicates) if isinstance(replicates, int) else replicates
    if not numbers or min(numbers) < 0 or len(numbers) > MOST_REPLICATES:
        raise InvalidInputError(
            f"replicates: found {replicates}; give 1 to {MOST_REPLICATES:,}, or numbers from 0 on"
        )
    base = scenario.seed if seed is None else seed
    calls = [
        (scenario.model_copy(update={"seed": seed_of(base, number)}), number) for number in numbers
    ]
    counted: dict[int, Counted] = {}
    with in_process() as here:
        for each in map_unordered(workers or here, count_replicate, calls):
            counted[each.number] = each
            if observe is not None:
                observe(len(counted), len(calls))

    actors = tuple(actor.id for actor in scenario.actors)
    return Replicates(scenario.name, actors, tuple(counted[k] for k in sorted(counted)))
