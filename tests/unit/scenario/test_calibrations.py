"""An actor takes a calibration by one key; what it says itself comes first."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

import sim
from sim.distributions import Distribution
from tests.support.paths import ROOT

SMALL = ROOT / "tests" / "cases" / "calibrations" / "small.yaml"


def scenario(**actor: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "name": "calibrated",
        "seed": 1,
        "clock": {"start": "2026-03-02", "duration": "1 d"},
        "actors": [{"id": "coders", "typology": "L01", "accounts": 4, **actor}],
    }


def refused(**actor: Any) -> str:
    with pytest.raises(sim.InvalidInputError) as error:
        sim.check(scenario(**actor))
    return str(error.value)


def test_dials_stand_in_place_of_those_of_the_typology() -> None:
    [actor] = sim.check(scenario(calibration=str(SMALL))).actors
    assert actor.agents == {"coding-cli": 1.0}
    assert actor.agentic_share == 0.6
    assert actor.exchanges_per_account_day == 40
    assert actor.human_gap_s.quantile(0.5) == pytest.approx(120)
    assert actor.turns_per_session.single_share == 0.25
    assert actor.scaffold.user_append_tokens == Distribution(constant=150)
    assert actor.library == "none"  # these dials count
    [usual] = sim.check(scenario()).actors
    assert actor.rhythm == usual.rhythm


def test_what_the_actor_says_comes_first() -> None:
    [actor] = sim.check(
        scenario(
            calibration=str(SMALL),
            human_gap_s=7,
            turns_per_session={"single_share": 0.5},
            scaffold={"tool_time_s": 3},
            agents={"chat": 1.0},
        )
    ).actors
    assert actor.human_gap_s.constant == 7
    assert actor.turns_per_session.single_share == 0.5
    assert actor.turns_per_session.more.quantile(0.5) == pytest.approx(3)
    assert actor.scaffold.tool_time_s == Distribution(constant=3)
    assert actor.scaffold.user_append_tokens == Distribution(constant=150)
    assert actor.agents == {"chat": 1.0}


def test_the_run_says_where_its_dials_come_from_and_needs_the_file_no_more(tmp_path: Path) -> None:
    shutil.copy(SMALL, tmp_path / "small.yaml")
    run = sim.run(scenario(calibration=str(tmp_path / "small.yaml")), tmp_path / "run")
    used = run.scenario.actors[0].calibration
    assert used is not None
    assert (used.file, used.trace) == ("small.yaml", "coders.csv")
    (tmp_path / "small.yaml").unlink()
    sim.verify(tmp_path / "run", rerun=True).raise_if_failed()
    sim.check_run(tmp_path / "run").raise_if_failed()


def test_paths_are_relative_to_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "fits").mkdir()
    shutil.copy(SMALL, tmp_path / "fits" / "small.yaml")
    values = scenario(calibration="fits/small.yaml")
    (tmp_path / "scenario.yaml").write_text(yaml.safe_dump(values))
    assert sim.check(tmp_path / "scenario.yaml").actors[0].calibration is not None


@pytest.mark.parametrize("typology", ["L04", "A16", "L07"])
def test_work_off_a_queue_takes_dials(typology: str) -> None:
    [actor] = sim.check(scenario(typology=typology, calibration=str(SMALL))).actors
    assert actor.scaffold.user_append_tokens == Distribution(constant=150)
    assert actor.output_tokens is not None


def test_dials_of_the_scaffold_can_be_said_without_a_calibration(tmp_path: Path) -> None:
    run = sim.run(
        scenario(library="none", scaffold={"base_context_tokens": 31_000, "append_tokens": 77}),
        tmp_path / "run",
    )
    first = run.sql("SELECT min(input_tokens_total) FROM exchanges WHERE n_messages = 1")
    assert first.fetchall() == [(31_000,)]


# --- what is refused


def test_files_that_are_no_calibration(tmp_path: Path) -> None:
    where = "<mapping>: actors.coders.calibration: "
    missing = str(tmp_path / "x.yaml")
    assert refused(calibration=missing) == (
        f"{where}{missing}: no such file; `sim calibrate` writes one"
    )
    other = str(ROOT / "scenarios" / "worked_example.yaml")
    assert refused(calibration=other).startswith(f"{where}{other}:")
    assert "unknown key" in refused(calibration=other)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("library") / "params.yaml"
    sim.calibrate("mini_swe_agent", path, agent="coding-cli")
    return str(path)


def test_recorded_sessions_of_a_calibration(library: str, tmp_path: Path) -> None:
    """A run reads the library again, so it has to be there, and the same."""
    given = scenario(calibration=library)
    run = sim.run(given, tmp_path / "run")
    reference = run.scenario.actors[0].library
    file = Path(library).with_suffix(".parquet")
    assert reference is not None
    assert reference.startswith(f"{file}#")
    [[most]] = run.sql("SELECT max(input_tokens_total) FROM exchanges").fetchall()
    assert most < 60_000  # as the trace has it; those of the agent are larger
    sim.verify(tmp_path / "run", rerun=True).raise_if_failed()


def test_dials_beside_recorded_sessions(library: str) -> None:
    where = "<mapping>: actors.coders.calibration: "
    assert refused(calibration=library, human_gap_s=3) == (
        f"{where}its recorded sessions decide human_gap_s; leave these out, or fit dials, by "
        "`sim calibrate --as dials`"
    )
    assert refused(calibration=library, typology="L07") == (
        f"{where}holds a library of sessions, and the work of L07 comes off a queue; fit dials, by "
        "`sim calibrate --as dials`"
    )
    [actor] = sim.check(scenario(calibration=library, library="none", human_gap_s=3)).actors
    assert actor.library == "none"


def test_a_library_that_has_changed_is_refused(library: str, tmp_path: Path) -> None:
    for name in ("params.yaml", "params.parquet"):
        shutil.copy(Path(library).with_name(name), tmp_path / name)
    run = sim.run(scenario(calibration=str(tmp_path / "params.yaml")), tmp_path / "run")
    shutil.copy(SMALL, tmp_path / "params.parquet")
    from sim.catalog.libraries import library_named

    library_named.cache_clear()
    with pytest.raises(sim.InvalidInputError, match="has changed since it was written"):
        sim.verify(run, rerun=True)
