"""Observables of the accounts of a finished run: what can be laid beside a reported cluster.

An exchange is C2 here, an answered request, unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays.time import DAY_US, HOUR_US, SECOND_US
from sim.comparison.clusters.measures import gini, shared, synchrony
from sim.counting import CONVENTIONS, coded_words, convention_flags, exchange_parts
from sim.documents.printable import printable
from sim.errors import InvalidInputError
from sim.tables.reading import Run
from sim.tables.schema import ACCOUNT_PAYMENT, MODEL_CATALOG, TRUTH_TASKS
from sim.tables.store import Store

_PROMPT = "prompt_simhash64"
_FROM_LOG = tuple(CONVENTIONS)[:5]


@dataclass(frozen=True)
class Cluster:
    """Observables of the accounts of one run, or of one actor of it; None where not defined.

    `name`: the run, and after a colon the actor if it is of one. `scale`: at which the run was
    made. `counts`: exchanges by convention, C1 to C5, and C6 where truth is there. `accounts`:
    those with at least one answered exchange (C2); all that follows is of C2 too, where it does
    not say otherwise.

    `concentration`: Gini coefficient of the exchanges over the accounts, see `gini`; None below
    two. `exchanges_per_task`: C2 / C5; None without a C5. `item_repetition`: 1 - distinct / all
    prompts of the exchanges that a user asked for (C5), told apart by `prompt_simhash64`; None
    without that column or those. `moved_24h`: share served by the newest model from 24 to 48 hours
    after its release; None without a release or without exchanges then. `synchrony`: mean
    correlation of the hourly counts of two accounts over the clock, see `synchrony`; None below
    two accounts that vary. `shared_instruments`: share of the accounts in log/account_payment that
    have an instrument with which another account of the cluster pays; None below two. `truth`:
    share of the exchanges by typology; empty without truth.
    """

    name: str
    run: str
    actor: str | None
    scale: float
    counts: dict[str, int]
    accounts: int
    exchanges_per_account: float
    concentration: float | None
    exchanges_per_task: float | None
    item_repetition: float | None
    moved_24h: float | None
    synchrony: float | None
    shared_instruments: float | None
    truth: dict[str, float]


def clusters(place: Store | Path | str, *, by_actor: bool = False) -> tuple[Cluster, ...]:
    """Return the observables of a finished run, or of each of its actors in their order.

    The log is read part by part; memory grows with the distinct prompts and the distinct hours of
    accounts. Actors that got no answer are left out. Raises InvalidInputError if the run cannot be
    read, has no answered exchange, or is asked for its actors and has no truth.
    """
    run = Run(place)
    if by_actor and not run.has("truth/exchanges"):
        raise InvalidInputError(
            f"{run.store}: has no truth, so its actors cannot be told apart; "
            "leave out --by-actor or run it again"
        )
    sums = _Sums(run, by_actor)
    for log, truth in exchange_parts(run, *sums.columns):
        sums.add(log, truth)
    if run.has("truth/tasks"):
        for tasks in run.tables("truth/tasks", TRUTH_TASKS, ("actor_id",)):
            sums.add_tasks(tasks)
    found = sums.clusters()
    if not found:
        raise InvalidInputError(
            f"{run.store}: no answered exchange in the log; there is nothing to compare"
        )
    return found


class _Tally:
    """How often each distinct row of some columns occurs, in memory that grows with those rows."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self._parts: list[Any] = []
        self._settled = 0

    def add(self, *columns: Any) -> None:
        """Count rows, given as one column for each name."""
        import pyarrow as pa

        rows = pa.table([*columns, np.ones(len(columns[0]), np.int64)], [*self._names, "n"])
        self._parts.append(self._grouped(rows))
        # only when as much has come again as was there, so that a row is moved a few times at most
        if sum(part.num_rows for part in self._parts) > 2 * self._settled:
            self._settled = self._table().num_rows

    def _table(self) -> Any:
        """The distinct rows in the order in which they came, and how often each did, `n`."""
        import pyarrow as pa

        if len(self._parts) > 1:
            self._parts = [self._grouped(pa.concat_tables(self._parts))]
        return self._parts[0]

    def of(self, group: int) -> dict[str, NDArray[Any]]:
        """The rows of a group as one array for each column but that of the group."""
        import pyarrow.compute as pc

        table = self._table()
        rows = table.filter(pc.equal(table.column("group"), group))
        return {name: rows.column(name).to_numpy() for name in (*self._names[1:], "n")}

    def _grouped(self, rows: Any) -> Any:
        # one thread: several give the rows in an order that depends on their timing
        sums = rows.group_by(list(self._names), use_threads=False).aggregate([("n", "sum")])
        return sums.select([*self._names, "n_sum"]).rename_columns([*self._names, "n"])


class _Sums:
    """Sums over the parts of a log by group: an actor, or the whole run as group 0."""

    def __init__(self, run: Run, by_actor: bool) -> None:
        self._run = run
        self._actors = [a.id for a in run.scenario.actors] if by_actor else None
        self._counts: dict[str, Any] = {}
        self._accounts_hours = _Tally("group", "account", "hour")
        self._prompts = _Tally("group", "prompt")
        self._typologies = _Tally("group", "typology")
        self._moved = _Tally("group", "model")
        clock = run.scenario.clock
        self._start_us = round(clock.start.timestamp() * SECOND_US)
        self._hours = -(-clock.duration_us // HOUR_US)
        self._release = _last_release(run, self._start_us, self._start_us + clock.duration_us)
        has_prompts = _PROMPT in run.columns("log/exchanges")
        self.columns = ("model_served", *((_PROMPT,) if has_prompts else ()))

    def add(self, log: Any, truth: Any) -> None:
        group = self._groups(truth, log.num_rows)
        flags = convention_flags(log)
        for name, flag in flags.items():
            self._count(name, group, flag)
        answered = flags["C2"]
        at_us = log.column("ts_start").to_numpy().astype("i8")[answered]
        accounts = log.column("account_id").to_numpy()[answered]
        hour = (at_us - self._start_us) // HOUR_US
        if len(hour) and not 0 <= hour.min() <= hour.max() < self._hours:
            raise InvalidInputError(
                f"{self._run.store}: log/exchanges has rows outside of the clock of its scenario; "
                "`sim check-run` names the first"
            )
        self._accounts_hours.add(group[answered], accounts, hour)
        if _PROMPT in self.columns:
            asked = flags["C5"]
            self._prompts.add(group[asked], log.column(_PROMPT).to_numpy()[asked])
        if self._release is not None:
            after = at_us - self._release.at_us
            then = (after >= DAY_US) & (after < 2 * DAY_US)
            served = log.column("model_served").filter(answered).filter(then)
            self._moved.add(group[answered][then], served.cast("string"))
        if truth is not None:
            kinds = truth.column("typology_id").filter(answered).cast("string")
            self._typologies.add(group[answered], kinds)

    def add_tasks(self, tasks: Any) -> None:
        group = self._groups(tasks, tasks.num_rows)
        self._count("C6", group, np.ones(tasks.num_rows, np.bool_))

    def _groups(self, truth: Any, rows: int) -> NDArray[np.int64]:
        """The group of each row, shape (rows,)."""
        if self._actors is None:
            return np.zeros(rows, np.int64)
        codes, words = coded_words(truth.column("actor_id"))
        strange = sorted(set(words) - set(self._actors))
        if strange:
            raise InvalidInputError(
                f"{self._run.store}: its truth names actor {printable(strange[0])}, its scenario "
                "does not"
            )
        return np.array([self._actors.index(word) for word in words], np.int64)[codes]

    def _count(self, name: str, group: NDArray[np.int64], flag: NDArray[Any]) -> None:
        size = 1 if self._actors is None else len(self._actors)
        sums = np.bincount(group, flag, size).astype(np.int64)
        self._counts[name] = self._counts.get(name, 0) + sums

    def clusters(self) -> tuple[Cluster, ...]:
        if "C2" not in self._counts:
            return ()
        payment = self._run.table("log/account_payment", ACCOUNT_PAYMENT)
        groups = np.flatnonzero(self._counts["C2"]).tolist()
        return tuple(self._cluster(group, payment) for group in groups)

    def _cluster(self, group: int, payment: Any) -> Cluster:
        run, actor = str(self._run.store), self._actors[group] if self._actors else None
        counts = {name: int(sums[group]) for name, sums in self._counts.items()}
        busy = self._accounts_hours.of(group)
        accounts, of = np.unique(busy["account"], return_inverse=True)
        # by sorting: the table that NumPy 2.0 may make instead overflows for identifiers
        pays = np.isin(payment.column("account_id").to_numpy(), accounts, kind="sort")
        return Cluster(
            name=run if actor is None else f"{run}:{actor}",
            run=run,
            actor=actor,
            scale=self._run.scenario.scale,
            counts=counts,
            accounts=len(accounts),
            exchanges_per_account=counts["C2"] / len(accounts),
            concentration=gini(np.bincount(of, busy["n"]).astype(np.int64)),
            exchanges_per_task=counts["C2"] / counts["C5"] if counts["C5"] else None,
            item_repetition=self._item_repetition(group),
            moved_24h=self._moved_24h(group),
            synchrony=synchrony(busy["account"], busy["hour"], busy["n"], self._hours),
            shared_instruments=shared(
                payment.column("account_id").to_numpy()[pays],
                payment.column("instrument_hash").to_numpy()[pays],
            ),
            truth=self._truth(group),
        )

    def _item_repetition(self, group: int) -> float | None:
        if _PROMPT not in self.columns:
            return None
        times = self._prompts.of(group)["n"]
        return 1 - len(times) / int(times.sum()) if len(times) else None

    def _moved_24h(self, group: int) -> float | None:
        if self._release is None:
            return None
        served = self._moved.of(group)
        total = int(served["n"].sum())
        newest = int(served["n"][served["model"] == self._release.model].sum())
        return newest / total if total else None

    def _truth(self, group: int) -> dict[str, float]:
        if not self._run.has("truth/exchanges"):
            return {}
        rows = self._typologies.of(group)
        known = {actor.typology for actor in self._run.scenario.actors}
        strange = sorted(set(rows["typology"]) - known)
        if strange:
            raise InvalidInputError(
                f"{self._run.store}: its truth names typology {printable(strange[0])}, its "
                "scenario does not"
            )
        total = int(rows["n"].sum())
        shares = zip(rows["typology"].tolist(), (rows["n"] / total).tolist(), strict=True)
        return dict(sorted(shares))


class _Release(NamedTuple):
    """From when on a model was the newest, in microseconds since 1970."""

    at_us: int
    model: str


def _last_release(run: Run, start_us: int, end_us: int) -> _Release | None:
    """The last release of which 24 to 48 hours after it lie at least partly in the log."""
    table = run.table("log/model_catalog", MODEL_CATALOG)
    models = table.column("model").to_pylist()
    released = table.column("latest_from").cast("int64").to_pylist()
    seen = [
        _Release(at, model)
        for at, model in zip(released, models, strict=True)
        if at is not None and at + DAY_US < end_us and at + 2 * DAY_US > start_us
    ]
    return max(seen, default=None)
