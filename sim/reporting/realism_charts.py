"""Charts of a scorecard: distances beside their goals, and distributions over each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.arrays.types import Floats
from sim.reporting.charts import primitives
from sim.reporting.charts.layout import GREY, INK, LINE, MARGIN, SOFT, WIDTH, Chart, Frame, Page
from sim.reporting.run_charts.plain import count_axis
from sim.scorecard import Overlaid, Score, Scorecard
from sim.scorecard.compared import ks_distance

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW, _LEFT, _FOOT = 0.19, 2.75, 0.55
_PANEL = 2.3
# Distances are drawn from this part of the goal to so many times of it.
_LEAST, _MOST = 0.03, 30.0
# Of a curve and of its data.
_POINTS = 200
_SAMPLES = ("trace", "run", "naive")


def realism_charts(card: Scorecard) -> tuple[Chart, ...]:
    """Return the charts of a scorecard, that of the distances first."""
    return (_distances(card), *(_overlay(card, x) for x in card.distributions))


def _distances(card: Scorecard) -> Chart:
    """Draw every distance in units of its goal."""
    scores = [s for s in card if math.isfinite(s.distance) and s.goal.kind != "range"]

    def fill(page: Page) -> None:
        """Draw a row for each statistic, and the goal as a line."""
        height = _ROW * len(scores)
        axes = page.axes(_LEFT, _FOOT, WIDTH - _LEFT - MARGIN, height)
        primitives.rows(axes, [s.goal.words for s in scores], room=_LEFT - 0.2, size=7.0)

        axes.set_xscale("log")
        axes.set_xlim(_LEAST, _MOST)
        ticks = (0.1, 0.5, 1, 2, 10)
        axes.set_xticks(ticks, [f"{x:g}" for x in ticks])
        axes.minorticks_off()
        axes.axvline(1, color=INK, lw=1)

        for row, score in enumerate(scores):
            _marks(axes, row, score)
        axes.set_xlabel("distance from the trace, in units of the goal", fontsize=primitives.LABEL)
        axes.legend(
            loc="upper center",
            bbox_to_anchor=(0.4, -0.32 / max(height, 0.1)),
            ncols=3,
            frameon=False,
            fontsize=primitives.LABEL,
        )

    passes = f"{card.passes} of {len(card)} goals are reached; naive calls reach "
    return Chart(
        "realism-distances",
        "distances",
        f"{passes}{card.passes_of_naive}",
        f"Distance of run, naive generator and the other part of the trace, for {len(scores)} "
        "statistics.",
        Frame(
            subtitle="Left of the line the goal is reached. An AUC counts from .5. Distances "
            "beyond the edges are drawn at the edge.",
            source=_source(card),
            height=_ROW * len(scores) + _FOOT,
            fill=fill,
        ),
        [
            ["statistic", "run", "naive", "trace_halves", "goal"],
            *([s.goal.id, s.distance, s.naive, s.real_half, s.goal.at_most] for s in scores),
        ],
    )


def _marks(axes: Axes, row: int, score: Score) -> None:
    """Draw the three distances of a statistic; the first row names them."""
    named = row == 0
    looks: tuple[tuple[str, float, dict[str, Any]], ...] = (
        ("other part of the trace", score.real_half, {"marker": "|", "color": INK, "ms": 8}),
        ("naive", score.naive, {"marker": "o", "mfc": "white", "color": GREY, "ms": 4}),
        ("run", score.distance, {"marker": "o", "color": primitives.colours()[0], "ms": 4.5}),
    )
    for label, distance, look in looks:
        place = in_goals(score, distance)
        if math.isfinite(place):
            x = min(max(place, _LEAST), _MOST)
            axes.plot([x], [row], ls="none", label=label if named else None, **look)


def in_goals(score: Score, distance: float) -> float:
    """Return a distance in units of its goal; that of a classifier counts from an AUC of .5."""
    goal = score.goal.at_most
    if score.telling:
        return max(distance - 0.5, 0.0) / (goal - 0.5)
    return distance / goal


def _overlay(card: Scorecard, x: Overlaid) -> Chart:
    """Draw a distribution of trace, run and naive generator as shares of values up to x."""
    both = np.concatenate([x.real, x.run])
    low, high = (float(q) for q in np.quantile(both, (0.002, 0.998))) if len(both) else (1.0, 2.0)
    low, high = max(low, 1e-4), max(high, low * 1.5)
    grid = np.geomspace(max(low, 1e-4), high, _POINTS)
    curves = [_share_up_to(values, grid) for values in (x.real, x.run, x.naive)]

    def fill(page: Page) -> None:
        """Draw three curves."""
        axes = page.axes(0.7, 0.5, WIDTH - 0.7 - MARGIN, _PANEL)
        looks: tuple[dict[str, Any], ...] = (
            {"color": INK, "lw": 2.2, "label": "trace, test part"},
            {"color": primitives.colours()[0], "lw": 1.6, "label": "run"},
            {"color": GREY, "lw": 1.2, "ls": (0, (4, 2)), "label": "naive"},
        )
        for curve, look in zip(curves, looks, strict=True):
            axes.plot(grid, 100 * curve, **look)
        unit = f" ({x.unit})" if x.unit else ""
        count_axis(axes, (float(grid[0]), float(grid[-1])), f"{x.words}{unit}")
        axes.set_ylim(0, 100)
        axes.set_ylabel("% of values up to x", fontsize=primitives.LABEL)
        axes.grid(color=LINE, lw=0.6)
        axes.legend(frameon=False, fontsize=primitives.LABEL, loc="upper left", labelcolor=SOFT)

    apart = 100 * ks_distance(x.run, x.real)
    return Chart(
        f"realism-{x.id.replace('_', '-')}",
        "distributions",
        f"{x.words}: shares of run and trace differ by {apart:.0f} points at most",
        f"Cumulative shares of {x.words.lower()} in the trace, in the run, and of naive calls.",
        Frame(
            subtitle="Test part of the trace, first run, and a generator of independent calls.",
            source=_source(card),
            height=_PANEL + 0.6,
            fill=fill,
        ),
        [["x", *_SAMPLES], *([g, *c] for g, *c in zip(grid, *curves, strict=True))],
    )


def _share_up_to(values: Floats, grid: Floats) -> Floats:
    """Return the share of sorted values that are at most each value of the grid."""
    if not len(values):
        return np.zeros(len(grid))
    return np.asarray(np.searchsorted(values, grid, "right") / len(values), np.float64)


def _source(card: Scorecard) -> str:
    return f"Trace: {card.title or card.against}. Runs are simulated."
