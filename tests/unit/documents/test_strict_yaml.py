"""Strict YAML, and how durations, counts and dates are written."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sim.documents.quantities import (
    MAX_COUNT,
    MAX_DURATION_US,
    UNITS_US,
    format_duration,
    parse_count,
    parse_duration,
    parse_instant,
)
from sim.documents.strict_yaml import core_value, parse_yaml
from sim.errors import InvalidInputError
from sim.scenario.load import scenario_of
from sim.scenario.resolved import Actor, Scenario
from tests.support.paths import CASES, ROOT

HERE = CASES / "scenarios"
VALID = sorted((HERE / "valid").glob("*.yaml"))
INVALID = sorted((HERE / "invalid").glob("*.yaml"))
SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))


def name_of(path: Path) -> str:
    return path.stem


def actor_of(scenario: Scenario, name: str) -> Actor:
    return next(actor for actor in scenario.actors if actor.id == name)


def fault(text: str) -> str:
    """Return the message that loading `text` gives."""
    with pytest.raises(InvalidInputError) as caught:
        scenario_of(parse_yaml(text, "t.yaml"))
    return str(caught.value)


# Strict YAML


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2026-02-05", "2026-02-05"),
        ("1_000", "1_000"),
        ("True", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("Null", None),
        ("~", None),
        ("", None),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("+4", 4),
        ("1e6", 1e6),
        ("-.5", -0.5),
        ("4.", 4.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1e", "1e"),
        ("0b11", "0b11"),
        ("9" * 400, "9" * 400),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: Any) -> None:
    found = core_value(text)
    assert found == value
    assert type(found) is type(value)


def test_quoted_scalars_are_text() -> None:
    document = parse_yaml("a: '5'\nb: \"true\"\nc: |\n  null\n", "t.yaml")
    assert document.data == {"a": "5", "b": "true", "c": "null\n"}


def test_places_are_kept_for_keys_and_values() -> None:
    document = parse_yaml("a:\n  - {b: 1}\n", "t.yaml")
    assert str(document.place(("a", 0, "b"), key=True)) == "t.yaml:2:6"
    assert str(document.place(("a", 0, "b"))) == "t.yaml:2:9"
    assert str(document.place(("a", 0, "gone", "deeper"))) == "t.yaml:2:5"


def test_nesting_has_a_limit() -> None:
    assert "nested deeper" in fault("[" * 200)


def test_pure_python_loader_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in VALID}
    expected = {path: parse_yaml(text, "t.yaml") for path, text in texts.items()}
    monkeypatch.delattr(yaml, "CBaseLoader", raising=False)
    for path, text in texts.items():
        assert parse_yaml(text, "t.yaml") == expected[path]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_any_text_parses_or_gives_one_place(text: str) -> None:
    message = "t.yaml:"
    try:
        parse_yaml(text, "t.yaml")
    except InvalidInputError as error:
        message = str(error)
    assert message.startswith("t.yaml:")


# Durations, counts, dates


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
def test_other_counts_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="should be a whole number"):
        parse_count(value)


def test_instants_are_in_utc() -> None:
    expected = datetime(2026, 2, 5, 8, tzinfo=UTC)
    for text in ("2026-02-05T08:00", "2026-02-05 08:00:00Z", "2026-02-05T10:00+02:00"):
        assert parse_instant(text) == expected
    assert parse_instant("2026-02-05") == datetime(2026, 2, 5, tzinfo=UTC)
