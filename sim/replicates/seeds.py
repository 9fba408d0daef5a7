"""Count a scenario under many seeds, on any executor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.engine.executors import Workers, in_process, map_unordered
from sim.errors import InvalidInputError
from sim.replicates.counts import Counted, count_replicate
from sim.scenario.resolved import Scenario
from sim.streams import Streams
from sim.tables.conventions import CONVENTIONS

if TYPE_CHECKING:
    import pandas as pd

TOTAL = "total"
MOST_REPLICATES = 1_000_000


@dataclass(frozen=True, repr=False)
class Replicates:
    """The counts of a scenario under several seeds, in order of their numbers."""

    name: str
    actors: tuple[str, ...]
    counted: tuple[Counted, ...]

    def __repr__(self) -> str:
        number = len(self.counted)
        actors = ", ".join(self.actors)
        return f"<Replicates of {self.name}: {number} replicate{'s' * (number != 1)} of {actors}>"

    def estimates(self, confidence: float = 0.95) -> pd.DataFrame:
        """Return means with their confidence intervals, a row for each number of each actor.

        Parameters
        ----------
        confidence
            Level of the intervals, within (0, 1).

        Returns
        -------
        pandas.DataFrame
            The fields of `Estimate` as columns.
        """
        import pandas as pd

        from sim.replicates.summary import estimates

        return pd.DataFrame(estimates(self, confidence))

    def differences(self, other: Replicates, confidence: float = 0.95) -> pd.DataFrame:
        """Return the paired differences `other - self` of counts, a row for each actor's count.

        Parameters
        ----------
        other
            Replicates of the same numbers and seeds.
        confidence
            Level of the intervals, within (0, 1).

        Returns
        -------
        pandas.DataFrame
            The fields of `Difference` as columns.

        Raises
        ------
        InvalidInputError
            If the seeds differ, or no actor is in both.
        """
        import pandas as pd

        from sim.replicates.summary import differences

        return pd.DataFrame(differences(self, other, confidence))

    def totals(self) -> pd.DataFrame:
        """Return the exchanges of each replicate by actor and convention.

        Returns
        -------
        pandas.DataFrame
            Columns `replicate`, `seed`, `actor` (one of which is `total`), `convention`, `count`.
        """
        import pandas as pd

        rows = []
        for each in self.counted:
            by_actor = dict(zip(self.actors, each.totals, strict=True))
            by_actor[TOTAL] = each.totals.sum(0)
            rows += [
                (each.number, each.seed, actor, convention, int(count))
                for actor, counts in by_actor.items()
                for convention, count in zip(CONVENTIONS, counts, strict=True)
            ]
        return pd.DataFrame(rows, columns=["replicate", "seed", "actor", "convention", "count"])

    def accounts(self) -> pd.DataFrame:
        """Return how counts spread over the accounts with an attempt in the log.

        Returns
        -------
        pandas.DataFrame
            Columns `replicate`, `seed`, `actor`, `convention`, and those of `Spread`: the number
            of accounts, mean, p50, p90, p99 and max.
        """
        import pandas as pd

        rows = [
            {
                "replicate": each.number,
                "seed": each.seed,
                "actor": actor,
                "convention": convention,
                **spread._asdict(),
            }
            for each in self.counted
            for actor, spreads in zip(self.actors, each.spreads, strict=True)
            for convention, spread in zip(CONVENTIONS, spreads, strict=True)
        ]
        return pd.DataFrame(rows)


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
