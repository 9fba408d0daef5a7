"""Enforcement at the ends of its dials: how often at most, at a cost by what it does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.enforcement.account_states import without_overlap
from sim.enforcement.decide import decide
from sim.enforcement.outcome import Outcome
from sim.scenario.enforcement_policy import Enforcement, Operator
from sim.streams import Streams
from sim.tables.words import BAN, RATE_LIMIT, STEP_UP
from tests.support.enforcement import watch
from tests.support.scenarios import DAY_US, HOUR_US, constant
from tests.torture.trials import time_limit

SECOND_US = 1_000_000
AT_ONCE = {
    "noise_rate_per_day": 1_000,
    "rule_rate_per_day": 1_000,
    "rule_delay_h": constant(0),
    "step_up_h": constant(0),
    "review_delay_h": constant(0),
    "appeal_days": constant(0),
    "sweep_probability": 0,
    "bystander_rate_per_day": 0,
}
LIMIT_ALL = {"rate_limit_share": 1, "step_up_share": 0, "limit_days": 3_660}
BAN_ALL = {"rate_limit_share": 0, "step_up_share": 1, "genuine_passes": 0, "operator_passes": 0}


def decided(horizon_us: int, operator: Operator | None = None, **dials: Any) -> Outcome:
    watched = watch(3, daily=1e7, operated=operator is not None)
    rules = Enforcement.model_validate({**AT_ONCE, **dials})
    with time_limit(60):
        return decide(watched, rules, operator, horizon_us, Streams(1), "a")


def test_a_slot_is_replaced_once_a_second_at_most() -> None:
    operator = Operator(replacement_share=1, replacement_delay_h=constant(0))
    found = decided(HOUR_US, operator, **BAN_ALL)
    assert found.replacements > 3 * 60
    lived = found.accounts.until_us - found.accounts.from_us
    assert lived[found.accounts.generation > 0].min() >= SECOND_US


@pytest.mark.parametrize(
    ("dials", "action"),
    [(LIMIT_ALL, RATE_LIMIT), ({**BAN_ALL, "appeal_success": 1}, STEP_UP)],
    ids=["limits that last", "bans that are lifted"],
)
def test_an_account_meets_one_case_a_second_at_most(dials: dict[str, Any], action: int) -> None:
    found = decided(DAY_US, **{"limit_factor": 0.99, **dials})
    times = found.actions.at_us[(found.actions.action == action) & (found.actions.account == 0)]
    assert len(times) > 1_000
    assert np.diff(times).min() >= SECOND_US


def test_pauses_that_overlap_are_laid_out_in_one_pass() -> None:
    spans = [(k, 200_000 + k, 0.3) for k in range(100_000)] + [(5, 7, 0.0), (9, 9, 0.1)]
    with time_limit(20):
        assert without_overlap(spans) == [(0, 5, 0.3), (5, 7, 0.0), (7, 299_999, 0.3)]
    assert without_overlap([(0, 2, 0.5), (2, 4, 0.5), (5, 6, 1.0), (6, 8, 0.0)]) == [
        (0, 4, 0.5),
        (6, 8, 0.0),
    ]


def test_bans_are_at_least_a_second_without_overlap() -> None:
    dials: dict[str, Any] = {**BAN_ALL, "appeal_success": 1}
    found = decided(HOUR_US, **dials)
    for number in range(3):
        mine = (found.actions.action == BAN) & (found.actions.account == number)
        assert np.diff(found.actions.at_us[mine]).min() >= SECOND_US
