"""Chart of one run counted in six ways, with the reported totals beside it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sim.catalog import claims
from sim.comparison.analysis import FEBRUARY
from sim.reporting.charts.layout import INK, LINE, MARGIN, NARROW, SOFT, Chart, Frame, Page, wrapped
from sim.reporting.run_charts.plain import exchanges_words, number, shortened
from sim.reporting.run_charts.shown import Shown, ShownRun
from sim.tables.conventions import CONVENTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What each convention counts, short enough to stand under an axis.
_WORDS = {
    "C1": "attempts",
    "C2": "answered requests",
    "C3": "with tokens",
    "C4": "usable answers",
    "C5": "user turns",
    "C6": "tasks",
}
_PANEL, _HEAD, _FOOT, _LEFT, _RIGHT = 2.9, 0.35, 0.65, 0.6, 1.5


def conventions(shown: Shown) -> Chart | None:
    """Draw the counts of each group from C1 to C6, and the claims of February 2026 beside them.

    A panel for each run; None without exchanges.
    """
    if not any(x.exchanges for x in shown.runs):
        return None

    def fill(page: Page) -> None:
        """Draw the panels from the top down."""
        for k, run in enumerate(shown.runs):
            top = page.height - k * (_HEAD + _PANEL + _FOOT) - _HEAD
            if len(shown.runs) > 1:
                page.text(MARGIN, top + 0.14, run.name, fontsize=9, fontweight="bold")
            axes = page.axes(_LEFT, top - _PANEL, page.width - _LEFT - _RIGHT, _PANEL)
            _draw(axes, shown, run)

    return Chart(
        "conventions",
        "conventions",
        _title(shown),
        _alt(shown),
        Frame(
            subtitle=(
                "The same traffic, counted in six ways; reports do not say which they use. Dashed: "
                f"what Anthropic reported in February 2026{_scaled(shown)}."
                f"{_by_design(shown)}{shown.key()}"
            ),
            source=shown.source(),
            height=(_HEAD + _PANEL + _FOOT) * len(shown.runs),
            fill=fill,
            width=NARROW,
        ),
        [
            ["run", "group", "convention", "exchanges"],
            *(
                [run.name, group, convention, n]
                for run in shown.runs
                for group in shown.groups
                for convention, n in counted(shown, run, group).items()
            ),
        ],
    )


def counted(shown: Shown, run: ShownRun, group: str) -> dict[str, int]:
    """Return the counts of a group by convention; those of `others` are summed."""
    found = [run.summary.counts[x] for x in shown.members(run, group)]
    return {
        c: sum(x[c] for x in found) for c in CONVENTIONS if found and all(c in x for x in found)
    }


def reported() -> dict[str, float]:
    """Return the totals that were reported in February 2026, by the name they are given."""
    return {
        claims()[x].actor.replace("ALL", "all three"): claims()[x].value or 0.0 for x in FEBRUARY
    }


def _draw(axes: Axes, shown: Shown, run: ShownRun) -> None:
    """Draw a line for each group over the conventions, and a dashed one for each claim."""
    drawn = [(g, counted(shown, run, g)) for g in shown.groups]
    drawn = [(g, x) for g, x in drawn if any(x.values())]
    keys = [c for c in CONVENTIONS if any(c in x for _, x in drawn)]
    claimed = {name: value * run.scale for name, value in reported().items()}
    low, high = _limits(shown)

    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_xlim(-0.2, len(keys) - 1 + 0.15)
    axes.set_xticks(range(len(keys)), [wrapped(f"{c}\n{_WORDS[c]}", 7, 0.52) for c in keys])
    axes.tick_params(axis="x", labelsize=7, length=0)
    powers = [10.0**k for k in range(10) if low <= 10**k <= high]
    axes.set_yticks(powers, [_power(x) for x in powers])
    axes.yaxis.set_tick_params(which="both", length=0)
    axes.grid(axis="y", color=LINE, lw=0.6)

    labels: list[tuple[float, str, object, str]] = []
    for name, value in claimed.items():
        axes.axhline(value, color=INK, lw=1.0, ls=(0, (4, 3)), zorder=2)
        labels.append((value, f"{name}, {_millions(value / run.scale)}", INK, ""))
    for group, x in drawn:
        points = [(k, x[c]) for k, c in enumerate(keys) if x.get(c)]
        colour, mark = shown.colour(group), shown.marker(group)
        axes.plot(*zip(*points, strict=True), marker=mark, color=colour, lw=1.5, ms=4, zorder=3)
        if points[-1][0] == len(keys) - 1:
            labels.append((points[-1][1], shown.label(group), colour, mark))
    _labels(axes, labels)


def _limits(shown: Shown) -> tuple[float, float]:
    """Return the limits of the axis of counts, the same for all runs; the lower a power of ten."""
    values = [n for x in shown.runs for g in shown.groups for n in counted(shown, x, g).values()]
    claimed = [v * x.scale for x in shown.runs for v in reported().values()]
    low = min(x for x in (*values, *claimed) if x)
    return 10.0 ** math.floor(math.log10(low)), max(*values, *claimed) * 1.6


def _labels(axes: Axes, labels: list[tuple[float, str, object, str]]) -> None:
    """Write labels right of the axes at their heights, moved apart where they would meet.

    Parameters
    ----------
    axes
        With a logarithmic y axis.
    labels
        For each a value, a text, a colour and a mark.
    """
    low, high = (math.log10(x) for x in axes.get_ylim())
    least = 0.135 / _PANEL
    wanted = sorted((math.log10(y) - low) / (high - low) for y, *_ in labels)
    heights = apart(wanted, least)

    for height, (_, text, colour, mark) in zip(
        heights, sorted(labels, key=lambda x: x[0]), strict=True
    ):
        axes.annotate(
            shortened(text, 7.5, _RIGHT - 0.25),
            (1, height),
            (10, 0),
            xycoords="axes fraction",
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            color=INK if colour == INK else SOFT,
        )
        if colour != INK:
            axes.plot(
                [1.015], [height], mark, ms=4, color=colour, transform=axes.transAxes, clip_on=False
            )


def apart(wanted: list[float], least: float) -> list[float]:
    """Return heights near the wanted ones, rising, with at least so much between neighbours."""
    heights = list(wanted)
    for _ in range(60):
        for k in range(1, len(heights)):
            lack = least - (heights[k] - heights[k - 1])
            if lack > 0:
                heights[k - 1] -= lack / 2
                heights[k] += lack / 2
    return heights


def _title(shown: Shown) -> str:
    """Say by what factor the counts of the largest group differ."""
    run = max(shown.runs, key=lambda x: x.exchanges)
    group = max(shown.groups, key=lambda g: counted(shown, run, g).get("C2", 0))
    x = {c: n for c, n in counted(shown, run, group).items() if n}
    most, least = max(x, key=lambda c: x[c]), min(x, key=lambda c: x[c])
    of = f"The traffic{shown.named(group, ' of ')}{shown.in_run(run)}"
    if x[most] == x[least]:
        return f"{of} is {exchanges_words(x[most])} however it is counted"
    return (
        f"{of} is {number(x[most])} {_WORDS[most]} or {number(x[least])} {_WORDS[least]}: a factor "
        f"of {number(x[most] / x[least])} by what is counted"
    )


def _alt(shown: Shown) -> str:
    """Say in a sentence what the largest run counts under each convention."""
    run = max(shown.runs, key=lambda x: x.exchanges)
    totals: dict[str, int] = {}
    for group in shown.groups:
        for c, n in counted(shown, run, group).items():
            totals[c] = totals.get(c, 0) + n
    words = ", ".join(f"{c} {n:,}" for c, n in totals.items())
    return f"Lines by group falling from C1 to C6; all of {run.name} together: {words}."


def _scaled(shown: Shown) -> str:
    """Say that the claims were multiplied by the scale, where they were."""
    scales = {x.scale for x in shown.runs}
    if scales == {1.0}:
        return ""
    return (
        f", drawn at {' and '.join(f'{x:g}' for x in sorted(scales))} of it, the scale of the run"
    )


def _by_design(shown: Shown) -> str:
    """Say that groups with a target of their own reach it, where a scenario sets any."""
    is_set = any(x.is_target for run in shown.runs for x in run.settings)
    return " Pools that were set to such a figure lie on it by design." if is_set else ""


def _millions(value: float) -> str:
    return f"{value / 1e6:g} million" if value >= 1e6 else f"{value:,.0f}"


def _power(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:,.0f} M"
    return f"{value / 1e3:,.0f} k" if value >= 1e3 else f"{value:.0f}"
