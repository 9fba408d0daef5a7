"""Small providers and accounts, and what the tests of enforcement read from an outcome."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.enforcement.decide import decide
from sim.enforcement.outcome import (
    Outcome,
)
from sim.enforcement.watched import Watched
from sim.scenario.enforcement_policy import Enforcement, Operator
from sim.streams import Streams
from tests.support.scenarios import DAY_US, HOUR_US, constant

QUIET = Enforcement(
    rule_rate_per_day=0, noise_rate_per_day=0, sweep_probability=0, bystander_rate_per_day=0
)
# every alert is a ban at once: no verification is ever passed, and none takes time
BANS: dict[str, Any] = {
    "rule_delay_h": constant(0),
    "rate_limit_share": 0,
    "step_up_share": 1,
    "step_up_h": constant(0),
    "genuine_passes": 0,
    "operator_passes": 0,
    "appeal_success": 0,
    "sweep_probability": 0,
    "bystander_rate_per_day": 0,
}
LIMITS = {**BANS, "rate_limit_share": 1, "step_up_share": 0}
REVIEWS = {
    **BANS,
    "rate_limit_share": 0,
    "step_up_share": 0,
    "review_delay_h": constant(0),
    "review_sensitivity": 1,
    "review_false_share": 1,
    "suspend_share": 0,
}


def noisy(dials: dict[str, Any], per_day: float, **more: Any) -> Enforcement:
    """Alerts out of nothing only."""
    return Enforcement(**{**dials, "rule_rate_per_day": 0.0, "noise_rate_per_day": per_day, **more})


def watch(
    slots: int,
    daily: float = 100.0,
    *,
    address: int = 1,
    refusals: float = 0.0,
    extracts: bool = False,
    operated: bool = False,
    group: int = 1,
) -> Watched:
    """Equal accounts, `group` of them to an organisation."""
    return Watched(
        organisation=np.arange(slots) // group,
        daily_exchanges=np.full(slots, daily),
        accounts_on_address=np.full(slots, address),
        accounts_on_card=np.ones(slots, np.int64),
        refusals_per_day=np.full(slots, refusals),
        extracts=np.full(slots, extracts),
        operated=operated,
    )


def run(
    watched: Watched,
    rules: Enforcement,
    operator: Operator | None = None,
    days: float = 28,
    seed: int = 1,
) -> Outcome:
    return decide(watched, rules, operator, round(days * DAY_US), Streams(seed), "actor")


def same(first: Outcome, second: Outcome) -> bool:
    """Whether all columns and counts are equal."""
    return _flat(first) == _flat(second)


def _flat(outcome: Outcome) -> list[Any]:
    return [
        [(k, v.tolist()) for k, v in vars(part).items()] if hasattr(part, "__dict__") else part
        for part in vars(outcome).values()
    ]


def of(outcome: Outcome, action: int) -> Any:
    """(times in days, accounts, channels) of the actions of a kind."""
    a = outcome.actions
    chosen = a.action == action
    return a.at_us[chosen] / DAY_US, a.account[chosen], a.channel[chosen]


def idle_h(outcome: Outcome) -> Any:
    """Hours between bans and the accounts that came instead."""
    x = outcome.accounts
    later = np.flatnonzero(x.generation > 0)
    return (x.from_us[later] - x.until_us[later - 1]) / HOUR_US


def close(share: float, expected: float, count: int) -> bool:
    """Within four standard errors of a share of `count`."""
    return abs(share - expected) < 4 * math.sqrt(expected * (1 - expected) / count)


def logistic(x: float, threshold: float, slope: float = 3.0) -> float:
    return 1 / (1 + math.exp(-slope * math.log(x / threshold)))
