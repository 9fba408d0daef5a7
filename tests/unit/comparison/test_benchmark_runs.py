"""Whole benchmark runs of measured models, and the arithmetic of the documents beside them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.catalog import benchmarks, claims, statements, step_distributions, steps_for
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
from sim.comparison.sections.benchmark_runs import predict_models
from sim.comparison.sections.statements import _reached, verdicts
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


def test_models_rise_and_every_figure_has_its_convention(models: Models) -> None:
    medians = [m.exchanges.median for m in models]
    assert medians == sorted(medians)
    assert {m.convention for m in models} == {"C2"}
    assert all(x.convention for x in verdicts(models))


VERDICTS = {
    "run-size": (
        "holds",
        "arithmetic holds (2,294 items give 114,700); "
        "25 models took 30,299 to 199,271, median 87,268",
    ),
    "thirty-runs": (
        "holds in part",
        "arithmetic holds for models with 49.4 steps or more: 5 of 25 models need <= 30 runs, "
        "the median model 39",
    ),
    "fifty-calls": (
        "contradicted",
        "not conservative: above the mean of 20 of 25 models (13.2 to 86.9, on average 40.5)",
    ),
    "snitchbench": ("contradicted", "contradicted: 150,000 = 4.3 to 47 runs"),
    "application-day": (
        "cannot be tested",
        "no measurement of 160,000 a day; at this rate A3 takes 0.94 days, A4 takes 21 days, "
        "A5 takes 81 days, S8 takes 76 days; reports that name a window come to "
        "864 k a day (S8), 200 k a day (S9), 20 k a day (S12)",
    ),
    "dozens": (
        "holds in part",
        "in the tail: a request takes 8.8 calls on average; its tool-initiated steps have "
        "mean 7.8, p50 1, p90 20, p99 86, those of a session p99 1,107; "
        "benchmark tasks have mean 13.2 to 86.9 and p99 37 to 251 by model; "
        "the mean is 24 or more for 21 of 27 models, the p99 for 27",
    ),
    "hundreds": (
        "contradicted",
        "not easily: a request takes 8.8 calls on average; its tool-initiated steps have "
        "mean 7.8, p50 1, p90 20, p99 86, those of a session p99 1,107; "
        "benchmark tasks have mean 13.2 to 86.9 and p99 37 to 251 by model; "
        "the mean is 200 or more for 0 of 27 models, the p99 for 7",
    ),
    "product-use": (
        "cannot be tested",
        "13,000,000 exchanges are 1.48 M requests at the measured 8.8 calls each, 13 M at 1: "
        "49 to 433 thousand requests a day over 30 days, "
        "16 to 144 thousand requests a day over 90 days",
    ),
    "parts": (
        "holds",
        "arithmetic holds: 16.55 M against over 16 M; each part is a lower bound",
    ),
    "per-account": (
        "holds",
        "arithmetic holds: 666.7, a mean that no limit per account forbids",
    ),
}


def test_the_verdicts_word_for_word(models: Models) -> None:
    assert {x.id: (x.finding, x.verdict) for x in verdicts(models)} == VERDICTS


def test_runs_of_snitchbench_against_one_vendor() -> None:
    """Five of the ten models of a full run of 800 conversations, 4 to 40 calls each."""
    target = claims()["A3"].value
    assert target is not None
    fewest, most = (target / (800 * 5 / 10 * calls) for calls in (40, 4))
    assert f"5 of the 10 models, 150,000 are {fewest:.1f} to {most:.0f} runs" in (
        statements()["snitchbench"].note
    )


@pytest.mark.parametrize(
    ("least", "finding"),
    [(2, "holds"), (3, "holds in part"), (87, "holds in part"), (88, "contradicted")],
)
def test_what_a_request_becomes_is_judged_by_its_quantiles(least: int, finding: str) -> None:
    assert _reached(least, 2, 87)[0] == finding


def test_the_verdicts_follow_the_models(models: Models) -> None:
    eager = [replace(m, mean_steps=60.0) for m in models]
    found = {x.id: x.finding for x in verdicts(eager)}
    assert found["thirty-runs"] == "holds"
    assert found["fifty-calls"] == "holds"
    terse = [replace(m, mean_steps=10.0) for m in models]
    assert {x.id: x.finding for x in verdicts(terse)}["thirty-runs"] == "contradicted"


def test_a_model_is_predicted_alike_whatever_else_is_compared() -> None:
    steps = steps_for("mini-swe-agent", "claude-opus-4")
    items = benchmarks()["swe-bench-full"].items
    chosen = [claims()[x] for x in ("A3", "A4", "A5", "A1")]
    strata = draw_strata(items, 50, Streams(0))
    alone = predict(steps, "swe-bench-full", strata, chosen, Streams(0))
    assert strata.shape == (50, STRATA)
    assert alone in predict_models(CASES, 50, seed=0)
