"""Chart of the hours of the week: when exchanges are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.reporting.charts.layout import LINE, MARGIN, NARROW, Chart, Frame, Page
from sim.reporting.run_charts.shown import Shown, ShownRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_CELL_ROW = 0.19
# Of one run with several groups, so many have a panel.
_MOST_PANELS = 3


class _Panel(NamedTuple):
    """Exchanges by weekday and hour, and how many hours of the log lie in each, (7, 24) both."""

    name: str
    table: Ints
    hours: Floats


def week(shown: Shown) -> Chart | None:
    """Draw exchanges an hour by weekday and hour of the day.

    Of one run there is a panel for each of its largest groups, of several one for each run.

    None without exchanges.
    """
    panels = _week_panels(shown)
    if not panels:
        return None
    each = 0.3 + 7 * _CELL_ROW + 0.3

    def fill(page: Page) -> None:
        """Draw the panels from the top down."""
        for k, (name, table, hours) in enumerate(panels):
            top = page.height - k * each - 0.3
            page.text(MARGIN, top + 0.08, name, fontsize=8.5, fontweight="bold")
            height = 7 * _CELL_ROW
            _week_panel(
                page.axes(0.5, top - height, page.width - 0.8, height), _an_hour(table, hours)
            )

    zones = sorted({x.summary.timezone for x in shown.runs})
    name, table, hours = panels[0]
    return Chart(
        "week",
        "time",
        _week_title(panels),
        f"Shaded table of weekdays and hours: {name} sends {_share(_night(table))} of its "
        "exchanges from 0 to 6 o'clock.",
        Frame(
            subtitle=(
                "Exchanges an hour by weekday and hour of the day "
                f"({', '.join(zones)}), the mean over all weeks of the log; each panel with shades "
                f"of its own: the strongest colour is the busiest hour.{_which(shown)} Of even "
                f"traffic {_share(_night(hours))} would fall between 0 and 6 o'clock."
                f"{_gaps(panels)}"
            ),
            source=shown.source(),
            height=each * len(panels),
            fill=fill,
            width=NARROW,
        ),
        [
            ["panel", "weekday", *range(24)],
            *(
                [name, day, *(round(float(x), 6) if np.isfinite(x) else "" for x in row)]
                for name, table, hours in panels
                for day, row in zip(_DAYS, _an_hour(table, hours), strict=True)
            ),
        ],
    )


def _week_panels(shown: Shown) -> list[_Panel]:
    """Return the largest groups of one run, or every run whole."""
    if len(shown.runs) == 1:
        run = shown.runs[0]
        groups = shown.groups[:_MOST_PANELS]
        found = [(shown.label(g), shown.series(run, "by_hour_of_week", g), run) for g in groups]
    else:
        found = [(x.name, _whole(x), x) for x in shown.runs]
    return [
        _Panel(name, x, run.summary.hours_of_week)
        for name, x, run in found
        if x is not None and x.any()
    ]


def _whole(run: ShownRun) -> Ints:
    """Return exchanges of all groups by weekday and hour, (7, 24)."""
    by_group = run.summary.by_hour_of_week.values()
    return sum(by_group, np.zeros((7, 24), np.int64))


def _an_hour(table: Ints, hours: Floats) -> Floats:
    """Return exchanges an hour, NaN in hours of the week that the log does not have, (7, 24)."""
    means: Floats = np.full(table.shape, np.nan)
    return np.divide(table, hours, out=means, where=hours > 0)


def _which(shown: Shown) -> str:
    """Say which groups are drawn, where not all are."""
    if len(shown.runs) > 1 or len(shown.groups) <= _MOST_PANELS:
        return ""
    return " Only the three groups with most exchanges are shown."


def _gaps(panels: list[_Panel]) -> str:
    """Say what grey cells are, where there are any."""
    return "" if all(x.hours.all() for x in panels) else " Grey: not in the log."


def _week_panel(axes: Axes, table: Floats) -> None:
    """Draw one shaded table, (7, 24); what is NaN stays grey."""
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("week", ["#ffffff", "#1f5a8a"])
    axes.set_facecolor(LINE)
    busiest = np.nanmax(table)
    axes.pcolormesh(table, cmap=shades, vmin=0, vmax=busiest, edgecolors="white", lw=0.6)
    axes.set_ylim(7, 0)
    axes.set_yticks(np.arange(7) + 0.5, _DAYS, fontsize=7.5)
    axes.set_xticks(range(0, 25, 6), [f"{x}:00" for x in range(0, 25, 6)], fontsize=7.5)
    axes.tick_params(axis="both", length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _week_title(panels: list[_Panel]) -> str:
    """Say which share falls into the night, the one farthest from even and another."""
    nights = {x.name: _night(x.table) for x in panels}
    least, most = min(nights, key=lambda x: nights[x]), max(nights, key=lambda x: nights[x])
    if least == most:
        return f"{_share(nights[least])} of the exchanges fall between 0 and 6 o'clock"
    return (
        f"{least} sends {_share(nights[least])} of its exchanges between 0 and 6 o'clock, {most} "
        f"{_share(nights[most])}"
    )


def _night(table: Ints | Floats) -> float:
    """Return the share of exchanges, or of hours, between 0 and 6 o'clock."""
    return float(table[:, :6].sum() / table.sum())


def _share(x: float) -> str:
    return f"{100 * x:.0f} %"
