"""Chart of what it would take to reach each claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sim.comparison.inference.quantiles import Span
from sim.comparison.section import Comparison
from sim.comparison.sections.needed import Effort, Needed, usual_convention
from sim.comparison.wording import number_range, short_figure, short_number
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import convention_words, drawn, evidence_name, source
from sim.reporting.charts.layout import INK, MARGIN, Chart, Frame, Page
from sim.reporting.charts.primitives import Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS, _LEFT, _ROW = 3, 2.45, 0.215


def needed(comparison: Comparison, effort: Effort) -> Chart | None:
    """Draw the driver that each hypothesis needs beside the prior of that driver.

    A panel per hypothesis, a row per case, each counted under its usual convention. None without
    cases.
    """
    conventions = {x.id: usual_convention(x) for x in comparison.cases}
    shown = [x for x in effort.needed if x.convention == conventions[x.case]]
    if not shown:
        return None
    needs = {
        id_: [x for x in shown if x.hypothesis == id_] for id_ in comparison.settings.hypotheses
    }
    within = {id_: sum(_is_within_prior(x) for x in of_cases) for id_, of_cases in needs.items()}

    accused = comparison.settings.accused
    title = (
        "A volume that was assumed possible beforehand reaches "
        f"{number_range(min(within.values()), max(within.values()))} of {len(conventions)} "
        f"counts, by explanation; under {comparison.inline_title(accused)} it reaches "
        f"{within[accused]}"
    )
    return Chart(
        "needed",
        "needed",
        title,
        _alt(comparison, needs, within),
        Frame(
            subtitle=(
                "How much of its lever (runs, users, prompts, customers) each explanation needs to "
                f"reach the lower end of each count. {_convention_note(conventions)} Bars: 90 % "
                "thin, 50 % thick, gap at the median, all other dials drawn from their priors. "
                "Shaded: the prior of the lever, 90 % and 50 %, dotted its median. A bar that "
                "leaves at the left: the rest of the explanation suffices. "
                f"{drawn(comparison, 'explanation')}"
            ),
            source=source(comparison),
            height=_grid(comparison).total_height,
            fill=lambda page: _draw(page, comparison, needs),
        ),
    )


def _is_within_prior(x: Needed) -> bool:
    """Tell whether the median need lies below the upper end of the 90 % range of the prior."""
    return x.needed.median <= x.stated.p95


def _convention_note(conventions: Mapping[str, str]) -> str:
    """Say how the cases are counted, and which are counted otherwise than as C2."""
    exceptions = "".join(
        f"; {case} as {convention_words(x)}" for case, x in conventions.items() if x != "C2"
    )
    return f"Counted as {convention_words('C2')}{exceptions}."


def _alt(
    comparison: Comparison, needs: Mapping[str, Sequence[Needed]], within: Mapping[str, int]
) -> str:
    """Say by hypothesis how much of its driver the counts take at the median, against its prior.

    Parameters
    ----------
    comparison
        Gives the titles.
    needs
        By hypothesis, the needs of all cases.
    within
        By hypothesis, how many of them lie within the prior.
    """
    parts = []
    for id_, of_cases in needs.items():
        medians = [x.needed.median for x in of_cases]
        prior = of_cases[0].stated
        parts.append(
            f"{comparison.title(id_)} needs {short_number(min(medians))} to "
            f"{short_number(max(medians))} {_unit(of_cases[0])} at the median, against a prior "
            f"of {short_number(prior.p05)} to {short_number(prior.p95)}; "
            f"{within[id_]} of {len(of_cases)} claims lie below its upper end"
        )
    return "A panel per explanation, a row per claim. " + ". ".join(parts) + "."


def _unit(x: Needed) -> str:
    """Return what the driver counts, such as `runs`."""
    return x.driver.split(".")[-1].replace("_", " ")


def _grid(comparison: Comparison) -> Grid:
    """Return a grid with a panel for each hypothesis, and a row in it for each case."""
    height = len(comparison.cases) * _ROW
    panels = len(comparison.settings.hypotheses)
    return Grid(panels, columns=_COLUMNS, height=height, left=_LEFT, gap=0.22)


def _draw(page: Page, comparison: Comparison, needs: Mapping[str, Sequence[Needed]]) -> None:
    """Draw a panel for each hypothesis, each with an axis of its own unit.

    `needs` are by hypothesis in the order of the cases, which are the rows.
    """
    labels = [
        f"{evidence_name(comparison, x.id)}, {short_figure(x.claims['count'])}"
        for x in comparison.cases
    ]
    panels = _grid(comparison).axes(page)
    for k, ((id_, of_cases), axes) in enumerate(zip(needs.items(), panels, strict=True)):
        primitives.rows(axes, labels, room=_LEFT - 2 * MARGIN, size=7.5)
        axes.tick_params(labelleft=k % _COLUMNS == 0)
        _prior_band(axes, of_cases[0].stated)
        for row, x in enumerate(of_cases):
            primitives.bar(axes, row, _above_zero(x.needed), INK)

        prior = of_cases[0].stated
        lowest = min(x.needed.p05 if x.needed.p05 >= 1 else 1.0 for x in of_cases)
        primitives.log_counts(
            axes,
            max(min(lowest, prior.p05) / 2, 0.5),
            max(prior.p95, *(x.needed.p95 for x in of_cases)) * 2,
            f"{_unit(of_cases[0])} (number, log scale)",
            most=5,
        )
        is_accused = id_ == comparison.settings.accused
        primitives.panel_title(axes, comparison.title(id_), 1.95, bold=is_accused, size=8)


def _above_zero(span: Span) -> Span:
    """Lift a need of nothing, which has no place on a logarithmic axis, to its left edge."""
    return Span(*(max(y, 1e-3) for y in vars(span).values()))


def _prior_band(axes: Axes, prior: Span) -> None:
    """Shade the prior of the driver over all rows: 90 % light, 50 % darker, its median dotted."""
    blue = primitives.colours()[0]
    axes.axvspan(prior.p05, prior.p95, color=blue, alpha=0.18, lw=0, zorder=1)
    axes.axvspan(prior.p25, prior.p75, color=blue, alpha=0.25, lw=0, zorder=1)
    axes.axvline(prior.median, color=blue, lw=1.2, ls=":", zorder=2)
