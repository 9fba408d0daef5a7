"""From errors of pydantic to problems in the words and places of a file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from sim.documents.form_problems import Layout, Union, problems_of_form
from sim.documents.forms import Form
from sim.documents.problems import Path
from sim.documents.strict_yaml import dotted, parse_yaml


class Circle(Form):
    kind: Literal["circle"]
    radius: Annotated[float, Field(gt=0, le=10)]


class Square(Form):
    kind: Literal["square"]
    side: int


class Paint(Form):
    colour: Literal["red", "blue"]


class Drawing(Form):
    shapes: tuple[Annotated[Circle | Square, Field(discriminator="kind")], ...] = Field(
        min_length=1
    )
    paints: dict[str, Paint] = Field(default={})
    title: Annotated[str, Field(max_length=5)] = ""
    flag: bool = False


def shown(_: Any, path: Path) -> str:
    return dotted(path).replace("shapes", "SHAPES")


LAYOUT = Layout(
    root=Drawing,
    title="a drawing",
    item="shape",
    unions=(Union(("shapes",), "kind", {"circle": Circle, "square": Square}),),
    path_name=shown,
    mappings={Paint: "a paint"},
    missing={"side": "; in metres"},
)
GOOD = "shapes: [{kind: circle, radius: 1.5}]\n"


def faults(text: str) -> list[str]:
    _, _, problems = problems_of_form(LAYOUT, parse_yaml(text, "d"))
    return [str(problem) for problem in problems]


def test_a_form_without_problems() -> None:
    form, data, problems = problems_of_form(LAYOUT, parse_yaml(GOOD + "title: abc\n", "d"))
    assert isinstance(form, Drawing)
    assert form.title == "abc"
    assert data["shapes"] == ({"kind": "circle", "radius": 1.5},)
    assert problems == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "d: the file is empty; a drawing begins 'version: 1'"),
        ("[]", "d:1:1: should be a mapping that begins 'version: 1', found a list"),
        (GOOD + "titel: a", "d:2:1: unknown key 'titel'; did you mean 'title'?"),
        (GOOD + "title: abcdef", "d:2:8: title: should have at most 5 characters, found 6"),
        (GOOD + "title: 5", "d:2:8: title: should be text, found 5"),
        (GOOD + "flag: 1", "d:2:7: flag: should be true or false, found 1"),
        (GOOD + "title:", "d:2:1: title: no value; give one or drop the key"),
        ("shapes: []", "d:1:9: SHAPES: should hold at least one shape"),
        ("shapes: 1", "d:1:9: SHAPES: should be a list, found 1"),
        ("shapes: [1]", "d:1:10: SHAPES[0]: should be a mapping; found 1"),
        (
            "shapes: [{radius: 1}]",
            "d:1:10: SHAPES[0]: missing key 'kind'; allowed: circle, square",
        ),
        ("shapes: [{kind: 1}]", "d:1:17: SHAPES[0].kind: should be text, found 1"),
        (
            "shapes: [{kind: cirle}]",
            "d:1:17: SHAPES[0].kind: unknown kind 'cirle'; did you mean 'circle'?",
        ),
        ("shapes: [{kind: square}]", "d:1:10: SHAPES[0]: missing key 'side'; in metres"),
        (
            "shapes: [{kind: circle, radius: 0}]",
            "d:1:33: SHAPES[0].radius: should be greater than 0, found 0",
        ),
        (
            "shapes: [{kind: circle, radius: 11}]",
            "d:1:33: SHAPES[0].radius: should be at most 10, found 11",
        ),
        (
            "shapes: [{kind: circle, radius: .inf}]",
            "d:1:33: SHAPES[0].radius: should be finite, found inf",
        ),
        (
            "shapes: [{kind: square, side: 1.5}]",
            "d:1:31: SHAPES[0].side: should be a whole number, found 1.5",
        ),
        (
            "shapes: [{kind: circle, radius: 1, sde: 2}]",
            "d:1:36: SHAPES[0]: unknown key 'sde'; allowed: kind, radius",
        ),
        (
            GOOD + "paints: {a: {colour: green}}",
            "d:2:22: paints.a.colour: should be one of red, blue; found text 'green'",
        ),
        (
            GOOD + "paints: {a: {color: red, colour: red}}",
            "d:2:14: paints.a: unknown key 'color'; did you mean 'colour'?",
        ),
        (GOOD + "paints: {a: red}", "d:2:13: paints.a: should be a paint; found text 'red'"),
        (GOOD + "paints: 1", "d:2:9: paints: should be a mapping, found 1"),
    ],
)
def test_every_fault_has_its_place_and_words(text: str, message: str) -> None:
    assert faults(text) == [message]


def test_nothing_is_reported_twice() -> None:
    assert faults("shapes: [{kind: , radius: 1}]") == [
        "d:1:11: SHAPES[0].kind: no value; give one or drop the key"
    ]
    assert faults("shapes: [1, {kind: square, side: a}]") == [
        "d:1:10: SHAPES[0]: should be a mapping; found 1",
        "d:1:34: SHAPES[1].side: should be a whole number, found text 'a'",
    ]
    assert [fault.split(": ", 1)[1] for fault in faults(GOOD + "title: *x")] == [
        "title: an alias '*x'; write the value out"
    ]
