"""The layout of a chart: title, subtitle and source around a body that is measured in inches.

Matplotlib is imported inside the functions: it takes half a second that `sim --help` has not.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from sim.documents.csv_text import csv_text
from sim.picture_formats import DEFAULT_FORMATS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE: Any = {
    # Text stays text: it can be searched, selected and translated.
    "svg.fonttype": "none",
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
WIDTH, NARROW, MARGIN = 7.0, 4.8, 0.12
DPI = 160
TITLE, SUBTITLE, SOURCE = 12.5, 8.5, 7.5
# Wider than 1, for the space between the lines of a text.
_LEADING = 1.3
# Screens draw text a little wider than it is measured, with another font more so.
_WIDER = 1.06
# Fonts of SVG, the widest first, so that another machine's text takes no more room.
_FAMILIES = "'DejaVu Sans', Verdana, Arial, sans-serif"
# Spaces at which no line ends: of a number and its unit, of `3 : 1`, of `> 3`.
_TIED, _HARD = re.compile(r"(?<=\d) (?=[kMG%:])|(?<=[:<>~]) (?=\d)|(?<=seed) "), "\u00a0"
_XML = '<?xml version="1.0" encoding="utf-8"?>\n'
_NO_RDF = {"Date": None, "Creator": None, "Format": None, "Type": None}
_NO_DATES = {"CreationDate": None, "Producer": None, "Creator": None}

# A line of heads, then lines of values.
Data = Sequence[Sequence[object]]


@dataclass(frozen=True)
class Page:
    """A figure whose body, `width` x `height` inches, is to be filled.

    All positions are inches from the lower left of the body, so that texts above and below it do
    not move what is drawn.

    Attributes
    ----------
    figure
        The figure of matplotlib, with title and source already written.
    bottom
        Height in inches of what stands under the body.
    height, width
        Of the body in inches.
    """

    figure: Figure
    bottom: float
    height: float
    width: float = WIDTH

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Return axes at `x`, `y` inches from the lower left of the body, of a size in inches."""
        total = self.figure.get_figheight()
        return self.figure.add_axes(
            (x / self.width, (self.bottom + y) / total, width / self.width, height / total)
        )

    def text(self, x: float, y: float, words: str, **how: Any) -> None:
        """Write at `x`, `y` inches from the lower left of the body.

        Parameters
        ----------
        x, y
            Position in inches; by default that of the lower left of the text.
        words
            The text; it is not broken into lines here.
        **how
            As for `Figure.text`; ink is the colour unless one is given.
        """
        total = self.figure.get_figheight()
        self.figure.text(x / self.width, (self.bottom + y) / total, words, **{"color": INK, **how})


@dataclass(frozen=True)
class Frame:
    """What stands around the body of a chart, and how the body is filled.

    Attributes
    ----------
    subtitle
        How to read the chart; it stands under the title.
    source
        Where the figures come from; it stands at the foot.
    height
        Of the body, in inches.
    fill
        Function that draws the body.
    width
        Of the whole chart, in inches; `NARROW` fits a phone.
    """

    subtitle: str
    source: str
    height: float
    fill: Callable[[Page], None]
    width: float = WIDTH


@dataclass(frozen=True)
class Chart:
    """One chart of an analysis; it is drawn once, when its figure or SVG is first asked for.

    Attributes
    ----------
    id
        The stem of its files.
    section
        The section it stands under.
    title
        What it finds.
    alt
        What must be known of it without seeing it.
    frame
        The texts around its body, and how that is drawn.
    data
        What it shows, as a line of heads and lines of values; empty if nothing is to be
        downloaded.
    """

    id: str
    section: str
    title: str
    alt: str
    frame: Frame
    data: Data = ()

    @cached_property
    def figure(self) -> Figure:
        """The drawn figure with its texts, the same for all files."""
        with _style(self.id):
            return _draw(self.title, self.frame)

    def svg(self) -> str:
        """Return the chart as SVG without outside references, the same text for the same input."""
        return self._svg

    @cached_property
    def _svg(self) -> str:
        """The SVG with title and description for those who cannot see it, no trailing spaces.

        It has no XML declaration, so that it can stand inside a page.
        """
        head, body = _svg_of(self.encoded("svg", _NO_RDF)).split(">", 1)
        about = f"<title>{escape(self.title)}</title>\n <desc>{escape(self.alt)}</desc>"
        return f'{head} role="img">\n {about}{body}'

    @property
    def subtitle(self) -> str:
        """How to read the chart."""
        return self.frame.subtitle

    @property
    def source(self) -> str:
        """Where its figures come from."""
        return self.frame.source

    def body(self) -> str:
        """Return the body alone as SVG, for a page that writes title, subtitle and source itself.

        So these texts are as large as others of the page, however narrow the screen is.
        """
        with _style(self.id):
            figure = _bare(self.frame)
            return _svg_of(_saved(figure, "svg", _NO_RDF))

    def csv(self) -> str:
        """Return `data` as CSV, empty without data."""
        return csv_text(self.data) if self.data else ""

    def encoded(self, form: str, metadata: Mapping[str, None]) -> bytes:
        """Return the figure in a format of matplotlib.

        Parameters
        ----------
        form
            `png` (at `DPI`), `svg` or `pdf`.
        metadata
            Entries to leave out, each None: times and versions would change the bytes.
        """
        with _style(self.id):
            return _saved(self.figure, form, metadata)


def write_charts(
    charts: Iterable[Chart], folder: Path, formats: Sequence[str] = DEFAULT_FORMATS
) -> list[Path]:
    """Write every chart to `folder`, and beside it what it shows as CSV; equal bytes on repeat.

    Parameters
    ----------
    charts
        Charts with distinct ids, which become the stems of the files.
    folder
        Made if it is missing; files that are there are replaced, others stay.
    formats
        Of the pictures: `png`, `svg` and `pdf`.

    Returns
    -------
    list of Path
        The files, by chart: one for each format, then the data where the chart has some.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for chart in charts:
        contents = {form: _content(chart, form) for form in formats}
        if chart.data:
            contents["csv"] = chart.csv().encode()
        for ending, content in contents.items():
            path = folder / f"{chart.id}.{ending}"
            path.write_bytes(content)
            written.append(path)
    return written


def _content(chart: Chart, form: str) -> bytes:
    """Return a chart as the content of a file, without times and versions."""
    if form == "svg":
        return (_XML + chart.svg()).encode()
    return chart.encoded(form, {"Software": None} if form == "png" else _NO_DATES)


def _saved(figure: Figure, form: str, metadata: Mapping[str, None]) -> bytes:
    """Return a figure in a format of matplotlib."""
    stream = BytesIO()
    dpi = DPI if form == "png" else 72
    figure.savefig(stream, format=form, dpi=dpi, metadata=dict(metadata))
    return stream.getvalue()


def _svg_of(content: bytes) -> str:
    """Return an SVG from its first element on, in fonts that other machines have too."""
    text = content.decode()
    text = text[text.index("<svg") :].replace("'DejaVu Sans'", _FAMILIES)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


@contextmanager
def _style(salt: str) -> Iterator[None]:
    """Set the style of charts for a time; a `salt` makes ids in SVG the same each time."""
    import matplotlib as mpl

    with mpl.rc_context({**STYLE, "svg.hashsalt": f"sim-{salt}"}), _missing_letters():
        yield


@contextmanager
def _missing_letters() -> Iterator[None]:
    """Let letters that the font lacks be drawn as boxes, without a warning for each."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def _draw(title: str, frame: Frame) -> Figure:
    """Stack title, subtitle, body and source, each as high as its lines, and fill the body.

    The figure has the width of the frame, and the height that these texts and the body take.
    """
    from matplotlib.figure import Figure

    # Texts and their heights
    width = frame.width - 2 * MARGIN
    head = wrapped(title, TITLE, width, bold=True)
    subhead, foot = wrapped(frame.subtitle, SUBTITLE, width), wrapped(frame.source, SOURCE, width)
    head_height, subhead_height = _text_height(head, TITLE), _text_height(subhead, SUBTITLE)
    top = 0.14 + head_height + 0.06 + subhead_height + 0.10
    bottom = _text_height(foot, SOURCE) + 0.20
    total = top + frame.height + bottom

    # From the top down; heights on a page count from the bottom of its body
    figure = Figure(figsize=(frame.width, total), layout=None)
    page = Page(figure, bottom, frame.height, frame.width)
    at_top: Any = {"va": "top", "linespacing": _LEADING}
    page.text(MARGIN, total - 0.14 - bottom, head, fontsize=TITLE, fontweight="bold", **at_top)
    under_head = total - 0.14 - head_height - 0.06 - bottom
    page.text(MARGIN, under_head, subhead, fontsize=SUBTITLE, color=SOFT, **at_top)
    at_bottom: Any = {"va": "bottom", "linespacing": _LEADING}
    page.text(MARGIN, 0.08 - bottom, foot, fontsize=SOURCE, color=SOFT, **at_bottom)
    frame.fill(page)
    return figure


def _bare(frame: Frame) -> Figure:
    """Return a figure with the body alone, on the ground of whatever it stands on."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(frame.width, frame.height), layout=None)
    figure.patch.set_visible(False)
    frame.fill(Page(figure, 0.0, frame.height, frame.width))
    return figure


def _text_height(text: str, size: float) -> float:
    """Return the height in inches of a text of `size` points, by its number of lines."""
    return (text.count("\n") + 1) * size * _LEADING * 1.02 / 72


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of one line in inches, in the font that charts use.

    Measured from the outlines of the letters, so it is the same for all formats of a chart.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    with _missing_letters():
        width: float = text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]
    return width / 72


def tied(text: str) -> str:
    """Tie numbers to their units, so that no line ends between them.

    Spaces as in `10 k`, `3 : 1` and `> 3` become spaces that do not break.
    """
    return _TIED.sub(_HARD, text)


def wrapped(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Break a text into lines.

    Parameters
    ----------
    text
        What is written; its own line breaks stay.
    size
        Of the letters, in points.
    width
        Of the widest line in inches; a single word may be wider.
    bold
        Whether the letters are bold.

    Returns
    -------
    str
        The text with line breaks, none between a number and its unit.
    """
    lines: list[str] = []
    for paragraph in tied(text).split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and text_width(longer, size, bold=bold) * _WIDER > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return "\n".join(lines).replace(_HARD, " ")
