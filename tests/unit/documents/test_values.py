"""The types of single values: what each takes, up to its ends."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sim.distributions import Distribution
from sim.documents import value_types
from sim.documents.bounds import UpTo
from sim.documents.value_types import check_adds_up_to_1, count_within

SECOND, MINUTE = 1_000_000, 60_000_000


def read(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind).validate_python(value, strict=True)


@pytest.mark.parametrize(
    ("kind", "value", "read_as"),
    [
        (value_types.Version, 1, 1),
        (value_types.Slug, "coding-users_2", "coding-users_2"),
        (value_types.Slug, "a" * 64, "a" * 64),
        (value_types.Share, 0.0, 0.0),
        (value_types.Share, 1.0, 1.0),
        (value_types.PositiveShare, 1.0, 1.0),
        (value_types.Factor, 1_000.0, 1_000.0),
        (value_types.Duration, "0 s", 0),
        (value_types.PositiveDuration, "1 s", SECOND),
        (value_types.Minutes, "0 min", 0),
        (value_types.PositiveMinutes, "90 min", 90 * MINUTE),
        (value_types.Instant, "2000-01-01", datetime(2000, 1, 1, tzinfo=UTC)),
        (value_types.Day, "2099-12-31T23:00", date(2099, 12, 31)),
        (Annotated[int, *count_within(3, 5)], "3", 3),
        (Annotated[int, *count_within(3, 5)], 5, 5),
    ],
)
def test_values_that_are_taken(kind: Any, value: Any, read_as: Any) -> None:
    assert read(kind, value) == read_as


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (value_types.Version, 2, "should be 1, the only version"),
        (value_types.Version, True, "should be 1, the only version"),
        (value_types.Version, 1.0, "should be 1, the only version"),
        (value_types.Slug, "a" * 65, "at most 64 characters"),
        (value_types.Slug, "A", "should be lower-case words"),
        (value_types.Slug, "a--b", "should be lower-case words"),
        (value_types.Slug, "1a", "should be lower-case words"),
        (value_types.Share, 1.01, "less than or equal to 1"),
        (value_types.Share, -0.01, "greater than or equal to 0"),
        (value_types.PositiveShare, 0.0, "greater than 0"),
        (value_types.PositiveShare, 1.01, "less than or equal to 1"),
        (value_types.Factor, 1_001.0, "less than or equal to 1000"),
        (value_types.PositiveDuration, "0 s", "should be longer than 0"),
        (value_types.Minutes, "90 s", "should be whole minutes"),
        (value_types.PositiveMinutes, "0 s", "should be longer than 0"),
        (value_types.Instant, "1999-12-31T23:59", "should lie in the years 2000 to 2099"),
        (value_types.Instant, "2100-01-01", "should lie in the years 2000 to 2099"),
        (value_types.Day, "2100-01-01", "should lie in the years 2000 to 2099"),
        (Annotated[int, *count_within(3, 5)], 2, "greater than or equal to 3"),
        (Annotated[int, *count_within(3, 5)], 6, "less than or equal to 5"),
    ],
)
def test_values_that_are_refused(kind: Any, value: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        read(kind, value)


def test_shares_may_miss_1_by_rounding() -> None:
    shares = {"a": 0.5, "b": 0.500_000_9}
    assert check_adds_up_to_1(shares) == shares
    with pytest.raises(ValueError, match=r"the shares should add up to 1, found 1\.00001"):
        check_adds_up_to_1({"a": 0.5, "b": 0.500_01})


def test_schemas_say_what_is_checked() -> None:
    count, text = TypeAdapter(Annotated[int, *count_within(3, 5)]).json_schema()["anyOf"]
    assert count == {"type": "integer", "minimum": 3, "maximum": 5}
    assert text["type"] == "string"
    assert TypeAdapter(value_types.Slug).json_schema()["maxLength"] == 64
    assert TypeAdapter(value_types.Version).json_schema() == {"const": 1}


def test_distributions_up_to_a_bound_lose_their_tail() -> None:
    kind = Annotated[Distribution, UpTo(100)]
    constant = read(kind, {"constant": 100.0})
    assert constant.quantile(0.5) == 100
    wide = read(kind, {"lognormal": {"median": 50.0, "sigma": 2.0}})
    assert wide.quantile(1 - 1e-9) == 100
    with pytest.raises(ValidationError, match="should be at most 100, found the number 101"):
        read(kind, {"constant": 101.0})
    schema = TypeAdapter(kind).json_schema()
    assert schema["maximum"] == 100
    assert schema["properties"]["constant"] == {"maximum": 100}
    assert schema["properties"]["loguniform"]["properties"]["high"] == {"maximum": 100}
