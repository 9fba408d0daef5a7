"""Exchanges of each task, session, account, day of an account, and run of a benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter

import numpy as np

from sim.catalog import benchmarks
from sim.summaries.run_figures import Distribution
from sim.summaries.sums import RunSums
from sim.tables.conventions import ESTIMATE

UNITS = ("task", "session", "account", "account_day", "benchmark_run")
# Units that have tokens and a price of their own.
PRICED = ("task", "session", "account")

_SUMS = "sum(n) AS n, sum(tokens) AS tokens, sum(nano) AS nano"
_FROM = {
    "task": f"SELECT label, id, {_SUMS} FROM of_tasks JOIN labels USING (pair) GROUP BY label, id",
    "session": f"SELECT label, id, {_SUMS} FROM of_sessions JOIN labels USING (pair) "
    "GROUP BY label, id",
    "account": "SELECT label, id, sum(c2) AS n, sum(tokens) AS tokens, sum(nano) AS nano "
    "FROM accounts JOIN labels USING (pair) GROUP BY label, id",
    "account_day": "SELECT label, id, day, sum(n) AS n FROM account_days JOIN labels USING (pair) "
    "GROUP BY label, id, day",
    # a full run has all its items, and none that the end of the log cut off
    "benchmark_run": "SELECT label, run, sum(n) AS n FROM tasks JOIN labels USING (pair) "
    "JOIN items USING (pair) JOIN (SELECT id, sum(n) AS n FROM of_tasks GROUP BY id) USING (id) "
    "WHERE run >= 0 GROUP BY label, pair, run, items "
    "HAVING count(*) = items AND NOT bool_or(cut_off)",
}


def group_units(sums: RunSums, by: str) -> None:
    """Add up the sums of each unit over the parts, into a table `units_...` for each kind.

    Beside the tables of units it makes `labels`, the group of each pair of actor and typology.

    Parameters
    ----------
    sums
        Of a run that was read.
    by
        `actor` or `typology`.
    """
    sums.rows(f"CREATE TABLE labels AS SELECT pair, {by} AS label FROM pairs")
    sums.rows("CREATE TABLE items (pair INT, items BIGINT)")
    for actor in sums.run.scenario.actors:
        if actor.source == "benchmark":
            sums.rows(
                "INSERT INTO items SELECT pair, $2 FROM pairs WHERE actor = $1",
                actor.id,
                actor.items,
            )
    for unit, query in _FROM.items():
        sums.rows(f"CREATE TABLE units_{unit} AS {query}")


def distributions(sums: RunSums) -> dict[str, dict[str, Distribution]]:
    """Return how many answered exchanges units have, by unit and group; no unit without any."""
    by_unit = {unit: distributions_of(sums, f"SELECT label, n FROM units_{unit}") for unit in UNITS}
    return {unit: by_group for unit, by_group in by_unit.items() if by_group}


def distributions_of(sums: RunSums, query: str) -> dict[str, Distribution]:
    """Return how often each number occurs in each group.

    Parameters
    ----------
    sums
        The tables.
    query
        Gives `label` and `n` of each unit.

    Returns
    -------
    dict
        By label, in order of label.
    """
    rows = sums.rows(f"SELECT label, n, count(*) FROM ({query}) GROUP BY ALL ORDER BY label, n")
    found = {}
    for label, of_label in groupby(rows, itemgetter(0)):
        _, values, frequencies = zip(*of_label, strict=True)
        found[label] = Distribution(np.array(values, np.int64), np.array(frequencies, np.int64))
    return found


def left_out(sums: RunSums, known: Mapping[str, object]) -> tuple[str, ...]:
    """Return what is not counted or not as large as it seems, and why, a sentence each.

    Parameters
    ----------
    sums
        Of the run.
    known
        The units of which there are distributions.
    """
    sentences = []
    if not sums.has_truth:
        sentences.append(
            "Nothing is counted per task or per benchmark run, and actors are not told apart: "
            "only the truth knows them, and it was taken away."
        )
        sentences.append(
            f"User turns (C5) are only estimated: {ESTIMATE} counts requests whose last message is "
            "a user's, also those that a scaffold makes for a summary or a sub-agent."
        )

    sentences += _about_sessions(sums)
    sentences += _about_benchmark_runs(sums)

    if "task" in known and sums.rows("SELECT count(*) FROM tasks WHERE begun_before")[0][0]:
        sentences.append(
            "Tasks that had begun before the log opened count with what the log holds of them."
        )
    if sums.has_truth and sums.context_stride > 1:
        sentences.append(
            f"How the input grows along tasks is read off one task in {sums.context_stride}, "
            "by identifier, because the log is large."
        )
    return tuple(sentences)


def _about_sessions(sums: RunSums) -> list[str]:
    """Say how much of the log belongs to sessions; nothing of a log without exchanges."""
    if not sums.has_sessions:
        return [
            "Nothing is counted per session: the log has no column conversation_id "
            f"(tables.columns is {sums.run.scenario.tables.columns})."
        ]
    exchanges = sums.rows("SELECT sum(c2) FROM accounts")[0][0]
    in_sessions = sums.rows("SELECT sum(n) FROM of_sessions")[0][0]
    if not exchanges:
        return []
    return [
        "A session is a conversation_id, which only some clients send: "
        f"{int(in_sessions or 0):,} of {int(exchanges):,} answered exchanges have one, the others "
        "are in no session."
    ]


def _about_benchmark_runs(sums: RunSums) -> list[str]:
    """Say which runs of benchmarks have a part of the items, and how many are not whole."""
    begun = sums.rows(
        "SELECT actor, count(DISTINCT run) FROM tasks JOIN items USING (pair) "
        "JOIN pairs USING (pair) WHERE run >= 0 GROUP BY actor ORDER BY actor"
    )
    actors = {actor.id: actor for actor in sums.run.scenario.actors}
    sentences = []
    for id_, _ in begun:
        actor = actors[id_]
        known = benchmarks().get(actor.benchmark or "")
        if known and actor.items < known.items:
            sentences.append(
                f"A run of {id_} works on {actor.items:,} of the {known.items:,} items of "
                f"{known.id}."
            )

    all_runs = sum(runs for _, runs in begun)
    cut = all_runs - sums.rows("SELECT count(*) FROM units_benchmark_run")[0][0]
    if cut:
        sentences.append(
            "Runs of benchmarks that are not in the log as a whole are left out of those per "
            f"benchmark run: {cut:,} of {all_runs:,}."
        )
    return sentences
