"""Bytes of a few small runs are as recorded; `python tools/goldens.py check` compares them all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.cli.main import cli
from tests.support.commands import runner
from tests.support.paths import ROOT
from tools.goldens import hash_of_files, versions

RECORDED = json.loads((ROOT / "tests" / "goldens.json").read_text(encoding="utf-8"))
# Each reaches other rules: sessions, a queue, limits and incidents, a campaign with enforcement.
SCENARIOS = ("worked_example", "incident", "rate_limited_benchmark", "launch_day", "typology_a18")


@pytest.mark.skipif(
    versions() != RECORDED["versions"], reason="bytes hold for the recorded versions alone"
)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_run_has_the_recorded_bytes(name: str, tmp_path: Path) -> None:
    golden = RECORDED["runs"][name]
    words = ["run", name, "-j1", f"--scale={golden['scale']}", f"--out={tmp_path / name}", "-q"]
    result = runner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    for part in ("log", "truth"):
        assert hash_of_files(tmp_path / name / part) == golden[part], part
