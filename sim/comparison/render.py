"""An analysis as text, JSON, or CSV with one value a row."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sim.comparison.analysis import SECTIONS, Analysis
from sim.comparison.answers import findings, first, tables
from sim.comparison.tables import Table, text_table
from sim.documents.csv_text import csv_text

_WIDTH = 100
_CSV_COLUMNS = ("table", "row", "quantity", "unit", "value")


def render_text(analysis: Analysis) -> str:
    """Return the findings and the tables as text, ending in a line break."""
    parts = [["Findings", "", *_items([*first(analysis), *findings(analysis)])]]
    said = ""
    for table in tables(analysis):
        heading = [] if table.section == said else _heading(table.section)
        said = table.section
        notes = _items(table.notes)
        more = _left_out(table)
        parts.append([*heading, *_wrapped(table.finding), "", *_body(table), *more, *notes])
    parts.append(_settings(analysis))
    return "\n\n".join("\n".join(x) for x in parts) + "\n"


def _heading(section: str) -> list[str]:
    title = f"{section}: {SECTIONS[section]}"
    return [title, "-" * len(title)]


def _body(table: Table) -> list[str]:
    """Texts of several sentences as a list; everything else in columns."""
    return _verdicts(table) if table.id == "documents" else text_table(table)


def _left_out(table: Table) -> list[str]:
    rows = len(table.rows) - len(table.rows if table.shown is None else table.shown)
    return [f"... {rows} rows more in --csv, --json and --html"] if rows else []


def _verdicts(table: Table) -> list[str]:
    lines: list[str] = []
    for x in table.records():
        lines += _wrapped(f"[{x['finding']}] {x['statement']}", "    ")
        for text in (f"{x['verdict']} [{x['convention']}]", x["note"], f"source: {x['source']}"):
            lines += _wrapped(text, "    ", "    ") if text else []
    return lines


def _items(texts: Sequence[str]) -> list[str]:
    return [line for text in texts for line in _wrapped(f"- {text}", "  ")]


def _wrapped(text: str, later: str = "", first: str = "") -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=later)


def _settings(a: Analysis) -> list[str]:
    s = a.settings
    return _wrapped(
        f"{s.draws:,} draws of each of {len(s.hypotheses)} explanations under each of "
        f"{len(s.sets)} prior sets, seed {s.seed}; 'over' is read as {s.reading}."
    )


def to_json(analysis: Analysis) -> str:
    """Return settings, findings and all tables as JSON, ending in a line break."""
    plain = {
        "settings": {
            **asdict(analysis.settings),
            "sets": [asdict(x) for x in analysis.settings.sets],
        },
        "first": list(first(analysis)),
        "findings": list(findings(analysis)),
        "tables": [_plain(table) for table in tables(analysis)],
    }
    return json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(table: Table) -> Mapping[str, Any]:
    return {
        "id": table.id,
        "section": table.section,
        "finding": table.finding,
        "notes": list(table.notes),
        "columns": [{"key": c.key, "title": c.title, "unit": c.unit} for c in table.columns],
        "rows": table.records(),
    }


def to_csv(analysis: Analysis, *, for_spreadsheets: bool = False) -> str:
    """Return all tables as CSV, one value a row: table, row, quantity, unit, value.

    `row` names the row by its texts up to the first number, such as `A4/benchmarking/C2`.
    `for_spreadsheets` as in `csv_text`.
    """
    facts = (fact for table in tables(analysis) for fact in _facts(table))
    return csv_text([_CSV_COLUMNS, *facts], for_spreadsheets=for_spreadsheets)


def _facts(table: Table) -> Iterator[tuple[Any, ...]]:
    keys = _key_columns(table)
    for row in table.rows:
        name = "/".join(str(row[k]) for k in keys)
        for k, column in enumerate(table.columns):
            value = row[k]
            if k in keys or value is None:
                continue
            shown = f"{value:.6g}" if isinstance(value, float) else value
            yield table.id, name, column.key, column.unit, shown


_NAMED = ("cluster", "claim", "run", "explanation", "against", "known", "convention", "model")
_NAMED_TOO = ("typology", "dial", "quantity", "true", "stated", "id", "prior")


def _key_columns(table: Table) -> list[int]:
    """Columns that together name a row: the first that make all rows different."""
    order = [c.key for c in table.columns]
    named = [k for k, key in enumerate(order) if key in _NAMED]
    named += [k for k, key in enumerate(order) if key in _NAMED_TOO]
    for size in range(1, len(named) + 1):
        chosen = named[:size]
        if len({tuple(row[k] for k in chosen) for row in table.rows}) == len(table.rows):
            return sorted(chosen)
    return sorted(named)
