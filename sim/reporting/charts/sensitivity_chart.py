"""Charts of which assumptions matter: Sobol indices, and a tornado."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.comparison.section import Comparison
from sim.comparison.sections.sensitivity import (
    COUNT,
    ODDS_ALL,
    ODDS_COUNT,
    Bar,
    Index,
    Sensitivity,
)
from sim.comparison.wording import and_list, short_number
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import source
from sim.reporting.charts.layout import GREY, INK, LINE, MARGIN, WIDTH, Chart, Frame, Page
from sim.reporting.charts.primitives import Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_INDICES, _MOST_BARS = 5, 6
_QUANTITIES = {
    COUNT: "log10 of the count",
    ODDS_COUNT: "odds, count alone",
    ODDS_ALL: "odds, all observables",
}


def parameter_name(parameter: str, beside: Sequence[str]) -> str:
    """Return a parameter in words, with what it belongs to only where that tells it apart.

    Parameters
    ----------
    parameter
        Its name, such as `product.days`.
    beside
        All names that stand beside it, itself among them.
    """
    last = parameter.split(".")[-1]
    alike = [x for x in beside if x.split(".")[-1] == last]
    name = parameter.replace(".", ", ") if len(alike) > 1 else last
    return name.replace("_", " ")


def _names(items: Sequence[Index | Bar]) -> list[str]:
    """Return the parameters in words, as short as they are still told apart."""
    parameters = [x.parameter for x in items]
    return [parameter_name(x, parameters) for x in parameters]


# Sobol indices


@dataclass(frozen=True)
class _Panel:
    """The largest indices of one quantity of one hypothesis.

    Attributes
    ----------
    hypothesis
        Its id.
    quantity
        A key of `_QUANTITIES`: the count, or the odds with one or all observables.
    indices
        At most `_MOST_INDICES`, the largest total index first.
    """

    hypothesis: str
    quantity: str
    indices: Sequence[Index]


def sensitivity(comparison: Comparison, result: Sensitivity) -> Chart | None:
    """Draw first and total Sobol indices, of the count and of the odds.

    A panel per quantity and hypothesis, with the strongest parameters of each. None without
    indices.
    """
    panels = _panels(comparison, result.indices)
    if not panels:
        return None
    accused, against = comparison.settings.accused, comparison.settings.against

    return Chart(
        "sensitivity",
        "sensitivity",
        _sensitivity_title(comparison, panels),
        _sensitivity_alt(comparison, panels),
        Frame(
            subtitle=(
                "Sobol indices by dial: first-order (dark), the share of the variance that the "
                "dial explains alone; total (light), with all it does together with others; "
                f"whiskers: 95 % of the total. The {_MOST_INDICES} strongest dials of each. Of the "
                "reported count, under the convention that was drawn (C1 to C6, itself a dial), "
                f"and of the odds of {comparison.inline_title(accused)} to "
                f"{comparison.inline_title(against)}, on clusters of either, cut off at 100 : 1. "
                f"Priors as stated; likelihoods of {comparison.settings.draws:,} draws, seed "
                f"{comparison.settings.seed}."
            ),
            source=source(comparison),
            height=_sensitivity_grid(panels).total_height,
            fill=lambda page: _draw_sensitivity(page, comparison, panels),
        ),
    )


def _panels(comparison: Comparison, indices: Sequence[Index]) -> list[_Panel]:
    """Return what is drawn of each quantity and hypothesis, the largest totals first.

    Equal totals are in order of the parameter's name, so that charts are the same on repeat.
    """
    panels = []
    for quantity in _QUANTITIES:
        for id_ in comparison.settings.hypotheses:
            ranked = [x for x in indices if (x.hypothesis, x.quantity) == (id_, quantity)]
            ranked.sort(key=lambda x: (-x.total, x.parameter))
            if ranked:
                panels.append(_Panel(id_, quantity, ranked[:_MOST_INDICES]))
    return panels


def _sensitivity_title(comparison: Comparison, panels: Sequence[_Panel]) -> str:
    """Say for how many hypotheses the driver moves the count most, and what moves the odds most."""
    strongest = {(x.hypothesis, x.quantity): x.indices[0] for x in panels}
    of_counts = [x for (_, quantity), x in strongest.items() if quantity == COUNT]
    hypotheses = comparison.library.hypotheses
    drivers = sum(hypotheses[x.hypothesis].driver == x.parameter for x in of_counts)

    title = (
        f"The assumed volume moves the count most in {drivers} of {len(hypotheses)} explanations, "
        f"with {100 * min(x.total for x in of_counts):.0f} to "
        f"{100 * max(x.total for x in of_counts):.0f} % of the variance for the strongest dial"
    )

    of_odds = strongest.get((comparison.settings.accused, ODDS_ALL))
    if of_odds is not None:
        title += (
            "; the odds with all observables hang most on the dial "
            f"{parameter_name(of_odds.parameter, ())}, with {100 * of_odds.total:.0f} %"
        )
    return title


def _sensitivity_alt(comparison: Comparison, panels: Sequence[_Panel]) -> str:
    """Say the three strongest parameters of each panel, with their total indices in per cent."""
    parts = []
    for panel in panels:
        shares = ", ".join(
            f"{name} {100 * x.total:.0f} %"
            for name, x in zip(_names(panel.indices)[:3], panel.indices, strict=False)
        )
        title = comparison.inline_title(panel.hypothesis)
        parts.append(f"{_QUANTITIES[panel.quantity]} of {title}: {shares}")
    return f"The dials with the largest total share of the variance. {'; '.join(parts)}."


def _sensitivity_grid(panels: Sequence[_Panel]) -> Grid:
    """Return a grid of three columns with room at the left of each for names of parameters."""
    return Grid(
        len(panels),
        columns=3,
        height=_MOST_INDICES * 0.2,
        left=1.6,
        gap=1.55,
        above=0.42,
        below=0.42,
    )


def _draw_sensitivity(page: Page, comparison: Comparison, panels: Sequence[_Panel]) -> None:
    """Draw the panels; all have as many rows, so that bars are equally thick."""
    grid = _sensitivity_grid(panels)
    for panel, axes in zip(panels, grid.axes(page), strict=True):
        primitives.rows(axes, _names(panel.indices), room=grid.left, size=7.0)
        axes.set_ylim(_MOST_INDICES - 0.5, -0.5)
        for row, x in enumerate(panel.indices):
            _draw_index(axes, row, x)

        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.5, 1], ["0", "50", "100"])
        axes.grid(axis="x", color=LINE, lw=0.6)
        axes.set_xlabel("share of variance (%)", fontsize=7.2)
        title = f"{comparison.title(panel.hypothesis)}:\n{_QUANTITIES[panel.quantity]}"
        is_accused = panel.hypothesis == comparison.settings.accused
        _wide_title(axes, title, grid.left - 0.2, bold=is_accused)


def _wide_title(axes: Axes, text: str, left: float, *, bold: bool) -> None:
    """Write the title of a panel from `left` inches left of the axes, where row labels begin."""
    width = axes.get_window_extent().width / axes.figure.dpi
    axes.text(
        -left / width,
        1.04,
        text,
        transform=axes.transAxes,
        va="bottom",
        fontsize=7.8,
        fontweight="bold" if bold else "normal",
        color=INK,
    )


def _draw_index(axes: Axes, row: int, x: Index) -> None:
    """Draw the indices of one parameter: total light, first-order dark, and whiskers of the total.

    Estimates below 0, which is sampling error, are drawn as 0.
    """
    blue = primitives.colours()[0]
    axes.barh(row, max(x.total, 0), height=0.66, color=blue, alpha=0.38, lw=0, zorder=2)
    axes.barh(row, max(x.first, 0), height=0.32, color=INK, lw=0, zorder=3)
    ends = [max(x.total - x.total_error, 0), min(x.total + x.total_error, 1)]
    axes.plot(ends, [row, row], color=GREY, lw=1.0, zorder=4)


# Tornado


def tornado(comparison: Comparison, result: Sensitivity) -> Chart | None:
    """Draw the mean count where a parameter is lowest and highest, for every hypothesis.

    A tornado diagram: the widest bars of each hypothesis, widest first. None without bars.
    """
    bars: dict[str, list[Bar]] = {}
    for id_ in comparison.settings.hypotheses:
        longest = [x for x in result.bars if x.hypothesis == id_]
        if longest:
            bars[id_] = longest[:_MOST_BARS]
    if not bars:
        return None

    factors = [10 ** (longest[0].high - longest[0].low) for longest in bars.values()]
    middles = [longest[0].middle for longest in bars.values()]
    title = (
        f"The strongest assumption moves the mean count by a factor of "
        f"{short_number(min(factors))} to {short_number(max(factors))}; the explanations differ "
        f"among themselves by a factor of {short_number(10 ** (max(middles) - min(middles)))}"
    )
    return Chart(
        "tornado",
        "sensitivity",
        title,
        _tornado_alt(comparison, bars),
        Frame(
            subtitle=(
                "Geometric mean of the reported count where a dial is lowest and where it is "
                "highest: the lowest and the highest tenth of its draws, or the options with the "
                "smallest and the largest mean, named at the ends. White line: mean of all draws. "
                "Counted under the convention that was drawn (C1 to C6, itself a dial). The "
                f"{_MOST_BARS} widest of each. {comparison.settings.draws:,} draws per "
                f"explanation, seed {comparison.settings.seed}."
            ),
            source=source(comparison),
            height=_tornado_grid(len(bars)).total_height,
            fill=lambda page: _draw_tornado(page, comparison, bars),
        ),
    )


def _tornado_alt(comparison: Comparison, bars: Mapping[str, Sequence[Bar]]) -> str:
    """Say the two widest bars of each hypothesis with their ends, and the accused one's widest."""
    parts = []
    for id_, longest in bars.items():
        moves = and_list(
            f"{name} from {short_number(10**x.low)} ({x.low_at}) to "
            f"{short_number(10**x.high)} ({x.high_at})"
            for name, x in zip(_names(longest)[:2], longest, strict=False)
        )
        parts.append(f"{comparison.inline_title(id_)}: {moves}")
    widest = bars.get(comparison.settings.accused, next(iter(bars.values())))[0]
    return (
        f"The widest bars. {'; '.join(parts)}. Of {comparison.inline_title(widest.hypothesis)} the "
        f"widest is {parameter_name(widest.parameter, ())}."
    )


def _tornado_grid(panels: int) -> Grid:
    """Return a grid of two columns, a panel for each hypothesis with bars."""
    height = _MOST_BARS * 0.23
    return Grid(panels, columns=2, height=height, left=1.6, gap=1.55, right=MARGIN)


def _draw_tornado(page: Page, comparison: Comparison, bars: Mapping[str, Sequence[Bar]]) -> None:
    """Draw a panel for each hypothesis; all share one logarithmic axis of counts."""
    ends = [x for longest in bars.values() for b in longest for x in (b.low, b.high)]
    # Room for the labels at the ends of the bars
    room = 0.45 * (max(ends) - min(ends))
    low, high = 10 ** (min(ends) - room), 10 ** (max(ends) + room)

    panels = _tornado_grid(len(bars)).axes(page)
    for (id_, longest), axes in zip(bars.items(), panels, strict=True):
        primitives.rows(axes, _names(longest), room=1.6, size=7.2)
        axes.set_ylim(_MOST_BARS - 0.5, -0.5)
        primitives.log_counts(axes, low, high, "reported count (exchanges, log scale)")
        for row, bar in enumerate(longest):
            _draw_bar(axes, row, bar)
        is_accused = id_ == comparison.settings.accused
        primitives.panel_title(axes, comparison.title(id_), WIDTH / 3, bold=is_accused)


def _draw_bar(axes: Axes, row: int, bar: Bar) -> None:
    """Draw one bar with its middle, and at its ends the values of the parameter that lead there."""
    blue, start = primitives.colours()[0], 10**bar.low
    axes.barh(row, 10**bar.high - start, left=start, height=0.6, color=blue, lw=0, zorder=2)
    axes.plot([10**bar.middle] * 2, [row - 0.3, row + 0.3], color="white", lw=1.4, zorder=3)

    for x, text, side, shift in (
        (bar.low, bar.low_at, "right", -3),
        (bar.high, bar.high_at, "left", 3),
    ):
        axes.annotate(
            _end_words(text),
            (10**x, row),
            (shift, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=6.8,
            color=INK,
        )


def _end_words(text: str) -> str:
    """Write `2.16e+04 or less` as `≤ 21.6 k`; names of options as they are."""
    for words, sign in ((" or less", "≤"), (" or more", "≥")):
        if text.endswith(words):
            return f"{sign} {short_number(float(text.removesuffix(words)))}"
    return text.replace("-", " ")
