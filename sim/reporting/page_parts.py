"""Parts of a page: charts and tables that are numbered, and sections that hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Protocol
from urllib.parse import quote

from markupsafe import Markup, escape

from sim.comparison.analysis import SECTIONS
from sim.comparison.tables import Column, Row, Table
from sim.reporting.charts.layout import NARROW
from sim.reporting.inline_svg import drawn_width, inline_svg

LONG = 12
MOST_PRINTED = 12
# Tables of more rows are appendices, on the screen only.
MOST_ROWS_PRINTED = 12
# Sections of which only the finding is on paper.
APPENDIX = ("calibration", "sensitivity", "priors")
# Tables that are read as a whole, however long.
UNFOLDED = ("critique",)
# Of tables with more rows only those that text shows are on the page.
_MOST_ROWS = 60
# Up to so many characters a text is kept in one line, or in a column at least so wide.
WIDTHS = {16: "brief", 32: "", 80: "phrase"}
# The chart that stands on the first screen.
LEAD = "expected-counts"
_TEXTS = ("text",)
_PIXELS_PER_INCH = 96
# Of what is encoded in an address otherwise.
_CODE = re.compile("`([^`]+)`")
_AS_IT_IS = ",;:/()=+|"


class Chart(Protocol):
    """What a chart is to the page: any object with these members, drawn by whom it may be."""

    @property
    def id(self) -> str:
        """Its name, unique on the page: letters and hyphens, such as `odds-claims`."""

    @property
    def section(self) -> str:
        """The section it stands under, a key of `SECTIONS`."""

    @property
    def title(self) -> str:
        """What it finds, as a sentence without a full stop."""

    @property
    def alt(self) -> str:
        """What must be known of it without seeing it."""

    @property
    def subtitle(self) -> str:
        """How to read it."""

    @property
    def source(self) -> str:
        """Where its figures come from."""

    def body(self) -> str:
        """Return the picture without these texts as SVG, put on the page without escaping."""

    def csv(self) -> str:
        """Return what it shows as CSV, empty if there is nothing to download."""


@dataclass(frozen=True)
class Drawn:
    """A chart ready for the page.

    Attributes
    ----------
    number
        Its number, counted from 1 over the whole page.
    chart
        Its texts.
    svg
        An `svg` element whose ids are unique on the page.
    is_wide
        Whether a phone has to scroll it sideways.
    data
        What it shows as an address to download, empty if there is nothing.
    """

    number: int
    chart: Chart
    svg: Markup
    is_wide: bool
    data: str


@dataclass(frozen=True)
class Numbered:
    """A table ready for the page.

    Attributes
    ----------
    number
        Its number, counted from 1 over the whole page.
    table
        The table.
    title
        What stands over it: its finding, or what it answers where that is said already.
    """

    number: int
    table: Table
    title: str

    @property
    def rows(self) -> Sequence[Row]:
        """The rows that are on the page: all, or of very many those that text shows."""
        many = len(self.table.rows) > _MOST_ROWS and self.table.shown is not None
        return (self.table.shown or ()) if many else self.table.rows

    @property
    def columns(self) -> Sequence[tuple[int, Column]]:
        """The columns that are on the page, with their places.

        Left out are ids that text leaves out, empty columns, and those named in `alike`.
        """
        hidden = {"id"} & set(self.table.wide) | set(self.alike)
        if self.rows:
            filled = {
                c.key
                for k, c in enumerate(self.table.columns)
                if any(row[k] not in (None, "") for row in self.rows)
            }
            hidden |= {c.key for c in self.table.columns} - filled
        return [(k, x) for k, x in enumerate(self.table.columns) if x.key not in hidden]

    @property
    def alike(self) -> Mapping[str, tuple[str, str]]:
        """Title and text of columns of a wide table that say the same in every row, by key.

        The first column names the rows, and stays.
        """
        if len(self.rows) < 2 or len(self.table.columns) < MOST_PRINTED or self.is_read:
            return {}
        same = {}
        for k, column in enumerate(self.table.columns[1:], start=1):
            texts = {str(row[k]) for row in self.rows}
            if column.form in _TEXTS and column.key != "source" and len(texts) == 1:
                (text,) = texts
                if text and text != "None":
                    same[column.key] = (column.title, text)
        return same

    @property
    def is_long(self) -> bool:
        """Whether the table is folded on the screen, as one of more than `LONG` rows is."""
        return len(self.rows) > LONG and not self.is_read

    @property
    def is_printed(self) -> bool:
        """Whether the table is on paper too; one of more than `MOST_ROWS_PRINTED` rows is not."""
        return len(self.rows) <= MOST_ROWS_PRINTED or self.is_read

    @property
    def is_read(self) -> bool:
        """Whether the table is read as a text, row by row, as fits the width of the screen."""
        return self.table.id in UNFOLDED

    @property
    def left_out(self) -> tuple[str, ...]:
        """Keys of columns that are not printed: those that the table calls wide.

        Columns of text are left out only if there are more than `MOST_PRINTED` columns.
        """
        many = len(self.table.columns) > MOST_PRINTED
        wide = [x for x in self.table.columns if x.key in self.table.wide]
        return tuple(x.key for x in wide if many or x.form not in _TEXTS)


@dataclass(frozen=True)
class PageSection:
    """One question with what answers it.

    Attributes
    ----------
    id
        A key of `SECTIONS`.
    question
        The question, with a capital at the beginning.
    finding
        That of its first table; empty if it has none.
    charts, tables
        What answers the question; either may be empty.
    """

    id: str
    question: str
    finding: str
    charts: tuple[Drawn, ...]
    tables: tuple[Numbered, ...]

    @property
    def is_appendix(self) -> bool:
        """Whether paper has no more than the finding."""
        return self.id in APPENDIX


def page_sections(
    asked: Iterable[str], tables: Sequence[Table], charts: Sequence[Chart], first_chart: int
) -> tuple[PageSection, ...]:
    """Return the sections in the order of `SECTIONS`; tables and charts are numbered throughout.

    Parameters
    ----------
    asked
        Ids of sections that are there even without a table or chart.
    tables, charts
        All of the page. The finding of the first table of a section leads the section.
    first_chart
        Number of the first chart.

    Raises
    ------
    ValueError
        For a table or chart of a section that is not in `SECTIONS`.
    """
    used = {*(x.section for x in tables), *(x.section for x in charts)}
    unknown = sorted(used - set(SECTIONS))
    if unknown:
        raise ValueError(f"no such section: {', '.join(unknown)}")

    wanted = {*asked, *used}
    table_numbers, chart_numbers = count(1), count(first_chart)
    sections = []
    for id_ in (x for x in SECTIONS if x in wanted):
        here = [x for x in tables if x.section == id_]
        question = sentence(SECTIONS[id_].question)
        titles = [f"Figures: {SECTIONS[id_].question}", *(x.finding for x in here[1:])]
        numbered = zip(here, titles, strict=False)
        sections.append(
            PageSection(
                id=id_,
                question=question,
                finding=here[0].finding if here else "",
                charts=tuple(drawn(x, next(chart_numbers)) for x in charts if x.section == id_),
                tables=tuple(Numbered(next(table_numbers), x, title) for x, title in numbered),
            )
        )
    return tuple(sections)


def drawn(chart: Chart, number: int) -> Drawn:
    """Draw a chart, and make its ids unique on the page."""
    body, csv = chart.body(), chart.csv()
    svg = inline_svg(body, f"chart-{chart.id}-", chart.alt)
    address = f"data:text/csv;charset=utf-8,{quote(csv, safe=_AS_IT_IS)}" if csv else ""
    is_wide = (drawn_width(body) or 0) > NARROW * _PIXELS_PER_INCH + 1
    return Drawn(number, chart, Markup(svg), is_wide, address)


def sentence(text: str) -> str:
    """Begin with a capital, and keep odds and percentages in one line."""
    tied = text.replace(" : ", "\u00a0:\u00a0").replace(" %", "\u00a0%")
    return tied[:1].upper() + tied[1:]


def full_sentence(text: str) -> str:
    """Return a sentence with a capital and a full stop."""
    return sentence(text) + ("" if text.endswith((".", "!", "?")) else ".")


def coded(text: str) -> Markup:
    """Return a text as HTML, in which what stands between backticks is code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


def css_classes(column: Column, shown: Numbered, text: str = "") -> str:
    """Return the classes of a cell: how it is aligned, how wide it is, whether it is printed.

    Parameters
    ----------
    column
        Texts are aligned differently from numbers, which need no class.
    shown
        The table, which knows the columns that are not printed.
    text
        What the cell shows; a text gets a class of width by its length.
    """
    classes = []
    if column.form in _TEXTS:
        classes = ["text", next((x for most, x in WIDTHS.items() if len(text) <= most), "wordy")]
    if column.key == "outcome":
        classes.append("strong")
    if shown.is_printed and column.key in shown.left_out:
        classes.append("unprinted")
    return " ".join(x for x in classes if x)
