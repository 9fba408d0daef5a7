"""The human form of the provider: its load, its timeline, what it does about accounts."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sim.catalog import OutputLimit
from sim.catalog.ids import ModelId
from sim.distributions import Positive
from sim.documents.bounds import MOST_ACCOUNTS, Days, Hours
from sim.documents.forms import Form
from sim.documents.quantities import in_words
from sim.documents.value_types import (
    Day,
    Factor,
    Minutes,
    PositiveDuration,
    PositiveMinutes,
    Share,
)
from sim.scenario.enforcement_policy import Policy
from sim.scenario.keys import BY_CATALOG, optional_key
from sim.scenario.values import AtLeastOne, PositiveDailyRate, PositiveDays, Seed, Times

PositivePeople = Annotated[Positive, Field(le=MOST_ACCOUNTS)]
AlertRate = Annotated[float, Field(ge=0, le=1000)]
ReportRate = Annotated[Positive, Field(le=24)]
ReviewRate = Annotated[Positive, Field(le=1_000_000)]
Slope = Annotated[Positive, Field(le=100)]
ShareBelowOne = Annotated[float, Field(ge=0, lt=1)]


class LoadForm(Form):
    """The course of everyone's load on the provider, and what it does to its speed."""

    peak_hour: Annotated[float, Field(ge=0, lt=24)] | None = optional_key(
        "Hour of the highest load, 0 <= h < 24, UTC.", BY_CATALOG
    )
    strength: Share | None = optional_key("Depth of the daily course: 0 flat, 1 idle.", BY_CATALOG)
    weekend: Times | None = optional_key(
        "Load on weekends, of that on weekdays, 0 to 100.", BY_CATALOG
    )
    slowdown_at_peak: AtLeastOne | None = optional_key(
        "Time of an answer at the highest load, of that without load, 1 to 1,000; the mean over a "
        "week stays that at normal speed.",
        BY_CATALOG,
    )


class EventForm(Form):
    """What every event on the timeline takes."""

    at: Annotated[
        Minutes,
        Field(description="Begin, after the start of the clock and before its end; whole minutes."),
    ]


class LastingForm(EventForm):
    """What events take that may come to an end."""

    lasts: PositiveMinutes | None = optional_key("How long; whole minutes.", "Default: to the end.")


class IncidentForm(LastingForm):
    """A stretch of bad weather; at least one of its effects is given."""

    kind: Literal["incident"] = Field(description="More failures, slower answers.")
    overload: Share | None = optional_key("Added probability of 529, 0 to 1.", "Default: 0.")
    server_error: Share | None = optional_key("Added probability of 500, 0 to 1.", "Default: 0.")
    slowdown: AtLeastOne | None = optional_key(
        "Factor on the time of answers, 1 to 1,000.", "Default: 1."
    )

    @model_validator(mode="after")
    def _has_an_effect(self) -> Self:
        """Refuse an incident that changes neither failures nor latency."""
        if not (self.overload or self.server_error or (self.slowdown or 1) > 1):
            raise ValueError(
                "an incident without effect; give overload or server_error above 0, "
                "or slowdown above 1"
            )
        return self


class LimitsForm(LastingForm):
    """A change of the rate limits of all tiers."""

    kind: Literal["limits"] = Field(description="Other rate limits.")
    factor: Annotated[Factor, Field(description="Factor on all limits, above 0 to 1,000.")]


class TiersForm(Form):
    """Which of the limits that are known hold, and how output counts against them."""

    as_of: Day | None = optional_key(
        "Day whose limits hold throughout the log, such as 2026-02-01.",
        "Default: the day on which the clock starts.",
    )
    output: OutputLimit | None = optional_key(
        "What counts against the output limit: up_front (max_tokens when a request begins; what "
        "was not used comes back) or as_generated (the tokens of the answer).",
        "Default: the rule of that day.",
    )


class PriceForm(LastingForm):
    """A change of prices."""

    kind: Literal["price"] = Field(description="Other prices.")
    factor: Annotated[Factor, Field(description="Factor on the prices, above 0 to 1,000.")]
    model: ModelId | None = optional_key("Model id.", "Default: all models.")


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


class EnforcementForm(Form):
    """Rules, reviews and actions of the provider; keys left out take the catalog's value."""

    policy: Policy | None = optional_key(
        "Whom an action hits: account or organisation.", BY_CATALOG
    )
    volume_threshold: PositiveDailyRate | None = optional_key(
        "Exchanges a day of an account at which a rule looks at it, above 0 to 10^7.", BY_CATALOG
    )
    sharing_threshold: PositivePeople | None = optional_key(
        "Accounts behind an address or a card at which one does, above 0 to 2 * 10^9.", BY_CATALOG
    )
    refusal_threshold: PositiveDailyRate | None = optional_key(
        "Refusals a day at which one does, above 0 to 10^7.", BY_CATALOG
    )
    rule_rate_per_day: AlertRate | None = optional_key(
        "Alerts a day of an account far above a threshold, 0 to 1,000.", BY_CATALOG
    )
    rule_slope: Slope | None = optional_key("How sharp a threshold is, above 0 to 100.", BY_CATALOG)
    noise_rate_per_day: AlertRate | None = optional_key(
        "Alerts a day for no reason, 0 to 1,000.", BY_CATALOG
    )
    rule_delay_h: Hours | None = optional_key("Hours from cause to alert, 0 to 87,840.", BY_CATALOG)
    rate_limit_share: Share | None = optional_key(
        "Share of alerts answered by a limit.", BY_CATALOG
    )
    step_up_share: Share | None = optional_key(
        "Share of alerts answered by a verification.", BY_CATALOG
    )
    step_up_h: Hours | None = optional_key(
        "Hours that a verification takes, 0 to 87,840.", BY_CATALOG
    )
    limit_factor: ShareBelowOne | None = optional_key(
        "What a limit leaves of an account's traffic, 0 to below 1.", BY_CATALOG
    )
    limit_days: PositiveDays | None = optional_key(
        "Days that a limit lasts, above 0 to 3,660.", BY_CATALOG
    )
    genuine_passes: Share | None = optional_key(
        "Share of genuine accounts that verify.", BY_CATALOG
    )
    operator_passes: Share | None = optional_key(
        "Share of operators' accounts that do.", BY_CATALOG
    )
    reviews_per_day: ReviewRate | None = optional_key(
        "Reviews a day per 1,000 accounts, above 0 to 10^6.", BY_CATALOG
    )
    review_delay_h: Hours | None = optional_key(
        "Hours before a review can begin, 0 to 87,840.", BY_CATALOG
    )
    review_sensitivity: Share | None = optional_key(
        "Share of extracting accounts that a review bans.", BY_CATALOG
    )
    review_false_share: Share | None = optional_key("Share of others that it bans.", BY_CATALOG)
    suspend_share: Share | None = optional_key(
        "Share of bans that begin as a suspension.", BY_CATALOG
    )
    suspend_days: PositiveDays | None = optional_key(
        "Days that a suspension lasts, above 0 to 3,660.", BY_CATALOG
    )
    appeal_days: Days | None = optional_key(
        "Days to the answer to an appeal, 0 to 3,660.", BY_CATALOG
    )
    appeal_success: Share | None = optional_key("Share of genuine accounts reinstated.", BY_CATALOG)
    sweep_probability: Share | None = optional_key(
        "Probability that an operator is reported as a whole.", BY_CATALOG
    )
    sweep_after_days: Days | None = optional_key("Days until that happens, 0 to 3,660.", BY_CATALOG)
    sweep_share_least: Share | None = optional_key(
        "Least share of the operator's accounts named then.", BY_CATALOG
    )
    sweep_share_most: Share | None = optional_key("Largest such share.", BY_CATALOG)
    sweep_delay_days: Days | None = optional_key(
        "Days from the report to the ban of each account, 0 to 3,660.", BY_CATALOG
    )
    reports_per_day: ReportRate | None = optional_key(
        "Reports a day that may name accounts by mistake, above 0 to 24.", BY_CATALOG
    )
    bystander_rate_per_day: AlertRate | None = optional_key(
        "Mistakes of reports a day for any account, 0 to 1,000; each names an account with the "
        "probability that gives so many, 1 at most.",
        BY_CATALOG,
    )


def _enforcement(value: Any) -> Any:
    """Return the form of enforcement; the word `default` stands for all values of the catalog."""
    if value == "default":
        return EnforcementForm()
    if isinstance(value, dict | EnforcementForm):
        return value
    raise ValueError(f"should be a mapping or the word default, found {in_words(value)}")


EnforcementOrDefault = Annotated[EnforcementForm, BeforeValidator(_enforcement)]


class WorldForm(Form):
    """The provider; keys that are left out take the catalog's value."""

    seed: Seed | None = optional_key(
        "Seed of what every run of one world shares, 0 to 2^64 - 1: templates, topics and vectors "
        "of prompts, tools, client software, networks, sellers, items of benchmarks.",
        BY_CATALOG,
    )
    load: LoadForm | None = optional_key("Course of the load.", BY_CATALOG)
    overload: Share | None = optional_key(
        "Probability that an attempt meets 529, 0 to 1.", BY_CATALOG
    )
    server_error: Share | None = optional_key("Probability that it meets 500, 0 to 1.", BY_CATALOG)
    timeout: PositiveDuration | None = optional_key("Time after which clients hang up.", BY_CATALOG)
    burst: Annotated[float, Field(gt=0, le=10)] | None = optional_key(
        "Size of a token bucket in minutes of its limit, above 0 to 10.", BY_CATALOG
    )
    limits: TiersForm | None = optional_key(
        "Limits of another time, or another rule for output.",
        "Default: those of the clock's start.",
    )
    events: tuple[Annotated[AnyEventForm, Field(discriminator="kind")], ...] = Field(
        default=(), description="Timeline of the provider. Default: nothing happens."
    )
    enforcement: EnforcementOrDefault | None = optional_key(
        "What the provider does about accounts: a mapping, or the word default for the values of "
        "the catalog.",
        "Default: nothing.",
    )
