"""Charts of a score: precision against recall, and what is detected as time goes by."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from sim.comparison.wording import short_number
from sim.reporting.charts import primitives
from sim.reporting.charts.layout import GREY, LINE, MARGIN, NARROW, SOFT, Chart, Frame, Page
from sim.scoring.figures import Curve
from sim.scoring.score import Score
from sim.scoring.words import number_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PRECISION_RECALL = "precision_recall"
# What is detected as time goes by, and the unit of its x axis.
_DELAYS = {
    "time_to_detection": "days",
    "campaign_time_to_detection": "days",
    "exchanges_to_detection": "exchanges",
}
_LEFT, _FOOT, _PANEL, _ABOVE = 0.75, 0.55, 2.6, 0.12
_BAND_SAID = " The band is an interval of 95 %."


def score_charts(score: Score) -> tuple[Chart, ...]:
    """Return the charts of the curves that a score has, in their order."""
    draw = {PRECISION_RECALL: _precision_recall, **dict.fromkeys(_DELAYS, _delay)}
    return tuple(draw[x.id](score, x) for x in score.curves if x.id in draw and x.x)


def _precision_recall(score: Score, curve: Curve) -> Chart:
    """Draw precision against recall, and the prevalence that a guess would have."""
    area = score.find("pr_auc")
    said = "not measured" if area is None else number_words(area.value)

    def fill(page: Page) -> None:
        """Draw the line, its band, and the prevalence as a dashed line; precision is in decades."""
        axes = _axes(page)
        least = 100 * score.prevalence / 2
        axes.set_yscale("log")
        axes.set_ylim(least, 110)

        ticks = [x for x in (0.01, 0.1, 0.3, 1, 3, 10, 30, 100) if x >= least]
        axes.set_yticks(ticks, [f"{x:g}" for x in ticks])
        axes.minorticks_off()

        _line(axes, curve, percent_of_x=True)
        guess = f"prevalence {score.prevalence:g}: a guess"
        axes.axhline(100 * score.prevalence, color=GREY, lw=1, ls=(0, (4, 3)), label=guess)
        axes.legend(loc="upper right", frameon=False, fontsize=primitives.LABEL, labelcolor=SOFT)
        axes.set_xlim(0, 100)
        axes.set_xlabel(
            "recall: share of positives that are flagged (%)", fontsize=primitives.LABEL
        )
        axes.set_ylabel(
            "precision: share of positives\namong what is flagged (%)", fontsize=primitives.LABEL
        )

    return _chart(
        score,
        curve,
        f"Precision and recall: PR-AUC {said}, where a guess has {score.prevalence:g}",
        f"Precision of {score.detector} at each recall, weighted to a prevalence of "
        f"{score.prevalence:g}.",
        fill,
    )


def _delay(score: Score, curve: Curve) -> Chart:
    """Draw the share that is detected, by days or exchanges since the beginning."""
    unit = _DELAYS[curve.id]

    def fill(page: Page) -> None:
        """Draw the steps, and a line at half."""
        axes = _axes(page)
        _line(axes, curve, percent_of_x=False)
        axes.axhline(50, color=GREY, lw=1, ls=(0, (4, 3)), label="half")
        axes.legend(loc="upper right", frameon=False, fontsize=primitives.LABEL, labelcolor=SOFT)
        axes.set_xlim(0, max(curve.x[-1], 1))
        if unit == "exchanges":
            axes.set_xscale("symlog", linthresh=10)
            ticks = [0, *(10**k for k in range(1, 12) if 10**k <= max(curve.x[-1], 10))]
            axes.set_xticks(ticks, [short_number(x) for x in ticks])
            axes.minorticks_off()
        axes.set_xlabel(curve.x_name, fontsize=primitives.LABEL)
        axes.set_ylabel(f"{curve.y_name} (%)", fontsize=primitives.LABEL)

    return _chart(
        score,
        curve,
        f"{curve.title}: {_half(curve, unit)}",
        f"{curve.y_name.capitalize()} by {score.detector}, by {unit}: estimated from all "
        "that were observed so long (Kaplan and Meier), so not the share at the close.",
        fill,
    )


def _half(curve: Curve, unit: str) -> str:
    """Say within what half is detected, or how much is within the longest wait."""
    half = np.flatnonzero(np.asarray(curve.y) >= 0.5)
    if len(half):
        return f"half within {number_words(curve.x[half[0]])} {unit}"
    return f"{100 * curve.y[-1]:.0f} % within {number_words(curve.x[-1])} {unit}"


def _chart(score: Score, curve: Curve, title: str, how: str, fill: Callable[[Page], None]) -> Chart:
    """Return a chart of one curve, with its points as data."""
    band = _BAND_SAID if curve.low is not None else ""
    lines = [curve.x, curve.y, *(x for x in (curve.low, curve.high) if x is not None)]
    heads = [curve.x_name, curve.y_name, *(["low", "high"] if curve.low is not None else [])]

    return Chart(
        f"{curve.id}-{score.split}".replace("_", "-"),
        score.split,
        title,
        how,
        Frame(
            subtitle=f"{how}{band}",
            source=f"{score.pack}, split {score.split}. All of it is simulated.",
            height=_PANEL + _FOOT + _ABOVE,
            fill=fill,
            width=NARROW,
        ),
        [heads, *([*row] for row in zip(*lines, strict=True))],
    )


def _axes(page: Page) -> Axes:
    """Return axes whose y is a share in percent."""
    axes = page.axes(_LEFT, _FOOT, NARROW - _LEFT - MARGIN - 0.15, _PANEL)
    axes.set_ylim(0, 102)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.grid(color=LINE, lw=0.6)
    return axes


def _line(axes: Axes, curve: Curve, *, percent_of_x: bool) -> None:
    """Draw the line of a curve with its band; `y` in percent, and `x` too if said."""
    blue = primitives.colours()[0]
    x = np.asarray(curve.x) * (100 if percent_of_x else 1)
    step: Literal["post"] | None = "post" if curve.step else None
    if curve.low is not None and curve.high is not None:
        low, high = 100 * np.asarray(curve.low), 100 * np.asarray(curve.high)
        axes.fill_between(x, low, high, color=blue, alpha=0.2, lw=0, step=step)
    style = "steps-post" if curve.step else "default"
    axes.plot(x, 100 * np.asarray(curve.y), color=blue, lw=1.6, drawstyle=style)
