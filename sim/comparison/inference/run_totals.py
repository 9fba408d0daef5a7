"""Exchanges of whole benchmark runs, and runs needed for a claim, by simulation.

Runs of one benchmark meet the same items, so their totals are correlated item by item. The
simulation follows `sim.scaffold.steps`: normal scores of the items, one per replicate and item,
are drawn in equiprobable strata; given the scores, the total of a run is a sum over thousands of
independent items, drawn as the normal variable with the exact conditional mean and variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.catalog import Claim, StepDistribution
from sim.scaffold.normal_scores import normal_cdf
from sim.streams import Streams

CONVENTION = "C2"
STRATA = 256
NODES = 8
MAX_RUNS = 100_000


@dataclass(frozen=True)
class Range:
    """Mean and quantiles of a simulated quantity, in its unit.

    Attributes
    ----------
    mean
        Mean over the replicates.
    low_95, high_95
        Quantiles at 2.5 and 97.5 %.
    low_50, high_50
        Quantiles at 25 and 75 %.
    median
        Quantile at 50 %.
    """

    mean: float
    low_95: float
    low_50: float
    median: float
    high_50: float
    high_95: float


@dataclass(frozen=True)
class RunsNeeded:
    """Whole runs until the exchanges add up to at least the claim.

    Attributes
    ----------
    claim
        Id of the claim.
    runs
        Number of runs, at least 1, over the replicates.
    """

    claim: str
    runs: Range


@dataclass(frozen=True)
class ModelPrediction:
    """What one scaffold and model needs for a whole run of a benchmark, under `convention`.

    Attributes
    ----------
    agent, model
        Scaffold and model that were measured, by the labels of the measurement.
    model_id
        Model of the catalog that it is, None if it is none of them.
    provider
        Who made the model.
    benchmark
        Id of the benchmark that is run.
    measured_on, measured_tasks
        Benchmark on which steps were measured, and on how many tasks.
    convention
        What an exchange is; a step is an answered request.
    mean_steps
        Measured mean of the steps of a task.
    exchanges
        Exchanges of one run.
    runs_needed
        For each claim that has a value, in their order.
    source
        Where the measurement is from.
    """

    agent: str
    model: str
    model_id: str | None
    provider: str
    benchmark: str
    measured_on: str
    measured_tasks: int
    convention: str
    mean_steps: float
    exchanges: Range
    runs_needed: tuple[RunsNeeded, ...]
    source: str


def predict(
    steps: StepDistribution,
    benchmark: str,
    strata: Ints,
    claims: Sequence[Claim],
    streams: Streams,
) -> ModelPrediction:
    """Simulate a series of runs for each replicate.

    A replicate has its own instance scores, its own error of the measured mean (normal, standard
    deviation over the root of the number of measured tasks), and its own noise from run to run.

    Parameters
    ----------
    steps
        Measured steps of a scaffold and model.
    benchmark
        Id of the benchmark that is run.
    strata
        Items by stratum of their score, (replicates, STRATA); see `draw_strata`.
    claims
        Counts to be reached; those without a value are left out.
    streams
        Random streams; those used are named after scaffold and model.

    Returns
    -------
    ModelPrediction
        Over the replicates: the size of a run, and the runs that each claim takes.
    """
    mean, variance = per_run_moments(steps, strata, streams)

    rng = streams.rng("compare", steps.agent, steps.model, "runs")
    first_run = mean + np.sqrt(variance) * rng.standard_normal(len(mean))
    needed = tuple(
        RunsNeeded(x.id, _range(runs_until(x.value, mean, variance, rng)))
        for x in claims
        if x.value is not None
    )

    return ModelPrediction(
        agent=steps.agent,
        model=steps.model,
        model_id=steps.model_id,
        provider=steps.provider,
        benchmark=benchmark,
        measured_on=steps.benchmark,
        measured_tasks=len(steps.steps),
        convention=CONVENTION,
        mean_steps=float(steps.steps.mean()),
        exchanges=_range(first_run),
        runs_needed=needed,
        source=steps.source,
    )


def draw_strata(items: int, replicates: int, streams: Streams) -> Ints:
    """Draw how many of the items of a benchmark fall into each stratum of the score.

    It depends on `items` and the seed alone, so all models meet the same instances.

    Parameters
    ----------
    items
        Items of the benchmark.
    replicates
        Number of samples of items.
    streams
        Random streams of the seed.

    Returns
    -------
    ndarray
        Items, (replicates, STRATA); each row adds up to `items`.
    """
    rng = streams.rng("compare", "instances", items)
    counts: Ints = rng.multinomial(items, np.full(STRATA, 1 / STRATA), size=replicates)
    return counts


def per_run_moments(
    steps: StepDistribution, strata: Ints, streams: Streams
) -> tuple[Floats, Floats]:
    """Return mean and variance of a run's total for each replicate, given its items.

    The mean has the error of the measured mean in it, which all runs of a replicate share. It is at
    least one exchange an item.

    Parameters
    ----------
    steps
        Measured steps of a scaffold and model, of at least two tasks.
    strata
        Items by stratum, (replicates, STRATA).
    streams
        Random streams; the one used is named after scaffold and model.

    Returns
    -------
    tuple
        Mean in exchanges and variance in exchanges squared, (replicates,) each. The variance is
        that from run to run over the same items.
    """
    mean, variance = conditional_moments(steps)
    items = strata.sum(axis=1)
    error = streams.rng("compare", steps.agent, steps.model, "mean").standard_normal(len(items))
    spread = float(steps.steps.std(ddof=1)) / np.sqrt(len(steps.steps))
    return np.maximum(strata @ mean + items * spread * error, items), strata @ variance


def conditional_moments(steps: StepDistribution) -> tuple[Floats, Floats]:
    """Return mean and variance of the steps of a task by stratum of its score, shape (STRATA,)."""
    probability = conditional_probabilities(steps)
    mean = probability @ steps.steps
    return mean, probability @ steps.steps.astype(np.float64) ** 2 - mean**2


def conditional_probabilities(steps: StepDistribution) -> Floats:
    """Return the probability of each sorted measured step count by stratum, shape (STRATA, n)."""
    n = len(steps.steps)
    return probabilities_by_stratum(np.arange(n + 1) / n, steps.loading)


def probabilities_by_stratum(below: Floats, loading: float) -> Floats:
    """Return the probability of each of n classes of steps by stratum of the score.

    A Gaussian copula: with loading l and scores z = l b + sqrt(1 - l^2) e, a class has the
    probability that z falls between the normal quantiles of its ends, given b. It is averaged over
    `NODES` scores b in each stratum.

    Parameters
    ----------
    below
        Probability of less than each class, and 1 at last, ascending from 0, shape (n + 1,).
    loading
        That of the copula, in [0, 1).

    Returns
    -------
    ndarray
        Shape (STRATA, n); each row adds up to 1.
    """
    inverse = NormalDist().inv_cdf
    inside = [inverse(p) if p < 1 else np.inf for p in below[1:-1].tolist()]
    edges = np.array([-np.inf, *inside, np.inf])
    nodes = STRATA * NODES
    score = np.array([inverse((k + 0.5) / nodes) for k in range(nodes)])

    spread = np.sqrt(1 - loading**2)
    falls_below = normal_cdf((edges - loading * score[:, None]) / spread)
    probability: Floats = np.diff(falls_below, axis=1).reshape(STRATA, NODES, -1).mean(axis=1)
    return probability


def runs_until(target: float, mean: Floats, variance: Floats, rng: np.random.Generator) -> Ints:
    """Return the number of runs with which each series first reaches `target`, at least 1.

    First passage of a Gaussian random walk: after k runs a series stands at k mean +
    sqrt(variance) W(k). All series but a negligible share (six standard deviations) pass the
    target after the first and before the last run that is simulated; only these are stepped.
    After `MAX_RUNS` such steps a series is left as it is, short of the target.

    Parameters
    ----------
    target
        Exchanges to be reached.
    mean, variance
        Of the exchanges of a run, (series,) each.
    rng
        Source of the noise from run to run.

    Returns
    -------
    ndarray
        Runs, (series,).
    """
    certain = 6 * np.sqrt(variance * target / mean)
    skipped = np.maximum(np.floor((target - certain) / mean) - 1, 0)
    total = skipped * mean + np.sqrt(skipped * variance) * rng.standard_normal(len(mean))

    runs: Ints = skipped.astype(np.int64)
    for _ in range(MAX_RUNS):
        short = np.flatnonzero(total < target)
        if not len(short):
            break
        noise = np.sqrt(variance[short]) * rng.standard_normal(len(short))
        total[short] += mean[short] + noise
        runs[short] += 1
    at_least_one: Ints = np.maximum(runs, 1)
    return at_least_one


def _range(values: Floats | Ints) -> Range:
    """Return mean and quantiles of values (n,), linear between order statistics."""
    quantiles = np.quantile(values, [0.025, 0.25, 0.5, 0.75, 0.975]).tolist()
    return Range(float(values.mean()), *quantiles)
