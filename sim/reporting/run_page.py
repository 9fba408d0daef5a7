"""A report of runs as one HTML file that stands alone: no network, no script.

The texts that belong to every page are in `run_page.html.j2`, the looks in `page.css`. Names may
come from a user's file, so the template escapes all of them; charts alone are put in as they are.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from sim._version import __version__
from sim.reporting.charts.layout import Chart
from sim.reporting.inline_svg import inline_svg
from sim.reporting.run_charts import SECTIONS, Shown, ShownRun
from sim.reporting.run_charts.distribution_charts import UNITS
from sim.reporting.run_charts.plain import number
from sim.reporting.run_charts.settings import ACCESS, EXTRACTION, ORDINARY, Setting
from sim.summaries.quantiles import spread_of
from sim.tables.conventions import COUNTED

_UNIT_HEADS = ("mean", "half", "1 in 10", "1 in 100", "most", "tokens", "dollars")


@dataclass(frozen=True)
class DrawnChart:
    """A chart ready for the page.

    Attributes
    ----------
    id, title, how
        Its name, what it finds, and how to read it.
    svg
        An `svg` element whose ids are unique on the page.
    data
        What it shows as CSV, in a URL that holds it.
    """

    id: str
    title: str
    how: str
    svg: Markup
    data: str


@dataclass(frozen=True)
class RunTable:
    """A table of texts.

    Attributes
    ----------
    title
        What it shows.
    heads
        Of the columns; the first `labels` are names, the others numbers.
    rows
        Cells, as many as heads in each row.
    labels
        How many columns hold names.
    """

    title: str
    heads: tuple[str, ...]
    rows: list[list[str]]
    labels: int


def run_page(
    shown: Shown,
    charts: Sequence[Chart],
    facts: Sequence[str],
    findings: Sequence[Chart],
    command: str,
) -> str:
    """Return the page of a report, the same text for the same report.

    Parameters
    ----------
    shown
        One run or several.
    charts
        Their charts, each of a section.
    facts
        What each run holds.
    findings
        The charts whose titles stand at the top.
    command
        What makes the page again.

    Returns
    -------
    str
        A complete HTML document with style, pictures and data inside.
    """
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    template = environment.from_string(_text("run_page.html.j2"))

    return template.render(
        style=Markup(_text("page.css")),
        title=f"What was simulated: {_and([x.title or x.name for x in shown.runs])}",
        abouts=[x.about for x in shown.runs if x.about],
        who=_who(shown),
        settings=_settings_table(shown),
        runs=shown.runs,
        facts=facts,
        findings=findings,
        sections=_sections(charts),
        tables=[_counts_table(shown), *_unit_tables(shown)],
        left_out=_left_out(shown),
        source=shown.source(),
        conventions=COUNTED,
        command=command,
        version=__version__,
    )


def _sections(charts: Sequence[Chart]) -> list[tuple[str, str, list[DrawnChart]]]:
    """Return id, question and drawn charts of each section that has any."""
    found = []
    for id_, question in SECTIONS.items():
        here = [_drawn(x) for x in charts if x.section == id_]
        if here:
            found.append((id_, question, here))
    return found


def _drawn(chart: Chart) -> DrawnChart:
    """Draw a chart for the page, which writes its title and how to read it."""
    svg = inline_svg(chart.body(), f"chart-{chart.id}-", chart.alt)
    data = b64encode(chart.csv().encode()).decode()
    return DrawnChart(
        chart.id, chart.title, chart.subtitle, Markup(svg), f"data:text/csv;base64,{data}"
    )


def _who(shown: Shown) -> list[str]:
    """Say in a sentence for each run which actors are of which kind, and whom one operator drives.

    None for runs without truth.
    """
    sentences = []
    for run in shown.runs:
        parts = []
        for kind in (EXTRACTION, ACCESS, ORDINARY):
            names = [x.actor for x in run.settings if x.kind == kind]
            if names:
                parts.append(f"{kind}: {_and(names)}")
        words = "; ".join(parts)
        driven = [x.actor for x in run.settings if x.behind.startswith("one operator ")]
        of = "of each: " if len(driven) > 1 else "of "
        more = f" One operator drives all accounts {of}{_and(driven)}." if driven else ""
        before = f"{run.name}: " if len(shown.runs) > 1 else ""
        if words:
            sentences.append(f"{before}{words[0].upper()}{words[1:]}.{more}")
    return sentences


def _settings_table(shown: Shown) -> RunTable:
    """Return what was asked of each actor; no rows without truth."""
    rows = [
        [run.name, x.actor, f"{x.typology}: {x.title}", _kind(x), f"{x.accounts:,}", x.asked]
        for run in shown.runs
        for x in run.settings
    ]
    several = len(shown.runs) > 1
    heads = ("run", "actor", "what it is", "kind", "accounts", "was to send")
    title = "Set beforehand, so no result"
    if several:
        return RunTable(title, heads, rows, 4)
    return RunTable(title, heads[1:], [x[1:] for x in rows], 3)


def _kind(x: Setting) -> str:
    return f"{x.kind}; {x.behind}" if x.behind else x.kind


def _left_out(shown: Shown) -> list[str]:
    """Return what is not there and why, once for each run that lacks it."""
    found: dict[str, list[str]] = {}
    for run in shown.runs:
        for words in run.summary.left_out:
            found.setdefault(words, []).append(run.name)
    several = len(shown.runs) > 1
    return [f"{_and(names)}: {x}" if several else x for x, names in found.items()]


def _counts_table(shown: Shown) -> RunTable:
    """Return the counts of every group under every convention."""
    rows = [
        [run.name, group, *(f"{counted[c]:,}" if c in counted else "-" for c in COUNTED)]
        for run in shown.runs
        for group, counted in run.summary.counts.items()
    ]
    return _table(shown, "Counts under the six conventions", tuple(COUNTED), rows)


def _table(shown: Shown, title: str, heads: tuple[str, ...], rows: list[list[str]]) -> RunTable:
    """Return a table whose rows begin with run and group; of one run the name is left out."""
    if len(shown.runs) == 1:
        return RunTable(title, ("group", *heads), [x[1:] for x in rows], 1)
    return RunTable(title, ("run", "group", *heads), rows, 2)


def _unit_tables(shown: Shown) -> list[RunTable]:
    """Return a table for each unit: exchanges of it, and its tokens and dollars in the mean."""
    tables = []
    for unit, (one, several) in UNITS.items():
        rows = [
            [run.name, group, *_unit_cells(run, unit, group)]
            for run in shown.runs
            for group in run.summary.groups
            if group in run.summary.distributions.get(unit, {})
        ]
        if rows:
            title = f"Exchanges, tokens and dollars of one {one}"
            tables.append(_table(shown, title, (several, *_UNIT_HEADS), rows))
    return tables


def _unit_cells(run: ShownRun, unit: str, group: str) -> list[str]:
    """Return the numbers of one group as texts; tokens and dollars are means."""
    x = spread_of(run.summary.distributions[unit][group])
    tokens = run.summary.tokens.get(unit, {}).get(group)
    dollars = run.summary.cost_usd.get(unit, {}).get(group)
    return [
        f"{x.units:,}",
        *(number(v) for v in (x.mean, x.p50, x.p90, x.p99, x.max)),
        "-" if tokens is None else f"{tokens.mean:,.0f}",
        "-" if dollars is None else f"{dollars.mean:,.2f}",
    ]


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _text(name: str) -> str:
    """Return a file of this package as text."""
    return files("sim.reporting").joinpath(name).read_text(encoding="utf-8")
