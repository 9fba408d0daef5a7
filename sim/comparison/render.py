"""An analysis as text, JSON, or CSV with one value a row."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sim.comparison.analysis import (
    IN_SHORT,
    SECTIONS,
    Analysis,
    caveats,
    findings,
    run_tables,
    tables,
)
from sim.comparison.short_answer import NO_INTENT, short_answer
from sim.comparison.tables import Table, text_table
from sim.documents.csv_text import csv_text

# Of text that no terminal shows; sentences are never wider.
WIDTH = 100
# Of a table where everything is printed; `--only` prints all of its section.
_FIRST_ROWS = 12
_TIES = re.compile(r"(?<=\d) (?=%|[kMGT]\b|: \d)|(?<=\d :) (?=\d)")
_CSV_COLUMNS = ("table", "row", "quantity", "unit", "value")
# Columns that may name a row, the first ones preferred.
_NAMING = ("cluster", "claim", "run", "explanation", "against", "known", "convention", "model")
_NAMING_TOO = ("typology", "dial", "quantity", "true", "stated", "id", "prior")


# Text


def render_text(analysis: Analysis, width: int = WIDTH) -> str:
    """Return short answer, caveats, and all sections as text, ending in a line break.

    Sentences and tables are folded at `width` characters.
    """
    text = TextInTurn(width)
    return text.more(analysis) + text.end(analysis)


class TextInTurn:
    """The text of an analysis, piece by piece while its sections are computed.

    Attributes
    ----------
    width
        Characters that a line should have at most.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._said: set[str] = set()
        self._shown: set[str] = set()

    def more(self, so_far: Analysis) -> str:
        """Return what can be shown of an analysis and has not been shown yet.

        A sentence of the short answer waits for its section, all else for the short answer, and a
        section for those that stand before it.
        """
        asked = so_far.settings.sections
        text = self._short(so_far) if set(IN_SHORT) <= set(asked) else ""
        weighed = () if "odds" in asked else ("priors-needed",)  # as the tables of runs need it
        if not set(asked) & {*IN_SHORT, *weighed} <= set(so_far.results):
            return text

        parts = [] if "" in self._shown else _head(so_far, self.width)
        self._shown.add("")
        for section in asked:
            if section not in so_far.results:
                break
            if section not in self._shown:
                self._shown.add(section)
                parts += _section(so_far, section, self.width)
        return text + "".join("\n".join(lines) + "\n\n" for lines in parts)

    def _short(self, so_far: Analysis) -> str:
        """Return what the short answer says now and has not said before."""
        short = short_answer(so_far)
        is_whole = set(IN_SHORT) <= set(so_far.results)
        sentences = [x for x in short.sentences if is_whole or x != NO_INTENT]
        sentences += [short.would_settle] if is_whole else []

        new = [x for x in sentences if x not in self._said]
        begins = []
        if new and not self._said:
            for x in (short.question, short.about):
                begins += [*_wrapped(x, self.width), ""]
        self._said.update(new)
        ends = [""] if new and is_whole else []
        return "".join(f"{x}\n" for x in (*begins, *_bullets(new, self.width), *ends))

    def end(self, analysis: Analysis) -> str:
        """Return the sentence that says how the analysis was made; it stands last."""
        settings = analysis.settings
        said = (
            f"{settings.draws:,} draws of each of {len(settings.hypotheses)} explanations under "
            f"each of {len(settings.sets)} sets of assumptions, seed {settings.seed}; 'over' is "
            f"read as {settings.reading}."
        )
        return "\n".join(_wrapped(said, self.width)) + "\n"


def _head(analysis: Analysis, width: int) -> list[list[str]]:
    """Return caveats and the tables of runs."""
    first = ["Before you read on", "", *_bullets(caveats(analysis), width)]
    return [first, *(_lines_of(table, width) for table in run_tables(analysis))]


def _section(analysis: Analysis, section: str, width: int) -> list[list[str]]:
    """Return question, findings that no table has as its title, and tables of a section.

    Where all sections are asked for, tables are cut to their first rows.
    """
    answer = SECTIONS[section].answer(analysis, analysis.results[section])
    title = f"{section}: {answer.question}"
    heading = [*_wrapped(title, width), "-" * min(len(title), width)]

    titles = {table.finding for table in answer.tables}
    findings = _bullets([x for x in answer.findings if x not in titles], width)
    only = section if analysis.settings.sections == tuple(SECTIONS) else ""
    bodies = [_lines_of(table, width, only) for table in answer.tables]
    if findings or not bodies:
        bodies.insert(0, findings)
    return [[*heading, *bodies[0]], *bodies[1:]]


def _lines_of(table: Table, width: int, only: str = "") -> list[str]:
    """Return finding, rows, how many rows are left out, and notes; judged statements a list.

    Parameters
    ----------
    table, width
        What is printed, and in how many characters.
    only
        The section that prints more than the first rows where it is asked for; empty for all rows.
    """
    rows = table.rows if table.shown is None else table.shown
    table = replace(table, shown=rows[:_FIRST_ROWS] if only else rows)
    body = _judged(table, width) if table.id == "critique" else text_table(table, width)

    cut, beyond = len(rows) - len(table.shown or ()), len(table.rows) - len(rows)
    places = {f"with --only {only}": cut, "in --csv, --json and --html": beyond}
    more = [f"{n:,} row{'s' * (n > 1)} more {place}" for place, n in places.items() if n]
    left_out = _wrapped(f"... {', '.join(more)}", width, "    ") if more else []
    return [*_wrapped(table.finding, width), "", *body, *left_out, *_bullets(table.notes, width)]


def _judged(table: Table, width: int) -> list[str]:
    """Return judged statements as a list: outcome, statement and speaker, reason and command."""
    lines: list[str] = []
    for x in replace(table, rows=table.shown or ()).records():
        lines += _wrapped(f"[{x['outcome']}] {x['statement']} ({x['speaker']})", width, "    ")
        for text in (x["why"], x["command"]):
            lines += _wrapped(text, width, "    ", "    ") if text else []
    return lines


def _bullets(texts: Sequence[str], width: int) -> list[str]:
    """Return each text as an item of a list, wrapped."""
    return [line for text in texts for line in _wrapped(f"- {text}", width, "  ")]


def _wrapped(text: str, width: int, later: str = "", first: str = "") -> list[str]:
    """Wrap a text to a width, at most 100; `later` and `first` are indents of its lines.

    Numbers stay on one line with what belongs to them: `50 %`, `3.4 M`, `10 : 1`.
    """
    most = min(max(width, 20), WIDTH)
    tied = _TIES.sub("\N{NO-BREAK SPACE}", text)
    lines = textwrap.wrap(tied, most, initial_indent=first, subsequent_indent=later)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


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
        "short_answer": asdict(short_answer(analysis)),
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
        name = "/".join(str(_shown(row[k])) for k in keys)
        for k, column in enumerate(table.columns):
            if k not in keys and row[k] is not None:
                yield table.id, name, column.key, column.unit, _shown(row[k])


def _shown(value: Any) -> Any:
    """Return a float with six digits, as its last ones depend on the processor; else the value."""
    return f"{value:.6g}" if isinstance(value, float) else value


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
