"""The types of single values in the human form, each with its check and its JSON Schema."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

import sim.catalog as catalog
from sim.arrays.time import MINUTE_US
from sim.distributions import Positive
from sim.documents.bounds import (
    MOST_ACCOUNTS,
    MOST_CONCENTRATION,
    MOST_DAYS,
    MOST_EXCHANGES,
    MOST_FACTOR,
    MOST_HOURS,
    MOST_PER_DAY,
    MOST_RUNS,
    MOST_SECONDS,
    MOST_SHARING,
    MOST_STEPS,
    MOST_TEMPLATES,
    MOST_TIMES,
    MOST_TOPICS,
    MOST_UNIT_USD,
    MOST_USD,
    MOST_WORKERS,
)
from sim.documents.problems import suggest
from sim.documents.quantities import (
    COUNT_PATTERN,
    DURATION_PATTERN,
    found,
    parse_count,
    parse_duration,
    parse_instant,
    quoted,
)

_COUNT_TEXT = {"type": "string", "pattern": COUNT_PATTERN}
_DATE_PATTERN = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$"
# A part is three files; in smaller ones what Parquet says of its columns outweighs the rows.
LEAST_PART_ROWS = 100
SLUG_PATTERN = r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$"


def _count(low: int, high: int) -> tuple[Any, ...]:
    schema = {"anyOf": [{"type": "integer", "minimum": low, "maximum": high}, _COUNT_TEXT]}
    return (BeforeValidator(parse_count), Field(ge=low, le=high), WithJsonSchema(schema))


def _at_work(value: int) -> int:
    if value == 0:
        raise ValueError("should be longer than 0")
    return value


def _whole_minutes(value_us: int) -> int:
    if value_us % MINUTE_US:
        raise ValueError("should be whole minutes")
    return value_us


def _near_our_time(moment: datetime) -> datetime:
    if not datetime(2000, 1, 1, tzinfo=UTC) <= moment < datetime(2100, 1, 1, tzinfo=UTC):
        raise ValueError(f"should lie in the years 2000 to 2099, found {moment:%Y-%m-%d}")
    return moment


def _day(value: Any) -> date:
    return _near_our_time(parse_instant(value)).date()


def _is_slug(text: str) -> str:
    if not re.fullmatch(SLUG_PATTERN, text) or len(text) > 64:
        raise ValueError(
            "should be lower-case words joined by - or _, such as 'coding-users', at most 64 "
            f"characters, beginning with a letter; found {quoted(text)}"
        )
    return text


def _is_shares(shares: dict[str, float]) -> dict[str, float]:
    total = math.fsum(shares.values())
    if not math.isclose(total, 1, abs_tol=1e-6):
        raise ValueError(f"the shares should add up to 1, found {total:g}")
    return shares


def _is_version(value: Any) -> int:
    if value != 1 or not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"should be 1, the only version of the format; found {found(value)}")
    return value


_DURATION_SCHEMA = WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN})
People = Annotated[int, *_count(1, MOST_ACCOUNTS)]
Exchanges = Annotated[int, *_count(1, MOST_EXCHANGES)]
PartRows = Annotated[int, *_count(LEAST_PART_ROWS, MOST_EXCHANGES)]
Workers = Annotated[int, *_count(1, MOST_WORKERS)]
Runs = Annotated[int, *_count(1, MOST_RUNS)]
StepLimit = Annotated[int, *_count(1, MOST_STEPS)]
Topics = Annotated[int, *_count(1, MOST_TOPICS)]
Templates = Annotated[int, *_count(1, MOST_TEMPLATES)]
Seed = Annotated[int, *_count(0, 2**64 - 1)]
Duration = Annotated[int, BeforeValidator(parse_duration), _DURATION_SCHEMA]
PositiveDuration = Annotated[Duration, AfterValidator(_at_work), _DURATION_SCHEMA]
Instant = Annotated[
    datetime,
    BeforeValidator(parse_instant),
    AfterValidator(_near_our_time),
    WithJsonSchema({"type": "string", "pattern": _DATE_PATTERN}),
]
Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "pattern": _DATE_PATTERN}),
]
Slug = Annotated[
    str,
    AfterValidator(_is_slug),
    WithJsonSchema({"type": "string", "pattern": SLUG_PATTERN, "maxLength": 64}),
]
Share = Annotated[float, Field(ge=0, le=1)]
AtLeastOne = Annotated[float, Field(ge=1, le=MOST_FACTOR)]
Minutes = Annotated[Duration, AfterValidator(_whole_minutes), _DURATION_SCHEMA]
PositiveMinutes = Annotated[Minutes, AfterValidator(_at_work), _DURATION_SCHEMA]
Times = Annotated[float, Field(ge=0, le=MOST_TIMES)]
DayCount = Annotated[float, Field(ge=0, le=MOST_DAYS)]
PositiveDays = Annotated[Positive, Field(le=MOST_DAYS)]
HourCount = Annotated[float, Field(ge=0, le=MOST_HOURS)]
SecondCount = Annotated[float, Field(ge=0, le=MOST_SECONDS)]
DailyRate = Annotated[float, Field(ge=0, le=MOST_PER_DAY)]
PositiveDailyRate = Annotated[Positive, Field(le=MOST_PER_DAY)]
Sharing = Annotated[float, Field(ge=1, le=MOST_SHARING)]
UnitPrice = Annotated[float, Field(ge=0, le=MOST_UNIT_USD)]
Budget = Annotated[Positive, Field(le=MOST_USD)]
Concentration = Annotated[Positive, Field(le=MOST_CONCENTRATION)]
Factor = Annotated[Positive, Field(le=MOST_FACTOR)]
Version = Annotated[Any, AfterValidator(_is_version), WithJsonSchema({"const": 1})]


@dataclass(frozen=True)
class CatalogId:
    """An id of the catalog; the JSON Schema lists them all."""

    kind: str
    entries: Callable[[], Mapping[str, Any]]

    def check(self, text: str) -> str:
        if text not in self.entries():
            raise ValueError(f"unknown {self.kind} {quoted(text)}{suggest(text, self.entries())}")
        return text

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "enum": sorted(self.entries())}


ModelId = Annotated[str, CatalogId("model", catalog.models)]
AgentId = Annotated[str, CatalogId("agent", catalog.agents)]
BenchmarkId = Annotated[str, CatalogId("benchmark", catalog.benchmarks)]
Tier = Annotated[str, CatalogId("tier", catalog.tiers)]
CircleId = Annotated[str, CatalogId("circle", catalog.sharing_groups)]
ModeId = Annotated[str, CatalogId("mode", catalog.modes)]
FamilyId = Annotated[str, CatalogId("family", catalog.families)]
PositiveShare = Annotated[Positive, Field(le=1)]
ModelShares = Annotated[dict[ModelId, PositiveShare], AfterValidator(_is_shares)]
AgentShares = Annotated[dict[AgentId, PositiveShare], AfterValidator(_is_shares)]
ModeShares = Annotated[dict[ModeId, Share], AfterValidator(_is_shares)]
CircleShares = Annotated[dict[CircleId, Share], AfterValidator(_is_shares)]
FamilyShares = Annotated[dict[FamilyId, Share], AfterValidator(_is_shares)]
