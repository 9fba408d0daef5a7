"""Charts of which assumptions matter: Sobol indices, and a tornado."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sim.comparison.plain_words import parameter_words, plain_number
from sim.comparison.section import Comparison
from sim.comparison.sections.sensitivity import (
    COUNT,
    ODDS_ALL,
    Bar,
    Index,
    Sensitivity,
)
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import colour_of, drawn, source
from sim.reporting.charts.layout import GREY, INK, LINE, MARGIN, NARROW, Chart, Data, Frame, Page
from sim.reporting.charts.primitives import Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST, _ROW, _LEFT = 5, 0.25, 1.9


def _names(items: Sequence[Index | Bar]) -> list[str]:
    """Return the parameters in words; those in the same words with what they belong to."""
    words = [parameter_words(x.parameter) for x in items]
    return [
        f"{word} ({x.parameter.split('.')[0]})" if words.count(word) > 1 else word
        for word, x in zip(words, items, strict=True)
    ]


# Sobol indices


def sensitivity(comparison: Comparison, result: Sensitivity) -> Chart | None:
    """Draw how much of the uncertainty of a count, and of the odds, each assumption makes.

    Both of clusters of the accused explanation, the strongest assumptions of each. None without
    indices of it.
    """
    accused = comparison.settings.accused
    panels = {
        title: _strongest(result.indices, accused, quantity)
        for title, quantity in (
            ("the number of exchanges", COUNT),
            ("the odds, with all that a provider sees", ODDS_ALL),
        )
    }
    panels = {title: indices for title, indices in panels.items() if indices}
    if not panels:
        return None

    return Chart(
        "sensitivity",
        "sensitivity",
        _sensitivity_title(comparison, panels),
        _sensitivity_alt(comparison, panels),
        Frame(
            subtitle=(
                "Share of the spread that an assumption makes together with others (wide bar), "
                "and alone (thin bar); whisker: 95 % of the former. Of "
                f"{comparison.inline_title(accused)}, its odds against "
                f"{comparison.inline_title(comparison.settings.against)}. Sobol "
                f"indices of the {_MOST} strongest, assumptions as stated."
            ),
            source=f"Counts under any of C1 to C6. {source(comparison, drawn(comparison))}",
            height=_sensitivity_grid(panels).total_height,
            fill=lambda page: _draw_sensitivity(page, panels),
            width=NARROW,
        ),
        _sensitivity_data(panels),
    )


def _strongest(indices: Sequence[Index], id_: str, quantity: str) -> list[Index]:
    """Return the largest total indices; equal ones in the order of the parameter's name."""
    ranked = [x for x in indices if (x.hypothesis, x.quantity) == (id_, quantity)]
    return sorted(ranked, key=lambda x: (-x.total, x.parameter))[:_MOST]


def _sensitivity_title(comparison: Comparison, panels: Mapping[str, Sequence[Index]]) -> str:
    """Say what matters most for the count, and for the odds."""
    parts = []
    for title, indices in panels.items():
        name = _names(indices)[0]
        share = min(100 * indices[0].total, 100)
        parts.append(f"for {title}: {name} ({share:.0f} % of the spread)")
    accused = comparison.inline_title(comparison.settings.accused)
    return f"In {accused}, what matters most, alone or with others, {'; '.join(parts)}"


def _sensitivity_alt(comparison: Comparison, panels: Mapping[str, Sequence[Index]]) -> str:
    """Say the two strongest assumptions of each panel."""
    parts = []
    for title, indices in panels.items():
        pairs = zip(_names(indices)[:2], indices, strict=False)
        named = ", ".join(f"{name} {100 * x.total:.0f} %" for name, x in pairs)
        parts.append(f"of {title}: {named}")
    accused = comparison.inline_title(comparison.settings.accused)
    return f"Bars of the share of spread in {accused} by assumption; {'; '.join(parts)}."


def _sensitivity_grid(panels: Mapping[str, Sequence[Index]]) -> Grid:
    """Return a grid of one column, a panel for each quantity."""
    return Grid(len(panels), 1, _MOST * _ROW, left=_LEFT, above=0.3, below=0.5)


def _draw_sensitivity(page: Page, panels: Mapping[str, Sequence[Index]]) -> None:
    """Draw the panels; all have as many rows, so that bars are equally thick."""
    for (title, indices), axes in zip(
        panels.items(), _sensitivity_grid(panels).axes(page), strict=True
    ):
        primitives.rows(axes, _names(indices), room=_LEFT - 2 * MARGIN)
        axes.set_ylim(_MOST - 0.5, -0.5)
        for row, x in enumerate(indices):
            _draw_index(axes, row, x)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
        axes.grid(axis="x", color=LINE, lw=0.6)
        axes.set_xlabel("share of variance (%)", fontsize=primitives.LABEL)
        primitives.panel_title(axes, f"For {title}", 2.7, bold=True)


def _draw_index(axes: Axes, row: int, x: Index) -> None:
    """Draw the indices of one parameter: total light, first-order dark, and whiskers of the total.

    Estimates below 0, which is sampling error, are drawn as 0.
    """
    blue = primitives.colours()[0]
    axes.barh(row, max(x.total, 0), height=0.66, color=blue, alpha=0.38, lw=0, zorder=2)
    axes.barh(row, max(x.first, 0), height=0.32, color=INK, lw=0, zorder=3)
    ends = [max(x.total - x.total_error, 0), min(x.total + x.total_error, 1)]
    axes.plot(ends, [row, row], color=GREY, lw=1.0, zorder=4)


def _sensitivity_data(panels: Mapping[str, Sequence[Index]]) -> Data:
    """Return the indices that are drawn."""
    return [
        ("explanation", "quantity", "parameter", "first", "total", "total_error"),
        *(
            (
                x.hypothesis,
                x.quantity,
                x.parameter,
                *(f"{y:.4g}" for y in (x.first, x.total, x.total_error)),
            )
            for indices in panels.values()
            for x in indices
        ),
    ]


# Tornado


def tornado(comparison: Comparison, result: Sensitivity) -> Chart | None:
    """Draw the mean count where an assumption is lowest and highest: a tornado diagram.

    Of the accused explanation and of the one it is held against, the widest bars. None without
    bars of them.
    """
    settings = comparison.settings
    bars = {
        id_: [x for x in result.bars if x.hypothesis == id_][:_MOST]
        for id_ in (settings.accused, settings.against)
    }
    bars = {id_: longest for id_, longest in bars.items() if longest}
    if not bars:
        return None

    widest = {id_: longest[0] for id_, longest in bars.items()}
    parts = (
        f"{_names([x])[0]} moves the mean count of {comparison.inline_title(id_)} by a factor of "
        f"{plain_number(float(f'{10 ** (x.high - x.low):.1g}'))}"
        for id_, x in widest.items()
    )
    title = "; ".join(parts)
    return Chart(
        "tornado",
        "sensitivity",
        title[:1].upper() + title[1:],
        _tornado_alt(comparison, bars),
        Frame(
            subtitle=(
                "Geometric mean of the reported count in the lowest and in the highest tenth of an "
                "assumption's draws, or for the options with the smallest and the largest mean, "
                f"which are named. White line: all draws. The {_MOST} widest of each."
            ),
            source=(
                "Counts under any of C1 to C6. "
                f"{source(comparison, drawn(comparison, 'explanation'))}"
            ),
            height=_tornado_grid(len(bars)).total_height,
            fill=lambda page: _draw_tornado(page, comparison, bars),
            width=NARROW,
        ),
        _tornado_data(bars),
    )


def _tornado_alt(comparison: Comparison, bars: Mapping[str, Sequence[Bar]]) -> str:
    """Say the widest bar of each explanation, with its ends."""
    parts = [
        f"{comparison.inline_title(id_)}: {_names(longest)[0]} from "
        f"{plain_number(10 ** longest[0].low)} to {plain_number(10 ** longest[0].high)}"
        for id_, longest in bars.items()
    ]
    return f"Bars of the mean count, widest first; {'; '.join(parts)}."


def _tornado_grid(panels: int) -> Grid:
    """Return a grid of one column, a panel for each explanation."""
    return Grid(panels, 1, _MOST * _ROW, left=_LEFT, above=0.3, below=0.5)


def _draw_tornado(page: Page, comparison: Comparison, bars: Mapping[str, Sequence[Bar]]) -> None:
    """Draw a panel for each explanation; all share one logarithmic axis of counts."""
    ends = [x for longest in bars.values() for b in longest for x in (b.low, b.high)]
    # Room for the labels at the ends of the bars
    room = 0.9 * (max(ends) - min(ends))
    low, high = 10 ** (min(ends) - room), 10 ** (max(ends) + room)

    panels = _tornado_grid(len(bars)).axes(page)
    for (id_, longest), axes in zip(bars.items(), panels, strict=True):
        primitives.rows(axes, _names(longest), room=_LEFT - 2 * MARGIN)
        axes.set_ylim(_MOST - 0.5, -0.5)
        label = "reported count (exchanges, log scale)"
        primitives.log_counts(axes, low, high, label, most=4, plain=True)
        for row, bar in enumerate(longest):
            _draw_bar(axes, row, bar, colour_of(comparison, id_))
        primitives.panel_title(axes, comparison.title(id_), 2.7, bold=True)


def _draw_bar(axes: Axes, row: int, bar: Bar, colour: str) -> None:
    """Draw one bar with its middle, and at its ends the values of the parameter that lead there."""
    start = 10**bar.low
    axes.barh(row, 10**bar.high - start, left=start, height=0.6, color=colour, lw=0, zorder=2)
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
            fontsize=7,
            color=INK,
        )


def _end_words(text: str) -> str:
    """Write `2.16e+04 or less` as `up to 21,600`; names of options as they are."""
    for words, sign in ((" or less", "up to"), (" or more", "from")):
        if text.endswith(words):
            return f"{sign} {plain_number(float(text.removesuffix(words)))}"
    return text.replace("-", " ")


def _tornado_data(bars: Mapping[str, Sequence[Bar]]) -> Data:
    """Return the bars that are drawn, as counts."""
    head = ("explanation", "parameter", "low", "low_at", "high", "high_at", "mean")
    return [
        head,
        *(
            (
                x.hypothesis,
                x.parameter,
                f"{10**x.low:.4g}",
                x.low_at,
                f"{10**x.high:.4g}",
                x.high_at,
                f"{10**x.middle:.4g}",
            )
            for longest in bars.values()
            for x in longest
        ),
    ]
