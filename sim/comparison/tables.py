"""Answers as tables: one form for text, CSV, JSON and the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

Form = Literal["text", "count", "number", "share", "odds", "id"]
Cell = str | float | int | None
Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    """One column: `form` says how its values are written; `odds` are log10, shown as 3 : 1."""

    key: str
    title: str
    unit: str = ""
    form: Form = "text"


@dataclass(frozen=True, repr=False)
class Table:
    """One table of a section: `finding` is its title, a sentence; rows in the order of `columns`.

    `wide`: columns that text leaves out; they are in CSV, JSON and on the page. `notes`: what the
    numbers do not say. `shown`: the rows that text prints, all if None.
    """

    id: str
    section: str
    finding: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()
    shown: tuple[Row, ...] | None = None

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as mappings by column key."""
        return [dict(zip((c.key for c in self.columns), row, strict=True)) for row in self.rows]

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a data frame with the column keys as names."""
        import pandas as pd

        return pd.DataFrame(self.records(), columns=[column.key for column in self.columns])

    def __repr__(self) -> str:
        return f"Table({self.id!r}, {len(self.rows)} rows x {len(self.columns)} columns)"

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{escape(column.title)}</th>" for column in self.columns)
        rows = "".join(f"<tr>{self._html_cells(row)}</tr>" for row in self.rows)
        return f"<p>{escape(self.finding)}</p><table><tr>{heads}</tr>{rows}</table>"

    def _html_cells(self, row: Row) -> str:
        texts = (
            cell_text(value, column.form) for value, column in zip(row, self.columns, strict=True)
        )
        return "".join(f"<td>{escape(text)}</td>" for text in texts)


def short_number(value: float) -> str:
    """Return 150 k, 3.4 M and the like."""
    for size, unit in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def odds_words(log10: float) -> str:
    """Return likelihood ratios as people say them: `3 : 1`, `1 : 20`; log10 0.02 is `1 : 1`."""
    ratio = 10 ** abs(log10)
    text = f"{ratio:,.0f}" if ratio >= 99.5 else f"{ratio:.3g}"
    text = text if ratio >= 9.95 else f"{ratio:.1f}".removesuffix(".0")
    return f"1 : {text}" if log10 < 0 and text != "1" else f"{text} : 1"


def cell_text(value: Cell, form: Form) -> str:
    """Return a value as text and the page show it; nothing is an empty text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if form == "odds":
        return odds_words(float(value))
    if form == "share":
        return "< 0.01 %" if 0 < value < 1e-4 else f"{100 * value:.3g} %"
    if form == "count":
        return short_number(float(value))
    if form == "number":
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,.15g}"


def text_table(table: Table) -> list[str]:
    """Return the table as aligned lines, first the titles; texts to the left, numbers right."""
    kept = [k for k, c in enumerate(table.columns) if c.key not in table.wide]
    heads = [table.columns[k].title for k in kept]
    rows = table.rows if table.shown is None else table.shown
    body = [[cell_text(row[k], table.columns[k].form) for k in kept] for row in rows]
    left = [table.columns[k].form in ("text", "id") for k in kept]
    return _aligned([heads, *body], left)


def _aligned(rows: Sequence[Sequence[str]], left: Sequence[bool]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = (
            text.ljust(width) if to_left else text.rjust(width)
            for text, width, to_left in zip(row, widths, left, strict=True)
        )
        lines.append("  ".join(cells).rstrip())
    return lines
