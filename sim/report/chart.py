"""The chart of a comparison: the size of one benchmark run, and runs needed for each claim.

Matplotlib is imported inside the functions: it takes half a second that `sim --help` has not.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.catalog import sources, statements
from sim.compare import Comparison, ModelPrediction, short_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLE: Any = {
    "svg.hashsalt": "sim",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_INK, _GREY, _BAND = "#222222", "#8a8a8a", "#f4f4f4"
_MARKERS = ("o", "s", "D", "^", "v", "P")
_COLOURS = (0, 1, 2, 4, 5, 6)


def draw_comparison(comparison: Comparison, png: Path, svg: Path) -> None:
    """Write the chart of `comparison` to `png` and `svg`, the same bytes for the same input."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        figure = comparison_figure(comparison)
        figure.savefig(png, dpi=160, metadata={"Software": None})
        figure.savefig(svg, metadata={"Date": None, "Creator": None})


def comparison_figure(comparison: Comparison) -> Figure:
    """Return the figure: a row per model, exchanges per run left, runs needed right."""
    from matplotlib.figure import Figure

    models = comparison.models
    figure = Figure(figsize=(10.5, 2.05 + 0.235 * len(models)), layout=None)
    bottom, top = 0.98 / figure.get_figheight(), 1 - 1.08 / figure.get_figheight()
    left: Axes = figure.add_axes((0.262, bottom, 0.278, top - bottom))
    right: Axes = figure.add_axes((0.568, bottom, 0.42, top - bottom))
    for axes in (left, right):
        _rows(axes, len(models))
    left.set_yticks(range(len(models)), [m.model for m in models], fontsize=8)
    right.tick_params(labelleft=False)
    _draw_run_sizes(left, models)
    _draw_runs_needed(right, comparison)
    _titles(figure, comparison)
    return figure


def _rows(axes: Axes, rows: int) -> None:
    axes.set_ylim(-0.7, rows + 0.1)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for row in range(0, rows, 2):
        axes.axhspan(row - 0.5, row + 0.5, color=_BAND, lw=0, zorder=0)


def _draw_run_sizes(axes: Axes, models: Sequence[ModelPrediction]) -> None:
    for row, model in enumerate(models):
        x = model.exchanges
        axes.plot([x.low_95, x.high_95], [row, row], color=_INK, lw=1.0, solid_capstyle="butt")
        axes.plot([x.low_50, x.high_50], [row, row], color=_INK, lw=4.0, solid_capstyle="butt")
        axes.plot([x.median], [row], "|", color=_INK, ms=8, mew=1.2)
        axes.annotate(
            f"{x.median / 1e3:.1f} k",
            (1, row),
            (-4, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            ha="right",
            fontsize=7.5,
            color=_INK,
        )
    assumed = statements()["run-size"].values["result"]
    axes.axvline(assumed, color=_GREY, lw=1, ls=(0, (4, 3)), zorder=1)
    _above(axes, assumed, f"{short_number(assumed)} = 2,300 x 50")
    highest = max(m.exchanges.high_95 for m in models)
    axes.set_xlim(0, highest * 1.28)
    axes.xaxis.set_major_formatter(lambda x, _: short_number(x) if x else "0")
    axes.set_xlabel("exchanges in one full run (median at the right)")


def _above(axes: Axes, x: float, text: str) -> None:
    axes.annotate(
        text,
        (x, 1),
        (0, 4),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        fontsize=7.5,
        color="#555555",
    )


def _alignment(value: float, values: Sequence[float]) -> str:
    """Where a label goes that may have a near neighbour: away from it."""
    if any(value < x < 1.6 * value for x in values):
        return "right"
    return "left" if any(value / 1.6 < x < value for x in values) else "center"


def _draw_runs_needed(axes: Axes, comparison: Comparison) -> None:
    import matplotlib as mpl

    colours = mpl.color_sequences["petroff10"]
    top = len(comparison.models) - 1
    values = [x.value or 0 for x in comparison.claims]
    for k in range(len(values)):
        colour = colours[_COLOURS[k]]
        needed = [m.runs_needed[k].runs for m in comparison.models]
        for row, x in enumerate(needed):
            axes.plot([x.low_95, x.high_95], [row, row], color=colour, lw=2.2, alpha=0.55, zorder=2)
        middle = [x.median for x in needed]
        rows = range(len(middle))
        axes.plot(middle, rows, color=colour, lw=0.6, alpha=0.5, zorder=1)
        axes.plot(middle, rows, _MARKERS[k], color=colour, ms=4.0, mew=0)
        axes.annotate(
            short_number(values[k]),
            (needed[top].median, top),
            (0, 9),
            textcoords="offset points",
            ha=_alignment(values[k], values),
            color=colour,
            fontsize=8.5,
            fontweight="bold",
        )
    _run_scale(axes, comparison)


def _run_scale(axes: Axes, comparison: Comparison) -> None:
    most = max(x.runs.high_95 for m in comparison.models for x in m.runs_needed)
    axes.set_xscale("log")
    axes.set_xlim(0.8, most * 1.3)
    axes.set_xticks([x for x in (1, 3, 10, 30, 100, 300, 1000, 3000) if x < most * 1.3])
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    axes.xaxis.minorticks_off()
    axes.grid(axis="x", color="#dddddd", lw=0.6, zorder=0)
    axes.set_axisbelow(True)
    axes.set_xlabel("full runs needed to reach the claim (log scale)")
    assumed = statements()["thirty-runs"].values["runs"]
    axes.axvline(assumed, color=_GREY, lw=1, ls=(0, (4, 3)), zorder=1)
    _above(axes, assumed, f"{assumed:.0f} runs")


def _titles(figure: Figure, comparison: Comparison) -> None:
    inch = 1 / figure.get_figheight()
    figure.text(
        0.012,
        1 - 0.30 * inch,
        "How many benchmark runs make up the reported exchanges?",
        fontsize=12.5,
        fontweight="bold",
        color=_INK,
    )
    figure.text(0.012, 1 - 0.72 * inch, _subtitle(comparison), fontsize=8.5, color="#555555")
    figure.text(0.012, 0.12 * inch, _source(comparison), fontsize=7, color="#555555", va="bottom")


def _subtitle(c: Comparison) -> str:
    return (
        f"{c.agent} on {c.benchmark} ({c.items:,} items), counted as answered requests (C2); "
        f"{c.replicates:,} simulated series of runs per model.\n"
        "Median, 50 % (thick) and 95 % (thin) of a run; runs needed with 95 %. "
        "Dashed: the numbers of the document that proposed benchmarks as the explanation."
    )


def _source(c: Comparison) -> str:
    figures = ", ".join(f"{short_number(x.value or 0)} {x.actor}" for x in c.claims)
    return (
        f"Steps (measured): {sources()[c.models[0].source].text}; carried over from the "
        f"{c.models[0].measured_tasks} measured tasks.\n"
        f"Claims (reported, lower bounds, one party's allegation): {figures}; "
        f"{', '.join(dict.fromkeys(x.report for x in c.claims))}."
    )
