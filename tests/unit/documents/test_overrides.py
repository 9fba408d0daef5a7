"""`--set a.b=1`: keys, values, and the places that messages name afterwards."""

from __future__ import annotations

import pytest

from sim.documents.overrides import apply_override, set_value, split_key
from sim.documents.problems import Place
from sim.documents.strict_yaml import Document, parse_yaml
from sim.errors import InvalidInputError

TEXT = "name: x\nactors:\n  - id: a\n    rhythm: {strength: 1}\n  - id: b\nlist: [1, 2]\n"


@pytest.fixture
def document() -> Document:
    return parse_yaml(TEXT, "s.yaml")


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("a.b", ["a", "b"]),
        (' "a.b".c ', ["a.b", "c"]),
        ("a", ["a"]),
        ("a..b", []),
        ("a[0]", []),
        ("", []),
        ('"a', []),
    ],
)
def test_keys_are_split_at_dots(key: str, parts: list[str]) -> None:
    assert split_key(key) == parts


def test_values_are_yaml_and_actors_go_by_id(document: Document) -> None:
    for text in ("actors.b.accounts=5", "actors.0.rhythm.strength=0.5", "world.load={a: 1}"):
        apply_override(document, text)
    apply_override(document, "list.1=x=y")
    assert document.data["actors"][1]["accounts"] == 5
    assert document.data["actors"][0]["rhythm"] == {"strength": 0.5}
    assert document.data["world"] == {"load": {"a": 1}}
    assert document.data["list"] == [1, "x=y"]


def test_places_below_a_value_that_was_set_are_forgotten(document: Document) -> None:
    place = Place.option("--set actors.a.rhythm=none")
    set_value(document, ["actors", "a", "rhythm"], "none", place)
    path = ("actors", 0, "rhythm")
    assert document.place(path) == document.place(path, key=True) == place
    assert (*path, "strength") not in document.values
    assert (*path, "strength") not in document.keys
    assert document.place(("actors", 0, "id")).line == 3


def test_an_empty_document_becomes_a_mapping() -> None:
    document = parse_yaml("", "s.yaml")
    apply_override(document, "a.b=1")
    assert document.data == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name", "should be KEY=VALUE, such as actors.coders.accounts=5"),
        ("=1", "should be KEY=VALUE, such as actors.coders.accounts=5"),
        ("actors.c.accounts=1", "unknown actor 'c'; allowed: a, b"),
        ("actors.2.accounts=1", "unknown actor '2'; allowed: a, b"),
        ("list.2=1", "list has no item '2'"),
        ("list.x=1", "list has no item 'x'"),
        ("name.x=1", "name holds text 'x', not a mapping"),
        (".".join(["a"] * 41) + "=1", "a key of 41 parts; it has at most 40"),
    ],
)
def test_what_makes_no_sense_is_refused(document: Document, text: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        apply_override(document, text)
    assert str(caught.value) == f"--set {text}: {message}"


def test_a_value_that_is_no_strict_yaml_is_refused(document: Document) -> None:
    with pytest.raises(InvalidInputError, match="an alias"):
        apply_override(document, "name=*x")


def test_forty_parts_and_200_characters_are_the_most(document: Document) -> None:
    apply_override(document, ".".join(["deep"] * 40) + "=1")
    with pytest.raises(InvalidInputError) as caught:
        apply_override(document, "a" * 201)
    assert str(caught.value).startswith(f"--set {'a' * 200}...: ")
