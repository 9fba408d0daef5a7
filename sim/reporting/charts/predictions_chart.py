"""Charts of the counts that explanations make one expect: of kinds of use, and of each alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.arrays.types import Floats
from sim.comparison.inference.quantiles import Span
from sim.comparison.plain_words import plain_number
from sim.comparison.section import Comparison
from sim.comparison.sections.predictions import REPORTED, Predicted
from sim.comparison.wording import and_list, percent, plural
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import (
    drawn,
    group_colour,
    group_words,
    in_groups,
    source,
)
from sim.reporting.charts.count_marks import Mark, draw_marks, ends_of, levels_of, marks_of
from sim.reporting.charts.layout import (
    INK,
    NARROW,
    Chart,
    Data,
    Frame,
    Page,
    text_width,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT, _RIGHT, _BELOW, _KEY = 0.25, 0.3, 0.5, 0.25
_CURVES, _ROW = 1.75, 0.42
# Where densities are computed, and the least width of a kernel, both in log10 exchanges.
_STEPS, _NARROWEST = 90, 0.08
_MOST_WIDENED = 20


# Kinds of use


def expected(comparison: Comparison, result: tuple[Predicted, ...]) -> Chart | None:
    """Draw which counts each kind of use makes one expect, with the claims by name.

    A curve for each kind, a mixture of its explanations with equal weights. None without
    predictions.
    """
    predicted = _reported(result)
    if not predicted:
        return None
    groups = in_groups(comparison, predicted)
    marks, limits = marks_of(comparison), _limits(comparison, predicted)
    above = _above(marks, limits)
    x = _places(limits)
    curves = {
        group: np.mean([_density(predicted[id_], x) for id_ in ids], axis=0)
        for group, ids in groups.items()
    }

    def fill(page: Page) -> None:
        """Draw the curves, then the claims over them."""
        width = page.width - _LEFT - _RIGHT
        axes = page.axes(_LEFT, _BELOW + _KEY, width, _CURVES)
        for group, y in curves.items():
            colour = group_colour(group)
            axes.fill_between(10**x, y, color=colour, alpha=0.15, lw=0)
            axes.plot(10**x, y, color=colour, lw=1.8)
        axes.set_yticks([])
        axes.set_ylabel("how likely", fontsize=primitives.LABEL)
        axes.spines["left"].set_visible(False)

        axes.set_ylim(0, 1.1 * max(y.max() for y in curves.values()))
        _counts_axis(axes, limits)
        entries = [(group_words(x), {"color": group_colour(x), "lw": 3}) for x in curves]
        under = page.axes(_LEFT, 0, width, _KEY)
        under.set_axis_off()
        primitives.key(under, entries, loc="center left", ncols=3, columnspacing=1.2)

        draw_marks(axes, marks, levels_of(marks, limits, width))

    return Chart(
        "expected-counts",
        "predictions",
        _expected_title(comparison, groups, predicted),
        _expected_alt(comparison, groups, predicted),
        Frame(
            subtitle=(
                "How likely each number of exchanges is, as a provider would find and publish it, "
                "if the explanations of a kind are equally likely. Lines: the reported counts, "
                "which no curve was drawn from."
            ),
            source=source(comparison, drawn(comparison, "explanation")),
            height=_KEY + _BELOW + _CURVES + above,
            fill=fill,
            width=NARROW,
        ),
        _curve_data(x, curves),
    )


def _expected_title(
    comparison: Comparison, groups: Mapping[str, Sequence[str]], predicted: Mapping[str, Predicted]
) -> str:
    """Say how many counts lie within what each kind of use makes one expect."""
    marks = [x for x in marks_of(comparison) if not x.is_sum]
    inside = [
        x
        for x in marks
        if all(any(_is_inside(x, predicted[id_].count) for id_ in ids) for ids in groups.values())
    ]
    kinds = and_list(group_words(x) for x in groups)
    if len(groups) == 1 or not marks:
        return f"Which counts {kinds} make{'s' if len(groups) == 1 else ''} one expect"

    each = f"{kinds[:1].upper()}{kinds[1:]} could each make"
    if len(inside) == len(marks):
        return f"{each} {'this count' if len(marks) == 1 else f'all {len(marks)} counts'}"
    if inside:
        return f"{each} {len(inside)} of the {len(marks)} counts"
    which = "this count" if len(marks) == 1 else f"any of the {len(marks)} counts"

    return f"Not every one of {kinds} could make {which}"


def _is_inside(mark: Mark, count: Span) -> bool:
    """Tell whether a count overlaps with the middle 90 % of what is predicted."""
    return mark.low <= count.p95 and mark.high >= count.p05


def _expected_alt(
    comparison: Comparison, groups: Mapping[str, Sequence[str]], predicted: Mapping[str, Predicted]
) -> str:
    """Say the middle of each curve, and between which of them the counts stand."""
    middles = and_list(
        f"{plain_number(float(np.median([predicted[x].count.median for x in ids])))} for "
        f"{group_words(group)}"
        for group, ids in groups.items()
    )
    marks = and_list(x.label for x in marks_of(comparison))
    return f"Curves over a logarithmic axis of counts, with middles at {middles}; lines at {marks}."


def _curve_data(x: Floats, curves: Mapping[str, Floats]) -> Data:
    """Return the curves as density for each factor of ten."""
    lines = zip(10**x, *curves.values(), strict=True)
    return [("exchanges", *curves), *([f"{v:.4g}" for v in line] for line in lines)]


# Each explanation


def predictions(comparison: Comparison, result: tuple[Predicted, ...]) -> Chart | None:
    """Draw the predictive density of the count of each explanation, with the claims by name.

    Prior predictive: nothing of the claims enters it. A row for each explanation, those of a kind
    together. None without predictions.
    """
    predicted = _reported(result)
    if not predicted:
        return None
    groups = in_groups(comparison, predicted)
    order = [(id_, group) for group, ids in groups.items() for id_ in ids]
    marks, limits = marks_of(comparison), _limits(comparison, predicted)
    above = _above(marks, limits)

    def fill(page: Page) -> None:
        """Draw a row for each explanation, then the claims over all of them."""
        width = page.width - _LEFT - _RIGHT
        axes = page.axes(_LEFT, _BELOW, width, page.height - _BELOW - above)
        axes.set_ylim(len(order), 0)
        for row, (id_, group) in enumerate(order):
            _draw_row(axes, row, predicted[id_], group_colour(group), limits)
            axes.text(
                limits[0],
                row + 0.3,
                comparison.title(id_),
                fontsize=8.5,
                color=INK,
                va="center",
                zorder=5,
                bbox={"fc": "white", "alpha": 0.75, "lw": 0, "pad": 0.6},
            )

        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        _counts_axis(axes, limits)

        draw_marks(axes, marks, levels_of(marks, limits, width))

    return Chart(
        "predictions",
        "predictions",
        _title(comparison, predicted),
        _alt(comparison, predicted),
        Frame(
            subtitle=(
                "A row for each explanation: how likely each number of exchanges is, as a provider "
                "would find and publish it. Bar: the middle 90 %; white: the median. "
                f"Colours: {_colour_words(groups)}."
            ),
            source=source(comparison, drawn(comparison, "explanation")),
            height=len(order) * _ROW + above + _BELOW,
            fill=fill,
            width=NARROW,
        ),
        _span_data(comparison, order, predicted),
    )


def _draw_row(
    axes: Axes, row: int, predicted: Predicted, colour: Any, limits: tuple[float, float]
) -> None:
    """Draw a density that stands on a bar of its middle 90 %."""
    x = _places(limits)
    foot = row + 0.9
    y = _density(predicted, x)
    axes.fill_between(10**x, foot, foot - 0.55 * y / y.max(), color=colour, alpha=0.3, lw=0)
    count = predicted.count
    axes.plot([max(count.p05, limits[0]), count.p95], [foot, foot], color=colour, lw=3)
    axes.plot([count.median], [foot], "|", color="white", ms=5, mew=1.6, zorder=4)


def _title(comparison: Comparison, predicted: Mapping[str, Predicted]) -> str:
    """Say how far apart the middles are, against how wide each explanation is by itself."""
    counts = [x.count for x in predicted.values()]
    medians = [x.median for x in counts]
    widths = [x.p95 / max(x.p05, 1) for x in counts]
    if len(counts) == 1:
        (only,) = predicted
        return (
            f"{comparison.title(only)} makes one expect {plain_number(counts[0].p05)} to "
            f"{plain_number(counts[0].p95)} exchanges"
        )
    return (
        f"The {len(counts)} explanations overlap: their middles differ by a factor of "
        f"{plain_number(_rough(max(medians) / max(min(medians), 1)))}, while each one alone spans "
        f"a factor of {plain_number(_rough(min(widths)))} or more"
    )


def _rough(value: float) -> float:
    """Return a factor with one digit, two below 2, as chance moves the others."""
    return float(f"{value:.1g}") if value >= 2 else float(f"{value:.2g}")


def _alt(comparison: Comparison, predicted: Mapping[str, Predicted]) -> str:
    """Say which explanations have the smallest and the largest middle, and one claim's place."""
    ranked = sorted(predicted, key=lambda x: predicted[x].count.median)
    first, last = ranked[0], ranked[-1]
    text = (
        f"Densities of {plural(len(ranked), 'explanation')}, with medians from "
        f"{plain_number(predicted[first].count.median)} ({comparison.inline_title(first)}) to "
        f"{plain_number(predicted[last].count.median)} ({comparison.inline_title(last)})"
    )
    if comparison.cases:
        case = comparison.cases[-1]
        reach = [x.above[case.id] for x in predicted.values() if case.id in x.above]
        if reach:
            text += f"; {percent(min(reach))} to {percent(max(reach))} of the draws reach {case.id}"
    return f"{text}."


def _colour_words(groups: Mapping[str, Sequence[str]]) -> str:
    """Name the colours of the kinds of use."""
    names = {"extraction": "red", "legitimate": "blue", "access": "purple"}
    return ", ".join(f"{names.get(x, 'grey')} for {group_words(x)}" for x in groups)


def _span_data(
    comparison: Comparison,
    order: Sequence[tuple[str, str]],
    predicted: Mapping[str, Predicted],
) -> Data:
    """Return the quantiles of each explanation."""
    head = ("explanation", "title", "group", "p05", "p25", "median", "p75", "p95")
    rows = []
    for id_, group in order:
        x = predicted[id_].count
        quantiles = (f"{v:.6g}" for v in (x.p05, x.p25, x.median, x.p75, x.p95))
        rows.append((id_, comparison.title(id_), group, *quantiles))
    return [head, *rows]


# What both draw


def _reported(result: Sequence[Predicted]) -> dict[str, Predicted]:
    """Return by hypothesis the counts as they are found, linked and published."""
    return {x.hypothesis: x for x in result if x.convention == REPORTED}


def _places(limits: tuple[float, float]) -> Floats:
    """Return where densities are computed, in log10 exchanges."""
    low, high = limits
    return np.linspace(math.log10(low), math.log10(high), _STEPS)


def _density(predicted: Predicted, x: Floats) -> Floats:
    """Return the density of log10 of the count at `x`, smoothed from percentiles.

    A Gaussian kernel on each percentile, as wide as Silverman's rule has it.
    """
    logs = np.log10(np.maximum(predicted.percentiles, 1.0))
    width = max(0.9 * float(logs.std()) * len(logs) ** -0.2, _NARROWEST)
    z = (x[:, None] - logs[None, :]) / width
    density: Floats = np.exp(-0.5 * z**2).mean(axis=1) / (width * math.sqrt(2 * math.pi))
    return density


def _limits(comparison: Comparison, predicted: Mapping[str, Predicted]) -> tuple[float, float]:
    """Return the limits of the axis of counts, wide enough for all that is drawn."""
    marks = marks_of(comparison)
    low = min(x.count.p05 for x in predicted.values())
    low = min([low, *(x.low for x in marks)])
    high = max([x.count.p95 for x in predicted.values()] + [x.low for x in marks])
    low, high = max(low, 1.0) / 3, high * 3

    # Labels stand left of their lines, so that the lowest need room
    widths = [text_width(x.label, primitives.FLAG) + 0.1 for x in marks]
    for _ in range(_MOST_WIDENED):
        ends = ends_of(marks, (low, high), NARROW - _LEFT - _RIGHT)
        if all(end + _LEFT > width for end, width in zip(ends, widths, strict=True)):
            break
        low /= 2
    return low, high


def _above(marks: Sequence[Mark], limits: tuple[float, float]) -> float:
    """Return the inches that the labels take over the axes."""
    return 0.2 + 0.16 * (max(levels_of(marks, limits, NARROW - _LEFT - _RIGHT), default=-1) + 1)


def _counts_axis(axes: Axes, limits: tuple[float, float]) -> None:
    """Make x the axis of counts that both charts have."""
    label = "exchanges of one cluster (number, log scale)"
    primitives.log_counts(axes, *limits, label, most=5, plain=True)
