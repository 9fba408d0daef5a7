"""Tables: cells, aligned text, records, frames; analyses as text, JSON and CSV."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sim.comparison import findings, render_text, tables, to_csv, to_json
from sim.comparison.inference.quantiles import Ranged, Span
from sim.comparison.render import _key_columns, _values
from sim.comparison.section import Answer
from sim.comparison.tables import (
    Column,
    Form,
    Table,
    cell_text,
    number_column,
    ranged_cells,
    ranged_columns,
    span_cells,
    span_columns,
    text_column,
    text_table,
)
from tests.support.comparison import EXPECTED, by_hand, without_catalog

COLUMNS = (
    text_column("claim", "claim"),
    number_column("n", "how many", "exchanges"),
    Column("note", "a note"),
)
TABLE = Table("t", "odds", "a finding", COLUMNS, (("A4", 3.4e6, None), ("A3", 15, "x")))


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (None, "count", ""),
        ("as it is", "odds", "as it is"),
        (1, "odds", "10 : 1"),
        (-1, "odds", "1 : 10"),
        (0.5, "share", "50 %"),
        (0.0001, "share", "0.01 %"),
        (0.00009, "share", "< 0.01 %"),
        (0.0, "share", "0 %"),
        (3_400_000, "count", "3.4 M"),
        (999.5, "number", "1,000"),
        (1_000, "number", "1,000"),
        (-1_234.5, "number", "-1,234"),
        (0.12345, "number", "0.123"),
        (1_234_567.25, "id", "1,234,567.25"),
    ],
)
def test_a_cell_is_written_by_its_form(value: float | str | None, form: Form, text: str) -> None:
    assert cell_text(value, form) == text


def test_text_stands_left_and_numbers_right() -> None:
    assert text_table(TABLE, 100) == [
        "claim  how many  a note",
        "A4        3.4 M",
        "A3           15  x",
    ]
    ids = replace(TABLE, columns=(COLUMNS[0], number_column("n", "n", "", "id"), COLUMNS[2]))
    assert text_table(ids, 100)[2] == "A3     15         x"


def test_text_leaves_out_wide_columns_and_rows_that_are_not_shown() -> None:
    narrow = replace(TABLE, wide=("n",), shown=TABLE.rows[1:])
    assert text_table(narrow, 100) == ["claim  a note", "A3     x"]


def test_records_and_frame_have_the_keys_of_the_columns() -> None:
    assert TABLE.records()[0] == {"claim": "A4", "n": 3.4e6, "note": None}
    frame = TABLE.to_frame()
    assert list(frame.columns) == ["claim", "n", "note"]
    assert frame.n.tolist() == [3.4e6, 15]
    assert list(replace(TABLE, rows=()).to_frame().columns) == ["claim", "n", "note"]


def test_notebooks_show_a_table_short_and_escaped() -> None:
    assert repr(TABLE) == "Table('t', 2 rows x 3 columns)"
    shown = replace(TABLE, rows=(("<b>", 1, None),), finding="a < b")._repr_html_()
    assert shown == (
        "<p>a &lt; b</p><table><tr><th>claim</th><th>how many</th><th>a note</th></tr>"
        "<tr><td>&lt;b&gt;</td><td>1</td><td></td></tr></table>"
    )


def test_distributions_and_ranges_have_columns_for_their_cells() -> None:
    keys = [x.key for x in span_columns("n", "n", "runs")]
    assert dict(zip(keys, span_cells(Span(1, 2, 3, 4, 5)), strict=True)) == {
        "n_median": 3,
        "n_p05": 1,
        "n_p95": 5,
        "n_p25": 2,
        "n_p75": 4,
    }
    columns = ranged_columns("r", "ratio")
    assert [x.key for x in columns] == ["r", "r_low", "r_high"]
    assert {x.unit for x in columns} == {"log10"}
    assert {x.unit for x in ranged_columns("p", "p", "share")} == {""}
    assert ranged_cells(Ranged(2, 1, 3)) == (2, 1, 3)


# Analyses


def test_text_and_csv_of_results_made_by_hand() -> None:
    analysis = without_catalog(by_hand())
    assert render_text(analysis) == (EXPECTED / "tables.txt").read_text(encoding="utf-8")
    assert to_csv(analysis) == (EXPECTED / "tables.csv").read_text(encoding="utf-8")


def test_json_has_settings_findings_and_the_tables() -> None:
    analysis = by_hand()
    document = json.loads(to_json(analysis))
    assert list(document) == ["settings", "short_answer", "first", "findings", "tables"]
    assert list(document["short_answer"]) == ["question", "about", "sentences", "would_settle"]
    assert document["settings"]["sets"][1] == {
        "centre": 3.0,
        "width": 1.0,
        "weights": "stated",
    }
    assert document["findings"] == list(findings(analysis))
    assert [x["id"] for x in document["tables"]] == [x.id for x in tables(analysis)]
    for plain, table in zip(document["tables"], tables(analysis), strict=True):
        assert plain["section"] == table.section
        assert plain["finding"] == table.finding
        assert plain["notes"] == list(table.notes)
        assert plain["columns"][0] == {
            "key": table.columns[0].key,
            "title": table.columns[0].title,
            "unit": table.columns[0].unit,
        }
        assert plain["rows"] == json.loads(json.dumps(table.records()))


def test_a_row_of_csv_is_named_by_the_first_columns_that_tell_it_apart() -> None:
    assert _key_columns(TABLE) == [0]
    twice = replace(TABLE, rows=(("A4", 1, "x"), ("A4", 2, "y")))
    assert _key_columns(twice) == [0]
    pairs = Table("p", "odds", "", (Column("dial", ""), Column("claim", "")), (("a", "b"),) * 2)
    assert _key_columns(pairs) == [0, 1]
    preferred = replace(pairs, rows=(("a", "b"), ("a", "c")))
    assert _key_columns(preferred) == [1]
    assert _key_columns(replace(TABLE, columns=(Column("x", ""), *COLUMNS[1:]))) == [0]


def test_a_row_that_a_number_names_has_six_digits_of_it_in_csv() -> None:
    """Its last ones depend on the processor."""
    columns = number_column("claim", "claim"), number_column("cases", "cases")
    table = Table("reliability", "calibration", "", columns, ((0.012158846959705134, 7),))
    assert list(_values(table)) == [("reliability", "0.0121588", "cases", "", 7)]


def test_an_answer_gives_its_first_table_as_a_frame() -> None:
    answer = Answer("odds", "how <far>", (TABLE, replace(TABLE, id="u")), ("a finding",))
    assert answer.to_frame().equals(TABLE.to_frame())
    assert repr(answer) == "Answer('odds': how <far>; tables: t, u)"
    shown = answer._repr_html_()
    assert shown.startswith("<h3>how &lt;far&gt;</h3><ul><li>a finding</li></ul><p>")
    assert shown.count("<table>") == 2
    nothing = replace(answer, tables=())
    assert repr(nothing).endswith("tables: none)")
    with pytest.raises(ValueError, match="'odds' has no table"):
        nothing.to_frame()
