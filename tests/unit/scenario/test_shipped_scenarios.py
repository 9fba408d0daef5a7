"""Every shipped scenario runs, and shows what its comment says it shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sim
from sim.catalog import libraries, look_alikes, steps_for, typologies
from sim.counting import count_run
from sim.engine.run import run
from sim.engine.run_summary import RunSummary
from sim.scenario import shipped_scenarios
from tests.support.scenarios import DAY_US, HOUR_US, answered, log_with_truth, micros, read

MODELINE = "# yaml-language-server: $schema=schema.json"
SCALES = {
    "benchmark_thirty_runs": 0.1,
    "coding_users": 1.0,
    "coordinated_pool": 0.5,
    "incident": 1.0,
    "launch_day": 1.0,
    "rate_limited_benchmark": 1.0,
    "reported_2026_02": 0.01,
    "reported_2026_09": 0.001,
    "worked_example": 1.0,
}
LARGE = {"reported_2026_09"}  # whose laboratories send 600,000 at any scale
SLOW = {
    "benchmark_thirty_runs",
    "coding_users",
    "coordinated_pool",
    "launch_day",
}  # others show the same fast
TYPOLOGY_SCENARIOS = {f"typology_{typology.lower()}": typology for typology in typologies()}
# A release that is a day away, or a start after six hours, is not needed for a run of one day.
SHORTER = {
    "L04": ["actors.laboratory.runs=1", "actors.laboratory.starts=0 s"],
    "L06": ["world.events=[]"],
    "A20": ["world.events=[]"],
}
TWIN_SCENARIOS = {
    f"twin_{entry.id}_{twin}".lower(): (entry.id, twin)
    for entry in typologies().values()
    if entry.is_extraction
    for twin in entry.twins
}
CLAIM_SCENARIOS = [name for name in shipped_scenarios() if name.startswith("claim_")]
OTHER_SCENARIOS = [
    "barred_region",
    "extraction_bench",
    "hydra_20000",
    "permitted_distillation",
    "product_160k_day",
    "reasoning_traces",
    "refused_campaign",
    "separability",
    "snitchbench_full_run",
    "thirty_swe_bench_runs_through_a_gateway",
]
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


def of_actors(log: pd.DataFrame, *actors: str) -> pd.DataFrame:
    """Rows of these actors, without look-alikes."""
    return log[log["actor_id"].isin(actors)]


def test_every_shipped_scenario_is_tested() -> None:
    grouped = (TYPOLOGY_SCENARIOS, TWIN_SCENARIOS, CLAIM_SCENARIOS, OTHER_SCENARIOS)
    names = [*SCALES, *(name for group in grouped for name in group)]
    assert sorted(names) == list(shipped_scenarios())


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_shipped_scenario_resolves_and_has_look_alikes(name: str) -> None:
    scenario = sim.load_scenario(name)
    assert scenario.name == name
    actors = {actor.id for actor in scenario.actors}
    assert (set(look_alikes()) <= actors) == (name != "worked_example")


@pytest.mark.parametrize("name", TYPOLOGY_SCENARIOS)
def test_every_typology_has_its_scenario(name: str, tmp_path: Path) -> None:
    typology = TYPOLOGY_SCENARIOS[name]
    changes = ["clock.duration=1 d", *SHORTER.get(typology, ())]
    scenario = sim.load_scenario(name, overrides=changes)
    kinds = {actor.typology for actor in scenario.actors if actor.id not in look_alikes()}
    assert kinds == {typology}
    summary = run(scenario, tmp_path / name)
    sent = sum(a.exchanges_in_log for a in summary.actors if a.actor not in look_alikes())
    assert sent > 0


@pytest.mark.parametrize("name", TWIN_SCENARIOS)
def test_every_twin_pair_has_its_scenario(name: str) -> None:
    scenario = sim.load_scenario(name)
    kinds = {actor.typology for actor in scenario.actors if actor.id not in look_alikes()}
    assert kinds == set(TWIN_SCENARIOS[name])
    assert {actor.separability for actor in scenario.actors} == {0}


def test_claims_are_reached_by_legitimate_and_by_abusive_typologies() -> None:
    found: dict[str, list[bool]] = {}
    for name in CLAIM_SCENARIOS:
        _, figure, typology = name.split("_")
        scenario = sim.load_scenario(name)
        kinds = {actor.typology for actor in scenario.actors if actor.id not in look_alikes()}
        assert kinds == {typology.upper()}
        found.setdefault(figure, []).append(typologies()[typology.upper()].is_extraction)
    for extracts in found.values():
        assert {True, False} == set(extracts)


@pytest.mark.parametrize("name", shipped_scenarios())
def test_files_name_their_schema_and_say_what_they_show(name: str) -> None:
    text = shipped_scenarios()[name].read_text(encoding="utf-8")
    first, *comment = [line for line in text.splitlines() if line.startswith("#")]
    assert (text.splitlines()[0], first) == (MODELINE, MODELINE)
    assert any(line.startswith("# Shows: ") for line in comment)


@pytest.mark.parametrize(
    "name",
    [pytest.param(x, marks=pytest.mark.verify) if x in LARGE | SLOW else x for x in SCALES],
)
def test_targets_are_met(name: str, simulate: Simulate) -> None:
    """But for tasks given up because an answer took too long three times."""
    _, summary = simulate(name)
    assert summary.exchanges > 0
    for actor in summary.actors:
        assert actor.shortfall <= 0.004 * actor.requested
        assert actor.tasks_given_up + actor.tasks_cut_off > 0 or actor.shortfall == 0


def test_worked_example_makes_one_request_four_exchanges(simulate: Simulate) -> None:
    path, _ = simulate("worked_example")
    total = count_run(path).total
    assert total["C2"] == 4 * total["C5"] == 4 * total["C6"] > 0
    assert set(read(path, "truth/tasks")["calls"]) == {4}
    for _, task in answered(log_with_truth(path)).groupby("task_uid"):
        assert list(task["last_role_in"]) == ["user", "tool", "tool", "tool"]
        assert list(task["finish_reason"]) == ["tool_use"] * 3 + ["end_turn"]
        assert list(task["n_messages"]) == [1, 3, 5, 7]
        # the input of a call holds the input and the answer of the call before
        before = task["input_tokens_total"] + task["output_tokens"]
        assert (task["input_tokens_total"].to_numpy()[1:] > before.to_numpy()[:-1]).all()


def test_coding_users_multiply_turns_and_are_unequal(simulate: Simulate) -> None:
    path, _ = simulate("coding_users")
    coders = by_actor(path)["coders"]
    tasks = read(path, "truth/tasks")
    tasks = tasks[tasks["actor_id"] == "coders"]
    recorded = libraries()["claude-code"].opens_turn
    assert len(coders) / len(tasks) == pytest.approx(len(recorded) / recorded.sum(), rel=0.1)
    assert tasks["exchanges"].median() == 2
    volume = coders.groupby("account_id").size().sort_values()
    top = volume.iloc[-(200 // 10) :].sum()
    assert top > volume.sum() / 2


@pytest.mark.verify
def test_thirty_runs_work_on_the_same_items_one_after_the_other(simulate: Simulate) -> None:
    path, _ = simulate("benchmark_thirty_runs")
    tasks = of_actors(read(path, "truth/tasks"), "laboratory")
    runs = tasks.groupby("run")
    assert list(runs.groups) == list(range(30))
    items = set(range(229))
    assert all(set(task["item"]) == items for _, task in runs)
    assert (runs["started_at"].min().iloc[1:].array >= runs["ended_at"].max().iloc[:-1].array).all()
    # what the full set would come to, from a tenth of its items: their spread is the error
    per_item = tasks.groupby("item")["calls"].mean()
    full = 2294 * 30 * per_item.mean()
    error = 2294 * 30 * per_item.std() / np.sqrt(len(per_item))
    expected = 2294 * 30 * steps_for("mini-swe-agent", "claude-sonnet-4.5").steps.mean()
    assert abs(full - expected) < 4 * error
    assert 3.4e6 < expected < 3.55e6


def test_coordinated_pool_spreads_thin_and_meets_its_target(simulate: Simulate) -> None:
    path, summary = simulate("coordinated_pool")
    pool = summary.actors[1]
    log = by_actor(path)
    task = log["pool"].groupby("task_uid").size().max()
    assert abs(pool.achieved - pool.requested) < task
    largest = {name: rows.groupby("account_id").size().max() for name, rows in log.items()}
    assert largest["pool"] < 0.06 * pool.requested
    assert largest["pool"] < largest["coders"]
    prompts = log["pool"].drop_duplicates("task_uid")["prompt_simhash64"]
    # hashes of near prompts are near, and a few agree by chance
    assert prompts.nunique() > 0.999 * len(prompts)


def test_reported_figures_stand_beside_work_of_the_same_order(simulate: Simulate) -> None:
    path, _ = simulate("reported_2026_02")
    scale = SCALES["reported_2026_02"]
    reported = {"pool-small": 150_000, "pool-middle": 3_400_000, "pool-large": 13_000_000}
    sent = {name: len(answered(rows)) for name, rows in by_actor(path).items()}
    for name, target in reported.items():
        assert sent[name] == pytest.approx(scale * target, rel=0.01, abs=300)
    assert sent["laboratory"] == pytest.approx(sent["pool-middle"], rel=0.2)
    accounts = read(path, "truth/accounts").groupby("typology_id", observed=True).size()
    assert accounts["A16"] == scale * 24_000


def test_an_incident_multiplies_attempts_and_loses_no_task(simulate: Simulate) -> None:
    path, summary = simulate("incident")
    log = log_with_truth(path)
    hour = pd.Series(micros(log["ts_start"]) // HOUR_US - micros(log["ts_start"]).min() // HOUR_US)
    overloaded = (log["http_status"] == 529).groupby(hour).mean()
    assert set(overloaded[overloaded > 0.1].index) == {38, 39}
    assert overloaded.loc[38:39].mean() == pytest.approx(0.4, abs=0.04)
    bad = hour.isin((38, 39))
    again = log["attempt_of"].notna()
    assert again[bad].mean() > 3 * again[~bad].mean()
    for actor in summary.actors:
        assert actor.tasks_given_up <= 0.001 * actor.tasks_in_log
    assert overloaded.drop([38, 39]).mean() == pytest.approx(0.02, abs=0.003)


def test_cut_limits_refuse_a_good_part_of_the_pool(simulate: Simulate) -> None:
    path, _ = simulate("incident")
    refused = {}
    for name, rows in by_actor(path).items():
        hour = (micros(rows["ts_start"]) - micros(rows["ts_start"]).min()) // HOUR_US
        cut = (hour >= 48) & (hour < 68)
        is_429 = rows["http_status"] == 429
        refused[name] = is_429[~cut].mean(), is_429[cut].mean()
    assert max(refused["coders"]) < 0.01  # a few who open many sessions at once
    assert refused["pool"][0] < 0.005
    assert 0.01 < refused["pool"][1] < 0.12


@pytest.mark.verify
def test_users_and_a_pool_take_up_a_release_alike_and_a_laboratory_does_not(
    simulate: Simulate,
) -> None:
    """Shares of sessions on the day from 24 to 48 hours after the release.

    Of exchanges they are .05 off by chance: a few long sessions have most of them.
    """
    path, _ = simulate("launch_day")
    shares = {}
    for name, rows in by_actor(path).items():
        day = (micros(rows["ts_start"]) - micros(rows["ts_start"]).min()) // DAY_US
        new = rows["model_served"].astype(str) == "claude-opus-4.6"
        assert not new[day < 2].any()
        assert (day == 3).sum() > 10_000 or name in look_alikes()
        shares[name] = new[day == 3].groupby(rows["session_uid"]).mean().mean()
    assert shares["laboratory"] == 0
    assert 0.45 < shares["product-users"] < 0.65
    assert 0.45 < shares["pool"] < 0.6


def test_a_benchmark_at_the_rate_limit_is_refused_and_finishes(simulate: Simulate) -> None:
    path, summary = simulate("rate_limited_benchmark")
    log = read(path, "log/exchanges")
    assert (log["http_status"] == 429).mean() > 0.1
    total = count_run(path).total
    assert total["C1"] > 1.1 * total["C2"]
    laboratory = summary.actors[0]
    assert laboratory.achieved == laboratory.requested
