"""An analysis as one HTML file that stands alone: nothing is fetched.

The texts that belong to every page are in `page.html.j2`, the looks in `page.css`. Whatever comes
from an analysis may come from a user's file, so the template escapes all of it; charts alone are
put in as they are. The calculator is the only script, and the page says so to the browser, which
runs no other.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path, PurePath

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from sim._version import __version__
from sim.catalog import Source, claims, sources
from sim.comparison import analysis as comparison
from sim.comparison.analysis import FEBRUARY, SECTIONS, Analysis
from sim.comparison.plain_words import claim_names, plain_number
from sim.comparison.short_answer import short_answer
from sim.comparison.tables import Cell, Column, Table, cell_text
from sim.documents.whole_text import write_whole
from sim.reporting.calculator import calculator, worked_words
from sim.reporting.page_parts import (
    LEAD,
    Chart,
    coded,
    css_classes,
    drawn,
    full_sentence,
    page_sections,
    sentence,
)
from sim.tables.conventions import CONVENTIONS

MARKS = {"measured": "●", "reported": "◆", "prior": "○"}
READINGS = {
    "rounded": "“over” as a rounded figure: over 150,000 is 150,000 to 160,000",
    "at-least": "“over” says no more than at least: over 150,000 is 150,000 or any more",
}
# What no one published is no source.
_ASSUMED = ("design-prior", "general-knowledge")


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
    write_whole(path, text)


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
        A complete HTML document with style, pictures and one script inside.

    Raises
    ------
    ValueError
        For a table or chart of a section that is not in `SECTIONS`.
    """
    lead = next((x for x in charts if x.id == LEAD), None)
    others = [x for x in charts if x is not lead]

    return _template(_without_places(analysis)).render(
        analysis=analysis,
        settings=analysis.settings,
        answer=short_answer(analysis),
        lead=drawn(lead, 1) if lead else None,
        calculator=(computed := calculator(analysis)),
        script=Markup(computed.script),
        findings=[with_names(x, analysis) for x in findings],
        with_names=lambda text: with_names(text, analysis),
        claim_names=claim_names(analysis.cases),
        sections=page_sections(analysis.settings.sections, tables, others, 2 if lead else 1),
        sources=(read := _sources(analysis, tables)),
        references=_references(read, tables),
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


def with_names(text: str, analysis: Analysis) -> str:
    """Return a sentence with the actor beside each code of a claim: `Moonshot (A4)`.

    Within parentheses a comma stands in place of further ones.
    """
    actors = {x.id: "the total" if x.is_sum else x.actor for x in analysis.cases}
    if not actors:
        return text
    code = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, actors))})(?!\w)")

    def named(match: re.Match[str]) -> str:
        before = text[: match.start()]
        actor = actors[match[1]]
        if before.rstrip("( ,").endswith(actor):
            return match[1]
        is_inside = before.count("(") > before.count(")")
        return f"{actor}, {match[1]}" if is_inside else f"{actor} ({match[1]})"

    return code.sub(named, text)


def _sources(analysis: Analysis, tables: Sequence[Table]) -> tuple[Source, ...]:
    """Return what was read: sources of the catalog in its order, then those that only claims name.

    Tables, claims and priors name them by key, text or address. What was assumed has no source.
    """
    used = {x.source for x in analysis.claims}
    for hypothesis in analysis.library.hypotheses.values():
        used |= {prior.source for prior in hypothesis.priors.values()}
    for table in tables:
        cells = [record.get("source") for record in table.records()]
        used |= {str(cell) for cell in cells if cell is not None}

    known = [x for x in sources().values() if any(y in used or _names(y, used) for y in _forms(x))]
    of_claims = [x.source for x in claims().values() if x.source in used]
    of_claims += [x.source for x in analysis.claims]
    named = {form for x in known for form in _forms(x)}
    unknown = [x for x in dict.fromkeys(of_claims) if not any(y in x for y in named)]
    listed = [x for x in known if x.key not in _ASSUMED]
    return (*listed, *(Source(key=x, text=x, url=None) for x in unknown if x not in _ASSUMED))


def _references(read: Sequence[Source], tables: Sequence[Table]) -> Mapping[str, int]:
    """Return the number of the source that a cell of a table names, by the text of the cell."""
    named = {
        record["source"] for table in tables for record in table.records() if "source" in record
    }
    references = {}
    for text in sorted(map(str, named)):
        for number, source in enumerate(read, start=1):
            forms = _forms(source)
            if text in forms or any(x.startswith("https://") and text.startswith(x) for x in forms):
                references[text] = number
    return references


def _forms(source: Source) -> tuple[str, ...]:
    """Return the texts by which a source may be named."""
    return tuple(x for x in (source.key, source.text, source.url) if x)


def _names(form: str, used: Iterable[str]) -> bool:
    """Tell whether an address is named with more behind it, such as pages."""
    return form.startswith("https://") and any(x.startswith(form) for x in used)


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

    environment.filters |= {
        "sentence": sentence,
        "full_sentence": full_sentence,
        "coded": coded,
        "plain": plain_number,
    }
    environment.globals |= {
        "cell": _cell,
        "css_classes": css_classes,
        "worked_words": worked_words,
        "marks": MARKS,
        "style": Markup(_text("page.css")),
    }
    return environment.from_string(_text("page.html.j2"))


def _text(name: str) -> str:
    """Return a file of this package as text."""
    return files("sim.reporting").joinpath(name).read_text(encoding="utf-8")
