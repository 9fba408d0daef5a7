"""The reports are what `make reports` makes, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from sim.cli.main import cli
from tests.support.paths import ROOT
from tests.verification.report import Report

pytestmark = pytest.mark.verify

REPORTS = ROOT / "reports"


def test_reports_are_rebuilt_to_the_same_bytes(report: Report, tmp_path: Path) -> None:
    run, rebuilt = str(tmp_path / "run"), tmp_path / "rebuilt"
    rebuilt.mkdir()
    charts = ["--charts", str(rebuilt / "charts"), "--format", "svg"]
    said("run", "reported_2026_02", "--scale", "0.1", "-q", "-o", run)
    said("report", run, "-q", "--html", str(rebuilt / "run.html"), *charts)
    csv = said("compare", "--csv", "--html", str(rebuilt / "index.html"), *charts)
    (rebuilt / "comparison.csv").write_text(csv, encoding="utf-8")
    # The leaderboard is made by `make leaderboard`.
    found = (x for x in REPORTS.rglob("*") if x.is_file() and x.stem != "leaderboard")
    files = sorted(x.relative_to(REPORTS) for x in found)
    again = sorted(x.relative_to(rebuilt) for x in rebuilt.rglob("*") if x.is_file())
    report.exact("files", len(again), len(files))
    other = [str(x) for x in files if (rebuilt / x).read_bytes() != (REPORTS / x).read_bytes()]
    report.exact(f"files with other bytes ({', '.join(other) or 'none'})", len(other), 0)
    report.close()


def said(*words: str) -> str:
    """Return what a command prints; it must end well."""
    made = CliRunner().invoke(cli, words)
    assert made.exit_code == 0, made.output
    return made.stdout
