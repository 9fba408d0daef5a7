"""Durations, counts and dates: how they are written and shown, and where their ranges end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.documents.quantities import (
    MAX_COUNT,
    MAX_DURATION_US,
    UNITS_US,
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


# Every spelling


@given(st.integers(0, MAX_DURATION_US))
def test_durations_round_trip(duration_us: int) -> None:
    assert parse_duration(format_duration(duration_us)) == duration_us


@given(st.decimals(0, 90, places=3), st.sampled_from(sorted(UNITS_US)), st.sampled_from(["", " "]))
def test_durations_are_exact(number: Any, unit: str, space: str) -> None:
    text = f"{number:f}{space}{unit}"
    assert parse_duration(text) == Fraction(str(number)) * UNITS_US[unit]


@pytest.mark.parametrize(
    "text",
    ["", "5", "s", "5 m", "5 S", "-5 s", "1e3 s", "5  s", "1_00 s", "5 min 1 h", "0.0001 ms"],
)
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="should be"):
        parse_duration(text)


@given(st.integers(0, MAX_COUNT))
def test_counts_read_every_spelling(count: int) -> None:
    spellings: list[Any] = [count, f"{count:_}", float(count), str(count)]
    spellings += [f"{Fraction(count, 1000)} k"] if count % 1000 == 0 else []
    assert {parse_count(spelling) for spelling in spellings} == {count}


@given(st.decimals(0, 10_000, places=3), st.sampled_from([("k", 1000), ("M", 1_000_000)]))
def test_suffixes_of_counts_are_exact(number: Any, suffix: tuple[str, int]) -> None:
    whole = Fraction(str(number)) * suffix[1]
    assert parse_count(f"{number:f} {suffix[0]}") == whole


@pytest.mark.parametrize("value", [2.5, "2.5", "1 m", "1 K", "1 G", "", "1__0", True, None, [1]])
def test_other_spellings_of_counts_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="should be a whole number"):
        parse_count(value)


def test_instants_are_in_utc() -> None:
    expected = datetime(2026, 2, 5, 8, tzinfo=UTC)
    for text in ("2026-02-05T08:00", "2026-02-05 08:00:00Z", "2026-02-05T10:00+02:00"):
        assert parse_instant(text) == expected
    assert parse_instant("2026-02-05") == datetime(2026, 2, 5, tzinfo=UTC)
