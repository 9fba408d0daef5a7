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
    words = ["--charts", str(tmp_path / "charts"), "--html", str(tmp_path / "index.html")]
    made = CliRunner().invoke(cli, ["compare", "all", "--csv", *words])
    assert made.exit_code == 0, made.output
    (tmp_path / "comparison.csv").write_text(made.stdout, encoding="utf-8")
    for path in (tmp_path / "charts").iterdir():
        if path.suffix != ".svg":  # as `make reports` does
            path.unlink()
    files = sorted(x.relative_to(REPORTS) for x in REPORTS.rglob("*") if x.is_file())
    again = sorted(x.relative_to(tmp_path) for x in tmp_path.rglob("*") if x.is_file())
    report.exact("files", len(again), len(files))
    other = [str(x) for x in files if (tmp_path / x).read_bytes() != (REPORTS / x).read_bytes()]
    report.exact(f"files with other bytes ({', '.join(other) or 'none'})", len(other), 0)
    report.close()
