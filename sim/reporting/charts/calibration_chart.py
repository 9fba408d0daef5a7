"""Chart of whether probabilities and ranges hold where the truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.comparison.inference.posterior import LEVEL
from sim.comparison.section import Comparison
from sim.comparison.sections.calibration import (
    CLUSTERS,
    EDGES,
    Bin,
    Calibration,
    Coverage,
    Reliability,
)
from sim.comparison.wording import known_names, percent, share_range
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import drawn, source
from sim.reporting.charts.layout import (
    GREY,
    INK,
    LINE,
    MARGIN,
    SOFT,
    WIDTH,
    Chart,
    Data,
    Frame,
    Page,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Shares of ranges of 90 % that count as good.
_BAND = (0.85, 0.95)
# Bins with fewer probabilities say little; they are drawn hollow and not joined.
_FEW = 100
# Inches: a row of coverage, a panel of reliability, the panel of numbers under it, and between.
_ROW, _SQUARE, _STRIP = 0.27, 2.35, 0.55
_GAP, _LEFT = 0.35, 0.72


def calibration(comparison: Comparison, result: Calibration) -> Chart:
    """Draw reliability, with how many probabilities there are, and coverage.

    A reliability diagram for each set of observables over a histogram of the probabilities; below,
    how often ranges of each hypothesis and quantity held the truth. It is about simulated clusters,
    so it checks the arithmetic, not the priors.
    """
    shares = [x.share for x in result.coverages]
    good = sum(_BAND[0] <= x <= _BAND[1] for x in shares)
    bins = [b for r in result.reliabilities for b in r.bins]
    off = max((abs(b.stated - b.true) for b in bins if b.cases >= _FEW), default=0.0)
    title = (
        f"Where the truth is known, probabilities are off by {100 * off:.2g} points at most, and "
        f"{good} of {len(shares)} ranges of {100 * LEVEL:.0f} % hold it in "
        f"{100 * _BAND[0]:.0f} to {100 * _BAND[1]:.0f} % of clusters"
    )
    rows = len({x.hypothesis for x in result.coverages})
    lower = rows * _ROW + 1.0
    upper = _SQUARE + _STRIP + 0.95

    def fill(page: Page) -> None:
        """Draw reliability above `lower` inches, and coverage under it."""
        _draw_reliabilities(page, result.reliabilities, lower)
        _draw_coverage(page, comparison, result.coverages, lower)

    return Chart(
        "calibration",
        "calibration",
        title,
        _alt(result),
        Frame(
            subtitle=(
                f"Top: {CLUSTERS} clusters of every explanation that no likelihood was fitted to, "
                "all equally likely before: how often explanations that got a probability were "
                "true (on the dashed line: as often as stated; hollow: fewer than "
                f"{_FEW}), and under it how many got it. Bottom: how "
                f"often {100 * LEVEL:.0f} % ranges held the truth; shaded: {100 * _BAND[0]:.0f} to "
                f"{100 * _BAND[1]:.0f} %. Reported counts under any of C1 to C6, priors as stated. "
                f"{drawn(comparison, 'explanation')}"
            ),
            source=source(comparison, "All clusters are simulated: this checks the arithmetic."),
            height=upper + lower,
            fill=fill,
        ),
        _data(result),
    )


def _draw_reliabilities(page: Page, reliabilities: Sequence[Reliability], lower: float) -> None:
    """Draw a panel for each set of observables, above `lower` inches."""
    n = len(reliabilities)
    width = (WIDTH - _LEFT - MARGIN - _GAP * (n - 1)) / n
    for k, x in enumerate(reliabilities):
        left = _LEFT + k * (width + _GAP)
        strip = page.axes(left, lower + 0.5, width, _STRIP)
        square = page.axes(left, lower + 0.5 + _STRIP + 0.12, width, _SQUARE)
        _draw_reliability(square, x)
        _draw_cases(strip, x)
        for axes in (square, strip):
            axes.tick_params(labelleft=k == 0)
        if k == 0:
            square.set_ylabel("true (% of cases)", fontsize=primitives.LABEL)
            strip.set_ylabel("cases", fontsize=primitives.LABEL)


def _draw_reliability(axes: Axes, x: Reliability) -> None:
    """Draw stated against true probability, with the diagonal.

    Bins of few cases are hollow and not joined, since chance alone moves them.
    """
    axes.plot([0, 100], [0, 100], color=GREY, lw=1, ls=(0, (4, 3)), zorder=1)
    blue = primitives.colours()[0]
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
    primitives.panel_title(axes, known_names(x.known), 2.5, bold=True)
    axes.text(
        3,
        97,
        f"likeliest is true: {percent(x.right)}\n"
        f"log score {x.log_score:.2f} bits\n(knowing nothing: {x.ignorance:.2f})",
        ha="left",
        va="top",
        fontsize=7.5,
        color=SOFT,
        linespacing=1.25,
    )


def _edges(b: Bin) -> tuple[float, float]:
    """Return the edges of a bin, which its mean probability lies between."""
    k = max(k for k, edge in enumerate(EDGES[:-1]) if edge <= b.stated)
    return EDGES[k], EDGES[k + 1]


def _draw_cases(axes: Axes, x: Reliability) -> None:
    """Draw how many probabilities fell into each bin, on a logarithmic scale."""
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
    axes.set_xlabel("stated probability (%)", fontsize=primitives.LABEL)


def _draw_coverage(
    page: Page, comparison: Comparison, coverages: Sequence[Coverage], lower: float
) -> None:
    """Draw a row for each hypothesis with a mark for each quantity, in the lowest inches.

    The shaded band is what counts as good, the dashed line what a perfect range would have.
    """
    ids = list(dict.fromkeys(x.hypothesis for x in coverages))
    axes = page.axes(2.05, 0.5, WIDTH - 2.05 - 1.6, lower - 0.95)
    accused = [k for k, x in enumerate(ids) if x == comparison.settings.accused]
    primitives.rows(axes, [comparison.title(x) for x in ids], room=1.85, size=7.5, bold=accused)
    colours = primitives.colours()
    axes.axvspan(100 * _BAND[0], 100 * _BAND[1], color=colours[0], alpha=0.2, lw=0)
    axes.axvline(100 * LEVEL, color=GREY, lw=1, ls=(0, (4, 3)), zorder=1)

    quantities = list(dict.fromkeys(x.quantity for x in coverages))
    looks = {
        q: {
            "color": colours[(0, 1, 2)[k % 3]],
            "marker": primitives.MARKERS[k],
            "ls": "",
            "ms": 5.5,
        }
        for k, q in enumerate(quantities)
    }
    for x in coverages:
        y = ids.index(x.hypothesis) + 0.22 * (quantities.index(x.quantity) - 1)
        axes.plot([100 * x.share], [y], mew=0, zorder=3, **looks[x.quantity])

    least = min(min(100 * x.share for x in coverages) - 2, 80)
    axes.set_xlim(least, 100)
    axes.set_xticks([x for x in range(0, 101, 5) if x >= least])
    axes.grid(axis="x", color=LINE, lw=0.6)
    axes.set_xlabel(f"held the truth (% of {CLUSTERS} clusters)", fontsize=primitives.LABEL)
    entries = [({"true C2": "true count (C2)"}.get(q, q), look) for q, look in looks.items()]
    primitives.key(axes, entries, loc="upper left", bbox_to_anchor=(1.02, 1))
    words = f"Coverage of {100 * LEVEL:.0f} % ranges"
    page.text(MARGIN, lower - 0.38, words, fontsize=8.5, fontweight="bold", color=INK)


def _alt(result: Calibration) -> str:
    """Say how often the likeliest explanation is the true one, and how often ranges hold."""
    sets = ", ".join(
        f"{percent(x.right)} with {known_names(x.known)}" for x in result.reliabilities
    )
    shares = [x.share for x in result.coverages]
    held = share_range(min(shares), max(shares)) if shares else "none"
    return (
        f"Stated against true probabilities; the likeliest explanation is the true one in {sets}; "
        f"ranges of {100 * LEVEL:.0f} % held the truth in {held} of clusters."
    )


def _data(result: Calibration) -> Data:
    """Return the bins of probabilities, then how often each range held the truth."""
    rows: list[Sequence[object]] = [
        (" + ".join(x.known), "probability", f"{b.stated:.4g}", f"{b.true:.4g}", b.cases)
        for x in result.reliabilities
        for b in x.bins
    ]
    rows += [
        (x.hypothesis, x.quantity, LEVEL, f"{x.share:.4g}", CLUSTERS) for x in result.coverages
    ]
    return [("of", "quantity", "stated", "true", "cases"), *rows]
