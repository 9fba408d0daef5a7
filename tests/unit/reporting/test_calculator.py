"""The calculator: what it begins with, and where counts stand on its ruler."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim.reporting.calculator import calculator, factors, place, worked_values, worked_words
from sim.reporting.inline_svg import drawn_width, inline_svg, opposite
from tests.support.comparison import by_hand
from tests.support.pages import SVG


def test_it_begins_with_the_thirty_runs_of_the_critique() -> None:
    start = calculator(by_hand()).start
    assert start.count == 3_450_000
    assert start.link == "#try=2300,50,30,1,1,C2"
    assert worked_words(start) == "2,300 tasks x 50 calls x 30 runs"


def test_worked_values_are_what_their_words_multiply() -> None:
    for x in worked_values():
        assert x.count == x.tasks * x.calls * x.runs * x.users * x.days
        assert worked_words(x)


def test_factors_of_conventions_are_medians_over_explanations() -> None:
    analysis = by_hand()
    known = factors(analysis, analysis.results["predictions"])
    # Made by hand: C1 is once, C2 twice, C3 three times and C4 four times the same count
    assert known == {"C1": 0.5, "C2": 1.0, "C3": 1.5, "C4": 2.0, "C5": None, "C6": None}


def test_without_predictions_only_requests_and_tasks_are_counted() -> None:
    bare = replace(by_hand(), results={})
    assert factors(bare, ()) == {"C2": 1.0, "C5": None, "C6": None}


@pytest.mark.parametrize(("count", "percent"), [(0, 0), (100, 0), (1e9, 100), (1e12, 100)])
def test_the_ruler_ends_at_a_hundred_and_at_a_billion(count: float, percent: float) -> None:
    assert place(count) == percent


def test_marks_rise_and_are_named() -> None:
    marks = calculator(by_hand()).marks
    assert [x.low for x in marks] == sorted(x.low for x in marks)
    assert "Moonshot, 3.4 million" in {x.name for x in marks}


def test_colours_turn_as_light_as_they_were_dark() -> None:
    assert opposite("ffffff") == "#171717"
    assert opposite("000000") == "#ffffff"
    assert opposite("1f5a8a") == "#81b7e3"


def test_colours_of_styles_follow_the_reader_and_others_stay() -> None:
    made = inline_svg(SVG, "p-", "x")
    assert 'style="fill: var(--c1f5a8a)"' in made
    assert "--c1f5a8a:#1f5a8a;" in made
    assert "prefers-color-scheme: dark" in made
    assert "--c1f5a8a:#81b7e3;" in made
    assert 'fill="#abc"' in made
    assert drawn_width(SVG) == 1008
