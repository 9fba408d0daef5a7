"""`sim check-run` and `sim verify`: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import sim as front
from tests.support.commands import refused, sim

PART = "log/exchanges/part-00000.parquet"


@pytest.fixture
def damaged(here: Path) -> Path:
    """A run in which one exchange has a token too many."""
    path = here / "out" / PART
    log = pd.read_parquet(path)
    log.loc[3, "output_tokens"] += 1
    log.to_parquet(path)
    return here


@pytest.mark.usefixtures("here")
def test_check_run_prints_a_line_for_each_invariant() -> None:
    result = sim("check-run", "out")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{front.check_run('out')}\n"


@pytest.mark.usefixtures("here")
def test_check_run_as_json() -> None:
    result = sim("check-run", "out", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    invariants = [verdict.to_dict() for verdict in front.check_run("out")]
    assert json.loads(result.stdout) == {"run": "out", "invariants": invariants}


@pytest.mark.usefixtures("damaged")
def test_check_run_prints_the_verdicts_before_it_fails() -> None:
    result = sim("check-run", "out")
    verdicts = front.check_run("out")
    broken = ", ".join(verdict.id for verdict in verdicts.failed)
    assert result.exit_code == 3
    assert result.stdout == f"{verdicts}\n"
    note, last = result.stderr.splitlines()
    assert note == f"note: {verdicts.other_files[0]}; what it holds was checked"
    assert last == f"out: broken: {broken}"


@pytest.mark.usefixtures("damaged")
def test_verify_prints_problems_alone() -> None:
    verification = front.verify("out")
    assert refused(sim("verify", "out"), 3) == f"{verification}\n"


@pytest.mark.usefixtures("here")
def test_verify_says_that_all_is_well_unless_quiet() -> None:
    assert sim("verify", "out").stdout == f"{front.verify('out')}\n"
    assert sim("verify", "out", "-q").stdout == ""
    rerun = "and a rerun gives the same bytes\n"
    assert sim("verify", "out", "--rerun").stdout.endswith(rerun)


def test_verify_names_other_software_before_a_rerun(here: Path) -> None:
    path = here / "out/manifest.json"
    manifest = json.loads(path.read_text())
    manifest["software"]["simpy"] = "0.0"
    path.write_text(json.dumps(manifest))
    assert sim("verify", "out").stderr == ""
    result = sim("verify", "out", "--rerun")
    assert result.exit_code == 0
    assert result.stderr.startswith("note: simpy 0.0 made the run, this is ")
