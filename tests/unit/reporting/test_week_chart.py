"""The chart of the hours of the week."""

from __future__ import annotations

import numpy as np

from sim.reporting.run_charts.week_chart import week
from tests.support.run_reports import made_up, shown_of


def test_weekdays_that_occur_twice_are_not_twice_as_busy() -> None:
    hours = np.ones((7, 24))
    hours[:3] = 2
    steady = {"pool": (6 * hours).astype(np.int64)}
    made = made_up(("pool",), by_hour_of_week=steady, hours_of_week=hours)

    chart = week(shown_of(made))

    assert chart is not None
    assert {x for row in chart.data[1:] for x in row[2:]} == {6.0}


def test_hours_that_the_log_has_not_are_empty_and_named() -> None:
    hours = np.ones((7, 24))
    hours[6] = 0
    chart = week(shown_of(made_up(("a", "b", "c", "d"), hours_of_week=hours)))

    assert chart is not None
    assert list(chart.data[7][2:]) == [""] * 24
    assert "Only the three groups with most exchanges are shown." in chart.subtitle
    assert chart.subtitle.endswith("Grey: not in the log.")
    assert chart.svg()
