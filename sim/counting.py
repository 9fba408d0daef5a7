"""Count the exchanges of a run under the six conventions of `sim.tables.conventions`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.time import DAY_US, SECOND_US
from sim.arrays.types import Ints
from sim.errors import InvalidInputError
from sim.streams import Ids
from sim.tables.conventions import CONVENTIONS, FROM_LOG, Weights, row_weights
from sim.tables.reading import Run
from sim.tables.schema import EXCHANGES, TRUTH_EXCHANGES, TRUTH_TASKS
from sim.tables.store import Store

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CONVENTIONS",
    "GROUPS",
    "Counted",
    "Counts",
    "PerAccount",
    "coded_words",
    "convention_flags",
    "count_run",
    "exchange_parts",
]

# What counts can be grouped by; typologies and actors are known to the truth alone.
GROUPS = ("day", "typology", "actor")
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
    """Counts of a run, each by convention; C6 and everything by truth is absent without truth.

    `by_account` holds the spread over accounts by convention, the others counts by group.

    Attributes
    ----------
    total
        Counts of the whole run, from C1 on.
    by_day
        By day of the log in UTC, as `2026-02-01`, in order of time. An exchange belongs to the day
        on which it began, a task to the day of its first request; a task that began before the log
        opened counts on the first day.
    by_account
        By convention, C1 to C5; tasks are not counted by account. Empty if there are no
        exchanges.
    by_typology, by_actor
        By id, in order of id. Empty without truth. A group with exchanges that began no task has a
        C6 of 0.
    """

    total: Counted
    by_day: dict[str, Counted]
    by_account: dict[str, PerAccount]
    by_typology: dict[str, Counted]
    by_actor: dict[str, Counted]

    def __repr__(self) -> str:
        totals = ", ".join(f"{name} {count:,}" for name, count in self.total.items())
        return f"<Counts: {totals}>"

    def _repr_html_(self) -> str:
        """Return the totals as a table for notebooks, a row a convention."""
        rows = "".join(
            f"<tr><td>{name}</td><td style='text-align:right'>{count:,}</td>"
            f"<td>{CONVENTIONS[name]}</td></tr>"
            for name, count in self.total.items()
        )
        return f"<table><tr><th></th><th>count</th><th>what is counted</th></tr>{rows}</table>"

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON, with what each convention counts.

        Returns
        -------
        dict
            `conventions` says in words what C1 to C6 count; the other keys are the attributes of
            this record.
        """
        return {"conventions": CONVENTIONS, **asdict(self)}

    def to_frame(self, by: str | None = None) -> pd.DataFrame:
        """Return the counts as a data frame.

        Parameters
        ----------
        by
            None for the totals; `day`, `typology` or `actor` for a row each of these groups;
            `account` for the spread over the accounts that have an attempt in the log.

        Returns
        -------
        pandas.DataFrame
            Of totals the columns `count` and `meaning` with a row a convention; of groups a
            column a convention; of accounts a row a convention with their number, mean, quantiles
            and maximum.

        Raises
        ------
        InvalidInputError
            If `by` names none of these.
        """
        import pandas as pd

        if by is None:
            rows = {c: {"count": n, "meaning": CONVENTIONS[c]} for c, n in self.total.items()}
            return pd.DataFrame.from_dict(rows, orient="index").rename_axis("convention")
        if by == "account":
            spreads = {c: _flat(spread) for c, spread in self.by_account.items()}
            return pd.DataFrame.from_dict(spreads, orient="index").rename_axis("convention")
        if by not in GROUPS:
            allowed = ", ".join(("account", *GROUPS))
            raise InvalidInputError(
                f"counts by {by!r}: give one of {allowed}, or nothing for totals"
            )

        groups: dict[str, Counted] = getattr(self, f"by_{by}")
        return pd.DataFrame.from_dict(groups, orient="index", columns=list(self.total)).rename_axis(
            by
        )


def _flat(spread: PerAccount) -> dict[str, float]:
    """Return the spread over accounts as one row of a data frame, the quantiles as columns."""
    return {
        "accounts": spread.accounts,
        "mean": spread.mean,
        **spread.quantiles,
        "max": spread.max,
    }


def count_run(run: Run | Store | Path | str) -> Counts:
    """Count a finished run, part by part, in bounded memory.

    Beside one part of the log, memory holds the sums of the groups and, for each part, those of the
    accounts that occur in it. Without truth the result has no C6 and no groups by typology or
    actor.

    Parameters
    ----------
    run
        The run, or the path or URL where it lies.

    Returns
    -------
    Counts
        What was counted, in total and by group.

    Raises
    ------
    InvalidInputError
        If there is no finished run, or if a file of it is missing or damaged.
    """
    run = run if isinstance(run, Run) else Run(run)
    sums = _Sums()
    for log, truth in exchange_parts(run):
        sums.add(log, truth)
    if run.has("truth/tasks"):
        for tasks in run.tables("truth/tasks", TRUTH_TASKS, _TASK_COLUMNS):
            sums.add_tasks(tasks, _opening_us(run))
    return sums.counts()


_LOG_COLUMNS = (
    "exchange_id",
    "ts_start",
    "account_id",
    "last_role_in",
    "output_tokens",
    "finish_reason",
    "http_status",
    "choice_count",
)
_TRUTH_COLUMNS = ("exchange_id", "actor_id", "typology_id")
_TASK_COLUMNS = ("actor_id", "typology_id", "started_at")


def exchange_parts(run: Run, *more: str) -> Iterator[tuple[Any, Any]]:
    """Yield log and truth of a run's exchanges, part by part, as Arrow tables of the same rows.

    Parameters
    ----------
    run
        A finished run.
    *more
        Columns of the log beside those that `convention_flags` needs.

    Yields
    ------
    tuple of pyarrow.Table
        The log and its truth, which is None where it was taken away.

    Raises
    ------
    InvalidInputError
        If a part is missing or damaged, or the truth is that of another log.
    """
    log = run.tables("log/exchanges", EXCHANGES, (*_LOG_COLUMNS, *more))
    if not run.has("truth/exchanges"):
        yield from ((part, None) for part in log)
        return
    truth = run.tables("truth/exchanges", TRUTH_EXCHANGES, _TRUTH_COLUMNS)
    for log_part, truth_part in zip(log, truth, strict=True):
        if not log_part.column("exchange_id").equals(truth_part.column("exchange_id")):
            raise InvalidInputError(f"{run.store}: truth/exchanges belongs to another log")
        yield log_part, truth_part


def _opening_us(run: Run) -> int:
    """Return when the log opens, in microseconds since 1970."""
    start = run.scenario.clock.start
    return round(start.timestamp() * SECOND_US)


class _Sums:
    """Sums over the parts of a run, in total and by group."""

    def __init__(self) -> None:
        """Begin with nothing counted; tasks get a count only once a part of them was added."""
        self._total = dict.fromkeys(FROM_LOG, 0)
        self._groups: dict[str, dict[Any, Counted]] = {group: {} for group in GROUPS}
        # of each part the accounts, and how often each counts, shape (conventions, accounts)
        self._accounts: list[tuple[Ids, Ints]] = []
        self._has_tasks = False

    def add(self, log: Any, truth: Any) -> None:
        """Add the exchanges of a part."""
        weights = convention_flags(log)
        for name, weight in weights.items():
            self._total[name] += int(weight.sum())

        ids, account = np.unique(log.column("account_id").to_numpy(), return_inverse=True)
        sums = np.stack([np.bincount(account, weight, len(ids)) for weight in weights.values()])
        self._accounts.append((ids, sums.astype(np.int64)))

        self._add_to_days(log.column("ts_start").to_numpy().astype("i8"), weights)
        if truth is not None:
            self._add_to_labels(truth, weights)

    def add_tasks(self, tasks: Any, opening_us: int) -> None:
        """Add the tasks of a part; those begun before the log opened count on its first day."""
        self._has_tasks = True
        self._total["C6"] = self._total.get("C6", 0) + tasks.num_rows
        weights = {"C6": np.ones(tasks.num_rows, np.bool_)}
        started = tasks.column("started_at").to_numpy().astype("i8")
        self._add_to_days(np.maximum(started, opening_us), weights)
        self._add_to_labels(tasks, weights)

    def _add_to_days(self, moments_us: Ints, weights: dict[str, Weights]) -> None:
        """Add to the days in UTC on which rows began; moments are microseconds since 1970."""
        days, number = np.unique(moments_us // DAY_US, return_inverse=True)
        self._add_to_group("day", days.tolist(), number, weights)

    def _add_to_labels(self, truth: Any, weights: dict[str, Weights]) -> None:
        """Add to the groups that only the truth knows; `truth` has the same rows as the weights."""
        for group in ("typology", "actor"):
            codes, words = coded_words(truth.column(f"{group}_id"))
            present, number = np.unique(codes, return_inverse=True)
            labels = [words[int(code)] for code in present]
            self._add_to_group(group, labels, number, weights)

    def _add_to_group(
        self, group: str, labels: list[Any], number: Ints, weights: dict[str, Weights]
    ) -> None:
        """Add to the counts of each label the rows that bear its number.

        Parameters
        ----------
        group
            One of `GROUPS`.
        labels
            The labels that occur in these rows; one that is new gets counts of 0 first.
        number
            Index of the label of each row, shape (rows,).
        weights
            By convention how often each row counts, shape (rows,).
        """
        for name, weight in weights.items():
            sums = np.bincount(number, weight, len(labels)).astype(np.int64)
            for label, count in zip(labels, sums.tolist(), strict=True):
                counted = self._groups[group].setdefault(label, dict.fromkeys(FROM_LOG, 0))
                counted[name] = counted.get(name, 0) + count

    def counts(self) -> Counts:
        """Return the counts of all that was added."""
        days = self._groups["day"]
        typologies, actors = (sorted(self._groups[g].items()) for g in ("typology", "actor"))
        return Counts(
            total=self._total,
            by_day={str(np.datetime64(d, "D")): self._with_tasks(days[d]) for d in sorted(days)},
            by_account=self._per_account(),
            by_typology={name: self._with_tasks(counted) for name, counted in typologies},
            by_actor={name: self._with_tasks(counted) for name, counted in actors},
        )

    def _with_tasks(self, counted: Counted) -> Counted:
        """Return counts with a C6 of 0 where a group has exchanges and began no task."""
        return counted | ({"C6": counted.get("C6", 0)} if self._has_tasks else {})

    def _per_account(self) -> dict[str, PerAccount]:
        """Return the spread of each convention over accounts, whose exchanges lie in several parts.

        An account that occurs in two parts is one account: its sums are added before the spread is
        taken. Empty if no part was added.
        """
        if not self._accounts:
            return {}
        ids, account = np.unique(
            np.concatenate([ids for ids, _ in self._accounts]), return_inverse=True
        )
        parts = np.concatenate([sums for _, sums in self._accounts], axis=1)
        totals = [np.bincount(account, weight, len(ids)) for weight in parts]
        return {name: _spread(t) for name, t in zip(FROM_LOG, totals, strict=True) if len(t)}


def convention_flags(log: Any) -> dict[str, Weights]:
    """Return how often each row of a log counts under C1 to C5, shape (rows,) each.

    Parameters
    ----------
    log : pyarrow.Table
        Rows of `log/exchanges` with the columns of the profile `core`.

    Returns
    -------
    dict of str and numpy.ndarray
        As of `row_weights`: booleans, but for C4 whole numbers. A missing finish reason is no
        refusal.
    """
    codes, words = coded_words(log.column("finish_reason"))
    roles, role_words = coded_words(log.column("last_role_in"))
    return row_weights(
        status=log.column("http_status").to_numpy(),
        output_tokens=log.column("output_tokens").to_numpy(),
        choices=log.column("choice_count").to_numpy(),
        refused=np.isin(codes, [k for k, word in enumerate(words) if word == "refusal"]),
        from_user=np.isin(roles, [k for k, word in enumerate(role_words) if word == "user"]),
    )


def coded_words(column: Any) -> tuple[NDArray[np.int64], list[str]]:
    """Return a column of words as codes, shape (rows,), and the words that they number.

    The codes are floats with NaN where words are missing.
    """
    chunk = column.combine_chunks()
    return chunk.indices.to_numpy(zero_copy_only=False), chunk.dictionary.to_pylist()


def _spread(values: NDArray[Any]) -> PerAccount:
    """Return the mean, some quantiles and the maximum of values, of which there is at least one.

    Quantiles are interpolated linearly (type 7 of Hyndman and Fan, 1996; the default of NumPy).
    """
    quantiles = np.quantile(values, QUANTILES)
    return PerAccount(
        accounts=len(values),
        mean=float(values.mean()),
        quantiles={
            f"p{round(100 * q)}": float(v) for q, v in zip(QUANTILES, quantiles, strict=True)
        },
        max=int(values.max()),
    )
