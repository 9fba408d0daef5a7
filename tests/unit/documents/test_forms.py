"""The two bases of forms and records, and JSON Schemas of forms."""

from __future__ import annotations

import math

import pytest
from pydantic import Field, ValidationError

from sim.documents.forms import Form, Record
from sim.documents.json_schema import any_of, tidy


class Kept(Record):
    number: float


class Written(Form):
    number: float
    note: str | None = Field(default=None, description="a note")


@pytest.mark.parametrize("base", [Kept, Written])
@pytest.mark.parametrize("fields", [{"number": math.inf}, {"number": math.nan}, {"numbr": 1.0}])
def test_forms_and_records_refuse_what_they_do_not_know(
    base: type[Record], fields: dict[str, float]
) -> None:
    with pytest.raises(ValidationError):
        base.model_validate(fields)


@pytest.mark.parametrize("base", [Kept, Written])
def test_forms_and_records_do_not_change(base: type[Record]) -> None:
    made = base.model_validate({"number": 1.0})
    with pytest.raises(ValidationError, match="frozen"):
        made.number = 2.0  # type: ignore[attr-defined]


def test_only_a_record_converts_types() -> None:
    assert Kept.model_validate({"number": "1"}).number == 1
    with pytest.raises(ValidationError):
        Written.model_validate({"number": "1"})


def test_a_tidy_schema_has_no_titles_and_no_nulls() -> None:
    schema = tidy(Written.model_json_schema())
    assert schema["properties"] == {
        "number": {"type": "number"},
        "note": {"type": "string", "description": "a note"},
    }


def test_a_tidy_schema_keeps_choices_and_properties_called_title() -> None:
    node = {
        "properties": {"title": {"type": "string", "title": "Title"}},
        "anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}],
        "default": {"a": 1, "b": None},
    }
    assert tidy(node) == {
        "properties": {"title": {"type": "string"}},
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "default": {"a": 1},
    }
    assert tidy({"default": 0, "items": [{"default": None}]}) == {"default": 0, "items": [{}]}


def test_either_schema_has_the_description_of_the_second() -> None:
    second = {"type": "object", "description": "both"}
    assert any_of({"const": "none"}, second) == {
        "description": "both",
        "anyOf": [{"const": "none"}, {"type": "object"}],
    }
