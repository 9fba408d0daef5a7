"""Chart of every exchange of a small run: what was sent, when, and how much of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sim.comparison.wording import short_number
from sim.reporting.charts import primitives
from sim.reporting.charts.layout import INK, LINE, MARGIN, NARROW, SOFT, Chart, Frame, Page
from sim.reporting.run_charts.plain import exchanges_words, number
from sim.reporting.run_charts.shown import Row, Shown, ShownRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# A bar that takes less of the axis has no room for its number.
_LABELLED = 0.07
_MOST_TASKS, _PANEL, _HEAD, _FOOT = 4, 1.25, 0.42, 0.45


def rows(shown: Shown, run: ShownRun) -> Chart | None:
    """Draw the exchanges of the tasks that have most of them, each as a bar from start to end.

    None for a run whose exchanges are not given one by one.
    """
    exchanges = run.rows
    if not exchanges:
        return None
    number_of_run = shown.runs.index(run) + 1
    unit = "task" if run.has_truth else "conversation"
    tasks: dict[int, list[Row]] = {}
    for row in exchanges:
        tasks.setdefault(row.task, []).append(row)
    drawn = sorted(tasks, key=lambda x: (-len(tasks[x]), x))[:_MOST_TASKS]
    drawn.sort()
    each = _HEAD + _PANEL + _FOOT

    def fill(page: Page) -> None:
        """Draw the tasks from the top down."""
        for k, task in enumerate(drawn):
            top = page.height - k * each - _HEAD
            words = f"{unit} {task}: {exchanges_words(len(tasks[task]))}"
            page.text(MARGIN, top + 0.24, words, fontsize=8.5, fontweight="bold")
            axes = page.axes(0.7, top - _PANEL, page.width - 0.9, _PANEL)
            _draw(axes, tasks[task])

    first = max(tasks.values(), key=len)
    # a request for a summary and what a sub-agent is asked are messages of a user, too
    asked = len(tasks) if run.has_truth else sum(x.from_user for x in exchanges)
    left_out = len(tasks) - len(drawn)
    of_run = f" in “{run.name}”" if len(shown.runs) > 1 else ""
    more = f" {left_out} more are not drawn." if left_out else ""
    return Chart(
        "rows" if number_of_run == 1 else f"rows-{number_of_run}",
        "rows",
        (
            f"{asked} request{'' if asked == 1 else 's'} of users became "
            f"{exchanges_words(len(exchanges))} with the model{of_run}"
        ),
        f"Bars over time, one an exchange of {run.name}; the longest {unit} has {len(first)}.",
        Frame(
            subtitle=(
                "A bar for each exchange: as wide as it takes, as high as its input. Blue: a user "
                "asks. Orange: a program sends back what a tool returned. Above: tokens out. The "
                f"input grows because each exchange sends again all that went before.{more}"
            ),
            source=shown.source(),
            height=each * len(drawn),
            fill=fill,
            width=NARROW,
        ),
        [
            [unit, "start_s", "end_s", "input_tokens", "cached_tokens", "output_tokens", "from"],
            *(
                [
                    x.task,
                    round(x.start_s, 3),
                    round(x.end_s, 3),
                    x.input_tokens,
                    x.cached_tokens,
                    x.output_tokens,
                    "user" if x.from_user else "tool",
                ]
                for x in exchanges
            ),
        ],
    )


def _draw(axes: Axes, exchanges: Sequence[Row]) -> None:
    """Draw the exchanges of one task as bars."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    end = max(x.end_s for x in exchanges)
    least = end / 60
    colours: Sequence[Any] = primitives.colours()
    for x in exchanges:
        width = max(x.end_s - x.start_s, least)
        colour = colours[0] if x.from_user else colours[1]
        axes.bar(
            x.start_s,
            x.input_tokens,
            width,
            color=colour,
            align="edge",
            ec="white",
            lw=0.7,
            zorder=3,
        )
        if width > _LABELLED * end:
            words = number(x.output_tokens)
            middle = x.start_s + width / 2
            axes.annotate(
                words,
                (middle, x.input_tokens),
                (0, 2),
                textcoords="offset points",
                ha="center",
                fontsize=7,
                color=SOFT,
            )
    axes.set_xlim(0, max(end, least) * 1.02 or 1)
    axes.set_ylim(0, max(x.input_tokens for x in exchanges) * 1.18 or 1)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda x, _: short_number(x)))
    axes.tick_params(axis="both", labelsize=7.5)
    axes.grid(axis="y", color=LINE, lw=0.6)
    axes.set_ylabel("input tokens", fontsize=8, color=INK)
    axes.set_xlabel("seconds since the first exchange", fontsize=8)
