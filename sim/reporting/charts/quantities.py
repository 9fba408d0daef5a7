"""Charts of quantities: what a claim would take, and the counts that explanations predict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sim.comparison.analysis import Analysis
from sim.comparison.inference.quantiles import Span
from sim.comparison.sections.benchmark_runs import CONVENTION
from sim.comparison.sections.needed_effort import REPORTED, Needed, Predicted
from sim.reporting.charts import marks
from sim.reporting.charts.layout import GREY, INK, MARGIN, SOFT, WIDTH, Chart, Page, framed
from sim.reporting.charts.wording import (
    and_list,
    convention_words,
    drawn,
    evidence_name,
    figure_words,
    inline,
    number_range,
    percent,
    short_number,
    source,
    title_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS, _LEFT, _ROW = 3, 2.45, 0.215


def needed(analysis: Analysis) -> Chart:
    """Chart the lever that each explanation needs beside the prior of that lever."""
    shown = _shown(analysis)
    ids = analysis.settings.hypotheses
    within = {x: sum(_inside(n) for n in shown if n.hypothesis == x) for x in ids}
    cases = len(analysis.cases)
    fewest, most = min(within.values()), max(within.values())
    title = (
        f"A volume that was assumed possible beforehand reaches "
        f"{number_range(fewest, most)} of {cases} "
        f"counts, by explanation; under {inline(analysis, analysis.settings.accused)} it reaches "
        f"{within[analysis.settings.accused]}"
    )
    height = marks.grid_height(len(ids), _COLUMNS, cases * _ROW)
    return framed(
        "needed",
        "needed",
        title,
        _needed_alt(analysis, shown, within),
        subtitle=(
            "How much of its lever (runs, users, prompts, customers) each explanation needs to "
            f"reach the lower end of each count. {_convention_note(shown)} Bars: 90 % thin, 50 % "
            "thick, gap at the median, all other dials drawn from their priors. Shaded: the prior "
            f"of the lever, 90 % and 50 %, dotted its median. A bar that leaves at the left: the "
            f"rest of the explanation suffices. {drawn(analysis, 'explanation')}"
        ),
        source=source(analysis),
        height=height,
        fill=lambda page: _draw_needed(page, analysis, shown),
    )


def _shown(analysis: Analysis) -> list[Needed]:
    """One answer for each case and explanation: under C2, or what the report leaves possible."""
    convention = {
        x.id: CONVENTION if CONVENTION in x.conventions else x.conventions[0]
        for x in analysis.cases
    }
    return [x for x in analysis.needed if x.convention == convention[x.case]]


def _convention_note(shown: Sequence[Needed]) -> str:
    other = {x.case: x.convention for x in shown if x.convention != CONVENTION}
    text = f"Counted as {convention_words(CONVENTION)}"
    return text + "".join(f"; {case} as {convention_words(x)}" for case, x in other.items()) + "."


def _inside(x: Needed) -> bool:
    """Whether the median need lies in the 90 % range of the prior."""
    return x.needed.median <= x.stated.p95


def _needed_alt(analysis: Analysis, shown: Sequence[Needed], within: dict[str, int]) -> str:
    parts = []
    for id_ in analysis.settings.hypotheses:
        own = [x for x in shown if x.hypothesis == id_]
        least = min(own, key=lambda x: x.needed.median)
        most = max(own, key=lambda x: x.needed.median)
        parts.append(
            f"{title_of(analysis, id_)} needs {short_number(least.needed.median)} to "
            f"{short_number(most.needed.median)} {_unit(own[0])} at the median, against a prior "
            f"of {short_number(own[0].stated.p05)} to {short_number(own[0].stated.p95)}; "
            f"{within[id_]} of {len(own)} claims lie below its upper end"
        )
    return "A panel per explanation, a row per claim. " + ". ".join(parts) + "."


def _unit(x: Needed) -> str:
    return x.lever.split(".")[-1].replace("_", " ")


def _draw_needed(page: Page, analysis: Analysis, shown: Sequence[Needed]) -> None:
    ids = analysis.settings.hypotheses
    labels = [f"{evidence_name(analysis, x.id)}, {figure_words(x)}" for x in analysis.cases]
    grid = marks.panels(
        page, len(ids), columns=_COLUMNS, height=len(labels) * _ROW, left=_LEFT, gap=0.22
    )
    for k, (id_, axes) in enumerate(zip(ids, grid, strict=True)):
        own = [x for x in shown if x.hypothesis == id_]
        marks.rows(axes, labels, room=_LEFT - 2 * MARGIN, size=7.5)
        axes.tick_params(labelleft=k % _COLUMNS == 0)
        _prior_band(axes, own[0])
        for row, x in enumerate(own):
            marks.bar(axes, row, _above_zero(x), INK)
        low = min(x.needed.p05 if x.needed.p05 >= 1 else 1.0 for x in own)
        marks.log_counts(
            axes,
            max(min(low, own[0].stated.p05) / 2, 0.5),
            max(own[0].stated.p95, *(x.needed.p95 for x in own)) * 2,
            f"{_unit(own[0])} (number, log scale)",
            most=5,
        )
        is_accused = id_ == analysis.settings.accused
        marks.panel_title(axes, title_of(analysis, id_), 1.95, bold=is_accused, size=8)


def _above_zero(x: Needed) -> Span:
    """A need of nothing has no place on a logarithmic axis: it is drawn at its left edge."""
    return Span(*(max(y, 1e-3) for y in vars(x.needed).values()))


def _prior_band(axes: Axes, x: Needed) -> None:
    colour = marks.colours()[0]
    axes.axvspan(x.stated.p05, x.stated.p95, color=colour, alpha=0.18, lw=0, zorder=1)
    axes.axvspan(x.stated.p25, x.stated.p75, color=colour, alpha=0.25, lw=0, zorder=1)
    axes.axvline(x.stated.median, color=colour, lw=1.2, ls=":", zorder=2)


_THIN = {"C2": ("o", 0.20), "C6": ("D", 0.36)}


def predictions(analysis: Analysis) -> Chart:
    """Chart the predictive distributions of the count, with the claims as intervals."""
    by = {(x.hypothesis, x.convention): x for x in analysis.predicted}
    ids = analysis.settings.hypotheses
    medians = [by[x, REPORTED].count.median for x in ids]
    widths = [by[x, REPORTED].count.p95 / max(by[x, REPORTED].count.p05, 1) for x in ids]
    title = (
        f"The explanations differ by a factor of {short_number(max(medians) / min(medians))} in "
        f"the count that is typical of them; each by itself spans a factor of "
        f"{short_number(min(widths))} or more"
    )
    levels = _claim_levels(analysis, _limits(analysis))
    top = 0.25 + 0.16 * (max((x[2] for x in levels), default=0) + 1)
    return framed(
        "predictions",
        "predictions",
        title,
        _predictions_alt(analysis, by),
        subtitle=(
            "Exchanges that each explanation makes one expect. Thick: as found, linked and "
            "published by an accuser, under the convention that was drawn (90 % thin, 50 % thick, "
            f"gap at the median). Below it the whole cluster as {convention_words('C2')} and "
            f"{convention_words('C6')}, median and 90 %. Vertical: what each claim may stand for; "
            f"an arrow: no upper end. {drawn(analysis, 'explanation')}"
        ),
        source=source(analysis),
        height=len(ids) * 0.46 + top + 0.5,
        fill=lambda page: _draw_predictions(page, analysis, by, levels, top),
    )


def _limits(analysis: Analysis) -> tuple[float, float]:
    spans = [x.count for x in analysis.predicted if x.convention in (REPORTED, *_THIN)]
    ends = [x.interval("count", analysis.settings.reading).low for x in analysis.cases]
    low = max(min(x.p05 for x in spans), 1.0) / 1.6
    return low, max(*(x.p95 for x in spans), *ends) * 1.6


_AXES_LEFT, _AXES_WIDTH = 1.95, WIDTH - 1.95 - 0.2


def _claim_levels(
    analysis: Analysis, limits: tuple[float, float]
) -> list[tuple[str, float, int, float]]:
    """Label, lower end, level and upper end of every distinct claim, from the left."""
    groups: dict[tuple[float, float], list[str]] = {}
    words: dict[tuple[float, float], str] = {}
    for case in analysis.cases:
        x = case.interval("count", analysis.settings.reading)
        groups.setdefault((x.low, x.high), []).append(case.id)
        words[x.low, x.high] = figure_words(case)
    ends = sorted(groups)
    labels = [f"{', '.join(groups[x])} {words[x]}" for x in ends]
    inch = _AXES_WIDTH / math.log10(limits[1] / limits[0])
    places = [math.log10(x[0] / limits[0]) * inch for x in ends]
    levels = marks.staggered(places, labels, marks.FLAG)
    return [(a, x[0], k, x[1]) for a, x, k in zip(labels, ends, levels, strict=True)]


def _draw_predictions(
    page: Page,
    analysis: Analysis,
    by: dict[tuple[str, str], Predicted],
    levels: Sequence[tuple[str, float, int, float]],
    top: float,
) -> None:
    ids = analysis.settings.hypotheses
    axes = page.axes(_AXES_LEFT, 0.5, _AXES_WIDTH, page.height - 0.5 - top)
    accused = ids.index(analysis.settings.accused)
    marks.rows(axes, [title_of(analysis, x) for x in ids], room=1.75, bold=(accused,))
    marks.log_counts(axes, *_limits(analysis), "exchanges of one cluster (number, log scale)")
    blue = marks.colours()[0]
    for row, id_ in enumerate(ids):
        marks.bar(axes, row - 0.17, by[id_, REPORTED].count, INK, thick=7)
        for convention, (marker, y) in _THIN.items():
            x = by[id_, convention].count
            axes.plot([x.p05, x.p95], [row + y] * 2, color=GREY, lw=0.9, zorder=3)
            axes.plot([x.median], [row + y], marker, color=SOFT, mfc="white", ms=4, zorder=4)
            axes.annotate(
                convention,
                (x.p95, row + y),
                (3, 0),
                textcoords="offset points",
                va="center",
                fontsize=6.5,
                color=SOFT,
                annotation_clip=True,
            )
    for label, low, level, high in levels:
        _claim_mark(axes, label, low, high, level, blue)


def _claim_mark(axes: Axes, label: str, low: float, high: float, level: int, colour: Any) -> None:
    from matplotlib.transforms import blended_transform_factory

    mixed = blended_transform_factory(axes.transData, axes.transAxes)
    unbounded = high > axes.get_xlim()[1]
    end = low if unbounded else high
    axes.axvspan(low, end, color=colour, alpha=0.35, lw=0, zorder=2)
    axes.axvline(low, color=colour, lw=0.8, zorder=2)
    if unbounded:
        axes.plot([low], [1], ">", color=colour, ms=5, transform=mixed, clip_on=False)
    marks.flag(axes, low, level, label, colour)


def _predictions_alt(analysis: Analysis, by: dict[tuple[str, str], Predicted]) -> str:
    spans = [
        f"{title_of(analysis, x)}: median {short_number(y.median)}, 90 % from "
        f"{short_number(y.p05)} to {short_number(y.p95)}"
        for x in analysis.settings.hypotheses
        for y in [by[x, REPORTED].count]
    ]
    shares = [
        f"{case.id} ({figure_words(case)}) is reached by "
        + and_list(
            f"{percent(by[x, REPORTED].above[case.id])} of {inline(analysis, x)}"
            for x in (analysis.settings.accused, analysis.settings.against)
        )
        for case in analysis.cases
    ]
    return (
        "Published counts, a row per explanation. " + ". ".join(spans) + ". Of the claims, "
        "drawn as vertical intervals: " + "; ".join(shares) + "."
    )
