"""What a provider does about abuse, and what an operator does about that: their parameters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sim.distributions import Distribution, Lognormal
from sim.documents.forms import Record

Policy = Literal["account", "organisation"]
Share = Annotated[float, Field(ge=0, le=1)]
NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]


def lognormal(median: float, sigma: float) -> Distribution:
    """Return a lognormal without bound.

    Parameters
    ----------
    median
        In the unit of the parameter.
    sigma
        Standard deviation of the natural logarithm.
    """
    return Distribution(lognormal=Lognormal(median=median, sigma=sigma))


class Enforcement(Record):
    """What the provider does; the unit of a time stands at the end of its name.

    `policy`: whom an action hits, the account or all live first accounts of its organisation; what
    comes of a verification, suspension or appeal is decided for each of them.
    A rule fires at `rule_rate_per_day` x logistic(`rule_slope` x ln(value / threshold)), where
    the value is exchanges a day, accounts on one address or card, or refusals a day; alerts out
    of nothing come at `noise_rate_per_day`. An alert follows its trigger after `rule_delay_h`.

    A rate limit leaves `limit_factor` of the traffic for `limit_days`. A step-up verification
    pauses the account for `step_up_h`; whoever does not pass it is banned. A review begins
    `review_delay_h` or more after its alert, `reviews_per_day` cases a day for each 1,000 slots. It
    bans `review_sensitivity` of extracting accounts and `review_false_share` of others; of these
    bans `suspend_share` begin as a suspension of `suspend_days`, which is lifted for those who do
    not extract. Genuine accounts appeal against a ban, with an answer after `appeal_days`.

    With `sweep_probability` a report after `sweep_after_days` names each live account of an
    operator with one probability, between `sweep_share_least` and `sweep_share_most`; each is
    banned after `sweep_delay_days` of its own. Reports err: `reports_per_day` reach the provider,
    whatever actors there are, and each names every account, whoever has it, by mistake with the
    probability that gives `bystander_rate_per_day` in the mean, 1 at most. Those are banned after
    such a delay too.
    """

    policy: Policy = "account"
    volume_threshold: Positive = 5000.0
    sharing_threshold: Positive = 20.0
    refusal_threshold: Positive = 5.0
    rule_rate_per_day: NonNegative = 0.1
    rule_slope: Positive = 3.0
    noise_rate_per_day: NonNegative = 2e-4
    rule_delay_h: Distribution = lognormal(12, 1.2)
    rate_limit_share: Share = 0.15
    step_up_share: Share = 0.25
    limit_factor: Annotated[float, Field(ge=0, lt=1)] = 0.3
    limit_days: Positive = 3.0
    step_up_h: Distribution = lognormal(6, 1)
    genuine_passes: Share = 0.95
    operator_passes: Share = 0.5
    reviews_per_day: Positive = 5.0
    review_delay_h: Distribution = lognormal(48, 0.8)
    review_sensitivity: Share = 0.8
    review_false_share: Share = 0.03
    suspend_share: Share = 0.3
    suspend_days: Positive = 3.0
    appeal_days: Distribution = lognormal(7, 0.7)
    appeal_success: Share = 0.6
    sweep_probability: Share = 0.5
    sweep_after_days: Distribution = lognormal(45, 0.6)
    sweep_share_least: Share = 0.7
    sweep_share_most: Share = 0.95
    sweep_delay_days: Distribution = lognormal(3, 1)
    reports_per_day: Positive = 0.1
    bystander_rate_per_day: NonNegative = 1e-5

    @model_validator(mode="after")
    def _at_most_all(self) -> Enforcement:
        """Refuse shares of answers to an alert that add up to more than all alerts."""
        if self.rate_limit_share + self.step_up_share > 1:
            raise ValueError("rate_limit_share and step_up_share should add up to at most 1")
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Enforcement:
        """Refuse a range of shares whose ends are in the wrong order."""
        if self.sweep_share_least > self.sweep_share_most:
            raise ValueError("sweep_share_most should be at least sweep_share_least")
        return self


class Operator(Record):
    """Parameters of an operator; costs in USD are of one unit.

    Of banned accounts `replacement_share` are replaced, after `replacement_delay_h`; of the
    replacements `verified_share` come with a verified identity. `warm_up_days` is for whoever
    makes the traffic. With `feedback_share` a loss is noticed and put down to a dimension,
    wrongly with `feedback_error`; after `feedback_lag_h` later accounts do `feedback_step` of it.

    `initial_usd` is spent on accounts, identities, cards and addresses at the start, and
    `reserved_usd` kept for tokens. A replacement costs `per_replacement_usd`, by default an
    account, a card and the share of an identity. `budget_usd` bounds all of it, None nothing; at
    or below `initial_usd` + `reserved_usd` nothing more is spent.
    """

    replacement_share: Share = 0.8
    replacement_delay_h: Distribution = lognormal(6, 1)
    verified_share: Share = 0.0
    warm_up_days: NonNegative = 0.0
    feedback_share: Share = 0.0
    feedback_step: Annotated[float, Field(gt=0, le=1)] = 0.7
    feedback_lag_h: NonNegative = 24.0
    feedback_error: Share = 0.1
    budget_usd: NonNegative | None = None
    account_usd: NonNegative = 5.0
    identity_usd: NonNegative = 20.0
    card_usd: NonNegative = 10.0
    address_day_usd: NonNegative = 1.0
    delay_usd_per_account_day: NonNegative = 0.5
    initial_usd: NonNegative = 0.0
    reserved_usd: NonNegative = 0.0
    per_replacement_usd: NonNegative | None = None

    @property
    def replacement_usd(self) -> float:
        """Cost of a replacement without the time its slot stands idle."""
        if self.per_replacement_usd is not None:
            return self.per_replacement_usd
        return self.account_usd + self.card_usd + self.verified_share * self.identity_usd
