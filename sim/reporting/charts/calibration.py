"""The chart of whether probabilities and ranges hold where the truth is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.comparison.analysis import Analysis
from sim.comparison.inference.posterior import LEVEL
from sim.comparison.sections.calibration import CLUSTERS, EDGES, Bin, Reliability
from sim.reporting.charts import marks
from sim.reporting.charts.layout import GREY, INK, LINE, MARGIN, SOFT, WIDTH, Chart, Page, framed
from sim.reporting.charts.wording import (
    and_list,
    drawn,
    inline,
    known_words,
    percent,
    share_range,
    source,
    title_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BAND = (0.85, 0.95)
# Bins with fewer probabilities say little; they are drawn hollow and not joined.
_FEW = 100
_ROW, _SQUARE, _STRIP = 0.27, 2.35, 0.55
_GAP, _LEFT = 0.35, 0.72


def calibration(analysis: Analysis) -> Chart:
    """Chart reliability, with how many probabilities there are, and coverage."""
    shares = [x.share for x in analysis.coverages]
    good = sum(_BAND[0] <= x <= _BAND[1] for x in shares)
    bins = [b for r in analysis.reliabilities for b in r.bins]
    off = max((abs(b.stated - b.true) for b in bins if b.cases >= _FEW), default=0.0)
    title = (
        f"Where the truth is known, probabilities are off by {100 * off:.2g} points at most, and "
        f"{good} of {len(shares)} ranges of {100 * LEVEL:.0f} % hold it in "
        f"{100 * _BAND[0]:.0f} to {100 * _BAND[1]:.0f} % of clusters"
    )
    rows = len(dict.fromkeys(x.hypothesis for x in analysis.coverages))
    lower = rows * _ROW + 1.0
    upper = _SQUARE + _STRIP + 0.95
    return framed(
        "calibration",
        "calibration",
        title,
        _alt(analysis),
        subtitle=(
            f"Top: {CLUSTERS} clusters of every explanation that no likelihood was fitted to, all "
            "equally likely before: how often explanations that got a probability were true "
            "(on the dashed line: as often as stated; hollow: fewer than "
            f"{_FEW}), and under it how many got it. Bottom: how "
            f"often {100 * LEVEL:.0f} % ranges held the truth; shaded: {100 * _BAND[0]:.0f} to "
            f"{100 * _BAND[1]:.0f} %. Reported counts under any of C1 to C6, priors as stated. "
            f"{drawn(analysis, 'explanation')}"
        ),
        source=source(analysis, "All clusters are simulated: this checks the arithmetic."),
        height=upper + lower,
        fill=lambda page: _draw(page, analysis, lower),
    )


def _draw(page: Page, analysis: Analysis, lower: float) -> None:
    n = len(analysis.reliabilities)
    width = (WIDTH - _LEFT - MARGIN - _GAP * (n - 1)) / max(n, 1)
    for k, x in enumerate(analysis.reliabilities):
        left = _LEFT + k * (width + _GAP)
        strip = page.axes(left, lower + 0.5, width, _STRIP)
        square = page.axes(left, lower + 0.5 + _STRIP + 0.12, width, _SQUARE)
        _draw_reliability(square, x)
        _draw_cases(strip, x)
        for axes in (square, strip):
            axes.tick_params(labelleft=k == 0)
        if k == 0:
            square.set_ylabel("true (% of cases)", fontsize=marks.LABEL)
            strip.set_ylabel("cases", fontsize=marks.LABEL)
    if analysis.coverages:
        _draw_coverage(page, analysis, lower)


def _draw_reliability(axes: Axes, x: Reliability) -> None:
    axes.plot([0, 100], [0, 100], color=GREY, lw=1, ls=(0, (4, 3)), zorder=1)
    blue = marks.colours()[0]
    many = [b for b in x.bins if b.cases >= _FEW]
    few = [b for b in x.bins if b.cases < _FEW]
    for bins, look in ((many, {"lw": 1.2, "mfc": blue}), (few, {"lw": 0, "mfc": "white"})):
        stated, true = [100 * b.stated for b in bins], [100 * b.true for b in bins]
        axes.plot(stated, true, marker="o", color=blue, ms=5, zorder=3, **look)
    axes.set_xlim(-2, 102)
    axes.set_ylim(-2, 102)
    axes.set_xticks([0, 25, 50, 75, 100], [""] * 5)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.grid(color=LINE, lw=0.6)
    marks.panel_title(axes, known_words(x.known), 2.5, bold=True)
    axes.text(
        97,
        4,
        f"likeliest is true: {percent(x.right)}\n"
        f"log score {x.log_score:.2f} bits\n(knowing nothing: {x.ignorance:.2f})",
        ha="right",
        va="bottom",
        fontsize=7.5,
        color=SOFT,
        linespacing=1.25,
    )


def _edges(b: Bin) -> tuple[float, float]:
    """Return the edges of a bin, which its mean probability lies between."""
    place = max(k for k, edge in enumerate(EDGES[:-1]) if edge <= b.stated)
    return EDGES[place], EDGES[place + 1]


def _draw_cases(axes: Axes, x: Reliability) -> None:
    for b in x.bins:
        low, high = _edges(b)
        axes.bar(
            100 * low,
            b.cases,
            width=100 * (high - low),
            align="edge",
            color=GREY,
            ec="white",
            lw=0.6,
        )
    axes.set_yscale("log")
    axes.set_ylim(1, 1e5)
    axes.set_yticks([1, 100, 10_000], ["1", "100", "10 k"])
    axes.minorticks_off()
    axes.set_xlim(-2, 102)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_xlabel("stated probability (%)", fontsize=marks.LABEL)


def _draw_coverage(page: Page, analysis: Analysis, lower: float) -> None:
    ids = list(dict.fromkeys(x.hypothesis for x in analysis.coverages))
    quantities = list(dict.fromkeys(x.quantity for x in analysis.coverages))
    axes = page.axes(2.05, 0.5, WIDTH - 2.05 - 1.6, lower - 0.95)
    accused = [k for k, x in enumerate(ids) if x == analysis.settings.accused]
    marks.rows(axes, [title_of(analysis, x) for x in ids], room=1.85, size=7.5, bold=accused)
    axes.axvspan(100 * _BAND[0], 100 * _BAND[1], color=marks.colours()[0], alpha=0.2, lw=0)
    axes.axvline(100 * LEVEL, color=GREY, lw=1, ls=(0, (4, 3)), zorder=1)
    colours = marks.colours()
    looks = {
        q: {"color": colours[(0, 1, 2)[k % 3]], "marker": marks.MARKERS[k], "ls": "", "ms": 5.5}
        for k, q in enumerate(quantities)
    }
    for x in analysis.coverages:
        y = ids.index(x.hypothesis) + 0.22 * (quantities.index(x.quantity) - 1)
        axes.plot([100 * x.share], [y], mew=0, zorder=3, **looks[x.quantity])
    low = min(100 * x.share for x in analysis.coverages)
    axes.set_xlim(min(low - 2, 80), 100)
    axes.set_xticks([x for x in range(0, 101, 5) if x >= min(low - 2, 80)])
    axes.grid(axis="x", color=LINE, lw=0.6)
    axes.set_xlabel(f"held the truth (% of {CLUSTERS} clusters)", fontsize=marks.LABEL)
    entries = [({"true C2": "true count (C2)"}.get(q, q), look) for q, look in looks.items()]
    marks.key(axes, entries, loc="upper left", bbox_to_anchor=(1.02, 1))
    words = f"Coverage of {100 * LEVEL:.0f} % ranges"
    page.text(MARGIN, lower - 0.38, words, fontsize=8.5, fontweight="bold", color=INK)


def _bin_words(b: Bin) -> str:
    return f"{percent(b.stated)} stated {percent(b.true)} true ({b.cases:,})"


def _alt(analysis: Analysis) -> str:
    sets = "; ".join(
        f"with {known_words(x.known)} the likeliest is true in {percent(x.right)}, log score "
        f"{x.log_score:.2f} bits against {x.ignorance:.2f}, bins "
        + ", ".join(map(_bin_words, x.bins))
        for x in analysis.reliabilities
    )
    ids = dict.fromkeys(x.hypothesis for x in analysis.coverages)
    own = [
        f"{inline(analysis, k)} {share_range(min(v), max(v))}"
        for k in ids
        for v in [[x.share for x in analysis.coverages if x.hypothesis == k]]
    ]
    held = f" Ranges of {100 * LEVEL:.0f} % held the truth in: {and_list(own)}." if own else ""
    return f"Reliability: {sets}.{held}"
