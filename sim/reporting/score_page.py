"""Scores of a detector as one HTML file that stands alone: no network, no script."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from sim._version import __version__
from sim.documents.whole_text import write_whole
from sim.reporting.charts.layout import Chart
from sim.reporting.inline_svg import inline_svg
from sim.reporting.score_charts import score_charts
from sim.scoring.figures import Figure
from sim.scoring.score import Score
from sim.scoring.words import interval_words, range_words, shown, value_words

HEADS = ("figure", "of", "value", "interval of 95 %", "what it rests on")
# The figures that stand at the top.
_FIRST = (("pr_auc", ""), ("recall_at_fpr_1e-2", ""), ("campaign_recall_10", ""))


def write_score_page(scores: Sequence[Score], path: Path) -> None:
    """Write the page of scores to a file; its folder is made if it is missing."""
    write_whole(path, score_page(scores))


def score_page(scores: Sequence[Score]) -> str:
    """Return the page of one or several scores, the same text for the same scores."""
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
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
        "facts": _facts(score),
        "charts": [_drawn(chart, f"{number}-{chart.id}") for chart in score_charts(score)],
        "sections": [
            {
                "id": f"{prefix}-{section.id}",
                "title": section.title,
                "note": section.note,
                "rows": [_row(figure) for figure in shown(section.figures)],
                "is_sliced": any(figure.of for figure in section.figures),
            }
            for section in score.sections
            if section.figures or section.note
        ],
        "notes": score.notes,
    }


def _facts(score: Score) -> list[str]:
    """Return the sentences at the top: what was asked, and the figures that matter most."""
    level = f", level {score.level}" if score.level else ""
    facts = [
        f"Pack {score.pack}{level}; weighted to a prevalence of {score.prevalence:g}; flagged at "
        f"a rate of false positives of {score.fpr:g}."
    ]
    figures = [score.find(id_, of) for id_, of in _FIRST]
    said = [f"{x.words}: {interval_words(x)}" for x in figures if x and x.value is not None]
    return [*facts, "; ".join(said) + "."] if said else facts


def _row(figure: Figure) -> tuple[str, str, str, str, str]:
    """Return a figure as texts, one for each of `HEADS`."""
    says = "; ".join(filter(None, (figure.rests_on, figure.why_not)))
    return figure.words, figure.of, value_words(figure), range_words(figure), says


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
