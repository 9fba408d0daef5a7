"""Chart of the section `pivot`: the move to a new model within a day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.catalog import Claim
from sim.comparison.claims.intervals import Interval
from sim.comparison.section import Comparison
from sim.comparison.sections.adoption import Adoption, Move, reported_move
from sim.comparison.wording import percent, plural, share_range
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import source
from sim.reporting.charts.layout import INK, LINE, MARGIN, NARROW, SOFT, Chart, Data, Frame, Page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT, _ROW, _KEY, _ABOVE = 1.75, 0.62, 0.3, 0.25


def pivot(comparison: Comparison, result: Adoption) -> Chart | None:
    """Draw what a new model gets during its first day, and at the end of it, by way of moving.

    A row for each way in which traffic moves, with the reported share as a band. None where no
    explanation moves.
    """
    if not result.moves:
        return None
    claim, limits = reported_move()

    return Chart(
        "pivot",
        "pivot",
        _title(result.moves, claim, limits),
        _alt(result.moves, limits),
        Frame(
            subtitle=(
                "Share of the traffic that a new model gets, by the way in which traffic moves to "
                "it: of the first 24 hours' traffic, and 24 hours after the release. Bar: 90 %; "
                f"dot: median. Band: the reported \u201c{claim.qualifier}\u201d within 24 hours, "
                "which may mean either. All are assumptions: no provider publishes such curves."
            ),
            source=source(
                comparison,
                f"The move is claim {claim.id}: {claim.report}, {claim.actor}. "
                f"Seed {comparison.settings.seed}.",
            ),
            height=len(result.moves) * _ROW + 0.5 + _ABOVE + _KEY,
            fill=lambda page: _draw(page, result.moves, limits),
            width=NARROW,
        ),
        _data(result.moves),
    )


def _reaching(moves: Sequence[Move], limits: Interval) -> list[Move]:
    """Return the ways whose 90 % at either time overlap with the reported share."""
    return [
        x
        for x in moves
        if any(y.p95 >= limits.low and y.p05 <= limits.high for y in (x.during, x.at_end))
    ]


def _title(moves: Sequence[Move], claim: Claim, limits: Interval) -> str:
    """Say how many ways of moving make the reported share."""
    reaching = _reaching(moves, limits)
    share = f"\u201c{claim.qualifier}\u201d (read as {share_range(limits.low, limits.high)})"
    n = plural(len(moves), "way")
    if not reaching:
        return f"None of {n} of moving to a new model makes the reported {share} within a day"
    return (
        f"{len(reaching)} of {n} of moving to a new model can make the reported {share} within a "
        "day"
    )


def _alt(moves: Sequence[Move], limits: Interval) -> str:
    """Say the median share of each way at the end of the day."""
    parts = ", ".join(f"{x.title.lower()} {percent(x.at_end.median)}" for x in moves)
    return f"Shares on a new model after a day, medians: {parts}; reported: {percent(limits.high)}."


def _draw(page: Page, moves: Sequence[Move], limits: Interval) -> None:
    """Draw two bars in each row, over the band of the claim, and the key under them."""
    width = page.width - _LEFT - 0.25
    axes = page.axes(_LEFT, 0.5 + _KEY, width, len(moves) * _ROW)
    primitives.rows(axes, [x.title for x in moves], room=_LEFT - 2 * MARGIN)
    colours = primitives.colours()
    looks = (
        ("during the first 24 hours", {"color": colours[0], "marker": "o", "ms": 6, "lw": 2}),
        ("24 hours after the release", {"color": INK, "marker": "D", "ms": 5, "lw": 2}),
    )
    for row, x in enumerate(moves):
        for span, y, (_, look) in zip((x.during, x.at_end), (-0.18, 0.18), looks, strict=True):
            axes.plot([100 * span.p05, 100 * span.p95], [row + y] * 2, color=look["color"], lw=2)
            axes.plot([100 * span.median], [row + y], mew=0, zorder=4, **look)
    _draw_claim(axes, limits)

    under = page.axes(MARGIN, 0, page.width - 2 * MARGIN, _KEY)
    under.set_axis_off()
    primitives.key(under, looks, loc="center left", ncols=2)


def _draw_claim(axes: Axes, limits: Interval) -> None:
    """Shade the reported share, and label the axis in per cent."""
    ends = (100 * limits.low, 100 * limits.high)
    axes.axvspan(*ends, color=primitives.colours()[1], alpha=0.4, lw=0, zorder=1)
    axes.annotate(
        "reported",
        (sum(ends) / 2, 1),
        (0, 4),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        fontsize=8.5,
        color=SOFT,
    )

    axes.set_xlim(0, 100)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.grid(axis="x", color=LINE, lw=0.6)

    axes.set_xlabel("share of the traffic on the new model (%)", fontsize=primitives.LABEL)


def _data(moves: Sequence[Move]) -> Data:
    """Return the shares by hour, and those of the day."""
    head = ("way", "quantity", "hours", "p05", "median", "p95")
    rows: list[Sequence[object]] = []
    for x in moves:
        for name, span in (("during", x.during), ("at the end", x.at_end)):
            rows.append(
                (x.title, name, 24, *(f"{y:.4g}" for y in (span.p05, span.median, span.p95)))
            )
        rows += [
            (x.title, "share", hour, *(f"{y:.4g}" for y in values))
            for hour, *values in zip(x.hours, x.low, x.median, x.high, strict=True)
        ]
    return [head, *rows]
