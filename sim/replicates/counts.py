"""Count one replicate: what a run with its seed would hold, without writing it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.types import Bools, Ints, for_loops
from sim.engine.memory import check_accounts, check_shards
from sim.engine.shards import shards, workload
from sim.population.population import Population, build_population
from sim.scaffold.exchange_records import Exchanges, Records
from sim.scaffold.fill import DrawnSessions
from sim.scaffold.rows import Placement
from sim.scaffold.turns import MOST_CHOICES
from sim.scenario.resolved import Scenario
from sim.tables.conventions import CONVENTIONS, OK, row_weights
from sim.tables.words import REFUSAL
from sim.world.attempts import Attempts

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

    population = population.for_counting()
    counter = _Counter(len(population.actor_of_account))
    for shard in cut:
        for block in workload(population, shard).blocks(counter):
            counter.add_tasks(block.tasks)
    return _summed(population, counter.counts, number)


class _Counter:
    """Counts attempts in the place of making rows of them.

    `counts` are those by convention and account, shape (conventions, accounts).
    """

    def __init__(self, accounts: int) -> None:
        self.counts: Ints = np.zeros((len(CONVENTIONS), accounts), np.int64)
        self._weights = _weights_of_kinds()

    def __call__(
        self, drawn: DrawnSessions, placement: Placement, attempts: Attempts, _read: Ints
    ) -> Exchanges:
        """Count attempts in the log; return no rows."""
        account = for_loops(placement.account)
        refused = drawn.finish == REFUSAL
        of_calls = drawn.calls.session, drawn.calls.output_tokens, drawn.choices
        call, status = for_loops(attempts.call), for_loops(attempts.status)
        calls = _Counted(*of_calls, refused, drawn.opens_turn)
        _count(call, status, calls, account, self._weights, self.counts)
        return Exchanges.none()

    def add_tasks(self, tasks: Records) -> None:
        """Count tasks with an attempt in the log."""
        self.counts[-1] += np.bincount(tasks["account"], minlength=self.counts.shape[1])


class _Counted(NamedTuple):
    """What conventions ask of calls, shape (calls,) each."""

    session: Ints
    output_tokens: Ints
    choices: Ints
    refused: Bools
    opens_turn: Bools


def _weights_of_kinds() -> Ints:
    """Return how often an attempt of each kind counts, by convention but the last, that of tasks.

    Its kind is whether it was answered, with tokens, with a refusal, whether it opens a turn, and
    how many choices were asked for: the five indices before the convention.
    """
    shape = (2, 2, 2, 2, MOST_CHOICES + 1)
    answered, generated, refused, opens_turn, choices = np.indices(shape).reshape(len(shape), -1)
    weights = row_weights(
        status=np.where(answered, OK, 0),
        output_tokens=generated,
        choices=choices,
        refused=refused > 0,
        opens_turn=opens_turn > 0,
    )
    return np.stack(list(weights.values()), axis=-1).astype(np.int64).reshape(*shape, -1)


@compiled
def _count(
    call: Ints, status: Ints, calls: _Counted, account: Ints, weights: Ints, counts: Ints
) -> None:
    """Add attempts to the counts of their accounts."""
    for row in range(len(call)):
        of = call[row]
        weight = weights[
            int(status[row] == OK),
            int(calls.output_tokens[of] > 0),
            int(calls.refused[of]),
            int(calls.opens_turn[of]),
            calls.choices[of],
        ]
        by = account[calls.session[of]]
        for convention in range(len(weight)):
            counts[convention, by] += weight[convention]


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
