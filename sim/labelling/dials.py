"""The dials of the process by which labels come to be: a part of a recipe, with defaults."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from sim.catalog import labelling
from sim.documents.bounds import Days, Hours
from sim.documents.forms import Form
from sim.documents.value_types import Share

_Number = Annotated[float, Field(ge=0, le=10**6)]
_Count = Annotated[int, Field(ge=2, le=10**6)]
_WholeDays = Annotated[int, Field(ge=0, le=3_660)]


def _dial(channel: str, key: str) -> Any:
    """Return the field of a dial: its default and what it means are those of the catalog."""
    cell = labelling()[channel][key]
    return Field(default=cell["value"], validate_default=True, description=cell["note"])


class RuleDials(Form):
    """Rules that run every night over new accounts, and a glance at whom they point to."""

    new_days: _WholeDays = _dial("rule", "new_days")
    day_times: _Number = _dial("rule", "day_times")
    hour_times: _Number = _dial("rule", "hour_times")
    refusals_times: _Number = _dial("rule", "refusals_times")
    accounts_on_card: _Count = _dial("rule", "accounts_on_card")
    accounts_on_address: _Count = _dial("rule", "accounts_on_address")
    signups_in_block: _Count = _dial("rule", "signups_in_block")
    popular_accounts: _Count = _dial("rule", "popular_accounts")
    sensitivity: Share = _dial("rule", "sensitivity")
    false_share: Share = _dial("rule", "false_share")
    delay_h: Hours = _dial("rule", "delay_h")
    confidence: Share = _dial("rule", "confidence")


class DisputeDials(Form):
    """Disputes of cards; when and how often is in the log."""

    confidence: Share = _dial("dispute", "confidence")


class ReviewDials(Form):
    """Analysts, who take up the accounts with the highest scores, as many a day as they can."""

    per_day_per_1000: _Number = _dial("review", "per_day_per_1000")
    random_share: Share = _dial("review", "random_share")
    goes_on_days: Annotated[int, Field(ge=0, le=180)] = _dial("review", "goes_on_days")
    volume_weight: _Number = _dial("review", "volume_weight")
    sharing_weight: _Number = _dial("review", "sharing_weight")
    template_weight: _Number = _dial("review", "template_weight")
    association_weight: _Number = _dial("review", "association_weight")
    rare_template_accounts: _Count = _dial("review", "rare_template_accounts")
    popular_accounts: _Count = _dial("review", "popular_accounts")
    verdict_days: Days = _dial("review", "verdict_days")
    least_share: Share = _dial("review", "least_share")
    sensitivity: Share = _dial("review", "sensitivity")
    false_share: Share = _dial("review", "false_share")
    confidence: Share = _dial("review", "confidence")


class ReportDials(Form):
    """Partners, who name a campaign at once, most of it, and some bystanders."""

    campaign_share: Share = _dial("report", "campaign_share")
    after_days: Days = _dial("report", "after_days")
    named_share_least: Share = _dial("report", "named_share_least")
    named_share_most: Share = _dial("report", "named_share_most")
    bystander_share_least: Share = _dial("report", "bystander_share_least")
    bystander_share_most: Share = _dial("report", "bystander_share_most")
    confidence: Share = _dial("report", "confidence")

    @model_validator(mode="after")
    def _in_order(self) -> ReportDials:
        """Refuse ranges whose ends are in the wrong order."""
        for name in ("named_share", "bystander_share"):
            least, most = getattr(self, f"{name}_least"), getattr(self, f"{name}_most")
            if least > most:
                raise ValueError(
                    f"{name}_most should be at least {name}_least ({least:g}), found {most:g}"
                )
        return self


class AppealDials(Form):
    """Appeals against the label `extraction`; an account makes one at most."""

    reversed_share: Share = _dial("appeal", "reversed_share")
    wrongly_reversed_share: Share = _dial("appeal", "wrongly_reversed_share")
    after_days: Days = _dial("appeal", "after_days")
    confidence: Share = _dial("appeal", "confidence")


class MissedDials(Form):
    """Whom nobody ever looks at: quiet accounts, and campaigns that are mostly such."""

    share: Share = _dial("missed", "share")
    exchanges_times: _Number = _dial("missed", "exchanges_times")
    accounts_sharing: Annotated[int, Field(ge=1, le=10**6)] = _dial("missed", "accounts_sharing")


class LabelDials(Form):
    """How a provider comes to know what accounts are for, by channel; `LabelDials()` is a default.

    A recipe names those dials that differ from the catalog's; docs/background/observed_labels.md
    has them all. Delays are distributions in the unit of their name.
    """

    rule: RuleDials = RuleDials()
    dispute: DisputeDials = DisputeDials()
    review: ReviewDials = ReviewDials()
    report: ReportDials = ReportDials()
    appeal: AppealDials = AppealDials()
    missed: MissedDials = MissedDials()
