"""The human form of actors, one form for each way in which their work comes.

Keys that are left out take the typology's default from the catalog. Descriptions end up in the
JSON Schema, where editors show them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import Field

from sim.calibration.form import ScaffoldDials
from sim.catalog import typologies
from sim.catalog.ids import AgentId, BenchmarkId, LibraryId, ModelId, TierId
from sim.documents.bounds import Burst, Days, Hours, Seconds, Spells, Spread, Steps, Tokens
from sim.documents.forms import Form
from sim.documents.value_types import Duration, PositiveDuration, Share, Slug
from sim.scenario.actor_parts import OperatorForm, RhythmOrNone, TurnsForm, UptakeForm
from sim.scenario.keys import NONE_BY_DEFAULT, optional_key
from sim.scenario.resolved import Balance, Cover, OnFailure
from sim.scenario.values import (
    AgentShares,
    CalibrationPath,
    Concentration,
    DayCount,
    Exchanges,
    LibraryTilt,
    MeanNumber,
    ModelShares,
    ModeShares,
    People,
    PositiveDailyRate,
    PositiveDays,
    PromptFamilyShares,
    Runs,
    SecondCount,
    Sharing,
    SharingGroupShares,
    StepLimit,
    Templates,
    Topics,
    Workers,
)


def _ids_of_typologies(arrival: str, source: str | None = None) -> Any:
    """Return the type of ids of typologies of one arrival and source, as the catalog has them.

    A `Literal`, so that the JSON Schema lists the ids; type checkers see `str` in its place.
    """
    ids = (
        typology.id
        for typology in typologies().values()
        if typology.arrival == arrival and typology.defaults.get("source") == source
    )
    return Literal[tuple(ids)]


if TYPE_CHECKING:
    _SessionsTypology = str
    _BenchmarkTypology = str
    _PromptsTypology = str
else:
    _SessionsTypology = _ids_of_typologies("sessions")
    _BenchmarkTypology = _ids_of_typologies("queue", "benchmark")
    _PromptsTypology = _ids_of_typologies("queue", "prompts")


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
    separability: Share | None = optional_key(
        "Share of its organisations that follow the dials of the typology, 0 to 1; the others "
        "follow modes.",
        "Default: that of the scenario.",
    )
    organisations: People | None = optional_key(
        "Organisations that the accounts belong to, 1 to `accounts`; scaled as they are.",
        "Default: that of the typology, else `accounts_per_organisation` decides.",
    )
    accounts_per_organisation: Sharing | None = optional_key(
        "Mean number of accounts of an organisation, geometric, 1 to 10^6; where the number of "
        "organisations is stated, only those that follow a mode have that of the mode."
    )
    keys_per_account: MeanNumber | None = optional_key(
        "Mean number of API keys of an account, geometric, 1 to 100."
    )
    workspaces_per_organisation: MeanNumber | None = optional_key(
        "Mean number of workspaces of an organisation, geometric, 1 to 100."
    )
    rhythm: RhythmOrNone | None = optional_key(
        "Daily and weekly course, or the word none for a flat one (AD7)."
    )
    account_volume_sigma: Annotated[float, Field(ge=0, le=10)] | None = optional_key(
        "Spread of volume over accounts: standard deviation of its logarithm, 0 to 10."
    )
    exchanges_per_account_day: PositiveDailyRate | None = optional_key(
        "Exchanges per account and day, median over accounts, above 0 to 10^7."
    )
    most_per_account_day: PositiveDailyRate | None = optional_key(
        "Cap on the daily exchanges of an account, above 0 to 10^7 (AD3).", NONE_BY_DEFAULT
    )
    lifetime_days: Days | None = optional_key(
        "Days from the first to the last activity of an account that is seen in the log, 0 to "
        "3,660. As many accounts come as leave."
    )
    dormant_share: Annotated[float, Field(ge=0, le=0.9)] | None = optional_key(
        "Share of the time that an account is dormant, 0 to 0.9."
    )
    dormant_days: Days | None = optional_key(
        "Days that an account is dormant at once, 0 to 3,660; at most 120 count."
    )
    ramp_days: DayCount | None = optional_key(
        "Days until a new account does all that it will, in four steps, 0 to 3,660."
    )
    drift_sigma: Annotated[float, Field(ge=0, le=3)] | None = optional_key(
        "Slow drift of volume, week by week: standard deviation of its logarithm after 30 days, "
        "0 to 3."
    )
    model_change_share: Annotated[float, Field(ge=0, le=0.9)] | None = optional_key(
        "Share of accounts that choose their model anew within 30 days, 0 to 0.9."
    )
    peak_spread_h: Annotated[float, Field(ge=0, le=12)] | None = optional_key(
        "How far the daily peaks of accounts lie apart: standard deviation, 0 to 12 hours."
    )
    night_share: Share | None = optional_key(
        "Share of accounts whose daily peak is half a day later, such as jobs by night, 0 to 1."
    )
    spells_per_day: Spells | None = optional_key(
        "Spells of work of an account in a day, drawn for each account, 0 to 1,000; 0: its "
        "sessions are spread evenly."
    )
    spell_hours: Hours | None = optional_key("Hours that a spell of work lasts, 0 to 87,840.")
    burst_size: Burst | None = optional_key(
        "Mean number of sessions that an account opens at once, drawn for each account, 0 to "
        "1,000. Below 1: one by one, and evenly: the coefficient of variation of their pauses."
    )
    burst_gap_s: Seconds | None = optional_key(
        "Mean pause between sessions that are opened at once, drawn for each spell of work, 0 to "
        "316,224,000 seconds (3,660 days)."
    )
    input_spread: Spread | None = optional_key(
        "How much of the scaffold's spread of input lengths is found within an account, drawn for "
        "each account, 0 to 1; the rest lies between accounts. 0: a job whose prompts are all as "
        "long."
    )
    output_spread: Spread | None = optional_key(
        "The same of the lengths of answers; 0: a label of so many tokens."
    )
    waves_sigma: Annotated[float, Field(ge=0, le=3)] | None = optional_key(
        "Spread of what all accounts do together from hour to hour: standard deviation of the "
        "logarithm of the rate, 0 to 3."
    )
    jitter_sigma: Annotated[float, Field(ge=0, le=3)] | None = optional_key(
        "Pauses between sessions are multiplied by lognormal(1, sigma), 0 to 3 (AD2)."
    )
    hosting_share: Share | None = optional_key(
        "Share of addresses in hosting networks, 0 to 1 (AD9)."
    )
    accounts_per_ip: Sharing | None = optional_key(
        "Mean number of accounts behind one address, 1 to 10^6 (AD9)."
    )
    away_share: Share | None = optional_key(
        "Share of sessions from a second address, 0 to 1 (AD9)."
    )
    foreign_clock_share: Share | None = optional_key(
        "Share of accounts whose day is not that of the country of their address, 0 to 1 (AD7)."
    )
    cohort_size: Sharing | None = optional_key(
        "Mean number of accounts that sign up together and share a /24, 1 to 10^6 (AD10)."
    )
    cohort_days: PositiveDays | None = optional_key(
        "Days within which such a cohort signs up, above 0 to 3,660 (AD10)."
    )
    shared_card_share: Share | None = optional_key(
        "Share of accounts that pay with an instrument of others, 0 to 1 (AD10)."
    )
    accounts_per_card: Sharing | None = optional_key(
        "Mean number of accounts that share one, of those that do, 1 to 10^6 (AD10)."
    )
    prepaid_share: Share | None = optional_key(
        "Share of instruments that are prepaid cards, 0 to 1."
    )
    stolen_card_share: Share | None = optional_key(
        "Share of cards, of those that are not prepaid, that are stolen, 0 to 1."
    )
    popular_address_share: Share | None = optional_key(
        "Share of addresses that strangers use too: exits of private networks, gateways of "
        "carriers, campuses and offices, 0 to 1."
    )
    pooled_card_share: Share | None = optional_key(
        "Share of instruments that strangers have too: card numbers sold more than once, 0 to 1."
    )
    pooled_domain_share: Share | None = optional_key(
        "Share of accounts whose mail domain anybody can have an address at, beside the common "
        "ones, 0 to 1."
    )
    bought_share: Share | None = optional_key(
        "Share of cohorts that were bought from a seller, who signed them up, 0 to 1."
    )
    verified_share: Share | None = optional_key(
        "Share of accounts with a verified identity, 0 to 1."
    )
    cloud_share: Share | None = optional_key(
        "Share of accounts that come by a cloud platform, which hides address and payment, "
        "0 to 1 (AD6)."
    )
    through: Slug | None = optional_key(
        "Actor whose accounts, credentials and payment this one sends through; its tier must be "
        "none.",
        "Default: accounts of its own.",
    )
    own_network: bool | None = optional_key("With `through`: addresses and clients of its own.")
    end_users: People | None = optional_key(
        "People or customers behind one account, 1 to 2 * 10^9."
    )
    end_users_abroad_share: Share | None = optional_key(
        "Share of end users with a country and language of their own, 0 to 1."
    )
    end_user_id_share: Share | None = optional_key(
        "Share of accounts that say which end user asks, 0 to 1."
    )
    end_users_bring_templates: bool | None = optional_key(
        "End users have system prompts of their own."
    )
    families: PromptFamilyShares | None = optional_key(
        "Share of accounts by family of prompt templates; shares add up to 1 (AD8)."
    )
    topics: Topics | None = optional_key(
        "Topics that an account keeps to, or the list of an operator, 1 to 10^6 (AD8)."
    )
    repeat_share: Share | None = optional_key(
        "Share of own prompts that are sent again and again, 0 to 1."
    )
    modes: ModeShares | None = optional_key(
        "Share of accounts by mode of behaviour, for `separability` below 1; adds up to 1."
    )
    circles: SharingGroupShares | None = optional_key(
        "Share of accounts by whom they share addresses and cards with, for `separability` below "
        "1; adds up to 1."
    )
    caching_share: Share | None = optional_key(
        "Share of accounts that use the prompt cache, 0 to 1."
    )
    cache_1h_share: Share | None = optional_key("Share of those whose cache lives an hour, 0 to 1.")
    tier: TierId | None = optional_key(
        "Tier of rate limits of each organisation, or the word none."
    )
    on_failure: OnFailure | None = optional_key(
        "After three failed attempts of a call: give_up the task, or resume it."
    )
    resume_after_s: SecondCount | None = optional_key(
        "Pause before a task is resumed, 0 to 316,224,000 seconds (3,660 days)."
    )
    uptake: UptakeForm | None = optional_key("What becomes of the newest model after a release.")
    uptake_concentration: Concentration | None = optional_key(
        "How like organisations are in the share that moves: a + b of a beta distribution, "
        "above 0 to 10^6.",
        "Default: that of the typology, else all alike.",
    )
    refusal_share: Share | None = optional_key(
        "Share of user turns that the model refuses, 0 to 1."
    )
    thinking_share: Share | None = optional_key(
        "Share of accounts that have the model think, 0 to 1."
    )
    several_choices_share: Share | None = optional_key(
        "Share of turns without tools that ask for two to four choices, 0 to 1."
    )
    prewarm_share: Share | None = optional_key(
        "Share of turns that begin with a call for 0 tokens to warm the cache, 0 to 1."
    )
    server_tools_share: Share | None = optional_key(
        "Share of agentic turns whose tools run at the provider, ten steps an exchange, 0 to 1."
    )
    sub_agent_share: Share | None = optional_key(
        "Share of turns with four tool steps or more that use a sub-agent, 0 to 1."
    )
    batch_share: Share | None = optional_key(
        "Share of accounts that send single calls as a batch, at half the price, 0 to 1."
    )
    calibration: CalibrationPath | None = optional_key(
        "File that `sim calibrate` wrote, relative to this one; its dials stand in place of those "
        "of the typology, and what is said here in place of its dials.",
        "Default: none.",
    )
    scaffold: ScaffoldDials | None = optional_key(
        "Dials of the agents of the actor, in place of those of the catalog.", "Default: none."
    )
    long_context_share: Share | None = optional_key(
        "Share of accounts that ask for the longest window of a model that has several, 0 to 1."
    )
    output_tokens: Tokens | None = optional_key(
        "Tokens of an answer, 0 to 10^6.", "Default: that of the typology, else of the scaffold."
    )
    templates: Templates | None = optional_key(
        "Number of prompt templates that the accounts share for the list, or where there is none "
        "for all they do, 1 to 100,000 (AD8).",
        "Default: that of the typology, else each account draws its own from the common pool.",
    )
    operator: OperatorForm | None = optional_key(
        "Who stands behind the accounts: budget, costs, reactions to losses.",
        "Default: that of the catalog where the typology has an operator, else nobody.",
    )


class MixedActorForm(ActorForm):
    """What actors take that mix models, plain with agentic turns, and a list with cover."""

    models: ModelShares | None = optional_key("Share of accounts by model id; shares add up to 1.")
    agentic_share: Share | None = optional_key("Share of turns that use tools, 0 to 1.")
    tool_steps: Steps | None = optional_key(
        "Tool-driven calls of a turn that uses tools, after its first call, rounded, 1 to 1,000."
    )
    list_share: Share | None = optional_key(
        "Share of sessions that work on a list of prompts, each handed out once among all accounts "
        "of the actor; 0 to 1, a mean over accounts. The rest is cover (AD4)."
    )
    list_share_concentration: Concentration | None = optional_key(
        "How like accounts are in it: a + b of a beta distribution, above 0 to 10^6.",
        "Default: that of the typology, else all alike.",
    )
    cover: Cover | None = optional_key(
        "What the others work on: own prompts, or a benchmark (AD4)."
    )
    paraphrase_sigma: Annotated[float, Field(ge=0, le=10)] | None = optional_key(
        "How far a prompt of the list, or else of its own, is reworded, 0 to 10 times the spread "
        "of prompts (AD8)."
    )
    benchmark: BenchmarkId | None = optional_key(
        "Benchmark whose items are the cover, if it is one."
    )


class QueueKeys(Form):
    """What actors take that work off a queue."""

    balance: Balance | None = optional_key("How work is spread over the accounts (AD5).")
    starts: Duration | None = optional_key(
        "When the work begins, as a time after the start of the clock and before its end.",
        "Default: it was in progress when the log opens.",
    )


class SessionsForm(MixedActorForm):
    """Accounts that come and go in sessions: people, products, campaigns that look like them."""

    typology: _SessionsTypology = Field(description="Id of the typology.")
    agents: AgentShares | None = optional_key(
        "Share of accounts by scaffold id; shares add up to 1."
    )
    turns_per_session: TurnsForm | None = optional_key("User turns of a session.")
    human_gap_s: Seconds | None = optional_key(
        "Pause between an answer and the next turn, 0 to 316,224,000 seconds (3,660 days)."
    )
    library: LibraryId | None = optional_key(
        "Recorded sessions that those of all its agents are drawn from, or the word none: then "
        "the dials decide.",
        "Default: none if a dial is given that recorded sessions decide (agentic_share, "
        "tool_steps, turns_per_session, human_gap_s, output_tokens), else that of each agent.",
    )
    library_tilt: LibraryTilt | None = optional_key(
        "What shifts the draw of recorded sessions: they weigh exp of the sum of weight x feature, "
        "in standard deviations over the library; weights -5 to 5 by calls_per_turn, "
        "output_tokens, pause.",
        "Default: that of the typology, else all weigh the same.",
    )


class BenchmarkForm(QueueKeys, ActorForm):
    """A public benchmark, run over and over by one operator."""

    typology: _BenchmarkTypology = Field(description="Id of the typology.")
    benchmark: BenchmarkId | None = optional_key(
        "Benchmark id; a `scale` below 1 multiplies the items that each run works on."
    )
    agent: AgentId | None = optional_key(
        "Scaffold id; steps must be measured for it with the model."
    )
    model: ModelId | None = optional_key("Model id.")
    runs: Runs | None = optional_key("Attempts at every item, 1 to 10^6; scaled only above 1.")
    workers: Workers | None = optional_key("Items in work at once, 1 to 10^7; scaled, at least 1.")
    step_limit: StepLimit | None = optional_key(
        "Calls after which an attempt is cut off, 1 to that of the measurement, if any.",
        "Default: the limit of the measurement.",
    )


class PromptsForm(QueueKeys, MixedActorForm):
    """Accounts that one operator drives from one queue of prompts."""

    typology: _PromptsTypology = Field(description="Id of the typology.")
    agent: AgentId | None = optional_key("Scaffold id.")
    target_exchanges: Exchanges | None = optional_key(
        "Answered exchanges (C2) that the operator wants within the clock, 1 to 10^12; scaled.",
        "Default: what the accounts send at `exchanges_per_account_day`.",
    )
    lasts: PositiveDuration | None = optional_key(
        "Time that the operator plans to take, from the start of the work to within the clock.",
        "Default: to the end of the clock.",
    )
    workers: Workers | None = optional_key(
        "Prompts in work at once, 1 to 10^7; scaled, at least 1.",
        "Default: as many as the target needs.",
    )


AnyActorForm = SessionsForm | BenchmarkForm | PromptsForm
ACTOR_FORMS: dict[str, type[AnyActorForm]] = {
    typology: form
    for form in (SessionsForm, BenchmarkForm, PromptsForm)
    for typology in get_args(form.model_fields["typology"].annotation)
}
