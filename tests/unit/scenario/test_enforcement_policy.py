"""Parameters of enforcement and of operators: defaults, ranges, and what a replacement costs."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

import sim.catalog as catalog
from sim.scenario.enforcement_policy import Enforcement, Operator


def test_defaults_are_the_values_of_the_catalog() -> None:
    assert Enforcement.model_validate(dict(catalog.enforcement())) == Enforcement()
    assert Operator.model_validate(dict(catalog.operator())) == Operator()


def test_alerts_are_answered_once_at_most() -> None:
    Enforcement(rate_limit_share=0.25, step_up_share=0.75)
    with pytest.raises(ValidationError, match="should add up to at most 1"):
        Enforcement(rate_limit_share=0.26, step_up_share=0.75)


@pytest.mark.parametrize(
    ("form", "key", "value"),
    [
        (Enforcement, "limit_factor", 1.0),
        (Enforcement, "limit_factor", -0.1),
        (Enforcement, "rule_slope", 0.0),
        (Enforcement, "noise_rate_per_day", -0.1),
        (Enforcement, "sweep_share_most", 1.1),
        (Operator, "feedback_step", 0.0),
        (Operator, "feedback_step", 1.1),
        (Operator, "budget_usd", -1.0),
        (Operator, "verified_share", -0.1),
    ],
)
def test_values_out_of_range_are_refused(form: Any, key: str, value: float) -> None:
    with pytest.raises(ValidationError, match=key):
        form(**{key: value})


@pytest.mark.parametrize(
    ("form", "key", "value"),
    [
        (Enforcement, "limit_factor", 0.0),
        (Enforcement, "noise_rate_per_day", 0.0),
        (Operator, "feedback_step", 1.0),
        (Operator, "budget_usd", 0.0),
    ],
)
def test_ends_of_ranges_are_taken(form: Any, key: str, value: float) -> None:
    assert getattr(form(**{key: value}), key) == value


def test_a_replacement_costs_an_account_a_card_and_the_share_of_an_identity() -> None:
    operator = Operator(account_usd=1.0, card_usd=2.0, identity_usd=40.0, verified_share=0.25)
    assert operator.replacement_usd == 13
    assert operator.model_copy(update={"per_replacement_usd": 7.0}).replacement_usd == 7
