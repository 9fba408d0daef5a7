"""What replicates say: means with confidence intervals, and paired differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.arrays.types import Floats
from sim.errors import InvalidInputError
from sim.replicates.counts import Counted
from sim.tables.conventions import CONVENTIONS

if TYPE_CHECKING:
    import pandas as pd

TOTAL = "total"
_SPREAD = ("accounts", "mean", "p50", "p90", "p99", "max")


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


@dataclass(frozen=True)
class Estimate:
    """The distribution of one number over replicates.

    `low` and `high` bound the confidence interval of the mean (Student 1908), cut off at 0, NaN
    with one replicate; `p2_5`, `p50`, `p97_5` are quantiles of the replicates themselves.
    """

    actor: str
    convention: str
    what: str
    replicates: int
    mean: float
    low: float
    high: float
    sd: float
    p2_5: float
    p50: float
    p97_5: float


@dataclass(frozen=True)
class Difference:
    """The paired difference `other - this` of one count, under the same random numbers.

    `low` and `high` bound the confidence interval of its mean. `sd` is that of the differences;
    `unpaired_sd` what it would be had the two been simulated independently.
    """

    actor: str
    convention: str
    replicates: int
    this: float
    other: float
    difference: float
    low: float
    high: float
    sd: float
    unpaired_sd: float


def estimates(replicates: Replicates, confidence: float = 0.95) -> list[Estimate]:
    """Summarise the totals of each actor and of all, and the spread over accounts.

    Parameters
    ----------
    replicates
        The counts under several seeds.
    confidence
        Of the intervals of means, in (0, 1).

    Returns
    -------
    list of Estimate
        By actor and convention: first totals (`what` is `exchanges`), then spreads.
    """
    summaries = []
    totals, spreads = replicates.totals(), replicates.accounts()
    for (actor, convention), group in totals.groupby(["actor", "convention"], sort=False):
        values = group["count"].to_numpy(np.float64)
        summaries.append(_estimate(actor, convention, "exchanges", values, confidence))

    for (actor, convention), group in spreads.groupby(["actor", "convention"], sort=False):
        for measure in _SPREAD:
            values = group[measure].to_numpy(np.float64)
            what = measure if measure == "accounts" else f"{measure} per account"
            summaries.append(_estimate(actor, convention, what, values, confidence))
    return summaries


def differences(this: Replicates, other: Replicates, confidence: float = 0.95) -> list[Difference]:
    """Compare two scenarios replicate by replicate, under common random numbers.

    Parameters
    ----------
    this, other
        Made with the same replicates and seeds. Actors are matched by id; those that only one of
        them has are left out.
    confidence
        Of the intervals of mean differences, in (0, 1).

    Raises
    ------
    InvalidInputError
        If their replicates or seeds differ, or if they have no actor in common.
    """
    seeds = [[(c.number, c.seed) for c in side.counted] for side in (this, other)]
    if seeds[0] != seeds[1]:
        raise InvalidInputError("replicates of different seeds cannot be compared in pairs")
    if not set(this.actors) & set(other.actors):
        raise InvalidInputError(
            f"{other.name}: has no actor in common with {this.name} "
            f"({', '.join(this.actors)}); name the same actors alike"
        )

    keys = ["replicate", "actor", "convention"]
    both = this.totals().merge(other.totals(), on=keys, suffixes=("_this", "_other"))
    return [
        _difference(actor, convention, group, confidence)
        for (actor, convention), group in both.groupby(["actor", "convention"], sort=False)
    ]


def _difference(actor: Any, convention: Any, group: pd.DataFrame, confidence: float) -> Difference:
    this = group["count_this"].to_numpy(np.float64)
    other = group["count_other"].to_numpy(np.float64)
    apart = other - this
    low, high = _interval(apart, confidence)
    return Difference(
        actor=str(actor),
        convention=str(convention),
        replicates=len(apart),
        this=float(this.mean()),
        other=float(other.mean()),
        difference=float(apart.mean()),
        low=low,
        high=high,
        sd=_sd(apart),
        # the variance of a difference of independent counts is the sum of theirs
        unpaired_sd=float(np.hypot(_sd(this), _sd(other))),
    )


def _estimate(
    actor: Any, convention: Any, what: str, values: Floats, confidence: float
) -> Estimate:
    low, high = _interval(values, confidence)
    low = max(low, 0.0) if low == low else low  # no count is below 0; NaN stays
    p2_5, p50, p97_5 = (float(q) for q in np.quantile(values, (0.025, 0.5, 0.975)))
    return Estimate(
        actor=str(actor),
        convention=str(convention),
        what=what,
        replicates=len(values),
        # the mean and its interval, then the replicates themselves
        mean=float(values.mean()),
        low=low,
        high=high,
        sd=_sd(values),
        p2_5=p2_5,
        p50=p50,
        p97_5=p97_5,
    )


def _sd(values: Floats) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def _interval(values: Floats, confidence: float) -> tuple[float, float]:
    """Confidence interval of the mean, from Student's t distribution."""
    from scipy.special import stdtrit

    n = len(values)
    if n < 2:
        return float("nan"), float("nan")
    half = float(stdtrit(n - 1, 0.5 + confidence / 2)) * _sd(values) / np.sqrt(n)
    return float(values.mean() - half), float(values.mean() + half)
