"""Charts of odds: case by case, and as observables are added one after another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sim.comparison.analysis import Analysis
from sim.comparison.inference.odds import Odds
from sim.comparison.inference.quantiles import Span
from sim.comparison.sections.design import Expected
from sim.reporting.charts import marks
from sim.reporting.charts.layout import INK, MARGIN, SOFT, Chart, Page, framed
from sim.reporting.charts.wording import (
    and_list,
    counted_words,
    drawn,
    evidence_name,
    inline,
    kind_of_evidence,
    observable_name,
    odds_range,
    odds_words,
    others,
    source,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS, _ROW, _LEFT = 3, 0.25, 1.85
_CURVES_HEIGHT = 1.55


def odds_claims(analysis: Analysis) -> Chart:
    """Chart the likelihood ratios of every case, for the count alone and with all that is known."""
    n, against = len(analysis.odds), others(analysis)
    first = [r for o in analysis.odds for r in o.steps[0].ratios.values()]
    last = [r for o in analysis.odds for r in o.steps[-1].ratios.values()]
    open_ = sum(r.low < 0 < r.high for r in last)
    title = (
        f"For {inline(analysis, analysis.settings.accused)} the count alone speaks with "
        f"{odds_words(max(r.stated for r in first))} at most, all that is known with "
        f"{odds_words(max(r.stated for r in last))}; in {open_} of {len(last)} comparisons the "
        "priors decide which side is favoured"
    )
    height = marks.grid_height(len(against) + 1, COLUMNS, n * _ROW)
    return framed(
        "odds-claims",
        "odds",
        title,
        _claims_alt(analysis),
        subtitle=(
            f"Likelihood ratio of {inline(analysis, analysis.settings.accused)} to each other "
            f"explanation, for {n} {kind_of_evidence(analysis)}. Mark: priors as stated; line: "
            f"smallest to largest over {len(analysis.settings.sets)} prior sets on either side; "
            f"an arrow: further. {counted_words(analysis)} "
            f"{drawn(analysis)} {_cap_words(analysis)}"
        ),
        source=source(analysis),
        height=height,
        fill=lambda page: _draw_claims(page, analysis),
    )


def _cap_words(analysis: Analysis) -> str:
    most = odds_words(math.log10(analysis.settings.draws))
    return f"No ratio beyond {most} either way can be told from so many draws."


def _claims_alt(analysis: Analysis) -> str:
    parts = []
    for other in others(analysis):
        for words, step in (("the count alone", 0), ("all that is known", -1)):
            stated = [o.steps[step].ratios[other].stated for o in analysis.odds]
            parts.append(
                f"Against {inline(analysis, other)} {words} gives {odds_range(stated)}"
                if step == 0
                else f"and {words} {odds_range(stated)}"
            )
    text = ", ".join(parts).replace(", Against", ". Against")
    return (
        f"A panel per other explanation, a row per {kind_of_evidence(analysis)[:-1]}; ratios "
        f"under the priors as stated. {text}."
    )


def _draw_claims(page: Page, analysis: Analysis) -> None:
    blue, red = marks.colours()[0], marks.colours()[2]
    steps = [o.steps[k] for o in analysis.odds for k in (0, -1)]
    ends = [x for s in steps for r in s.ratios.values() for x in (r.stated, r.low, r.high)]
    limit = marks.odds_limit(ends)
    labels = [evidence_name(analysis, o.evidence.id) for o in analysis.odds]
    against = others(analysis)
    grid = marks.panels(
        page, len(against) + 1, columns=COLUMNS, height=len(labels) * _ROW, left=_LEFT, gap=0.34
    )
    for k, (other, axes) in enumerate(zip(against, grid, strict=False)):
        marks.rows(axes, labels, room=_LEFT - 2 * MARGIN, size=7.5)
        axes.tick_params(labelleft=k % COLUMNS == 0)
        marks.odds_axis(axes, limit, label="odds, accused : other (log scale)")
        marks.panel_title(axes, f"against {inline(analysis, other)}", 2.2, size=8)
        for row, o in enumerate(analysis.odds):
            _claim_rows(axes, row, o, other, limit, (blue, red))
    last = next(grid)
    last.set_axis_off()
    marks.key(last, _claims_key(blue, red), loc="upper left")


def _claim_rows(
    axes: Axes, row: int, o: Odds, other: str, limit: float, colours: tuple[Any, Any]
) -> None:
    """Draw the count alone above all that is known; where that is no more, only once."""
    alone, known = o.steps[0].ratios[other], o.steps[-1].ratios[other]
    more = len(o.steps) > 1
    style: dict[str, Any] = {"marker": "o", "filled": False, "lw": 1.3}
    marks.ranged(axes, row - 0.19 * more, alone, limit, colours[0], **style)
    if more:
        full: dict[str, Any] = {"marker": "D", "filled": True, "lw": 2.4}
        marks.ranged(axes, row + 0.19, known, limit, colours[1], **full)


def _claims_key(blue: Any, red: Any) -> list[tuple[str, dict[str, Any]]]:
    look = {"ms": 5, "mew": 1.1}
    return [
        ("the count alone", {"color": blue, "marker": "o", "mfc": "white", "lw": 1.3, **look}),
        ("all that is known", {"color": red, "marker": "D", "lw": 2.4, **look}),
        ("1 : 1, the odds stay as they were", {"color": INK, "lw": 0.8}),
        ("1 : 10 and 10 : 1", {"color": SOFT, "lw": 0.8, "ls": (0, (4, 3))}),
    ]


def odds_curves(analysis: Analysis) -> Chart:
    """Chart what growing sets of observables do to the odds of clusters whose maker is known."""
    against = others(analysis)
    curves = {x: [e for e in analysis.growing if e.against == x] for x in against}
    start = [c[0].median_if_accused.stated for c in curves.values()]
    end = {x: c[-1].median_if_accused.stated for x, c in curves.items()}
    n = len(curves[against[0]][-1].known)
    hardest = min(end, key=end.__getitem__)
    title = (
        f"By its count a typical cluster of {inline(analysis, analysis.settings.accused)} gets "
        f"odds of {odds_range(start)}; all {n} observables bring it to "
        f"{odds_words(min(end.values()))} or more, least against {inline(analysis, hardest)}"
    )
    return framed(
        "odds-curves",
        "odds",
        title,
        _curves_alt(analysis, curves),
        subtitle=(
            f"Likelihood ratio of {inline(analysis, analysis.settings.accused)} to each other "
            "explanation as observables are added from left to right, of simulated clusters as "
            "found and published, counts under any of C1 to C6. Lines: median cluster, priors as "
            f"stated; band: that median over {len(analysis.settings.sets)} prior sets on either "
            "side; light: 5 to 95 % of the clusters, priors as stated. "
            f"{drawn(analysis)} {_cap_words(analysis)}"
        ),
        source=source(analysis),
        height=marks.grid_height(len(against) + 1, COLUMNS, _CURVES_HEIGHT),
        fill=lambda page: _draw_curves(page, analysis, curves),
    )


def _curves_alt(analysis: Analysis, curves: dict[str, list[Expected]]) -> str:
    parts = [
        f"Against {inline(analysis, x)}, clusters of the accused explanation go from "
        f"{odds_words(c[0].median_if_accused.stated)} to "
        f"{odds_words(c[-1].median_if_accused.stated)}, clusters of the other from "
        f"{odds_words(c[0].median_if_other.stated)} to {odds_words(c[-1].median_if_other.stated)}"
        for x, c in curves.items()
    ]
    names = and_list(observable_name(x) for x in next(iter(curves.values()))[-1].known)
    return f"Median odds with the count alone, then with {names}. {'. '.join(parts)}."


def _draw_curves(page: Page, analysis: Analysis, curves: dict[str, list[Expected]]) -> None:
    blue, red = marks.colours()[0], marks.colours()[2]
    most = math.log10(analysis.settings.draws)
    grid = marks.panels(
        page, len(curves) + 1, columns=COLUMNS, height=_CURVES_HEIGHT, left=0.9, gap=0.2
    )
    for k, ((other, own), axes) in enumerate(zip(curves.items(), grid, strict=False)):
        for colour, marker, medians, spans in (
            (blue, "o", [e.median_if_accused for e in own], [e.if_accused for e in own]),
            (red, "D", [e.median_if_other for e in own], [e.if_other for e in own]),
        ):
            x = range(len(own))
            _cluster_band(axes, spans, colour)
            axes.fill_between(
                x,
                [m.low for m in medians],
                [m.high for m in medians],
                color=colour,
                alpha=0.3,
                lw=0,
            )
            stated = [m.stated for m in medians]
            axes.plot(x, stated, marker=marker, color=colour, ms=3.8, lw=1.5, zorder=4)
        marks.odds_axis(axes, most, vertical=True)
        axes.set_xlim(-0.3, len(own) - 0.7)
        axes.set_xticks(range(len(own)), [str(j + 1) for j in range(len(own))])
        axes.set_xlabel("observables known (number, listed below)", fontsize=marks.LABEL)
        axes.tick_params(labelleft=k % COLUMNS == 0)
        if k % COLUMNS == 0:
            axes.set_ylabel("odds, accused : other\n(log scale)", fontsize=7.5)
        marks.panel_title(axes, f"against {inline(analysis, other)}", 2.6, size=8)
    last = next(grid)
    last.set_axis_off()
    marks.key(last, _curves_key(analysis, blue, red), loc="upper left", ncols=1)
    names = [observable_name(e.known[-1]) for e in next(iter(curves.values()))]
    lines = [f"{j + 1}  {x}" for j, x in enumerate((names[0], *(f"+ {x}" for x in names[1:])))]
    half = math.ceil(len(lines) / 2)
    for place, part in ((0.0, lines[:half]), (0.72, lines[half:])):
        last.text(
            place,
            0.44,
            "\n".join(part),
            va="top",
            fontsize=marks.LABEL,
            color=INK,
            linespacing=1.25,
            transform=last.transAxes,
        )


def _cluster_band(axes: Axes, spans: Sequence[Span], colour: Any) -> None:
    axes.fill_between(
        range(len(spans)),
        [s.p05 for s in spans],
        [s.p95 for s in spans],
        color=colour,
        alpha=0.12,
        lw=0,
    )


def _curves_key(analysis: Analysis, blue: Any, red: Any) -> list[tuple[str, dict[str, Any]]]:
    accused = inline(analysis, analysis.settings.accused)
    return [
        (f"clusters of {accused}", {"color": blue, "marker": "o", "ms": 4, "lw": 1.5}),
        ("clusters of the other explanation", {"color": red, "marker": "D", "ms": 4, "lw": 1.5}),
        ("range over prior sets", {"color": SOFT, "lw": 7, "alpha": 0.4}),
        ("5 to 95 % of clusters", {"color": SOFT, "lw": 7, "alpha": 0.15}),
    ]
