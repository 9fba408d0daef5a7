"""`sim audit` and `sim.audit` on runs: what is there, what is not, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import sim as package
from sim.audits.report import judged, judged_auc
from sim.packs.audited import difficulty_of
from tests.support.commands import refused, sim

QUICK = "T3,T7,T14"
ONE = {
    "version": 1,
    "name": "one",
    "seed": 3,
    "clock": {"start": "2026-01-05", "duration": "6 h"},
    "actors": [{"id": "wombats", "typology": "L01", "accounts": 40}],
}


def test_a_clean_run_passes_and_says_what_was_not_checked(twenty: Path) -> None:
    done = sim("audit", str(twenty), "--only", "T7,T8", "-q")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[0].split() == [
        *("test", "what", "figure", "limit", "verdict", "worst", "place")
    ]
    assert "--simulate" in done.stdout
    assert done.stdout.endswith(f"{twenty}: passed, 1 not checked\n")


def test_json_and_the_page_hold_the_findings(twenty: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = sim("audit", str(twenty), "--only", QUICK, "--json", "--html", str(page), "-q")
    values = json.loads(done.stdout)
    assert (values["difficulty"], values["ok"]) == ("hard", True)
    assert {f["test"] for f in values["findings"]} == {"T3", "T7", "T14"}
    assert "fractions of times, AUC" in page.read_text(encoding="utf-8")


def test_a_test_that_is_not_there_is_refused(twenty: Path) -> None:
    assert refused(sim("audit", str(twenty), "--only", "T99")).startswith("there is no test 'T99'")


def test_a_run_without_truth_is_not_checked_but_for_its_rules(twenty: Path, tmp_path: Path) -> None:
    shutil.copytree(twenty, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "truth")
    found = package.audit(tmp_path / "run", only=["T1", "T5", "T7", "T14"])
    assert found.ok
    assert {f.test for f in found.unchecked} == {"T1", "T5", "T14"}
    assert {f.where for f in found.unchecked} == {"needs truth, which is not there"}


def test_a_run_of_one_class_is_not_checked(tmp_path: Path) -> None:
    run = package.run(ONE, tmp_path / "run", overrides={"tables.columns": "core"})
    found = package.audit(run, only=["T1", "T2", "T3", "T4", "T5", "T6", "T7", "T10"])
    assert found.difficulty == "easy"
    assert found.ok
    assert {f.test for f in found if f.status == "passed"} == {"T7"}
    with pytest.raises(package.InvalidInputError, match="there is no test"):
        package.audit(run, only="T0")


def test_a_damaged_page_is_refused_before_anything_is_judged(twenty: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(twenty, run)
    part = run / "log" / "exchanges" / "part-00000.parquet"
    assert part.stat().st_size > 1_000_000  # smaller files are hashed whole by every reader
    with part.open("r+b") as file:
        file.seek(300_000)
        file.write(bytes(20_000))

    said = refused(sim("audit", str(run), "--only", "T14", "-q"))
    assert said == (
        f"{part}: has the right size but other bytes than the manifest says\n"
        "nothing was audited; `sim run --resume RUN` and `sim dataset --resume PACK` make again "
        "what is damaged\n"
    )


def test_other_formats_are_refused(tmp_path: Path) -> None:
    package.run(ONE, tmp_path / "run", overrides={"tables.format": "csv"})
    message = refused(sim("audit", str(tmp_path / "run"), "-q"))
    assert message == (
        f"{tmp_path}/run: its tables are csv, and audits read Parquet; run it again with "
        "--set tables.format=parquet\n"
    )


def test_the_difficulty_follows_from_level_and_separability() -> None:
    assert difficulty_of(package.check("separability")) == "hard"
    assert difficulty_of(package.check("separability", overrides=["level=medium"])) == "medium"
    assert difficulty_of(package.check("separability", overrides=["separability=0.2"])) == "medium"
    assert difficulty_of(package.check("separability", overrides=["separability=1"])) == "easy"


def test_a_figure_is_judged_beyond_its_error() -> None:
    assert judged("x", 0.9, 0.8, error=0.06).status == "passed"
    assert judged("x", 0.9, 0.8, error=0.04).status == "failed"
    assert judged("x", 0.1, 0.2, error=0.01, at_least=True).status == "failed"
    assert judged_auc("x", 0.9, 0.8, error=0.1).status == "not_checked"
    assert judged_auc("x", 1.0, 0.8, error=0.0).status == "failed"
