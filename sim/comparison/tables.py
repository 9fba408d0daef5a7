"""The one form of a table, for text, CSV, JSON, the page and data frames."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from sim.comparison.inference.quantiles import Ranged, Span
from sim.comparison.wording import odds_words, short_number
from sim.documents.columns import columns

if TYPE_CHECKING:
    import pandas as pd

Form = Literal["text", "count", "number", "share", "odds", "id"]
Cell = str | float | int | None
Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    key
        Its name in CSV, JSON and data frames.
    title
        Its head in text and on the page.
    unit
        Unit of its values, empty if they have none; for odds `log10`.
    form
        How text and the page write its values: `text` and `id` as they are, `count` as 3.4 M,
        `number` with three digits, `share` in percent, `odds` (log10) as 3 : 1. Data stay as they
        are.
    """

    key: str
    title: str
    unit: str = ""
    form: Form = "text"


@dataclass(frozen=True, repr=False)
class Table:
    """One table of a section.

    Attributes
    ----------
    id
        Its name in CSV and JSON.
    section
        The section it stands under.
    finding
        Its title, a sentence that says what the rows show.
    columns, rows
        Each row has a value, or None, for each column.
    notes
        What the numbers do not say.
    wide
        Keys of columns that text leaves out; they are in CSV, JSON and on the page.
    shown
        The rows that text prints, all if None; the others are counted in a line below.
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
        """Return the rows as a data frame with the column keys as names.

        Values are not rounded; units are in `columns` only.
        """
        import pandas as pd

        return pd.DataFrame(self.records(), columns=[column.key for column in self.columns])

    def __repr__(self) -> str:
        return f"Table({self.id!r}, {len(self.rows)} rows x {len(self.columns)} columns)"

    def _repr_html_(self) -> str:
        """Return the table as HTML with all of its rows and columns, as notebooks show it."""
        heads = "".join(f"<th>{escape(column.title)}</th>" for column in self.columns)
        rows = "".join(f"<tr>{self._html_cells(row)}</tr>" for row in self.rows)
        return f"<p>{escape(self.finding)}</p><table><tr>{heads}</tr>{rows}</table>"

    def _html_cells(self, row: Row) -> str:
        """Return the cells of one row as HTML, with the texts escaped."""
        texts = (
            cell_text(value, column.form) for value, column in zip(row, self.columns, strict=True)
        )
        return "".join(f"<td>{escape(text)}</td>" for text in texts)


# Columns that many tables have


def text_column(key: str, title: str, unit: str = "") -> Column:
    """Return a column of words."""
    return Column(key, title, unit, "text")


def number_column(key: str, title: str, unit: str = "", form: Form = "count") -> Column:
    """Return a column of numbers, written as `form` says."""
    return Column(key, title, unit, form)


def span_columns(key: str, title: str, unit: str, form: Form = "count") -> list[Column]:
    """Return the columns of a distribution, in the order of `span_cells`.

    Parameters
    ----------
    key
        Their keys are `key_median`, `key_p05`, and so on.
    title
        Head of the median; the others are headed by their level.
    unit, form
        Of all of them.
    """
    return [
        Column(f"{key}_median", title, unit, form),
        Column(f"{key}_p05", "5 %", unit, form),
        Column(f"{key}_p95", "95 %", unit, form),
        Column(f"{key}_p25", "25 %", unit, form),
        Column(f"{key}_p75", "75 %", unit, form),
    ]


def span_cells(span: Span) -> Row:
    """Return median, 5, 95, 25 and 75 % of a distribution: what text shows comes first."""
    return span.median, span.p05, span.p95, span.p25, span.p75


def ranged_columns(key: str, title: str, form: Form = "odds") -> list[Column]:
    """Return the columns of a result with its range over prior sets, as in `ranged_cells`.

    Parameters
    ----------
    key
        Their keys are `key`, `key_low` and `key_high`.
    title
        Head of the stated result.
    form
        Of all three; `odds` have the unit log10, other forms none.
    """
    unit = "log10" if form == "odds" else ""
    return [
        Column(key, title, unit, form),
        Column(f"{key}_low", "from", unit, form),
        Column(f"{key}_high", "to", unit, form),
    ]


def ranged_cells(ranged: Ranged) -> Row:
    """Return a result under the priors as stated, and its ends over all prior sets."""
    return ranged.stated, ranged.low, ranged.high


# Text


def cell_text(value: Cell, form: Form) -> str:
    """Return a value as text and the page show it.

    Parameters
    ----------
    value
        Nothing is an empty text, and a text stays as it is, whatever the form.
    form
        How numbers are written. A share above 0 and below 0.0001 is `< 0.01 %`; a number has no
        decimals from 1000 on; other forms have up to 15 digits.
    """
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
        return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"
    return f"{value:,.15g}"


def text_table(table: Table, width: int) -> list[str]:
    """Return the table as aligned lines, first the titles, folded to a width in characters.

    Texts and ids stand to the left, numbers to the right. Columns in `wide` and rows beyond `shown`
    are left out.
    """
    kept = [(k, c) for k, c in enumerate(table.columns) if c.key not in table.wide]
    titles = [column.title for _, column in kept]

    rows = table.rows if table.shown is None else table.shown
    body = [[cell_text(row[k], column.form) for k, column in kept] for row in rows]

    to_left = [column.form in ("text", "id") for _, column in kept]
    return columns([titles, *body], width, left=to_left, heads=1)
