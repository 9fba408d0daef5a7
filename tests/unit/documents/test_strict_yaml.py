"""Strict YAML: values, places, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sim.documents.problems import Place
from sim.documents.strict_yaml import core_value, dotted, parse_yaml
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


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("a: &x 1", ["t.yaml:1:4: a: an anchor '&x'; write values out"]),
        ("a: *x", ["t.yaml:1:4: a: an alias '*x'; write the value out"]),
        ("a: !!int 1", ["t.yaml:1:4: a: a tag '!!int'; tags are not allowed"]),
        ("a:\n  <<: {b: 1}\n  c: 2", ["t.yaml:2:3: a: a merge key '<<'; write the keys out"]),
        ("a: 1\na: [1, {b: 2}]\nc: 3", ["t.yaml:2:1: key 'a' twice; first in line 1"]),
        ("a: 1\n---\nb: 1", ["t.yaml:2:1: a second document; a file holds one"]),
        ("a: 1\n---\nb: 1\n---\nc: 1", ["t.yaml:2:1: a second document; a file holds one"]),
    ],
)
def test_what_is_read_past_is_a_problem(text: str, messages: list[str]) -> None:
    document = parse_yaml(text, "t.yaml")
    assert [str(problem) for problem in document.problems] == messages
    assert set(document.data) <= {"a", "c"}


def test_what_follows_a_key_that_was_skipped_is_read() -> None:
    assert parse_yaml("a: 1\na: [1, {b: 2}]\nc: 3", "t.yaml").data == {"a": 1, "c": 3}
    assert parse_yaml("<<: 1\nc: 3", "t.yaml").data == {"c": 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("? [a]\n: 1", "t.yaml:1:3: a key must be text, not a list or mapping"),
        ("b:\n  ? *x\n  : 1", "t.yaml:2:5: b: a key must be text, not an alias"),
        ("a: 1\nb: \x07", "t.yaml:2:4: a character that YAML does not allow: '\\x07'"),
        ("a:\n\tb: 1", "t.yaml:2:1: a tab; indent with spaces"),
        ("a: [1", "t.yaml:2:1: not valid YAML: did not find expected ',' or ']'"),
    ],
)
def test_what_cannot_be_read_past_has_a_place(text: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_yaml(text, "t.yaml")
    assert str(caught.value).startswith(message)


def test_forty_levels_and_300_digits_are_the_most() -> None:
    assert parse_yaml("[" * 41 + "]" * 41, "t.yaml").data
    with pytest.raises(InvalidInputError, match=r"t\.yaml:1:42: nested deeper than 40 levels"):
        parse_yaml("[" * 42 + "]" * 42, "t.yaml")
    assert core_value("1" * 300) == int("1" * 300)
    assert core_value("1" * 301) == "1" * 301


def test_paths_are_shown_as_people_write_them() -> None:
    assert dotted(("actors", 0, "models", "a")) == "actors[0].models.a"
    assert dotted(()) == ""


def test_a_text_of_an_option_stands_where_the_option_stands() -> None:
    option = Place.option("--set a=1")
    document = parse_yaml("[1, &x 2]", "ignored", option)
    assert [str(problem) for problem in document.problems] == [
        "--set a=1: [1]: an anchor '&x'; write values out"
    ]
    assert document.place((1,)) == document.place(("gone",)) == option
