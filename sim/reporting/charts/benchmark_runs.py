"""The chart of whole benchmark runs: their size by model, and how many reach each count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from sim.catalog import benchmarks, lookup, sources, statements
from sim.comparison.analysis import BENCHMARK, Analysis
from sim.comparison.sections.benchmark_runs import Range
from sim.reporting.charts import marks
from sim.reporting.charts.layout import GREY, INK, LINE, SOFT, Chart, Page, framed
from sim.reporting.charts.wording import (
    convention_words,
    figure_words,
    number_range,
    short_number,
    source,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW = 0.225
# Left end and width, in inches, of the two panels.
_SIZES, _NEEDED = (2.9, 2.15), (5.2, 3.65)


@dataclass(frozen=True)
class _Target:
    """A count that claims share: its label, its value, and the runs that each model needs."""

    label: str
    value: float
    runs: tuple[Range, ...]


def benchmark_runs(analysis: Analysis) -> Chart:
    """Chart a row per model: exchanges of a run at the left, runs needed at the right."""
    models, targets = analysis.models, _targets(analysis)
    sizes = [m.exchanges.median for m in models]
    thirty = statements()["thirty-runs"]
    chosen = next((x for x in targets if (thirty.claim or "") in x.label.split()[0]), targets[-1])
    needed = [x.median for x in chosen.runs]
    assumed = thirty.values["runs"]
    bench = lookup(benchmarks(), "benchmark", BENCHMARK)
    enough = sum(assumed * m.mean_steps * bench.items >= chosen.value for m in models)
    title = (
        f"One full run is {short_number(min(sizes))} to {short_number(max(sizes))} exchanges by "
        f"model; {short_number(chosen.value)} are "
        f"{number_range(min(needed), max(needed))} runs; "
        f"{assumed:.0f} runs of average size are enough for {enough} of {len(models)} models"
    )
    first = models[0]
    alt = "; ".join(
        f"{x.label}: "
        f"{number_range(min(needs), max(needs))} runs, the middle model {median(needs):,.0f}"
        for x in targets
        for needs in [[r.median for r in x.runs]]
    )
    levels = max(_levels(targets, _scale(targets)), default=0) + 1
    above = 0.34 + 0.16 * levels
    return framed(
        "benchmark-runs",
        "benchmark-runs",
        title,
        f"{len(models)} models, {first.model} with the smallest run, {models[-1].model} with the "
        f"largest; the middle model takes {short_number(median(sizes))} exchanges. Runs needed by "
        f"model: {alt}.",
        subtitle=(
            f"{first.agent} on {bench.id} ({bench.items:,} items), counted as "
            f"{convention_words('C2')}; {analysis.settings.draws:,} simulated series of runs per "
            f"model, seed {analysis.settings.seed}. Median, 50 % (thick) and 95 % (thin) of a run, "
            "the number is the median; runs needed with 95 %. Dashed: the numbers of the document "
            "that proposed benchmarks as the explanation."
        ),
        source=(
            f"Steps (measured): {sources()[first.source].text}; carried over from the "
            f"{first.measured_tasks} measured tasks. {source(analysis)} This chart uses none of "
            "these priors."
        ),
        height=_ROW * len(models) + 0.55 + above,
        fill=lambda page: _draw(page, analysis, targets, above),
    )


def _targets(analysis: Analysis) -> list[_Target]:
    """Return the distinct counts, rising."""
    by_value: dict[float, list[str]] = {}
    words, runs = {}, {}
    for case in analysis.cases:
        value = case.claims["count"].value or 0
        by_value.setdefault(value, []).append(case.id)
        words[value] = figure_words(case)
        runs[value] = tuple(
            next(x.runs for x in m.runs_needed if x.claim == case.claims["count"].id)
            for m in analysis.models
        )
    return [
        _Target(f"{','.join(ids)} {words[v]}", v, runs[v]) for v, ids in sorted(by_value.items())
    ]


def _scale(targets: Sequence[_Target]) -> tuple[float, float]:
    most = max(r.high_95 for x in targets for r in x.runs)
    most = max(most, statements()["thirty-runs"].values["runs"] * 1.5)
    return 0.8, most * 1.3


def _levels(targets: Sequence[_Target], limits: tuple[float, float]) -> list[int]:
    inch = _NEEDED[1] / math.log10(limits[1] / limits[0])
    places = [math.log10(x.runs[-1].median / limits[0]) * inch for x in targets]
    return marks.staggered(places, [x.label for x in targets], marks.FLAG)


def _draw(page: Page, analysis: Analysis, targets: Sequence[_Target], above: float) -> None:
    models = analysis.models
    height = page.height - 0.5 - above
    left = page.axes(_SIZES[0], 0.5, _SIZES[1], height)
    right = page.axes(_NEEDED[0], 0.5, _NEEDED[1], height)
    for axes in (left, right):
        marks.rows(axes, [m.model for m in reversed(models)], room=5, size=7.5)
    right.tick_params(labelleft=False)
    _draw_sizes(left, analysis)
    _draw_needed(right, targets)


def _draw_sizes(axes: Axes, analysis: Analysis) -> None:
    models = analysis.models
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
    axes.set_xlabel("exchanges in one full run (number)", fontsize=marks.LABEL)


def _dashed(axes: Axes, x: float, text: str) -> None:
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
    limits = _scale(targets)
    colours = marks.colours()
    marks.log_counts(axes, *limits, "full runs needed to reach the count (number, log scale)")
    axes.grid(axis="x", color=LINE, lw=0.6)
    for k, (x, level) in enumerate(zip(targets, _levels(targets, limits), strict=True)):
        colour = colours[k % len(colours)]
        needed = x.runs[::-1]
        for row, r in enumerate(needed):
            axes.plot([r.low_95, r.high_95], [row, row], color=colour, lw=2.2, alpha=0.55, zorder=2)
        middle = [r.median for r in needed]
        rows = range(len(middle))
        axes.plot(middle, rows, color=colour, lw=0.6, alpha=0.5, zorder=1)
        axes.plot(middle, rows, marks.MARKERS[k % 12], color=colour, ms=4.2, mew=0, zorder=3)
        marks.flag(axes, middle[0], level, x.label, colour, start=14)
    assumed = statements()["thirty-runs"].values["runs"]
    _dashed(axes, assumed, f"{assumed:.0f} runs")
