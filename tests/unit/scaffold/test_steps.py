"""Steps per task: simulated against measured marginals, and the dependence over instances."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.catalog import StepDistribution, step_counts, step_distributions
from sim.scaffold.normal_scores import normal_cdf
from sim.scaffold.steps import draw_steps, instance_scores
from sim.streams import Streams

ALL = list(step_distributions().values())
MINI = [x for x in ALL if x.agent == "mini-swe-agent"]

# log steps of the 25 x 500 measured tasks = model + instance + residual (one task each), as
# mean-square estimates; measured on the public per-task records, which are not kept here
MEASURED_COMPONENTS = (0.222, 0.124, 0.369)


def simulate(x: StepDistribution, size: int, limit: int | None = None) -> NDArray[np.int64]:
    streams = Streams(5)
    scores = instance_scores(streams, x.benchmark, size)
    return draw_steps(x, scores, streams.rng(x.agent, x.model), limit)


def name(x: StepDistribution) -> str:
    return f"{x.agent} {x.model}"


def quantile(steps: Any, p: float) -> float:
    return float(np.quantile(steps, p))


@pytest.mark.parametrize("x", ALL, ids=name)
def test_the_simulated_marginal_is_the_measured_one(x: StepDistribution) -> None:
    steps = simulate(x, 40_000)
    assert steps.mean() == pytest.approx(x.steps.mean(), rel=0.10)
    assert quantile(steps, 0.5) == pytest.approx(quantile(x.steps, 0.5), rel=0.10)
    assert quantile(steps, 0.9) == pytest.approx(quantile(x.steps, 0.9), rel=0.10)
    assert quantile(steps, 0.99) == pytest.approx(quantile(x.steps, 0.99), rel=0.15)
    at_limit = np.mean(steps >= x.step_limit)
    assert at_limit == pytest.approx(x.at_limit / len(x.steps), abs=0.01)


@pytest.mark.parametrize("x", ALL, ids=name)
def test_one_half_of_the_instances_predicts_the_other(x: StepDistribution) -> None:
    """Two-sample Kolmogorov-Smirnov distance of the halves, at the 0.1 % level for 27 tests.

    Ties make it smaller, so the bound is on the safe side; the means may differ by four errors.
    """
    counts = step_counts()[x.agent, x.model]
    odd = np.repeat(counts[:, 0], counts[:, 2])
    even = np.repeat(counts[:, 0], counts[:, 1] - counts[:, 2])
    assert abs(len(odd) - len(even)) <= 1
    grid = counts[:, 0]
    below = [np.searchsorted(np.sort(h), grid, "right") / len(h) for h in (odd, even)]
    n = len(odd) * len(even) / (len(odd) + len(even))
    assert np.abs(below[0] - below[1]).max() < math.sqrt(-math.log(0.001 / 27 / 2) / 2 / n)
    error = math.hypot(odd.std() / len(odd) ** 0.5, even.std() / len(even) ** 0.5)
    assert abs(odd.mean() - even.mean()) < 4 * error


def components(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance of columns, rows and residual of a two-way table, by mean squares."""
    rows, columns = table.shape
    by_column = table.mean(0) - table.mean()
    by_row = (table.mean(1) - table.mean())[:, None]
    residual = table - table.mean() - by_column - by_row
    noise = (residual**2).sum() / (rows - 1) / (columns - 1)
    model = (rows * (by_column**2).sum() / (columns - 1) - noise) / rows
    instance = (columns * (by_row**2).sum() / (rows - 1) - noise) / columns
    return np.array([model, instance, noise])


def test_variance_components_of_log_steps_are_near_the_measured_ones() -> None:
    found = []
    for seed in range(6):
        streams = Streams(seed)
        scores = instance_scores(streams, "swe-bench-verified", 500)
        table = [draw_steps(x, scores, streams.rng("steps", x.model)) for x in MINI]
        found.append(components(np.log(np.array(table, np.float64).T)))
    model, instance, noise = np.mean(found, axis=0)
    assert model == pytest.approx(MEASURED_COMPONENTS[0], abs=0.010)
    assert instance == pytest.approx(MEASURED_COMPONENTS[1], abs=0.025)
    assert noise == pytest.approx(MEASURED_COMPONENTS[2], abs=0.030)


def normal_scores(steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """Normal scores of mid-ranks."""
    values, inverse, counts = np.unique(steps, return_inverse=True, return_counts=True)
    rank = np.cumsum(counts) - (counts - 1) / 2
    table = [NormalDist().inv_cdf((r - 0.5) / len(steps)) for r in rank]
    assert len(table) == len(values)
    scores: NDArray[np.float64] = np.array(table)[inverse]
    return scores


def correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.mean((a - a.mean()) * (b - b.mean())) / a.std() / b.std())


@pytest.mark.parametrize("x", [ALL[0], ALL[3], ALL[10], ALL[25], ALL[26]], ids=name)
def test_two_runs_of_an_instance_share_the_square_of_the_loading(x: StepDistribution) -> None:
    streams = Streams(2)
    scores = instance_scores(streams, x.benchmark, 40_000)
    runs = [normal_scores(draw_steps(x, scores, streams.rng("run", k))) for k in (0, 1)]
    assert correlation(*runs) == pytest.approx(x.loading**2, abs=0.025)


def test_two_models_share_the_product_of_their_loadings() -> None:
    a, b = MINI[0], MINI[3]
    streams = Streams(4)
    scores = instance_scores(streams, a.benchmark, 40_000)
    runs = [normal_scores(draw_steps(x, scores, streams.rng(x.model))) for x in (a, b)]
    assert correlation(*runs) == pytest.approx(a.loading * b.loading, abs=0.025)


def test_another_benchmark_has_other_instances() -> None:
    streams = Streams(2)
    a = instance_scores(streams, "swe-bench-full", 4_000)
    b = instance_scores(streams, "swe-bench-verified", 4_000)
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.08
    assert a.tolist() == instance_scores(streams, "swe-bench-full", 4_000).tolist()


def test_a_step_limit_cuts_and_changes_nothing_below_it() -> None:
    x = MINI[0]
    free, cut = simulate(x, 2_000), simulate(x, 2_000, limit=40)
    assert cut.tolist() == np.minimum(free, 40).tolist()
    assert simulate(x, 2_000, limit=10_000).tolist() == free.tolist()


def test_scores_beyond_any_quantile_stay_within_the_measured_steps() -> None:
    x = MINI[0]
    rng = np.random.default_rng(0)
    assert draw_steps(x, np.full(5, 100.0), rng).tolist() == [x.steps[-1]] * 5
    assert draw_steps(x, np.full(5, -100.0), rng).tolist() == [x.steps[0]] * 5


def test_normal_cdf_is_as_exact_as_it_says() -> None:
    z = np.random.default_rng(1).uniform(-9, 9, 20_000)
    exact = [0.5 * math.erfc(-x / math.sqrt(2)) for x in z]
    assert np.abs(normal_cdf(z) - exact).max() < 4e-8
    assert normal_cdf(np.array([-np.inf, np.inf])).tolist() == pytest.approx([0, 1], abs=1e-12)
