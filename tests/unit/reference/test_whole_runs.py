"""The reference engine writes the files of the fast one, byte for byte, and says what it cannot."""

from __future__ import annotations

import pickle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from sim.engine.plan import plan_run
from sim.engine.progress import Progress
from sim.engine.run import resume, run
from sim.engine.run_context import RunContext
from sim.errors import InvalidInputError
from sim.reference.coverage import MOST_EXCHANGES, check_covered
from sim.scenario import load_scenario, shipped_scenarios
from sim.scenario.resolved import Scenario
from sim.tables.store import Store
from tests.support.campaigns import HARSH, REPLACES, asked, sessions_of
from tests.support.commands import refused, sim
from tests.support.scenarios import (
    SMALL,
    coders,
    digests,
    event,
    lab,
    pool,
    read,
    scenario,
)
from tests.unit.reference.random_scenarios import Case, cases

SHIPPED = ["worked_example", "incident", "typology_l02", "typology_g14"]
TINY_SCALE = 1e-5  # a few accounts of each actor
MOST_IN_TESTS = 20_000
BARRED = asked(
    sessions_of("A17", f", list_share: 0.5, organisations: 6, {REPLACES}"),
    "id: course, typology: L09, accounts: 20, organisations: 4, exchanges_per_account_day: 60, "
    "tier: none",
    enforcement=HARSH.replace("noise_rate_per_day: 1", "noise_rate_per_day: 12"),
)


def expect_same_files(scenario_: Scenario, folder: Path) -> None:
    run(scenario_, folder / "fast")
    run(scenario_, folder / "reference", engine="reference")
    assert digests(folder / "reference") == digests(folder / "fast")


# Same bytes


@pytest.mark.parametrize(
    "name",
    [*SHIPPED[:2], *(pytest.param(x, marks=pytest.mark.verify) for x in SHIPPED[2:])],
)
def test_shipped_scenarios_give_the_same_files(name: str, tmp_path: Path) -> None:
    scale = 1.0 if name == "worked_example" else TINY_SCALE
    expect_same_files(load_scenario(name, scale=scale), tmp_path)


@pytest.mark.verify
def test_every_small_shipped_scenario_gives_the_same_files(tmp_path: Path) -> None:
    """Large ones and those with enforcement, which is not covered for queues, are left out."""
    compared = 0
    for name in shipped_scenarios():
        tiny = load_scenario(name, scale=TINY_SCALE)
        shards = RunContext(tiny, Store(str(tmp_path))).shards
        if sum(shard.expected for shard in shards) <= MOST_IN_TESTS and not tiny.world.enforcement:
            expect_same_files(tiny, tmp_path / name)
            compared += 1
    assert compared >= 20


@seed(4)
@settings(
    max_examples=6,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(cases())
def test_random_scenarios_give_the_same_files(case: Case) -> None:
    with TemporaryDirectory() as folder:
        expect_same_files(case.scenario, Path(folder))


def test_populations_benchmarks_and_pools_give_the_same_files(
    finished: Path, tmp_path: Path
) -> None:
    summary = run(SMALL, tmp_path / "run", engine="reference")
    assert summary.shards == 3
    assert digests(tmp_path / "run") == digests(finished)


def test_barred_accounts_and_their_replacements_give_the_same_files(tmp_path: Path) -> None:
    expect_same_files(BARRED, tmp_path)
    states = read(tmp_path / "reference", "truth/tasks")["state"].value_counts()
    assert states["barred"] > 3


def test_barred_accounts_under_limits_give_the_same_files(tmp_path: Path) -> None:
    """Limits so low that some attempts are refused, and some sessions barred while they wait."""
    tight = event("limits", 0, factor=0.02)
    limited = tuple(a.model_copy(update={"tier": "tier-1"}) for a in BARRED.actors)
    world = BARRED.world.model_copy(update={"events": (tight,), "burst": 0.1})
    expect_same_files(BARRED.model_copy(update={"actors": limited, "world": world}), tmp_path)
    status = read(tmp_path / "reference", "log/exchanges")["http_status"].value_counts()
    assert status[403] > 3
    assert status[429] > 50


def test_accounts_that_come_and_go_give_the_same_files(tmp_path: Path) -> None:
    """A queue whose accounts live for a day, and guests of a host."""
    lived = asked(
        "id: pool, typology: A16, accounts: 12, target_exchanges: 900, lifetime_days: 0.4",
        "id: runs, typology: L04, accounts: 3, benchmark: aime, agent: api-script, "
        "model: claude-haiku-4.5, runs: 2, workers: 4, lifetime_days: 0.8",
        "id: gateway, typology: L05, accounts: 3, exchanges_per_account_day: 40",
        "id: guests, typology: A16, accounts: 3, target_exchanges: 200, through: gateway",
    )
    expect_same_files(lived, tmp_path)


# Runs, as with the fast engine


class Interrupter:
    """Presses Ctrl-C when the second shard is simulated."""

    def __call__(self, progress: Progress) -> None:
        if progress.exchanges:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("begins", "ends"), [("reference", "fast"), ("fast", "reference")])
def test_either_engine_completes_what_the_other_began(
    begins: Any, ends: Any, finished: Path, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(SMALL, tmp_path / "run", engine=begins, observe=Interrupter())
    assert len(list((tmp_path / "run/.unfinished/shards").glob("*.json"))) == 1
    resume(tmp_path / "run", engine=ends)
    assert digests(tmp_path / "run") == digests(finished)


def test_other_processes_use_the_same_engine(tmp_path: Path) -> None:
    job = RunContext(SMALL, Store(str(tmp_path)), "reference")
    assert pickle.loads(pickle.dumps(job)).engine == "reference"
    job = RunContext(SMALL, Store(str(tmp_path)))
    assert pickle.loads(pickle.dumps(job)).engine == "fast"


def test_the_command_runs_resumes_and_plans_with_the_reference_engine(here: Path) -> None:
    result = sim("run", "tiny.yaml", "-o", "again", "--engine", "reference")
    assert (result.exit_code, result.stderr) == (0, "")
    assert digests(here / "again") == digests(here / "out")

    (here / "again" / "log" / "exchanges" / "part-00000.parquet").unlink()
    assert sim("run", "--resume", "again", "--engine", "reference").exit_code == 0
    assert digests(here / "again") == digests(here / "out")

    result = sim("run", "tiny.yaml", "-n", "--engine", "reference")
    assert result.exit_code == 0
    assert result.stdout.startswith("runs/tiny: would hold 3 actors, 52 accounts")


# Refusals

QUEUES = (
    "the reference engine cannot run this: world.enforcement acts on queues (lab, pool); "
    "leave it out\n"
)
USE_FAST = "the fast engine can: give --engine fast"


def under_enforcement(*actors: Any) -> Scenario:
    plain = scenario(*actors)
    world = plain.world.model_copy(update={"enforcement": BARRED.world.enforcement})
    return plain.model_copy(update={"world": world})


def test_enforcement_on_queues_is_refused(tmp_path: Path) -> None:
    refused_scenario = under_enforcement(coders(4), lab(), pool())
    with pytest.raises(InvalidInputError) as error:
        run(refused_scenario, tmp_path / "run", engine="reference")
    assert str(error.value) == QUEUES + USE_FAST
    assert not (tmp_path / "run").exists()
    with pytest.raises(InvalidInputError):
        plan_run(refused_scenario, engine="reference")


def test_of_many_actors_five_are_named() -> None:
    many = under_enforcement(*(pool(id_=f"a{k}") for k in range(7)))
    with pytest.raises(InvalidInputError, match=r"\(a0, a1, a2, a3, a4 and 2 more\)"):
        check_covered(many, 0)
    with pytest.raises(InvalidInputError, match=r"\(a0, a1, a2, a3, a4\)"):
        check_covered(many.model_copy(update={"actors": many.actors[:5]}), 0)


def test_what_is_too_large_for_a_record_of_each_call_is_refused() -> None:
    check_covered(SMALL, MOST_EXCHANGES)
    with pytest.raises(InvalidInputError) as error:
        check_covered(SMALL, MOST_EXCHANGES + 1.6)
    assert str(error.value) == (
        "the reference engine cannot run this: about 1,000,002 exchanges are more than it holds in "
        f"memory, 1,000,000; give a smaller --scale\n{USE_FAST}"
    )


def test_the_size_that_counts_is_the_expected_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"about 2[0-9],[0-9]{3},[0-9]{3} exch"):
        run(load_scenario("reported_2026_02"), tmp_path / "run", engine="reference")


def test_resuming_with_an_engine_that_does_not_cover_the_run_leaves_it_alone(
    tmp_path: Path,
) -> None:
    out = tmp_path / "run"
    run(under_enforcement(pool(2, 200)), out)
    next((out / "log" / "exchanges").glob("*.parquet")).unlink()
    before = digests(out)
    with pytest.raises(InvalidInputError, match="cannot run this"):
        resume(out, engine="reference")
    assert digests(out) == before


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as error:
        run(SMALL, tmp_path / "run", engine="slow")  # type: ignore[arg-type]
    assert str(error.value) == "engine: should be one of fast, reference, found 'slow'"
    assert not (tmp_path / "run").exists()


def test_the_command_says_what_the_reference_engine_cannot_do(here: Path) -> None:
    result = sim(
        *("run", "tiny.yaml", "-o", "again", "--engine", "reference"),
        *("--set", "world.enforcement=default"),
    )
    assert refused(result).splitlines()[-1].endswith(USE_FAST)
    assert not (here / "again").exists()
    assert "Invalid value for '--engine'" in refused(sim("run", "tiny.yaml", "--engine", "x"))
