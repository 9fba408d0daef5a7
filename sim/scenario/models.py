"""The human form of a scenario, version 1: what a file may say.

Keys that are left out take the typology's default from the catalog. Descriptions end up in the
JSON Schema, where editors show them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from sim.documents.bounds import MOST_SCALE, Days, Hours, Seconds, Steps, Tokens, UserTurns
from sim.documents.forms import BY_CATALOG, NONE_BY_DEFAULT, Form, dial
from sim.documents.quantities import found
from sim.scenario.resolved import Balance, Columns, Cover, Format, OnFailure
from sim.scenario.values import (
    AgentId,
    AgentShares,
    BenchmarkId,
    Budget,
    CircleShares,
    Concentration,
    DayCount,
    Duration,
    Exchanges,
    FamilyShares,
    HourCount,
    Instant,
    ModelId,
    ModelShares,
    ModeShares,
    PartRows,
    People,
    PositiveDailyRate,
    PositiveDays,
    PositiveDuration,
    PositiveShare,
    Runs,
    SecondCount,
    Seed,
    Share,
    Sharing,
    Slug,
    StepLimit,
    Templates,
    Tier,
    Times,
    Topics,
    UnitPrice,
    Version,
    Workers,
)
from sim.scenario.world_forms import WorldForm


class ClockForm(Form):
    """The time that the log covers: from `start`, included, to `start` + `duration`, excluded."""

    start: Annotated[
        Instant,
        Field(description="First moment, a date or time; UTC unless it names an offset."),
    ]
    duration: Annotated[
        PositiveDuration,
        Field(
            description="Length with its unit (ms, s, min, h, d, w), such as 28 d or 1h30m, "
            "above 0 to 3660 d."
        ),
    ]


class RhythmForm(Form):
    """Daily and weekly course of activity; a key that is left out keeps the typology's value."""

    peak_hour: Annotated[float, Field(ge=0, lt=24)] | None = dial(
        "Hour of the daily peak, 0 <= h < 24: local time of each account; UTC for a queue."
    )
    strength: Share | None = dial("Depth of the daily course: 0 flat, 1 idle at the trough.")
    weekend: Times | None = dial(
        "Activity on Saturday and Sunday as a multiple of that on weekdays, 0 to 100."
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
    more: UserTurns | None = dial("Turns of the other sessions, rounded, 1 to 2,000.")


class UptakeForm(Form):
    """How clients take up a newly released model."""

    share: Share | None = dial(
        "Share of accounts that move to it, of prompts where a queue is worked off, 0 to 1."
    )
    over: Duration | None = dial("Time after the release over which they move, evenly.")
    latest_share: Share | None = dial("Share of accounts that ask for the alias latest, 0 to 1.")


class TablesForm(Form):
    """Format and columns of the tables of a run."""

    format: Format = Field(default="parquet", description="File format. Default: parquet.")
    columns: Columns = Field(
        default="full", description="All columns of the log, or the core ones. Default: full."
    )
    vectors: bool = Field(
        default=False, description="Add prompt_emb, a vector of 32 numbers a row. Default: false."
    )
    part_rows: PartRows = Field(
        default=1_000_000,
        description="Exchanges in a part, about, 100 to 10^12. Default: 1_000_000.",
    )


class OperatorForm(Form):
    """Who stands behind the accounts of an actor, and what that one can spend and do."""

    budget_usd: Budget | None = dial(
        "All that may be spent on identities, networks and tokens, above 0 to 10^15.",
        "Default: no bound.",
    )
    account_usd: UnitPrice | None = dial("Cost of an account, 0 to 10^6.", BY_CATALOG)
    identity_usd: UnitPrice | None = dial("Cost of a verified identity, 0 to 10^6.", BY_CATALOG)
    card_usd: UnitPrice | None = dial("Cost of a payment instrument, 0 to 10^6.", BY_CATALOG)
    address_day_usd: UnitPrice | None = dial("Cost of an address for a day, 0 to 10^6.", BY_CATALOG)
    delay_usd_per_account_day: UnitPrice | None = dial(
        "Cost of a day on which a place for an account stands empty, 0 to 10^6.", BY_CATALOG
    )
    replacement_share: Share | None = dial("Share of banned accounts replaced (AD1).", BY_CATALOG)
    replacement_delay_h: Hours | None = dial("Hours until they are, 0 to 87,840 (AD1).", BY_CATALOG)
    warm_up_days: DayCount | None = dial(
        "Days for which a new account sends nothing from the list, 0 to 3,660 (AD11).", BY_CATALOG
    )
    feedback_share: Share | None = dial("Share of losses that teach something (AD12).", BY_CATALOG)
    feedback_step: PositiveShare | None = dial(
        "Factor on what is thought to have caused a loss, above 0 to 1 (AD12).", BY_CATALOG
    )
    feedback_lag_h: HourCount | None = dial("Hours until it acts, 0 to 87,840 (AD12).", BY_CATALOG)
    feedback_error: Share | None = dial(
        "Share of losses put down to the wrong cause (AD12).", BY_CATALOG
    )


class ActorForm(Form):
    """What every actor takes."""

    id: Annotated[Slug, Field(description="Unique name: lower-case words joined by - or _.")]
    accounts: Annotated[
        People,
        Field(
            description="Number of accounts, 1 to 2 * 10^9; multiplied by `scale` (not for L04)."
        ),
    ]
    copies: Annotated[
        int,
        Field(
            default=1,
            ge=1,
            le=10_000,
            description=(
                "How many actors like this there are, each with as many accounts, an operator, "
                "templates and a list of its own; they are called `id`-1, `id`-2 and so on. "
                "Default: 1."
            ),
        ),
    ]
    organisations: People | None = dial(
        "Organisations that the accounts belong to, 1 to `accounts`; scaled as they are.",
        "Default: that of the typology, else one for each account.",
    )
    rhythm: RhythmDial | None = dial(
        "Daily and weekly course, or the word none for a flat one (AD7)."
    )
    account_volume_sigma: Annotated[float, Field(ge=0, le=10)] | None = dial(
        "Spread of volume over accounts: standard deviation of its logarithm, 0 to 10."
    )
    exchanges_per_account_day: PositiveDailyRate | None = dial(
        "Exchanges per account and day, median over accounts, above 0 to 10^7."
    )
    most_per_account_day: PositiveDailyRate | None = dial(
        "Cap on the daily exchanges of an account, above 0 to 10^7 (AD3).", NONE_BY_DEFAULT
    )
    lifetime_days: Days | None = dial(
        "Days from the first to the last activity of an account, 0 to 3,660.",
        "Default: that of the typology, else all the time.",
    )
    waves_sigma: Annotated[float, Field(ge=0, le=3)] | None = dial(
        "Spread of what all accounts do together from hour to hour: standard deviation of the "
        "logarithm of the rate, 0 to 3."
    )
    jitter_sigma: Annotated[float, Field(ge=0, le=3)] | None = dial(
        "Pauses between sessions are multiplied by lognormal(1, sigma), 0 to 3 (AD2)."
    )
    hosting_share: Share | None = dial("Share of addresses in hosting networks, 0 to 1 (AD9).")
    accounts_per_ip: Sharing | None = dial(
        "Mean number of accounts behind one address, 1 to 10^6 (AD9)."
    )
    away_share: Share | None = dial("Share of sessions from a second address, 0 to 1 (AD9).")
    foreign_clock_share: Share | None = dial(
        "Share of accounts whose day is not that of the country of their address, 0 to 1 (AD7)."
    )
    cohort_size: Sharing | None = dial(
        "Mean number of accounts that sign up together and share a /24, 1 to 10^6 (AD10)."
    )
    cohort_days: PositiveDays | None = dial(
        "Days within which such a cohort signs up, above 0 to 3,660 (AD10)."
    )
    shared_card_share: Share | None = dial(
        "Share of accounts that pay with an instrument of others, 0 to 1 (AD10)."
    )
    accounts_per_card: Sharing | None = dial(
        "Mean number of accounts that share one, of those that do, 1 to 10^6 (AD10)."
    )
    prepaid_share: Share | None = dial("Share of instruments that are prepaid cards, 0 to 1.")
    verified_share: Share | None = dial("Share of accounts with a verified identity, 0 to 1.")
    cloud_share: Share | None = dial(
        "Share of accounts that come by a cloud platform, which hides address and payment, "
        "0 to 1 (AD6)."
    )
    through: Slug | None = dial(
        "Actor whose accounts, credentials and payment this one sends through; its tier must be "
        "none.",
        "Default: accounts of its own.",
    )
    own_network: bool | None = dial("With `through`: addresses and clients of its own.")
    end_users: People | None = dial("People or customers behind one account, 1 to 2 * 10^9.")
    end_users_abroad_share: Share | None = dial(
        "Share of end users with a country and language of their own, 0 to 1."
    )
    end_user_id_share: Share | None = dial(
        "Share of accounts that say which end user asks, 0 to 1."
    )
    end_users_bring_templates: bool | None = dial("End users have system prompts of their own.")
    families: FamilyShares | None = dial(
        "Share of accounts by family of prompt templates; shares add up to 1 (AD8)."
    )
    topics: Topics | None = dial(
        "Topics that an account keeps to, or the list of an operator, 1 to 10^6 (AD8)."
    )
    repeat_share: Share | None = dial("Share of own prompts that are sent again and again, 0 to 1.")
    modes: ModeShares | None = dial(
        "Share of accounts by mode of behaviour, for `separability` below 1; adds up to 1."
    )
    circles: CircleShares | None = dial(
        "Share of accounts by whom they share addresses and cards with, for `separability` below "
        "1; adds up to 1."
    )
    caching_share: Share | None = dial("Share of accounts that use the prompt cache, 0 to 1.")
    cache_1h_share: Share | None = dial("Share of those whose cache lives an hour, 0 to 1.")
    tier: Tier | None = dial("Tier of rate limits of each organisation, or the word none.")
    on_failure: OnFailure | None = dial(
        "After three failed attempts of a call: give_up the task, or resume it."
    )
    resume_after_s: SecondCount | None = dial(
        "Pause before a task is resumed, 0 to 316,224,000 seconds (3,660 days)."
    )
    uptake: UptakeForm | None = dial("What becomes of the newest model after a release.")
    uptake_concentration: Concentration | None = dial(
        "How like organisations are in the share that moves: a + b of a beta distribution, "
        "above 0 to 10^6.",
        "Default: that of the typology, else all alike.",
    )
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
    output_tokens: Tokens | None = dial(
        "Tokens of an answer, 0 to 10^6.", "Default: that of the typology, else of the scaffold."
    )
    account_age_days: Days | None = dial(
        "Age of an account when the log opens, 0 to 3,660 days; where accounts have a lifetime, "
        "that counts."
    )
    templates: Templates | None = dial(
        "Number of prompt templates that the accounts share for the list, or where there is none "
        "for all they do, 1 to 100,000 (AD8).",
        "Default: that of the typology, else each account draws its own from the common pool.",
    )
    operator: OperatorForm | None = dial(
        "Who stands behind the accounts: budget, costs, reactions to losses.",
        "Default: that of the catalog where the typology has an operator, else nobody.",
    )


class MixedActorForm(ActorForm):
    """What actors take that mix models, plain with agentic turns, and a list with cover."""

    models: ModelShares | None = dial("Share of accounts by model id; shares add up to 1.")
    agentic_share: Share | None = dial("Share of turns that use tools, 0 to 1.")
    tool_steps: Steps | None = dial(
        "Tool-driven calls of a turn that uses tools, after its first call, rounded, 1 to 1,000."
    )
    list_share: Share | None = dial(
        "Share of sessions that work on a list of prompts, each handed out once among all accounts "
        "of the actor; 0 to 1, a mean over accounts. The rest is cover (AD4)."
    )
    list_share_concentration: Concentration | None = dial(
        "How like accounts are in it: a + b of a beta distribution, above 0 to 10^6.",
        "Default: that of the typology, else all alike.",
    )
    cover: Cover | None = dial("What the others work on: own prompts, or a benchmark (AD4).")
    paraphrase_sigma: Annotated[float, Field(ge=0, le=10)] | None = dial(
        "How far a prompt from the list is reworded, 0 to 10 times the spread of prompts (AD8)."
    )
    benchmark: BenchmarkId | None = dial("Benchmark whose items are the cover, if it is one.")


class QueueKeys(Form):
    """What actors take that work off a queue."""

    balance: Balance | None = dial("How work is spread over the accounts (AD5).")
    starts: Duration | None = dial(
        "When the work begins, as a time after the start of the clock and before its end.",
        "Default: it was in progress when the log opens.",
    )


class SessionsForm(MixedActorForm):
    """Accounts that come and go in sessions: people, products, campaigns that look like them."""

    typology: Literal[
        "L01",
        "L02",
        "L03",
        "L05",
        "L06",
        "L08",
        "L09",
        "L11",
        "G12",
        "G13",
        "G14",
        "A17",
        "A18",
        "A19",
        "A20",
    ] = Field(description="Id of the typology.")
    agents: AgentShares | None = dial("Share of accounts by scaffold id; shares add up to 1.")
    turns_per_session: TurnsForm | None = dial("User turns of a session.")
    human_gap_s: Seconds | None = dial(
        "Pause between an answer and the next turn, 0 to 316,224,000 seconds (3,660 days)."
    )


class BenchmarkForm(QueueKeys, ActorForm):
    """A public benchmark, run over and over by one operator."""

    typology: Literal["L04"] = Field(description="Id of the typology.")
    benchmark: BenchmarkId | None = dial(
        "Benchmark id; a `scale` below 1 multiplies the items that each run works on."
    )
    agent: AgentId | None = dial("Scaffold id; steps must be measured for it with the model.")
    model: ModelId | None = dial("Model id.")
    runs: Runs | None = dial("Attempts at every item, 1 to 10^6; scaled only above 1.")
    workers: Workers | None = dial("Items in work at once, 1 to 10^7; scaled, at least 1.")
    step_limit: StepLimit | None = dial(
        "Calls after which an attempt is cut off, 1 to that of the measurement, if any.",
        "Default: the limit of the measurement.",
    )


class PromptsForm(QueueKeys, MixedActorForm):
    """Accounts that one operator drives from one queue of prompts."""

    typology: Literal["L07", "L10", "A15", "A16"] = Field(description="Id of the typology.")
    agent: AgentId | None = dial("Scaffold id.")
    target_exchanges: Exchanges | None = dial(
        "Answered exchanges (C2) that the operator wants within the clock, 1 to 10^12; scaled.",
        "Default: what the accounts send at `exchanges_per_account_day`.",
    )
    lasts: PositiveDuration | None = dial(
        "Time that the operator plans to take, from the start of the work to within the clock.",
        "Default: to the end of the clock.",
    )
    workers: Workers | None = dial(
        "Prompts in work at once, 1 to 10^7; scaled, at least 1.",
        "Default: as many as the target needs.",
    )


AnyActorForm = SessionsForm | BenchmarkForm | PromptsForm
ACTOR_FORMS: dict[str, type[AnyActorForm]] = {
    typology: form
    for form in (SessionsForm, BenchmarkForm, PromptsForm)
    for typology in get_args(form.model_fields["typology"].annotation)
}


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
            le=MOST_SCALE,
            description=(
                "Multiplies populations and targets, above 0 to 10^6: accounts and organisations, "
                "target_exchanges, workers, and for L04 the items of each run below 1 or the runs "
                "above 1; results are rounded, at least 1. Accounts of L04 stay. Default: 1."
            ),
        ),
    ]
    separability: Annotated[
        Share,
        Field(
            default=1.0,
            description=(
                "How many accounts follow the dials of their typology; the others follow modes of "
                "behaviour that all typologies share. 0 hard to tell apart, 1 easy. Default: 1."
            ),
        ),
    ]
    look_alikes: Annotated[
        bool,
        Field(
            default=False,
            description=(
                "Add harmless actors that look like a ring: tenant-of-two-keys, "
                "course-on-one-network, small-gateway. Not scaled. Default: false."
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
