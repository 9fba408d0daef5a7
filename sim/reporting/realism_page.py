"""A scorecard as one HTML file that stands alone: no network, no script."""

from __future__ import annotations

from base64 import b64encode
from importlib.resources import files
from pathlib import Path
from shlex import join

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from sim._version import __version__
from sim.documents.whole_text import write_whole
from sim.reporting.charts.layout import Chart
from sim.reporting.inline_svg import inline_svg
from sim.reporting.realism_charts import realism_charts
from sim.scorecard import Scorecard
from sim.scorecard.render import HEADS, LEGEND, about, headline, place_of, row_of, telling

_QUESTIONS = {
    "distances": "Which statistics are near enough?",
    "distributions": "How do the distributions lie over each other?",
}


def write_realism_page(card: Scorecard, path: Path) -> None:
    """Write the page of a scorecard to a file; its folder is made if it is missing."""
    write_whole(path, realism_page(card))


def realism_page(card: Scorecard) -> str:
    """Return the page of a scorecard, the same text for the same scorecard."""
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    template = environment.from_string(_text("realism_page.html.j2"))

    charts = realism_charts(card)
    return template.render(
        style=Markup(_text("page.css")),
        title=f"Held against real traffic: {card.title or card.against}",
        facts=[headline(card), *about(card)],
        sections=[
            (id_, question, [_drawn(x) for x in charts if x.section == id_])
            for id_, question in _QUESTIONS.items()
        ],
        telling=telling(card),
        notes=card.notes,
        heads=HEADS,
        rows=[row_of(score) for score in card],
        legend=LEGEND,
        command=_command(card),
        version=__version__,
    )


def _drawn(chart: Chart) -> dict[str, object]:
    """Draw a chart for the page, which writes its title and how to read it."""
    data = b64encode(chart.csv().encode()).decode()
    return {
        "id": chart.id,
        "title": chart.title,
        "how": chart.subtitle,
        "svg": Markup(inline_svg(chart.body(), f"chart-{chart.id}-", chart.alt)),
        "data": f"data:text/csv;base64,{data}",
    }


def _command(card: Scorecard) -> str:
    """Return what makes the page again; of absolute places only the last part, for pages travel."""
    places = [place_of(x) for x in (*card.runs, card.against)]
    words = ["sim", "realism", *places[:-1], "--against", places[-1]]
    words += [word for id_ in card.actors for word in ("--actor", id_)]
    words += ["--seed", str(card.seed)] if card.seed else []
    return join([*words, "--html", "page.html"])


def _text(name: str) -> str:
    """Return a file of this package as text."""
    return files("sim.reporting").joinpath(name).read_text(encoding="utf-8")
