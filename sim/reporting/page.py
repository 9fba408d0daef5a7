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
from pathlib import Path, PurePath
from typing import Protocol

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from sim._version import __version__
from sim.catalog import Source, claims, sources
from sim.comparison.analysis import FEBRUARY, SECTIONS, Analysis
from sim.comparison.answers import findings, tables
from sim.comparison.tables import Cell, Column, Table, cell_text
from sim.counting import CONVENTIONS
from sim.reporting.inline_svg import inline_svg

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
    """What a chart is to the page; `svg` returns one whole SVG document."""

    @property
    def id(self) -> str: ...
    @property
    def section(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def alt(self) -> str: ...
    def svg(self) -> str: ...


@dataclass(frozen=True)
class Drawn:
    """A chart with its number, its SVG ready for the page."""

    number: int
    title: str
    svg: Markup


@dataclass(frozen=True)
class Numbered:
    """A table with its number; `leads`: its finding stands at the top of its section."""

    number: int
    table: Table
    leads: bool

    @property
    def is_long(self) -> bool:
        return len(self.table.rows) > LONG

    @property
    def is_printed(self) -> bool:
        """Tables of more rows than a page of paper holds are on the screen only."""
        return len(self.table.rows) <= MOST_ROWS_PRINTED

    @property
    def left_out(self) -> tuple[str, ...]:
        """Columns that are not printed: wide ones, but texts only where there are too many."""
        many = len(self.table.columns) > MOST_PRINTED
        wide = [x for x in self.table.columns if x.key in self.table.wide]
        return tuple(x.key for x in wide if many or x.form not in _TEXTS)


@dataclass(frozen=True)
class Section:
    """One question with what answers it."""

    id: str
    question: str
    finding: str
    charts: tuple[Drawn, ...]
    tables: tuple[Numbered, ...]


def page(
    analysis: Analysis,
    tables: Sequence[Table],
    findings: Sequence[str],
    charts: Sequence[Chart],
    command: str = "",
) -> str:
    """Return the page, the same text for the same arguments.

    A section is there if it was asked for, or if a table or chart belongs to it. command: what made
    the analysis; without it, what the settings give. Runs are named without the folder they lie in.
    Raises ValueError for a section that is not in `SECTIONS`.
    """
    _known([*(x.section for x in tables), *(x.section for x in charts)])
    shown = sections(analysis.settings.sections, tables, charts)
    return _template(_without_places(analysis)).render(
        analysis=analysis,
        settings=analysis.settings,
        findings=findings,
        sections=shown,
        sources=_sources(analysis, tables),
        statuses=_statuses(tables),
        conventions=CONVENTIONS,
        reading=READINGS[analysis.settings.reading],
        command=command or command_of(analysis),
        version=__version__,
        alleged=any(x.id in claims() for x in analysis.claims),
    )


def sections(
    asked: Iterable[str], tables: Sequence[Table], charts: Sequence[Chart]
) -> tuple[Section, ...]:
    """Return the sections in the order of `SECTIONS`; tables and charts are numbered throughout."""
    wanted = {*asked, *(x.section for x in tables), *(x.section for x in charts)}
    tables_left, charts_left = iter(range(1, len(tables) + 1)), iter(range(1, len(charts) + 1))
    made = []
    for id_ in (x for x in SECTIONS if x in wanted):
        own = [x for x in tables if x.section == id_]
        made.append(
            Section(
                id=id_,
                question=_sentence(SECTIONS[id_]),
                finding=own[0].finding if own else "",
                charts=tuple(_drawn(x, next(charts_left)) for x in charts if x.section == id_),
                tables=tuple(Numbered(next(tables_left), x, x is own[0]) for x in own),
            )
        )
    return tuple(made)


def write_page(
    analysis: Analysis, charts: Sequence[Chart], path: Path, more: Sequence[str] = ()
) -> None:
    """Write the page of an analysis. more: options of its command that it does not know itself."""
    made = (tables(analysis), findings(analysis), charts, command_of(analysis, more))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(analysis, *made), encoding="utf-8")


def command_of(analysis: Analysis, more: Sequence[str] = ()) -> str:
    """Return the command that makes the analysis again; `more` options stand in it too."""
    s = analysis.settings
    words = ["sim", "compare", *dict.fromkeys(x.run for x in analysis.runs)]
    if any(x.actor is not None for x in analysis.runs):
        words.append("--by-actor")
    ids = tuple(x.id for x in analysis.cases)
    repeated = {
        "--claim": ids if ids != FEBRUARY else (),
        "--hypothesis": s.hypotheses,
        "--prior-odds": [f"{k}={v:g}" for k, v in (s.prior_odds or {}).items()],
        "--only": s.sections if s.sections != tuple(SECTIONS) else (),
    }
    words += [y for option, values in repeated.items() for x in values for y in (option, x)]
    words += ["--accused", s.accused, "--reading", s.reading]
    return shlex.join(
        [*words, *more, "--draws", str(s.draws), "--seed", str(s.seed), "--html", "page.html"]
    )


def _known(used: Iterable[str]) -> None:
    unknown = sorted(set(used) - set(SECTIONS))
    if unknown:
        raise ValueError(f"no such section: {', '.join(unknown)}")


def _drawn(chart: Chart, number: int) -> Drawn:
    svg = inline_svg(chart.svg(), f"chart-{chart.id}-", chart.alt)
    return Drawn(number, chart.title, Markup(svg))


def _sources(analysis: Analysis, tables: Sequence[Table]) -> tuple[Source, ...]:
    """Return what was read of the catalog, by key or by text of the tables, claims and priors."""
    used = {x.source for x in analysis.claims}
    used |= {p.source for h in analysis.library.hypotheses.values() for p in h.priors.values()}
    for table in tables:
        used |= {str(r["source"]) for r in table.records() if r.get("source") is not None}
    return tuple(x for x in sources().values() if x.key in used or x.text in used)


def _statuses(tables: Sequence[Table]) -> Mapping[str, int]:
    """Return how many values of the table of priors have each status."""
    found = [
        r["status"] for x in tables if x.section == "priors" for r in x.records() if "status" in r
    ]
    return {x: found.count(x) for x in MARKS if x in found}


def _without_places(analysis: Analysis) -> Callable[[object], object]:
    """Return what takes the folders of this machine out of texts: a page should travel."""
    places = {PurePath(x.run) for x in analysis.runs if PurePath(x.run).is_absolute()}
    if not places:
        return lambda value: value
    above = PurePath(os.path.commonpath([x.parent for x in places]))
    folder = re.compile(rf"(?<![\w.]){re.escape(above.as_posix().rstrip('/'))}/(?=\S)")
    # What is markup already was made of texts that went through here.
    return lambda value: folder.sub("", value) if type(value) is str else value


def _sentence(text: str) -> str:
    """Begin with a capital, and keep odds and percentages in one line."""
    whole = text.replace(" : ", "\u00a0:\u00a0").replace(" %", "\u00a0%")
    return whole[:1].upper() + whole[1:]


def _full_sentence(text: str) -> str:
    return _sentence(text) + ("" if text.endswith((".", "!", "?")) else ".")


def _kind(column: Column, shown: Numbered, text: str = "") -> str:
    """Return the classes of a cell: how it is aligned, how wide it is, whether it is printed."""
    kinds = ["number"]
    if column.form in _TEXTS:
        kinds = ["text", next((x for most, x in WIDTHS.items() if len(text) <= most), "wordy")]
    if column.key in shown.left_out:
        kinds.append("unprinted")
    return " ".join(x for x in kinds if x)


def _cell(value: Cell, column: Column) -> str:
    return cell_text(value, column.form)


def _template(finalize: Callable[[object], object]) -> Template:
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
        "kind": _kind,
        "marks": MARKS,
        "style": Markup(_text("page.css")),
    }
    return environment.from_string(_text("page.html.j2"))


def _text(name: str) -> str:
    return files("sim.reporting").joinpath(name).read_text(encoding="utf-8")
