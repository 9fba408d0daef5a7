"""Charts of results made by hand: every line, area and word where it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import pytest

from sim.comparison.sections.design import Design
from sim.comparison.sections.needed import Effort
from sim.comparison.sections.odds import OddsResult
from sim.comparison.sections.priors_needed import PriorsNeeded
from sim.comparison.sections.sensitivity import Sensitivity
from sim.reporting import Chart, charts_of, write_charts
from sim.reporting.charts.layout import Frame, Page
from tests.support.comparison import EXPECTED, by_hand
from tests.support.drawings import drawing_of

CHARTS = {chart.id: chart for chart in charts_of(by_hand())}
# The version of matplotlib whose metrics of texts the expected drawings have.
VERSION = "3.11"


@pytest.mark.skipif(
    not mpl.__version__.startswith(f"{VERSION}."), reason="drawn with another matplotlib"
)
@pytest.mark.parametrize("id_", CHARTS)
def test_a_chart_shows_what_it_showed(id_: str) -> None:
    chart = CHARTS[id_]
    shown = [chart.title, chart.alt, *drawing_of(chart.figure)]
    assert shown == (EXPECTED / f"{id_}.txt").read_text(encoding="utf-8").splitlines()


def test_every_expected_drawing_has_a_chart() -> None:
    assert {x.stem for x in EXPECTED.glob("*.txt")} == {"tables", *CHARTS}


def test_nothing_is_drawn_of_no_result() -> None:
    empty = {
        "benchmark-runs": (),
        "needed": Effort((), ()),
        "predictions": (),
        "odds": OddsResult((), ()),
        "priors-needed": PriorsNeeded((), (), ()),
        "design": Design((), (), ()),
        "sensitivity": Sensitivity((), ()),
    }
    assert charts_of(replace(by_hand(), results=empty)) == ()


def test_a_chart_is_drawn_once_for_the_page_and_all_files(tmp_path: Path) -> None:
    drawn = []

    def fill(page: Page) -> None:
        drawn.append(page)
        page.axes(1, 0.5, 6, 1).plot([1, 2])

    def chart() -> Chart:
        return Chart("dots", "odds", "Two dots", "Dots.", Frame("under", "below", 2, fill))

    first = chart()
    svg = first.svg()
    after_svg = [x.read_bytes() for x in write_charts([first], tmp_path / "a")]
    assert first.svg() is svg
    assert len(drawn) == 1
    files_first = [x.read_bytes() for x in write_charts([chart()], tmp_path / "b")]
    assert after_svg == files_first
    assert len(drawn) == 2
