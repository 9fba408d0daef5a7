"""The resolved scenario: every parameter filled in, scaled and checked; all the engine reads."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from sim.catalog import NO_LIMITS, OutputLimit
from sim.distributions import Distribution
from sim.documents.forms import Record
from sim.documents.quantities import format_duration
from sim.documents.value_types import Day, Instant
from sim.scenario.enforcement_policy import Enforcement, Operator
from sim.streams import Streams

Arrival = Literal["sessions", "queue"]
Source = Literal["benchmark", "prompts"]
Balance = Literal["round_robin", "least_used", "sticky", "random", "weighted"]
OnFailure = Literal["give_up", "resume"]
Cover = Literal["own", "benchmark"]
Format = Literal["parquet", "csv", "jsonl"]
Columns = Literal["full", "core", "lean"]

_ZERO = Distribution(constant=0.0)


class Clock(Record):
    """The half-open interval [start, start + duration) of the log; `start` is in UTC."""

    start: Instant
    duration_us: int

    @property
    def opening_us(self) -> int:
        """The opening of the log, in microseconds since 1970."""
        return round(self.start.timestamp() * 1_000_000)

    @property
    def end(self) -> datetime:
        """The first moment that is no longer in the log."""
        return self.start + timedelta(microseconds=self.duration_us)


class Rhythm(Record):
    """Daily and weekly course of activity.

    `peak_hour`: hour of the daily peak, [0, 24), in each account's local time, or in UTC for the
    workers of a queue. `strength`: 0 (flat) to 1 (nothing at the
    trough). `weekend`: activity on Saturday and Sunday as a multiple of that on weekdays, >= 0.
    """

    peak_hour: float
    strength: float
    weekend: float


class Uptake(Record):
    """How clients take up the newest model after a release.

    `latest_share` of the accounts ask for the alias `latest` and get it at once. Of the rest,
    `share` move to it, spread evenly over `over_us` after the release: accounts of a population
    (their interface offers it), single prompts of a pool (its operator sends them there). The
    runs of a benchmark stay with their model.
    """

    share: float
    over_us: int
    latest_share: float


class Turns(Record):
    """User turns of a session: 1 with probability `single_share`, else drawn from `more`."""

    single_share: float
    more: Distribution


class CalibrationUsed(Record):
    """Where dials of an actor come from: a file of `sim calibrate`, and the trace behind it."""

    file: str
    sha256: str
    trace: str
    trace_sha256: str


class Scaffold(Record):
    """Dials of agents that are not those of the catalog; None keeps the catalog's."""

    base_context_tokens: Distribution | None = None
    append_tokens: Distribution | None = None
    user_append_tokens: Distribution | None = None
    tool_time_s: Distribution | None = None
    dropped_share: float | None = None


DECIDED_BY_LIBRARY = (
    "agentic_share",
    "tool_steps",
    "turns_per_session",
    "human_gap_s",
    "output_tokens",
)
"""What recorded sessions decide, so that the dials do not count beside them."""


class Actor(Record):
    """A population of accounts with one typology; populations and targets are scaled already.

    Most fields count for every actor. Those that an arrival or source does not have keep the
    neutral values below; `fields_of` names those that count. The order of the fields is the order
    in manifests.
    """

    # Which actor it is, and how its work comes.
    id: str
    typology: str
    arrival: Arrival
    source: Source | None = None  # of a queue only

    # Share of its organisations that follow its own parameters, 0 to 1; the others follow modes.
    separability: float = 1.0

    # Its accounts, at least 1; without a number of organisations their sizes are geometric with a
    # mean, as are numbers of API keys and workspaces. Models and agents: shares by catalog id,
    # sorted by id, adding up to 1.
    accounts: int
    organisations: int | None = None
    accounts_per_organisation: float = 1.0
    keys_per_account: float = 1.0
    workspaces_per_organisation: float = 1.0
    models: dict[str, float]
    agents: dict[str, float]

    # When they are active, and how unlike: standard deviation of the logarithm of volume.
    rhythm: Rhythm
    account_volume_sigma: float

    # Where they come from.
    hosting_share: float
    accounts_per_ip: float

    # Cache, limits, and what becomes of a call that failed.
    caching_share: float
    cache_1h_share: float
    tier: str
    on_failure: OnFailure
    resume_after_s: float
    uptake: Uptake

    # What is special about their requests and answers.
    refusal_share: float
    thinking_share: float
    several_choices_share: float
    prewarm_share: float
    server_tools_share: float
    sub_agent_share: float
    batch_share: float

    # Share that asks for the longest window of the model, where it has several.
    long_context_share: float = 0.0

    # Templates that the accounts share; None gives each account its own from the common pool.
    templates: int | None = None

    # Volume: exchanges a day are a median over accounts.
    exchanges_per_account_day: float = 0.0
    most_per_account_day: float | None = None

    # What the scenario says of all actors alike: a factor on what they want to send, which is in
    # the target and the items already, and a cap on every account.
    volume: float | None = None
    most_of_everybody: float | None = None

    # Coming and going: days from the first to the last activity, None for accounts that are always
    # there; the share of the time that they send nothing, and for how long at once; days until a
    # new one does its all; standard deviation, after a month, of the logarithm of its volume; the
    # share that choose a model anew within a month.
    lifetime_days: Distribution | None = None
    dormant_share: float = 0.0
    dormant_days: Distribution = Distribution(constant=1.0)
    ramp_days: float = 0.0
    drift_sigma: float = 0.0
    model_change_share: float = 0.0

    # When in the day they work, how unlike, and how their sessions come together: in spells of
    # hours, and in bursts of seconds. Spells a day and sessions at once are drawn for each account,
    # the others each time.
    peak_spread_h: float = 0.0
    night_share: float = 0.0
    spells_per_day: Distribution = _ZERO
    spell_hours: Distribution = Distribution(constant=1.0)
    burst_size: Distribution = Distribution(constant=1.0)
    burst_gap_s: Distribution = Distribution(constant=1.0)

    # How much of the spread of lengths an account has, drawn for each, 0 to 1; the rest lies
    # between accounts.
    input_spread: Distribution = Distribution(constant=1.0)
    output_spread: Distribution = Distribution(constant=1.0)

    # How much they do together, and by themselves.
    waves_sigma: float = 0.0
    jitter_sigma: float = 0.0
    away_share: float = 0.0
    foreign_clock_share: float = 0.0

    # Signing up, paying, proving an identity.
    cohort_size: float = 1.0
    cohort_days: float = 1.0
    shared_card_share: float = 0.0
    accounts_per_card: float = 1.0
    prepaid_share: float = 0.0
    stolen_card_share: float = 0.0
    verified_share: float = 0.0
    cloud_share: float = 0.0

    # What it draws from pools that strangers share: addresses, cards, mail domains, and accounts
    # that a seller signed up.
    popular_address_share: float = 0.0
    pooled_card_share: float = 0.0
    pooled_domain_share: float = 0.0
    bought_share: float = 0.0

    # Who sends through whose accounts, and who asks.
    through: str | None = None
    own_network: bool = False
    end_users: int = 1
    end_users_abroad_share: float = 0.0
    end_user_id_share: float = 0.0
    end_users_bring_templates: bool = False

    # Prompts: families of templates and topics; the share of sessions on prompts of a list, each
    # handed out once among all accounts, beta over accounts with the given concentration; and what
    # the other sessions work on.
    families: dict[str, float] = Field(default={"popular": 1.0})
    topics: int = 1
    repeat_share: float = 0.0
    list_share: float = 0.0
    list_share_concentration: float | None = None
    cover: Cover = "own"
    paraphrase_sigma: float = 0.0

    # Where separability is below 1: weights of the modes of behaviour that accounts follow, and
    # of the sharing groups that addresses and cards are shared in.
    modes: dict[str, float] = Field(default={})
    circles: dict[str, float] = Field(default={})
    uptake_concentration: float | None = None
    output_tokens: Distribution | None = None

    # Dials of its agents that are not those of the catalog; a file that dials were taken from.
    scaffold: Scaffold = Scaffold()
    calibration: CalibrationUsed | None = None

    # Who stands behind the accounts, None for nobody in particular.
    operator: Operator | None = None

    # Sessions and queues of prompts: turns, the share of them that uses tools, and the calls of
    # such a turn after its first.
    agentic_share: float = 0.0
    tool_steps: Distribution = _ZERO
    turns_per_session: Turns = Turns(single_share=1.0, more=Distribution(constant=1.0))
    human_gap_s: Distribution = _ZERO

    # Populations: the recorded sessions that theirs are drawn from, and what shifts the draw.
    # None: as each agent has it; `NO_LIBRARY`: the dials above decide, whatever the agent.
    library: str | None = None
    library_tilt: dict[str, float] = Field(default={})

    # The benchmark that is run, or that the cover is. Items: worked on in each of the runs, or of
    # the cover.
    benchmark: str | None = None
    items: int = 0

    # Queues of a benchmark; without a step limit that of the measurement holds.
    runs: int = 0
    step_limit: int | None = None

    # Queues. Without workers as many as the target needs. The work begins `starts_us` after the
    # start of the clock; None means that it was in progress when the log opens. Queues of prompts
    # have a target of answered exchanges, and a planned time; None is the rest of the clock.
    target_exchanges: int | None = None
    workers: int | None = None
    balance: Balance = "round_robin"
    starts_us: int | None = None
    lasts_us: int | None = None

    @property
    def has_cover(self) -> bool:
        """Whether what is not from a list is cover, rather than work of its own."""
        return self.list_share > 0 or self.cover == "benchmark"


class Load(Record):
    """The course of everyone's load on the provider, in UTC, and what it does to speed.

    Peak hour, strength and weekend are as in `Rhythm`. Answers take `slowdown_at_peak` (>= 1) times
    as long at the hour of the highest load as without any load, and less in proportion to the load
    at others. Over an ordinary week their mean is that at normal speed, which was measured under
    load.
    """

    peak_hour: float
    strength: float
    weekend: float
    slowdown_at_peak: float


EventKind = Literal["incident", "limits", "price", "holiday", "release"]


class Event(Record):
    """Something that happens to the provider from `at_us` to `until_us` (None: to the end).

    An incident adds to the probabilities of failure and multiplies the slowdown. `limits`
    multiplies all limits by `factor`, `price` the prices of `model` (None: of all). On a
    `holiday` people are `factor` times as active, and so is the load. A `release` makes `model`
    the newest. Fields that a kind does not have keep the neutral values below; `fields_of_event`
    names those that count.
    """

    kind: EventKind
    at_us: int
    model: str | None = None
    until_us: int | None = None
    overload: float = 0.0
    server_error: float = 0.0
    slowdown: float = 1.0
    factor: float = 1.0


class RateLimits(Record):
    """The day whose limits hold, and how output counts against them; see `sim.catalog.limits_of`.

    `output`: up_front or as_generated, as in `sim.catalog.OutputRule`.
    """

    as_of: Day
    output: OutputLimit

    def summary(self) -> str:
        """Return in a few words which limits hold."""
        rule = "taken up front" if self.output == "up_front" else "counted as generated"
        return f"limits as of {self.as_of}, output {rule}"


class World(Record):
    """The provider and the planet around it; `enforcement` None: it does nothing about accounts.

    `seed`: of what belongs to the planet, whatever the seed of the run: templates, topics and
    vectors of prompts, sets of tools, client software, networks, sellers, items of benchmarks.
    `overload`, `server_error`: probability for an attempt under ordinary conditions.
    `timeout_us`: after it clients hang up. `burst`: size of a bucket in minutes of its limit.
    """

    seed: int
    load: Load
    overload: float
    server_error: float
    timeout_us: int
    burst: float
    limits: RateLimits
    events: tuple[Event, ...] = ()
    enforcement: Enforcement | None = None

    @property
    def streams(self) -> Streams:
        """The random streams of the planet."""
        return Streams(self.seed)


class Tables(Record):
    """How tables are written; parts have some `part_rows` exchanges each."""

    format: Format
    columns: Columns
    vectors: bool = False
    part_rows: int = 1_000_000


class Scenario(Record):
    """A resolved scenario; `seed` is always there, drawn if the file named none.

    `scale` and `level` say what the file says, and are in the actors already.
    """

    version: Literal[1]
    name: str
    title: str
    about: str
    seed: int
    scale: float
    level: str | None = None
    clock: Clock
    world: World
    actors: tuple[Actor, ...]
    tables: Tables

    @property
    def accounts(self) -> int:
        """Accounts of all actors."""
        return sum(actor.accounts for actor in self.actors)

    @property
    def has_limits(self) -> bool:
        """Whether an actor is limited by its tier."""
        return any(actor.tier != NO_LIMITS for actor in self.actors)

    def __repr__(self) -> str:
        return f"<Scenario {self.name}: {self.summary()}, seed {self.seed}>"

    def summary(self) -> str:
        """Return one line: actors, accounts, clock, and the level if there is one."""
        return (
            f"{_counted(len(self.actors), 'actor')}, {_counted(self.accounts, 'account')}, "
            f"{format_duration(self.clock.duration_us)} from {self.clock.start:%Y-%m-%d}"
            f"{f', level {self.level}' if self.level else ''}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values from which `from_dict` makes an equal scenario."""
        return self.model_dump(mode="json", exclude_none=True)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Scenario:
        """Return the scenario that `to_dict` described; `pydantic.ValidationError` otherwise."""
        return cls.model_validate(values)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# The fields that not every actor has.
_TURNS = (
    "agentic_share",
    "tool_steps",
    "turns_per_session",
    "human_gap_s",
    "benchmark",
    "items",
)
_LIBRARY = ("library", "library_tilt")
_QUEUE = ("source", "workers", "balance", "starts_us")
_BENCHMARK_QUEUE = (*_QUEUE, "benchmark", "items", "runs", "step_limit")
_PROMPTS_QUEUE = (*_QUEUE, *_TURNS, "target_exchanges", "lasts_us")
_COMMON = tuple(
    name
    for name in Actor.model_fields
    if name not in {*_BENCHMARK_QUEUE, *_PROMPTS_QUEUE, *_LIBRARY}
)


def fields_of(arrival: Arrival, source: Source | None) -> tuple[str, ...]:
    """Return the names of the fields that count for an actor of this arrival and source.

    Parameters
    ----------
    arrival
        `sessions` for a population, `queue` for workers.
    source
        What is on the queue; it does not matter for sessions.
    """
    if arrival == "sessions":
        return (*_COMMON, *_TURNS, *_LIBRARY)
    return (*_COMMON, *(_BENCHMARK_QUEUE if source == "benchmark" else _PROMPTS_QUEUE))


_OF_EVENT: dict[EventKind, tuple[str, ...]] = {
    "incident": ("until_us", "overload", "server_error", "slowdown"),
    "limits": ("until_us", "factor"),
    "price": ("until_us", "model", "factor"),
    "holiday": ("until_us", "factor"),
    "release": ("model",),
}


def fields_of_event(kind: EventKind) -> tuple[str, ...]:
    """Return the names of the fields that count for an event of this kind."""
    return ("kind", "at_us", *_OF_EVENT[kind])
