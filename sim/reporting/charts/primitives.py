"""What several charts draw: rows, ranges, axes of odds and of counts, grids of panels, flags."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.comparison.inference.quantiles import Ranged, Span
from sim.comparison.plain_words import plain_number
from sim.comparison.wording import short_number, tight_odds
from sim.reporting.charts.layout import (
    BAND,
    GREY,
    INK,
    LINE,
    MARGIN,
    Page,
    text_width,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = ("o", "s", "D", "^", "v", "P", "X", "<", ">", "*", "d", "p")
LABEL, FLAG = 8.0, 7.5


def colours() -> Sequence[Any]:
    """Return those colours of the palette that are dark enough for lines and for grey print.

    Seven of the ten of Petroff (arXiv:2107.02270), which people with a colour vision deficiency can
    tell apart; the first is blue, the second orange, the third red.
    """
    import matplotlib as mpl

    return [mpl.color_sequences["petroff10"][k] for k in (0, 1, 2, 4, 5, 6, 8)]


def rows(
    axes: Axes,
    labels: Sequence[str],
    *,
    room: float,
    bold: Sequence[int] = (),
    size: float = LABEL,
) -> None:
    """Make a row for every label, the first at the top; every other row is shaded.

    Parameters
    ----------
    axes
        Its y axis is set so that row k lies at y = k.
    labels
        A label for each row.
    room
        Inches at which labels break into lines.
    bold
        Numbers of the rows whose labels are bold.
    size
        Of the labels, in points.
    """
    n = len(labels)
    axes.set_ylim(n - 0.5, -0.5)
    texts = [wrapped(x, size, room, bold=k in bold) for k, x in enumerate(labels)]
    axes.set_yticks(range(n), texts, fontsize=size)
    for k in bold:
        axes.get_yticklabels()[k].set_fontweight("bold")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for row in range(0, n, 2):
        axes.axhspan(row - 0.5, row + 0.5, color=BAND, lw=0, zorder=0)


def bar(axes: Axes, y: float, x: Span, colour: Any = INK, *, thick: float = 5.0) -> None:
    """Draw a distribution: 90 % thin, 50 % thick, a gap at the median; `thick` is in points."""
    axes.plot([x.p05, x.p95], [y, y], color=colour, lw=1.1, solid_capstyle="butt", zorder=3)
    axes.plot([x.p25, x.p75], [y, y], color=colour, lw=thick, solid_capstyle="butt", zorder=3)
    axes.plot([x.median], [y], "|", color="white", ms=thick + 0.5, mew=1.4, zorder=4)


def ranged(
    axes: Axes,
    y: float,
    x: Ranged,
    limit: float,
    colour: Any,
    *,
    marker: str,
    filled: bool,
    lw: float,
) -> None:
    """Draw a stated value with its range; what leaves the axis ends in an arrow.

    Parameters
    ----------
    axes, y
        Where it is drawn.
    x
        A result in log10 odds.
    limit
        The axis ends at -`limit` and `limit`; a stated value beyond it is drawn at the end.
    colour, marker, filled
        Of the mark at the stated value; one that is not filled is white inside.
    lw
        Width of the line in points.
    """
    low, high = max(x.low, -limit), min(x.high, limit)
    axes.plot([low, high], [y, y], color=colour, lw=lw, solid_capstyle="butt", zorder=3)
    for end, beyond, head in ((limit, x.high > limit, ">"), (-limit, x.low < -limit, "<")):
        if beyond:
            axes.plot([end], [y], head, color=colour, ms=4.5, mew=0, zorder=3, clip_on=False)
    face = colour if filled else "white"
    at = min(max(x.stated, -limit), limit)
    axes.plot([at], [y], marker, color=colour, mfc=face, ms=4.6, mew=1.1, zorder=4)


def odds_limit(values: Sequence[float], most: float = 3.3) -> float:
    """Return a symmetric limit of an axis of log10 odds that shows `values`.

    At least 1.35, so that 1:10 and 10:1 are there, and at most `most`; larger values become arrows.
    """
    return min(max(1.35, *(abs(x) + 0.15 for x in values)), most)


def odds_axis(axes: Axes, limit: float, *, vertical: bool = False, label: str = "") -> None:
    """Label an axis of log10 odds as odds; lines at 1:10, 1:1 and 10:1.

    Parameters
    ----------
    axes
        What is drawn on is in log10 odds, on a linear scale.
    limit
        Largest log10 odds either way; above 2.6 also 1:1000 and 1000:1 are labelled.
    vertical
        Whether the y axis is meant, else the x axis.
    label
        Of the axis.
    """
    far = [x for x in (-3, 3) if abs(x) <= limit] if limit > 2.6 else []
    places = sorted([-1, 0, 1, *far])
    axis = axes.yaxis if vertical else axes.xaxis
    axis.set_ticks(places, [tight_odds(x) for x in places])
    axis.set_ticks([x for x in range(-4, 5) if abs(x) <= limit], minor=True)
    line = axes.axhline if vertical else axes.axvline
    for x in (-1, 0, 1):
        line(x, color=INK if x == 0 else GREY, lw=0.8, ls="-" if x == 0 else (0, (4, 3)), zorder=1)
    (axes.set_ylim if vertical else axes.set_xlim)(-limit * 1.04, limit * 1.04)
    (axes.set_ylabel if vertical else axes.set_xlabel)(label, fontsize=LABEL)


def log_counts(
    axes: Axes,
    low: float,
    high: float,
    label: str = "",
    most: int = 8,
    *,
    plain: bool = False,
) -> None:
    """Make x a logarithmic axis of counts with ticks such as `10 k`.

    Parameters
    ----------
    axes
        Set to run from `low` to `high`.
    low, high
        Limits above 0, as counts.
    label
        Of the axis.
    most
        How many ticks there may be; powers of ten are left out evenly above that.
    plain
        Whether ticks are written out, as `10,000` and `1 million`.
    """
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    powers = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    step = math.ceil(len(powers) / most)
    places = [10.0**k for k in powers][::step]
    words = plain_number if plain else short_number
    axes.set_xticks(places, [words(x) for x in places])
    axes.minorticks_off()
    axes.grid(axis="x", color=LINE, lw=0.6)
    axes.set_xlabel(label, fontsize=LABEL)


@dataclass(frozen=True)
class Grid:
    """Panels of one size, row by row from the top; all lengths in inches.

    Attributes
    ----------
    panels
        How many there are.
    columns
        How many stand side by side.
    height
        Of the axes of one panel.
    left, right
        Kept free at the sides of the body.
    gap
        Between the axes of neighbouring columns.
    above, below
        Kept free over and under the axes of each panel, for titles and labels.
    bottom
        Kept free under the grid.
    """

    panels: int
    columns: int
    height: float
    left: float = MARGIN
    right: float = 0.15
    gap: float = 0.25
    above: float = 0.3
    below: float = 0.5
    bottom: float = 0.0

    @property
    def total_height(self) -> float:
        """Height of all rows, without `bottom`."""
        return self._rows * (self.height + self.below + self.above)

    @property
    def _rows(self) -> int:
        """How many rows of panels there are; the last one may have gaps at its right."""
        return math.ceil(self.panels / self.columns)

    def axes(self, page: Page) -> Iterator[Axes]:
        """Yield the axes of one panel after another, from the left and the top, made on demand."""
        width = (page.width - self.left - self.right - self.gap * (self.columns - 1)) / self.columns
        for k in range(self.panels):
            row, column = divmod(k, self.columns)
            rows_under = self._rows - 1 - row
            y = self.bottom + rows_under * (self.height + self.below + self.above) + self.below
            yield page.axes(self.left + column * (width + self.gap), y, width, self.height)


def panel_title(
    axes: Axes, text: str, width: float, *, bold: bool = False, size: float = 8.5
) -> None:
    """Write the title of a panel, left, in as many lines as it takes.

    Lines go up from the axes, so `above` of the grid has to leave room for them.

    Parameters
    ----------
    axes
        Of the panel.
    text
        The title.
    width
        Inches at which it breaks.
    bold, size
        Of the letters, in points.
    """
    axes.set_title(
        wrapped(text, size, width, bold=bold),
        fontsize=size,
        fontweight="bold" if bold else "normal",
        loc="left",
        x=0,
        pad=4,
        color=INK,
    )


def staggered(ends: Sequence[float], labels: Sequence[str], size: float) -> list[int]:
    """Return levels of labels, so that none meets another, or a line up to another.

    Greedy, from the left: a label goes as low as those before it allow.

    Parameters
    ----------
    ends
        Where each label ends, in inches, rising.
    labels
        Their texts.
    size
        Of the text, in points.

    Returns
    -------
    list
        0 for the lowest level; each label stands above all whose ends it covers.
    """
    levels: list[int] = []
    for x, label in zip(ends, labels, strict=True):
        start = x - text_width(label, size) - 0.08
        covered = [level for end, level in zip(ends, levels, strict=False) if end > start]
        levels.append(max(covered, default=-1) + 1)
    return levels


def flag(axes: Axes, x: float, level: int, label: str, colour: Any, *, start: float = 3) -> None:
    """Write a label above the axes, left of a line that rises from `x`.

    Parameters
    ----------
    axes
        Their height must be final, because the line is measured in inches.
    x
        Where the line stands, as data.
    level
        One of `staggered`, 11.5 points for each.
    label, colour
        The text, and the colour of the line.
    start
        Points between the axes and the lowest level.
    """
    from matplotlib.transforms import blended_transform_factory

    mixed = blended_transform_factory(axes.transData, axes.transAxes)
    inches = axes.get_window_extent().height / axes.figure.dpi
    top = 1 + (start + 11.5 * (level + 1)) / 72 / inches
    axes.plot([x, x], [1, top], color=colour, lw=0.8, transform=mixed, clip_on=False)
    axes.annotate(
        label,
        (x, 1),
        (-3, start + 2 + 11.5 * level),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=FLAG,
        color=INK,
    )


def key(axes: Axes, entries: Sequence[tuple[str, dict[str, Any]]], **how: Any) -> None:
    """Draw a legend of lines and markers.

    Parameters
    ----------
    axes
        Where it stands.
    entries
        For each a label, and how its line looks, as for `Line2D`.
    **how
        As for `Axes.legend`; without a frame unless one is asked for.
    """
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], **look, label=label) for label, look in entries]
    axes.legend(handles=handles, **{"fontsize": LABEL, "frameon": False, "borderaxespad": 0, **how})
