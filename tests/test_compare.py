"""The comparison of claims with benchmark runs: numbers against theory, texts word for word."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sim.catalog import benchmarks, claims, step_distributions, steps_for
from sim.compare import Comparison, compare, render_text, short_number, to_csv, to_json
from sim.compare.document import verdicts
from sim.compare.predict import STRATA, conditional_moments, draw_strata, predict, runs_until
from sim.errors import InvalidInputError
from sim.report import draw_comparison
from sim.scaffold.steps import draw_steps
from sim.streams import Streams


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(replicates=2_000)


def test_each_model_makes_its_mean_times_the_items(comparison: Comparison) -> None:
    measured = step_distributions()
    assert len(comparison.models) == 25
    for m in comparison.models:
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


def test_runs_needed_for_the_claims(comparison: Comparison) -> None:
    by_model = {m.model_id: m for m in comparison.models if m.model_id}
    needed = {x.claim: x.runs.median for x in by_model["claude-sonnet-4.5"].runs_needed}
    assert needed == {
        "A3": 2,
        "A4": pytest.approx(30, abs=1),
        "A5": pytest.approx(112, abs=1),
        "A1": pytest.approx(137, abs=1),
    }
    for m in comparison.models:
        medians = [x.runs.median for x in m.runs_needed]
        assert medians == sorted(medians)
        for x in m.runs_needed:
            target = claims()[x.claim].value
            assert target is not None
            assert x.runs.mean == pytest.approx(target / m.exchanges.mean + 0.5, rel=0.02, abs=0.5)


def test_models_rise_and_every_figure_has_its_convention(comparison: Comparison) -> None:
    medians = [m.exchanges.median for m in comparison.models]
    assert medians == sorted(medians)
    assert {m.convention for m in comparison.models} == {"C2"}
    assert all(x.convention for x in comparison.document)


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
    "parts": (
        "holds",
        "arithmetic holds: 16.55 M against over 16 M; each part is a lower bound",
    ),
    "per-account": (
        "holds",
        "arithmetic holds: 666.7, a mean that no limit per account forbids",
    ),
}


def test_the_verdicts_word_for_word(comparison: Comparison) -> None:
    assert {x.id: (x.finding, x.verdict) for x in comparison.document} == VERDICTS


def test_the_verdicts_follow_the_models(comparison: Comparison) -> None:
    eager = [replace(m, mean_steps=60.0) for m in comparison.models]
    found = {x.id: x.finding for x in verdicts(eager)}
    assert found["thirty-runs"] == "holds"
    assert found["fifty-calls"] == "holds"
    terse = [replace(m, mean_steps=10.0) for m in comparison.models]
    assert {x.id: x.finding for x in verdicts(terse)}["thirty-runs"] == "contradicted"


def test_the_same_seed_gives_the_same_comparison() -> None:
    assert to_json(compare(replicates=50, seed=4)) == to_json(compare(replicates=50, seed=4))
    assert to_json(compare(replicates=50, seed=4)) != to_json(compare(replicates=50, seed=5))


def test_a_model_is_predicted_alike_whatever_else_is_compared() -> None:
    steps = steps_for("mini-swe-agent", "claude-opus-4")
    items = benchmarks()["swe-bench-full"].items
    chosen = [claims()[x] for x in ("A3", "A4", "A5", "A1")]
    strata = draw_strata(items, 50, Streams(0))
    alone = predict(steps, "swe-bench-full", strata, chosen, Streams(0))
    assert strata.shape == (50, STRATA)
    assert alone in compare(replicates=50).models


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"claim_ids": ["A44"]}, "unknown claim 'A44': did you mean A4"),
        ({"claim_ids": ["O1"]}, "claim 'O1' names no figure"),
        ({"benchmark": "swe-bench"}, "unknown benchmark 'swe-bench': did you mean swe-bench-"),
        ({"agent": "chat"}, "unknown measured agent 'chat': known: mini-swe-agent, swe-agent"),
    ],
)
def test_unknown_names_get_an_answer(options: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        compare(**options)  # type: ignore[arg-type]
    assert str(error.value).startswith(message)


@dataclass(frozen=True)
class FakeCounts:
    total: dict[str, int]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Comparison:
    counting = ModuleType("sim.counting")
    totals = {"C2": 3_400_000, "C1": 3_900_000, "C6": 68_820}
    counting.count_run = lambda _run: FakeCounts(totals)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sim.counting", counting)
    monkeypatch.setattr("sim.compare.comparison.scale_of", lambda _: 1.0)
    return compare(Path("runs/x"), replicates=20)


def test_a_run_is_set_beside_the_claims(counted: Comparison) -> None:
    assert [x.convention for x in counted.counts] == ["C1", "C2", "C6"]
    assert counted.counts[1].ratio["A4"] == 1.0
    assert counted.counts[2].ratio["A3"] == pytest.approx(0.4588)
    lines = [x.split() for x in render_text(counted).splitlines()]
    assert ["C2", "3,400,000", "22.7", "1", "0.262", "0.212"] in lines


def test_the_text_says_what_it_must(comparison: Comparison) -> None:
    text = render_text(comparison)
    assert text.endswith("likelihoods.\n")
    assert max(map(len, text.splitlines())) <= 160
    for m in comparison.models:
        assert m.model in text
    for needed in ("C2", "lower bounds", "carried over to the full set", "Run "):
        assert (needed in text) == (needed != "Run ")


def test_json_and_csv_hold_the_same_numbers(counted: Comparison) -> None:
    plain = json.loads(to_json(counted))
    rows = list(csv.DictReader(to_csv(counted).splitlines()))
    assert len(plain["models"]) == 25
    keys = ("section", "subject", "claim", "convention", "quantity")
    by_fact = {tuple(x[k] for k in keys): x["value"] for x in rows}
    assert len(by_fact) == len(rows)
    for m in plain["models"]:
        mean = by_fact["model", m["model"], "", "C2", "exchanges_per_run_mean"]
        assert float(mean) == pytest.approx(m["exchanges"]["mean"], abs=0.06)


def test_short_numbers() -> None:
    values = (150_000, 3_400_000, 13_000_000, 16_550_000, 667)
    assert [short_number(x) for x in values] == ["150 k", "3.4 M", "13 M", "16.55 M", "667"]


def test_the_chart_is_the_same_bytes_on_repeat(comparison: Comparison, tmp_path: Path) -> None:
    for name in ("a", "b"):
        draw_comparison(comparison, tmp_path / f"{name}.png", tmp_path / f"{name}.svg")
    for ending in ("png", "svg"):
        first = (tmp_path / f"a.{ending}").read_bytes()
        assert first == (tmp_path / f"b.{ending}").read_bytes()
    assert first.startswith(b"<?xml")
    assert b"<dc:date>" not in first


def test_the_chart_shows_every_model_and_claim(comparison: Comparison) -> None:
    from sim.report.chart import comparison_figure

    figure = comparison_figure(comparison)
    left, right = figure.axes
    shown = [x.get_text() for x in left.get_yticklabels()]
    assert shown == [m.model for m in comparison.models]
    labels = {x.get_text() for x in right.texts}
    assert labels == {"150 k", "3.4 M", "13 M", "16 M", "30 runs"}
    low, high = right.get_xlim()
    for m in comparison.models:
        assert all(low < x.runs.low_95 and x.runs.high_95 < high for x in m.runs_needed)
