"""A large pool is cut into teams: nothing is lost, nothing done twice, and each is a queue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.actors.queue.teams import apportion, teams_of
from sim.engine.run import run
from sim.invariants import check_run
from sim.population.population import build_population
from sim.scenario.resolved import Actor
from tests.support.reference import differences
from tests.support.scenarios import digests, lab, pool, read, scenario

# seven teams of some 500 exchanges
TARGET, SIZE = 3_500, 500


@pytest.fixture
def small_teams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.actors.queue.teams.SHARD_EXCHANGES", SIZE)


@given(st.integers(0, 10_000), st.lists(st.floats(0.01, 100), min_size=1, max_size=30))
def test_what_is_shared_out_adds_up(total: int, weight: list[float]) -> None:
    share = apportion(total, np.array(weight))
    assert share.sum() == total
    assert (np.abs(share - total * np.array(weight) / sum(weight)) < 1).all()


CUTS = [
    pool(40, TARGET),
    pool(40, TARGET, workers=5),
    pool(40, TARGET, organisations=3),
    pool(40, TARGET, balance="weighted", account_volume_sigma=3.0),
    pool(1, TARGET),
]


@pytest.mark.usefixtures("small_teams")
@pytest.mark.parametrize("actor", CUTS)
def test_teams_share_accounts_workers_and_target(actor: Actor) -> None:
    (context,) = build_population(scenario(actor)).contexts
    teams = teams_of(context, range(actor.accounts))
    most = [actor.organisations or actor.accounts, actor.workers or 7, 7]
    assert len(teams) == min(most)
    assert [k for team in teams for k in team.accounts] == list(range(actor.accounts))
    assert sum(team.target or 0 for team in teams) == TARGET
    organisation = context.accounts.organisation
    whose = [set(organisation[list(team.accounts)].tolist()) for team in teams]
    assert sum(map(len, whose)) == len(set.union(*whose))
    if actor.workers is not None:
        assert sum(team.workers or 0 for team in teams) == actor.workers
        assert min(team.workers or 0 for team in teams) >= 1


@pytest.mark.usefixtures("small_teams")
def test_a_benchmark_is_one_team() -> None:
    actor = lab()
    (context,) = build_population(scenario(actor)).contexts
    assert len(teams_of(context, range(actor.accounts))) == 1


@pytest.mark.usefixtures("small_teams")
@pytest.mark.parametrize("dials", [{}, {"organisations": 8, "tier": "tier-1"}, {"workers": 9}])
def test_teams_equal_the_reference_engine(dials: dict[str, Any]) -> None:
    asked = scenario(pool(40, TARGET, **dials), days=0.4)
    lines, seen = differences(asked)
    assert not lines, lines[:3]
    assert seen["attempts"] > TARGET
    assert seen["status 429"] > 20 or "tier" not in dials


@pytest.mark.usefixtures("small_teams")
def test_every_prompt_is_sent_by_one_team(tmp_path: Path) -> None:
    asked = scenario(pool(40, TARGET, workers=30), days=0.5)
    made = run(asked, tmp_path / "run")
    tasks = read(tmp_path / "run", "truth/tasks")
    assert made.shards == 7
    assert tasks["item"].is_unique
    assert tasks["task_uid"].is_unique
    assert {verdict.status for verdict in check_run(tmp_path / "run")} == {"ok"}
    # each team stops at the task that reaches its share
    assert TARGET * 0.99 < made.actors[0].achieved < TARGET + 7 * 100
    run(asked, tmp_path / "again")
    assert digests(tmp_path / "again") == digests(tmp_path / "run")
