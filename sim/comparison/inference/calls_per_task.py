"""How many calls tasks take, and the calls of many tasks at once.

Tasks are simulated by their lengths: of N independent tasks, how many take 1, 2, 3, ... calls is
multinomial, so one draw of the counts is one draw of all N tasks; from three hundred tasks on their
sum is drawn as normal. Two more things are coarser than task by task, and none moves a mean.
Neighbouring lengths above twelve share a class that counts with its mean: of the standard deviation
of a sum that leaves out at most 2 %. And items differ by eight degrees of difficulty, which keep
nine tenths of the variance between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import sqrt

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.catalog import Benchmark, StepDistribution, step_distributions
from sim.comparison.hypotheses.hypothesis_forms import Calls
from sim.comparison.inference.run_totals import (
    STRATA,
    conditional_probabilities,
    probabilities_by_stratum,
)
from sim.distributions import Distribution

# Degrees of difficulty that the items of a benchmark differ by.
ITEM_STRATA = 8
# Lengths up to the first number have a class each; from there classes grow by this factor.
_SINGLE = 12
_GROWTH = 1.25
# The longest task, and the probability of longer ones that is neglected.
_FARTHEST = 20_000
_NEGLECTED = 1e-9
# So many tasks are drawn by the normal distribution of their sum.
_MANY = 300


@dataclass(frozen=True)
class Lengths:
    """Distribution of the calls that a task takes, in classes of lengths.

    Attributes
    ----------
    values:
        Mean calls of a task of each class, (k,), rising. Up to twelve calls they are whole; classes
        of longer tasks hold several lengths, and their mean need not be whole.
    probability:
        Of each class by stratum, (strata, k); each row adds up to 1. Strata are equal shares of the
        items of a benchmark by difficulty. There is one stratum where items do not matter.
    """

    values: Floats
    probability: Floats

    @property
    def mean(self) -> float:
        """Mean calls of a task."""
        return float((self.probability @ self.values).mean())


def calls_of(lengths: Lengths, tasks: Ints, rng: np.random.Generator) -> Ints:
    """Simulate independent tasks by the multinomial number of tasks of each length.

    Parameters
    ----------
    lengths:
        Calls of a task. Its strata are mixed: any task is of any difficulty.
    tasks:
        Tasks of each draw, (n,); 0 is allowed.
    rng:
        Draws how many tasks have each length.

    Returns
    -------
    ndarray
        Calls of all tasks together for each draw, (n,), rounded to whole calls.
    """
    return _calls(lengths.values, lengths.probability.mean(axis=0)[None, :], tasks[:, None], rng)


def items_by_stratum(items: int, n: int, rng: np.random.Generator) -> Ints:
    """Draw how many of the items of a benchmark are of each difficulty, (n, ITEM_STRATA).

    Each of the `n` draws has its own sample of items; its row adds up to `items`.
    """
    return rng.multinomial(items, np.full(ITEM_STRATA, 1 / ITEM_STRATA), size=n)


def calls_of_items(lengths: Lengths, strata: Ints, times: Ints, rng: np.random.Generator) -> Ints:
    """Simulate every item of a benchmark several times per draw.

    Rounds are independent given the difficulty of the items. An item that is hard in one round is
    hard in all others, so totals of several rounds vary more than those of as many different items
    would.

    Parameters
    ----------
    lengths:
        Calls of a task on the benchmark, by stratum if items matter.
    strata:
        Items by difficulty, (n, ITEM_STRATA); the same in all rounds and for all models.
    times:
        How often each item is worked on, (n,).
    rng:
        Draws how many tasks of a stratum have each length.

    Returns
    -------
    ndarray
        Calls of all rounds together for each draw, (n,).
    """
    tasks = strata * times[:, None]
    if len(lengths.probability) == 1:
        return calls_of(lengths, tasks.sum(axis=1), rng)
    return _calls(lengths.values, lengths.probability, tasks, rng)


def _calls(values: Floats, probability: Floats, tasks: Ints, rng: np.random.Generator) -> Ints:
    """Draw the calls of tasks of several strata together, (n,).

    Few tasks are drawn by how many have each length. The sum of three hundred or more is normal,
    nearly exactly.

    Parameters
    ----------
    values, probability:
        Lengths of tasks, (k,), and their probability by stratum, (strata, k).
    tasks:
        Tasks of each draw by stratum, (n, strata).
    rng:
        Draws the lengths.

    Returns
    -------
    ndarray
        Whole calls: mean lengths of classes need not be whole, their sum is rounded.
    """
    mean = probability @ values
    variance = np.maximum(probability @ values**2 - mean**2, 0)
    spread = np.sqrt(tasks @ variance) * rng.standard_normal(len(tasks))
    least, most = values.min() * tasks.sum(axis=1), values.max() * tasks.sum(axis=1)
    total = np.clip(tasks @ mean + spread, least, most)

    few = np.flatnonzero(tasks.sum(axis=1) < _MANY)
    if len(few):
        drawn = (
            rng.multinomial(tasks[few, stratum], row) @ values
            for stratum, row in enumerate(probability)
        )
        total[few] = sum(drawn)
    return np.rint(total).astype(np.int64)


@cache
def lengths_of_calls(calls: Calls) -> Lengths:
    """Return the lengths of a task of one kind of calls: 1 call, and tool steps in some tasks.

    Parameters
    ----------
    calls:
        With probability `tools_share` a task takes 1 + max(1, round(`more`)) calls, else 1. It is
        the key of the cache.

    Returns
    -------
    Lengths
        One stratum, for such tasks have no items.
    """
    more = np.zeros(1)
    if calls.tools_share and calls.more is not None:
        more = _pmf(calls.more)
    chances = np.zeros(len(more) + 1)
    chances[0] = 1 - calls.tools_share
    chances[1:] = calls.tools_share * more
    return _classes(chances[None, :])


def lengths_of_benchmark(benchmark: Benchmark) -> tuple[Lengths, ...]:
    """Return the lengths of an item of a benchmark, by measured model where there are measurements.

    Returns
    -------
    tuple
        One entry from `calls_per_item` and `item_share` if the benchmark states its calls.
        Otherwise one for each model of `measured_for`, in that order. All have `ITEM_STRATA`
        strata, but calls that are all the same have one.
    """
    if benchmark.calls_per_item is not None:
        return (_lengths_of_distribution(benchmark.calls_per_item, benchmark.item_share),)
    return tuple(_lengths_of_steps(steps.agent, steps.model) for steps in measured_for(benchmark))


def measured_for(benchmark: Benchmark) -> tuple[StepDistribution, ...]:
    """Return the measured steps that stand for a benchmark.

    Only models that the catalog serves count. If none was measured on the benchmark itself, the
    steps of its first agent on whatever benchmark take their place; the result is empty without
    those.
    """
    served = [steps for steps in step_distributions().values() if steps.model_id]
    on_benchmark = [steps for steps in served if steps.benchmark == benchmark.id]
    first_agent = benchmark.agents[0]
    return tuple(on_benchmark or [steps for steps in served if steps.agent == first_agent])


@cache
def _lengths_of_distribution(calls: Distribution, item_share: float) -> Lengths:
    """Return lengths by difficulty that follow a distribution, rounded and at least 1."""
    chances = _pmf(calls)
    if calls.constant is not None:
        return _classes(chances[None, :])
    below = np.minimum(np.concatenate([[0.0], np.cumsum(chances)]), 1.0)
    return _classes(_by_difficulty(probabilities_by_stratum(below, sqrt(item_share))))


@cache
def _lengths_of_steps(agent: str, label: str) -> Lengths:
    """Return the lengths by difficulty of the item from the measured steps of agent and model.

    Equal measured step counts are added up to one length.
    """
    steps = step_distributions()[agent, label]
    by_rank = _by_difficulty(conditional_probabilities(steps))
    chances = np.zeros((ITEM_STRATA, int(steps.steps.max())))
    for stratum, row in zip(chances, by_rank, strict=True):
        np.add.at(stratum, steps.steps - 1, row)
    return _classes(chances)


def _by_difficulty(by_stratum: Floats) -> Floats:
    """Average the strata of `run_totals` to `ITEM_STRATA` of them."""
    return np.asarray(
        by_stratum.reshape(ITEM_STRATA, STRATA // ITEM_STRATA, -1).mean(axis=1), np.float64
    )


def _pmf(distribution: Distribution) -> Floats:
    """Return the probabilities of max(1, round(X)) = 1, 2, ..., shape (k,).

    Lengths end where less than 1e-9 lies beyond, or at 20,000; what lies beyond belongs to the last
    one, so the probabilities add up to 1.
    """
    longest = int(np.ceil(min(distribution.quantile(1 - _NEGLECTED), _FARTHEST))) + 1
    below = np.array([distribution.cdf(k + 0.5) for k in range(1, longest + 1)])
    below[-1] = 1.0
    return np.diff(below, prepend=0.0)


def _classes(chances: Floats) -> Lengths:
    """Join neighbouring lengths to classes, each with its mean length.

    Lengths up to twelve keep a class each. From there the width of a class is about a quarter of
    its first length. The mean of a class is taken over all strata, so the mean over the strata
    stays exact. Classes of probability 0 are dropped; `chances` is (strata, lengths 1, 2, ...).
    """
    lengths = np.arange(1, chances.shape[1] + 1)
    edges = [0]
    while edges[-1] < len(lengths):
        width = 1 if edges[-1] < _SINGLE else max(1, int(edges[-1] * (_GROWTH - 1)))
        edges.append(min(edges[-1] + width, len(lengths)))

    # probability of each class by stratum, and its mean length over all strata
    starts = np.array(edges[:-1])
    mean_chances = chances.mean(axis=0)
    probability = np.add.reduceat(chances, starts, axis=1)
    weight = np.add.reduceat(mean_chances, starts)
    summed = np.add.reduceat(mean_chances * lengths, starts)

    possible = weight > 0
    probability = probability[:, possible]
    total = probability.sum(axis=1, keepdims=True)
    return Lengths(summed[possible] / weight[possible], probability / total)
