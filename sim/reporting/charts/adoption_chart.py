"""Chart of the section `pivot`: the move to a new model within a day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.comparison.claims.intervals import Interval
from sim.comparison.section import Comparison
from sim.comparison.sections.adoption import Adoption, Move, Switch, reported_move
from sim.comparison.wording import odds_words, percent, share_range
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import source
from sim.reporting.charts.layout import INK, LINE, MARGIN, WIDTH, Chart, Frame, Page
from sim.reporting.charts.primitives import Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DAY = 24
# Height in inches of the two lower panels with their titles.
_LOWER = 2.75
# Largest log10 odds that the axis shows.
_MOST = 1.35


def pivot(comparison: Comparison, result: Adoption) -> Chart:
    """Draw how traffic may follow a release, and what a default switch does to the odds.

    Left a panel for each way to move, right the odds of the reported move by the weight of a
    switched default.
    """
    claim, limits = reported_move()
    medians = [x.at_end.median for x in result.moves]
    title = (
        f"The reported move, {share_range(limits.low, limits.high)} within a day, beside what is "
        f"assumed: {share_range(min(medians), max(medians))} in the middle, by who decides"
    )

    def fill(page: Page) -> None:
        """Draw the curves above the odds."""
        _draw_curves(page, result.moves, limits)
        _draw_switches(page, comparison, result.switches)

    return Chart(
        "pivot",
        "pivot",
        title,
        _alt(comparison, result, limits),
        Frame(
            subtitle=(
                "Top: share of the traffic on a new model by hours since its release, for each way "
                "to move: median, and 5 to 95 % shaded. The bar at 24 h is the claim "
                f'("{claim.qualifier}"). No public curve of any provider\'s clients exists: all '
                "are assumptions. Bottom: likelihood ratio of that claim alone, by the weight of a "
                "product that switches its default; counts (C1 to C6) play no part. Curves are "
                f"drawn with seed {comparison.settings.seed}, odds computed without draws."
            ),
            source=source(
                comparison, f"The move is claim {claim.id}: {claim.report}, {claim.actor}."
            ),
            height=_grid(len(result.moves)).total_height + 0.2 + _LOWER,
            fill=fill,
        ),
    )


def _grid(curves: int) -> Grid:
    """Return a grid with a panel for each curve, and one for the key."""
    return Grid(
        curves + 1,
        columns=3,
        height=0.95,
        left=0.65,
        gap=0.16,
        above=0.42,
        below=0.28,
        bottom=_LOWER + 0.2,
    )


def _draw_curves(page: Page, curves: Sequence[Move], limits: Interval) -> None:
    """Draw the panels of curves, and in the last one the key; `limits` are those of the claim."""
    grid = _grid(len(curves))
    panels = grid.axes(page)
    for k, (x, axes) in enumerate(zip(curves, panels, strict=False)):
        _draw_curve(axes, x, limits)
        axes.tick_params(labelleft=k % grid.columns == 0)
        if k % grid.columns == 0:
            axes.set_ylabel("share moved (%)", fontsize=7.5)
        last_line = k + grid.columns >= len(curves)
        axes.set_xlabel("hours since the release" if last_line else "", fontsize=7)
        primitives.panel_title(axes, x.title, 1.5, size=7.5)

    last = next(panels)
    last.set_axis_off()
    entries = [
        ("median", {"color": INK, "lw": 1.4}),
        ("5 to 95 %", {"color": INK, "lw": 7, "alpha": 0.18}),
        ("the claim", {"color": primitives.colours()[1], "lw": 5}),
    ]
    primitives.key(last, entries, loc="upper left")


def _draw_curve(axes: Axes, x: Move, limits: Interval) -> None:
    """Draw one curve in per cent with its band, and the claim as a bar at 24 hours."""
    low, middle, high = (100 * np.array(y) for y in (x.low, x.median, x.high))
    axes.fill_between(x.hours, low, high, color=INK, alpha=0.16, lw=0)
    axes.plot(x.hours, middle, color=INK, lw=1.4)
    orange = primitives.colours()[1]
    ends = [100 * limits.low, 100 * limits.high]
    axes.plot([_DAY, _DAY], ends, color=orange, lw=5, solid_capstyle="butt", zorder=4)
    axes.set_xlim(0, max(x.hours))
    axes.set_ylim(0, 100)
    axes.set_xticks([0, 12, _DAY])
    axes.set_yticks([0, 50, 100])
    axes.grid(color=LINE, lw=0.6)


def _draw_switches(page: Page, comparison: Comparison, switches: Sequence[Switch]) -> None:
    """Draw the odds by the weight of a default switch, a line for each other hypothesis.

    Odds beyond the axis are drawn at its end.
    """
    left = 0.9
    axes = page.axes(left, 0.5, WIDTH - left - 0.2, _LOWER - 0.95)
    colours = primitives.colours()
    entries = []
    for k, x in enumerate(switches):
        logs = [min(max(math.log10(max(r, 1e-9)), -_MOST), _MOST) for r in x.ratios.values()]
        look = {
            "color": colours[(0, 2, 3, 4, 5, 6)[k % 6]],
            "marker": primitives.MARKERS[k % len(primitives.MARKERS)],
            "lw": 1.2,
        }
        axes.plot([100 * w for w in x.ratios], logs, ms=4.5, mew=0, **look)
        entries.append((f"against {comparison.inline_title(x.against)}", {**look, "ms": 5}))

    primitives.odds_axis(axes, _MOST, vertical=True)
    axes.set_ylabel("odds, accused : other (log scale)", fontsize=7.5)
    axes.set_xlim(-2, 102)
    axes.set_xlabel("weight of a default switch in that explanation (%)", fontsize=primitives.LABEL)
    if entries:
        primitives.key(
            axes,
            entries,
            loc="lower left",
            fontsize=7.5,
            bbox_to_anchor=(0.02, 0.02),
            frameon=True,
            edgecolor="white",
            framealpha=1,
        )
    accused = comparison.inline_title(comparison.settings.accused)
    page.text(MARGIN, _LOWER - 0.33, f"Odds of {accused} by that move alone", fontsize=8.5)


def _alt(comparison: Comparison, result: Adoption, limits: Interval) -> str:
    """Say what share moves after a day in each way, what the claim is, and how the odds go."""
    ways = "; ".join(
        f"{x.title} {percent(x.at_end.median)} ({share_range(x.at_end.p05, x.at_end.p95)})"
        for x in result.moves
    )
    odds = "; ".join(_switch_words(comparison, x) for x in result.switches)
    return (
        f"Share moved after a day, median and 5 to 95 %: {ways}. The claim stands for "
        f"{share_range(limits.low, limits.high)}. No public curve exists; all are assumed. Odds by "
        f"the weight of a default switch: {odds}."
    )


def _switch_words(comparison: Comparison, x: Switch) -> str:
    """Say the odds against one hypothesis without a default switch and with nothing else."""
    first, *_, last = (odds_words(math.log10(r)) for r in x.ratios.values())
    other = comparison.inline_title(x.against)
    return f"against {other} from {first} without one to {last} with it alone"
