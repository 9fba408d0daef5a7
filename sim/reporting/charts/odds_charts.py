"""Chart of odds: how much likelier each reported figure makes the accused explanation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sim.comparison.inference.odds import Odds
from sim.comparison.plain_words import plain_number
from sim.comparison.section import Comparison
from sim.comparison.sections.odds import OddsResult
from sim.comparison.wording import odds_range
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import (
    counted_words,
    drawn,
    evidence_name,
    group_colour,
    in_groups,
    source,
)
from sim.reporting.charts.layout import INK, MARGIN, NARROW, SOFT, Chart, Data, Frame, Page
from sim.reporting.charts.primitives import Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS, _ROW, _LEFT, _KEY = 2, 0.28, 1.75, 0.45
# Panels beyond these are in the table only; odds beyond 100 : 1 become arrows.
_MOST, _FARTHEST = 8, 2.1
# Larger ratios are not told by their number.
_SAID = 100


def odds_claims(comparison: Comparison, result: OddsResult) -> Chart | None:
    """Draw the likelihood ratios of every case, for the count alone and with all that is given.

    A panel per case or run, a row per other explanation. None without odds.
    """
    odds = result.odds[:_MOST]
    if not odds:
        return None
    accused = comparison.inline_title(comparison.settings.accused)
    more = f" Of {len(result.odds)}, the first {_MOST}." if len(result.odds) > _MOST else ""

    return Chart(
        "odds-claims",
        "odds",
        _title(comparison, odds),
        _alt(comparison, odds),
        Frame(
            subtitle=(
                f"How many times likelier each figure is under {accused} than under another "
                "explanation: right of 1:1 it speaks for it, left against it. Circle: the count "
                "alone. Diamond: with what else is reported. Line: smallest to largest over "
                f"{len(comparison.settings.sets)} sets of assumptions on either side.{more}"
            ),
            source=f"{counted_words(comparison)} {source(comparison, drawn(comparison))}",
            height=_grid(comparison, odds).total_height + _KEY,
            fill=lambda page: _draw(page, comparison, odds),
            width=NARROW,
        ),
        _data(comparison, odds),
    )


def _title(comparison: Comparison, odds: Sequence[Odds]) -> str:
    """Say how much likelier the count, and all that is given, make the accused explanation.

    Comparisons are left out whose count one of the two hardly ever makes, as findings do.
    """
    accused = comparison.inline_title(comparison.settings.accused)
    title = f"The count alone {_makes(_largest(odds, 0), accused)} as another explanation"
    if any(len(o.steps) > 1 for o in odds):
        title += f"; all that is given {_makes(_largest(odds, -1), 'it')}"
    return title.replace("likelier as", "likelier than")


def _largest(odds: Sequence[Odds], step: int) -> float:
    """Return the largest ratio, in log10, of the comparisons that a count lets one make."""
    ratios = [
        (r.stated, not {other, o.accused} & set(o.outside))
        for o in odds
        for other, r in o.steps[step].ratios.items()
    ]
    return max([x for x, can in ratios if can] or [x for x, _ in ratios])


def _makes(log10: float, what: str) -> str:
    """Return `makes it at most about 5 times as likely`, with one digit, as chance moves others.

    Beyond 100 a ratio rests on tails that few draws reach.
    """
    ratio = float(f"{10**log10:.1g}")
    if ratio <= 1:
        return f"nowhere makes {what} likelier"
    if ratio > _SAID:
        return f"can make {what} over {_SAID} times as likely"
    return f"makes {what} at most about {plain_number(ratio)} times as likely"


def _alt(comparison: Comparison, odds: Sequence[Odds]) -> str:
    """Say from where to where the odds run, by the count and by all that is given."""
    alone, known = (
        odds_range([r.stated for o in odds for r in o.steps[k].ratios.values()]) for k in (0, -1)
    )
    return (
        f"Likelihood ratios of {comparison.inline_title(comparison.settings.accused)}, a panel for "
        f"each of {len(odds)} figures: {alone} by the count alone, {known} with all that is given."
    )


def _order(comparison: Comparison) -> list[tuple[str, str]]:
    """Return the other explanations with their groups, those of a group together."""
    groups = in_groups(comparison, comparison.settings.others)
    return [(id_, group) for group, ids in groups.items() for id_ in ids]


def _grid(comparison: Comparison, odds: Sequence[Odds]) -> Grid:
    """Return a grid with a panel for each case, a row in it for each other explanation."""
    height = len(comparison.settings.others) * _ROW
    columns = min(len(odds), _COLUMNS)
    return Grid(len(odds), columns, height, left=_LEFT, gap=0.2, above=0.28, bottom=_KEY)


def _draw(page: Page, comparison: Comparison, odds: Sequence[Odds]) -> None:
    """Draw the panels over the key; all panels share one axis of odds."""
    ratios = [r for o in odds for k in (0, -1) for r in o.steps[k].ratios.values()]
    ends = [x for r in ratios for x in (r.stated, r.low, r.high)]
    limit = primitives.odds_limit(ends, _FARTHEST)
    order = _order(comparison)
    labels = [comparison.title(x) for x, _ in order]

    grid = _grid(comparison, odds)
    for k, (o, axes) in enumerate(zip(odds, grid.axes(page), strict=True)):
        primitives.rows(axes, labels, room=_LEFT - 2 * MARGIN)
        axes.tick_params(labelleft=k % grid.columns == 0)
        primitives.odds_axis(axes, limit, label="odds (log scale)")
        name = evidence_name(comparison, o.evidence.id)
        primitives.panel_title(axes, name, 1.6, bold=True, size=8)
        for row, (other, group) in enumerate(order):
            _draw_row(axes, row, o, other, limit, group_colour(group))

    axes = page.axes(MARGIN, 0, page.width - 2 * MARGIN, _KEY)
    axes.set_axis_off()
    primitives.key(axes, _key(), loc="center left", ncols=3, columnspacing=1.2)


def _draw_row(axes: Axes, row: int, o: Odds, other: str, limit: float, colour: Any) -> None:
    """Draw the odds of one comparison: the count alone hollow, all that is given filled.

    Parameters
    ----------
    axes, row
        Where.
    o, other
        The odds of the case, and the explanation it is held against.
    limit
        Largest log10 odds of the axis.
    colour
        That of the kind of use.
    """
    alone, known = o.steps[0].ratios[other], o.steps[-1].ratios[other]
    more, lw = len(o.steps) > 1, 1.4
    if more:
        primitives.ranged(axes, row + 0.2, known, limit, colour, marker="D", filled=True, lw=lw)
    primitives.ranged(axes, row - 0.2 * more, alone, limit, colour, marker="o", filled=False, lw=lw)


def _key() -> list[tuple[str, dict[str, Any]]]:
    """Return the entries of the key."""
    look = {"color": SOFT, "ms": 5, "mew": 1.1, "lw": 1.4}
    return [
        ("count alone", {"marker": "o", "mfc": "white", **look}),
        ("with all that is given", {"marker": "D", **look}),
        ("1:1, no change", {"color": INK, "lw": 0.8}),
    ]


def _data(comparison: Comparison, odds: Sequence[Odds]) -> Data:
    """Return the ratios of every step."""
    head = ("figure", "known", "against", "ratio", "from", "to")
    rows = [
        (
            evidence_name(comparison, o.evidence.id),
            " + ".join(step.known),
            other,
            *(f"{10**x:.4g}" for x in (r.stated, r.low, r.high)),
        )
        for o in odds
        for step in o.steps
        for other, r in step.ratios.items()
    ]
    return [head, *rows]
