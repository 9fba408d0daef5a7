"""Chart of whole benchmark runs: their size by model, and which make the count of thirty runs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from statistics import median
from typing import TYPE_CHECKING

from sim.catalog import benchmarks, lookup, sources, statements
from sim.comparison.claims.cases import Case
from sim.comparison.inference.run_totals import ModelPrediction
from sim.comparison.plain_words import claim_names, plain_number
from sim.comparison.section import Comparison
from sim.comparison.sections.benchmark_runs import BENCHMARK
from sim.comparison.wording import short_number
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import convention_words, of_claims
from sim.reporting.charts.layout import GREY, INK, NARROW, SOFT, Chart, Data, Frame, Page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Models = tuple[ModelPrediction, ...]

_ROW, _LEFT, _ABOVE = 0.225, 1.95, 0.3
_DATE = re.compile(r" \((\d{8}|\d{4}-\d\d-\d\d)\)")
# The models that the claims are about; their rows are bold.
_CLAIMED = "Claude"


def benchmark_runs(comparison: Comparison, models: Models) -> Chart | None:
    """Draw the exchanges of a whole run, a row per model, and the size that thirty runs take.

    Parameters
    ----------
    comparison
        Its cases say which count is to be reached: the one that the critique explains by runs,
        else the largest that is no sum.
    models
        By the size of a run, the smallest first.

    Returns
    -------
    Chart or None
        None without models or cases. No prior is used: steps are measured.
    """
    case = _case(comparison)
    if not models or case is None:
        return None
    name = claim_names(comparison.cases)[case.id]
    items = lookup(benchmarks(), "benchmark", BENCHMARK).items
    size = (case.claims["count"].value or 0) / _runs()
    critique = statements()["run-size"].values

    first = models[0]
    return Chart(
        "benchmark-runs",
        "benchmark-runs",
        _title(models, name, size, items),
        _alt(models, size, items),
        Frame(
            subtitle=(
                f"Exchanges of one run of {BENCHMARK} ({items:,} tasks) by {first.agent}, a lean "
                f"scaffold, counted as {convention_words('C2')}: median, 50 % (thick) and 95 % "
                f"(thin). Bold: models of the family that the claims are about. The critique's "
                f"figure is {critique['tasks']:,.0f} x {critique['calls_per_task']:.0f} = "
                f"{critique['result']:,.0f} a run."
            ),
            source=(
                f"Steps (measured): {sources()[first.source].text}; carried over from "
                f"{first.measured_tasks} measured tasks. {comparison.settings.draws:,} simulated "
                f"runs per model, seed {comparison.settings.seed}; this chart uses no assumed "
                f"input. {of_claims(comparison)}"
            ),
            height=_ROW * len(models) + 0.5 + _ABOVE,
            fill=lambda page: _draw(page, models, name, size),
            width=NARROW,
        ),
        _data(comparison, models),
    )


def _runs() -> float:
    """Return the number of runs by which the critique explains a count."""
    return statements()["thirty-runs"].values["runs"]


def _case(comparison: Comparison) -> Case | None:
    """Return the case that the critique explains by runs, else the largest that is no sum."""
    named = statements()["thirty-runs"].claim
    cases = [x for x in comparison.cases if not x.is_sum]
    return max(cases, key=lambda x: (x.id == named, x.claims["count"].value or 0), default=None)


def _enough(models: Models, size: float, items: int) -> int:
    """Return with how many models runs of average size reach the count."""
    return sum(m.mean_steps * items >= size for m in models)


def _title(models: Models, name: str, size: float, items: int) -> str:
    """Say how large runs are, and with how many models thirty of them reach the count."""
    sizes = [m.exchanges.median for m in models]
    return (
        f"One full run takes {short_number(min(sizes))} to {short_number(max(sizes))} exchanges, "
        f"by model; {_runs():.0f} runs reach {name}, with {_enough(models, size, items)} of "
        f"{len(models)} models"
    )


def _alt(models: Models, size: float, items: int) -> str:
    """Say which models have the smallest and the largest run, and the size that is enough."""
    middle = median(m.exchanges.median for m in models)
    return (
        f"{len(models)} models by the size of a run, from {models[0].model} to {models[-1].model}, "
        f"{short_number(middle)} in the middle; {_enough(models, size, items)} reach the "
        f"{short_number(size)} of the dashed line."
    )


def _draw(page: Page, models: Models, name: str, size: float) -> None:
    """Draw the rows, the model with the largest run at the top, and the line."""
    axes = page.axes(_LEFT, 0.5, page.width - _LEFT - 0.6, page.height - 0.5 - _ABOVE)
    labels = _labels(reversed(models))
    bold = [k for k, x in enumerate(labels) if x.startswith(_CLAIMED)]
    primitives.rows(axes, labels, room=_LEFT, size=7.5, bold=bold)
    _draw_sizes(axes, models)

    axes.axvline(size, color=GREY, lw=1, ls=(0, (4, 3)), zorder=1)
    axes.annotate(
        f"{_runs():.0f} runs make {name}, from here on \u2192",
        (1, 1),
        (40, 4),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="right",
        fontsize=8,
        color=SOFT,
    )


def _labels(models: Iterable[ModelPrediction]) -> list[str]:
    """Return the names of models, without their dates where these tell no two apart."""
    names = [m.model for m in models]
    short = [_DATE.sub("", x) for x in names]
    return [
        one if short.count(one) == 1 else whole for one, whole in zip(short, names, strict=True)
    ]


def _draw_sizes(axes: Axes, models: Models) -> None:
    """Draw the size of a run by model: median, 50 % and 95 %, with the median in numbers."""
    highest = max(m.exchanges.high_95 for m in models)
    axes.set_xlim(0, highest * 1.02)
    for row, model in enumerate(reversed(models)):
        x = model.exchanges
        axes.plot([x.low_95, x.high_95], [row, row], color=INK, lw=1.0, solid_capstyle="butt")
        axes.plot([x.low_50, x.high_50], [row, row], color=INK, lw=4.0, solid_capstyle="butt")
        axes.plot([x.median], [row], "|", color=INK, ms=8, mew=1.2)
        axes.annotate(
            short_number(x.median),
            (1, row),
            (38, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            ha="right",
            fontsize=7.5,
        )

    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter(lambda x, _: plain_number(x) if x else "0")

    axes.set_xlabel("exchanges in one full run (number)", fontsize=primitives.LABEL)


def _data(comparison: Comparison, models: Models) -> Data:
    """Return the sizes of runs, and the runs that each count takes."""
    names = claim_names(comparison.cases)
    claims = {x.claims["count"].id: names[x.id] for x in comparison.cases}
    head = ("model", "agent", "mean_steps", "run_p025", "run_median", "run_p975")
    rows = []
    for m in models:
        needed = {x.claim: f"{x.runs.median:.4g}" for x in m.runs_needed}
        sizes = (m.exchanges.low_95, m.exchanges.median, m.exchanges.high_95)
        cells = (m.model, m.agent, f"{m.mean_steps:.4g}", *(f"{x:.0f}" for x in sizes))
        rows.append((*cells, *(needed.get(x, "") for x in claims)))
    return [(*head, *(f"runs to {x}" for x in claims.values())), *rows]
