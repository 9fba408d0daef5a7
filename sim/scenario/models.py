"""The human form of a scenario, version 1: what a file may say.

Keys that are left out take the typology's default from the catalog. Descriptions end up in the
JSON Schema, where editors show them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sim.distributions import Distribution
from sim.scenario.quantities import found
from sim.scenario.resolved import Balance, Columns, Format
from sim.scenario.values import (
    AgentId,
    AgentShares,
    BenchmarkId,
    Duration,
    Instant,
    ModelId,
    ModelShares,
    NonNegative,
    PositiveCount,
    PositiveDuration,
    Seed,
    Share,
    Slug,
    Version,
)

_BY_TYPOLOGY = "Default: that of the typology."


def dial(text: str, default: str = _BY_TYPOLOGY) -> Any:
    """Return the field of an optional key with its description."""
    return Field(default=None, description=f"{text} {default}".strip())


class Form(BaseModel):
    """What every mapping is: known keys only, no conversion between types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class ClockForm(Form):
    """The time that the log covers: from `start`, included, to `start` + `duration`, excluded."""

    start: Annotated[
        Instant,
        Field(description="First moment, a date or time; UTC unless it names an offset."),
    ]
    duration: Annotated[
        PositiveDuration,
        Field(description="Length with its unit (ms, s, min, h, d, w), above 0, at most 3660 d."),
    ]


class RhythmForm(Form):
    """Daily and weekly course of activity; a key that is left out keeps the typology's value."""

    peak_hour: Annotated[float, Field(ge=0, lt=24)] | None = dial(
        "Hour of the daily peak, 0 <= h < 24: local time of each account; UTC for a queue."
    )
    strength: Share | None = dial("Depth of the daily course: 0 flat, 1 idle at the trough.")
    weekend: NonNegative | None = dial(
        "Activity on Saturday and Sunday as a multiple of that on weekdays, >= 0."
    )


def _rhythm(value: Any) -> Any:
    if value == "none":
        return RhythmForm(strength=0.0, weekend=1.0)
    if isinstance(value, dict | RhythmForm):
        return value
    raise ValueError(f"should be a mapping or the word none, found {found(value)}")


RhythmDial = Annotated[RhythmForm, BeforeValidator(_rhythm)]


class TurnsForm(Form):
    """User turns of a session; a key that is left out keeps the typology's value."""

    single_share: Share | None = dial("Share of sessions with a single turn, 0 to 1.")
    more: Distribution | None = dial("Turns of the other sessions, rounded, at least 1.")


class WorldForm(Form):
    """Provider settings; version 1 has none yet, so the mapping is empty or left out."""


class TablesForm(Form):
    """Format and columns of the tables of a run."""

    format: Format = Field(default="parquet", description="File format. Default: parquet.")
    columns: Columns = Field(
        default="full", description="All columns of the log, or the core ones. Default: full."
    )


class ActorForm(Form):
    """What every actor takes."""

    id: Annotated[Slug, Field(description="Unique name: lower-case words joined by - or _.")]
    accounts: Annotated[
        PositiveCount,
        Field(description="Number of accounts, 1 to 10^12; multiplied by `scale` (not for L04)."),
    ]
    organisations: PositiveCount | None = dial(
        "Organisations that the accounts belong to, 1 to `accounts`; scaled as they are.",
        "Default: that of the typology, else one for each account.",
    )
    rhythm: RhythmDial | None = dial("Daily and weekly course, or the word none for a flat one.")
    account_volume_sigma: Annotated[float, Field(ge=0, le=10)] | None = dial(
        "Spread of volume over accounts: standard deviation of its logarithm, 0 to 10."
    )
    hosting_share: Share | None = dial("Share of addresses in hosting networks, 0 to 1.")
    accounts_per_ip: Annotated[float, Field(ge=1)] | None = dial(
        "Mean number of accounts behind one address, >= 1."
    )
    caching_share: Share | None = dial("Share of accounts that use the prompt cache, 0 to 1.")
    account_age_days: Distribution | None = dial("Age of an account when the log opens, days.")
    templates: PositiveCount | None = dial(
        "Number of prompt templates that the accounts share, >= 1.",
        "Default: that of the typology, else each account draws its own from the common pool.",
    )


class MixedActorForm(ActorForm):
    """What actors take that mix models, and plain with agentic turns."""

    models: ModelShares | None = dial("Share of accounts by model id; shares add up to 1.")
    agentic_share: Share | None = dial("Share of turns that use tools, 0 to 1.")
    tool_steps: Distribution | None = dial(
        "Tool-driven calls of a turn that uses tools, after its first call, rounded, at least 1."
    )


class QueueKeys(Form):
    """What actors take that work off a queue."""

    balance: Balance | None = dial("How work is spread over the accounts.")
    starts: Duration | None = dial(
        "When the work begins, as a time after the start of the clock and before its end.",
        "Default: it was in progress when the log opens.",
    )


class L01Form(MixedActorForm):
    """Individual coding-agent users: people who come and go in sessions."""

    typology: Literal["L01"] = Field(description="Individual coding-agent user.")
    agents: AgentShares | None = dial("Share of accounts by scaffold id; shares add up to 1.")
    exchanges_per_account_day: Annotated[float, Field(gt=0)] | None = dial(
        "Exchanges per account and day, median over accounts, > 0."
    )
    turns_per_session: TurnsForm | None = dial("User turns of a session.")
    human_gap_s: Distribution | None = dial("Pause between an answer and the next turn, seconds.")


class L04Form(QueueKeys, ActorForm):
    """A public benchmark, run over and over by one operator."""

    typology: Literal["L04"] = Field(description="Repeated public benchmark.")
    benchmark: BenchmarkId | None = dial(
        "Benchmark id; a `scale` below 1 multiplies the items that each run works on."
    )
    agent: AgentId | None = dial("Scaffold id; steps must be measured for it with the model.")
    model: ModelId | None = dial("Model id.")
    runs: PositiveCount | None = dial("Attempts at every item, >= 1; scaled only above 1.")
    workers: PositiveCount | None = dial("Items in work at once, >= 1; scaled, at least 1.")
    step_limit: PositiveCount | None = dial(
        "Calls after which an attempt is cut off, 1 to the limit of the measurement.",
        "Default: the limit of the measurement.",
    )


class A16Form(QueueKeys, MixedActorForm):
    """A pool of accounts that one operator drives from one queue of prompts."""

    typology: Literal["A16"] = Field(description="Pool of accounts with one work queue.")
    agent: AgentId | None = dial("Scaffold id.")
    target_exchanges: PositiveCount | None = dial(
        "Exchanges that the operator wants within the clock, >= 1; scaled."
    )
    workers: PositiveCount | None = dial(
        "Prompts in work at once, >= 1; scaled, at least 1.",
        "Default: as many as the target needs.",
    )


AnyActorForm = L01Form | L04Form | A16Form
ACTOR_FORMS: dict[str, type[AnyActorForm]] = {"L01": L01Form, "L04": L04Form, "A16": A16Form}


class ScenarioForm(Form):
    """A scenario: who sends traffic to the provider, when, and how it is logged."""

    version: Annotated[Version, Field(description="Version of this format: 1.")]
    name: Annotated[Slug, Field(description="Short name: lower-case words joined by - or _.")]
    title: Annotated[
        str, Field(default="", max_length=200, description="One line for people. Default: none.")
    ]
    about: Annotated[
        str, Field(default="", max_length=10_000, description="What it shows. Default: none.")
    ]
    seed: Seed | None = dial("Seed of all random draws, 0 to 2^63 - 1.", "Default: drawn, shown.")
    scale: Annotated[
        float,
        Field(
            default=1.0,
            gt=0,
            le=1e6,
            description=(
                "Multiplies populations and targets, > 0: accounts and organisations (L01, A16), "
                "target_exchanges, workers, and for L04 the items of each run below 1 or the runs "
                "above 1; results are rounded, at least 1. Accounts of L04 stay. Default: 1."
            ),
        ),
    ]
    clock: Annotated[ClockForm, Field(description="The time that the log covers.")]
    world: Annotated[
        WorldForm,
        Field(default=WorldForm(), description="Provider settings: none yet, may be empty."),
    ]
    actors: Annotated[
        tuple[Annotated[AnyActorForm, Field(discriminator="typology")], ...],
        Field(min_length=1, description="Who sends traffic; at least one."),
    ]
    tables: Annotated[
        TablesForm,
        Field(default=TablesForm(), description="How the tables are written."),
    ]
