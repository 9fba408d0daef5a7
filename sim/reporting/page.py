"""An analysis as one HTML file that stands alone: nothing is fetched, and nothing is a script.

The texts that belong to every page are in `page.html.j2`, the looks in `page.css`. Whatever comes
from an analysis may come from a user's file, so the template escapes all of it; charts alone are
put in as they are.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import count
from pathlib import Path, PurePath
from typing import Protocol

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from sim._version import __version__
from sim.catalog import Source, claims, sources
from sim.comparison import analysis as comparison
from sim.comparison.analysis import FEBRUARY, SECTIONS, Analysis
from sim.comparison.tables import Cell, Column, Table, cell_text
from sim.reporting.inline_svg import inline_svg
from sim.tables.conventions import CONVENTIONS

LONG = 12
MOST_PRINTED = 12
MOST_ROWS_PRINTED = 100
# Up to so many characters a text is kept in one line, or in a column at least so wide.
WIDTHS = {16: "brief", 32: "", 80: "phrase"}
MARKS = {"measured": "●", "reported": "◆", "prior": "○"}
READINGS = {
    "rounded": "“over” as a rounded figure: over 150,000 is 150,000 to 160,000",
    "at-least": "“over” says no more than at least: over 150,000 is 150,000 or any more",
}
_TEXTS = ("text",)


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

    def svg(self) -> str:
        """Return one complete SVG document, put on the page as it is, without escaping."""


@dataclass(frozen=True)
class Drawn:
    """A chart ready for the page.

    Attributes
    ----------
    number
        Its number, counted from 1 over the whole page.
    title
        What it finds.
    svg
        An `svg` element whose ids are unique on the page.
    """

    number: int
    title: str
    svg: Markup


@dataclass(frozen=True)
class Numbered:
    """A table ready for the page.

    Attributes
    ----------
    number
        Its number, counted from 1 over the whole page.
    table
        The table.
    leads
        Whether it is the first of its section, so that its finding stands at the top of it.
    """

    number: int
    table: Table
    leads: bool

    @property
    def is_long(self) -> bool:
        """Whether the table is folded on the screen, as one of more than `LONG` rows is."""
        return len(self.table.rows) > LONG

    @property
    def is_printed(self) -> bool:
        """Whether the table is on paper too; a table of more rows than a page holds is not."""
        return len(self.table.rows) <= MOST_ROWS_PRINTED

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


def write_page(
    analysis: Analysis, charts: Sequence[Chart], path: Path, more: Sequence[str] = ()
) -> None:
    """Write the page of an analysis as UTF-8; a file that is there is replaced.

    Parameters
    ----------
    analysis
        Its tables and findings are shown.
    charts
        What `charts_of` returned; a chart that is already drawn is not drawn again.
    path
        Of the file; missing folders are made.
    more
        Words of options of the command that the analysis does not know itself, such as the file of
        claims.
    """
    text = page(
        analysis,
        comparison.tables(analysis),
        comparison.findings(analysis),
        charts,
        command_of(analysis, more),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def page(
    analysis: Analysis,
    tables: Sequence[Table],
    findings: Sequence[str],
    charts: Sequence[Chart],
    command: str = "",
) -> str:
    """Return the page, the same text for the same arguments.

    A section is there if it was asked for, or if a table or chart belongs to it. Runs are named
    without the folder they lie in. Texts of the analysis are escaped, because they may come from a
    user's file; charts are not.

    Parameters
    ----------
    analysis
        Says what is compared, and how.
    tables, findings, charts
        What is shown. Within a section charts stand before tables, each in this order.
    command
        What made the analysis; without it, what the settings give.

    Returns
    -------
    str
        A complete HTML document with style and pictures inside, without scripts.

    Raises
    ------
    ValueError
        For a table or chart of a section that is not in `SECTIONS`.
    """
    _check_sections([*(x.section for x in tables), *(x.section for x in charts)])
    return _template(_without_places(analysis)).render(
        analysis=analysis,
        settings=analysis.settings,
        findings=findings,
        sections=_sections(analysis.settings.sections, tables, charts),
        sources=_sources(analysis, tables),
        statuses=_statuses(tables),
        conventions=CONVENTIONS,
        reading=READINGS[analysis.settings.reading],
        command=command or command_of(analysis),
        version=__version__,
        alleged=any(x.id in claims() for x in analysis.claims),
    )


def command_of(analysis: Analysis, more: Sequence[str] = ()) -> str:
    """Return the command that makes the analysis again, quoted for a shell.

    Cases, hypotheses, prior odds and sections are named only where they are not the default ones;
    accused, reading, draws and seed always are.

    Parameters
    ----------
    analysis
        Its settings, cases and runs give the options.
    more
        Further words, such as those of options that name files.
    """
    settings = analysis.settings
    ids = tuple(x.id for x in analysis.cases)
    words = ["sim", "compare", *dict.fromkeys(x.run for x in analysis.runs)]
    words += ids if ids != FEBRUARY else ()
    if any(x.actor is not None for x in analysis.runs):
        words.append("--by-actor")

    repeated = {
        "--hypothesis": settings.hypotheses,
        "--prior-odds": [f"{k}={v:g}" for k, v in (settings.prior_odds or {}).items()],
        "--only": settings.sections if settings.sections != tuple(SECTIONS) else (),
    }
    words += [word for option, values in repeated.items() for x in values for word in (option, x)]

    words += ["--accused", settings.accused, "--reading", settings.reading, *more]
    words += ["--draws", str(settings.draws), "--seed", str(settings.seed), "--html", "page.html"]
    return shlex.join(words)


def _sections(
    asked: Iterable[str], tables: Sequence[Table], charts: Sequence[Chart]
) -> tuple[PageSection, ...]:
    """Return the sections in the order of `SECTIONS`; tables and charts are numbered throughout.

    Parameters
    ----------
    asked
        Ids of sections that are there even without a table or chart.
    tables, charts
        All of the page. The first table of a section leads it.
    """
    wanted = {*asked, *(x.section for x in tables), *(x.section for x in charts)}

    table_numbers, chart_numbers = count(1), count(1)
    sections = []
    for id_ in (x for x in SECTIONS if x in wanted):
        here = [x for x in tables if x.section == id_]
        sections.append(
            PageSection(
                id=id_,
                question=_sentence(SECTIONS[id_].question),
                finding=here[0].finding if here else "",
                charts=tuple(_drawn(x, next(chart_numbers)) for x in charts if x.section == id_),
                tables=tuple(Numbered(next(table_numbers), x, x is here[0]) for x in here),
            )
        )
    return tuple(sections)


def _check_sections(used: Iterable[str]) -> None:
    """Raise ValueError that names the sections among `used` that do not exist, if any."""
    unknown = sorted(set(used) - set(SECTIONS))
    if unknown:
        raise ValueError(f"no such section: {', '.join(unknown)}")


def _drawn(chart: Chart, number: int) -> Drawn:
    """Draw a chart if it is not yet drawn, and make its ids unique on the page."""
    svg = inline_svg(chart.svg(), f"chart-{chart.id}-", chart.alt)
    return Drawn(number, chart.title, Markup(svg))


def _sources(analysis: Analysis, tables: Sequence[Table]) -> tuple[Source, ...]:
    """Return the sources of the catalog that were read, in its order.

    Tables, claims and priors name them by key or by text; what matches neither is not listed.
    """
    used = {x.source for x in analysis.claims}
    for hypothesis in analysis.library.hypotheses.values():
        used |= {prior.source for prior in hypothesis.priors.values()}
    for table in tables:
        cells = [record.get("source") for record in table.records()]
        used |= {str(cell) for cell in cells if cell is not None}
    return tuple(x for x in sources().values() if x.key in used or x.text in used)


def _statuses(tables: Sequence[Table]) -> Mapping[str, int]:
    """Return how many values of the table of priors have each status, in the order of `MARKS`.

    Empty without such a table.
    """
    statuses = [
        record["status"]
        for table in tables
        if table.section == "priors"
        for record in table.records()
        if "status" in record
    ]
    return {x: statuses.count(x) for x in MARKS if x in statuses}


def _without_places(analysis: Analysis) -> Callable[[object], object]:
    """Return what takes the folders of this machine out of texts: a page should travel.

    Runs with absolute paths keep only what follows the folder that they have in common. Relative
    paths and URLs stay.
    """
    paths = {PurePath(x.run) for x in analysis.runs if PurePath(x.run).is_absolute()}
    if not paths:
        return lambda value: value
    folder = PurePath(os.path.commonpath([x.parent for x in paths])).as_posix().rstrip("/")
    prefix = re.compile(rf"(?<![\w.]){re.escape(folder)}/(?=\S)")
    # Markup was made of texts that went through here already.
    return lambda value: prefix.sub("", value) if type(value) is str else value


def _sentence(text: str) -> str:
    """Begin with a capital, and keep odds and percentages in one line."""
    tied = text.replace(" : ", "\u00a0:\u00a0").replace(" %", "\u00a0%")
    return tied[:1].upper() + tied[1:]


def _full_sentence(text: str) -> str:
    return _sentence(text) + ("" if text.endswith((".", "!", "?")) else ".")


def _css_classes(column: Column, shown: Numbered, text: str = "") -> str:
    """Return the classes of a cell: how it is aligned, how wide it is, whether it is printed.

    Parameters
    ----------
    column
        Numbers and texts are aligned differently.
    shown
        The table, which knows the columns that are not printed.
    text
        What the cell shows; a text gets a class of width by its length.
    """
    classes = ["number"]
    if column.form in _TEXTS:
        classes = ["text", next((x for most, x in WIDTHS.items() if len(text) <= most), "wordy")]
    if column.key in shown.left_out:
        classes.append("unprinted")
    return " ".join(x for x in classes if x)


def _cell(value: Cell, column: Column) -> str:
    """Return the text of a cell, as the form of its column has it."""
    return cell_text(value, column.form)


def _template(finalize: Callable[[object], object]) -> Template:
    """Return the template of the page, with its filters, functions and style.

    Parameters
    ----------
    finalize
        Called with each value that the template puts out. A name that the template does not know is
        an error, not an empty text.
    """
    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=finalize,
    )

    environment.filters |= {"sentence": _sentence, "full_sentence": _full_sentence}
    environment.globals |= {
        "cell": _cell,
        "css_classes": _css_classes,
        "marks": MARKS,
        "style": Markup(_text("page.css")),
    }
    return environment.from_string(_text("page.html.j2"))


def _text(name: str) -> str:
    """Return a file of this package as text."""
    return files("sim.reporting").joinpath(name).read_text(encoding="utf-8")
