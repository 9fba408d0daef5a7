"""Count one replicate: what a run with its seed would hold, without writing it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.actors.workload import Block
from sim.arrays.columns import Columns, length
from sim.arrays.types import Ints
from sim.counting import CONVENTIONS
from sim.engine.memory import check_accounts, check_shards
from sim.engine.shards import shards, workload
from sim.engine.simulate import retry_until_consistent
from sim.population.population import Population, build_population
from sim.scaffold.rows import counting_rows
from sim.scenario.resolved import Scenario
from sim.tables.words import REFUSAL
from sim.world.attempts import OK

QUANTILES = (0.5, 0.9, 0.99)


class Spread(NamedTuple):
    """How the counts of an actor lie over its accounts that have an attempt in the log."""

    accounts: int
    mean: float
    p50: float
    p90: float
    p99: float
    max: int


class Counted(NamedTuple):
    """The counts of one replicate.

    `totals` has shape (actors, conventions); `spreads` holds one for each actor and convention,
    the sixth (tasks) included.
    """

    number: int
    seed: int
    totals: Ints
    spreads: list[list[Spread]]


def count_replicate(scenario: Scenario, number: int) -> Counted:
    """Simulate `scenario` with its seed, and count."""
    check_accounts(scenario)
    population = build_population(scenario)
    own = shards(population)
    check_shards(population, own)
    accounts = len(population.actor_of_account)
    counts = np.zeros((len(CONVENTIONS), accounts), np.int64)
    for shard in own:
        attempt = partial(_counts_of, accounts)
        counts += retry_until_consistent(workload(population, shard), attempt, counting_rows)
    return _summed(population, counts, number)


def _counts_of(accounts: int, blocks: Iterator[Block]) -> Ints:
    """Counts by convention and account, shape (conventions, accounts)."""
    counts = np.zeros((len(CONVENTIONS), accounts), np.int64)
    for block in blocks:
        _add(counts, block)
    return counts


def _add(counts: Ints, block: Block) -> None:
    accounts = counts.shape[1]
    if length(block.rows):
        account = block.rows["account"]
        for row, flags in zip(counts, _flags(block.rows), strict=False):
            row += np.bincount(account, flags, accounts).astype(np.int64)
    if length(block.tasks):
        counts[-1] += np.bincount(block.tasks["account"], minlength=accounts)


def _flags(rows: Columns) -> list[NDArray[np.int64]]:
    """How often each row counts under C1 to C5."""
    answered = rows["status"] == OK
    generated = answered & (rows["output"] > 0)
    usable = np.where(generated & (rows["finish"] != REFUSAL), rows["choices"], 0)
    flags = (np.ones(len(answered)), answered, generated, usable, generated & rows["user"])
    return [np.asarray(f, np.int64) for f in flags]


def _summed(population: Population, counts: Ints, number: int) -> Counted:
    totals, spreads = [], []
    for context in population.contexts:
        own = counts[:, context.first_account : context.first_account + len(context.accounts)]
        totals.append(own.sum(axis=1))
        seen = own[:, own[0] > 0]
        spreads.append([_spread(row) for row in seen])
    return Counted(number, population.scenario.seed, np.array(totals, np.int64), spreads)


def _spread(values: Ints) -> Spread:
    if not len(values):
        return Spread(0, 0.0, 0.0, 0.0, 0.0, 0)
    p50, p90, p99 = (float(q) for q in np.quantile(values, QUANTILES))
    return Spread(len(values), float(values.mean()), p50, p90, p99, int(values.max()))
