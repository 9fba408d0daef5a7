"""Count a scenario under many seeds, on any executor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.counting import CONVENTIONS
from sim.engine.executors import Workers, in_process, map_unordered
from sim.errors import InvalidInputError
from sim.replicates.counts import Counted, count_replicate
from sim.scenario.resolved import Scenario
from sim.streams import Streams

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
        """Data frame of exchanges: replicate, seed, actor (and `total`), convention, count."""
        import pandas as pd

        rows = []
        for one in self.counted:
            named = dict(zip(self.actors, one.totals, strict=True)) | {TOTAL: one.totals.sum(0)}
            rows += [
                (one.number, one.seed, actor, convention, int(count))
                for actor, counts in named.items()
                for convention, count in zip(CONVENTIONS, counts, strict=True)
            ]
        columns = ["replicate", "seed", "actor", "convention", "count"]
        return pd.DataFrame(rows, columns=columns)

    def accounts(self) -> pd.DataFrame:
        """Data frame of the spread over accounts: replicate, seed, actor, convention, spread.

        The spread is over accounts with an attempt in the log: their number, mean, p50, p90, p99
        and max.
        """
        import pandas as pd

        rows = [
            {
                "replicate": one.number,
                "seed": one.seed,
                "actor": actor,
                "convention": convention,
                **spread._asdict(),
            }
            for one in self.counted
            for actor, spreads in zip(self.actors, one.spreads, strict=True)
            for convention, spread in zip(CONVENTIONS, spreads, strict=True)
        ]
        return pd.DataFrame(rows)


def seed_of(seed: int, number: int) -> int:
    """The seed of replicate `number` of a scenario with this seed, in [0, 2^63)."""
    return Streams(seed).key("replicate", number) >> 1


def replicate(
    scenario: Scenario,
    replicates: int | Sequence[int],
    *,
    seed: int | None = None,
    workers: Workers | None = None,
    observe: Callable[[int, int], None] | None = None,
) -> Replicates:
    """Count `scenario` under several seeds, without writing rows.

    `replicates` is how many, or the numbers of those wanted: replicate k is the same whether
    others are made or not, and its counts are those of a run with the seed `seed_of(seed, k)`.
    `seed` is that of the scenario if left out. `observe` is told how many of how many are done.
    Raises InvalidInputError for no replicates, or a negative number.
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
    found: dict[int, Counted] = {}
    with in_process() as here:
        for counted in map_unordered(workers or here, count_replicate, calls):
            found[counted.number] = counted
            if observe is not None:
                observe(len(found), len(calls))
    actors = tuple(actor.id for actor in scenario.actors)
    return Replicates(scenario.name, actors, tuple(found[k] for k in sorted(found)))
