"""An analysis as text, JSON, or CSV with one value a row."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sim.comparison.analysis import SECTIONS, Analysis, caveats, findings, tables
from sim.comparison.section import Settings
from sim.comparison.tables import Table, text_table
from sim.documents.csv_text import csv_text

_WIDTH = 100
_CSV_COLUMNS = ("table", "row", "quantity", "unit", "value")
# Columns that may name a row, the first ones preferred.
_NAMING = ("cluster", "claim", "run", "explanation", "against", "known", "convention", "model")
_NAMING_TOO = ("typology", "dial", "quantity", "true", "stated", "id", "prior")


# Text


def render_text(analysis: Analysis) -> str:
    """Return the findings and the tables as text, ending in a line break.

    Caveats stand before the findings, settings at the end. Sentences are wrapped at 100 characters,
    tables are not.
    """
    parts = [["Findings", "", *_bullets([*caveats(analysis), *findings(analysis)])]]
    section = ""
    for table in tables(analysis):
        heading = [] if table.section == section else _heading(table.section)
        section = table.section
        parts.append([*heading, *_lines_of(table)])
    parts.append(_settings_lines(analysis.settings))
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _heading(section: str) -> list[str]:
    """Return the question of a section, underlined."""
    title = f"{section}: {SECTIONS[section].question}"
    return [title, "-" * len(title)]


def _lines_of(table: Table) -> list[str]:
    """Return finding, rows, how many rows are left out, and notes; verdicts are a list."""
    body = _verdicts(table) if table.id == "documents" else text_table(table, _WIDTH)
    shown = table.rows if table.shown is None else table.shown
    left_out = len(table.rows) - len(shown)
    more = [f"... {left_out} rows more in --csv, --json and --html"] if left_out else []
    return [*_wrapped(table.finding), "", *body, *more, *_bullets(table.notes)]


def _verdicts(table: Table) -> list[str]:
    """Return a table of verdicts as a list: statement, verdict, note and source of each."""
    lines: list[str] = []
    for x in table.records():
        lines += _wrapped(f"[{x['finding']}] {x['statement']}", "    ")
        for text in (f"{x['verdict']} [{x['convention']}]", x["note"], f"source: {x['source']}"):
            lines += _wrapped(text, "    ", "    ") if text else []
    return lines


def _settings_lines(settings: Settings) -> list[str]:
    """Return the sentence that says how the analysis was made."""
    return _wrapped(
        f"{settings.draws:,} draws of each of {len(settings.hypotheses)} explanations under each "
        f"of {len(settings.sets)} prior sets, seed {settings.seed}; 'over' is read as "
        f"{settings.reading}."
    )


def _bullets(texts: Sequence[str]) -> list[str]:
    """Return each text as an item of a list, wrapped."""
    return [line for text in texts for line in _wrapped(f"- {text}", "  ")]


def _wrapped(text: str, later: str = "", first: str = "") -> list[str]:
    """Wrap a text to the width of the page; `later` and `first` are indents of its lines."""
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=later)


# JSON


def to_json(analysis: Analysis) -> str:
    """Return settings, findings and all tables as JSON, ending in a line break.

    Numbers are not rounded. NaN or an infinite number anywhere is refused with ValueError, as JSON
    has none. `first` holds the caveats.
    """
    document = {
        "settings": {
            **asdict(analysis.settings),
            "sets": [asdict(x) for x in analysis.settings.sets],
        },
        "first": list(caveats(analysis)),
        "findings": list(findings(analysis)),
        "tables": [_json_of(table) for table in tables(analysis)],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _json_of(table: Table) -> Mapping[str, Any]:
    """Return a table as a mapping with all of its rows and columns, whatever text leaves out."""
    return {
        "id": table.id,
        "section": table.section,
        "finding": table.finding,
        "notes": list(table.notes),
        "columns": [{"key": c.key, "title": c.title, "unit": c.unit} for c in table.columns],
        "rows": table.records(),
    }


# CSV


def to_csv(analysis: Analysis, *, for_spreadsheets: bool = False) -> str:
    """Return all tables as CSV, one value a row: table, row, quantity, unit, value.

    Parameters
    ----------
    analysis
        Its tables are written.
    for_spreadsheets
        Whether texts that a spreadsheet would compute get an apostrophe, as in `csv_text`.

    Returns
    -------
    str
        `row` names the row by its texts up to the first number, such as `A4/benchmarking/C2`;
        floats have six digits.
    """
    values = (value for table in tables(analysis) for value in _values(table))
    return csv_text([_CSV_COLUMNS, *values], for_spreadsheets=for_spreadsheets)


def _values(table: Table) -> Iterator[tuple[Any, ...]]:
    """Yield the lines of a table, one for each value that is there and does not name its row.

    All rows are taken, whether text shows them or not. A line has the columns of `_CSV_COLUMNS`.
    """
    keys = _key_columns(table)
    for row in table.rows:
        name = "/".join(str(row[k]) for k in keys)
        for k, column in enumerate(table.columns):
            value = row[k]
            if k in keys or value is None:
                continue
            text = f"{value:.6g}" if isinstance(value, float) else value
            yield table.id, name, column.key, column.unit, text


def _key_columns(table: Table) -> list[int]:
    """Return the columns that together name a row: the first that make all rows different.

    Columns with names as in `_NAMING` come first, then those as in `_NAMING_TOO`; a table with none
    of them is named by its texts. Where all of these together leave two rows alike, all are
    returned.

    Returns
    -------
    list
        Places of columns, rising.
    """
    keys = [column.key for column in table.columns]
    naming = [k for k, key in enumerate(keys) if key in _NAMING]
    naming += [k for k, key in enumerate(keys) if key in _NAMING_TOO]
    # Tables of other sections are named by their texts.
    naming = naming or [k for k, column in enumerate(table.columns) if column.form == "text"]

    for size in range(1, len(naming) + 1):
        columns = naming[:size]
        if len({tuple(row[k] for k in columns) for row in table.rows}) == len(table.rows):
            return sorted(columns)
    return sorted(naming)
