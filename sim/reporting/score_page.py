"""Scores of a detector as one HTML file that stands alone: no network, no script."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from sim._version import __version__
from sim.documents.whole_text import write_whole
from sim.reporting.charts.layout import Chart
from sim.reporting.inline_svg import inline_svg
from sim.reporting.score_charts import score_charts
from sim.scoring.score import Score
from sim.scoring.score_text import row_of
from sim.scoring.summary import summary_of
from sim.scoring.words import interval_words, shown

HEADS = ("figure", "value", "interval of 95 %", "what it rests on")


def write_score_page(scores: Sequence[Score], path: Path) -> None:
    """Write the page of scores to a file; its folder is made if it is missing."""
    write_whole(path, score_page(scores))


def score_page(scores: Sequence[Score]) -> str:
    """Return the page of one or several scores, the same text for the same scores."""
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters["marked"] = _marked
    template = environment.from_string(_text("score_page.html.j2"))

    names = ", ".join(dict.fromkeys(score.detector for score in scores))
    packs = ", ".join(dict.fromkeys(score.pack for score in scores))
    return template.render(
        style=Markup(_text("page.css")),
        title=f"Score of {names} on {packs}",
        parts=[_part(number, score) for number, score in enumerate(scores, start=1)],
        heads=HEADS,
        version=__version__,
    )


def _part(number: int, score: Score) -> dict[str, object]:
    """Return what the page says of one score; `number` makes its anchors unlike others."""
    prefix = f"{number}-{score.split}"

    return {
        "id": prefix,
        "title": f"{score.detector}, split {score.split}",
        "asked": _asked(score),
        "facts": [f"{x.words}: {interval_words(x)}" for x in summary_of(score)],
        "charts": [_drawn(chart, f"{number}-{chart.id}") for chart in score_charts(score)],
        "sections": [
            {
                "id": f"{prefix}-{section.id}",
                "title": section.title,
                "note": section.note,
                "rows": list(map(row_of, shown(section.figures))),
            }
            for section in score.sections
            if section.figures or section.note
        ],
        "notes": score.notes,
    }


def _asked(score: Score) -> str:
    """Return the sentence at the top: what was asked."""
    level = f", level {score.level}" if score.level else ""
    return (
        f"Pack {score.pack}{level}; weighted to a prevalence of {score.prevalence:g}; flagged at "
        f"a rate of false positives of {score.fpr:g}."
    )


def _marked(text: str) -> Markup:
    """Return a text for the page; what stands in backticks is code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _drawn(chart: Chart, id_: str) -> dict[str, object]:
    """Draw a chart for the page, which writes its title and how to read it."""
    data = b64encode(chart.csv().encode()).decode()
    return {
        "id": id_,
        "title": chart.title,
        "how": chart.subtitle,
        "source": chart.source,
        "svg": Markup(inline_svg(chart.body(), f"chart-{id_}-", chart.alt)),
        "data": f"data:text/csv;base64,{data}",
        "file": f"{chart.id}.csv",
    }


def _text(name: str) -> str:
    """Return a file of this package as text."""
    return files("sim.reporting").joinpath(name).read_text(encoding="utf-8")
