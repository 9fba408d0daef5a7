"""Charts of which assumptions matter: Sobol indices, and a tornado."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.comparison.analysis import Analysis
from sim.comparison.sections.sensitivity import COUNT, ODDS_ALL, ODDS_COUNT, Bar, Index
from sim.reporting.charts import marks
from sim.reporting.charts.layout import GREY, INK, LINE, MARGIN, WIDTH, Chart, Page, framed
from sim.reporting.charts.wording import and_list, inline, short_number, source, title_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TOP_DIALS, _TOP_BARS = 5, 6
_COLUMNS, _ROW, _LEFT, _GAP = 3, 0.2, 1.6, 1.55
_QUANTITIES = {
    COUNT: "log10 of the count",
    ODDS_COUNT: "odds, count alone",
    ODDS_ALL: "odds, all observables",
}
_ABOVE = 0.42


def dial_name(dial: str, beside: Sequence[str]) -> str:
    """Return a dial in words, with what it belongs to only where the last part is not unique."""
    last = dial.split(".")[-1]
    alike = [x for x in beside if x.split(".")[-1] == last]
    name = dial.replace(".", ", ") if len(alike) > 1 else last
    return name.replace("_", " ")


def _panels(analysis: Analysis) -> list[tuple[str, str, list[Index]]]:
    """Explanation, quantity, and the indices of the dials with the largest totals."""
    made = []
    for quantity in _QUANTITIES:
        for id_ in analysis.settings.hypotheses:
            own = [x for x in analysis.indices if (x.hypothesis, x.quantity) == (id_, quantity)]
            own.sort(key=lambda x: (-x.total, x.dial))
            if own:
                made.append((id_, quantity, own[:_TOP_DIALS]))
    return made


def sensitivity(analysis: Analysis) -> Chart:
    """Chart first and total Sobol indices, of the count and of the odds."""
    shown = _panels(analysis)
    ids = analysis.settings.hypotheses
    accused, against = analysis.settings.accused, analysis.settings.against
    tops = {id_: own[0] for id_, quantity, own in shown if quantity == COUNT}
    levers = sum(analysis.library.hypotheses[k].driver == x.dial for k, x in tops.items())
    odds = [own[0] for id_, q, own in shown if (id_, q) == (accused, ODDS_ALL)]
    title = (
        f"The assumed volume moves the count most in {levers} of {len(ids)} explanations, with "
        f"{100 * min(x.total for x in tops.values()):.0f} to "
        f"{100 * max(x.total for x in tops.values()):.0f} % of the variance for the strongest dial"
    )
    if odds:
        name = dial_name(odds[0].dial, ())
        title += (
            f"; the odds with all observables hang most on the dial {name}, with "
            f"{100 * odds[0].total:.0f} %"
        )
    words = "; ".join(
        f"{_QUANTITIES[q]} of {inline(analysis, id_)}: "
        + ", ".join(f"{dial_name(x.dial, _dials(own))} {100 * x.total:.0f} %" for x in own[:3])
        for id_, q, own in shown
    )
    return framed(
        "sensitivity",
        "sensitivity",
        title,
        f"The dials with the largest total share of the variance. {words}.",
        subtitle=(
            "Sobol indices by dial: first-order (dark), the share of the variance that the dial "
            "explains alone; total (light), with all it does together with others; whiskers: "
            f"95 % of the total. The {_TOP_DIALS} strongest dials of each. Of the reported count, "
            "under the convention that was drawn (C1 to C6, itself a dial), and of the odds of "
            f"{inline(analysis, accused)} to {inline(analysis, against)}, on clusters of either, "
            "cut off at 100 : 1. Priors as stated; likelihoods of "
            f"{analysis.settings.draws:,} draws, seed {analysis.settings.seed}."
        ),
        source=source(analysis),
        height=marks.grid_height(len(shown), _COLUMNS, _TOP_DIALS * _ROW, 0.42, _ABOVE),
        fill=lambda page: _draw(page, analysis, shown),
    )


def _dials(own: Sequence[Index | Bar]) -> list[str]:
    return [x.dial for x in own]


def _draw(page: Page, analysis: Analysis, shown: list[tuple[str, str, list[Index]]]) -> None:
    grid = marks.panels(
        page,
        len(shown),
        columns=_COLUMNS,
        height=_TOP_DIALS * _ROW,
        left=_LEFT,
        gap=_GAP,
        below=0.42,
        above=_ABOVE,
    )
    for (id_, quantity, own), axes in zip(shown, grid, strict=True):
        names = [dial_name(x.dial, _dials(own)) for x in own]
        marks.rows(axes, names, room=_LEFT, size=7.0)
        axes.set_ylim(_TOP_DIALS - 0.5, -0.5)
        for row, x in enumerate(own):
            _index_bar(axes, row, x)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.5, 1], ["0", "50", "100"])
        axes.grid(axis="x", color=LINE, lw=0.6)
        axes.set_xlabel("share of variance (%)", fontsize=7.2)
        title = f"{title_of(analysis, id_)}:\n{_QUANTITIES[quantity]}"
        _wide_title(axes, title, bold=id_ == analysis.settings.accused)


def _wide_title(axes: Axes, text: str, *, bold: bool) -> None:
    """Write the title of a panel from the left end of its row labels."""
    width = axes.get_window_extent().width / axes.figure.dpi
    start = -(_LEFT - 0.2) / width
    axes.text(
        start,
        1.04,
        text,
        transform=axes.transAxes,
        va="bottom",
        fontsize=7.8,
        fontweight="bold" if bold else "normal",
        color=INK,
    )


def _index_bar(axes: Axes, row: int, x: Index) -> None:
    blue = marks.colours()[0]
    axes.barh(row, max(x.total, 0), height=0.66, color=blue, alpha=0.38, lw=0, zorder=2)
    axes.barh(row, max(x.first, 0), height=0.32, color=INK, lw=0, zorder=3)
    ends = [max(x.total - x.total_error, 0), min(x.total + x.total_error, 1)]
    axes.plot(ends, [row, row], color=GREY, lw=1.0, zorder=4)


def tornado(analysis: Analysis) -> Chart:
    """Chart the mean count where a dial is lowest and highest, for every explanation."""
    shown = {
        x: [b for b in analysis.bars if b.hypothesis == x][:_TOP_BARS]
        for x in analysis.settings.hypotheses
    }
    shown = {k: bars for k, bars in shown.items() if bars}
    factors = [10 ** (bars[0].high - bars[0].low) for bars in shown.values()]
    accused = shown.get(analysis.settings.accused, next(iter(shown.values())))[0]
    middles = [bars[0].middle for bars in shown.values()]
    title = (
        f"The strongest assumption moves the mean count by a factor of "
        f"{short_number(min(factors))} to {short_number(max(factors))}; the explanations differ "
        f"among themselves by a factor of {short_number(10 ** (max(middles) - min(middles)))}"
    )
    words = "; ".join(
        f"{inline(analysis, k)}: "
        + and_list(
            f"{dial_name(b.dial, _dials(bars))} from {short_number(10**b.low)} ({b.low_at}) to "
            f"{short_number(10**b.high)} ({b.high_at})"
            for b in bars[:2]
        )
        for k, bars in shown.items()
    )
    return framed(
        "tornado",
        "sensitivity",
        title,
        f"The widest bars. {words}. Of {inline(analysis, accused.hypothesis)} the widest is "
        f"{dial_name(accused.dial, ())}.",
        subtitle=(
            "Geometric mean of the reported count where a dial is lowest and where it is highest: "
            "the lowest and the highest tenth of its draws, or the options with the smallest and "
            "the largest mean, named at the ends. White line: mean of all draws. Counted under the "
            f"convention that was drawn (C1 to C6, itself a dial). The {_TOP_BARS} widest of each. "
            f"{analysis.settings.draws:,} draws per explanation, seed {analysis.settings.seed}."
        ),
        source=source(analysis),
        height=marks.grid_height(len(shown), 2, _TOP_BARS * 0.23),
        fill=lambda page: _draw_tornado(page, analysis, shown),
    )


def _draw_tornado(page: Page, analysis: Analysis, shown: dict[str, list[Bar]]) -> None:
    ends = [x for bars in shown.values() for b in bars for x in (b.low, b.high)]
    # Room for the labels at the ends of the bars.
    room = 0.45 * (max(ends) - min(ends))
    low, high = 10 ** (min(ends) - room), 10 ** (max(ends) + room)
    grid = marks.panels(
        page, len(shown), columns=2, height=_TOP_BARS * 0.23, left=1.6, gap=1.55, right=MARGIN
    )
    for (id_, bars), axes in zip(shown.items(), grid, strict=True):
        names = [dial_name(x.dial, _dials(bars)) for x in bars]
        marks.rows(axes, names, room=1.6, size=7.2)
        axes.set_ylim(_TOP_BARS - 0.5, -0.5)
        marks.log_counts(axes, low, high, "reported count (exchanges, log scale)")
        for row, b in enumerate(bars):
            _tornado_bar(axes, row, b)
        is_accused = id_ == analysis.settings.accused
        marks.panel_title(axes, title_of(analysis, id_), WIDTH / 3, bold=is_accused)


def _tornado_bar(axes: Axes, row: int, b: Bar) -> None:
    blue, start = marks.colours()[0], 10**b.low
    axes.barh(row, 10**b.high - start, left=start, height=0.6, color=blue, lw=0, zorder=2)
    axes.plot([10**b.middle] * 2, [row - 0.3, row + 0.3], color="white", lw=1.4, zorder=3)
    for x, text, side, shift in (
        (b.low, b.low_at, "right", -3),
        (b.high, b.high_at, "left", 3),
    ):
        axes.annotate(
            _at(text),
            (10**x, row),
            (shift, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=6.8,
            color=INK,
        )


def _at(text: str) -> str:
    """Write `2.16e+04 or less` as `<= 21.6 k`; names of options as they are."""
    for words, sign in ((" or less", "≤"), (" or more", "≥")):
        if text.endswith(words):
            return f"{sign} {short_number(float(text.removesuffix(words)))}"
    return text.replace("-", " ")
