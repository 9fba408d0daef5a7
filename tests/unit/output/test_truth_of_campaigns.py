"""The truth about campaigns: adaptations that are switched on, money, and what was reached."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.catalog import models
from sim.output.account_usage import USAGE
from sim.output.achieved import ShardTally, Tally
from sim.output.entity_tables import entity_tables
from sim.output.truth_tables import adaptations, truth_campaigns
from sim.population.population import Population, build_population
from sim.scenario.enforcement_policy import Operator
from tests.support.enforcement import QUIET
from tests.support.scenarios import FLAT, HOUR_US, coders, event, ordinary, pool, scenario

# nothing of a pool adapts: accounts share much, and all is from the list at an even pace
PLAIN: dict[str, Any] = {
    "jitter_sigma": 0.0,
    "most_per_account_day": None,
    "list_share": 1.0,
    "balance": "round_robin",
    "cloud_share": 0.0,
    "rhythm": FLAT,
    "paraphrase_sigma": 0.0,
    "templates": 1,
    "away_share": 0.0,
    "accounts_per_ip": 2.0,
    "accounts_per_card": 2.0,
    "shared_card_share": 0.5,
    "operator": None,
}
OPERATOR = Operator(replacement_share=0.0, warm_up_days=0.0, feedback_share=0.0)


def switched_on(enforced: bool = True, **changes: Any) -> list[str]:
    """The adaptations of a pool that is plain but for some parameters."""
    actor = pool(4, 100).model_copy(update={**PLAIN, **changes})
    world = SimpleNamespace(enforcement=QUIET if enforced else None)
    stub: Any = SimpleNamespace(actor=actor, world=world)
    return adaptations(stub)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("AD1", {"operator": OPERATOR.model_copy(update={"replacement_share": 0.1})}),
        ("AD2", {"jitter_sigma": 0.1}),
        ("AD3", {"most_per_account_day": 5.0}),
        ("AD4", {"list_share": 0.9}),
        ("AD5", {"balance": "random"}),
        ("AD6", {"cloud_share": 0.1}),
        ("AD7", {"rhythm": FLAT.model_copy(update={"strength": 0.1})}),
        ("AD8", {"paraphrase_sigma": 0.1}),
        ("AD8", {"templates": 2}),
        ("AD9", {"away_share": 0.1}),
        ("AD9", {"accounts_per_ip": 1.9}),
        ("AD10", {"accounts_per_card": 1.9}),
        ("AD11", {"operator": OPERATOR.model_copy(update={"warm_up_days": 0.5})}),
        ("AD12", {"operator": OPERATOR.model_copy(update={"feedback_share": 0.1})}),
    ],
)
def test_each_adaptation_has_its_parameter(name: str, changes: dict[str, Any]) -> None:
    assert switched_on(**changes) == [name]


def test_a_plain_pool_adapts_to_nothing() -> None:
    assert switched_on() == switched_on(operator=OPERATOR) == []
    assert switched_on(templates=None) == []


def test_nobody_reacts_where_nothing_is_enforced() -> None:
    reacting = {"replacement_share": 0.1, "feedback_share": 0.1, "warm_up_days": 1.0}
    operator = OPERATOR.model_copy(update=reacting)
    assert switched_on(operator=operator) == ["AD1", "AD11", "AD12"]
    assert switched_on(enforced=False, operator=operator) == ["AD11"]


def test_cards_of_their_own_are_addresses_of_their_own_too() -> None:
    assert switched_on(shared_card_share=0.0) == ["AD9", "AD10"]


@pytest.fixture(scope="module")
def population() -> Population:
    """People, and a campaign that begins after an hour."""
    return build_population(
        scenario(coders(2), pool(3, 100, starts_us=HOUR_US, operator=Operator(budget_usd=500.0)))
    )


def test_a_campaign_is_summed_up_in_one_row(population: Population) -> None:
    usage = np.zeros(3, USAGE)
    usage["account"] = [0, 2, 4]
    usage["listed"] = [7, 20, 3]
    usage["nano_usd"] = [1, 2_000_000_000, 500_000_000]
    tally = Tally(population)
    tally.add(1, ShardTally(exchanges=30, asked_answered=28))
    context = population.contexts[1]

    [row] = truth_campaigns(population, tally, usage).to_pylist()
    opening = population.scenario.clock.start
    assert (row["actor_id"], row["typology_id"]) == ("pool", "A16")
    assert (row["accounts"], row["accounts_in_log"]) == (3, 2)
    assert (row["requested_exchanges"], row["achieved_exchanges"]) == (100, 28)
    assert row["extraction_exchanges"] == 23
    assert row["spent_tokens_usd"] == pytest.approx(2.5)
    assert (row["starts_at"] - opening).total_seconds() == 3_600
    worked = (row["ends_at"] - row["starts_at"]).total_seconds()
    assert worked == pytest.approx(context.working_us / 1e6)
    assert (row["budget_usd"], row["replacements"], row["accounts_banned"]) == (500.0, 0, 0)
    assert row["spent_replacements_usd"] == 0
    assert row["planned_usd"] > row["spent_identities_usd"] > 0


def test_a_campaign_without_a_bound_has_no_budget() -> None:
    unbound = build_population(scenario(pool(3, 100)))
    [row] = truth_campaigns(unbound, Tally(unbound), np.zeros(0, USAGE)).to_pylist()
    assert row["budget_usd"] is None
    assert (row["accounts_in_log"], row["extraction_exchanges"]) == (0, 0)


def test_a_scenario_without_campaigns_has_none() -> None:
    people = build_population(scenario(coders(2)))
    assert truth_campaigns(people, Tally(people), np.zeros(0, USAGE)).num_rows == 0


def test_the_catalog_of_models_tells_days_prices_and_what_became_newest(
    population: Population,
) -> None:
    tables = dict(entity_tables(population, np.zeros(0, USAGE)))
    rows = {row["model"]: row for row in tables["model_catalog"].to_pylist()}
    assert set(population.models.ids) == set(rows)
    for name, row in rows.items():
        entry = models()[name]
        released = np.datetime64(entry.released, "D").astype(datetime)
        assert row["released_at"] == datetime(
            released.year, released.month, released.day, tzinfo=UTC
        )
        assert row["input_usd_per_mtok"] == entry.input_usd_per_mtok
        assert row["output_usd_per_mtok"] == entry.output_usd_per_mtok
        assert row["context_window_tokens"] == entry.context_window_tokens


def test_a_release_within_the_log_makes_a_model_the_newest() -> None:
    made = build_population(scenario(coders(2)))
    name = made.models.ids[0]
    world = ordinary(event("release", HOUR_US, model=name))
    released = replace(made, scenario=made.scenario.model_copy(update={"world": world}))
    rows = dict(entity_tables(released, np.zeros(0, USAGE)))["model_catalog"].to_pylist()
    opening = made.scenario.clock.start
    latest = {row["model"]: row["latest_from"] for row in rows}
    assert (latest.pop(name) - opening).total_seconds() == 3_600
    assert set(latest.values()) <= {None}
