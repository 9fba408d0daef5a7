"""Count one replicate: what a run with its seed would hold, without writing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sim.actors.workload import Block
from sim.arrays.types import Ints
from sim.engine.memory import check_accounts, check_shards
from sim.engine.shards import shards, workload
from sim.population.population import Population, build_population
from sim.scaffold.exchange_records import Records
from sim.scenario.resolved import Scenario
from sim.tables.conventions import CONVENTIONS, Weights, row_weights
from sim.tables.words import REFUSAL

QUANTILES = (0.5, 0.9, 0.99)


class Spread(NamedTuple):
    """How the counts of an actor spread over its accounts that have an attempt in the log."""

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
    """Simulate a scenario with its seed and count, without writing a row.

    Parameters
    ----------
    scenario
        With the seed of the replicate.
    number
        The number of the replicate, which is handed through.

    Raises
    ------
    InvalidInputError
        If the memory of this machine is too small.
    """
    check_accounts(scenario)
    population = build_population(scenario)
    cut = shards(population)
    check_shards(population, cut)

    accounts = len(population.actor_of_account)
    counts = np.zeros((len(CONVENTIONS), accounts), np.int64)
    for shard in cut:
        counts += _counts_by_account(accounts, workload(population, shard).blocks())
    return _summed(population, counts, number)


def _counts_by_account(accounts: int, blocks: Iterator[Block]) -> Ints:
    """Return the counts of blocks by convention and account, shape (conventions, accounts)."""
    counts = np.zeros((len(CONVENTIONS), accounts), np.int64)
    for block in blocks:
        if len(block.rows):
            account = block.rows.origins["account"][block.rows.records["origin"]]
            for row, weights in zip(counts, _weights(block.rows.records).values(), strict=False):
                row += np.bincount(account, weights, accounts).astype(np.int64)
        if len(block.tasks):
            counts[-1] += np.bincount(block.tasks["account"], minlength=accounts)
    return counts


def _weights(rows: Records) -> dict[str, Weights]:
    """Return how often each row counts under C1 to C5, shape (rows,) each."""
    return row_weights(
        status=rows["status"],
        output_tokens=rows["output"],
        choices=rows["choices"],
        refused=rows["finish"] == REFUSAL,
        opens_turn=rows["user"],
    )


def _summed(population: Population, counts: Ints, number: int) -> Counted:
    """Return counts by account, shape (conventions, accounts), added up by actor."""
    totals, spreads = [], []
    for context in population.contexts:
        end = context.first_account + len(context.accounts)
        by_account = counts[:, context.first_account : end]
        totals.append(by_account.sum(axis=1))
        active = by_account[:, by_account[0] > 0]
        spreads.append([_spread(row) for row in active])
    return Counted(number, population.scenario.seed, np.array(totals, np.int64), spreads)


def _spread(values: Ints) -> Spread:
    if not len(values):
        return Spread(0, 0.0, 0.0, 0.0, 0.0, 0)
    p50, p90, p99 = (float(q) for q in np.quantile(values, QUANTILES))
    return Spread(len(values), float(values.mean()), p50, p90, p99, int(values.max()))
