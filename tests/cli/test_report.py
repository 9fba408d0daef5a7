"""The verb report: a page and charts of runs, and what it refuses."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import sim as front
from sim.errors import InvalidInputError
from tests.support.commands import sim

pytestmark = pytest.mark.usefixtures("here")


def test_a_page_and_charts_are_written_and_findings_printed() -> None:
    result = sim(
        "report", "out", "--html", "new/page.html", "--charts", "charts", "--format", "svg"
    )
    assert result.exit_code == 0
    first, *findings = result.stdout.splitlines()
    assert first.startswith("tiny, seed 7: ")
    assert 4 <= len(findings) <= 6
    assert all(x.startswith("- ") and x.endswith(".") for x in findings)
    names = {x.name for x in Path("charts").iterdir()}
    assert {"exchanges-per-task.csv", "conventions.csv", "by-hour.csv", "week.csv"} <= names
    assert {Path(x).suffix for x in names} == {".svg", ".csv"}
    assert "exchange-distributions.svg" in names
    assert result.stderr == f"charts: {len(names)} files in charts\npage: new/page.html\n"
    text = Path("new/page.html").read_text(encoding="utf-8")
    for finding in findings:
        assert finding.removeprefix("- ") in text


@pytest.mark.verify
def test_days_are_those_of_the_time_zone_and_quiet_says_nothing() -> None:
    words = ("--charts", "charts", "--format", "svg", "--timezone", "Asia/Tokyo", "-q")
    result = sim("report", "out", *words)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = list(csv.reader(Path("charts/week.csv").read_text(encoding="utf-8").splitlines()))
    coders = [line for line in lines[1:] if line[0] == "coders"]
    assert {day for _, day, *hours in coders if any(hours)} == {"Mon", "Tue"}
    assert "(Asia/Tokyo)" in Path("charts/week.svg").read_text(encoding="utf-8")


def test_groups_may_be_typologies() -> None:
    report = front.report("out", by="typology")
    assert set(report.summaries[0].groups) == {"A16", "L01", "L04"}
    assert "Individual coding-agent user" in report.charts[0].svg()
    assert "--by typology" in report.command


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("out",),
            "name where the report goes: --html FILE for one page, --charts FOLDER for pictures",
        ),
        (
            ("out", "--charts", "c", "--format", "png,gif"),
            "Invalid value for '--format': found 'gif'; allowed: png, svg, pdf",
        ),
        (
            ("out", "--html", "out/page.html"),
            "--html: out/page.html lies in the run out, which holds nothing but what was "
            "simulated; choose another place",
        ),
        (("out", "--html", "tiny.yaml/page.html"), "--html: tiny.yaml is a file, not a folder"),
        (("nothing", "--html", "page.html"), "nothing: no such folder"),
        (
            ("out", "--html", "page.html", "--timezone", "Paris"),
            "timezone Paris: there is no such zone; give UTC or a name of the IANA database such "
            "as Europe/Paris",
        ),
        (
            ("out",) * 7 + ("--html", "page.html"),
            "report: found 7 runs; give 1 to 6, which stand beside each other",
        ),
    ],
)
def test_what_cannot_be_reported_is_refused(words: tuple[str, ...], message: str) -> None:
    result = sim("report", *words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1].removeprefix("Error: ") == message
    assert not Path("page.html").exists()


def test_python_refuses_likewise() -> None:
    with pytest.raises(InvalidInputError, match="report: found 0 runs; give 1 to 6"):
        front.report()
    with pytest.raises(InvalidInputError, match="give one of actor, typology"):
        front.report("out", by="day")  # type: ignore[arg-type]


def test_runs_of_one_name_are_told_apart() -> None:
    report = front.report("out", front.open_run("out"))
    assert [x.name for x in report.shown.runs] == ["out (1)", "out (2)"]
    assert repr(report).startswith("<Report of out (1), out (2): ")
