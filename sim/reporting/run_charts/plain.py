"""What several charts of runs write and draw: numbers in words, texts that fit, an axis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sim.comparison.wording import short_number
from sim.reporting.charts import primitives
from sim.reporting.charts.layout import LINE, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Below so many times the lowest value an axis has ticks at 2 and 5 too.
_FEW_POWERS = 150
# Multiples of powers of ten that are labelled: the first of these that give ticks enough.
_BETWEEN = ((1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8))
_ENOUGH_TICKS = 3


def number(value: float) -> str:
    """Return a number of exchanges as people write it: whole from ten on, else one decimal."""
    return f"{value:,.0f}" if value >= 9.95 or value == round(value) else f"{value:.1f}"


def shortened(text: str, size: float, room: float) -> str:
    """Return a text that fits `room` inches, cut with an ellipsis if it must be."""
    if text_width(text, size) <= room:
        return text
    kept = next((k for k in range(len(text), 1, -1) if text_width(text[:k], size) < room - 0.1), 1)
    return text[:kept].rstrip() + "\u2026"


def exchanges_words(value: float) -> str:
    """Return a number of exchanges in words, as `1 exchange`."""
    return f"{number(value)} exchange{'' if value == 1 else 's'}"


def count_axis(axes: Axes, limits: tuple[float, float], label: str = "", most: int = 8) -> None:
    """Make x a logarithmic axis of counts; one of few powers of ten has ticks between them too.

    Parameters
    ----------
    axes
        Set to run between the limits.
    limits
        The lowest and the highest value, above 0.
    label
        Of the axis.
    most
        How many powers of ten may be labelled.
    """
    low, high = limits
    if high / low >= _FEW_POWERS:
        primitives.log_counts(axes, low, high, label, most)
        return
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    powers = [10.0**k for k in range(math.floor(math.log10(low)), math.ceil(math.log10(high)))]
    finer = ([x * k for x in powers for k in steps if low <= x * k <= high] for steps in _BETWEEN)
    places = next((x for x in finer if len(x) >= _ENOUGH_TICKS), [low * 1.15, high / 1.15])
    axes.set_xticks(places, [short_number(x) for x in places])
    axes.minorticks_off()
    axes.grid(axis="x", color=LINE, lw=0.6)
    axes.set_xlabel(label, fontsize=8)
