"""The page of scores: what stands on it, and in a browser at a phone's width and a desk's."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.reporting.score_charts import score_charts
from sim.reporting.score_page import score_page, write_score_page
from tests.support import browser as chromium
from tests.support.scores import EVIL, made_score
from tests.unit.reporting.test_page_browser import WEAK, ask


@pytest.fixture(scope="module")
def text() -> str:
    return score_page([made_score(), made_score(split="time", curves=())])


def test_facts_figures_and_why_there_are_none(text: str) -> None:
    assert "<h1>Score of relations on bench</h1>" in text
    assert "weighted to a prevalence of 0.01; flagged at a rate of false positives of 0.01." in text
    assert "PR-AUC, where a guess has 0.010: 0.31 (0.30 to 0.33)" in text
    assert "allows 0.8 false alarms" in text
    assert "course, L09</th>" in text
    assert text.count("<table>") == 4


def test_words_of_a_file_of_scores_are_no_markup(text: str) -> None:
    assert "&lt;script&gt;alert(1)" in text
    assert EVIL not in text
    assert "<script" not in text


def test_the_same_scores_give_the_same_page(text: str) -> None:
    assert score_page([made_score(), made_score(split="time", curves=())]) == text


def test_charts_say_what_was_found_and_name_their_axes() -> None:
    precision, time, exchanges = score_charts(made_score())
    assert precision.title == "Precision and recall: PR-AUC 0.31, where a guess has 0.01"
    assert time.title == "Accounts detected, by days: half within 2.50 days"
    assert exchanges.title == "Accounts detected, by exchanges: 20 % within 12,000 exchanges"
    for chart, axis in ((precision, "recall: share"), (time, "days since"), (exchanges, "10 k")):
        assert axis in chart.body()
    assert "prevalence 0.01: a guess" in precision.body()
    assert time.csv().splitlines()[1:3] == ["0.0,0.0,0.0,0.1", "2.5,0.5,0.4,0.6"]
    assert time.csv().splitlines()[0].endswith(",low,high")


def test_a_score_without_curves_has_no_chart() -> None:
    assert score_charts(made_score(curves=())) == ()
    assert "<figure" not in score_page([made_score(curves=())])


def test_in_a_browser_nothing_complains_sticks_out_or_is_faint(tmp_path: Path) -> None:
    place = tmp_path / "new" / "page.html"
    write_score_page([made_score(), made_score(split="time")], place)
    complaints: list[str] = []
    with chromium.launched() as browser:
        for width, scheme in ((360, "light"), (1440, "dark")):
            page = browser.new_page(
                viewport={"width": width, "height": 900},
                color_scheme=scheme,  # type: ignore[arg-type]
            )
            page.on("console", lambda x: complaints.append(x.text))
            page.on("pageerror", lambda x: complaints.append(str(x)))
            page.on("dialog", lambda x: complaints.append(x.message))
            page.goto(place.as_uri())
            assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
            assert page.locator("figure svg").count() == 6
            ids = "[...document.querySelectorAll('[id]')].map(x => x.id)"
            assert page.evaluate(f"new Set({ids}).size == {ids}.length")
            assert ask(page, WEAK) == []
    assert complaints == []
