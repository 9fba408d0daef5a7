"""Every shipped scenario runs, and shows what its comment says it shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim.catalog import steps_for
from sim.counting import count_run
from sim.engine.run import RunSummary, run
from tests.helpers import log_with_truth, read

MODELINE = "# yaml-language-server: $schema=schema.json"
SCALES = {
    "benchmark_thirty_runs": 0.1,
    "coding_users": 1.0,
    "coordinated_pool": 0.5,
    "reported_2026_02": 0.02,
    "worked_example": 1.0,
}
Simulate = Callable[[str], tuple[Path, RunSummary]]


@pytest.fixture(scope="module")
def simulate(tmp_path_factory: pytest.TempPathFactory) -> Simulate:
    """Run a shipped scenario at its small scale, once."""
    folder = tmp_path_factory.mktemp("shipped")
    made: dict[str, tuple[Path, RunSummary]] = {}

    def once(name: str) -> tuple[Path, RunSummary]:
        if name not in made:
            scenario = sim.load_scenario(name, scale=SCALES[name])
            made[name] = folder / name, run(scenario, folder / name)
        return made[name]

    return once


def by_actor(path: Path) -> dict[str, Any]:
    """The log joined with its truth, by actor."""
    return dict(iter(log_with_truth(path).groupby("actor_id", observed=True)))


def test_every_shipped_scenario_is_tested() -> None:
    assert sorted(SCALES) == list(sim.shipped_scenarios())


@pytest.mark.parametrize("name", SCALES)
def test_files_name_their_schema_and_say_what_they_show(name: str) -> None:
    text = sim.shipped_scenarios()[name].read_text(encoding="utf-8")
    first, *comment = [line for line in text.splitlines() if line.startswith("#")]
    assert (text.splitlines()[0], first) == (MODELINE, MODELINE)
    assert any(line.startswith("# Shows: ") for line in comment)


@pytest.mark.parametrize("name", SCALES)
def test_targets_are_met(name: str, simulate: Simulate) -> None:
    _, summary = simulate(name)
    assert summary.exchanges > 0
    assert [actor.actor for actor in summary.actors if actor.shortfall] == []


def test_worked_example_makes_one_request_four_exchanges(simulate: Simulate) -> None:
    path, _ = simulate("worked_example")
    total = count_run(path).total
    assert total["C1"] == 4 * total["C5"] == 4 * total["C6"] > 0
    assert set(read(path, "truth/tasks")["exchanges"]) == {4}
    for _, task in log_with_truth(path).groupby("task_uid"):
        assert list(task["last_role_in"]) == ["user", "tool", "tool", "tool"]
        assert list(task["finish_reason"]) == ["tool_use"] * 3 + ["end_turn"]
        assert list(task["n_messages"]) == [1, 3, 5, 7]
        # the input of a call holds the input and the answer of the call before
        before = task["input_tokens_total"] + task["output_tokens"]
        assert (task["input_tokens_total"].to_numpy()[1:] > before.to_numpy()[:-1]).all()


def test_coding_users_multiply_turns_and_are_unequal(simulate: Simulate) -> None:
    path, _ = simulate("coding_users")
    total = count_run(path).total
    assert total["C1"] / total["C5"] == pytest.approx(9, rel=0.1)
    assert read(path, "truth/tasks")["exchanges"].median() == 2
    volume = read(path, "log/exchanges").groupby("account_id").size().sort_values()
    top = volume.iloc[-(200 // 10) :].sum()
    assert top > volume.sum() / 2


def test_thirty_runs_work_on_the_same_items_one_after_the_other(simulate: Simulate) -> None:
    path, _ = simulate("benchmark_thirty_runs")
    tasks = read(path, "truth/tasks")
    runs = tasks.groupby("run")
    assert list(runs.groups) == list(range(30))
    items = set(range(229))
    assert all(set(task["item"]) == items for _, task in runs)
    assert (runs["started_at"].min().iloc[1:].array >= runs["ended_at"].max().iloc[:-1].array).all()
    # what the full set would come to, from a tenth of its items: their spread is the error
    per_item = tasks.groupby("item")["exchanges"].mean()
    full = 2294 * 30 * per_item.mean()
    error = 2294 * 30 * per_item.std() / np.sqrt(len(per_item))
    expected = 2294 * 30 * steps_for("mini-swe-agent", "claude-sonnet-4.5").steps.mean()
    assert abs(full - expected) < 4 * error
    assert 3.4e6 < expected < 3.55e6


def test_coordinated_pool_spreads_thin_and_meets_its_target(simulate: Simulate) -> None:
    path, summary = simulate("coordinated_pool")
    pool = summary.actors[1]
    log = by_actor(path)
    assert 0 <= pool.achieved - pool.requested < log["pool"].groupby("task_uid").size().max()
    largest = {name: rows.groupby("account_id").size().max() for name, rows in log.items()}
    assert largest["pool"] < 0.06 * pool.requested
    assert largest["pool"] < largest["coders"]
    prompts = log["pool"].drop_duplicates("task_uid")["prompt_simhash64"]
    assert prompts.is_unique


def test_reported_figures_stand_beside_work_of_the_same_order(simulate: Simulate) -> None:
    path, summary = simulate("reported_2026_02")
    scale = SCALES["reported_2026_02"]
    reported = {"pool-small": 150_000, "pool-middle": 3_400_000, "pool-large": 13_000_000}
    sent = {actor.actor: actor.exchanges_in_log for actor in summary.actors}
    for name, target in reported.items():
        assert sent[name] == pytest.approx(scale * target, rel=0.01, abs=300)
    assert sent["laboratory"] == pytest.approx(sent["pool-middle"], rel=0.2)
    accounts = read(path, "truth/accounts").groupby("typology_id", observed=True).size()
    assert accounts["A16"] == scale * 24_000
