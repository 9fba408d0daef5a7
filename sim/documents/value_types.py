"""The types of single values that files of every format have, each with check and JSON Schema.

Every type is an `Annotated` one: pydantic reads the value, checks it, and describes it with the
JSON Schema that stands beside the check.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from sim.arrays.time import MINUTE_US
from sim.distributions import Positive
from sim.documents.bounds import MOST_FACTOR
from sim.documents.quantities import (
    COUNT_PATTERN,
    DURATION_PATTERN,
    in_words,
    parse_count,
    parse_duration,
    parse_instant,
    quoted,
)

SLUG_PATTERN = r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$"
_LONGEST_SLUG = 64
_COUNT_TEXT = {"type": "string", "pattern": COUNT_PATTERN}
_DATE_PATTERN = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$"

# Shares of one whole may miss it by rounding.
_ROUNDING = 1e-6


def count_within(low: int, high: int) -> tuple[Any, ...]:
    """Return what makes an `int` a count from `low` to `high`, such as `13_000_000` or `3.4 M`.

    Parameters
    ----------
    low, high
        Bounds, both allowed.

    Returns
    -------
    tuple
        Metadata for `Annotated[int, *...]`: the reader, the check and the JSON Schema.
    """
    schema = {"anyOf": [{"type": "integer", "minimum": low, "maximum": high}, _COUNT_TEXT]}
    return (BeforeValidator(parse_count), Field(ge=low, le=high), WithJsonSchema(schema))


def check_adds_up_to_1(shares: dict[str, float]) -> dict[str, float]:
    """Return shares by name; ValueError if they do not add up to 1 within 1e-6."""
    total = math.fsum(shares.values())
    if not math.isclose(total, 1, abs_tol=_ROUNDING):
        raise ValueError(f"the shares should add up to 1, found {total:g}")
    return shares


def _longer_than_0(value_us: int) -> int:
    """Return microseconds above 0; ValueError for 0."""
    if value_us == 0:
        raise ValueError("should be longer than 0")
    return value_us


def _whole_minutes(value_us: int) -> int:
    """Return microseconds that are whole minutes; ValueError for others."""
    if value_us % MINUTE_US:
        raise ValueError("should be whole minutes")
    return value_us


def _near_our_time(moment: datetime) -> datetime:
    """Return a moment in the years 2000 to 2099; ValueError for others."""
    if not datetime(2000, 1, 1, tzinfo=UTC) <= moment < datetime(2100, 1, 1, tzinfo=UTC):
        raise ValueError(f"should lie in the years 2000 to 2099, found {moment:%Y-%m-%d}")
    return moment


def _day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return _near_our_time(parse_instant(value)).date()


def _is_slug(text: str) -> str:
    """Return an id of lower-case words, at most 64 characters; ValueError for other text."""
    if not re.fullmatch(SLUG_PATTERN, text) or len(text) > _LONGEST_SLUG:
        raise ValueError(
            "should be lower-case words joined by - or _, such as 'coding-users', at most 64 "
            f"characters, beginning with a letter; found {quoted(text)}"
        )
    return text


def _is_version(value: Any) -> int:
    """Return 1; ValueError for anything else, true and 1.0 included."""
    if value != 1 or not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"should be 1, the only version of the format; found {in_words(value)}")
    return value


_DURATION_SCHEMA = WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN})
_DATE_SCHEMA = WithJsonSchema({"type": "string", "pattern": _DATE_PATTERN})

Version = Annotated[Any, AfterValidator(_is_version), WithJsonSchema({"const": 1})]
Slug = Annotated[
    str,
    AfterValidator(_is_slug),
    WithJsonSchema({"type": "string", "pattern": SLUG_PATTERN, "maxLength": _LONGEST_SLUG}),
]
Share = Annotated[float, Field(ge=0, le=1)]
PositiveShare = Annotated[Positive, Field(le=1)]
Factor = Annotated[Positive, Field(le=MOST_FACTOR)]

# Lengths of time become whole microseconds.
Duration = Annotated[int, BeforeValidator(parse_duration), _DURATION_SCHEMA]
PositiveDuration = Annotated[Duration, AfterValidator(_longer_than_0), _DURATION_SCHEMA]
Minutes = Annotated[Duration, AfterValidator(_whole_minutes), _DURATION_SCHEMA]
PositiveMinutes = Annotated[Minutes, AfterValidator(_longer_than_0), _DURATION_SCHEMA]

# Moments are in UTC, in the years 2000 to 2099.
Instant = Annotated[
    datetime, BeforeValidator(parse_instant), AfterValidator(_near_our_time), _DATE_SCHEMA
]
Day = Annotated[date, BeforeValidator(_day), _DATE_SCHEMA]
