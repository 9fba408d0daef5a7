"""Chart of what one would have to believe before: shares of pooled accounts, prior odds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.comparison.inference.beliefs import PoolShare
from sim.comparison.inference.odds import DECISIVE, Odds
from sim.comparison.section import Comparison
from sim.comparison.sections.priors_needed import PriorsNeeded
from sim.comparison.wording import odds_range, odds_words, share_range, tight_odds
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import (
    counted_words,
    drawn,
    evidence_name,
    kind_of_evidence,
    source,
)
from sim.reporting.charts.layout import GREY, INK, LINE, MARGIN, WIDTH, Chart, Frame, Page
from sim.reporting.charts.primitives import Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colour and marker of each case.
Looks = Mapping[str, Mapping[str, Any]]
# By other hypothesis, a curve for each case.
Curves = Mapping[str, Sequence[PoolShare]]

_COLUMNS, _ROW, _LEFT = 3, 0.36, 2.05
_DECISIVE_WORDS = odds_words(math.log10(DECISIVE))


def priors_needed(comparison: Comparison, result: PriorsNeeded) -> Chart | None:
    """Draw the odds by the share of pooled accounts, and the prior odds that 10 to 1 needs.

    Returns
    -------
    Chart or None
        None without odds. The upper panels are left out if no case gives accounts.
    """
    odds = result.odds
    if not odds:
        return None
    curves = _curves(result)
    lower = len(comparison.settings.others) * _ROW + 0.95
    upper = _grid(curves, lower).total_height if curves else _key_height(odds)

    def fill(page: Page) -> None:
        """Draw the panels, or a wide key in their place, over the rows of prior odds."""
        looks = _looks(odds)
        entries = [
            (evidence_name(comparison, id_), {"lw": 1, "ms": 5, "mew": 0, **look})
            for id_, look in looks.items()
        ]
        if curves:
            key_axes = _draw_shares(page, comparison, curves, looks, lower)
            primitives.key(key_axes, entries, loc="upper left", fontsize=7.5, labelspacing=0.3)
        else:
            key_axes = page.axes(MARGIN, lower, WIDTH - 2 * MARGIN, _key_height(odds))
            key_axes.set_axis_off()
            primitives.key(key_axes, entries, loc="upper left", ncols=_COLUMNS, fontsize=7.5)
        _draw_prior_odds(page, comparison, odds, looks, lower)

    return Chart(
        "priors-needed",
        "priors-needed",
        _title(comparison, odds, curves),
        _alt(comparison, odds, curves),
        Frame(
            subtitle=(
                f"{_top_words(comparison) if curves else ''}"
                "Bottom: odds to believe in before, so that all that is known makes "
                f"{_DECISIVE_WORDS}; mark: priors as stated, band: smallest to largest of all "
                f"{kind_of_evidence(comparison)} over {len(comparison.settings.sets)} prior sets "
                f"on either side. {counted_words(comparison)} {drawn(comparison)}"
            ),
            source=source(comparison),
            height=upper + lower,
            fill=fill,
        ),
    )


def _curves(result: PriorsNeeded) -> Curves:
    """Return by other hypothesis the curves of the cases that give accounts.

    Without a number of accounts the share of pooled ones decides nothing.
    """
    ids = {o.evidence.id for o in result.odds if "accounts" in o.evidence.limits}
    curves: dict[str, list[PoolShare]] = {}
    for x in result.pools:
        if x.case in ids:
            curves.setdefault(x.against, []).append(x)
    return curves


def _grid(curves: Curves, lower: float) -> Grid:
    """Return a grid with a panel for each other hypothesis, and one for the key."""
    return Grid(len(curves) + 1, columns=_COLUMNS, height=1.75, left=0.9, gap=0.25, bottom=lower)


def _key_height(odds: Sequence[Odds]) -> float:
    """Return the height in inches of a key that stands alone, in `_COLUMNS` columns."""
    return 0.2 + 0.18 * math.ceil(len(odds) / _COLUMNS)


def _looks(odds: Sequence[Odds]) -> Looks:
    """Return a colour and a marker for each case; both repeat when they run out."""
    colours = primitives.colours()
    return {
        o.evidence.id: {
            "marker": primitives.MARKERS[k % len(primitives.MARKERS)],
            "color": colours[k % len(colours)],
        }
        for k, o in enumerate(odds)
    }


# Texts


def _title(comparison: Comparison, odds: Sequence[Odds], curves: Curves) -> str:
    """Say in how many comparisons likelihoods alone decide, and where pooled shares turn them."""
    needed = [r for o in odds for r in o.prior_needed.values()]
    enough = sum(r.stated <= 0 for r in needed)
    title = (
        "Without prior odds in its favour, "
        f"{comparison.inline_title(comparison.settings.accused)} reaches "
        f"{_DECISIVE_WORDS} in {enough} of {len(needed)} comparisons"
    )
    turns = _turns(x for of_other in curves.values() for x in of_other)
    if turns:
        title += (
            "; where the share of pooled accounts decides, it must lie below "
            f"{share_range(min(turns), max(turns))}, by case"
        )
    return title


def _turns(shares: Iterable[PoolShare]) -> list[float]:
    """Return shares of pooled accounts below which it is 10 to 1.

    Only of curves where small shares are decisive and larger ones are not.
    """
    return [
        x.decisive[1]
        for x in shares
        if x.decisive is not None and x.decisive[0] == 0 and x.decisive[1] < 1
    ]


def _top_words(comparison: Comparison) -> str:
    """Return the part of the subtitle that explains the upper panels."""
    accused = comparison.inline_title(comparison.settings.accused)
    return (
        f"Top: likelihood ratio of {accused} to another "
        "explanation with all that is known, by the share of that one's accounts that are pooled, "
        f"for the {kind_of_evidence(comparison)} that give accounts; priors as stated. "
    )


def _alt(comparison: Comparison, odds: Sequence[Odds], curves: Curves) -> str:
    """Say what every panel and row shows: where 10 to 1 holds, which prior odds it takes."""
    parts = []
    for other, of_other in curves.items():
        turns = _turns(of_other)
        where = (
            f"10 to 1 holds in {len(turns)} of {len(of_other)}, below a pooled share of "
            f"{share_range(min(turns), max(turns))}"
            if turns
            else f"no share gives 10 to 1 in any of {len(of_other)}"
        )
        parts.append(f"Against {comparison.inline_title(other)} {where}")

    for other in comparison.settings.others:
        stated = [o.prior_needed[other].stated for o in odds]
        title = comparison.inline_title(other)
        parts.append(f"Prior odds needed against {title}: {odds_range(stated)}")
    return ". ".join(parts) + "."


# Drawing


def _draw_shares(
    page: Page, comparison: Comparison, curves: Curves, looks: Looks, lower: float
) -> Axes:
    """Draw a panel for each other hypothesis; return the last one, which is left for the key.

    Likelihood ratios of 0 or infinity are drawn at the ends of the axis, which all panels share.
    """
    ratios = [r for of_other in curves.values() for x in of_other for r in x.ratios.values()]
    logs = [math.log10(r) for r in ratios if 0 < r < math.inf]
    low, high = min(-1.2, *logs) - 0.15, max(1.2, *logs) + 0.15

    panels = _grid(curves, lower).axes(page)
    for k, ((other, of_other), axes) in enumerate(zip(curves.items(), panels, strict=False)):
        for x in of_other:
            ends = [min(max(math.log10(max(r, 1e-9)), low), high) for r in x.ratios.values()]
            axes.plot(list(x.ratios), ends, lw=1, ms=4, mew=0, **looks[x.case])
        _share_axes(axes, low, high)
        axes.tick_params(labelleft=k % _COLUMNS == 0)
        if k % _COLUMNS == 0:
            axes.set_ylabel("odds, accused : other\n(log scale)", fontsize=7.5)
        against = f"against {comparison.inline_title(other)}"
        primitives.panel_title(axes, against, 2.5, size=8)

    last = next(panels)
    last.set_axis_off()
    return last


def _share_axes(axes: Axes, low: float, high: float) -> None:
    """Label the axes of a panel: shares in per cent, odds from `low` to `high` in log10."""
    axes.set_xscale("log")
    axes.set_xticks([0.001, 0.01, 0.1, 1], ["0.1", "1", "10", "100"])
    axes.minorticks_off()
    axes.set_xlim(0.0008, 1.05)
    axes.set_xlabel("pooled accounts of that explanation (%)", fontsize=7.5)

    primitives.odds_axis(axes, 4, vertical=True)
    ticks = [x for x in range(-3, 4) if low <= x <= high]
    axes.set_yticks(ticks, [tight_odds(x) for x in ticks])
    axes.set_yticks([], minor=True)
    axes.set_ylim(low, high)
    axes.grid(axis="x", color=LINE, lw=0.6)


def _draw_prior_odds(
    page: Page, comparison: Comparison, odds: Sequence[Odds], looks: Looks, lower: float
) -> None:
    """Draw a row for each other hypothesis: a band over all cases, and a mark for each.

    The band runs from the smallest to the largest over cases and prior sets; marks are at the
    priors as stated, one under another in the order of the cases.
    """
    others = comparison.settings.others
    axes = page.axes(_LEFT, 0.5, WIDTH - _LEFT - 0.2, lower - 0.95)
    labels = [f"against {comparison.inline_title(x)}" for x in others]
    primitives.rows(axes, labels, room=_LEFT - 2 * MARGIN)

    ranges = [r for o in odds for r in o.prior_needed.values()]
    limit = max(abs(x) for r in ranges for x in (r.low, r.high)) + 0.15
    primitives.odds_axis(axes, max(limit, 2.7))
    ticks = [x for x in range(-4, 6) if abs(x) <= limit]
    axes.set_xticks(ticks, [tight_odds(x) for x in ticks])
    axes.set_xlabel("prior odds needed, accused : other (log scale)", fontsize=primitives.LABEL)

    for row, other in enumerate(others):
        needed = [(o.evidence.id, o.prior_needed[other]) for o in odds]
        ends = min(r.low for _, r in needed), max(r.high for _, r in needed)
        axes.plot(ends, [row, row], color=GREY, lw=6, alpha=0.45, solid_capstyle="butt", zorder=2)
        for k, (id_, r) in enumerate(needed):
            y = row + (k / max(len(needed) - 1, 1) - 0.5) * 0.6
            axes.plot([r.stated], [y], ms=5, mew=0, zorder=4, **looks[id_])

    words = f"Prior odds that make {_DECISIVE_WORDS}"
    page.text(MARGIN, lower - 0.4, words, fontsize=8.5, fontweight="bold", color=INK)
