"""The human form of the parts of an actor: its rhythm, turns, uptake of models, operator."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from sim.documents.bounds import Hours, UserTurns
from sim.documents.forms import Form
from sim.documents.quantities import in_words
from sim.documents.value_types import Duration, PositiveShare, Share
from sim.scenario.keys import BY_CATALOG, optional_key
from sim.scenario.values import Budget, DayCount, HourCount, Times, UnitPrice


class RhythmForm(Form):
    """Daily and weekly course of activity; a key that is left out keeps the typology's value."""

    peak_hour: Annotated[float, Field(ge=0, lt=24)] | None = optional_key(
        "Hour of the daily peak, 0 <= h < 24: local time of each account; UTC for a queue."
    )
    strength: Share | None = optional_key(
        "Depth of the daily course: 0 flat, 1 idle at the trough."
    )
    weekend: Times | None = optional_key(
        "Activity on Saturday and Sunday as a multiple of that on weekdays, 0 to 100."
    )


def _rhythm(value: Any) -> Any:
    """Return the form of a rhythm; the word `none` stands for one that is always flat."""
    if value == "none":
        return RhythmForm(strength=0.0, weekend=1.0)
    if isinstance(value, dict | RhythmForm):
        return value
    raise ValueError(f"should be a mapping or the word none, found {in_words(value)}")


RhythmOrNone = Annotated[RhythmForm, BeforeValidator(_rhythm)]


class TurnsForm(Form):
    """User turns of a session; a key that is left out keeps the typology's value."""

    single_share: Share | None = optional_key("Share of sessions with a single turn, 0 to 1.")
    more: UserTurns | None = optional_key("Turns of the other sessions, rounded, 1 to 2,000.")


class UptakeForm(Form):
    """How clients take up a newly released model."""

    share: Share | None = optional_key(
        "Share of accounts that move to it, of prompts where a queue is worked off, 0 to 1."
    )
    over: Duration | None = optional_key("Time after the release over which they move, evenly.")
    latest_share: Share | None = optional_key(
        "Share of accounts that ask for the alias latest, 0 to 1."
    )


class OperatorForm(Form):
    """Who stands behind the accounts of an actor, and what that one can spend and do."""

    budget_usd: Budget | None = optional_key(
        "All that may be spent on identities, networks and tokens, above 0 to 10^15.",
        "Default: no bound.",
    )
    account_usd: UnitPrice | None = optional_key("Cost of an account, 0 to 10^6.", BY_CATALOG)
    identity_usd: UnitPrice | None = optional_key(
        "Cost of a verified identity, 0 to 10^6.", BY_CATALOG
    )
    card_usd: UnitPrice | None = optional_key(
        "Cost of a payment instrument, 0 to 10^6.", BY_CATALOG
    )
    address_day_usd: UnitPrice | None = optional_key(
        "Cost of an address for a day, 0 to 10^6.", BY_CATALOG
    )
    delay_usd_per_account_day: UnitPrice | None = optional_key(
        "Cost of a day on which a place for an account stands empty, 0 to 10^6.", BY_CATALOG
    )
    replacement_share: Share | None = optional_key(
        "Share of banned accounts replaced (AD1).", BY_CATALOG
    )
    replacement_delay_h: Hours | None = optional_key(
        "Hours until they are, 0 to 87,840 (AD1).", BY_CATALOG
    )
    warm_up_days: DayCount | None = optional_key(
        "Days for which a new account sends nothing from the list, 0 to 3,660 (AD11).", BY_CATALOG
    )
    feedback_share: Share | None = optional_key(
        "Share of losses that teach something (AD12).", BY_CATALOG
    )
    feedback_step: PositiveShare | None = optional_key(
        "Factor on what is thought to have caused a loss, above 0 to 1 (AD12).", BY_CATALOG
    )
    feedback_lag_h: HourCount | None = optional_key(
        "Hours until it acts, 0 to 87,840 (AD12).", BY_CATALOG
    )
    feedback_error: Share | None = optional_key(
        "Share of losses put down to the wrong cause (AD12).", BY_CATALOG
    )
