"""Chart of a run over time: exchanges by hour, and what happened."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.reporting.charts.layout import (
    GREY,
    INK,
    LINE,
    MARGIN,
    NARROW,
    SOFT,
    Chart,
    Frame,
    Page,
)
from sim.reporting.run_charts.plain import exchanges_words, number, shortened
from sim.reporting.run_charts.shown import Shown, ShownRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Hours that a point of the time line may stand for; the first that gives few enough points.
_STEPS, _MOST_POINTS = (1, 2, 3, 6, 12, 24, 48, 168), 180
_LEFT, _RIGHT, _PANEL, _FOOT, _STRIP, _ROW = 0.7, 0.15, 1.8, 0.5, 0.34, 0.165


def by_hour(shown: Shown) -> Chart | None:
    """Draw exchanges an hour, stacked by group, with releases, incidents, bans and replacements.

    A panel for each run, all with the same axes; None without exchanges.
    """
    if not any(x.exchanges for x in shown.runs):
        return None
    step = _step(max(x.summary.hours for x in shown.runs))
    head = _head(shown)
    each = head + _PANEL + _FOOT + (_STRIP + 0.1 if _has_bans(shown) else 0.0)
    legend = _ROW * math.ceil(len(shown.groups) / 2) + 0.1

    def fill(page: Page) -> None:
        """Draw the panels from the top down, then the key."""
        most = max(_means(shown, x, step).sum(axis=0).max() for x in shown.runs)
        for k, run in enumerate(shown.runs):
            top = page.height - k * each - head
            name = run.name if len(shown.runs) > 1 else ""
            page.text(MARGIN, top + head - 0.17, name, fontsize=9, fontweight="bold")
            _time_line(page, shown, run, (step, most), top)
        group_key(page, shown, legend - 0.14)

    return Chart(
        "by-hour",
        "time",
        _by_hour_title(shown, step),
        _by_hour_alt(shown),
        Frame(
            subtitle=(
                "Exchanges an hour (C2, answered requests)"
                f"{f', mean over {step} hours' if step > 1 else ''}, one group on top of the "
                f"other.{_what_else(shown)}{shown.key()}"
            ),
            source=shown.source(),
            height=each * len(shown.runs) + legend,
            fill=fill,
            width=NARROW,
        ),
        _by_hour_data(shown),
    )


def _time_line(
    page: Page, shown: Shown, run: ShownRun, limits: tuple[int, float], top: float
) -> None:
    """Draw one run: stacked groups, and a strip of bans and replacements below.

    Parameters
    ----------
    page, shown, run
        Where and what is drawn.
    limits
        Hours of a point, and the largest value of the y axis.
    top
        Inches from the bottom of the body to the top of the axes.
    """
    step, most = limits
    width = page.width - _LEFT - _RIGHT
    axes = page.axes(_LEFT, top - _PANEL, width, _PANEL)
    means = _means(shown, run, step)
    days = np.arange(means.shape[1] + 1) * step / 24
    base = np.zeros(means.shape[1])
    for group, x in zip(shown.groups, means, strict=True):
        if x.any():
            low, high = (np.append(y, y[-1]) for y in (base, base + x))
            colour = shown.colour(group)
            axes.fill_between(days, low, high, step="post", color=colour, lw=0, zorder=2)
            base = base + x

    _counts_axis(axes, most)
    last = run.summary.hours / 24
    for beginning, end in run.summary.events.incidents:
        axes.axvspan(beginning / 24, min(end / 24, last), color=GREY, alpha=0.35, lw=0, zorder=3)
    for k, (model, hour) in enumerate(run.summary.events.releases.items()):
        _release_flag(axes, model, hour / 24, last, k % 2)
    if _has_bans(shown):
        axes.tick_params(axis="x", labelbottom=False, length=0)
        axes.set_xlim(0, last)
        axes = page.axes(_LEFT, top - _PANEL - _STRIP - 0.08, width, _STRIP)
        _strip(axes, run, step)
    _days_axis(axes, last)


def _strip(axes: Axes, run: ShownRun, step: int) -> None:
    """Draw accounts barred and accounts opened in their place over time, in two rows."""
    events = run.summary.events
    for row, (name, counts) in enumerate(
        (("barred", events.bans), ("replaced", events.replacements))
    ):
        sums = _sums(counts, step)
        at = (np.arange(len(sums)) + 0.5) * step / 24
        some = sums > 0
        sizes = 2.0 + 1.2 * np.sqrt(sums[some])
        axes.scatter(at[some], np.full(some.sum(), row), s=sizes**2, color=INK, alpha=0.6, lw=0)
        words = f"{name} {int(counts.sum()):,}"
        axes.text(
            -0.01,
            row,
            words,
            ha="right",
            va="center",
            fontsize=7,
            transform=_by_row(axes),
            color=SOFT,
        )

    axes.set_ylim(1.6, -0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _days_axis(axes: Axes, last: float) -> None:
    """Make x an axis of days up to the last, or of half days where these are few."""
    axes.set_xlim(0, last)
    axes.set_xlabel("days since the log opened", fontsize=8)
    axes.tick_params(axis="x", labelsize=7.5)
    if 0.5 <= last <= 3:
        axes.set_xticks(np.arange(0, last + 0.01, 0.5))


def _has_bans(shown: Shown) -> bool:
    """Tell whether any run barred or replaced an account."""
    events = [x.summary.events for x in shown.runs]
    return any(x.bans.any() or x.replacements.any() for x in events)


def _what_else(shown: Shown) -> str:
    """Say what a line, a band and the strip below mean, each only if it is there."""
    events = [x.summary.events for x in shown.runs]
    parts = (
        (any(x.releases for x in events), " Line: a model comes out."),
        (any(x.incidents for x in events), " Grey band: an incident of the provider."),
        (_has_bans(shown), " Below: accounts barred, and opened in their place."),
    )
    return "".join(words for there, words in parts if there)


def _head(shown: Shown) -> float:
    """Return inches above the axes for the names of runs and of released models."""
    releases = max(len(x.summary.events.releases) for x in shown.runs)
    return 0.1 + (0.2 if len(shown.runs) > 1 else 0) + 0.15 * min(releases, 2)


def _by_row(axes: Axes) -> Any:
    """Return what places x by the axes and y by the data."""
    from matplotlib.transforms import blended_transform_factory

    return blended_transform_factory(axes.transAxes, axes.transData)


def _release_flag(axes: Axes, model: str, day: float, last: float, level: int) -> None:
    """Draw a line at the release of a model, with its name above."""
    axes.axvline(day, color=INK, lw=1.0, zorder=4)
    is_late = day > 0.6 * last
    axes.annotate(
        f"{model} released",
        (day, 1),
        (-2 if is_late else 2, 3 + 10 * level),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="right" if is_late else "left",
        fontsize=7.5,
        color=INK,
    )


def _counts_axis(axes: Axes, most: float) -> None:
    """Make y an axis of counts from 0, with few ticks."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_ylim(0, max(most, 1) * 1.05)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=most >= 4))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda x, _: f"{x:,.0f}" if x % 1 == 0 else f"{x:g}")
    )
    axes.tick_params(axis="y", length=0, labelsize=7.5)
    axes.grid(axis="y", color=LINE, lw=0.6)
    axes.set_ylabel("exchanges an hour", fontsize=8)


def group_key(page: Page, shown: Shown, top: float) -> None:
    """Write the groups with their colours in two columns, the first row at `top` inches."""
    room = page.width / 2 - 0.3
    for k, group in enumerate(shown.groups):
        row, column = divmod(k, 2)
        x, y = MARGIN + column * page.width / 2, top - row * _ROW
        page.text(x, y, shown.glyph(group), fontsize=9, color=shown.colour(group))
        page.text(x + 0.17, y, shortened(shown.label(group), 7.5, room - 0.2), fontsize=7.5)


def _step(hours: int) -> int:
    """Return how many hours a point stands for, so that there are not too many points."""
    return next((x for x in _STEPS if hours / x <= _MOST_POINTS), _STEPS[-1])


def _sums(counts: Ints, step: int) -> Floats:
    """Return sums over `step` hours; the last may be of fewer."""
    return np.add.reduceat(counts.astype(float), np.arange(0, len(counts), step))


def _means(shown: Shown, run: ShownRun, step: int) -> Floats:
    """Return exchanges an hour by group, shape (groups, points)."""
    hours = run.summary.hours
    lengths = _sums(np.ones(hours, np.int64), step)
    found = (shown.series(run, "by_hour", g) for g in shown.groups)
    empty = np.zeros(hours, np.int64)
    return np.stack([_sums(empty if x is None else x, step) / lengths for x in found])


def _by_hour_title(shown: Shown, step: int) -> str:
    """Say how far the busiest `step` hours, as drawn, stand above the mean, or what was barred."""
    if len(shown.runs) > 1:
        return "; ".join(_run_words(x) for x in shown.runs)
    run = shown.runs[0]
    events = run.summary.events
    most = round(float(_means(shown, run, step).sum(axis=0).max()))
    busiest = f"the busiest hour has {exchanges_words(most)}"
    if step > 1:
        busiest = f"the busiest {step} hours have {exchanges_words(most)} an hour"
    if events.bans.sum():
        return f"{_barred(run)}; {busiest}"
    mean = run.exchanges / run.summary.hours
    return f"{busiest[0].upper()}{busiest[1:]}, {number(most / max(mean, 1e-9))} times the mean"


def _run_words(run: ShownRun) -> str:
    """Say how many exchanges a run has, and how many accounts were barred if any were."""
    text = f"“{run.name}”: {exchanges_words(run.exchanges)}"
    return f"{text}, {_barred(run)}" if run.summary.events.bans.any() else text


def _barred(run: ShownRun) -> str:
    """Say how many accounts were barred, and with truth how many were opened in their place."""
    events = run.summary.events
    bans, replacements = int(events.bans.sum()), int(events.replacements.sum())
    barred = f"{bans:,} account{' was' if bans == 1 else 's were'} barred"
    replaced = f" and {replacements:,} opened in place of such" if run.has_truth else ""
    return f"{barred}{replaced}"


def _by_hour_alt(shown: Shown) -> str:
    """Say in a sentence how much there is, over how many days."""
    parts = [f"{x.exchanges:,} exchanges in {x.summary.hours / 24:.3g} days" for x in shown.runs]
    return f"Exchanges an hour, stacked by group: {'; '.join(parts)}."


def _by_hour_data(shown: Shown) -> list[list[object]]:
    """Return exchanges by run, hour and group, as a line for each hour."""
    lines: list[list[object]] = [["run", "hour", *shown.groups, "barred", "replaced"]]
    for run in shown.runs:
        series = [shown.series(run, "by_hour", g) for g in shown.groups]
        events = run.summary.events
        for hour in range(run.summary.hours):
            counts = [0 if x is None else int(x[hour]) for x in series]
            more = [int(events.bans[hour]), int(events.replacements[hour])]
            lines.append([run.name, hour, *counts, *more])
    return lines
