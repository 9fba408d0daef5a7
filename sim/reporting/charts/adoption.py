"""The chart of the move to a new model within a day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.catalog import Claim
from sim.comparison.analysis import Analysis
from sim.comparison.claims.intervals import Interval
from sim.comparison.hypotheses.forms import Uptake
from sim.comparison.inference.quantiles import span
from sim.comparison.sections.adoption import Curve, Switch, reported_move
from sim.reporting.charts import marks
from sim.reporting.charts.layout import INK, LINE, MARGIN, WIDTH, Chart, Page, framed
from sim.reporting.charts.wording import inline, odds_words, percent, share_range, source

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS, _HEIGHT = 5, 0.95
_ABOVE, _BELOW = 0.42, 0.28
_DAY = 24
_LOWER = 2.75
_MOST = 1.35


def pivot(analysis: Analysis) -> Chart:
    """Chart how fast legitimate clients follow a release, and what a default switch does."""
    claim, limits = reported_move()
    curves = [x for x in analysis.curves if not x.is_extraction]
    inside = [
        x for x in curves if x.after_a_day.p95 >= limits.low and x.after_a_day.p05 < limits.high
    ]
    medians = [x.after_a_day.median for x in curves]
    title = (
        f"The reported move, {share_range(limits.low, limits.high)} within a day, is inside the "
        f"assumed range of {len(inside)} of {len(curves)} kinds of legitimate clients, whose "
        f"medians are {share_range(min(medians), max(medians))}"
    )
    grid = marks.grid_height(len(curves) + 1, _COLUMNS, _HEIGHT, _BELOW, _ABOVE) + 0.2
    return framed(
        "pivot",
        "pivot",
        title,
        _alt(analysis, curves, limits),
        subtitle=(
            "Top: share of the traffic of each legitimate kind on a new model by hours since its "
            "release, over groups of 50 accounts: median, and 5 to 95 % shaded. The bar at 24 h is "
            f'the claim ("{claim.qualifier}"). No public curve of any provider\'s clients exists: '
            "all curves are assumptions of the catalog. Bottom left: priors of what moves in the "
            "modes of uptake. Bottom right: likelihood ratio of that claim alone, by the weight of "
            "a product that switches its default; counts (C1 to C6) play no part. "
            f"Curves are drawn with seed {analysis.settings.seed}, odds computed without draws."
        ),
        source=source(analysis, f"The move is claim {claim.id}: {claim.report}, {claim.actor}."),
        height=grid + _LOWER,
        fill=lambda page: _draw(page, analysis, curves, (claim, limits)),
    )


def _draw(
    page: Page, analysis: Analysis, curves: Sequence[Curve], reported: tuple[Claim, Interval]
) -> None:
    orange = marks.colours()[1]
    grid = marks.panels(
        page,
        len(curves) + 1,
        columns=_COLUMNS,
        height=_HEIGHT,
        left=0.65,
        gap=0.16,
        below=_BELOW,
        above=_ABOVE,
        bottom=_LOWER + 0.2,
    )
    for k, (x, axes) in enumerate(zip(curves, grid, strict=False)):
        _draw_curve(axes, x, reported[1])
        axes.tick_params(labelleft=k % _COLUMNS == 0)
        if k % _COLUMNS == 0:
            axes.set_ylabel("moved (%)", fontsize=7.5)
        last_line = k + _COLUMNS >= len(curves)
        axes.set_xlabel("hours since the release" if last_line else "", fontsize=7)
        marks.panel_title(axes, x.title, 1.5, size=7.5)
    last = next(grid)
    last.set_axis_off()
    entries = [
        ("median", {"color": INK, "lw": 1.4}),
        ("5 to 95 %", {"color": INK, "lw": 7, "alpha": 0.18}),
        ("the claim", {"color": orange, "lw": 5}),
    ]
    marks.key(last, entries, loc="upper left")
    _draw_modes(page, analysis, reported[1])
    _draw_switches(page, analysis)


def _draw_curve(axes: Axes, x: Curve, limits: Interval) -> None:
    low, middle, high = (100 * np.array(y) for y in (x.low, x.median, x.high))
    axes.fill_between(x.hours, low, high, color=INK, alpha=0.16, lw=0)
    axes.plot(x.hours, middle, color=INK, lw=1.4)
    orange = marks.colours()[1]
    ends = [100 * limits.low, 100 * limits.high]
    axes.plot([_DAY, _DAY], ends, color=orange, lw=5, solid_capstyle="butt", zorder=4)
    axes.set_xlim(0, max(x.hours))
    axes.set_ylim(0, 100)
    axes.set_xticks([0, _DAY, 48])
    axes.set_yticks([0, 50, 100])
    axes.grid(color=LINE, lw=0.6)


def _modes(analysis: Analysis) -> dict[str, Uptake]:
    found: dict[str, Uptake] = {}
    for h in analysis.library.hypotheses.values():
        found |= h.uptakes
    return found


def _draw_modes(page: Page, analysis: Analysis, limits: Interval) -> None:
    modes = _modes(analysis)
    axes = page.axes(1.75, 0.5, 2.75, _LOWER - 0.95)
    marks.rows(axes, [x.title for x in modes.values()], room=1.55, size=7.5)
    u = (np.arange(1_000) + 0.5) / 1_000
    for row, mode in enumerate(modes.values()):
        marks.bar(axes, row, span(100 * mode.moved.quantile(u)))
    orange = marks.colours()[1]
    axes.axvspan(100 * limits.low, 100 * limits.high, color=orange, alpha=0.45, lw=0, zorder=1)
    axes.set_xlim(0, 100)
    axes.grid(axis="x", color=LINE, lw=0.6)
    axes.set_xlabel("share moved after a day (%)", fontsize=marks.LABEL)
    page.text(MARGIN, _LOWER - 0.33, "Priors of the modes: 90 % thin, 50 % thick", fontsize=8.5)


def _draw_switches(page: Page, analysis: Analysis) -> None:
    left = 5.35
    axes = page.axes(left, 0.5, WIDTH - left - 0.2, _LOWER - 0.95)
    colours = marks.colours()
    entries = []
    for k, x in enumerate(analysis.switches):
        logs = [min(max(math.log10(max(r, 1e-9)), -_MOST), _MOST) for r in x.ratios.values()]
        look = {"color": colours[(0, 2, 3, 4, 5, 6)[k % 6]], "marker": marks.MARKERS[k], "lw": 1.2}
        axes.plot([100 * w for w in x.ratios], logs, ms=4.5, mew=0, **look)
        entries.append((f"against {inline(analysis, x.against)}", {**look, "ms": 5}))
    marks.odds_axis(axes, _MOST, vertical=True)
    axes.set_ylabel("odds, accused : other (log scale)", fontsize=7.5)
    axes.set_xlim(-2, 102)
    axes.set_xlabel("weight of a default switch in that explanation (%)", fontsize=marks.LABEL)
    if entries:
        marks.key(
            axes,
            entries,
            loc="lower left",
            fontsize=7.5,
            bbox_to_anchor=(0.02, 0.02),
            frameon=True,
            edgecolor="white",
            framealpha=1,
        )
    accused = inline(analysis, analysis.settings.accused)
    page.text(left - 0.6, _LOWER - 0.33, f"Odds of {accused} by that move alone", fontsize=8.5)


def _switch_words(analysis: Analysis, x: Switch) -> str:
    first, *_, last = (odds_words(math.log10(r)) for r in x.ratios.values())
    return f"against {inline(analysis, x.against)} from {first} without one to {last} with it alone"


def _alt(analysis: Analysis, curves: Sequence[Curve], limits: Interval) -> str:
    kinds = "; ".join(
        f"{x.title} {percent(x.after_a_day.median)} "
        f"({share_range(x.after_a_day.p05, x.after_a_day.p95)})"
        for x in curves
    )
    switches = "; ".join(_switch_words(analysis, x) for x in analysis.switches)
    return (
        f"Share moved after a day, median and 5 to 95 %: {kinds}. The claim stands for "
        f"{share_range(limits.low, limits.high)}. No public curve exists; all are assumed. Odds by "
        f"the weight of a default switch: {switches}."
    )
