"""Charts of how many exchanges a task, a session, an account, a day or a benchmark run takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.catalog import claims, statements
from sim.reporting.charts.layout import (
    INK,
    LINE,
    MARGIN,
    NARROW,
    SOFT,
    WIDTH,
    Chart,
    Frame,
    Page,
)
from sim.reporting.run_charts.plain import count_axis, exchanges_words, number, shortened
from sim.reporting.run_charts.shown import OTHERS, Shown, ShownRun, mean, quantile
from sim.summaries.run_figures import Distribution

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What each unit is called: one of them, and several.
UNITS = {
    "account": ("account", "accounts"),
    "task": ("task", "tasks"),
    "session": ("session", "sessions"),
    "account_day": ("account and day", "days of accounts"),
    "benchmark_run": ("full benchmark run", "benchmark runs"),
}
_SHARES = {1.0: "all", 0.5: "half", 0.1: "1 in 10", 0.01: "1 in 100", 0.001: "1 in 1,000"}
_MARKED = (0.5, 0.1, 0.01)
_IN_DATA = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
_LINE_POINTS = 120
_PANEL, _ROW, _HEAD, _LEFT, _RIGHT = 2.25, 0.165, 0.3, 0.8, 0.2
_COLUMNS = ("half", "1 in 10", "1 in 100", "mean")


@dataclass(frozen=True)
class Mark:
    """A reported figure that a chart shows beside what was simulated.

    Attributes
    ----------
    value
        In exchanges a unit.
    words
        The figure, and who says it.
    """

    value: float
    words: str


def exchange_distributions(shown: Shown) -> Chart | None:
    """Draw exchanges per task and per account side by side, a row for each run.

    Without truth, sessions stand where tasks would. None for runs without exchanges.
    """
    first = "task" if _has(shown, "task") else "session"
    units = [x for x in (first, "account") if _has(shown, x)]
    return _chart(shown, "exchange-distributions", units, WIDTH) if units else None


def distributions(shown: Shown) -> list[Chart]:
    """Draw a chart for each unit that there is, narrow enough for a phone."""
    return [
        _chart(shown, f"exchanges-per-{x.replace('_', '-')}", [x], NARROW)
        for x in UNITS
        if _has(shown, x)
    ]


def marks(unit: str, scale: float) -> list[Mark]:
    """Return the reported figures that belong to a unit.

    Parameters
    ----------
    unit
        A key of `UNITS`.
    scale
        Of the scenario: a benchmark run of a scaled scenario has so many times the tasks.
    """
    line = statements()["run-size"].values
    if unit == "task":
        return [Mark(line["calls_per_task"], f"{line['calls_per_task']:g} a task: the critique")]
    if unit == "account":
        exchanges, accounts = (claims()[x].value or math.nan for x in ("A1", "A2"))
        per_account = exchanges / accounts
        words = f"{exchanges / 1e6:g} million / {accounts:,.0f}, our quotient"
        return [Mark(per_account, f"{per_account:.0f}: {words}")]
    if unit == "benchmark_run":
        scaled = "" if scale == 1 else f" x {scale:g}, the scale here"
        return [Mark(line["result"] * scale, f"{line['result']:,.0f}{scaled}: the critique")]
    return []


def _has(shown: Shown, unit: str, group: str | None = None) -> bool:
    """Tell whether a run has any units of this kind, or those of one group."""
    groups = shown.groups if group is None else (group,)
    return any(shown.distribution(x, unit, g) for x in shown.runs for g in groups)


def _chart(shown: Shown, id_: str, units: Sequence[str], width: float) -> Chart:
    """Make the chart of some units, side by side in `width` inches, a row for each run."""
    rows = sum(_has(shown, units[0], g) for g in shown.groups)
    head = _HEAD + (0.2 if len(shown.runs) > 1 else 0)
    each = head + _PANEL + 0.6 + _ROW * (rows + 1) + 0.1

    def fill(page: Page) -> None:
        """Draw each panel with its table below."""
        for k, run in enumerate(shown.runs):
            top = page.height - k * each
            if len(shown.runs) > 1:
                page.text(MARGIN, top - 0.16, run.name, fontsize=9, fontweight="bold")
            for column, unit in enumerate(units):
                _panel(page, shown, (run, unit), (column, len(units)), top - head)

    return Chart(
        id_,
        "exchanges",
        _title(shown, units),
        _alt(shown, units),
        Frame(
            subtitle=_how_to_read(shown, units),
            source=shown.source(),
            height=each * len(shown.runs),
            fill=fill,
            width=width,
        ),
        _data(shown, units),
    )


def _how_to_read(shown: Shown, units: Sequence[str]) -> str:
    """Say what the lines are; at length where accounts are drawn, which stand first."""
    of = " and of the ".join(UNITS[x][1] for x in units)
    words = f"Share of the {of} that have so many exchanges or more (C2, answered requests)."
    if "account" in units:
        words += " A line that falls far to the right belongs to a few that have very many."
    words += " Marks: half, one in ten and one in a hundred have at least so many."
    has_mark = any(marks(unit, x.scale) for unit in units for x in shown.runs)
    dashed = " Dashed: a published figure, or a quotient of two." if has_mark else ""
    return words + dashed + shown.key()


def _panel(
    page: Page, shown: Shown, drawn_of: tuple[ShownRun, str], place: tuple[int, int], top: float
) -> None:
    """Draw one unit of one run: lines, reported figures, and the table below.

    Parameters
    ----------
    page, shown
        Where it is drawn, and how groups look.
    drawn_of
        The run and the unit.
    place
        Column of the panel, and how many columns there are.
    top
        Inches from the bottom of the body to the top of the axes.
    """
    (run, unit), (column, columns) = drawn_of, place
    width = page.width / columns
    axes = page.axes(column * width + _LEFT, top - _PANEL, width - _LEFT - _RIGHT, _PANEL)
    found = [(g, shown.distribution(run, unit, g)) for g in shown.groups]
    drawn = [(g, x) for g, x in found if x is not None]
    reference = marks(unit, run.scale)

    of_all = (shown.distribution(x, unit, g) for x in shown.runs for g in shown.groups)
    _axes(axes, [x for x in of_all if x is not None], reference, UNITS[unit][0], width)
    for group, x in drawn:
        _line(axes, x, shown.colour(group), shown.marker(group))
    for mark in reference:
        _reference(axes, mark)
    _table(page, shown, drawn, (column * width, width), top - _PANEL - 0.62)


def _axes(
    axes: Axes, drawn: Sequence[Distribution], reference: Sequence[Mark], unit: str, width: float
) -> None:
    """Set both axes, logarithmic, the same for all runs: exchanges, and the share with so many."""
    most = max([x.values[-1] for x in drawn] + [x.value for x in reference], default=10)
    least = min([max(x.values[0], 1) for x in drawn] + [x.value for x in reference], default=1)
    low = 1.0 if least < 100 else least / 1.5
    label = f"exchanges of one {unit}"
    count_axis(axes, (low * 0.9, max(most * 1.3, 10.0)), label, round(width * 1.4))
    axes.set_yscale("log")
    axes.set_ylim(0.0009, 1.15)
    axes.set_yticks(list(_SHARES), list(_SHARES.values()))
    axes.yaxis.set_tick_params(which="both", length=0)
    axes.grid(axis="y", color=LINE, lw=0.6)
    axes.spines["left"].set_visible(False)


def _line(axes: Axes, x: Distribution, colour: Any, marker: str) -> None:
    """Draw the share of units with so many exchanges or more, and marks at the marked shares."""
    values, shares = at_least(x)
    if not values:
        return
    axes.step(
        [values[0], *values], [shares[0], *shares], where="pre", color=colour, lw=1.6, zorder=3
    )

    units = x.frequencies.sum()
    places = [p for p in _MARKED if units * p >= 1] if units > 1 else [1.0]
    at = [(quantile(x, 1 - p), p) for p in places]
    dots = [(value, p) for value, p in at if value > 0]
    axes.plot(
        [value for value, _ in dots],
        [p for _, p in dots],
        marker,
        ls="none",
        color=colour,
        ms=4.5,
        mec="white",
        mew=0.8,
        zorder=4,
    )


def at_least(x: Distribution) -> tuple[list[float], list[float]]:
    """Return numbers of exchanges, and the share of units that have so many or more.

    At most some `_LINE_POINTS` points, evenly on a log axis; the first and the last are kept.
    Units without any are in the shares and have no point.
    """
    shares = x.frequencies[::-1].cumsum()[::-1] / x.frequencies.sum()
    values, shares = x.values[x.values > 0], shares[x.values > 0]
    if len(values) > _LINE_POINTS:
        grid = np.geomspace(values[0], values[-1], _LINE_POINTS)
        kept = np.unique(np.searchsorted(values, grid).clip(0, len(values) - 1))
        values, shares = values[kept], shares[kept]
    return values.tolist(), shares.tolist()


def _reference(axes: Axes, mark: Mark) -> None:
    """Draw a reported figure as a dashed line, with its words above the axes."""
    low, high = axes.get_xlim()
    place = math.log(mark.value / low) / math.log(high / low)
    axes.axvline(mark.value, color=INK, lw=1.0, ls=(0, (4, 3)), zorder=2)
    side = "right" if place > 0.5 else "left"
    axes.annotate(
        mark.words,
        (mark.value, 1),
        (3 if side == "right" else -3, 4),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha=side,
        fontsize=7.5,
        color=INK,
    )


def _table(
    page: Page,
    shown: Shown,
    drawn: Sequence[tuple[str, Distribution]],
    place: tuple[float, float],
    top: float,
) -> None:
    """Write a row for each group: its colour, name, quantiles and mean.

    Parameters
    ----------
    page, shown
        Where it is written, and how groups are called.
    drawn
        Groups with their distributions.
    place
        Left end and width, in inches.
    top
        Height of the first row in inches.
    """
    left, width = place
    ends = [left + width - _RIGHT - 0.56 * k for k in reversed(range(len(_COLUMNS)))]
    for end, words in zip(ends, _COLUMNS, strict=True):
        page.text(end, top, words, fontsize=7, color=SOFT, ha="right")
    page.text(ends[0] - 0.56, top, "at least", fontsize=7, color=SOFT, ha="right")

    for k, (group, x) in enumerate(drawn):
        y = top - _ROW * (k + 1)
        room = ends[0] - 0.4 - left - MARGIN - 0.2
        page.text(left + MARGIN, y, shown.glyph(group), fontsize=9, color=shown.colour(group))
        page.text(left + MARGIN + 0.17, y, shortened(shown.label(group), 7.5, room), fontsize=7.5)
        for end, words in zip(ends, _numbers(x), strict=True):
            page.text(end, y, words, fontsize=7.5, ha="right")


def _numbers(x: Distribution) -> list[str]:
    """Return p50, p90, p99 and the mean in words; a dash for a share of less than one unit."""
    units = x.frequencies.sum()
    quantiles = [number(quantile(x, 1 - p)) if units * p >= 1 else "-" for p in _MARKED]
    return [*quantiles, number(mean(x))]


def _title(shown: Shown, units: Sequence[str]) -> str:
    """Say of the largest group what half of its units have, and how far the mean lies above."""
    unit = units[-1]
    group, found = _leading(shown, unit)
    one, several = UNITS[unit]
    of = shown.named(group, " of ")
    if len(found) > 1:
        halves = [f"{number(quantile(x, 0.5))} in “{run.name}”" for run, x in found]
        return f"Exchanges that half of the {several}{of} have at most: {', '.join(halves)}"

    x = found[0][1]
    half, average = quantile(x, 0.5), mean(x)
    if x.frequencies.sum() == 1:
        return f"The one {one}{of} has {exchanges_words(average)}"
    if half == 0 or 1 < average < 1.2 * half or x.frequencies.sum() < 10:
        return f"The {several}{of} have {exchanges_words(average)} each on average"
    at_most = "" if half == x.values[0] else "at most "
    text = f"Half of the {several}{of} have {at_most}{exchanges_words(half)}; the mean"
    if half <= 1:
        return f"{text} is {number(average)}"
    return f"{text}, {number(average)}, is {average / half:.1f} times that"


def _leading(shown: Shown, unit: str) -> tuple[str, list[tuple[ShownRun, Distribution]]]:
    """Return the largest group with such units, one of several runs first, and what runs have."""
    found = []
    for group in shown.groups:
        of_runs = [(run, shown.distribution(run, unit, group)) for run in shown.runs]
        found.append((group, [(run, x) for run, x in of_runs if x is not None]))
    shared = [x for x in found if len(x[1]) > 1 and x[0] != OTHERS]
    return next(iter(shared or [x for x in found if x[1]]))


def _data(shown: Shown, units: Sequence[str]) -> list[list[object]]:
    """Return quantiles of every group of every run, with heads, to be downloaded."""
    quantile_heads = [f"p{100 * p:g}" for p in _IN_DATA]
    lines: list[list[object]] = [["run", "unit", "group", "units", "mean", *quantile_heads, "max"]]
    for run in shown.runs:
        for unit in units:
            for group in shown.groups:
                if (x := shown.distribution(run, unit, group)) is not None:
                    quantiles = [round(quantile(x, p), 6) for p in _IN_DATA]
                    n, most = int(x.frequencies.sum()), int(x.values[-1])
                    lines.append([run.name, unit, group, n, round(mean(x), 6), *quantiles, most])
    return lines


def _alt(shown: Shown, units: Sequence[str]) -> str:
    """Say in a sentence what is drawn, with the quantiles of the largest group."""
    group, found = _leading(shown, units[-1])
    run, x = found[0]
    per = " and per ".join(UNITS[u][0] for u in units)
    of = f"of {shown.label(group)}{f' in “{run.name}”' if len(shown.runs) > 1 else ''}"
    half, tenth, hundredth = (f"{quantile(x, p):,.0f}" for p in (0.5, 0.9, 0.99))
    return (
        f"Falling lines by group: exchanges per {per}; {of} half have {half} or more, one in ten "
        f"{tenth}, one in a hundred {hundredth}."
    )
