"""What an operator pays for, and how far a budget reaches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.actors.context import ActorContext
from sim.catalog import models, operator
from sim.population.population import build_population
from sim.population.spending import first_accounts_usd, plan_budget, usd_per_exchange
from sim.scenario.enforcement_policy import Operator
from tests.support.contexts import context_of
from tests.support.scenarios import DAY_US, calm, constant, pool, scenario


def paying(budget_usd: float | None = None, **changes: Any) -> Operator:
    values = {
        **operator(),
        "account_usd": 2.0,
        "identity_usd": 10.0,
        "card_usd": 5.0,
        "address_day_usd": 1.5,
        "budget_usd": budget_usd,
        **changes,
    }
    return Operator.model_validate(values)


def campaign(**dials: Any) -> ActorContext:
    return context_of(pool(4, 8_000, operator=paying(), away_share=0.0, **dials), days=2.0)


def accounts_of(context: ActorContext) -> Any:
    """Four accounts with three addresses, two cards and one verified identity."""
    return replace(
        context.accounts,
        ip=np.array([1, 2, 3, 3]),
        instrument=np.array([7, 7, 8, 8]),
        verified=np.array([False, True, False, False]),
    )


def test_each_account_its_own_cards_and_addresses_once_each() -> None:
    context = campaign()
    accounts = accounts_of(context)
    cost = 4 * 2.0 + 1 * 10.0 + 2 * 5.0 + 3 * 2 * 1.5
    assert first_accounts_usd(context.actor, accounts, paying(), 2.0) == cost
    # away, each account has a second address
    away = context.actor.model_copy(update={"away_share": 0.1})
    assert first_accounts_usd(away, accounts, paying(), 2.0) == cost + 4 * 2 * 1.5


def test_without_a_limit_the_plan_is_what_is_asked_for() -> None:
    context = campaign()
    draws = replace(context.draws, accounts=accounts_of(context))
    budget, share = plan_budget(draws, paying(), 4_000.0, 2 * DAY_US)
    assert share == 1.0
    assert budget.first_usd == 37.0
    assert budget.replacement_usd == 37.0 / 4
    assert budget.usd_per_exchange == usd_per_exchange(draws)
    assert budget.tokens_usd == 8_000 * budget.usd_per_exchange


def test_four_fifths_of_what_is_left_go_to_tokens() -> None:
    context = campaign()
    draws = replace(context.draws, accounts=accounts_of(context))
    wanted = 8_000 * usd_per_exchange(draws)
    budget, share = plan_budget(draws, paying(37.0 + wanted / 2), 4_000.0, 2 * DAY_US)
    assert budget.tokens_usd == pytest.approx(0.8 * wanted / 2)
    assert share == pytest.approx(0.4)
    budget, share = plan_budget(draws, paying(37.0 + 2 * wanted), 4_000.0, 2 * DAY_US)
    assert (budget.tokens_usd, share) == (wanted, 1.0)


def test_who_cannot_pay_for_accounts_has_nothing_left_for_tokens() -> None:
    context = campaign()
    draws = replace(context.draws, accounts=accounts_of(context))
    budget, share = plan_budget(draws, paying(20.0), 4_000.0, 2 * DAY_US)
    assert (budget.tokens_usd, share) == (0.0, 0.0)
    assert plan_budget(draws, paying(20.0), 0.0, 2 * DAY_US)[1] == 1.0


def test_the_budget_of_a_context_scales_its_traffic() -> None:
    free = campaign()
    assert free.traffic_factor > 0
    limited = free.budget.first_usd + 0.5 * free.budget.tokens_usd / 0.8
    actor = free.actor.model_copy(update={"operator": paying(limited)})
    broke = context_of(actor, days=2.0)
    assert broke.traffic_factor == pytest.approx(0.5 * free.traffic_factor)
    assert broke.budget.tokens_usd == pytest.approx(0.5 * free.budget.tokens_usd)
    assert free.budget.tokens_usd == pytest.approx(8_000 * free.budget.usd_per_exchange)


def test_an_exchange_costs_the_list_price_of_its_tokens() -> None:
    """Single calls that cache nothing: context and answer at the list price."""
    model = models()["claude-sonnet-4.5"]
    dials = {"agentic_share": 0.0, "caching_share": 0.0, "models": {model.id: 1.0}}
    context = campaign(prewarm_share=0.0, refusal_share=0.0, **dials)
    rows = _log_of(context)
    cost = rows["uncached"] * model.input_usd_per_mtok + rows["output"] * model.output_usd_per_mtok
    found = usd_per_exchange(context.draws) * 1e6
    error = float(np.std(cost) * np.sqrt(1 / 512 + 1 / len(cost)))
    assert abs(found - cost.mean()) < 5 * error


def test_caching_makes_long_tasks_cheaper() -> None:
    dials: dict[str, Any] = {"agentic_share": 1.0, "tool_steps": constant(12)}
    plain, cached = (campaign(caching_share=share, **dials) for share in (0.0, 1.0))
    ratio = usd_per_exchange(cached.draws) / usd_per_exchange(plain.draws)
    # a read costs a tenth of the input price, a write a quarter more than it
    assert 0.1 < ratio < 0.7


def _log_of(context: ActorContext) -> Any:
    from tests.support.scenarios import simulated

    actor = context.actor.model_copy(update={"operator": None})
    rows, _ = simulated(scenario(actor, days=2.0, world=calm()))
    assert len(build_population(scenario(actor)).contexts) == 1
    return rows
