"""Count the exchanges of a run: under six conventions, and by task, session and account."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InvalidInputError
from sim.summaries.exchange_counts import UNITS, distributions_of
from sim.summaries.json_values import summary_values
from sim.summaries.local_time import hour_label, zone_named
from sim.summaries.quantiles import quantiles_of, spread_of
from sim.summaries.run_figures import Distribution, RunFigures
from sim.summaries.summarise import counts_by, summary_of
from sim.summaries.sums import COLUMN_OF, RunSums, sums_of
from sim.tables.conventions import CONVENTIONS, COUNTED, FROM_LOG, OF_ROWS
from sim.tables.reading import Run
from sim.tables.store import Store

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CONVENTIONS", "GROUPS", "Counted", "Counts", "PerAccount", "count_run"]

# What counts can be grouped by; typologies and actors are known to the truth alone.
GROUPS = ("day", "hour", "typology", "actor")
_OF_TRUTH = ("typology", "actor", "task", "benchmark_run")
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.99)

Counted = dict[str, int]  # by convention


@dataclass(frozen=True)
class PerAccount:
    """How one convention spreads over the accounts that have at least one attempt in the log.

    Attributes
    ----------
    accounts
        How many accounts that are. Accounts that sent nothing do not count, not even as zeros.
    mean
        Exchanges of an account under the convention, in the mean.
    quantiles
        Exchanges at some quantiles, by name from `p10` to `p99`.
    max
        Exchanges of the account that has most.
    """

    accounts: int
    mean: float
    quantiles: dict[str, float]
    max: int


@dataclass(frozen=True, repr=False)
class Counts:
    """Counts of a run, each by convention; C5, C6 and all by truth is absent without truth.

    `C5 (log)` is what the log lets one guess of C5.

    `by_account` holds the spread over accounts by convention, the others counts by group.

    Attributes
    ----------
    total
        Counts of the whole run, from C1 on.
    by_day
        By day of the log, as `2026-02-01`, in order of time; in UTC unless another time zone was
        asked for. An exchange belongs to the day on which it began, a task to the day of its first
        request; a task that began before the log opened counts on the first day.
    by_clock_hour
        Likewise by hour, as `2026-02-01T13:00`; in another time zone than UTC with its offset, as
        `2026-10-25T02:00+02:00`, for in autumn a clock may show an hour twice.
    by_account
        By convention, those of rows; tasks are not counted by account. Empty if there are no
        exchanges.
    by_typology, by_actor
        By id, in order of id. Empty without truth. A group with exchanges that began no task has a
        C6 of 0.
    summary
        Answered exchanges, tokens and dollars of each task, session and account, and more, by actor
        or typology.
    """

    total: Counted
    by_day: dict[str, Counted]
    by_clock_hour: dict[str, Counted]
    by_account: dict[str, PerAccount]
    by_typology: dict[str, Counted]
    by_actor: dict[str, Counted]
    summary: RunFigures = field(compare=False)

    def __repr__(self) -> str:
        totals = ", ".join(f"{name} {count:,}" for name, count in self.total.items())
        return f"<Counts: {totals}>"

    def _repr_html_(self) -> str:
        """Return the totals as a table for notebooks, a row a convention."""
        rows = "".join(
            f"<tr><td>{name}</td><td style='text-align:right'>{count:,}</td>"
            f"<td>{COUNTED[name]}</td></tr>"
            for name, count in self.total.items()
        )
        return f"<table><tr><th></th><th>count</th><th>what is counted</th></tr>{rows}</table>"

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON, with what each convention counts.

        Returns
        -------
        dict
            `conventions` says in words what C1 to C6 and `C5 (log)` count. Then come the attributes
            of this record, and in place of `summary` its own: `distributions`, `tokens`,
            `cost_usd`, `gini`, `by_hour` and so on, as `RunFigures` describes them.
        """
        of_groups = summary_values(self.summary)
        del of_groups["counts"]  # by_actor or by_typology has them
        own = {name: value for name, value in vars(self).items() if name != "summary"}
        spreads = {name: asdict(spread) for name, spread in self.by_account.items()}
        return {"conventions": COUNTED, **own, "by_account": spreads, **of_groups}

    def to_frame(self, by: str | None = None) -> pd.DataFrame:
        """Return the counts as a data frame.

        Parameters
        ----------
        by
            None for the totals; `day`, `hour`, `typology` or `actor` for a row each of these
            groups; `account` for the spread over the accounts that have an attempt in the log.
            `task`, `session`, `account_day` or `benchmark_run` for the answered exchanges of one,
            by actor or typology.

        Returns
        -------
        pandas.DataFrame
            Of totals the columns `count` and `meaning` with a row a convention; of groups a
            column a convention; of accounts a row a convention with their number, mean, quantiles
            and maximum; of the other units a row an actor with number, mean, quantiles and
            maximum, and for tasks and sessions also means of tokens and dollars.

        Raises
        ------
        InvalidInputError
            If `by` names none of these, or what needs truth, of a run that has none.
        """
        import pandas as pd

        if by in _OF_TRUTH and "C6" not in self.total:
            raise InvalidInputError(
                f"counts by {by!r}: the run has no truth; only truth knows this, so give account, "
                "day, hour, session or account_day, or nothing for totals"
            )
        if by is None:
            rows = {c: {"count": n, "meaning": COUNTED[c]} for c, n in self.total.items()}
            return pd.DataFrame.from_dict(rows, orient="index").rename_axis("convention")
        if by == "account":
            spreads = {c: _flat(spread) for c, spread in self.by_account.items()}
            return pd.DataFrame.from_dict(spreads, orient="index").rename_axis("convention")
        if by in UNITS:
            return self._units_frame(by)
        if by not in GROUPS:
            allowed = ", ".join(("account", *GROUPS, *(u for u in UNITS if u != "account")))
            raise InvalidInputError(
                f"counts by {by!r}: give one of {allowed}, or nothing for totals"
            )

        groups: dict[str, Counted] = getattr(self, "by_clock_hour" if by == "hour" else f"by_{by}")
        return pd.DataFrame.from_dict(groups, orient="index", columns=list(self.total)).rename_axis(
            by
        )

    def _units_frame(self, unit: str) -> pd.DataFrame:
        """Return answered exchanges of units of a kind, a row a group."""
        import pandas as pd

        summary = self.summary
        rows = {
            group: asdict(spread_of(exchanges))
            for group, exchanges in summary.distributions.get(unit, {}).items()
        }
        for group, row in rows.items():
            if unit in summary.tokens:
                row["tokens_mean"] = summary.tokens[unit][group].mean
                row["cost_usd_mean"] = summary.cost_usd[unit][group].mean
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis(summary.by)


def _flat(spread: PerAccount) -> dict[str, float]:
    """Return the spread over accounts as one row of a data frame, the quantiles as columns."""
    return {
        "accounts": spread.accounts,
        "mean": spread.mean,
        **spread.quantiles,
        "max": spread.max,
    }


def count_run(run: Run | Store | Path | str, by: str = "actor", timezone: str = "UTC") -> Counts:
    """Count a finished run, part by part, in memory that does not grow with its log.

    Without truth the result has no C5 but its estimate, no C6, and no groups by typology or actor.

    Parameters
    ----------
    run
        The run, or the path or URL where it lies.
    by
        What the groups of `summary` are: `actor` or `typology`.
    timezone
        Name of the time zone of days and hours, such as `Europe/Paris`.

    Returns
    -------
    Counts
        What was counted, in total and by group.

    Raises
    ------
    InvalidInputError
        If there is no finished run, grouping or time zone, or if a file of the run is missing or
        damaged.
    SimError
        If the sums do not fit in the folder for temporary files.
    """
    run = run if isinstance(run, Run) else Run(run)
    with sums_of(run, zone_named(timezone)) as sums:
        by_actor, by_typology = counts_by(sums, "actor"), counts_by(sums, "typology")
        by_hour = counts_by(sums, "hour")
        conventions = list(COUNTED) if sums.has_truth else list(FROM_LOG)

        by_day: dict[int, list[Counted]] = {}
        for (hour, _), counted in by_hour.items():
            by_day.setdefault(hour // 24, []).append(counted)

        return Counts(
            total=_added(list(by_actor.values()), conventions),
            by_day={
                str(np.datetime64(day, "D")): _added(hours, conventions)
                for day, hours in by_day.items()
            },
            by_clock_hour={
                hour_label(hour, ahead, sums.zone): counted
                for (hour, ahead), counted in sorted(by_hour.items(), key=_moment)
            },
            by_account=_per_account(sums),
            by_typology=by_typology if sums.has_truth else {},
            by_actor=by_actor if sums.has_truth else {},
            summary=summary_of(sums, by, {"actor": by_actor, "typology": by_typology}.get(by)),
        )


def _moment(of_hour: tuple[tuple[int, int], Counted]) -> int:
    """Return when a local hour begins, in seconds since 1970 in UTC."""
    (hour, ahead), _ = of_hour
    return 3600 * hour - ahead


def _added(counts: list[Counted], conventions: list[str]) -> Counted:
    """Return the sum of counts under each convention."""
    return {name: sum(counted[name] for counted in counts) for name in conventions}


def _per_account(sums: RunSums) -> dict[str, PerAccount]:
    """Return the spread of each convention over accounts; empty if there is none."""
    spreads = {}
    for name in OF_ROWS if sums.has_truth else FROM_LOG:
        column = COLUMN_OF[name]
        query = f"SELECT '{name}' AS label, sum({column}) AS n FROM accounts GROUP BY id"
        for convention, counts in distributions_of(sums, query).items():
            spreads[convention] = _spread(counts)
    return spreads


def _spread(counts: Distribution) -> PerAccount:
    """Return mean, some quantiles and maximum over accounts, of which there is at least one."""
    spread = spread_of(counts)
    quantiles = quantiles_of(counts, QUANTILES).tolist()
    return PerAccount(
        accounts=spread.units,
        mean=spread.mean,
        quantiles={f"p{round(100 * q)}": v for q, v in zip(QUANTILES, quantiles, strict=True)},
        max=int(spread.max),
    )
