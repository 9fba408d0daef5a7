"""Charts of how unevenly exchanges lie on accounts, and of what tasks and accounts cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.comparison.plain_words import plain_number
from sim.comparison.wording import short_number
from sim.reporting.charts import primitives
from sim.reporting.charts.layout import GREY, LINE, MARGIN, NARROW, SOFT, Chart, Frame, Page
from sim.reporting.run_charts.plain import count_axis, shortened
from sim.reporting.run_charts.shown import OTHERS, Shown, ShownRun
from sim.summaries.run_figures import Spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANEL, _ROW, _HEAD, _FOOT = 2.6, 0.165, 0.3, 0.5
_TENTH = 90
# Fewer accounts have no shares of tenths worth naming.
_ENOUGH = 10
# What is drawn of tokens and cost, as the field, the unit, and words for the axis.
_AMOUNTS = (
    ("tokens", "task", "tokens of one task, in and out"),
    ("cost_usd", "task", "dollars of one task"),
    ("tokens", "account", "tokens of one account, in and out"),
    ("cost_usd", "account", "dollars of one account"),
)
_LABELS, _SPREAD_ROW = 1.45, 0.2


# Concentration


def concentration(shown: Shown) -> Chart | None:
    """Draw Lorenz curves of exchanges over accounts, with the Gini coefficient of each group.

    A panel for each run; None if no group has `_ENOUGH` accounts.
    """
    if not any(_spread_over_many(shown, x) for x in shown.runs):
        return None
    rows = max(len(_groups_of(shown, x)) for x in shown.runs)
    each = _HEAD + _PANEL + _FOOT + _ROW * (rows + 1) + 0.15

    def fill(page: Page) -> None:
        """Draw each panel with its table below."""
        for k, run in enumerate(shown.runs):
            top = page.height - k * each - _HEAD
            if len(shown.runs) > 1:
                page.text(MARGIN, top + 0.12, run.name, fontsize=9, fontweight="bold")
            axes = page.axes(0.7, top - _PANEL, page.width - 0.9, _PANEL)
            _lorenz(axes, shown, run)
            _gini_table(page, shown, run, top - _PANEL - _FOOT - _ROW)

    return Chart(
        "concentration",
        "concentration",
        _lorenz_title(shown),
        _lorenz_alt(shown),
        Frame(
            subtitle=(
                "Accounts from the least to the most active, and the share of the exchanges that "
                "they have together. On the thin diagonal all accounts would have equally many; "
                "the further below it, the more lies on a few. Gini: 0 is equal, near 1 is one "
                f"account alone.{shown.key()}"
            ),
            source=shown.source(),
            height=each * len(shown.runs),
            fill=fill,
            width=NARROW,
        ),
        [
            ["run", "group", "gini", *(f"{k} % of accounts" for k in range(101))],
            *(
                [run.name, g, round(run.summary.gini[g], 6), *map(_rounded, run.summary.lorenz[g])]
                for run in shown.runs
                for g in _groups_of(shown, run)
            ),
        ],
    )


def _rounded(x: float) -> float:
    return round(float(x), 6)


def _groups_of(shown: Shown, run: ShownRun) -> list[str]:
    """Return the groups of a run that have a curve; `others` is none, it is no population."""
    return [x for x in shown.groups if x != OTHERS and x in run.summary.lorenz]


def _lorenz(axes: Axes, shown: Shown, run: ShownRun) -> None:
    """Draw one curve for each group, and the diagonal."""
    axes.plot([0, 1], [0, 1], color=GREY, lw=0.8, zorder=1)
    for group in _groups_of(shown, run):
        curve = run.summary.lorenz[group]
        x = np.linspace(0, 1, len(curve))
        axes.plot(x, curve, color=shown.colour(group), lw=1.6, zorder=3)
    ticks, words = [0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"]
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xticks(ticks, words)
    axes.set_yticks(ticks, words)
    axes.tick_params(axis="both", labelsize=7.5)
    axes.grid(color=LINE, lw=0.6)
    axes.set_xlabel("share of accounts, least active first", fontsize=8)
    axes.set_ylabel("share of exchanges", fontsize=8)


def _gini_table(page: Page, shown: Shown, run: ShownRun, top: float) -> None:
    """Write a row for each group: accounts, the share of the busiest tenth, Gini."""
    ends = [page.width - 0.2 - 1.0 * k for k in (2, 1, 0)]
    for end, words in zip(ends, ("accounts", "busiest tenth", "Gini"), strict=True):
        page.text(end, top, words, fontsize=7, color=SOFT, ha="right")
    for k, group in enumerate(_groups_of(shown, run)):
        y = top - _ROW * (k + 1)
        page.text(MARGIN, y, shown.glyph(group), fontsize=9, color=shown.colour(group))
        page.text(MARGIN + 0.17, y, shortened(shown.label(group), 7.5, 1.6), fontsize=7.5)
        x = shown.distribution(run, "account", group)
        accounts = int(x.frequencies.sum()) if x is not None else 0
        tenth = f"{100 * _busiest_tenth(run, group):.0f} %" if accounts >= _ENOUGH else "-"
        gini = f"{run.summary.gini[group]:.2f}" if accounts >= _ENOUGH else "-"
        cells = (f"{accounts:,}", tenth, gini)
        for end, words in zip(ends, cells, strict=True):
            page.text(end, y, words, fontsize=7.5, ha="right")


def _busiest_tenth(run: ShownRun, group: str) -> float:
    """Return the share of exchanges that the most active tenth of accounts have."""
    return float(1 - run.summary.lorenz[group][_TENTH])


def _spread_over_many(shown: Shown, run: ShownRun) -> list[str]:
    """Return the groups of a run that have enough accounts for shares of tenths."""
    return [
        g
        for g in _groups_of(shown, run)
        if (x := shown.distribution(run, "account", g)) is not None
        and x.frequencies.sum() >= _ENOUGH
    ]


def _lorenz_title(shown: Shown) -> str:
    """Say of the largest group how much lies on the busiest tenth of its accounts."""
    run = next(x for x in shown.runs if _spread_over_many(shown, x))
    group = _spread_over_many(shown, run)[0]
    of = f"accounts{shown.named(group, ' of ')}{shown.in_run(run)}"
    share = 100 * _busiest_tenth(run, group)
    return f"The busiest tenth of the {of} has {share:.0f} % of the exchanges"


def _lorenz_alt(shown: Shown) -> str:
    """Say in a sentence the Gini coefficient of each group of the largest run."""
    run = max(shown.runs, key=lambda x: x.exchanges)
    words = ", ".join(f"{shown.label(g)} {run.summary.gini[g]:.2f}" for g in _groups_of(shown, run))
    return f"Lorenz curves of exchanges over accounts; Gini coefficients: {words}."


# Tokens and cost


def tokens_and_cost(shown: Shown) -> Chart | None:
    """Draw tokens and dollars of a task and of an account by group: median, one in ten, mean.

    Runs stand below each other; what needs truth is left out without it. None without exchanges.
    """
    panels = [
        (run, amount) for run in shown.runs for amount in _AMOUNTS if _spreads(shown, run, amount)
    ]
    if not panels:
        return None
    heights = [_SPREAD_ROW * len(_spreads(shown, *x)) for x in panels]

    def fill(page: Page) -> None:
        """Draw one panel below the other."""
        top = page.height
        for (run, amount), height in zip(panels, heights, strict=True):
            top -= 0.28
            name = f"{run.name}: " if len(shown.runs) > 1 else ""
            page.text(MARGIN, top + 0.08, f"{name}{amount[2]}", fontsize=8.5, fontweight="bold")
            axes = page.axes(_LABELS, top - height, page.width - _LABELS - 0.2, height)
            _spread_rows(axes, shown, _spreads(shown, run, amount), amount[0] == "cost_usd")
            top -= height + 0.3

    return Chart(
        "tokens-and-cost",
        "concentration",
        _cost_title(shown, *panels[0]),
        _cost_alt(shown, *panels[-1]),
        Frame(
            subtitle=(
                "From the median (dot) over one in ten (bar) to one in a hundred (end of the "
                "line) that take so much or more. Cross: the mean. Input counts with what is read "
                "from the cache; dollars are list prices."
            ),
            source=shown.source(),
            height=sum(heights) + 0.58 * len(panels),
            fill=fill,
            width=NARROW,
        ),
        [
            ["run", "amount", "per", "group", "units", "mean", "p50", "p90", "p99", "max"],
            *(
                [run.name, amount[0], amount[1], g, x.units]
                + [round(v, 6) for v in (x.mean, x.p50, x.p90, x.p99, x.max)]
                for run, amount in panels
                for g, x in _spreads(shown, run, amount).items()
            ),
        ],
    )


def _spreads(shown: Shown, run: ShownRun, amount: tuple[str, str, str]) -> dict[str, Spread]:
    """Return the spreads of an amount by group; `others` has none, quantiles do not add up."""
    field, unit, _ = amount
    by_group = getattr(run.summary, field).get(unit, {})
    return {g: by_group[g] for g in shown.groups if g in by_group and g != OTHERS}


def _spread_rows(axes: Axes, shown: Shown, spreads: dict[str, Spread], is_money: bool) -> None:
    """Draw a row for each group on a log axis."""
    labels = [shortened(shown.label(g), 7.5, _LABELS - 0.2) for g in spreads]
    primitives.rows(axes, labels, room=_LABELS, size=7.5)
    for row, (group, x) in enumerate(spreads.items()):
        colour: Any = shown.colour(group)
        low, middle, high = (max(v, 1e-9) for v in (x.p50, x.p90, x.p99))
        axes.plot([low, high], [row, row], color=colour, lw=1.2, zorder=3)
        axes.plot([low, middle], [row, row], color=colour, lw=4, solid_capstyle="butt", zorder=3)
        axes.plot([low], [row], "o", color=colour, ms=5.5, mec="white", mew=0.8, zorder=4)
        axes.plot([max(x.mean, 1e-9)], [row], "x", color="#222222", ms=4.5, mew=1.2, zorder=5)

    some = [v for x in spreads.values() for v in (x.p50, x.mean, x.p99) if v > 0] or [1.0]
    count_axis(axes, (min(some) / 1.6, max(max(some) * 1.6, min(some) * 10)), "", 6)
    ticks = [x for x in axes.get_xticks() if axes.get_xlim()[0] <= x <= axes.get_xlim()[1]]
    axes.set_xticks(ticks, [f"{'$' if is_money else ''}{short_number(x)}" for x in ticks])
    axes.tick_params(axis="x", labelsize=7.5)


def _cost_title(shown: Shown, run: ShownRun, amount: tuple[str, str, str]) -> str:
    """Say the median tokens, and dollars, of the task or account of the largest group."""
    spreads = _spreads(shown, run, amount)
    group, tokens = next(iter(spreads.items()))
    cost = _spreads(shown, run, ("cost_usd", amount[1], ""))[group]
    of = f"{amount[1]}s{shown.named(group, ' of ')}{shown.in_run(run)}"
    if tokens.units == 1:
        return (
            f"The one {amount[1]}{shown.named(group, ' of ')} takes {plain_number(tokens.p50)} "
            f"tokens and costs ${cost.p50:,.2f}"
        )
    return (
        f"Half of the {of} take more than {plain_number(tokens.p50)} tokens, half cost more than "
        f"${cost.p50:,.2f}; the mean is ${cost.mean:,.2f}"
    )


def _cost_alt(shown: Shown, run: ShownRun, amount: tuple[str, str, str]) -> str:
    """Say in a sentence the median and the mean of each group in the last panel."""
    words = ", ".join(
        f"{shown.label(g)} {plain_number(x.p50)} (mean {plain_number(x.mean)})"
        for g, x in _spreads(shown, run, amount).items()
    )
    return f"Ranges of tokens and cost by group; {amount[2]}, median: {words}."
