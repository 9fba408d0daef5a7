"""Chart of the hours of the week: when exchanges are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.arrays.types import Ints
from sim.reporting.charts.layout import MARGIN, NARROW, Chart, Frame, Page
from sim.reporting.run_charts.shown import Shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_CELL_ROW = 0.19


def week(shown: Shown) -> Chart | None:
    """Draw exchanges by weekday and hour: of one run a panel for each large group, else one a run.

    None without exchanges.
    """
    panels = _week_panels(shown)
    if not panels:
        return None
    each = 0.3 + 7 * _CELL_ROW + 0.3

    def fill(page: Page) -> None:
        """Draw the panels from the top down."""
        for k, (name, table) in enumerate(panels):
            top = page.height - k * each - 0.3
            page.text(MARGIN, top + 0.08, name, fontsize=8.5, fontweight="bold")
            height = 7 * _CELL_ROW
            _week_panel(page.axes(0.5, top - height, page.width - 0.8, height), table)

    zones = sorted({x.summary.timezone for x in shown.runs})
    name, table = panels[0]
    return Chart(
        "week",
        "time",
        _week_title(panels),
        f"Shaded table of weekdays and hours: {name} sends {_share(_night(table))} of its "
        "exchanges from 0 to 6 o'clock.",
        Frame(
            subtitle=(
                f"Exchanges by weekday and hour of the day ({', '.join(zones)}), each panel with "
                "shades of its own: the strongest colour is the busiest hour. A quarter of even "
                "traffic falls between 0 and 6 o'clock."
            ),
            source=shown.source(),
            height=each * len(panels),
            fill=fill,
            width=NARROW,
        ),
        [
            ["panel", "weekday", *range(24)],
            *(
                [name, day, *map(int, row)]
                for name, table in panels
                for day, row in zip(_DAYS, table, strict=True)
            ),
        ],
    )


def _week_panels(shown: Shown) -> list[tuple[str, Ints]]:
    """Return names and tables, (7, 24): the three largest groups of one run, or every run whole."""
    if len(shown.runs) == 1:
        found = [(g, shown.series(shown.runs[0], "by_hour_of_week", g)) for g in shown.groups[:3]]
        return [(shown.label(g), x) for g, x in found if x is not None and x.any()]
    tables = [(x.name, sum(x.summary.by_hour_of_week.values())) for x in shown.runs]
    return [(name, x) for name, x in tables if isinstance(x, np.ndarray) and x.any()]


def _week_panel(axes: Axes, table: Ints) -> None:
    """Draw one shaded table."""
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("week", ["#ffffff", "#1f5a8a"])
    axes.pcolormesh(table, cmap=shades, vmin=0, vmax=table.max(), edgecolors="white", lw=0.6)
    axes.set_ylim(7, 0)
    axes.set_yticks(np.arange(7) + 0.5, _DAYS, fontsize=7.5)
    axes.set_xticks(range(0, 25, 6), [f"{x}:00" for x in range(0, 25, 6)], fontsize=7.5)
    axes.tick_params(axis="both", length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _week_title(panels: list[tuple[str, Ints]]) -> str:
    """Say which share falls into the night, the one farthest from even and another."""
    nights = {name: _night(table) for name, table in panels}
    least, most = min(nights, key=lambda x: nights[x]), max(nights, key=lambda x: nights[x])
    if least == most:
        return f"{_share(nights[least])} of the exchanges fall between 0 and 6 o'clock"
    return (
        f"{least} sends {_share(nights[least])} of its exchanges between 0 and 6 o'clock, {most} "
        f"{_share(nights[most])}"
    )


def _night(table: Ints) -> float:
    """Return the share of exchanges between 0 and 6 o'clock."""
    return float(table[:, :6].sum() / table.sum())


def _share(x: float) -> str:
    return f"{100 * x:.0f} %"
