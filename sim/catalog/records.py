"""The records of the catalog, all immutable. Units stand in the names; shares lie in [0, 1]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sim.distributions import Distribution
from sim.documents.forms import Record

Status = Literal["measured", "reported", "prior"]
OutputLimit = Literal["up_front", "as_generated"]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
Outcome = Literal[
    "holds",
    "in part",
    "contradicted",
    "cannot be told from counts",
    "not a question of counts",
]
Bound = Literal["over", "nearly", "approximately", "exact", "between"]
Plain = str | int | float | None


class Source(Record):
    """Something that was read; `url` where the place is known."""

    key: str
    text: str
    url: str | None = None


class Cited(Record):
    """One value of the catalog with where it comes from; `source` is a key of `sources()`."""

    key: str
    value: Any
    unit: str
    status: Status
    source: str
    note: str = ""


class Parameter(Record):
    """A parameter of the world. `key`: that of a scenario, or a name where no scenario changes it.

    `values`: the cells behind it by the entry that they belong to. `default`: their value, or the
    words `by typology`, `by model` where they differ.
    """

    key: str
    unit: str
    acts_on: str
    default: Any
    statuses: tuple[Status, ...]
    sources: tuple[str, ...]
    note: str
    values: Mapping[str, Cited]


class Model(Record):
    """A served model. Prices are list prices; cache factors multiply the input price.

    `standard_window_tokens`: the window of accounts that do not ask for a longer one; None where
    the model has one window only.
    """

    id: str
    title: str
    model_class: str
    released: dt.date
    aliases: tuple[str, ...]
    context_window_tokens: Annotated[int, Field(gt=0)]
    standard_window_tokens: Annotated[int, Field(gt=0)] | None = None
    max_output_tokens: Annotated[int, Field(gt=0)]
    input_usd_per_mtok: Positive
    output_usd_per_mtok: Positive
    cache_read_factor: Positive
    cache_write_5m_factor: Positive
    cache_write_1h_factor: Positive
    min_cacheable_tokens: Count
    ttft_s: Distribution
    output_tokens_per_s: Distribution


class Agent(Record):
    """A scaffold that turns a task into model calls.

    The input of a call is the input and the output of the call before it, plus `append_tokens`
    when a tool result starts it, or `user_append_tokens` when a person does. The first call's input
    is `base_context_tokens`: system prompt, tool definitions and first message. In a share of
    sessions, all but `history_share`, the client sends a question without what was said before:
    then each turn begins with a `base_context_tokens` of its own.

    `dropped_share`: share of answers that the next request leaves out, such as reasoning.

    `session_share`, `stretch_share`: shares of the variance of the normal scores of answers, new
    input and pauses that lie between sessions, and between stretches of like calls within one.

    `library`: name of the recorded sessions that the scaffold's sessions are drawn from, None where
    the dials decide.
    """

    id: str
    title: str
    library: str | None = None
    step_limit: Annotated[int, Field(gt=0)] | None = None
    n_tool_defs: Count
    base_context_tokens: Distribution
    static_prefix_tokens: Count
    append_tokens: Distribution
    user_append_tokens: Distribution
    output_tokens: Distribution
    tool_time_s: Distribution
    tool_calls_per_step: Distribution
    max_tokens: Annotated[int, Field(gt=0)]
    compaction_at: Annotated[float, Field(gt=0, le=1)]
    compaction_to_tokens: Annotated[int, Field(gt=0)]
    compaction_prompt_tokens: Count
    summary_tokens: Distribution
    caching_share: Share
    uncached_tail_tokens: Count
    compacts: bool
    stop_sequence_share: Share
    history_share: Share = 1.0
    dropped_share: Share = 0.0
    session_share: Share = 0.0
    stretch_share: Share = 0.0

    @model_validator(mode="after")
    def _leaves_a_share_to_calls(self) -> Agent:
        """Refuse shares that add up to more than 1."""
        if self.session_share + self.stretch_share > 1:
            raise ValueError("session_share and stretch_share should be at most 1 together")
        return self


class Benchmark(Record):
    """A public benchmark; `calls_per_item` None means the measured steps of agent and model.

    `item_share`: share of the variance of log calls that lies between items, within one agent and
    model.
    """

    id: str
    title: str
    items: Annotated[int, Field(gt=0)]
    usual_repeats: str
    calls_note: str
    calls_per_item: Distribution | None
    item_share: Annotated[float, Field(ge=0, lt=1)]
    agents: tuple[str, ...]
    source: str
    status: Status


class Typology(Record):
    """A kind of sender; `defaults` are the parameters that a scenario may override.

    `operated`: somebody stands behind the accounts who replaces those that are lost.
    """

    id: str
    title: str
    arrival: Literal["sessions", "queue"]
    purpose: str
    access_legitimacy: str
    coordination: str
    is_extraction: bool
    operated: bool
    twins: tuple[str, ...]
    defaults: Mapping[str, Any]


class Variant(Record):
    """Parameters that replace those of an actor for some of its accounts, whatever its typology."""

    id: str
    title: str
    parameters: Mapping[str, Any]


class Family(Record):
    """A family of prompt templates, `templates` of them.

    `likeness`: mean cosine of the directions of two of them.
    """

    id: str
    title: str
    templates: Annotated[int, Field(gt=0)]
    likeness: Share


class PaymentKind(Record):
    """How payments by one kind of access go.

    `decline_share`: of attempts to charge. `dispute_share`: of the statements of an instrument.
    `refund_share`: of charges.
    """

    id: str
    decline_share: Annotated[float, Field(ge=0, lt=1)]
    dispute_share: Share
    refund_share: Share


class Claim(Record):
    """A reported figure: the allegation of one party, never ground truth.

    `figure`: whether the report gives `value`; a placeholder stands for words such as "hundreds
    of", a derived one was worked out from others, words alone are read as a range that the project
    assumes, and with none `value` is None. `bound`: how the figure is meant; None without a figure.
    `low`, `high`: in the unit of the value, what the words may stand for where it is `between`,
    else None. `reading`: how the source was read. `not_said`: what it does not say about the
    figure. `sum_of`: ids of the claims that the figure adds up, if it is a sum.

    Raises
    ------
    pydantic.ValidationError
        If value, bound, low and high do not agree.
    """

    id: str
    report: str
    date: dt.date | None  # None for a figure that no report gives, but a user
    actor: str
    metric: str
    value: float | None
    figure: Literal["given", "placeholder", "derived", "words", "none"]
    bound: Bound | None
    low: float | None = None
    high: float | None = None
    qualifier: str
    unit: str
    window_days: float | None
    status: Status
    reading: str
    source: str
    not_said: Annotated[str, Field(min_length=1)]
    sum_of: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _agrees(self) -> Claim:
        """Refuse a figure without a bound, a bound without a figure, and limits out of place."""
        if (self.value is None) != (self.bound is None):
            raise ValueError("a figure has a bound, and no other claim has one")
        if self.bound != "between":
            if (self.low, self.high) != (None, None):
                raise ValueError("low and high are those of words: bound 'between'")
        elif self.low is None or self.high is None or not 0 <= self.low < self.high:
            raise ValueError("'between' has a low and a higher high, neither below 0")
        return self


class Limit(Record):
    """Rate limits of one tier and class of models, per organisation; input is uncached input.

    They hold `since` a day, until later ones of the tier and class.
    """

    since: dt.date
    tier: str
    model_class: str
    requests_per_min: Annotated[int, Field(gt=0)]
    input_tokens_per_min: Annotated[int, Field(gt=0)]
    output_tokens_per_min: Annotated[int, Field(gt=0)]
    purchase: str
    status: Status
    source: str


class OutputRule(Record):
    """How tokens of answers count against the output limit, `since` a day until a later rule.

    `output`: up_front takes `max_tokens` at the begin of a request and gives back what was not
    used; as_generated takes the tokens of the answer. `reading`: the first is taken, the other is
    what another source says of the same time.
    """

    since: dt.date
    output: OutputLimit
    reading: Literal["first", "other"]
    status: Status
    source: str


class Statement(Record):
    """What a discussed document says; `kind` tells how it is held against what is known.

    `why`: the reason for the outcome, a template: `{name}` stands for a number of the check of its
    kind, `{actor[quantity]}` for one of the run that `command` makes. `outcome`: None where the
    check of the kind finds it. `values`: what the line assumes. `claims`: what it is held against,
    beside `claim`.
    """

    id: str
    kind: Literal[
        "plain",
        "run_size",
        "runs",
        "calls_per_task",
        "single_runs",
        "daily_rate",
        "amplification",
        "conventions",
        "product_use",
        "share_of_day",
        "later_report",
        "prompt_family",
        "sum",
        "per_account",
    ]
    statement: str
    why: Annotated[str, Field(min_length=1)]
    outcome: Outcome | None = None
    command: tuple[str, ...] = ()
    values: Mapping[str, float] = {}
    values_source: str | None = None
    benchmark: str | None = None
    family: str | None = None
    claim: str | None = None
    claims: tuple[str, ...] = ()
    source: str
    status: Status


@dataclass(frozen=True, eq=False)
class StepDistribution:
    """Measured model calls per attempt at a benchmark task.

    Attributes
    ----------
    agent, version
        The scaffold, and which version of it was measured.
    model, model_id
        Label of the model in the measurement; id of the served model, None if it is not one.
    provider
        Who made the model.
    benchmark
        Id of the benchmark that was measured.
    steps
        int64, ascending, one entry per measured task.
    step_limit
        Calls after which the scaffold stopped.
    at_limit
        How many tasks reached `step_limit`.
    loading
        That of the one-factor normal copula over instances, in [0, 1); its square is the
        cross-model share of an instance, a lower bound for the correlation of two runs by one model
        (`data/steps.yaml` says how it is fitted).
    source, status
        Where the steps come from.
    """

    agent: str
    version: str
    model: str
    model_id: str | None
    provider: str
    benchmark: str
    steps: NDArray[np.int64]
    step_limit: int
    at_limit: int
    loading: float
    source: str
    status: Status
