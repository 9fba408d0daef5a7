"""Charts of how tokens grow with the exchanges of a task, and context along it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.comparison.plain_words import plain_number
from sim.comparison.wording import short_number
from sim.reporting.charts.layout import GREY, LINE, MARGIN, NARROW, Chart, Frame, Page
from sim.reporting.run_charts.plain import count_axis, exchanges_words, number
from sim.reporting.run_charts.shown import OTHERS, Shown, ShownRun
from sim.reporting.run_charts.time_chart import group_key

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The grid of tasks: its first edges as powers of two, and how few tasks make no point.
_EXCHANGES_FROM, _TOKENS_FROM, _ENOUGH = 0, 6, 20
_PANEL, _HEAD, _FOOT, _ROW, _LEFT = 2.5, 0.25, 0.5, 0.165, 0.75


def amplification(shown: Shown) -> Chart | None:
    """Draw the median tokens of a task against its exchanges, a line for each group.

    A panel for each run; None without truth, or with too few tasks.
    """
    if not any(_points(shown, x) for x in shown.runs):
        return None

    return Chart(
        "amplification",
        "amplification",
        _amplification_title(shown),
        _amplification_alt(shown),
        Frame(
            subtitle=(
                "Median tokens of a task, input and output, by its number of exchanges; both axes "
                "are logarithmic. Grey lines: tokens in proportion to exchanges. Where a line is "
                "steeper, a further exchange costs more than the one before, because each sends "
                "again all that went before. Medians are read off bins that double."
                f"{shown.key()}"
            ),
            source=shown.source(),
            height=_height(shown),
            fill=lambda page: _fill(page, shown, _draw_amplification),
            width=NARROW,
        ),
        [
            ["run", "group", "exchanges of a task", "median tokens", "tasks"],
            *(
                [run.name, g, round(x, 3), round(y), n]
                for run in shown.runs
                for g, points in _points(shown, run).items()
                for x, y, n in points
            ),
        ],
    )


def context(shown: Shown) -> Chart | None:
    """Draw the median input of the k-th call of a task, a line for each group.

    A panel for each run; None without truth, or with too few tasks.
    """
    if not any(_curves(shown, x) for x in shown.runs):
        return None

    return Chart(
        "context",
        "amplification",
        _context_title(shown),
        _context_alt(shown),
        Frame(
            subtitle=(
                "Median tokens that go in (those from the cache included) at the first, second and "
                "later calls of a task, where at least 20 of the tasks looked at have so many "
                "calls. All tasks that began within the log are looked at, or a sample if the log "
                "has a million attempts. Tasks that go on are others than those that end early."
            ),
            source=shown.source(),
            height=_height(shown),
            fill=lambda page: _fill(page, shown, _draw_context),
            width=NARROW,
        ),
        [
            ["run", "group", "call of the task", "median input tokens"],
            *(
                [run.name, g, k + 1, round(float(y))]
                for run in shown.runs
                for g, curve in _curves(shown, run).items()
                for k, y in enumerate(curve)
                if np.isfinite(y)
            ),
        ],
    )


def _height(shown: Shown) -> float:
    """Return the height of the panels of all runs, and of the key below."""
    head = _HEAD + (0.15 if len(shown.runs) > 1 else 0)
    return (head + _PANEL + _FOOT) * len(shown.runs) + _ROW * ((len(shown.groups) + 1) // 2) + 0.1


def _fill(page: Page, shown: Shown, draw: Callable[[Axes, Shown, ShownRun], None]) -> None:
    """Draw a panel for each run from the top down, and the key below.

    Parameters
    ----------
    page, shown
        Where and what is drawn.
    draw
        Function that draws one run on its axes.
    """
    head = _HEAD + (0.15 if len(shown.runs) > 1 else 0)
    for k, run in enumerate(shown.runs):
        top = page.height - k * (head + _PANEL + _FOOT) - head
        if len(shown.runs) > 1:
            page.text(MARGIN, top + 0.12, run.name, fontsize=9, fontweight="bold")
        draw(page.axes(_LEFT, top - _PANEL, page.width - _LEFT - 0.25, _PANEL), shown, run)
    group_key(page, shown, _ROW * ((len(shown.groups) + 1) // 2) - 0.04)


# Tokens by exchanges


def _points(shown: Shown, run: ShownRun) -> dict[str, list[tuple[float, float, int]]]:
    """Return exchanges, median tokens and tasks of each bin by group, bins with enough tasks."""
    found = {}
    for group in shown.groups:
        grid = shown.series(run, "task_grid", group)
        points = [] if grid is None else _points_of(grid)
        if points:
            found[group] = points
    return found


def _points_of(grid: Ints) -> list[tuple[float, float, int]]:
    """Return the points of one grid, (12, 24): the middle of each bin and the median in it."""
    points = []
    for k, row in enumerate(grid):
        if row.sum() >= _ENOUGH:
            at = 1.0 if k == 0 else 2.0 ** (_EXCHANGES_FROM + k + 0.5)
            points.append((at, _median(row), int(row.sum())))
    return points


def _median(row: Ints) -> float:
    """Return the median of binned tokens, interpolated evenly in the logarithm within its bin."""
    ends = np.cumsum(row)
    half = ends[-1] / 2
    k = int(np.searchsorted(ends, half))
    before = ends[k] - row[k]
    return float(2.0 ** (_TOKENS_FROM + k + (half - before) / row[k]))


def _draw_amplification(axes: Axes, shown: Shown, run: ShownRun) -> None:
    """Draw one line for each group, and lines of proportion."""
    points = _points(shown, run)
    all_of = [x for line in points.values() for x in line] or [(1.0, 1000.0, 0)]
    low, high = min(x[1] for x in all_of) / 2, max(x[1] for x in all_of) * 2
    most = max(x[0] for x in all_of) * 1.6
    count_axis(axes, (0.85, max(most, 10)), "exchanges of a task")
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    for start in (low * 10.0**k for k in range(-3, 5)):
        axes.plot([0.85, most], [start * 0.85, start * most], color=LINE, lw=0.8, zorder=1)
    for group, line in points.items():
        x, y, _ = zip(*line, strict=True)
        mark, colour = shown.marker(group), shown.colour(group)
        axes.plot(x, y, marker=mark, color=colour, lw=1.6, ms=4, zorder=3)
    _token_ticks(axes, low, high)
    axes.set_ylabel("median tokens of a task", fontsize=8)


def _token_ticks(axes: Axes, low: float, high: float) -> None:
    """Label a logarithmic y axis of tokens at powers of ten."""
    powers = [10.0**k for k in range(10) if low <= 10.0**k <= high]
    axes.set_yticks(powers, [short_number(x) for x in powers])
    axes.yaxis.set_tick_params(which="minor", length=0)
    axes.grid(axis="x", visible=False)


def _largest(shown: Shown) -> tuple[ShownRun, str, list[tuple[float, float, int]]]:
    """Return the largest group of the first run that has points."""
    run = next(x for x in shown.runs if _points(shown, x))
    group, points = next(iter(_points(shown, run).items()))
    return run, group, points


def _amplification_title(shown: Shown) -> str:
    """Say how many times the tokens the longest tasks of the largest group take."""
    run, group, points = _largest(shown)
    of = f"{shown.named(group, ' of ')}{shown.in_run(run)}"
    first, last = points[0], points[-1]
    if first == last:
        return f"A task{of} takes some {plain_number(first[1])} tokens"
    return (
        f"Tasks{of} with {_bin_words(last[0])} exchanges take {number(last[1] / first[1])} times "
        f"the tokens of those with {_bin_words(first[0])}"
    )


def _bin_words(middle: float) -> str:
    """Return the numbers of exchanges of the bin around `middle`, as `256 to 511`."""
    low = 2 ** int(np.floor(np.log2(middle)))
    return "one" if low == 1 else f"{low:,} to {2 * low - 1:,}"


def _amplification_alt(shown: Shown) -> str:
    """Say in a sentence the first and the last point of the largest group."""
    _, group, points = _largest(shown)
    words = " and ".join(
        f"{plain_number(y)} tokens at {exchanges_words(x)}" for x, y, _ in (points[0], points[-1])
    )
    return f"Rising lines by group: median tokens of tasks of {shown.label(group)}, {words}."


# Context


def _curves(shown: Shown, run: ShownRun) -> dict[str, Floats]:
    """Return the median input by call and group, groups that have any; `others` has none."""
    curves = run.summary.context_by_step
    found = {g: curves[g] for g in shown.groups if g in curves and g != OTHERS}
    return {g: x for g, x in found.items() if np.isfinite(x).any()}


def _draw_context(axes: Axes, shown: Shown, run: ShownRun) -> None:
    """Draw one line for each group over the calls of a task."""
    from matplotlib.ticker import FuncFormatter

    for group, curve in _curves(shown, run).items():
        calls = np.arange(1, len(curve) + 1)
        some = np.isfinite(curve)
        mark = shown.marker(group) if some.sum() == 1 else ""
        axes.plot(calls[some], curve[some], color=shown.colour(group), lw=1.5, ms=4, marker=mark)
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0.5)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda x, _: short_number(x)))
    axes.tick_params(axis="both", labelsize=7.5)
    axes.grid(axis="y", color=LINE, lw=0.6)
    axes.spines["bottom"].set_color(GREY)
    axes.set_xlabel("call of the task", fontsize=8)
    axes.set_ylabel("median input tokens", fontsize=8)


def _ends(shown: Shown) -> tuple[str, list[tuple[int, float]]]:
    """Return whose curve is the first, in words, its first point and the one farthest from that.

    The second is the highest if the curve rises above its first point, else the lowest; both are
    the same if one point is all there is.
    """
    run = next(x for x in shown.runs if _curves(shown, x))
    group, curve = next(iter(_curves(shown, run).items()))
    some = [(k + 1, float(x)) for k, x in enumerate(curve) if np.isfinite(x)]
    highest, lowest = max(some, key=lambda x: x[1]), min(some, key=lambda x: x[1])
    far = highest if highest[1] > some[0][1] else lowest
    of = f"{shown.named(group, ' of ')}{shown.in_run(run)}"
    return of, [some[0], far if far[1] != some[0][1] else some[-1]]


def _context_title(shown: Shown) -> str:
    """Say from what to what the input grows or falls; nothing of both if one call is known."""
    of, ((first, start), (last, end)) = _ends(shown)
    at_first, at_last = plain_number(start), plain_number(end)
    if first == last:
        return f"The median input{of} is {at_first} tokens at call {first} of a task"
    if start == end:
        return f"The median input{of} stays at {at_first} tokens from call {first} to {last}"
    return (
        f"The median input{of} {'grows' if end > start else 'falls'} from {at_first} tokens at "
        f"call {first} of a task to {at_last} at call {last}"
    )


def _context_alt(shown: Shown) -> str:
    """Say in a sentence the values of the first group that the title gives."""
    of, points = _ends(shown)
    words = " and ".join(f"{plain_number(x)} tokens at call {k}" for k, x in dict(points).items())
    return f"Lines by group of input tokens along a task; the first{of}: {words}."
