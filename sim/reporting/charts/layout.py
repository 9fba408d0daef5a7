"""The frame of every chart: title, subtitle and source around a body that is measured in inches.

Matplotlib is imported inside the functions: it takes half a second that `sim --help` has not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE: Any = {
    "svg.fonttype": "path",
    "pdf.fonttype": 3,
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.axisbelow": True,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "text.parse_math": False,
    "svg.image_inline": True,
}
INK, SOFT, GREY, LINE, BAND = "#222222", "#555555", "#8a8a8a", "#dddddd", "#f3f3f3"
WIDTH, MARGIN = 9.0, 0.12
DPI = 160
TITLE, SUBTITLE, SOURCE = 12.5, 8.5, 7.5
# Wider than 1, for the space between the lines of a text.
_LEADING = 1.3
# Screens draw text a little wider than it is measured.
_WIDER = 1.03
# Spaces at which no line ends: of a number and its unit, of `3 : 1`, of `> 3`.
_TIED, _HARD = re.compile(r"(?<=\d) (?=[kMG%:])|(?<=[:<>~]) (?=\d)|(?<=seed) "), "\u00a0"
Fill = Callable[["Page"], None]


@dataclass(frozen=True)
class Chart:
    """One chart of an analysis.

    `id`: the stem of its files. `section`: a key of `sim.comparison.analysis.SECTIONS`.
    `title`: what it finds. `alt`: what must be known of it without seeing it.
    """

    id: str
    section: str
    title: str
    alt: str
    draw: Callable[[], Figure]

    def svg(self) -> str:
        """Return the chart as SVG without outside references, the same text for the same input."""
        with _style(self.id):
            return self.svg_of(self.draw())

    def svg_of(self, figure: Figure) -> str:
        """Return the figure that this chart drew as SVG."""
        text = _bytes(figure, "svg", _NO_RDF).decode()
        start = text.index("<svg")
        head, body = text[start:].split(">", 1)
        about = f"<title>{escape(self.title)}</title>\n <desc>{escape(self.alt)}</desc>"
        lines = f'{head} role="img">\n {about}{body}'.splitlines()
        return "\n".join(line.rstrip() for line in lines) + "\n"


_XML = '<?xml version="1.0" encoding="utf-8"?>\n'
_NO_RDF = {"Date": None, "Creator": None, "Format": None, "Type": None}
_NO_DATES = {"CreationDate": None, "Producer": None, "Creator": None}


def write_charts(charts: Sequence[Chart], folder: Path) -> list[Path]:
    """Write every chart to `folder` as PNG, SVG and PDF, the same bytes for the same input."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for chart in charts:
        with _style(chart.id):
            figure = chart.draw()
            made = {
                "png": _bytes(figure, "png", {"Software": None}),
                "svg": (_XML + chart.svg_of(figure)).encode(),
                "pdf": _bytes(figure, "pdf", _NO_DATES),
            }
        for ending, content in made.items():
            path = folder / f"{chart.id}.{ending}"
            path.write_bytes(content)
            written.append(path)
    return written


@contextmanager
def _style(salt: str) -> Iterator[None]:
    import matplotlib as mpl

    with mpl.rc_context({**STYLE, "svg.hashsalt": f"sim-{salt}"}):
        yield


def _bytes(figure: Figure, form: str, metadata: Mapping[str, None]) -> bytes:
    stream = BytesIO()
    figure.savefig(stream, format=form, dpi=DPI if form == "png" else 72, metadata=dict(metadata))
    return stream.getvalue()


@dataclass(frozen=True)
class Page:
    """A figure whose body, `WIDTH` x `height` inches, is to be filled."""

    figure: Figure
    bottom: float
    height: float

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Return axes at `x`, `y` inches from the lower left of the body."""
        whole = self.figure.get_figheight()
        return self.figure.add_axes(
            (x / WIDTH, (self.bottom + y) / whole, width / WIDTH, height / whole)
        )

    def text(self, x: float, y: float, words: str, **how: Any) -> None:
        """Write at `x`, `y` inches from the lower left of the body."""
        whole = self.figure.get_figheight()
        self.figure.text(x / WIDTH, (self.bottom + y) / whole, words, **{"color": INK, **how})


def framed(
    id_: str,
    section: str,
    title: str,
    alt: str,
    *,
    subtitle: str,
    source: str,
    height: float,
    fill: Fill,
) -> Chart:
    """Return a chart whose body has `height` inches; `fill` draws it."""
    draw = partial(_draw, id_, title, subtitle, source, height, fill)
    return Chart(id_, section, title, alt, draw)


def _draw(id_: str, title: str, subtitle: str, source: str, height: float, fill: Fill) -> Figure:
    from matplotlib.figure import Figure

    with _style(id_):
        room = WIDTH - 2 * MARGIN
        heads = wrapped(title, TITLE, room, bold=True), wrapped(subtitle, SUBTITLE, room)
        foot = wrapped(source, SOURCE, room)
        sizes = [
            _inches(x, s) for x, s in zip((*heads, foot), (TITLE, SUBTITLE, SOURCE), strict=True)
        ]
        top, bottom = 0.14 + sizes[0] + 0.06 + sizes[1] + 0.10, sizes[2] + 0.20
        whole = top + height + bottom
        figure = Figure(figsize=(WIDTH, whole), layout=None)
        page = Page(figure, bottom, height)
        at = {"va": "top", "linespacing": _LEADING}
        page.text(MARGIN, whole - 0.14 - bottom, heads[0], fontsize=TITLE, fontweight="bold", **at)
        under = whole - 0.14 - sizes[0] - 0.06 - bottom
        page.text(MARGIN, under, heads[1], fontsize=SUBTITLE, **{**at, "color": SOFT})
        below = {"va": "bottom", "linespacing": _LEADING, "color": SOFT}
        page.text(MARGIN, 0.08 - bottom, foot, fontsize=SOURCE, **below)
        fill(page)
        return figure


def _inches(text: str, size: float) -> float:
    """Height of a text of so many points."""
    return (text.count("\n") + 1) * size * _LEADING * 1.02 / 72


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of one line in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    width: float = text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]
    return width / 72


def tied(text: str) -> str:
    """Tie numbers to their units, so that no line ends between them."""
    return _TIED.sub(_HARD, text)


def wrapped(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Break a text so that no line is wider than `width` inches, where words allow it."""
    lines: list[str] = []
    for part in tied(text).split("\n"):
        line = ""
        for word in part.split(" "):
            longer = f"{line} {word}" if line else word
            if line and text_width(longer, size, bold=bold) * _WIDER > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return "\n".join(lines).replace(_HARD, " ")
