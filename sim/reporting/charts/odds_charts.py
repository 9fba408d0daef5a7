"""Charts of odds: case by case, and as observables are added one after another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.comparison.inference.odds import Odds
from sim.comparison.inference.quantiles import Ranged, Span
from sim.comparison.section import Comparison
from sim.comparison.sections.design import Expected
from sim.comparison.sections.odds import OddsResult
from sim.comparison.wording import and_list, observable_name, odds_range, odds_words
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import (
    counted_words,
    drawn,
    evidence_name,
    kind_of_evidence,
    source,
)
from sim.reporting.charts.layout import INK, MARGIN, SOFT, Chart, Frame, Page
from sim.reporting.charts.primitives import Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Curves = Mapping[str, Sequence[Expected]]

_COLUMNS, _ROW, _LEFT = 3, 0.25, 1.85


# Cases


def odds_claims(comparison: Comparison, result: OddsResult) -> Chart | None:
    """Draw the likelihood ratios of every case, for the count alone and with all that is known.

    A panel per other hypothesis, a row per case or run. None without odds.
    """
    odds = result.odds
    if not odds:
        return None
    accused = comparison.inline_title(comparison.settings.accused)
    first = [r for o in odds for r in o.steps[0].ratios.values()]
    last = [r for o in odds for r in o.steps[-1].ratios.values()]
    undecided = sum(r.low < 0 < r.high for r in last)

    title = (
        f"For {accused} the count alone speaks with "
        f"{odds_words(max(r.stated for r in first))} at most, all that is known with "
        f"{odds_words(max(r.stated for r in last))}; in {undecided} of {len(last)} comparisons the "
        "priors decide which side is favoured"
    )

    return Chart(
        "odds-claims",
        "odds",
        title,
        _claims_alt(comparison, odds),
        Frame(
            subtitle=(
                f"Likelihood ratio of {accused} to each other "
                f"explanation, for {len(odds)} {kind_of_evidence(comparison)}. Mark: priors as "
                f"stated; line: smallest to largest over {len(comparison.settings.sets)} prior "
                f"sets on either side; an arrow: further. {counted_words(comparison)} "
                f"{drawn(comparison)} {_cap_words(comparison)}"
            ),
            source=source(comparison),
            height=_claims_grid(comparison, odds).total_height,
            fill=lambda page: _draw_claims(page, comparison, odds),
        ),
    )


def _cap_words(comparison: Comparison) -> str:
    """Say that n draws cannot tell ratios beyond n to 1."""
    most = odds_words(math.log10(comparison.settings.draws))
    return f"No ratio beyond {most} either way can be told from so many draws."


def _claims_alt(comparison: Comparison, odds: Sequence[Odds]) -> str:
    """Say by other hypothesis from where to where the odds run, by count and by all known."""
    parts = []
    for other in comparison.settings.others:
        alone, known = ([o.steps[k].ratios[other].stated for o in odds] for k in (0, -1))
        parts.append(
            f"Against {comparison.inline_title(other)} the count alone gives {odds_range(alone)}, "
            f"and all that is known {odds_range(known)}"
        )
    return (
        f"A panel per other explanation, a row per {kind_of_evidence(comparison)[:-1]}; ratios "
        f"under the priors as stated. {'. '.join(parts)}."
    )


def _claims_grid(comparison: Comparison, odds: Sequence[Odds]) -> Grid:
    """Return a grid with a panel for each other hypothesis, and one for the key."""
    panels = len(comparison.settings.others) + 1
    return Grid(panels, columns=_COLUMNS, height=len(odds) * _ROW, left=_LEFT, gap=0.34)


def _draw_claims(page: Page, comparison: Comparison, odds: Sequence[Odds]) -> None:
    """Draw the panels and, in the last one, the key; all panels share one axis of odds."""
    blue, red = primitives.colours()[0], primitives.colours()[2]
    ratios = [r for o in odds for k in (0, -1) for r in o.steps[k].ratios.values()]
    limit = primitives.odds_limit([x for r in ratios for x in (r.stated, r.low, r.high)])
    labels = [evidence_name(comparison, o.evidence.id) for o in odds]

    panels = _claims_grid(comparison, odds).axes(page)
    for k, (other, axes) in enumerate(zip(comparison.settings.others, panels, strict=False)):
        primitives.rows(axes, labels, room=_LEFT - 2 * MARGIN, size=7.5)
        axes.tick_params(labelleft=k % _COLUMNS == 0)
        primitives.odds_axis(axes, limit, label="odds, accused : other (log scale)")
        against = f"against {comparison.inline_title(other)}"
        primitives.panel_title(axes, against, 2.2, size=8)
        for row, o in enumerate(odds):
            _claim_rows(axes, row, o, other, limit, (blue, red))

    last = next(panels)
    last.set_axis_off()
    primitives.key(last, _claims_key(blue, red), loc="upper left")


def _claim_rows(
    axes: Axes, row: int, o: Odds, other: str, limit: float, colours: tuple[Any, Any]
) -> None:
    """Draw the count alone above all that is known; where that is no more, only once.

    Parameters
    ----------
    axes, row
        Where the case has its row.
    o
        Its odds.
    other
        The hypothesis that the panel is about.
    limit
        Largest log10 odds of the axis.
    colours
        Of the count alone, and of all that is known.
    """
    alone, known = o.steps[0].ratios[other], o.steps[-1].ratios[other]
    more = len(o.steps) > 1
    style: dict[str, Any] = {"marker": "o", "filled": False, "lw": 1.3}
    primitives.ranged(axes, row - 0.19 * more, alone, limit, colours[0], **style)
    if more:
        full: dict[str, Any] = {"marker": "D", "filled": True, "lw": 2.4}
        primitives.ranged(axes, row + 0.19, known, limit, colours[1], **full)


def _claims_key(blue: Any, red: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return the entries of the key: two kinds of marks and two kinds of lines."""
    look = {"ms": 5, "mew": 1.1}
    return [
        ("the count alone", {"color": blue, "marker": "o", "mfc": "white", "lw": 1.3, **look}),
        ("all that is known", {"color": red, "marker": "D", "lw": 2.4, **look}),
        ("1 : 1, the odds stay as they were", {"color": INK, "lw": 0.8}),
        ("1 : 10 and 10 : 1", {"color": SOFT, "lw": 0.8, "ls": (0, (4, 3))}),
    ]


# Growing sets of observables


def odds_curves(comparison: Comparison, result: OddsResult) -> Chart | None:
    """Draw what growing sets of observables do to the odds of clusters whose maker is known.

    The clusters are simulated under the accused or another hypothesis; no claim is weighed. None
    without such sets.
    """
    if not result.growing:
        return None
    accused, others = comparison.settings.accused, comparison.settings.others
    curves = {x: [e for e in result.growing if e.against == x] for x in others}
    start = [c[0].median_if_accused.stated for c in curves.values()]
    end = {x: c[-1].median_if_accused.stated for x, c in curves.items()}
    observables = len(curves[others[0]][-1].known)
    hardest = min(end, key=end.__getitem__)

    title = (
        f"By its count a typical cluster of {comparison.inline_title(accused)} gets "
        f"odds of {odds_range(start)}; all {observables} observables bring it to "
        f"{odds_words(min(end.values()))} or more, least against "
        f"{comparison.inline_title(hardest)}"
    )

    return Chart(
        "odds-curves",
        "odds",
        title,
        _curves_alt(comparison, curves),
        Frame(
            subtitle=(
                f"Likelihood ratio of {comparison.inline_title(accused)} to each other "
                "explanation as observables are added from left to right, of simulated clusters as "
                "found and published, counts under any of C1 to C6. Lines: median cluster, priors "
                f"as stated; band: that median over {len(comparison.settings.sets)} prior sets on "
                "either side; light: 5 to 95 % of the clusters, priors as stated. "
                f"{drawn(comparison)} {_cap_words(comparison)}"
            ),
            source=source(comparison),
            height=_curves_grid(curves).total_height,
            fill=lambda page: _draw_curves(page, comparison, curves),
        ),
    )


def _curves_alt(comparison: Comparison, curves: Curves) -> str:
    """Say by other hypothesis where the median odds begin and end, for clusters of either maker."""
    parts = [
        f"Against {comparison.inline_title(x)}, clusters of the accused explanation go from "
        f"{odds_words(c[0].median_if_accused.stated)} to "
        f"{odds_words(c[-1].median_if_accused.stated)}, clusters of the other from "
        f"{odds_words(c[0].median_if_other.stated)} to {odds_words(c[-1].median_if_other.stated)}"
        for x, c in curves.items()
    ]
    names = and_list(observable_name(x) for x in next(iter(curves.values()))[-1].known)
    return f"Median odds with the count alone, then with {names}. {'. '.join(parts)}."


def _curves_grid(curves: Curves) -> Grid:
    """Return a grid with a panel for each other hypothesis, and one for the key."""
    return Grid(len(curves) + 1, columns=_COLUMNS, height=1.55, left=0.9, gap=0.2)


def _draw_curves(page: Page, comparison: Comparison, curves: Curves) -> None:
    """Draw a panel per other hypothesis; in the last one the key and the numbered observables.

    The axis of odds ends where the number of draws ends what can be told.
    """
    blue, red = primitives.colours()[0], primitives.colours()[2]
    most = math.log10(comparison.settings.draws)
    panels = _curves_grid(curves).axes(page)
    for k, ((other, steps), axes) in enumerate(zip(curves.items(), panels, strict=False)):
        _draw_curve(
            axes,
            [x.median_if_accused for x in steps],
            [x.if_accused for x in steps],
            {"color": blue, "marker": "o"},
        )
        _draw_curve(
            axes,
            [x.median_if_other for x in steps],
            [x.if_other for x in steps],
            {"color": red, "marker": "D"},
        )
        primitives.odds_axis(axes, most, vertical=True)
        axes.set_xlim(-0.3, len(steps) - 0.7)
        axes.set_xticks(range(len(steps)), [str(j + 1) for j in range(len(steps))])
        axes.set_xlabel("observables known (number, listed below)", fontsize=primitives.LABEL)
        axes.tick_params(labelleft=k % _COLUMNS == 0)
        if k % _COLUMNS == 0:
            axes.set_ylabel("odds, accused : other\n(log scale)", fontsize=7.5)
        against = f"against {comparison.inline_title(other)}"
        primitives.panel_title(axes, against, 2.6, size=8)

    last = next(panels)
    last.set_axis_off()
    primitives.key(last, _curves_key(comparison, blue, red), loc="upper left", ncols=1)
    _list_observables(last, [x.known[-1] for x in next(iter(curves.values()))])


def _draw_curve(
    axes: Axes, medians: Sequence[Ranged], spans: Sequence[Span], look: Mapping[str, Any]
) -> None:
    """Draw medians over a band of their range, over a light band of 90 % of the clusters.

    Parameters
    ----------
    axes
        x counts the observables from 0.
    medians
        Median log10 odds for each set of observables, with its range over prior sets.
    spans
        Quantiles over clusters for the same sets, priors as stated.
    look
        Colour and marker of the line.
    """
    x, colour = range(len(medians)), look["color"]
    axes.fill_between(
        x, [s.p05 for s in spans], [s.p95 for s in spans], color=colour, alpha=0.12, lw=0
    )
    axes.fill_between(
        x, [m.low for m in medians], [m.high for m in medians], color=colour, alpha=0.3, lw=0
    )
    axes.plot(x, [m.stated for m in medians], ms=3.8, lw=1.5, zorder=4, **look)


def _curves_key(comparison: Comparison, blue: Any, red: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return the entries of the key: lines of either maker, and what the two bands are."""
    accused = comparison.inline_title(comparison.settings.accused)
    return [
        (f"clusters of {accused}", {"color": blue, "marker": "o", "ms": 4, "lw": 1.5}),
        ("clusters of the other explanation", {"color": red, "marker": "D", "ms": 4, "lw": 1.5}),
        ("range over prior sets", {"color": SOFT, "lw": 7, "alpha": 0.4}),
        ("5 to 95 % of clusters", {"color": SOFT, "lw": 7, "alpha": 0.15}),
    ]


def _list_observables(axes: Axes, added: Sequence[str]) -> None:
    """Write the numbered observables in two columns under the key, in the order they are added."""
    names = [observable_name(x) for x in added]
    lines = [f"{j + 1}  {x}" for j, x in enumerate((names[0], *(f"+ {x}" for x in names[1:])))]
    half = math.ceil(len(lines) / 2)
    for x, column in ((0.0, lines[:half]), (0.72, lines[half:])):
        axes.text(
            x,
            0.44,
            "\n".join(column),
            va="top",
            fontsize=primitives.LABEL,
            color=INK,
            linespacing=1.25,
            transform=axes.transAxes,
        )
