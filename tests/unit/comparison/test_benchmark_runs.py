"""Whole benchmark runs of measured models."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.catalog import benchmarks, claims, step_distributions, steps_for
from sim.comparison.analysis import FEBRUARY
from sim.comparison.claims.cases import cases
from sim.comparison.inference.run_totals import (
    STRATA,
    ModelPrediction,
    conditional_moments,
    draw_strata,
    predict,
    runs_until,
)
from sim.comparison.sections.benchmark_runs import (
    agents_table,
    models_table,
    predict_models,
    say_agents,
    say_models,
)
from sim.scaffold.steps import draw_steps
from sim.streams import Streams

CASES = [cases(claims())[x] for x in FEBRUARY]
Models = tuple[ModelPrediction, ...]


@pytest.fixture(scope="module")
def models() -> Models:
    return predict_models(CASES, 2_000, seed=0)


def test_each_model_makes_its_mean_times_the_items(models: Models) -> None:
    measured = step_distributions()
    assert len(models) == 25
    for m in models:
        steps = measured[m.agent, m.model].steps
        noise = 2294 * steps.std() / np.sqrt(500)
        assert m.exchanges.mean == pytest.approx(2294 * steps.mean(), abs=5 * noise / 2_000**0.5)
        # Var = items * variance (the run) + items^2 * variance / 500 (the measured mean)
        spread = np.sqrt(2294 * steps.var() + noise**2)
        width = (m.exchanges.high_95 - m.exchanges.low_95) / 2
        assert width == pytest.approx(1.96 * spread, rel=0.12)


def test_conditional_moments_add_up_to_the_measured_ones() -> None:
    for steps in step_distributions().values():
        mean, variance = conditional_moments(steps)
        assert mean.mean() == pytest.approx(steps.steps.mean(), rel=0.003)
        assert variance.mean() + mean.var() == pytest.approx(steps.steps.var(), rel=0.01)
        assert (np.diff(mean) >= -1e-9).all()


def test_runs_of_one_benchmark_are_as_correlated_as_drawn_task_by_task() -> None:
    """The stratified totals against `draw_steps`: mean and variance over series of five runs."""
    steps, streams = steps_for("mini-swe-agent", "claude-opus-4.5"), Streams(1)
    items, runs, series = 200, 5, 600
    scores = streams.rng("scores").standard_normal((series, 1, items))
    wide = np.broadcast_to(scores, (series, runs, items))
    drawn = draw_steps(steps, wide, streams.rng("runs")).sum(axis=(1, 2))
    mean, variance = conditional_moments(steps)
    strata = draw_strata(items, 20_000, streams)
    expected = runs**2 * (strata @ mean).var() + runs * (strata @ variance).mean()
    assert drawn.mean() == pytest.approx(runs * (strata @ mean).mean(), rel=0.01)
    assert drawn.var() == pytest.approx(expected, rel=0.25)
    independent = runs * items * steps.steps.var()
    assert drawn.var() > 1.8 * independent


def test_runs_needed_are_the_first_passage() -> None:
    rng = np.random.default_rng(3)
    exact = runs_until(1_000, np.full(5, 300.0), np.zeros(5), rng)
    assert exact.tolist() == [4] * 5
    assert runs_until(10, np.full(3, 300.0), np.full(3, 9.0), rng).tolist() == [1] * 3
    noisy = runs_until(30_000, np.full(20_000, 300.0), np.full(20_000, 900.0), rng)
    walk = np.cumsum(rng.normal(300, 30, (20_000, 110)), axis=1)
    first = np.argmax(walk >= 30_000, axis=1) + 1
    assert noisy.mean() == pytest.approx(first.mean(), abs=0.06)
    assert noisy.std() == pytest.approx(first.std(), rel=0.05)


def test_runs_needed_for_the_claims(models: Models) -> None:
    by_model = {m.model_id: m for m in models if m.model_id}
    needed = {x.claim: x.runs.median for x in by_model["claude-sonnet-4.5"].runs_needed}
    assert needed == {
        "A3": 2,
        "A4": pytest.approx(30, abs=1),
        "A5": pytest.approx(112, abs=1),
        "A1": pytest.approx(137, abs=1),
    }
    for m in models:
        medians = [x.runs.median for x in m.runs_needed]
        assert medians == sorted(medians)
        for x in m.runs_needed:
            target = claims()[x.claim].value
            assert target is not None
            assert x.runs.mean == pytest.approx(target / m.exchanges.mean + 0.5, rel=0.02, abs=0.5)


def test_models_rise_and_are_counted_as_answered_requests(models: Models) -> None:
    medians = [m.exchanges.median for m in models]
    assert medians == sorted(medians)
    assert {m.convention for m in models} == {"C2"}


def test_models_that_the_claims_are_about_come_first(models: Models) -> None:
    comparison: Any = SimpleNamespace(cases=CASES)
    table = models_table(comparison, models)
    providers = [x["provider"] for x in table.records()]
    assert providers[:6] == ["Anthropic"] * 5 + ["OpenAI"]
    first, _, rest = say_models(comparison, models).partition(", and ")
    assert first.endswith(
        "k to 117 k exchanges (C2) with Claude models, which the claims are about"
    )
    assert rest.endswith("k to 199 k with 20 models of other providers")
    others = tuple(m for m in models if m.provider != "Anthropic")
    assert say_models(comparison, others).endswith(f"is {rest}")


def test_runs_by_scaffold_are_the_claim_over_the_size_of_a_run(models: Models) -> None:
    comparison: Any = SimpleNamespace(cases=CASES)
    rows = {(x["provider"], x["agent"]): x for x in agents_table(comparison, models).records()}
    lean, heavy = rows["Anthropic", "mini-swe-agent"], rows["Anthropic", "swe-agent"]
    assert list(rows)[:2] == [("Anthropic", "mini-swe-agent"), ("Anthropic", "swe-agent")]
    assert (lean["calls"], lean["runs_A4"], lean["models"]) == ("31.1 to 51.0", "30 to 48", 5)
    assert (heavy["calls"], heavy["runs_A4"]) == ("77.4", "20")
    assert rows["Alibaba", "openhands"]["calls"] == "64.3"
    assert sum(x["models"] for x in rows.values()) == len(step_distributions()) + 1
    assert say_agents(comparison, models) == (
        "Counted in full runs of SWE-bench, as the critique does: 3.4 million exchanges are 30 to "
        "48 runs by Claude models with mini-swe-agent, or 20 at the 77.4 calls a task that "
        "swe-agent takes on swe-bench-pro"
    )
    other: Any = SimpleNamespace(cases=CASES[:1])
    assert say_agents(other, models) == ""


def test_a_model_is_predicted_alike_whatever_else_is_compared() -> None:
    steps = steps_for("mini-swe-agent", "claude-opus-4")
    items = benchmarks()["swe-bench-full"].items
    chosen = [claims()[x] for x in ("A3", "A4", "A5", "A1")]
    strata = draw_strata(items, 50, Streams(0))
    alone = predict(steps, "swe-bench-full", strata, chosen, Streams(0))
    assert strata.shape == (50, STRATA)
    assert alone in predict_models(CASES, 50, seed=0)
