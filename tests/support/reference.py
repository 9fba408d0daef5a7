"""The fast engine and the reference engine on the same scenario, row by row."""

from __future__ import annotations

from collections import Counter
from typing import Any
from unittest.mock import patch

import numpy as np

from sim.actors.workload import Workload
from sim.arrays.columns import Columns, concat, length
from sim.engine.shards import workloads
from sim.population.population import Population, build_population
from sim.reference.draws import Call, Session
from sim.reference.plain_provider import Provider
from sim.scaffold.exchange_records import unpacked
from sim.scaffold.task_rows import no_tasks
from sim.scenario.resolved import Scenario

Row = dict[str, Any]
ATTEMPT, TASK = ("serial", "number"), ("serial",)


def differences(scenario: Scenario) -> tuple[list[str], Counter[str]]:
    """Return (a line for each row that differs, how often the scenario reaches each rule).

    Rows of attempts are compared by call and number, rows of tasks by number; all columns count.
    """
    lines: list[str] = []
    seen: Counter[str] = Counter()
    population = build_population(scenario)
    pairs = zip(workloads(population), workloads(population, "reference"), strict=True)
    for number, (fast, reference) in enumerate(pairs):
        rows, tasks = rows_and_tasks(fast)
        with patch("sim.reference.client.Provider", CountingProvider):
            CountingProvider.expired = 0
            their_rows, their_tasks = rows_and_tasks(reference)
        seen.update(expired=CountingProvider.expired)
        seen.update(_reached(their_rows, population))
        where = f"shard {number}, "
        lines += _different(f"{where}call", by_key(rows, ATTEMPT), by_key(their_rows, ATTEMPT))
        lines += _different(f"{where}task", by_key(tasks, TASK), by_key(their_tasks, TASK))
    return lines, seen


class CountingProvider(Provider):
    """Counts the attempts that come too late for what their session left in the cache."""

    expired = 0

    def _read_tokens(self, session: Session, call: Call, now_us: int) -> int:
        last, began_us = session.last_answered.get(call.history, (None, 0))
        if call.left_tokens and last and last.left_tokens:
            CountingProvider.expired += now_us - began_us > session.lifetime_us
        return super()._read_tokens(session, call, now_us)


def rows_and_tasks(workload: Workload) -> tuple[Columns, Columns]:
    """Return the rows of the log and of the task table, as columns."""
    blocks = list(workload.blocks())
    rows = concat([unpacked(block.rows) for block in blocks])
    tasks = np.concatenate([no_tasks(), *(block.tasks for block in blocks)])
    return rows, {name: tasks[name] for name in tasks.dtype.names or ()}


def by_key(columns: Columns, key: tuple[str, ...]) -> dict[tuple[int, ...], Row]:
    """Return the rows of a table as dictionaries, by the columns of `key`."""
    values = zip(*(column.tolist() for column in columns.values()), strict=True)
    rows = [dict(zip(columns, row, strict=True)) for row in values]
    return {tuple(row[name] for name in key): row for row in rows}


def _different(
    what: str, fast: dict[tuple[int, ...], Row], reference: dict[tuple[int, ...], Row]
) -> list[str]:
    lines = []
    for key in sorted(fast.keys() | reference.keys()):
        ours, theirs = fast.get(key), reference.get(key)
        if ours is None or theirs is None:
            lines.append(f"{what} {key}: only of the {'fast' if ours else 'reference'} engine")
        elif ours != theirs:
            names = [name for name in ours if ours[name] != theirs[name]]
            values = [f"{name} {ours[name]} is {theirs[name]}" for name in names]
            lines.append(f"{what} {key}: {', '.join(values)} of the reference engine")
    return lines


def _reached(rows: Columns, population: Population) -> Counter[str]:
    """Count the rules that attempts in the log are examples of."""
    if not length(rows):
        return Counter()
    first_model = np.concatenate(
        [c.service.model_number[c.accounts.model] for c in population.contexts]
    )
    statuses = Counter(f"status {status}" for status in rows["status"].tolist())
    counts = {
        "attempts": length(rows),
        "retries": rows["number"] > 0,
        "chains": rows["number"] >= 3,
        "cache reads": rows["read"] > 0,
        "moved": rows["model"] != first_model[rows["account"]],
    }
    return statuses + Counter({name: int(np.sum(flags)) for name, flags in counts.items()})
