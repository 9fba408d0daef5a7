"""Chart of what it would take to reach one reported count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.comparison.inference.quantiles import Span
from sim.comparison.plain_words import claim_names, plain_number
from sim.comparison.section import Comparison
from sim.comparison.sections.needed import Effort, Needed, usual_convention
from sim.comparison.strength import first_digit
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import colour_of, convention_words, drawn, source
from sim.reporting.charts.layout import INK, MARGIN, NARROW, Chart, Data, Frame, Page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT, _ROW = 2.1, 0.4
# The claim that is drawn where it is compared.
_FEATURED = "A4"
# Factors between which the axis ends; what lies beyond is drawn at its end.
_LEAST, _MOST = 1e-3, 1e3
_MOST_NAMED = 3
_UNITS = {"runs": "benchmark rounds", "users": "product users", "customers": "resold customers"}


def needed(comparison: Comparison, effort: Effort) -> Chart | None:
    """Draw what each explanation needs to reach one count, beside what was assumed of it.

    The count is the featured one, else the largest that is no sum. A row for each explanation, the
    easiest first. None without cases.
    """
    case = max(
        (x for x in comparison.cases if not x.is_sum),
        key=lambda x: (x.id == _FEATURED, x.interval("count").low),
        default=None,
    )
    if case is None or not effort.needed:
        return None
    convention = usual_convention(case)
    shown = [x for x in effort.needed if (x.case, x.convention) == (case.id, convention)]
    shown.sort(key=lambda x: x.needed.median / x.stated.median)
    name = claim_names(comparison.cases)[case.id]

    return Chart(
        "needed",
        "needed",
        _title(comparison, name, shown),
        _alt(comparison, name, shown),
        Frame(
            subtitle=(
                f"What each explanation needs to reach {name}, counted as "
                f"{convention_words(convention)}, as a multiple of the number that was assumed "
                "typical of it. Grey: what was assumed possible (90 %). Coloured: what it takes "
                "(90 %, dot: median)."
            ),
            source=source(comparison, drawn(comparison, "explanation")),
            height=len(shown) * _ROW + 0.6,
            fill=lambda page: _draw(page, comparison, shown),
            width=NARROW,
        ),
        _data(name, shown),
    )


def _unit(x: Needed) -> str:
    """Return what the driver counts, such as `product users`."""
    unit = x.driver.split(".")[-1].replace("_", " ")
    return _UNITS.get(unit, unit)


def _amount(x: Needed) -> str:
    """Return the median need in words; none where the rest of the explanation suffices."""
    if not x.needed.median:
        return f"no {_unit(x)} needed"
    number = plain_number(first_digit(x.needed.median))
    return f"{number} {_unit(x).removesuffix('s') if number == '1' else _unit(x)}"


def _title(comparison: Comparison, name: str, shown: Sequence[Needed]) -> str:
    """Say what the count takes in each unit, by the first explanation that has it.

    The accused explanation stands for its unit, and is named last.
    """
    accused, ids = comparison.settings.accused, comparison.settings.hypotheses
    by_unit: dict[str, Needed] = {}
    for x in sorted(shown, key=lambda x: (x.hypothesis != accused, ids.index(x.hypothesis))):
        if x.needed.median:
            by_unit.setdefault(_unit(x), x)
    named = [x for x in by_unit.values() if x.hypothesis != accused][:_MOST_NAMED]
    named += [x for x in by_unit.values() if x.hypothesis == accused]

    amounts = [
        _amount(x) + (f" of {comparison.inline_title(accused)}" if x.hypothesis == accused else "")
        for x in named
    ]
    if not amounts:
        return f"To reach {name}, no explanation needs anything beside its other work"
    *most, last = amounts
    listed = f"{', '.join(most)} or {last}" if most else last

    return f"To reach {name}, it would take about {listed}"


def _alt(comparison: Comparison, name: str, shown: Sequence[Needed]) -> str:
    """Say which explanation comes nearest to what was assumed of it, and which is farthest."""
    first, last = shown[0], shown[-1]
    return (
        f"A row for each of {len(shown)} explanations of {name}; least beyond what was assumed is "
        f"{comparison.inline_title(first.hypothesis)} ({_amount(first)}), most "
        f"{comparison.inline_title(last.hypothesis)} ({_amount(last)})."
    )


def _draw(page: Page, comparison: Comparison, shown: Sequence[Needed]) -> None:
    """Draw a row for each explanation on one axis of multiples."""
    axes = page.axes(_LEFT, 0.5, page.width - _LEFT - 0.25, len(shown) * _ROW)
    labels = [f"{comparison.title(x.hypothesis)}\n{_amount(x)}" for x in shown]
    primitives.rows(axes, labels, room=_LEFT - 2 * MARGIN)
    spans = [(_multiples(x.stated, x), _multiples(x.needed, x)) for x in shown]
    for row, (x, (stated, need)) in enumerate(zip(shown, spans, strict=True)):
        axes.plot([stated.p05, stated.p95], [row, row], color=INK, alpha=0.16, lw=9, zorder=2)
        colour = colour_of(comparison, x.hypothesis)
        axes.plot([need.p05, need.p95], [row, row], color=colour, lw=2, zorder=3)
        axes.plot([need.median], [row], "o", color=colour, ms=6, mew=0, zorder=4)

    ends = [y for pair in spans for z in pair for y in (z.p05, z.p95)]
    low, high = min(ends) / 1.5, max(ends) * 1.5
    _multiples_axis(axes, low, high)


def _multiples(span: Span, x: Needed) -> Span:
    """Return a distribution as multiples of the assumed median, within the ends of the axis."""
    values = (y / x.stated.median for y in vars(span).values())
    return Span(*(min(max(y, _LEAST), _MOST) for y in values))


def _multiples_axis(axes: Axes, low: float, high: float) -> None:
    """Make x a logarithmic axis of multiples, with a line where as much as assumed is needed."""
    label = "needed, as a multiple of what was assumed typical (log scale)"
    primitives.log_counts(axes, low, high, most=5)
    axes.set_xlabel(label, fontsize=primitives.LABEL, x=1, ha="right")
    axes.axvline(1, color=INK, lw=0.8, zorder=1)
    ticks = axes.get_xticks()
    axes.set_xticks(ticks, [f"{x:,.4g} x" for x in ticks])


def _data(name: str, shown: Sequence[Needed]) -> Data:
    """Return what is needed and what was assumed."""
    ends = ("p05", "median", "p95")
    head = ("figure", "explanation", "counted", "unit", *(f"needed_{x}" for x in ends))
    return [
        (*head, *(f"assumed_{x}" for x in ends)),
        *(
            (
                name,
                x.hypothesis,
                x.convention,
                _unit(x),
                *(f"{y:.6g}" for s in (x.needed, x.stated) for y in (s.p05, s.median, s.p95)),
            )
            for x in shown
        ),
    ]
