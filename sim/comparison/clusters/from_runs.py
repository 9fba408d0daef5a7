"""Observables of the accounts of a finished run: what can be laid beside a reported cluster.

An exchange is C2 here, an answered request, unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays.time import DAY_US, HOUR_US
from sim.comparison.clusters.measures import gini, shared, synchrony
from sim.comparison.clusters.row_counts import RowCounts
from sim.documents.printable import printable
from sim.errors import InvalidInputError
from sim.tables.conventions import ESTIMATE
from sim.tables.entity_schema import ACCOUNT_PAYMENT, MODEL_CATALOG
from sim.tables.exchange_parts import coded_words, convention_flags, exchange_parts
from sim.tables.reading import Run
from sim.tables.store import Store
from sim.tables.truth_schema import TRUTH_TASKS

_PROMPT = "prompt_simhash64"


@dataclass(frozen=True)
class Cluster:
    """Observables of the accounts of one run, or of one actor of it; None where not defined.

    Attributes
    ----------
    name:
        The run, and after a colon the actor if it is of one.
    run:
        Folder or URL of the run.
    actor:
        Id of the actor; None for a whole run.
    scale:
        Scale at which the run was made.
    counts:
        Exchanges by convention: C1 to C4, the estimate of C5, and with truth C5 and C6.
    accounts:
        Those with at least one answered exchange (C2); all that follows is of C2 too, where it does
        not say otherwise.
    exchanges_per_account:
        Mean over these accounts.
    concentration:
        Gini coefficient of the exchanges over the accounts, see `gini`; None below two.
    exchanges_per_task:
        C2 / C5, or the estimate of C5 where there is no truth; None without a turn.
    item_repetition:
        1 - distinct / all prompts of the exchanges that open a turn (C5), told apart by
        `prompt_simhash64`; None without that column or those.
    moved_24h:
        Share served by the newest model from 24 to 48 hours after its release; None without a
        release or without exchanges then.
    synchrony:
        Mean correlation of the hourly counts of two accounts over the clock, see `synchrony`; None
        below two accounts that vary.
    shared_instruments:
        Share of the accounts in log/account_payment that have an instrument with which another
        account of the cluster pays; None below two.
    truth:
        Share of the exchanges by typology; empty without truth.
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
    accounts. Actors that got no answer are left out.

    Parameters
    ----------
    place:
        Folder or URL of the run.
    by_actor:
        Whether to take the run apart by the actors of its truth.

    Raises
    ------
    InvalidInputError
        If the run cannot be read, has no answered exchange, or has no truth and is asked for its
        actors.
    """
    run = Run(place)
    if by_actor and not run.has("truth/exchanges"):
        raise InvalidInputError(
            f"{run.store}: has no truth, so its actors cannot be told apart; "
            "leave out --by-actor or run it again"
        )

    sums = _ClusterSums(run, by_actor)
    for log, truth in exchange_parts(run, *sums.columns):
        sums.add(log, truth)
    if run.has("truth/tasks"):
        for tasks in run.tables("truth/tasks", TRUTH_TASKS, ("actor_id",)):
            sums.add_tasks(tasks)

    by_group = sums.clusters()
    if not by_group:
        raise InvalidInputError(
            f"{run.store}: no answered exchange in the log; there is nothing to compare"
        )
    return by_group


class _ClusterSums:
    """Sums over the parts of a log by group: an actor, or the whole run as group 0.

    A part is added by `add`, one of the tasks by `add_tasks`, and `clusters` gives the results at
    the end. Parts are not kept, only counts of distinct prompts, of hours of accounts, and the
    like.

    Attributes
    ----------
    columns:
        Columns of the log that are needed beyond those that conventions need.
    """

    def __init__(self, run: Run, by_actor: bool) -> None:
        self._run = run
        self._actors = [actor.id for actor in run.scenario.actors] if by_actor else None
        clock = run.scenario.clock
        self._start_us = round(clock.start.timestamp() * 1_000_000)
        self._hours = -(-clock.duration_us // HOUR_US)
        self._release = _last_release(run, self._start_us, self._start_us + clock.duration_us)

        has_prompts = _PROMPT in run.columns("log/exchanges")
        self.columns = ("model_served", *((_PROMPT,) if has_prompts else ()))

        self._counts: dict[str, NDArray[np.int64]] = {}
        self._hours_of_accounts = RowCounts("account", "hour")
        self._prompts = RowCounts("prompt")
        self._typologies = RowCounts("typology")
        self._served_after_release = RowCounts("model")

    def add(self, log: Any, truth: Any) -> None:
        """Add a part of the log.

        Parameters
        ----------
        log:
            Table of exchanges with the columns of conventions and `columns`.
        truth:
            The same rows of the truth, in the same order; None if the run has none.

        Raises
        ------
        InvalidInputError
            Where truth names an unknown actor, or a row lies outside of the clock.
        """
        group = self._groups(truth, log.num_rows)
        flags = convention_flags(log, truth)
        for convention, flag in flags.items():
            self._count(convention, group, flag)

        if _PROMPT in self.columns:
            asked = flags.get("C5", flags[ESTIMATE])
            self._prompts.add(group[asked], log.column(_PROMPT).to_numpy()[asked])

        answered = flags["C2"]
        at_us = log.column("ts_start").to_numpy().astype("i8")[answered]
        accounts = log.column("account_id").to_numpy()[answered]
        self._hours_of_accounts.add(group[answered], accounts, self._hour(at_us))
        if self._release is not None:
            age_us = at_us - self._release.at_us
            on_second_day = (age_us >= DAY_US) & (age_us < 2 * DAY_US)
            served = log.column("model_served").filter(answered).filter(on_second_day)
            self._served_after_release.add(group[answered][on_second_day], served.cast("string"))
        if truth is not None:
            typologies = truth.column("typology_id").filter(answered).cast("string")
            self._typologies.add(group[answered], typologies)

    def add_tasks(self, tasks: Any) -> None:
        """Add a part of the tasks in truth, a row each, which C6 counts."""
        group = self._groups(tasks, tasks.num_rows)
        self._count("C6", group, np.ones(tasks.num_rows, np.bool_))

    def clusters(self) -> tuple[Cluster, ...]:
        """Return a cluster for each group with an answered exchange, in the order of the groups."""
        if "C2" not in self._counts:
            return ()
        payment = self._run.table("log/account_payment", ACCOUNT_PAYMENT)
        groups = np.flatnonzero(self._counts["C2"]).tolist()
        return tuple(self._cluster(group, payment) for group in groups)

    # Adding

    def _groups(self, truth: Any, rows: int) -> NDArray[np.int64]:
        """Return the group of each row, shape (rows,).

        It is the place of the actor in the scenario, or 0 for all rows if actors are not told
        apart.
        """
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

    def _count(self, convention: str, group: NDArray[np.int64], flag: NDArray[Any]) -> None:
        """Add the flagged rows of a part to the counts of a convention, by group."""
        size = 1 if self._actors is None else len(self._actors)
        sums = np.bincount(group, flag, size).astype(np.int64)
        self._counts[convention] = self._counts.get(convention, 0) + sums

    def _hour(self, at_us: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the hour of the clock that each moment lies in, from 0.

        Moments are microseconds since 1970, (n,); one outside of the clock is refused.
        """
        hour = (at_us - self._start_us) // HOUR_US
        if len(hour) and not 0 <= hour.min() <= hour.max() < self._hours:
            raise InvalidInputError(
                f"{self._run.store}: log/exchanges has rows outside of the clock of its scenario; "
                "`sim check-run` names the first"
            )
        return hour

    # The results

    def _cluster(self, group: int, payment: Any) -> Cluster:
        """Return the observables of one group.

        Parameters
        ----------
        group:
            Number of the group; it has an answered exchange.
        payment:
            Accounts and their instruments, of the whole run.
        """
        run, actor = str(self._run.store), self._actors[group] if self._actors else None
        counts = {convention: int(sums[group]) for convention, sums in self._counts.items()}
        active = self._hours_of_accounts.rows(group)
        turns = counts.get("C5", counts[ESTIMATE])
        accounts, place = np.unique(active["account"], return_inverse=True)

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
            concentration=gini(np.bincount(place, active["n"]).astype(np.int64)),
            exchanges_per_task=counts["C2"] / turns if turns else None,
            item_repetition=self._item_repetition(group),
            moved_24h=self._moved_24h(group),
            synchrony=synchrony(active["account"], active["hour"], active["n"], self._hours),
            shared_instruments=shared(
                payment.column("account_id").to_numpy()[pays],
                payment.column("instrument_hash").to_numpy()[pays],
            ),
            truth=self._truth(group),
        )

    def _item_repetition(self, group: int) -> float | None:
        """Return the share of a group's prompts that were sent before, None if it is not known."""
        if _PROMPT not in self.columns:
            return None
        times = self._prompts.rows(group)["n"]
        return 1 - len(times) / int(times.sum()) if len(times) else None

    def _moved_24h(self, group: int) -> float | None:
        """Return the share that the newest model serves on the second day after its release.

        None without a release, or where a group has no exchange on that day.
        """
        if self._release is None:
            return None
        served = self._served_after_release.rows(group)
        total = int(served["n"].sum())
        newest = int(served["n"][served["model"] == self._release.model].sum())
        return newest / total if total else None

    def _truth(self, group: int) -> dict[str, float]:
        """Return the share of a group's exchanges by typology, sorted by id; empty without truth.

        Raises InvalidInputError for a typology that the scenario does not have.
        """
        if not self._run.has("truth/exchanges"):
            return {}
        rows = self._typologies.rows(group)
        of_scenario = {actor.typology for actor in self._run.scenario.actors}
        strange = sorted(set(rows["typology"]) - of_scenario)
        if strange:
            raise InvalidInputError(
                f"{self._run.store}: its truth names typology {printable(strange[0])}, its "
                "scenario does not"
            )
        shares = rows["n"] / int(rows["n"].sum())
        return dict(sorted(zip(rows["typology"].tolist(), shares.tolist(), strict=True)))


class _Release(NamedTuple):
    """From when on a model was the newest.

    Attributes
    ----------
    at_us:
        Moment of the release, in microseconds since 1970.
    model:
        Name of the model, as `model_served` has it.
    """

    at_us: int
    model: str


def _last_release(run: Run, start_us: int, end_us: int) -> _Release | None:
    """Return the last release whose second day lies at least partly in the log, None without one.

    Parameters
    ----------
    run:
        Its model catalog is read.
    start_us, end_us:
        Begin and end of the clock, in microseconds since 1970.
    """
    table = run.table("log/model_catalog", MODEL_CATALOG)
    models = table.column("model").to_pylist()
    released = table.column("latest_from").cast("int64").to_pylist()
    seen = [
        _Release(at, model)
        for at, model in zip(released, models, strict=True)
        if at is not None and at + DAY_US < end_us and at + 2 * DAY_US > start_us
    ]
    return max(seen, default=None)
