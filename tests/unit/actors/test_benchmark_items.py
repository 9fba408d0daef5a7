"""Items of a benchmark: as hard in every run, for whoever works on them, in queue or sessions."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.catalog import benchmarks
from sim.entities.behaviour import behaviours_of
from sim.scaffold.turns import draw_benchmark_items, draw_tool_steps
from sim.streams import Streams
from sim.tables.words import PromptSource
from tests.support.scenarios import lab, make_actor, pool, scenario, simulated

# Items that were worked on less often do not count.
LEAST_RUNS = 5


def share_between_items(tasks: Any) -> float:
    """Share of the variance of log calls between items, by mean squares (one-way ANOVA)."""
    tasks = tasks.groupby("item").filter(lambda runs: len(runs) >= LEAST_RUNS)
    log_calls = np.log(tasks["calls"])
    by_item = log_calls.groupby(tasks["item"])
    counts, n, k = by_item.size(), len(tasks), by_item.ngroups

    within = ((log_calls - by_item.transform("mean")) ** 2).sum() / (n - k)
    between = (counts * (by_item.mean() - log_calls.mean()) ** 2).sum() / (k - 1)
    size = (n - (counts**2).sum() / n) / (k - 1)
    component = max(0.0, (between - within) / size)
    return float(component / (component + within))


def actor_on(benchmark: str, how: str) -> Any:
    """A laboratory, or an actor that works on items in sessions or a queue, as its cover."""
    items = benchmarks()[benchmark].items
    cover: dict[str, Any] = {
        "benchmark": benchmark,
        "items": items,
        "cover": "benchmark",
        "list_share": 0.0,
    }
    if how == "runs":
        return lab(benchmark, runs=6, workers=64)
    if "sessions" in how:
        agents = {"coding-cli" if how == "recorded sessions" else "mini-swe-agent": 1.0}
        dials = {"accounts": 60, "exchanges_per_account_day": 4 * items, "agents": agents}
        return make_actor("s", "A19", **dials, **cover)
    return pool(20, 200 * items, agentic_share=1.0, **cover)


@cache
def tasks_of(benchmark: str, how: str) -> Any:
    return simulated(scenario(actor_on(benchmark, how), days=1.0, seed=3))[1]


@pytest.mark.parametrize("how", ["runs", "sessions", "recorded sessions", "queue"])
@pytest.mark.parametrize("benchmark", ["terminal-bench-core", "tau-bench-airline"])
def test_the_share_between_items_is_near_that_of_the_benchmark(benchmark: str, how: str) -> None:
    tasks = tasks_of(benchmark, how)
    assert share_between_items(tasks) == pytest.approx(benchmarks()[benchmark].item_share, abs=0.15)


def test_an_item_is_as_hard_for_every_actor_of_a_world() -> None:
    means = []
    for how in ("runs", "sessions", "recorded sessions", "queue"):
        tasks = tasks_of("terminal-bench-core", how)
        means.append(np.log(tasks["calls"]).groupby(tasks["item"]).mean().to_numpy())
    assert np.corrcoef(means).min() > 0.7


def test_prompts_of_a_list_have_lengths_of_their_own() -> None:
    """Beside a list, the items of the cover alone come again and are as hard as before."""
    actor = actor_on("terminal-bench-core", "sessions").model_copy(update={"list_share": 0.5})
    tasks = simulated(scenario(actor, seed=3))[1]
    listed = tasks[tasks["kind"] == PromptSource.LIST]
    assert listed["item"].nunique() == len(listed) > 500
    assert share_between_items(tasks[tasks["kind"] == PromptSource.COVER]) > 0.7


def test_accounts_of_a_laboratory_meet_the_same_difficulty_in_every_mode() -> None:
    """Those that follow a mode work on the items in sessions, beside the runs of the others."""
    asked = actor_on("terminal-bench-core", "runs").model_copy(
        update={"modes": {"evaluation": 0.5, "person_agent": 0.5}, "separability": 0.5}
    )
    in_modes = behaviours_of(asked)[1:]
    assert len(in_modes) == 2
    for behaviour in in_modes:
        rng = np.random.default_rng(1)
        item, difficulty = draw_benchmark_items(behaviour, 5_000, Streams(1), rng)
        assert difficulty is not None
        assert set(item.tolist()) == set(range(80))
        steps = draw_tool_steps(behaviour, 5_000, rng, difficulty)
        assert rank_correlation(steps, difficulty) > 0.6


def rank_correlation(a: Any, b: Any) -> float:
    return float(pd.Series(a).corr(pd.Series(b), method="spearman"))
