"""How many calls tasks take, and the calls of many tasks at once.

Tasks are simulated by their lengths: of N independent tasks, how many take 1, 2, 3, ... calls is
multinomial, so one draw of the counts is one draw of all N tasks, whatever N. Two things are
coarser than task by task, and neither moves a mean. Neighbouring lengths above twelve share a class
that counts with its mean: of the standard deviation of a sum that leaves out at most 2 %. And items
differ by eight degrees of difficulty, which keep nine tenths of the variance between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.catalog import Benchmark, StepDistribution, step_distributions
from sim.comparison.hypotheses.hypothesis_forms import Calls
from sim.comparison.inference.run_totals import STRATA, conditional_probabilities
from sim.distributions import Distribution

# Degrees of difficulty that the items of a benchmark differ by.
ITEM_STRATA = 8
# Lengths up to the first number have a class each; from there classes grow by this factor.
_SINGLE = 12
_GROWTH = 1.25
# The longest task, and the probability of longer ones that is neglected.
_FARTHEST = 20_000
_NEGLECTED = 1e-9


@dataclass(frozen=True)
class Lengths:
    """Classes of lengths: `values` (k,) calls, `probability` (strata, k) of each by stratum.

    Strata are equal shares of the items of a benchmark by difficulty; 1 where items do not matter.
    """

    values: Floats
    probability: Floats

    @property
    def mean(self) -> float:
        """Mean calls of a task."""
        return float((self.probability @ self.values).mean())


def calls_of(lengths: Lengths, tasks: Ints, rng: np.random.Generator) -> Ints:
    """Simulate `tasks` (n,) independent tasks per draw; return their calls in all, (n,).

    The number of tasks of each length is multinomial.
    """
    probability = lengths.probability.mean(axis=0)
    return _rounded(rng.multinomial(tasks, probability) @ lengths.values)


def items_by_stratum(items: int, n: int, rng: np.random.Generator) -> Ints:
    """Draw how many of the items of a benchmark are of each difficulty, (n, ITEM_STRATA)."""
    return rng.multinomial(items, np.full(ITEM_STRATA, 1 / ITEM_STRATA), size=n)


def calls_of_items(lengths: Lengths, strata: Ints, times: Ints, rng: np.random.Generator) -> Ints:
    """Simulate every item of a benchmark several times per draw; return the calls, (n,).

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
    """
    tasks = strata * times[:, None]
    if len(lengths.probability) == 1:
        return calls_of(lengths, tasks.sum(axis=1), rng)
    total = np.zeros(len(times))
    for stratum in range(ITEM_STRATA):
        probability = lengths.probability[stratum]
        total += rng.multinomial(tasks[:, stratum], probability) @ lengths.values
    return _rounded(total)


def _rounded(total: Floats) -> Ints:
    return np.rint(total).astype(np.int64)


@cache
def lengths_of_calls(calls: Calls) -> Lengths:
    """Return the lengths of a task that makes 1 call and perhaps some tool steps more."""
    more = np.zeros(1)
    if calls.tools_share and calls.more is not None:
        more = _pmf(calls.more)
    chances = np.zeros(len(more) + 1)
    chances[0] = 1 - calls.tools_share
    chances[1:] = calls.tools_share * more
    return _classes(chances[None, :])


def lengths_of_benchmark(benchmark: Benchmark) -> tuple[Lengths, ...]:
    """Return the lengths of an item, one for each served model that was measured, or one."""
    if benchmark.calls_per_item is not None:
        return (_lengths_of_distribution(benchmark.calls_per_item),)
    return tuple(_lengths_of_steps(steps.agent, steps.model) for steps in measured_for(benchmark))


def measured_for(benchmark: Benchmark) -> tuple[StepDistribution, ...]:
    """Return the measured steps of served models on a benchmark, or else of its first agent."""
    served = [steps for steps in step_distributions().values() if steps.model_id]
    on_benchmark = [steps for steps in served if steps.benchmark == benchmark.id]
    first_agent = benchmark.agents[0]
    return tuple(on_benchmark or [steps for steps in served if steps.agent == first_agent])


@cache
def _lengths_of_distribution(calls: Distribution) -> Lengths:
    return _classes(_pmf(calls)[None, :])


@cache
def _lengths_of_steps(agent: str, label: str) -> Lengths:
    steps = step_distributions()[agent, label]
    by_rank = conditional_probabilities(steps)
    by_rank = by_rank.reshape(ITEM_STRATA, STRATA // ITEM_STRATA, -1).mean(axis=1)
    chances = np.zeros((ITEM_STRATA, int(steps.steps.max())))
    for stratum, row in zip(chances, by_rank, strict=True):
        np.add.at(stratum, steps.steps - 1, row)
    return _classes(chances)


def _pmf(distribution: Distribution) -> Floats:
    """Probabilities of max(1, round(X)) = 1, 2, ..., shape (k,)."""
    longest = int(np.ceil(min(distribution.quantile(1 - _NEGLECTED), _FARTHEST))) + 1
    below = np.array([distribution.cdf(k + 0.5) for k in range(1, longest + 1)])
    below[-1] = 1.0
    return np.diff(below, prepend=0.0)


def _classes(chances: Floats) -> Lengths:
    """Join lengths to classes, each with its mean length; `chances` (strata, lengths 1, 2, ...)."""
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
