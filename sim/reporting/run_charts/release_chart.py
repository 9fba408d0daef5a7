"""Chart of a release: who moves to the new model, over the first day and at its end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.catalog import claims
from sim.reporting.charts import primitives
from sim.reporting.charts.layout import INK, LINE, MARGIN, NARROW, SOFT, Chart, Frame, Page
from sim.reporting.run_charts.plain import shortened
from sim.reporting.run_charts.shown import OTHERS, Shown, ShownRun
from sim.summaries.run_figures import Adoption

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BEFORE, _AFTER = 12, 72
_PANEL, _ROW, _LEFT = 1.7, 0.24, 1.5
_MOST_RELEASES = 4
# Hours that a point stands for, and exchanges below which it is left out.
_TOGETHER, _FEW = 3, 30


def release(shown: Shown) -> Chart | None:
    """Draw the share of each group that a new model gets, hour by hour, and over the first day.

    A pair of panels for each release within a log, the first four; None without any.
    """
    pairs = [(x, a) for x in shown.runs for a in x.summary.adoptions][:_MOST_RELEASES]
    if not pairs:
        return None
    rows = _ROW * len(_groups(shown))
    each = 0.3 + _PANEL + 0.6 + rows + 0.65

    def fill(page: Page) -> None:
        """Draw each release: its hours, then its first day by group."""
        for k, (run, adoption) in enumerate(pairs):
            top = page.height - k * each - 0.3
            where = f"{run.name}: " if len(shown.runs) > 1 else ""
            page.text(
                MARGIN, top + 0.1, f"{where}{adoption.model}", fontsize=8.5, fontweight="bold"
            )
            axes = page.axes(0.6, top - _PANEL, page.width - 0.75, _PANEL)
            _hours(axes, shown, run, adoption)
            bottom = top - _PANEL - 0.6 - rows
            axes = page.axes(_LEFT, bottom, page.width - _LEFT - 0.25, rows)
            _first_day(axes, shown, adoption)

    return Chart(
        "release",
        "release",
        _title(shown, pairs[0][1]),
        _alt(shown, *pairs[0]),
        Frame(
            subtitle=(
                "Share of the exchanges of each group that go to the new model. Above: over "
                "three hours each, the first 24 shaded. Below: all of the first 24 hours (filled) "
                "and the last of them (ring). Dashed: “nearly half … within 24 hours”, reported of "
                f"{claims()['A9'].actor}; which of the two is meant the report does not say."
            ),
            source=shown.source(),
            height=each * len(pairs),
            fill=fill,
            width=NARROW,
        ),
        [
            ["run", "model", "group", "during first 24 h", "in the last of these hours"],
            *(
                [run.name, a.model, g, *(round(x[g], 6) for x in _shares(a))]
                for run, a in pairs
                for g in a.during_first_day
            ),
        ],
    )


def _shares(adoption: Adoption) -> tuple[dict[str, float], dict[str, float]]:
    return dict(adoption.during_first_day), dict(adoption.at_end_of_first_day)


def _groups(shown: Shown) -> list[str]:
    """Return the groups that are drawn: small ones are left out, for their shares are no sum."""
    return [x for x in shown.groups if x != OTHERS]


def _hours(axes: Axes, shown: Shown, run: ShownRun, adoption: Adoption) -> None:
    """Draw shares over the hours around the release, a line for each group."""
    axes.axvspan(0, 24, color="#f3f3f3", lw=0, zorder=0)
    axes.axhline(claims()["A9"].value or 0.5, color=INK, lw=0.9, ls=(0, (4, 3)), zorder=2)
    for group in _groups(shown):
        if group in adoption.share:
            hours, shares = _smoothed(adoption.share[group], run.summary.by_hour[group])
            hours = hours - adoption.hour
            near = (hours > -_BEFORE) & (hours < _AFTER)
            colour = shown.colour(group)
            axes.plot(hours[near], shares[near], color=colour, lw=1.4, zorder=3)

    axes.set_xlim(-_BEFORE, _AFTER)
    axes.set_xticks(range(-_BEFORE, _AFTER + 1, 12))
    axes.set_xlabel("hours since the release", fontsize=8)
    axes.set_ylim(0, 1.02)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.tick_params(axis="both", labelsize=7.5)
    axes.grid(axis="y", color=LINE, lw=0.6)


def _smoothed(share: Floats, exchanges: Ints) -> tuple[Floats, Floats]:
    """Return the middle of every three hours and the share in them, NaN where there are few."""
    hours = len(share) // _TOGETHER * _TOGETHER
    weights = exchanges[:hours].reshape(-1, _TOGETHER).astype(float)
    moved = np.nan_to_num(share[:hours]).reshape(-1, _TOGETHER) * weights
    sums = weights.sum(axis=1)
    shares: Floats = np.full(len(sums), np.nan)
    np.divide(moved.sum(axis=1), sums, out=shares, where=sums >= _FEW)
    middles: Floats = (np.arange(len(sums), dtype=np.float64) + 0.5) * _TOGETHER
    return middles, shares


def _first_day(axes: Axes, shown: Shown, adoption: Adoption) -> None:
    """Draw a row for each group: its share over the first day, and in the last hour of it."""
    groups = _groups(shown)
    labels = [shortened(shown.label(x), 7.5, _LEFT - 0.2) for x in groups]
    primitives.rows(axes, labels, room=_LEFT, size=7.5)
    during, at_end = _shares(adoption)
    for row, group in enumerate(groups):
        first, last = during.get(group, math.nan), at_end.get(group, math.nan)
        colour = shown.colour(group)
        if math.isfinite(first) and math.isfinite(last):
            axes.plot([first, last], [row, row], color=colour, lw=1.2, zorder=3)
        if math.isfinite(last):
            axes.plot([last], [row], "o", ms=5.5, color=colour, mfc="white", mew=1.4, zorder=4)
        if math.isfinite(first):
            axes.plot([first], [row], "o", ms=5.5, color=colour, zorder=5)
        else:
            axes.text(0.01, row, "no exchanges", va="center", fontsize=7, color=SOFT)

    axes.axvline(claims()["A9"].value or 0.5, color=INK, lw=0.9, ls=(0, (4, 3)), zorder=2)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.tick_params(axis="x", labelsize=7.5)
    axes.set_xlabel("share of exchanges that go to the new model", fontsize=8)


def _title(shown: Shown, adoption: Adoption) -> str:
    """Say which group moves most and which least over the first day."""
    moved = {g: x for g, x in adoption.during_first_day.items() if math.isfinite(x)}
    if not moved:
        return f"No group sends anything on the day after the release of {adoption.model}"
    group = next((x for x in shown.groups if x in moved), next(iter(moved)))
    others = [x for g, x in moved.items() if g != group]
    name = shown.named(group) or "all traffic"
    text = f"In its first 24 hours {adoption.model} gets {_percent(moved[group])} of {name}"
    if not others:
        return text
    low, high = _percent(min(others)), _percent(max(others))
    span = low if low == high else f"{low.removesuffix(' %')} to {high}"
    return f"{text}, and {span} of the other groups"


def _alt(shown: Shown, run: ShownRun, adoption: Adoption) -> str:
    """Say in a sentence which share each group moves."""
    words = ", ".join(
        f"{shown.label(g)} {_percent(x)}"
        for g, x in adoption.during_first_day.items()
        if math.isfinite(x)
    )
    return f"Shares of {run.name} that go to {adoption.model} in its first 24 hours: {words}."


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
