"""Words for numbers, lists, titles, observables and figures."""

from __future__ import annotations

from collections import Counter

import pytest

from sim.catalog import claims
from sim.comparison import wording
from sim.comparison.claims.observables import OBSERVABLES

NAMES = tuple(OBSERVABLES)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1 k"),
        (150_000, "150 k"),
        (999.6, "1 k"),
        (999_999, "1 M"),
        (-999_600_000, "-1 G"),
        (999.6e9, "1 T"),
        (-3.4e6, "-3.4 M"),
        (1e9, "1 G"),
        (2.5e12, "2.5 T"),
    ],
)
def test_short_numbers(value: float, text: str) -> None:
    assert wording.short_number(value) == text


@pytest.mark.parametrize(
    ("log10", "text"),
    [
        (0, "1 : 1"),
        (0.02, "1 : 1"),
        (-0.02, "1 : 1"),
        (0.5, "3.2 : 1"),
        (-0.301, "1 : 2"),
        (0.997, "9.9 : 1"),
        (0.998, "10 : 1"),
        (1.5, "32 : 1"),
        (-1.9978, "1 : 99"),
        (2.925, "840 : 1"),
        (2, "100 : 1"),
        (4, "10,000 : 1"),
    ],
)
def test_odds_as_people_say_them(log10: float, text: str) -> None:
    assert wording.odds_words(log10) == text


def test_ranges_say_one_number_where_both_ends_read_alike() -> None:
    assert wording.number_range(5, 10_000) == "5 to 10,000"
    assert wording.number_range(5, 5) == "5"
    assert wording.share_range(0.055, 0.55) == "5.5 to 55 %"
    assert wording.share_range(0.5501, 0.5502) == "55 %"
    assert wording.odds_range([0.7, -0.3, 0.1]) == "1 : 2 to 5 : 1"
    assert wording.odds_range([1.0, 1.0]) == "10 : 1"


def test_percent_has_two_digits_until_it_is_nearly_all() -> None:
    assert [wording.percent(x) for x in (0.055, 0.5, 0.994, 0.995, 1.0)] == [
        "5.5 %",
        "50 %",
        "99 %",
        "100 %",
        "100 %",
    ]


def test_powers_of_ten_for_ticks() -> None:
    assert [wording.tight_odds(x) for x in (-2, 0, 1)] == ["1:100", "1:1", "10:1"]


def test_lists_and_plurals() -> None:
    assert wording.plural(1, "report") == "1 report"
    assert wording.plural(0, "report") == "0 reports"
    assert wording.and_list(["a"]) == "a"
    assert wording.and_list(["a", "b", "c"]) == "a, b and c"
    assert wording.counted(Counter({"measured": 3, "prior": 55})) == "55 prior, 3 measured"


def test_titles_in_sentences() -> None:
    assert wording.inline("Benchmark runs") == "benchmark runs"
    assert wording.inline("AI training") == "AI training"
    assert wording.lowered("Benchmark runs") == "benchmark runs"
    assert wording.lowered("AI training") == "aI training"


def test_observables_in_charts_and_tables() -> None:
    assert wording.observable_name("moved_24h") == "moved within a day"
    assert wording.observable_name("something_new") == "something new"
    assert wording.known_names(("count",)) == "count alone"
    assert wording.known_names(NAMES[:2]) == "count and accounts"
    assert wording.known_names(NAMES) == "all 9 observables"
    assert wording.known_sum(("count",)) == "count"
    assert wording.known_sum(NAMES[:2]) == "count + accounts"
    assert wording.known_sum(NAMES) == "all"
    assert wording.added_observable(("count",)) == "count"
    assert wording.added_observable(NAMES[:2]) == "+ accounts"
    assert set(wording.OBSERVABLE_NAMES) == set(NAMES)


def test_figures_as_reported() -> None:
    over, between = claims()["A4"], claims()["A6"]
    assert wording.figure_words(over) == "over 3,400,000 exchanges"
    assert wording.figure_words(between) == '"hundreds of" (read as 200 to 1,000 accounts)'
    assert wording.figure_words(claims()["A8"]) == "within 24 hours"
    assert wording.figure_words(claims()["A9"]) == '"nearly half" (nearly 50 %)'
    assert wording.range_words(claims()["A13"]) == "25 to 100 %"
    exact = over.model_copy(update={"bound": "exact"})
    assert wording.figure_words(exact) == "3,400,000 exchanges"
    nothing = over.model_copy(update={"bound": None, "value": None})
    assert wording.figure_words(nothing) == "no figure"
