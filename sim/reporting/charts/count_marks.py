"""Counts that are asked about, as named lines over an axis of counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.comparison.plain_words import claim_names
from sim.comparison.section import Comparison
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import evidence_name
from sim.reporting.charts.layout import GREY, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_RUNS = 8


@dataclass(frozen=True)
class Mark:
    """A count that is asked about, as a line over an axis of counts.

    Attributes
    ----------
    label
        Its name.
    low, high
        Limits of the count in exchanges; infinity where it has no upper end.
    is_sum
        Whether it adds up others that are asked about: arithmetic, which is not weighed.
    """

    label: str
    low: float
    high: float
    is_sum: bool = False


def marks_of(comparison: Comparison) -> list[Mark]:
    """Return the counts that are asked about, rising: those of runs, where there are runs.

    Of many runs only the largest are named.
    """
    if comparison.runs:
        counts = sorted(comparison.runs, key=lambda x: -x.counts["C2"])[:_MOST_RUNS]
        marks = [
            Mark(evidence_name(comparison, x.name), x.counts["C2"], x.counts["C2"])
            for x in counts
            if x.counts["C2"]
        ]
    else:
        names, reading = dict(claim_names(comparison.cases)), comparison.settings.reading
        limits = {x.id: x.interval("count", reading) for x in comparison.cases}
        sums = {x.id for x in comparison.cases if x.is_sum}
        are_all = len(sums) == len(limits)
        if not are_all:
            names |= {k: names[k].replace("together", "sum of these") for k in sums}
        marks = [
            Mark(names[k], x.low, x.high, k in sums and not are_all) for k, x in limits.items()
        ]

    return sorted(marks, key=lambda x: x.low)


def ends_of(marks: Sequence[Mark], limits: tuple[float, float], width: float) -> list[float]:
    """Return where the marks stand on an axis of a width, in inches."""
    inch = width / math.log10(limits[1] / limits[0])
    return [math.log10(x.low / limits[0]) * inch for x in marks]


def levels_of(marks: Sequence[Mark], limits: tuple[float, float], width: float) -> list[int]:
    """Return how high the label of each mark stands."""
    ends = ends_of(marks, limits, width)
    return primitives.staggered(ends, [x.label for x in marks], primitives.FLAG)


def draw_marks(axes: Axes, marks: Sequence[Mark], levels: Sequence[int]) -> None:
    """Draw a line for each count; an arrow stands for an end outside the axes."""
    from matplotlib.transforms import blended_transform_factory

    mixed = blended_transform_factory(axes.transData, axes.transAxes)
    for mark, level in zip(marks, levels, strict=True):
        colour, dashes = (GREY, (0, (3, 2))) if mark.is_sum else (SOFT, "-")
        axes.axvline(mark.low, color=colour, lw=1.1, ls=dashes, zorder=3)
        if mark.high < axes.get_xlim()[1]:
            axes.axvspan(mark.low, mark.high, color=GREY, alpha=0.35, lw=0, zorder=2)
        else:
            axes.plot([mark.low], [1], ">", color=SOFT, ms=5, transform=mixed, clip_on=False)
        primitives.flag(axes, mark.low, level, mark.label, colour)
