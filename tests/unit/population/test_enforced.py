"""What enforcement watches of slots, and the operator that it meets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.catalog import operator
from sim.enforcement.budget import Budget
from sim.population.enforced import operator_with_costs, watched_slots
from sim.scaffold.expected_calls import mean_session_calls
from tests.support.contexts import context_of
from tests.support.scenarios import DAY_US, coders, make_actor, pool


def test_slots_are_watched_by_rate_sharing_and_refusals() -> None:
    actor = coders(4, refusal_share=0.1, library="none")
    other = actor.model_copy(update={"refusal_share": 0.3, "agentic_share": 0.0})
    context = context_of(actor)
    accounts = replace(
        context.accounts,
        mode=np.array([0, 1, 0, 1]),
        ip=np.array([5, 5, 6, 5]),
        agent=np.array([0, 1, 0, 1]),
        instrument=np.array([1, 2, 2, 3]),
        organisation=np.array([0, 0, 1, 1]),
    )
    per_day = np.array([10.0, 20.0, 30.0, 40.0])
    begins, ends = np.arange(4) * DAY_US, np.arange(4) * DAY_US + 5
    watched = watched_slots(actor, (actor, other), accounts, per_day, (begins, ends))
    assert watched.daily_exchanges.tolist() == per_day.tolist()
    assert watched.accounts_on_address.tolist() == [3, 3, 1, 3]
    assert watched.accounts_on_card.tolist() == [1, 2, 2, 1]
    assert watched.organisation.tolist() == [0, 0, 1, 1]
    calls = np.array([mean_session_calls(x, "coding-cli") for x in (actor, other)] * 2)
    refusals = np.array([0.1, 0.3] * 2)
    assert watched.refusals_per_day == pytest.approx(per_day / calls * refusals)
    assert watched.begins_us.tolist() == begins.tolist()
    assert watched.ends_us.tolist() == ends.tolist()
    assert not watched.operated
    assert not watched.extracts.any()


@pytest.mark.parametrize(
    ("typology", "list_share", "extracts"),
    [("A17", 0.4, True), ("A17", 0.0, False), ("L01", 0.4, False)],
)
def test_a_review_finds_extraction_where_a_list_is_worked_off(
    typology: str, list_share: float, extracts: bool
) -> None:
    actor = make_actor("ring", typology, accounts=3, list_share=list_share)
    context = context_of(actor)
    zeros = np.zeros(3, np.int64)
    watched = watched_slots(actor, (actor,), context.accounts, np.ones(3), (zeros, zeros + 1))
    assert watched.extracts.tolist() == [extracts] * 3


def test_an_operator_knows_what_its_accounts_cost() -> None:
    actor = pool(3, operator=operator(), verified_share=0.25)
    budget = Budget(30.0, 10.0, 500.0, 0.02)
    found = operator_with_costs(actor, budget)
    assert found is not None
    assert found.initial_usd == 30.0
    assert found.reserved_usd == 500.0
    assert found.per_replacement_usd == 10.0
    assert found.verified_share == 0.25


def test_who_uses_its_own_account_has_no_operator() -> None:
    budget = Budget.free()
    assert operator_with_costs(pool(3), budget) is None
    assert operator_with_costs(coders(3, operator=operator()), budget) is None
