"""Count the exchanges of a run under the six conventions.

C1 HTTP attempts, errors and retries included; C2 answered requests; C3 answered requests that
generated tokens; C4 completions that the caller can use (refusals and errors out, every choice
counted); C5 user turns that were answered; C6 tasks with at least one attempt in the log, which
only the truth knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.time import DAY_US, SECOND_US
from sim.errors import InvalidInputError
from sim.tables.reading import Run
from sim.tables.schema import EXCHANGES, TRUTH_EXCHANGES, TRUTH_TASKS
from sim.tables.store import Store

if TYPE_CHECKING:
    import pandas as pd

CONVENTIONS = {
    "C1": "HTTP attempts, errors and retries included",
    "C2": "answered requests",
    "C3": "answered requests that generated tokens",
    "C4": "completions usable by the caller",
    "C5": "user turns answered",
    "C6": "tasks",
}
# What counts can be grouped by; typologies and actors are known to the truth alone.
GROUPS = ("day", "typology", "actor")
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
_FROM_LOG = tuple(CONVENTIONS)[:5]
_UNUSABLE = ("refusal",)

Counted = dict[str, int]
Flags = NDArray[Any]  # for each row, whether or how often it counts


@dataclass(frozen=True)
class PerAccount:
    """How one convention spreads over the accounts that have at least one attempt in the log."""

    accounts: int
    mean: float
    quantiles: dict[str, float]
    max: int


@dataclass(frozen=True, repr=False)
class Counts:
    """Counts of a run, each by convention; C6 and everything by truth is absent without truth.

    `by_account` holds the spread over accounts by convention, the others counts by group.
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
        rows = "".join(
            f"<tr><td>{name}</td><td style='text-align:right'>{count:,}</td>"
            f"<td>{CONVENTIONS[name]}</td></tr>"
            for name, count in self.total.items()
        )
        return f"<table><tr><th></th><th>count</th><th>what is counted</th></tr>{rows}</table>"

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON, with what each convention counts."""
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
    return {
        "accounts": spread.accounts,
        "mean": spread.mean,
        **spread.quantiles,
        "max": spread.max,
    }


def count_run(run: Run | Store | Path | str) -> Counts:
    """Count a finished run, part by part, in bounded memory.

    Parameters
    ----------
    run
        The run, or the path or URL where it lies.

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

    The log has what `convention_flags` needs and the columns `more`; the truth is None where it was
    taken away. Raises InvalidInputError if a part is missing or damaged, or the truth that of
    another log.
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
    start = run.scenario.clock.start
    return round(start.timestamp() * SECOND_US)


class _Sums:
    def __init__(self) -> None:
        self._total = dict.fromkeys(_FROM_LOG, 0)
        self._groups: dict[str, dict[Any, Counted]] = {"day": {}, "typology": {}, "actor": {}}
        self._accounts: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        self._has_tasks = False

    def add(self, log: Any, truth: Any) -> None:
        flags = convention_flags(log)
        for name, flag in flags.items():
            self._total[name] += int(flag.sum())
        self._group("day", log.column("ts_start").to_numpy().astype("i8") // DAY_US, flags)
        ids, inverse = np.unique(log.column("account_id").to_numpy(), return_inverse=True)
        per_account = np.stack([np.bincount(inverse, f, len(ids)) for f in flags.values()])
        self._accounts.append((ids, per_account.astype(np.int64)))
        if truth is not None:
            for group in ("typology", "actor"):
                codes, words = coded_words(truth.column(f"{group}_id"))
                self._group(group, codes, flags, words)

    def add_tasks(self, tasks: Any, opening_us: int) -> None:
        self._has_tasks = True
        self._total["C6"] = self._total.get("C6", 0) + tasks.num_rows
        flags = {"C6": np.ones(tasks.num_rows, np.bool_)}
        started = np.maximum(tasks.column("started_at").to_numpy().astype("i8"), opening_us)
        self._group("day", started // DAY_US, flags)
        for group in ("typology", "actor"):
            codes, words = coded_words(tasks.column(f"{group}_id"))
            self._group(group, codes, flags, words)

    def _group(
        self, group: str, codes: NDArray[Any], flags: dict[str, Flags], words: Any = None
    ) -> None:
        values, inverse = np.unique(codes, return_inverse=True)
        for name, flag in flags.items():
            sums = np.bincount(inverse, flag, len(values)).astype(np.int64)
            for value, count in zip(values.tolist(), sums.tolist(), strict=True):
                label = value if words is None else words[value]
                into = self._groups[group].setdefault(label, dict.fromkeys(_FROM_LOG, 0))
                into[name] = into.get(name, 0) + count

    def counts(self) -> Counts:
        days = self._groups["day"]
        return Counts(
            total=self._total,
            by_day={str(np.datetime64(day, "D")): self._filled(days[day]) for day in sorted(days)},
            by_account=self._per_account(),
            by_typology={k: self._filled(v) for k, v in sorted(self._groups["typology"].items())},
            by_actor={k: self._filled(v) for k, v in sorted(self._groups["actor"].items())},
        )

    def _filled(self, counted: Counted) -> Counted:
        return counted | ({"C6": counted.get("C6", 0)} if self._has_tasks else {})

    def _per_account(self) -> dict[str, PerAccount]:
        if not self._accounts:
            return {}
        ids, inverse = np.unique(
            np.concatenate([a for a, _ in self._accounts]), return_inverse=True
        )
        columns = np.concatenate([c for _, c in self._accounts], axis=1)
        sums = [np.bincount(inverse, row, len(ids)) for row in columns]
        return {name: _spread(s) for name, s in zip(_FROM_LOG, sums, strict=True) if len(s)}


def convention_flags(log: Any) -> dict[str, Flags]:
    """How often each row of the log counts under C1 to C5, shape (rows,) each."""
    status = log.column("http_status").to_numpy()
    answered = status == 200
    generated = answered & (log.column("output_tokens").to_numpy() > 0)
    codes, words = coded_words(log.column("finish_reason"))
    refused = np.isin(codes, [k for k, word in enumerate(words) if word in _UNUSABLE])
    roles, role_words = coded_words(log.column("last_role_in"))
    from_user = roles == role_words.index("user") if "user" in role_words else roles < 0
    usable = np.where(generated & ~refused, log.column("choice_count").to_numpy(), 0)
    counts = (answered | True, answered, generated, usable, generated & from_user)
    return dict(zip(_FROM_LOG, counts, strict=True))


def coded_words(column: Any) -> tuple[NDArray[np.int64], list[str]]:
    """A column of words as codes, shape (rows,), and the words that they number.

    The codes are floats with NaN where words are missing.
    """
    chunk = column.combine_chunks()
    return chunk.indices.to_numpy(zero_copy_only=False), chunk.dictionary.to_pylist()


def _spread(values: NDArray[Any]) -> PerAccount:
    quantiles = np.quantile(values, QUANTILES)
    return PerAccount(
        accounts=len(values),
        mean=float(values.mean()),
        quantiles={
            f"p{round(100 * q)}": float(v) for q, v in zip(QUANTILES, quantiles, strict=True)
        },
        max=int(values.max()),
    )
