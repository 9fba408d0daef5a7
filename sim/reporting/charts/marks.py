"""Marks that several charts share: rows, ranges, axes of odds and of counts, grids of panels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sim.comparison.inference.quantiles import Ranged, Span
from sim.reporting.charts.layout import (
    BAND,
    GREY,
    INK,
    LINE,
    MARGIN,
    WIDTH,
    Page,
    text_width,
    wrapped,
)
from sim.reporting.charts.wording import short_number, tight_odds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = ("o", "s", "D", "^", "v", "P", "X", "<", ">", "*", "d", "p")
LABEL, FLAG = 8.0, 7.5


def colours() -> Sequence[Any]:
    """Return those colours of the palette that are dark enough for lines and for grey print."""
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
    """Make a row for every label, the first at the top; labels break at `room` inches."""
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
    """Draw a distribution: 90 % thin, 50 % thick, a gap at the median."""
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
    """Draw a stated value with its range; what leaves the axis at `limit` ends in an arrow."""
    low, high = max(x.low, -limit), min(x.high, limit)
    axes.plot([low, high], [y, y], color=colour, lw=lw, solid_capstyle="butt", zorder=3)
    for end, beyond, head in ((limit, x.high > limit, ">"), (-limit, x.low < -limit, "<")):
        if beyond:
            axes.plot([end], [y], head, color=colour, ms=4.5, mew=0, zorder=3, clip_on=False)
    face = colour if filled else "white"
    at = min(max(x.stated, -limit), limit)
    axes.plot([at], [y], marker, color=colour, mfc=face, ms=4.6, mew=1.1, zorder=4)


def odds_limit(values: Sequence[float], most: float = 3.3) -> float:
    """Return a symmetric limit of an axis of log10 odds that shows `values`, at most `most`."""
    return min(max(1.35, *(abs(x) + 0.15 for x in values)), most)


def odds_axis(axes: Axes, limit: float, *, vertical: bool = False, label: str = "") -> None:
    """Label an axis of log10 odds as odds; lines at 1:10, 1:1 and 10:1."""
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


def log_counts(axes: Axes, low: float, high: float, label: str = "", most: int = 8) -> None:
    """Make x a logarithmic axis of counts with `most` ticks as `10 k`."""
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    powers = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    step = math.ceil(len(powers) / most)
    places = [10.0**k for k in powers][::step]
    axes.set_xticks(places, [short_number(x) for x in places])
    axes.minorticks_off()
    axes.grid(axis="x", color=LINE, lw=0.6)
    axes.set_xlabel(label, fontsize=LABEL)


def panels(
    page: Page,
    n: int,
    *,
    columns: int,
    height: float,
    left: float = MARGIN,
    gap: float = 0.25,
    below: float = 0.5,
    above: float = 0.3,
    bottom: float = 0.0,
    right: float = 0.15,
) -> Iterator[Axes]:
    """Yield `n` axes in a grid, row by row from the top.

    `height`: of the axes, in inches, with `below` and `above` kept free; `gap` between columns;
    `bottom`: free under the grid.
    """
    width = (WIDTH - left - right - gap * (columns - 1)) / columns
    lines = math.ceil(n / columns)
    for k in range(n):
        row, column = divmod(k, columns)
        y = bottom + (lines - 1 - row) * (height + below + above) + below
        yield page.axes(left + column * (width + gap), y, width, height)


def grid_height(
    n: int, columns: int, height: float, below: float = 0.5, above: float = 0.3
) -> float:
    """Return how high a grid of `panels` is."""
    return math.ceil(n / columns) * (height + below + above)


def panel_title(
    axes: Axes, text: str, width: float, *, bold: bool = False, size: float = 8.5
) -> None:
    """Write the title of a panel, left, in as many lines as it takes."""
    axes.set_title(
        wrapped(text, size, width, bold=bold),
        fontsize=size,
        fontweight="bold" if bold else "normal",
        loc="left",
        x=0,
        pad=4,
        color=INK,
    )


def staggered(places: Sequence[float], labels: Sequence[str], size: float) -> list[int]:
    """Return levels of labels that end at `places` inches, rising.

    Each stands above all whose places it covers: none meets another, or a line up to another.
    """
    levels: list[int] = []
    for x, label in zip(places, labels, strict=True):
        start = x - text_width(label, size) - 0.08
        under = [level for at, level in zip(places, levels, strict=False) if at > start]
        levels.append(max(under, default=-1) + 1)
    return levels


def flag(axes: Axes, x: float, level: int, label: str, colour: Any, *, start: float = 3) -> None:
    """Write a label above the axes, left of a line that rises from `x`; levels by `staggered`."""
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
    """Draw a legend of lines and markers."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], **look, label=label) for label, look in entries]
    axes.legend(handles=handles, **{"fontsize": LABEL, "frameon": False, "borderaxespad": 0, **how})
