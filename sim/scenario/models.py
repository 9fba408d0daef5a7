"""The human form of a scenario, version 1: what a file may say.

Keys that are left out take the typology's default from the catalog. Descriptions end up in the
JSON Schema, where editors show them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sim.distributions import Distribution
from sim.scenario.quantities import found
from sim.scenario.resolved import Balance, Columns, Format, OnFailure
from sim.scenario.values import (
    AgentId,
    AgentShares,
    AtLeastOne,
    BenchmarkId,
    Duration,
    Instant,
    Minutes,
    ModelId,
    ModelShares,
    NonNegative,
    PositiveCount,
    PositiveDuration,
    PositiveMinutes,
    Seed,
    Share,
    Slug,
    Tier,
    Version,
)

_BY_TYPOLOGY = "Default: that of the typology."
_BY_CATALOG = "Default: that of the catalog."


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


class LoadForm(Form):
    """The course of everyone's load on the provider, and what it does to its speed."""

    peak_hour: Annotated[float, Field(ge=0, lt=24)] | None = dial(
        "Hour of the highest load, 0 <= h < 24, UTC.", _BY_CATALOG
    )
    strength: Share | None = dial("Depth of the daily course: 0 flat, 1 idle.", _BY_CATALOG)
    weekend: NonNegative | None = dial("Load on weekends, of that on weekdays.", _BY_CATALOG)
    slowdown_at_peak: AtLeastOne | None = dial(
        "Time of an answer at the highest load, of that at normal speed, >= 1.", _BY_CATALOG
    )


class EventForm(Form):
    """What every event on the timeline takes."""

    at: Annotated[
        Minutes,
        Field(description="Begin, after the start of the clock and before its end; whole minutes."),
    ]


class LastingForm(EventForm):
    """What events take that may come to an end."""

    lasts: PositiveMinutes | None = dial("How long; whole minutes.", "Default: to the end.")


class IncidentForm(LastingForm):
    """A stretch of bad weather; at least one of its effects is given."""

    kind: Literal["incident"] = Field(description="More failures, slower answers.")
    overload: Share | None = dial("Added probability of 529, 0 to 1.", "Default: 0.")
    server_error: Share | None = dial("Added probability of 500, 0 to 1.", "Default: 0.")
    slowdown: AtLeastOne | None = dial("Factor on the time of answers, >= 1.", "Default: 1.")

    @model_validator(mode="after")
    def _has_an_effect(self) -> Self:
        if not (self.overload or self.server_error or (self.slowdown or 1) > 1):
            raise ValueError(
                "an incident without effect; give overload or server_error above 0, "
                "or slowdown above 1"
            )
        return self


class LimitsForm(LastingForm):
    """A change of the rate limits of all tiers."""

    kind: Literal["limits"] = Field(description="Other rate limits.")
    factor: Annotated[float, Field(gt=0, description="Factor on all limits, > 0.")]


class PriceForm(LastingForm):
    """A change of prices."""

    kind: Literal["price"] = Field(description="Other prices.")
    factor: Annotated[float, Field(gt=0, description="Factor on the prices, > 0.")]
    model: ModelId | None = dial("Model id.", "Default: all models.")


class HolidayForm(LastingForm):
    """A time at which people work less."""

    kind: Literal["holiday"] = Field(description="Less activity of people, and less load.")
    factor: Annotated[Share, Field(description="Activity, of that on an ordinary day, 0 to 1.")]


class ReleaseForm(EventForm):
    """A new model; it stays the newest until the next release."""

    kind: Literal["release"] = Field(description="A model becomes the newest.")
    model: Annotated[ModelId, Field(description="Model id.")]


AnyEventForm = IncidentForm | LimitsForm | PriceForm | HolidayForm | ReleaseForm
EVENT_FORMS: dict[str, type[AnyEventForm]] = {
    "incident": IncidentForm,
    "limits": LimitsForm,
    "price": PriceForm,
    "holiday": HolidayForm,
    "release": ReleaseForm,
}


class UptakeForm(Form):
    """How clients take up a newly released model."""

    share: Share | None = dial("Share of accounts (L01) or prompts (A16) that move to it, 0 to 1.")
    over: Duration | None = dial("Time after the release over which they move, evenly.")
    latest_share: Share | None = dial("Share of accounts that ask for the alias latest, 0 to 1.")


class WorldForm(Form):
    """The provider; keys that are left out take the catalog's value."""

    load: LoadForm | None = dial("Course of the load.", _BY_CATALOG)
    overload: Share | None = dial("Probability that an attempt meets 529, 0 to 1.", _BY_CATALOG)
    server_error: Share | None = dial("Probability that it meets 500, 0 to 1.", _BY_CATALOG)
    timeout: PositiveDuration | None = dial("Time after which clients hang up.", _BY_CATALOG)
    burst: Annotated[float, Field(gt=0, le=10)] | None = dial(
        "Size of a token bucket in minutes of its limit, above 0 to 10.", _BY_CATALOG
    )
    events: tuple[Annotated[AnyEventForm, Field(discriminator="kind")], ...] = Field(
        default=(), description="Timeline of the provider. Default: nothing happens."
    )


class TablesForm(Form):
    """Format and columns of the tables of a run."""

    format: Format = Field(default="parquet", description="File format. Default: parquet.")
    columns: Columns = Field(
        default="full", description="All columns of the log, or the core ones. Default: full."
    )
    part_rows: PositiveCount = Field(
        default=1_000_000, description="Exchanges in a part, about. Default: 1_000_000."
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
    cache_1h_share: Share | None = dial("Share of those whose cache lives an hour, 0 to 1.")
    tier: Tier | None = dial("Tier of rate limits of each organisation, or the word none.")
    on_failure: OnFailure | None = dial(
        "After three failed attempts of a call: give_up the task, or resume it."
    )
    resume_after_s: NonNegative | None = dial("Pause before a task is resumed, seconds.")
    uptake: UptakeForm | None = dial("What becomes of the newest model after a release.")
    refusal_share: Share | None = dial("Share of user turns that the model refuses, 0 to 1.")
    thinking_share: Share | None = dial("Share of accounts that have the model think, 0 to 1.")
    several_choices_share: Share | None = dial(
        "Share of turns without tools that ask for two to four choices, 0 to 1."
    )
    prewarm_share: Share | None = dial(
        "Share of turns that begin with a call for 0 tokens to warm the cache, 0 to 1."
    )
    server_tools_share: Share | None = dial(
        "Share of agentic turns whose tools run at the provider, ten steps an exchange, 0 to 1."
    )
    sub_agent_share: Share | None = dial(
        "Share of turns with four tool steps or more that use a sub-agent, 0 to 1."
    )
    batch_share: Share | None = dial(
        "Share of accounts that send single calls as a batch, at half the price, 0 to 1."
    )
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
    lasts: PositiveDuration | None = dial(
        "Time that the operator plans to take, from the start of the work to within the clock.",
        "Default: to the end of the clock.",
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
    seed: Seed | None = dial("Seed of all random draws, 0 to 2^64 - 1.", "Default: drawn, shown.")
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
        Field(default=WorldForm(), description="The provider; may be left out."),
    ]
    actors: Annotated[
        tuple[Annotated[AnyActorForm, Field(discriminator="typology")], ...],
        Field(min_length=1, description="Who sends traffic; at least one."),
    ]
    tables: Annotated[
        TablesForm,
        Field(default=TablesForm(), description="How the tables are written."),
    ]
