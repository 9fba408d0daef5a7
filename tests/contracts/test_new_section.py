"""A new section of a comparison is one record: everything else follows from it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result

from sim.cli.main import cli
from sim.comparison import SECTIONS, Answer, Table, analyse
from sim.comparison.section import Comparison, Inputs, Section
from sim.comparison.tables import number_column, text_column
from sim.reporting.charts.layout import Chart, Frame, Page
from tests.support.commands import runner
from tools.generate_docs import table_of_sections

WORDS = ("compare", "--claim", "A4", "--hypothesis", "resale", "--draws", "200")


@dataclass(frozen=True)
class Largest:
    """The largest count that was drawn, by hypothesis."""

    counts: dict[str, int]


def compute(inputs: Inputs) -> Largest:
    """Look for the largest count of C2."""
    return Largest({x: int(inputs.model.base(x).counts[1].max()) for x in inputs.model.ids})


def table(comparison: Comparison, result: Largest) -> Table:
    """A row for each hypothesis."""
    columns = (text_column("suspect", "suspect"), number_column("largest", "largest count"))
    rows = tuple(result.counts.items())
    return Table("largest", "largest", say(comparison, result), columns, rows)


def say(_: Comparison, result: Largest) -> str:
    """Name the hypothesis."""
    return f"The largest count of all draws is one of {max(result.counts, key=result.counts.get)}"  # type: ignore[arg-type]


def chart(comparison: Comparison, result: Largest) -> Chart:
    """Draw a dot for each hypothesis."""

    def fill(page: Page) -> None:
        page.axes(1, 0.5, 6, 1).plot(list(result.counts.values()), "o")

    return Chart("largest", "largest", say(comparison, result), "Dots.", Frame("", "", 2, fill))


TINY = Section(
    id="largest",
    question="which count is the largest that was drawn",
    tables=(table,),
    compute=compute,
    findings=(say,),
    importance=9,
    charts=(f"{__name__}:chart",),
)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is all that is added."""
    monkeypatch.setitem(SECTIONS, TINY.id, TINY)


def only_tiny(*words: str) -> Result:
    result = runner().invoke(cli, [*WORDS, "--only", "largest", *words])
    assert result.exit_code == 0, result.output
    return result


def test_text_has_its_question_table_and_finding_first() -> None:
    lines = only_tiny("--only", "priors").stdout.splitlines()
    assert "largest: which count is the largest that was drawn" in lines
    first, second = (
        next(k for k, line in enumerate(lines) if line.startswith(words))
        for words in ("- The largest count of all draws is one of", "- Of ")
    )
    assert first < second
    assert any(line.split() == ["suspect", "largest", "count"] for line in lines)


def test_csv_names_rows_by_its_texts() -> None:
    rows = list(csv.DictReader(io.StringIO(only_tiny("--csv").stdout)))
    assert [(x["table"], x["row"], x["quantity"]) for x in rows] == [
        ("largest", "resale", "largest"),
        ("largest", "extraction", "largest"),
    ]


def test_json_has_its_table() -> None:
    document = json.loads(only_tiny("--json").stdout)
    assert document["settings"]["sections"] == ["largest"]
    (largest,) = document["tables"]
    assert largest["section"] == "largest"
    assert [x["suspect"] for x in largest["rows"]] == ["resale", "extraction"]


def test_page_and_folder_of_charts_have_its_chart(tmp_path: Path) -> None:
    only_tiny("--html", str(tmp_path / "page.html"), "--charts", str(tmp_path / "charts"))
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert '<h2 id="largest">Which count is the largest that was drawn</h2>' in page
    assert 'id="chart-largest-' in page
    assert '<table id="table-largest">' in page
    names = sorted(x.name for x in (tmp_path / "charts").iterdir())
    assert names == ["largest.png", "largest.svg"]


def test_help_refusals_and_docs_name_it() -> None:
    said = " ".join(runner().invoke(cli, ["compare", "--help"]).stdout.split())
    assert "calibration, priors, largest. Repeatable." in said
    refusal = runner().invoke(cli, [*WORDS, "--only", "largst"])
    assert refusal.exit_code == 2
    assert "did you mean largest" in refusal.stderr
    row = "| `largest` | which count is the largest that was drawn | `chart` |"
    assert row in table_of_sections().splitlines()


def test_python_has_it_by_its_id() -> None:
    analysis = analyse(
        claim_ids=["A4"], hypotheses=["resale"], draws=200, sections=["largest", "claims"]
    )
    assert list(analysis.results) == ["claims", "largest"]
    answer = analysis["largest"]
    assert isinstance(answer, Answer)
    assert list(answer.to_frame().columns) == ["suspect", "largest"]
    assert answer.findings == (answer.tables[0].finding,)
