"""Predictive draws of explanations: against a slow second implementation, and against theory.

Tolerances are four standard errors, or the Kolmogorov-Smirnov distance that is as unlikely.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from random import Random
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from sim.arrays.types import Floats
from sim.catalog import StepDistribution, benchmarks, step_distributions
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.hypotheses.hypothesis_forms import Calls
from sim.comparison.hypotheses.model import Hypothesis
from sim.comparison.hypotheses.priors import Prior
from sim.comparison.inference import prior_predictive
from sim.comparison.inference.calls_per_task import (
    Lengths,
    calls_of,
    calls_of_items,
    items_by_stratum,
    lengths_of_benchmark,
    lengths_of_calls,
)
from sim.comparison.inference.prior_predictive import Draws, draw
from tests.support.hypotheses import shipped, with_constants, with_little_work
from tests.unit.comparison.plain_predictive import CONVENTIONS, candidates, name_of, predict, value

SLOW, FAST = 1_000, 10_000
ERRORS = 4
# 2 exp(-2 c^2) is what a normal variable has beyond four standard deviations
KOLMOGOROV = math.sqrt(math.log(1 / NormalDist().cdf(-ERRORS)) / 2)
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)

RATIOS = (
    ("C1", "C2"),
    ("C2", "C6"),
    ("C3", "C2"),
    ("C4", "C3"),
    ("C5", "C6"),
    ("accounts", "cluster"),
    ("count", "C2"),
    ("count", "C6"),
)

OF_SEVERAL = ("concentration", "synchrony", "shared_instruments")
LARGE = {
    "retries_per_answer": 0.8,
    "empty_share": 0.3,
    "refusal_share": 0.4,
    "more_choices": 1.0,
    "found_share": 0.4,
    "foreign_share": 0.3,
    "published_over": 200,
    "repeat_share": 0.2,
}

# What all explanations are made of; `make verify` draws the others too.
PLAIN = ("benchmarking", "product-use", "course", "resale", "extraction")
KEYS = list(shipped().hypotheses)
IDS = [
    pytest.param(key) if key in PLAIN else pytest.param(key, marks=pytest.mark.verify)
    for key in KEYS
]
CALLS = shipped().hypotheses["benchmarking"].calls
CARRIED = [x for x in benchmarks().values() if x.calls_per_item is None]
DRAWN = [x for x in benchmarks().values() if x.calls_per_item is not None]


def fast_draws(x: Hypothesis, size: int, seed: int) -> Draws:
    rng = np.random.default_rng(seed)
    return draw(x, rng.random((size, len(x.columns))), rng)


def of_fast(x: Hypothesis, size: int, seed: int) -> dict[str, Floats]:
    made = fast_draws(x, size, seed)
    counts = {
        name: row.astype(np.float64) for name, row in zip(CONVENTIONS, made.counts, strict=True)
    }
    own = {"cluster": made.accounts.astype(np.float64), "published": made.published.astype(float)}
    return {**counts, **own, **made.reported}


def of_slow(x: Hypothesis, size: int, seed: int) -> dict[str, Floats]:
    rng = Random(seed)
    rows = []
    for _ in range(size):
        made = predict(x, rng)
        own = {"cluster": made.accounts, "published": made.published}
        rows.append({**made.counts, **own, **made.reported})
    names = (*CONVENTIONS, "cluster", "published", *OBSERVABLES)
    return {name: np.array([float(row.get(name, math.nan)) for row in rows]) for name in names}


@cache
def both(key: str) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """The slow and the fast draws of an explanation with little work, by column."""
    x = with_little_work(shipped().hypotheses[key])
    seed = KEYS.index(key)
    return with_ratios(of_slow(x, SLOW, seed)), with_ratios(of_fast(x, FAST, seed))


def with_ratios(made: dict[str, Floats]) -> dict[str, Floats]:
    """Add ratios of columns: the size of the work, which hides small errors, is not in them."""
    return made | {f"{x}/{y}": made[x] / made[y] for x, y in RATIOS}


def defined(values: Floats) -> Floats:
    return values[~np.isnan(values)]


def error_of_means(x: Floats, y: Floats) -> float:
    return math.sqrt(x.var() / len(x) + y.var() / len(y))


def distance(x: Floats, y: Floats) -> float:
    """Largest difference of the two empirical distribution functions."""
    grid = np.union1d(x, y)
    below = [np.searchsorted(np.sort(v), grid, side="right") / len(v) for v in (x, y)]
    return float(np.abs(below[0] - below[1]).max())


def farther_than_chance(slow: dict[str, Floats], fast: dict[str, Floats]) -> dict[str, str]:
    """Columns whose distributions differ, and by how much."""
    off = {}
    for name, values in slow.items():
        x, y = defined(values), defined(fast[name])
        limit = KOLMOGOROV * math.sqrt(1 / len(x) + 1 / len(y))
        if (found := distance(x, y)) > limit:
            off[name] = f"{found:.4f} > {limit:.4f}"
    return off


def other_means(slow: dict[str, Floats], fast: dict[str, Floats]) -> dict[str, str]:
    """Columns whose means differ: of shares as they are, of others of the logarithm."""
    off = {}
    for name in slow:
        x, y = defined(slow[name]), defined(fast[name])
        if max(x.max(), y.max()) > 1:
            x, y = np.log1p(x), np.log1p(y)
        limit = ERRORS * error_of_means(x, y) + 1e-12
        if abs(x.mean() - y.mean()) > limit:
            off[name] = f"{x.mean():.5g} and {y.mean():.5g}, limit {limit:.2g}"
    return off


HARD = {
    "lognormal": {"lognormal": {"median": 2, "sigma": 1, "min": 1, "max": 3}},
    "lognormal from below": {"lognormal": {"median": 2, "sigma": 1, "max": 2.5}},
    "normal": {"normal": {"mean": 0, "sd": 1, "min": -0.5, "max": 2}},
    "normal from above": {"normal": {"mean": 0, "sd": 1, "min": 0.5}},
    "beta": {"beta": {"mean": 0.1, "n": 2}},
    "choice": {"choice": {"1": 3, "2": 0, "7": 1}},
    "loguniform": {"loguniform": {"low": 2, "high": 900}},
    "uniform": {"uniform": {"low": -1, "high": 3}},
}


@pytest.mark.parametrize("shape", HARD.values(), ids=list(HARD))
def test_a_dial_is_drawn_from_its_shape(shape: dict[str, Any]) -> None:
    size, rng, prior = 10_000, Random(2), Prior.model_validate(shape)
    slow = np.array([value(prior, rng) for _ in range(size)])
    fast = prior.quantile(np.random.default_rng(2).random(size))
    assert distance(slow, fast) < KOLMOGOROV * math.sqrt(2 / size)
    assert abs(slow.mean() - fast.mean()) < ERRORS * error_of_means(slow, fast)
    low, high = prior.support
    assert low <= min(slow.min(), fast.min())
    assert max(slow.max(), fast.max()) <= high


@pytest.mark.parametrize("key", IDS)
def test_shipped_dials_are_drawn_from_their_shapes(key: str) -> None:
    rng, other = Random(4), np.random.default_rng(4)
    for name, prior in shipped().hypotheses[key].priors.items():
        if prior.choice is not None and not prior.names[0].isdecimal():
            slow = np.array([float(prior.names.index(name_of(prior, rng))) for _ in range(1_000)])
            fast = prior.pick(other.random(5_000)).astype(np.float64)
        else:
            slow = np.array([value(prior, rng) for _ in range(1_000)])
            fast = prior.quantile(other.random(5_000))
        assert distance(slow, fast) < KOLMOGOROV * math.sqrt(1 / 1_000 + 1 / 5_000), name


@pytest.mark.parametrize("key", IDS)
def test_the_distributions_are_those_of_the_slow_draws(key: str) -> None:
    slow, fast = both(key)
    assert list(slow) == list(fast)
    assert not farther_than_chance(slow, fast)


@pytest.mark.parametrize("key", IDS)
def test_means_are_those_of_the_slow_draws(key: str) -> None:
    assert not other_means(*both(key))


@pytest.mark.parametrize("accounts", [1, pytest.param(2, marks=pytest.mark.verify), 6])
def test_large_shares_act_as_in_the_slow_draws(accounts: int) -> None:
    """What is rare in the shipped explanations is frequent here, and hidden by nothing."""
    x = with_constants(
        with_little_work(shipped().hypotheses["permitted-generation"]), prompts=60, samples=3
    )
    common = {**x.common} | {name: Prior(constant=share) for name, share in LARGE.items()}
    modes = {
        name: mode.model_copy(update={"accounts": Prior(constant=accounts)})
        for name, mode in x.access_modes.items()
    }
    x = replace(x, common=common, access_modes=modes)
    slow, fast = (with_ratios(made) for made in (of_slow(x, 1_000, 3), of_fast(x, FAST, 3)))
    if accounts == 1:
        slow, fast = ({k: v for k, v in y.items() if k not in OF_SEVERAL} for y in (slow, fast))
    assert not farther_than_chance(slow, fast)
    assert not other_means(slow, fast)


@pytest.mark.parametrize("key", IDS)
def test_quantiles_are_those_of_the_slow_draws(key: str) -> None:
    """Below a quantile of the fast ones lie as many slow draws as should; ties go either way."""
    slow, fast = both(key)
    off = {}
    for name in slow:
        x, y = defined(slow[name]), defined(fast[name])
        for p in LEVELS:
            q = np.quantile(y, p, method="inverted_cdf")
            error = ERRORS * math.sqrt(p * (1 - p) * (1 / len(x) + 1 / len(y)))
            if not (x < q).mean() - error <= p <= (x <= q).mean() + error:
                off[name, p] = ((x < q).mean(), (x <= q).mean(), error)
    assert not off


@pytest.mark.parametrize("key", IDS)
def test_what_is_not_defined_is_so_as_often(key: str) -> None:
    slow, fast = both(key)
    for name in slow:
        x, y = np.isnan(slow[name]), np.isnan(fast[name])
        assert abs(x.mean() - y.mean()) <= ERRORS * error_of_means(x, y), name


@pytest.mark.parametrize("key", IDS)
@pytest.mark.parametrize("other", ["cluster", "accounts", "item_repetition", "exchanges_per_task"])
def test_what_goes_with_the_count_does_so_in_both(key: str, other: str) -> None:
    """Rank correlation with the reported count and with C2; its error is 1.03 / sqrt(n - 3)."""
    slow, fast = both(key)
    tolerance = ERRORS * 1.03 * math.sqrt(1 / (SLOW - 3) + 1 / (FAST - 3))
    for count in ("count", "C2"):
        found = [spearmanr(x[count], x[other]).statistic for x in (slow, fast)]
        assert found[0] == pytest.approx(found[1], abs=tolerance), (count, found)


@pytest.mark.parametrize("calls", CALLS.values(), ids=list(CALLS))
def test_mean_calls_of_a_task_are_those_of_the_distribution(calls: Calls) -> None:
    more = calls.more.rounded_mean(1) if calls.more else 0.0
    assert lengths_of_calls(calls).mean == pytest.approx(1 + calls.tools_share * more, rel=1e-4)


def test_mean_calls_of_an_item_are_those_of_the_distribution() -> None:
    for benchmark in DRAWN:
        assert benchmark.calls_per_item is not None
        (lengths,) = lengths_of_benchmark(benchmark)
        exact = benchmark.calls_per_item.rounded_mean(1)
        # scores within a stratum are an average over some points
        assert lengths.mean == pytest.approx(exact, rel=2e-4)
        assert len(lengths.probability) == (1 if benchmark.calls_per_item.constant else 8)


def test_mean_steps_are_the_measured_ones() -> None:
    seen = set()
    for benchmark in CARRIED:
        measured = candidates(benchmark)
        for lengths, x in zip(lengths_of_benchmark(benchmark), measured, strict=True):
            assert lengths.mean == pytest.approx(x.steps.mean(), rel=1e-4), (benchmark.id, x.model)
            seen.add((x.agent, x.model))
    assert seen == {k for k, x in step_distributions().items() if x.model_id is not None}


@pytest.mark.parametrize("calls", CALLS.values(), ids=list(CALLS))
def test_the_spread_of_a_total_is_that_of_independent_tasks(calls: Calls) -> None:
    """Classes of lengths leave out less than a hundredth of the standard deviation."""
    size, tasks = 20_000, 400
    lengths = lengths_of_calls(calls)
    total = calls_of(lengths, np.full(size, tasks), np.random.default_rng(3))
    mean, variance, fourth = moments_of_task(calls)
    error = math.sqrt(tasks * variance / size)
    assert total.mean() == pytest.approx(tasks * mean, abs=ERRORS * error + 1e-4 * tasks * mean)
    # of a sum of k: Var(s^2) = sigma^4 (2 + excess / k) / n
    excess = fourth / variance**2 - 3 if variance else 0.0
    tolerance = ERRORS * math.sqrt((2 + excess / tasks) / size) + 0.02
    assert total.var() == pytest.approx(tasks * variance, rel=tolerance)


def moments_of_task(calls: Calls) -> tuple[float, float, float]:
    """Mean, variance and fourth central moment of the calls of a task, by the distribution."""
    if calls.more is None:
        return 1.0, 0.0, 0.0
    largest = math.ceil(calls.more.quantile(1 - 1e-12)) + 1
    below = np.array([calls.more.cdf(k + 0.5) for k in range(1, largest + 1)])
    chance = calls.tools_share * np.diff(below, prepend=0)
    chance = np.concatenate([[1 - calls.tools_share], chance])
    values = np.arange(1, largest + 2)
    mean = float(chance @ values)
    return mean, float(chance @ (values - mean) ** 2), float(chance @ (values - mean) ** 4)


@pytest.mark.parametrize("rounds", [1, 5])
@pytest.mark.parametrize("agent", ["mini-swe-agent", "swe-agent"])
def test_rounds_share_the_items(agent: str, rounds: int) -> None:
    """Var of a total = items (rounds E Var(steps | item) + rounds^2 Var E(steps | item)).

    Eight classes of difficulty keep nine tenths of the variance between items, and classes of
    lengths at least 0.95 of all: the standard deviation is up to a sixteenth below theory.
    """
    benchmark = benchmarks()["swe-bench-pro" if agent == "swe-agent" else "swe-bench-verified"]
    size, items = 8_000, 300
    rng = np.random.default_rng(rounds)
    for lengths, x in zip(lengths_of_benchmark(benchmark), candidates(benchmark), strict=True):
        strata = items_by_stratum(items, size, rng)
        total = calls_of_items(lengths, strata, np.full(size, rounds), rng)
        within, between = parts_of_variance(x)
        alone = items * rounds * (within + between)
        exact = items * (rounds * within + rounds**2 * between)
        sampled = ERRORS * math.sqrt(2 / size)
        assert exact * (15 / 16) ** 2 * (1 - sampled) < total.var() < exact * (1 + sampled)
        assert total.var() > alone * (1 + sampled) or rounds == 1


def test_rounds_share_the_items_of_a_benchmark_that_states_its_calls() -> None:
    """Of two rounds of lognormal steps, E[Y Y'] = E[Y]^2 exp(sigma^2 share), and Var Y as usual."""
    benchmark = benchmarks()["terminal-bench-core"]
    law = benchmark.calls_per_item
    assert law is not None
    assert law.lognormal is not None
    (lengths,) = lengths_of_benchmark(benchmark)
    size, items, rounds, rng = 8_000, 300, 5, np.random.default_rng(1)
    strata = items_by_stratum(items, size, rng)
    total = calls_of_items(lengths, strata, np.full(size, rounds), rng)

    mean, log_variance = law.mean(), law.lognormal.sigma**2
    variance = mean**2 * math.expm1(log_variance)
    between = mean**2 * math.expm1(benchmark.item_share * log_variance)
    exact = items * (rounds * (variance - between) + rounds**2 * between)
    sampled = ERRORS * math.sqrt(2 / size)
    assert exact * (13 / 16) ** 2 * (1 - sampled) < total.var() < exact * (1 + sampled)


def parts_of_variance(x: StepDistribution) -> tuple[float, float]:
    """Mean variance of the steps at one item, and the variance of its mean between items."""
    normal, n = NormalDist(), x.steps.size
    edges = [normal.inv_cdf(k / n) for k in range(1, n)]
    own = math.sqrt(1 - x.loading**2)
    means, squares = [], []
    for k in range(200):
        score = normal.inv_cdf((k + 0.5) / 200)
        below = [normal.cdf((edge - x.loading * score) / own) for edge in edges]
        chance = np.diff([0, *below, 1])
        means.append(float(chance @ x.steps))
        squares.append(float(chance @ x.steps.astype(float) ** 2))
    between = float(np.var(means))
    return float(np.mean(squares) - np.mean(np.square(means))), between


@pytest.mark.verify
def test_rounds_share_the_items_in_whole_draws() -> None:
    """With all dials of the work held, the total has the spread of the slow draws, but a tenth.

    Items have as many degrees of difficulty as there are items in the slow draws, else eight.
    """
    held = with_constants(
        with_little_work(shipped().hypotheses["benchmarking"]), runs=3, repeats=1, models=1
    )
    slow, fast = of_slow(held, 1_000, 5), of_fast(held, FAST, 5)
    for tasks in (900, 3 * (89 + 164)):
        x, y = (made["C2"][made["C6"] == tasks] for made in (slow, fast))
        assert len(x) == pytest.approx(500, abs=ERRORS * math.sqrt(250))
        assert x.mean() == pytest.approx(y.mean(), abs=ERRORS * error_of_means(x, y))
        error = ERRORS * math.sqrt(1 / len(x) + 1 / len(y)) / math.sqrt(2)
        assert 9 / 10 - error < y.std() / x.std() < 1 + error


@pytest.mark.verify
def test_models_take_turns() -> None:
    """Three of the five measured, from the drawn one on, at the same items."""
    held = with_constants(
        with_little_work(shipped().hypotheses["benchmarking"]), runs=1, repeats=1, models=3
    )
    slow, fast = of_slow(held, 600, 5), of_fast(held, FAST, 5)
    assert set(slow["C6"]) == set(fast["C6"]) == {900, 3 * (89 + 164)}
    assert not farther_than_chance(slow, fast)
    for made in (slow, fast):
        by_task = (made["C2"] / made["C6"])[made["C6"] == 900]
        assert 1 < by_task.std() < 4, "about 3 with turns, 6.8 with one model thrice"


@pytest.mark.parametrize("key", IDS)
def test_the_same_seed_gives_the_same_draws(key: str) -> None:
    x = shipped().hypotheses[key]
    first, again = (fast_draws(x, 300, 9) for _ in range(2))
    assert np.array_equal(first.counts, again.counts)
    for name in OBSERVABLES:
        assert np.array_equal(first.reported[name], again.reported[name], equal_nan=True)
    other = fast_draws(x, 300, 10)
    assert not np.array_equal(first.counts, other.counts)


@pytest.mark.parametrize("key", IDS)
def test_blocks_do_not_matter_for_the_dials(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = shipped().hypotheses[key]
    whole = fast_draws(x, 500, 9)
    monkeypatch.setattr(prior_predictive, "BLOCK", 77)
    pieces = fast_draws(x, 500, 9)
    assert len(whole) == len(pieces) == 500
    assert set(whole.parameters) == set(pieces.parameters) == set(x.columns)
    for name, values in whole.parameters.items():
        assert np.array_equal(values, pieces.parameters[name]), name
    tasks = CONVENTIONS.index("C6")
    assert np.array_equal(whole.counts[tasks], pieces.counts[tasks])
    assert np.array_equal(whole.accounts, pieces.accounts)
    assert np.array_equal(whole.latent_class, pieces.latent_class)


def test_one_length_for_certain_leaves_no_spread() -> None:
    certain = Lengths(np.array([3.0]), np.ones((1, 1)))
    rng = np.random.default_rng(0)
    assert calls_of(certain, np.array([0, 1, 10**12]), rng).tolist() == [0, 3, 3 * 10**12]
