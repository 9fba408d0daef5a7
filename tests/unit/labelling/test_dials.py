"""The dials of the label process: their defaults, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from sim.catalog import cited, labelling
from sim.labelling.dials import LabelDials


def test_defaults_are_those_of_the_catalog() -> None:
    dials = LabelDials()
    for channel, cells in labelling().items():
        found = getattr(dials, channel).model_dump(exclude_none=True)
        assert list(found) == list(cells)
        assert found == {key: cell["value"] for key, cell in cells.items()}
        assert [cell.key for cell in cited("label", channel)] == list(cells)


def test_every_dial_is_described() -> None:
    for name, schema in LabelDials.model_json_schema()["$defs"].items():
        if name.endswith("Dials"):
            described = {k for k, v in schema["properties"].items() if v.get("description")}
            assert described == set(schema["properties"]) or name == "LabelDials"


def test_one_dial_leaves_the_others_alone() -> None:
    dials = LabelDials.model_validate({"review": {"per_day_per_1000": 3}})
    assert dials.review.per_day_per_1000 == 3
    assert dials.review.sensitivity == LabelDials().review.sensitivity
    assert dials.rule == LabelDials().rule


def test_a_round_trip_through_json() -> None:
    dials = LabelDials.model_validate({"report": {"after_days": 3}})
    assert LabelDials.model_validate(json.loads(dials.model_dump_json())) == dials


@pytest.mark.parametrize(
    ("values", "place", "text"),
    [
        ({"review": {"capacity": 1}}, ("review", "capacity"), "Extra inputs are not permitted"),
        (
            {"rule": {"false_share": 1.5}},
            ("rule", "false_share"),
            "Input should be less than or equal to 1",
        ),
        (
            {"review": {"goes_on_days": 181}},
            ("review", "goes_on_days"),
            "Input should be less than or equal to 180",
        ),
        (
            {"report": {"after_days": 5000}},
            ("report", "after_days"),
            "Value error, should be at most 3,660, found the number 5000",
        ),
        (
            {"report": {"named_share_least": 0.96}},
            ("report",),
            "Value error, named_share_most should be at least named_share_least (0.96), found 0.95",
        ),
        ({"missed": {"share": "half"}}, ("missed", "share"), "Input should be a valid number"),
    ],
)
def test_what_is_refused(values: Any, place: tuple[str, ...], text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        LabelDials.model_validate(values)
    (error,) = caught.value.errors()
    assert (error["loc"], error["msg"]) == (place, text)
