"""What `sim run -n` foresees, against what then happens."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import sim as package
from sim.engine import plan as planning
from sim.engine.plan import plan_run
from sim.engine.run import run
from sim.engine.shards import Shard
from sim.scenario.resolved import Scenario
from tests.support.commands import sim
from tests.support.scenarios import coders, pool, scenario


def heavy(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def near(found: float, foreseen: float, tolerance: float) -> bool:
    return abs(found / foreseen - 1) <= tolerance


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        pytest.param("coordinated_pool", 0.2, marks=pytest.mark.verify),
        ("incident", 0.3),
        pytest.param("incident", 1.0, marks=pytest.mark.verify),
        pytest.param("reported_2026_02", 0.02, marks=pytest.mark.verify),
        pytest.param("reported_2026_09", 0.002, marks=pytest.mark.verify),
    ],
)
def test_exchanges_shards_and_disk_are_foreseen(name: str, scale: float, tmp_path: Path) -> None:
    asked = package.load_scenario(name, scale=scale)
    foreseen = plan_run(asked, 1)
    made = run(asked, tmp_path / "run")
    assert near(made.exchanges, foreseen.exchanges, 0.2)
    assert (made.shards, made.parts) == (foreseen.shards, foreseen.parts)
    assert near(sum(f.bytes for f in made.files), foreseen.disk_bytes, 0.2)


def test_some_shards_speak_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several shards an actor, of which one each is tried."""
    for module in ("arrivals.rates", "queue.teams"):
        monkeypatch.setattr(f"sim.actors.{module}.SHARD_EXCHANGES", 8_000)
    asked = scenario(
        coders(60, account_volume_sigma=0.3), pool(200, 60_000), days=2, part_rows=20_000
    )
    foreseen = plan_run(asked, 1)
    made = run(asked, tmp_path / "run")
    assert foreseen.shards == made.shards >= 8
    assert len(foreseen.tried) == 2
    assert near(made.exchanges, foreseen.exchanges, 0.2)
    assert near(sum(f.bytes for f in made.files), foreseen.disk_bytes, 0.2)
    assert abs(foreseen.parts - made.parts) <= 1


def test_disk_while_it_runs_covers_what_is_set_aside(tmp_path: Path) -> None:
    asked = scenario(coders(40), pool(20, 6_000), days=1, part_rows=2_000)
    foreseen, most = plan_run(asked, 1), 0

    def watch(_: object) -> None:
        nonlocal most
        most = max(most, heavy(tmp_path / "run"))

    run(asked, tmp_path / "run", observe=watch)
    assert near(most, foreseen.peak_disk_bytes, 0.2)


@pytest.mark.verify
def test_two_workers_take_less_time_than_one() -> None:
    asked = package.load_scenario("incident", scale=0.2)
    one, two = (plan_run(asked, workers).seconds for workers in (1, 2))
    assert (plan_run(asked, 4).workers, one > 0, two > 0) == (4, True, True)


def test_a_large_shard_bounds_what_workers_can_do() -> None:
    assert planning._elapsed(100.0, 60.0, 10) > 60
    assert planning._elapsed(100.0, 10.0, 2) == pytest.approx(100 / 2 / 0.9 + 1)
    assert planning._elapsed(100.0, 60.0, 1) == 100.0


def test_an_actor_whose_only_shard_is_too_large_is_not_tried() -> None:
    shards = [Shard(0, 0, 0, 1, range(1), 5e6, None), Shard(1, 1, 0, 1, range(1, 2), 1e5, None)]
    assert [s.number for s in planning._pilots(shards)] == [1]
    assert [s.number for s in planning._pilots(shards[:1])] == [0]


def test_the_estimate_is_printed_with_two_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = sim("run", "incident", "--scale", "0.3", "-n")
    assert (result.exit_code, result.stderr) == (0, "")
    assert re.search(r"^  exchanges  about [1-9]\d,000 \(C1\)$", result.stdout, re.MULTILINE)
    assert " kB" in result.stdout or " MB" in result.stdout
    record = json.loads(sim("run", "incident", "--scale", "0.1", "-n", "--json", "-j", "3").stdout)
    assert record["workers"] == 3
    assert record["run"] == "runs/incident"
    assert record["peak_disk_bytes"] > record["disk_bytes"] > 0
    assert record["memory_bytes"] > 50 * 2**20
    assert not any(tmp_path.iterdir())


def test_nothing_can_be_foreseen_of_a_scenario_that_sends_nothing() -> None:
    asked: Scenario = scenario(coders(1, exchanges_per_account_day=1e-9), days=0.01)
    foreseen = plan_run(asked, 1)
    assert (foreseen.exchanges, foreseen.parts) == (0, 1)
