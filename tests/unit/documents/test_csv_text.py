"""CSV for people: exact, or safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.documents.csv_text import csv_text
from tests.support.commands import refused, sim

CELLS = st.one_of(
    st.text(st.sampled_from("=+-@\t\r\n'\",.;a1e5 "), max_size=6),
    st.integers(),
    st.floats(),
)
CLAIMS = """\
version: 1
claims:
  mine:
    report: "=HYPERLINK(1)"
    date: 2026-10-01
    actor: "@SUM(A1)"
    metric: exchanges
    value: 2.1M
    bound: over
    unit: exchanges
    window: 30 d
    source: "-2+3"
    qualifier: "\\tover two"
    not_said: "+cmd\\rx"
"""
QUICK = ("--draws", "200", "--only", "claims", "--hypothesis", "resale", "-q")


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@given(st.lists(st.lists(CELLS, min_size=2), max_size=3))
def test_plain_csv_reads_back_as_it_was(rows: list[list[object]]) -> None:
    assert cells(csv_text(rows)) == [[str(cell) for cell in row] for row in rows]


@given(st.lists(st.lists(CELLS, min_size=2), max_size=3))
def test_no_text_for_spreadsheets_is_a_formula_and_no_number_changes(
    rows: list[list[object]],
) -> None:
    found = cells(csv_text(rows, for_spreadsheets=True))
    for row, shown in zip(rows, found, strict=True):
        for cell, text in zip(row, shown, strict=True):
            if not isinstance(cell, str):
                assert text == str(cell)
            elif text.startswith(("=", "+", "-", "@", "\t", "\r")):
                float(text)
            else:
                assert text in (cell, f"'{cell}")
                assert (text == cell) == (not cell.startswith(("=", "+", "-", "@", "\t", "\r")))


@pytest.mark.parametrize("cell", ["-5", "+1.5", "-1e-07", "-.5", "-5.", "-inf", "5", "a=1", ""])
def test_numbers_and_other_texts_stay(cell: str) -> None:
    assert csv_text([[cell, 0]], for_spreadsheets=True) == csv_text([[cell, 0]])


@pytest.mark.parametrize("cell", ["=1", "+a", "-2+3", "@x", "\tx", "\rx", "-", "+", "-1e", "-1_0"])
def test_what_could_be_computed_is_marked(cell: str) -> None:
    assert cells(csv_text([[cell, 0]], for_spreadsheets=True)) == [[f"'{cell}", "0"]]


@pytest.fixture
def claims(tmp_path: Path) -> str:
    (tmp_path / "claims.yaml").write_text(CLAIMS)
    return str(tmp_path / "claims.yaml")


def test_claims_of_a_user_are_no_formulas_in_a_spreadsheet(claims: str) -> None:
    texts = {
        "report": "=HYPERLINK(1)",
        "actor": "@SUM(A1)",
        "source": "-2+3",
        "qualifier": "\tover two",
        "not_said": "+cmd\rx",
    }
    plain = sim("compare", "--claims", claims, "--csv", *QUICK).stdout_bytes.decode()
    safe = sim("compare", "--claims", claims, "--csv-for-spreadsheets", *QUICK)
    for text, mark in ((plain, ""), (safe.stdout_bytes.decode(), "'")):
        found = {row[2]: row[4] for row in cells(text) if row[:2] == ["claims", "mine"]}
        shown = {name: found[name] for name in texts if name in found}
        assert shown == {name: mark + texts[name] for name in shown}
        assert {"report", "actor", "source", "not_said"} <= set(shown)
        assert found["value"] == "2.1e+06"


def test_both_options_together_are_that_for_spreadsheets(claims: str) -> None:
    words = ("compare", "--claims", claims, "--csv-for-spreadsheets", *QUICK)
    assert sim(*words).stdout == sim(*words, "--csv").stdout


@pytest.mark.parametrize("verb", [("compare",), ("replicate", "worked_example")])
def test_json_is_no_csv_for_spreadsheets(verb: tuple[str, ...]) -> None:
    message = refused(sim(*verb, "--json", "--csv-for-spreadsheets"))
    assert "--json and --csv exclude each other; give one of them" in message


def test_replicates_for_spreadsheets_are_the_same_where_nothing_is_a_formula(here: Path) -> None:
    words = ("replicate", str(here / "tiny.yaml"), "-r", "1", "-q")
    plain, safe = (sim(*words, option) for option in ("--csv", "--csv-for-spreadsheets"))
    assert plain.exit_code == safe.exit_code == 0
    assert plain.stdout == safe.stdout
    assert plain.stdout.count("\n") > 10
