"""How quantities are shown, and where the ranges of what is read end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from sim.documents.quantities import (
    figure_schema,
    format_duration,
    in_words,
    parse_count,
    parse_duration,
    parse_figure,
    parse_instant,
    quoted,
)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "true"),
        (None, "null"),
        ("abc", "text 'abc'"),
        (5, "5"),
        (-0.5, "-0.5"),
        (10**24 - 1, "9" * 24),
        (10**24, "1.00000e+24"),
        (-(10**24), "-1.00000e+24"),
        ({}, "a mapping"),
        ([], "a list"),
    ],
)
def test_values_in_words(value: Any, words: str) -> None:
    assert in_words(value) == words


def test_long_texts_are_shortened_to_60_characters() -> None:
    assert quoted("a" * 60) == "'" + "a" * 60 + "'"
    assert quoted("a" * 61) == "'" + "a" * 57 + "...'"


@pytest.mark.parametrize(
    ("duration_us", "text"),
    [
        (0, "0 s"),
        (86_400_000_000, "1 d"),
        (90_000_000, "90 s"),
        (5_400_000_000, "90 min"),
        (3_600_000_000, "1 h"),
        (1_000, "1 ms"),
        (1, "0.001 ms"),
        (2_500, "2.5 ms"),
    ],
)
def test_durations_are_shown_in_the_largest_whole_unit(duration_us: int, text: str) -> None:
    assert format_duration(duration_us) == text
    assert parse_duration(text) == duration_us


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3660.001 d", "should be at most 3660 d, found '3660.001 d'"),
        ("0.0001 ms", "should be a whole number of microseconds, found '0.0001 ms'"),
        ("30 m", "found text '30 m'; write min for minutes"),
        ("30 x", "found text '30 x'$"),
    ],
)
def test_durations_out_of_range(text: str, message: str) -> None:
    assert parse_duration("3660 d") == 3_660 * 86_400_000_000
    with pytest.raises(ValueError, match=message):
        parse_duration(text)


@pytest.mark.parametrize(
    ("value", "figure"), [(3, 3.0), (0.25, 0.25), ("3.4 M", 3.4e6), ("5k", 5_000.0)]
)
def test_figures(value: Any, figure: float) -> None:
    assert parse_figure(value) == figure
    assert type(parse_figure(value)) is float


@pytest.mark.parametrize("value", [True, "many", "1e6", None, "0.5", "1.0001 k"])
def test_what_is_no_figure(value: Any) -> None:
    with pytest.raises(ValueError, match="should be a number, such as"):
        parse_figure(value)


def test_a_figure_in_a_schema_is_a_number_or_a_count() -> None:
    number, text = figure_schema(minimum=0)["anyOf"]
    assert number == {"type": "number", "minimum": 0}
    assert text["type"] == "string"


@pytest.mark.parametrize(("value", "count"), [(7, 7), (1e6, 1_000_000), ("3.4 M", 3_400_000)])
def test_counts(value: Any, count: int) -> None:
    assert parse_count(value) == count


@pytest.mark.parametrize("value", [0.5, False, "3.4", "0.0001 k", "5 G"])
def test_what_is_no_count(value: Any) -> None:
    with pytest.raises(ValueError, match="should be a whole number"):
        parse_count(value)


def test_instants_with_an_offset_are_moved_to_utc() -> None:
    noon = datetime(2026, 2, 5, 12, tzinfo=UTC)
    berlin = timezone(timedelta(hours=1))
    assert parse_instant("2026-02-05T13:00+01:00") == noon
    assert parse_instant(noon.astimezone(berlin)).utcoffset() == timedelta(0)
    assert parse_instant("2026-02-05T12:00") == noon


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2026-02-30", "not a date of the calendar: '2026-02-30'"),
        ("05.02.2026", "should be a date or a time"),
        (datetime(2026, 2, 5), "should be a date or a time"),
    ],
)
def test_what_is_no_instant(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_instant(value)
