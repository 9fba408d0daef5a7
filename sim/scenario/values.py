"""The types of single values that only scenarios have: sizes, rates, prices, shares by id."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sim.calibration.form import read_calibration
from sim.catalog.ids import AgentId, ModeId, ModelId, PromptFamilyId, SharingGroupId
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
from sim.documents.value_types import PositiveShare, Share, check_adds_up_to_1, count_within
from sim.errors import InvalidInputError

# A part is three files; in smaller ones what Parquet says of its columns outweighs the rows.
LEAST_PART_ROWS = 100

People = Annotated[int, *count_within(1, MOST_ACCOUNTS)]
Exchanges = Annotated[int, *count_within(1, MOST_EXCHANGES)]
PartRows = Annotated[int, *count_within(LEAST_PART_ROWS, MOST_EXCHANGES)]
Workers = Annotated[int, *count_within(1, MOST_WORKERS)]
Runs = Annotated[int, *count_within(1, MOST_RUNS)]
StepLimit = Annotated[int, *count_within(1, MOST_STEPS)]
Topics = Annotated[int, *count_within(1, MOST_TOPICS)]
Templates = Annotated[int, *count_within(1, MOST_TEMPLATES)]
Seed = Annotated[int, *count_within(0, 2**64 - 1)]

AtLeastOne = Annotated[float, Field(ge=1, le=MOST_FACTOR)]
Times = Annotated[float, Field(ge=0, le=MOST_TIMES)]
Sharing = Annotated[float, Field(ge=1, le=MOST_SHARING)]
MeanNumber = Annotated[float, Field(ge=1, le=100)]
Concentration = Annotated[Positive, Field(le=MOST_CONCENTRATION)]

DayCount = Annotated[float, Field(ge=0, le=MOST_DAYS)]
PositiveDays = Annotated[Positive, Field(le=MOST_DAYS)]
HourCount = Annotated[float, Field(ge=0, le=MOST_HOURS)]
SecondCount = Annotated[float, Field(ge=0, le=MOST_SECONDS)]
PositiveDailyRate = Annotated[Positive, Field(le=MOST_PER_DAY)]

UnitPrice = Annotated[float, Field(ge=0, le=MOST_UNIT_USD)]
Budget = Annotated[Positive, Field(le=MOST_USD)]

Tilt = Annotated[float, Field(ge=-5, le=5)]
LibraryTilt = dict[Literal["calls_per_turn", "output_tokens", "pause"], Tilt]

ModelShares = Annotated[dict[ModelId, PositiveShare], AfterValidator(check_adds_up_to_1)]
AgentShares = Annotated[dict[AgentId, PositiveShare], AfterValidator(check_adds_up_to_1)]
ModeShares = Annotated[dict[ModeId, Share], AfterValidator(check_adds_up_to_1)]
SharingGroupShares = Annotated[dict[SharingGroupId, Share], AfterValidator(check_adds_up_to_1)]
PromptFamilyShares = Annotated[dict[PromptFamilyId, Share], AfterValidator(check_adds_up_to_1)]


def _is_calibration(path: str) -> str:
    """Return the path of a file that `sim calibrate` wrote; ValueError for any other."""
    try:
        read_calibration(path)
    except InvalidInputError as error:
        raise ValueError("; ".join(str(error).splitlines())) from None
    return path


CalibrationPath = Annotated[str, AfterValidator(_is_calibration)]
