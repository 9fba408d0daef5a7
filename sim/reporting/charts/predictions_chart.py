"""Chart of the counts that hypotheses predict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.comparison.inference.quantiles import Span
from sim.comparison.section import Comparison
from sim.comparison.sections.predictions import REPORTED, Predicted
from sim.comparison.wording import and_list, percent, short_figure, short_number
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import convention_words, drawn, source
from sim.reporting.charts.layout import GREY, INK, SOFT, WIDTH, Chart, Frame, Page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT, _WIDTH = 1.95, WIDTH - 1.95 - 0.2
# Conventions that are drawn thin below what is reported: marker, and rows below the middle.
_THIN = {"C2": ("o", 0.20), "C6": ("D", 0.36)}

Predictions = Mapping[tuple[str, str], Predicted]


@dataclass(frozen=True)
class _ClaimMark:
    """What a claim may stand for, as a mark on the axis of counts.

    Attributes
    ----------
    label
        Ids of the claims that say the same, and their words.
    low, high
        Limits of the count in exchanges; infinity where the claim has no upper end.
    level
        How high the label stands, as `primitives.staggered` has it.
    """

    label: str
    low: float
    high: float
    level: int


def predictions(comparison: Comparison, result: tuple[Predicted, ...]) -> Chart | None:
    """Draw the predictive distributions of the count, with the claims as intervals.

    Prior predictive: nothing of the claims enters them. A row per hypothesis; None without
    predictions.
    """
    if not result:
        return None
    predicted = {(x.hypothesis, x.convention): x for x in result}
    ids = comparison.settings.hypotheses
    counts = [predicted[x, REPORTED].count for x in ids]
    medians = [x.median for x in counts]
    widths = [x.p95 / max(x.p05, 1) for x in counts]
    title = (
        f"The explanations differ by a factor of {short_number(max(medians) / min(medians))} in "
        f"the count that is typical of them; each by itself spans a factor of "
        f"{short_number(min(widths))} or more"
    )

    limits = _limits(comparison, result)
    claims = _claim_marks(comparison, limits)
    top = 0.25 + 0.16 * (max((x.level for x in claims), default=0) + 1)

    def fill(page: Page) -> None:
        """Draw the rows, then the claims over all of them."""
        axes = page.axes(_LEFT, 0.5, _WIDTH, page.height - 0.5 - top)
        _draw_predictions(axes, comparison, predicted, limits)
        for claim in claims:
            _draw_claim(axes, claim, primitives.colours()[0])

    return Chart(
        "predictions",
        "predictions",
        title,
        _alt(comparison, predicted),
        Frame(
            subtitle=(
                "Exchanges that each explanation makes one expect. Thick: as found, linked and "
                "published by an accuser, under the convention that was drawn (90 % thin, 50 % "
                "thick, gap at the median). Below it the whole cluster as "
                f"{convention_words('C2')} and {convention_words('C6')}, median and 90 %. "
                "Vertical: what each claim may stand for; an arrow: no upper end. "
                f"{drawn(comparison, 'explanation')}"
            ),
            source=source(comparison),
            height=len(ids) * 0.46 + top + 0.5,
            fill=fill,
        ),
    )


def _limits(comparison: Comparison, result: Sequence[Predicted]) -> tuple[float, float]:
    """Return the limits of the axis of counts, wide enough for all that is drawn and all claims."""
    spans = [x.count for x in result if x.convention in (REPORTED, *_THIN)]
    claims = [x.interval("count", comparison.settings.reading).low for x in comparison.cases]
    low = max(min(x.p05 for x in spans), 1.0) / 1.6
    return low, max(*(x.p95 for x in spans), *claims) * 1.6


def _claim_marks(comparison: Comparison, limits: tuple[float, float]) -> list[_ClaimMark]:
    """Return a mark for every distinct interval of the claims, from the left.

    `limits` are those of the axis, from which positions of labels in inches follow.
    """
    ids: dict[tuple[float, float], list[str]] = {}
    words: dict[tuple[float, float], str] = {}
    for case in comparison.cases:
        x = case.interval("count", comparison.settings.reading)
        ids.setdefault((x.low, x.high), []).append(case.id)
        words[x.low, x.high] = short_figure(case.claims["count"])

    intervals = sorted(ids)
    labels = [f"{', '.join(ids[x])} {words[x]}" for x in intervals]
    inch = _WIDTH / math.log10(limits[1] / limits[0])
    ends = [math.log10(low / limits[0]) * inch for low, _ in intervals]
    levels = primitives.staggered(ends, labels, primitives.FLAG)
    return [
        _ClaimMark(label, low, high, level)
        for label, (low, high), level in zip(labels, intervals, levels, strict=True)
    ]


def _draw_predictions(
    axes: Axes, comparison: Comparison, predicted: Predictions, limits: tuple[float, float]
) -> None:
    """Draw a row for each hypothesis: the reported count thick, two conventions thin below it."""
    ids = comparison.settings.hypotheses
    accused = ids.index(comparison.settings.accused)
    primitives.rows(axes, [comparison.title(x) for x in ids], room=1.75, bold=(accused,))
    primitives.log_counts(axes, *limits, "exchanges of one cluster (number, log scale)")
    for row, id_ in enumerate(ids):
        primitives.bar(axes, row - 0.17, predicted[id_, REPORTED].count, INK, thick=7)
        for convention, (marker, below) in _THIN.items():
            count = predicted[id_, convention].count
            _draw_thin(axes, row + below, count, marker, convention)


def _draw_thin(axes: Axes, y: float, count: Span, marker: str, convention: str) -> None:
    """Draw a thin range of 90 % with a marker at the median, and the convention behind its end."""
    axes.plot([count.p05, count.p95], [y, y], color=GREY, lw=0.9, zorder=3)
    axes.plot([count.median], [y], marker, color=SOFT, mfc="white", ms=4, zorder=4)
    axes.annotate(
        convention,
        (count.p95, y),
        (3, 0),
        textcoords="offset points",
        va="center",
        fontsize=6.5,
        color=SOFT,
        annotation_clip=True,
    )


def _draw_claim(axes: Axes, claim: _ClaimMark, colour: Any) -> None:
    """Shade what a claim may stand for; an arrow stands for an end outside the axes."""
    from matplotlib.transforms import blended_transform_factory

    is_unbounded = claim.high > axes.get_xlim()[1]
    end = claim.low if is_unbounded else claim.high
    axes.axvspan(claim.low, end, color=colour, alpha=0.35, lw=0, zorder=2)
    axes.axvline(claim.low, color=colour, lw=0.8, zorder=2)
    if is_unbounded:
        mixed = blended_transform_factory(axes.transData, axes.transAxes)
        axes.plot([claim.low], [1], ">", color=colour, ms=5, transform=mixed, clip_on=False)
    primitives.flag(axes, claim.low, claim.level, claim.label, colour)


def _alt(comparison: Comparison, predicted: Predictions) -> str:
    """Say the median and range of each hypothesis, and how often each claim is reached."""
    spans = []
    for id_ in comparison.settings.hypotheses:
        count = predicted[id_, REPORTED].count
        spans.append(
            f"{comparison.title(id_)}: median {short_number(count.median)}, 90 % from "
            f"{short_number(count.p05)} to {short_number(count.p95)}"
        )

    shares = []
    for case in comparison.cases:
        reaching = and_list(
            f"{percent(predicted[x, REPORTED].above[case.id])} of {comparison.inline_title(x)}"
            for x in (comparison.settings.accused, comparison.settings.against)
        )
        shares.append(f"{case.id} ({short_figure(case.claims['count'])}) is reached by {reaching}")

    return (
        "Published counts, a row per explanation. " + ". ".join(spans) + ". Of the claims, "
        "drawn as vertical intervals: " + "; ".join(shares) + "."
    )
