"""Chart of whole benchmark runs: their size by model, and how many reach each count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from sim.catalog import benchmarks, lookup, sources, statements
from sim.comparison.inference.run_totals import ModelPrediction, Range
from sim.comparison.section import Comparison
from sim.comparison.sections.benchmark_runs import BENCHMARK
from sim.comparison.wording import number_range, short_figure, short_number
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import convention_words, source
from sim.reporting.charts.layout import GREY, INK, LINE, SOFT, Chart, Frame, Page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Models = tuple[ModelPrediction, ...]

_ROW = 0.225
# Left end and width, in inches, of the two panels.
_SIZES, _NEEDED = (2.9, 2.15), (5.2, 3.65)


@dataclass(frozen=True)
class _Target:
    """A count that claims share.

    Attributes
    ----------
    label
        Ids of the claims, and the count as the report words it.
    value
        The count, in exchanges.
    runs
        Whole runs needed to reach it, for each model in the order of the chart.
    """

    label: str
    value: float
    runs: tuple[Range, ...]


def benchmark_runs(comparison: Comparison, models: Models) -> Chart | None:
    """Draw a row per model: exchanges of a run at the left, runs needed at the right.

    Parameters
    ----------
    comparison
        Its cases are the counts to reach.
    models
        By the size of a run, the smallest first.

    Returns
    -------
    Chart or None
        None without models or cases. No prior is used: steps are measured.
    """
    if not models or not comparison.cases:
        return None
    targets = _targets(comparison, models)
    levels = max(_levels(targets, _scale(targets)), default=0) + 1
    above = 0.34 + 0.16 * levels

    first = models[0]
    items = lookup(benchmarks(), "benchmark", BENCHMARK).items
    return Chart(
        "benchmark-runs",
        "benchmark-runs",
        _title(models, targets, items),
        _alt(models, targets),
        Frame(
            subtitle=(
                f"{first.agent} on {BENCHMARK} ({items:,} items), counted as "
                f"{convention_words('C2')}; {comparison.settings.draws:,} simulated series of runs "
                f"per model, seed {comparison.settings.seed}. Median, 50 % (thick) and 95 % (thin) "
                "of a run, the number is the median; runs needed with 95 %. Dashed: the numbers of "
                "the document that proposed benchmarks as the explanation."
            ),
            source=(
                f"Steps (measured): {sources()[first.source].text}; carried over from the "
                f"{first.measured_tasks} measured tasks. {source(comparison)} This chart uses none "
                "of these priors."
            ),
            height=_ROW * len(models) + 0.55 + above,
            fill=lambda page: _draw(page, models, targets, above),
        ),
    )


def _title(models: Models, targets: Sequence[_Target], items: int) -> str:
    """Say how large runs are, and how many reach the count of the document's thirty runs.

    If none of the targets is the claim that the document names, the largest count stands in.
    """
    sizes = [m.exchanges.median for m in models]
    thirty = statements()["thirty-runs"]
    claim = thirty.claim or ""
    target = next((x for x in targets if claim in x.label.split()[0]), targets[-1])
    needed = [x.median for x in target.runs]
    assumed = thirty.values["runs"]
    enough = sum(assumed * m.mean_steps * items >= target.value for m in models)
    return (
        f"One full run is {short_number(min(sizes))} to {short_number(max(sizes))} exchanges by "
        f"model; {short_number(target.value)} are "
        f"{number_range(min(needed), max(needed))} runs; "
        f"{assumed:.0f} runs of average size are enough for {enough} of {len(models)} models"
    )


def _alt(models: Models, targets: Sequence[_Target]) -> str:
    """Say the models with the smallest and largest run, and how many runs each count takes."""
    parts = []
    for target in targets:
        needed = [x.median for x in target.runs]
        parts.append(
            f"{target.label}: {number_range(min(needed), max(needed))} runs, "
            f"the middle model {median(needed):,.0f}"
        )
    middle = median(m.exchanges.median for m in models)
    return (
        f"{len(models)} models, {models[0].model} with the smallest run, {models[-1].model} with "
        f"the largest; the middle model takes {short_number(middle)} exchanges. Runs needed by "
        f"model: {'; '.join(parts)}."
    )


def _targets(comparison: Comparison, models: Models) -> list[_Target]:
    """Return the distinct counts, rising; claims of one count share a target."""
    ids_by_value: dict[float, list[str]] = {}
    words, runs = {}, {}
    for case in comparison.cases:
        claim = case.claims["count"]
        value = claim.value or 0
        ids_by_value.setdefault(value, []).append(case.id)
        words[value] = short_figure(claim)
        runs[value] = tuple(
            next(x.runs for x in m.runs_needed if x.claim == claim.id) for m in models
        )
    return [
        _Target(f"{','.join(ids)} {words[value]}", value, runs[value])
        for value, ids in sorted(ids_by_value.items())
    ]


def _scale(targets: Sequence[_Target]) -> tuple[float, float]:
    """Return the limits of the logarithmic axis of runs, wide enough for all targets."""
    most = max(r.high_95 for x in targets for r in x.runs)
    most = max(most, statements()["thirty-runs"].values["runs"] * 1.5)
    return 0.8, most * 1.3


def _levels(targets: Sequence[_Target], limits: tuple[float, float]) -> list[int]:
    """Return how high the label of each target stands, above the model with the largest run.

    `limits` are those of the axis, from which positions in inches follow.
    """
    inch = _NEEDED[1] / math.log10(limits[1] / limits[0])
    ends = [math.log10(x.runs[-1].median / limits[0]) * inch for x in targets]
    return primitives.staggered(ends, [x.label for x in targets], primitives.FLAG)


def _draw(page: Page, models: Models, targets: Sequence[_Target], above: float) -> None:
    """Draw both panels with common rows, the model with the largest run at the top.

    `above` is the height in inches that labels take over the panels.
    """
    height = page.height - 0.5 - above
    left = page.axes(_SIZES[0], 0.5, _SIZES[1], height)
    right = page.axes(_NEEDED[0], 0.5, _NEEDED[1], height)
    for axes in (left, right):
        primitives.rows(axes, [m.model for m in reversed(models)], room=5, size=7.5)
    right.tick_params(labelleft=False)
    _draw_sizes(left, models)
    _draw_needed(right, targets)


def _draw_sizes(axes: Axes, models: Models) -> None:
    """Draw the size of a run by model: median, 50 % and 95 %, and the document's figure dashed."""
    highest = max(m.exchanges.high_95 for m in models)
    axes.set_xlim(0, highest * 1.38)
    for row, model in enumerate(reversed(models)):
        x = model.exchanges
        axes.plot([x.low_95, x.high_95], [row, row], color=INK, lw=1.0, solid_capstyle="butt")
        axes.plot([x.low_50, x.high_50], [row, row], color=INK, lw=4.0, solid_capstyle="butt")
        axes.plot([x.median], [row], "|", color=INK, ms=8, mew=1.2)
        axes.text(
            highest * 1.37, row, f"{x.median / 1e3:.1f} k", va="center", ha="right", fontsize=7.5
        )

    values = statements()["run-size"].values
    product = f"{values['tasks']:,.0f} x {values['calls_per_task']:.0f}"
    _dashed(axes, values["result"], f"{short_number(values['result'])} = {product}")
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter(lambda x, _: short_number(x) if x else "0")
    axes.set_xlabel("exchanges in one full run (number)", fontsize=primitives.LABEL)


def _dashed(axes: Axes, x: float, text: str) -> None:
    """Draw a vertical dashed line at `x` with a text above it."""
    axes.axvline(x, color=GREY, lw=1, ls=(0, (4, 3)), zorder=1)
    axes.annotate(
        text,
        (x, 1),
        (0, 3),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        fontsize=7.5,
        color=SOFT,
    )


def _draw_needed(axes: Axes, targets: Sequence[_Target]) -> None:
    """Draw the runs needed by model: a line through the medians of each target, and 95 % ranges."""
    limits = _scale(targets)
    colours = primitives.colours()
    primitives.log_counts(axes, *limits, "full runs needed to reach the count (number, log scale)")
    axes.grid(axis="x", color=LINE, lw=0.6)

    for k, (x, level) in enumerate(zip(targets, _levels(targets, limits), strict=True)):
        colour = colours[k % len(colours)]
        needed = x.runs[::-1]
        for row, r in enumerate(needed):
            axes.plot([r.low_95, r.high_95], [row, row], color=colour, lw=2.2, alpha=0.55, zorder=2)
        middle = [r.median for r in needed]
        rows = range(len(middle))
        axes.plot(middle, rows, color=colour, lw=0.6, alpha=0.5, zorder=1)
        axes.plot(middle, rows, primitives.MARKERS[k % 12], color=colour, ms=4.2, mew=0, zorder=3)
        primitives.flag(axes, middle[0], level, x.label, colour, start=14)

    assumed = statements()["thirty-runs"].values["runs"]
    _dashed(axes, assumed, f"{assumed:.0f} runs")
