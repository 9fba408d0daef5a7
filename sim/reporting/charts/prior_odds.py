"""The chart of what one would have to believe before: shares of pooled accounts, prior odds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sim.comparison.analysis import Analysis
from sim.comparison.inference.odds import DECISIVE, PoolShare
from sim.reporting.charts import marks
from sim.reporting.charts.layout import GREY, INK, LINE, MARGIN, WIDTH, Chart, Page, framed
from sim.reporting.charts.wording import (
    counted_words,
    drawn,
    evidence_name,
    inline,
    kind_of_evidence,
    odds_range,
    odds_words,
    others,
    share_range,
    source,
    tight_odds,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS, _HEIGHT, _ROW = 3, 1.75, 0.36
_LEFT = 2.05


def priors_needed(analysis: Analysis) -> Chart:
    """Chart the odds by the share of pooled accounts, and the prior odds that 10 to 1 needs."""
    curves = _curves(analysis)
    decisive = _turns(_all(curves))
    needed = [r for o in analysis.odds for r in o.prior_needed.values()]
    ratio = odds_words(math.log10(DECISIVE))
    enough = sum(r.stated <= 0 for r in needed)
    title = (
        f"Without prior odds in its favour, {inline(analysis, analysis.settings.accused)} reaches "
        f"{ratio} in {enough} of {len(needed)} comparisons"
    )
    if decisive:
        title += (
            "; where the share of pooled accounts decides, it must lie below "
            f"{share_range(min(decisive), max(decisive))}, by case"
        )
    against = others(analysis)
    lower = len(against) * _ROW + 0.95
    upper = (
        marks.grid_height(len(curves) + 1, _COLUMNS, _HEIGHT) if curves else _key_height(analysis)
    )
    return framed(
        "priors-needed",
        "priors-needed",
        title,
        _alt(analysis, curves),
        subtitle=(
            f"{_top_words(analysis) if curves else ''}"
            f"Bottom: odds to believe in before, so that all that is known makes {ratio}; mark: "
            f"priors as stated, band: smallest to largest of all {kind_of_evidence(analysis)} over "
            f"{len(analysis.settings.sets)} prior sets on either side. {counted_words(analysis)} "
            f"{drawn(analysis)}"
        ),
        source=source(analysis),
        height=upper + lower,
        fill=lambda page: _draw(page, analysis, curves, lower),
    )


def _top_words(analysis: Analysis) -> str:
    return (
        f"Top: likelihood ratio of {inline(analysis, analysis.settings.accused)} to another "
        "explanation with all that is known, by the share of that one's accounts that are pooled, "
        f"for the {kind_of_evidence(analysis)} that give accounts; priors as stated. "
    )


def _key_height(analysis: Analysis) -> float:
    return 0.2 + 0.18 * math.ceil(len(analysis.odds) / _COLUMNS)


def _curves(analysis: Analysis) -> dict[str, list[PoolShare]]:
    """By other explanation, the curves of the cases that give accounts."""
    give = {o.evidence.id for o in analysis.odds if "accounts" in o.evidence.limits}
    found: dict[str, list[PoolShare]] = {}
    for x in analysis.pools:
        if x.case in give:
            found.setdefault(x.against, []).append(x)
    return found


def _all(curves: dict[str, list[PoolShare]]) -> list[PoolShare]:
    return [x for own in curves.values() for x in own]


def _looks(analysis: Analysis) -> dict[str, dict[str, Any]]:
    """Marker and colour of every case."""
    colours = marks.colours()
    return {
        o.evidence.id: {
            "marker": marks.MARKERS[k % len(marks.MARKERS)],
            "color": colours[k % len(colours)],
        }
        for k, o in enumerate(analysis.odds)
    }


def _draw(page: Page, analysis: Analysis, curves: dict[str, list[PoolShare]], lower: float) -> None:
    looks = _looks(analysis)
    entries = [
        (evidence_name(analysis, k), {"lw": 1, "ms": 5, "mew": 0, **look})
        for k, look in looks.items()
    ]
    if curves:
        _draw_shares(page, analysis, curves, lower, entries)
    else:
        axes = page.axes(MARGIN, lower, WIDTH - 2 * MARGIN, _key_height(analysis))
        axes.set_axis_off()
        marks.key(axes, entries, loc="upper left", ncols=_COLUMNS, fontsize=7.5)
    _draw_prior_odds(page, analysis, lower)


def _draw_shares(
    page: Page,
    analysis: Analysis,
    curves: dict[str, list[PoolShare]],
    lower: float,
    entries: list[tuple[str, dict[str, Any]]],
) -> None:
    looks = _looks(analysis)
    logs = [math.log10(r) for x in _all(curves) for r in x.ratios.values() if 0 < r < math.inf]
    low, high = min(-1.2, *logs) - 0.15, max(1.2, *logs) + 0.15
    grid = marks.panels(
        page,
        len(curves) + 1,
        columns=_COLUMNS,
        height=_HEIGHT,
        left=0.9,
        gap=0.25,
        bottom=lower,
    )
    for k, ((other, own), axes) in enumerate(zip(curves.items(), grid, strict=False)):
        for x in own:
            shares = list(x.ratios)
            ratios = [min(max(math.log10(max(r, 1e-9)), low), high) for r in x.ratios.values()]
            axes.plot(shares, ratios, lw=1, ms=4, mew=0, **looks[x.case])
        _share_axes(axes, low, high)
        axes.tick_params(labelleft=k % _COLUMNS == 0)
        if k % _COLUMNS == 0:
            axes.set_ylabel("odds, accused : other\n(log scale)", fontsize=7.5)
        marks.panel_title(axes, f"against {inline(analysis, other)}", 2.5, size=8)
    last = next(grid)
    last.set_axis_off()
    marks.key(last, entries, loc="upper left", fontsize=7.5, labelspacing=0.3)


def _share_axes(axes: Axes, low: float, high: float) -> None:
    axes.set_xscale("log")
    axes.set_xticks([0.001, 0.01, 0.1, 1], ["0.1", "1", "10", "100"])
    axes.minorticks_off()
    axes.set_xlim(0.0008, 1.05)
    axes.set_xlabel("pooled accounts of that explanation (%)", fontsize=7.5)
    marks.odds_axis(axes, 4, vertical=True)
    places = [x for x in range(-3, 4) if low <= x <= high]
    axes.set_yticks(places, [tight_odds(x) for x in places])
    axes.set_yticks([], minor=True)
    axes.set_ylim(low, high)
    axes.grid(axis="x", color=LINE, lw=0.6)


def _draw_prior_odds(
    page: Page,
    analysis: Analysis,
    lower: float,
) -> None:
    against, looks = others(analysis), _looks(analysis)
    axes = page.axes(_LEFT, 0.5, WIDTH - _LEFT - 0.2, lower - 0.95)
    marks.rows(axes, [f"against {inline(analysis, x)}" for x in against], room=_LEFT - 2 * MARGIN)
    ranges = [r for o in analysis.odds for r in o.prior_needed.values()]
    limit = max(abs(x) for r in ranges for x in (r.low, r.high)) + 0.15
    marks.odds_axis(axes, max(limit, 2.7))
    places = [x for x in range(-4, 6) if abs(x) <= limit]
    axes.set_xticks(places, [tight_odds(x) for x in places])
    axes.set_xlabel("prior odds needed, accused : other (log scale)", fontsize=marks.LABEL)
    for row, other in enumerate(against):
        own = [(o.evidence.id, o.prior_needed[other]) for o in analysis.odds]
        ends = min(r.low for _, r in own), max(r.high for _, r in own)
        axes.plot(ends, [row, row], color=GREY, lw=6, alpha=0.45, solid_capstyle="butt", zorder=2)
        for k, (id_, r) in enumerate(own):
            y = row + (k / max(len(own) - 1, 1) - 0.5) * 0.6
            axes.plot([r.stated], [y], ms=5, mew=0, zorder=4, **looks[id_])
    page.text(
        MARGIN,
        lower - 0.4,
        f"Prior odds that make {odds_words(math.log10(DECISIVE))}",
        fontsize=8.5,
        fontweight="bold",
        color=INK,
    )


def _turns(shares: Iterable[PoolShare]) -> list[float]:
    """Shares of pooled accounts below which it is 10 to 1, where some shares are and some not."""
    return [
        x.decisive[1]
        for x in shares
        if x.decisive is not None and x.decisive[0] == 0 and x.decisive[1] < 1
    ]


def _alt(analysis: Analysis, curves: dict[str, list[PoolShare]]) -> str:
    parts = []
    for other, own in curves.items():
        below = _turns(own)
        where = (
            f"10 to 1 holds in {len(below)} of {len(own)}, below a pooled share of "
            f"{share_range(min(below), max(below))}"
            if below
            else f"no share gives 10 to 1 in any of {len(own)}"
        )
        parts.append(f"Against {inline(analysis, other)} {where}")
    for other in others(analysis):
        stated = [o.prior_needed[other].stated for o in analysis.odds]
        parts.append(f"Prior odds needed against {inline(analysis, other)}: {odds_range(stated)}")
    return ". ".join(parts) + "."
