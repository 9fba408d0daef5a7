"""How contexts are built: targets, hosts, replacements, limits, patience."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.actors.arrivals.rates import rates_per_day
from sim.actors.context import ActorContext
from sim.arrays.time import FOREVER_US
from sim.catalog import agents, limits_of
from sim.enforcement.budget import Budget
from sim.population.population import Population, build_population
from sim.scenario.resolved import Actor
from tests.support.campaigns import HARSH, REPLACES, a16, asked
from tests.support.contexts import context_of
from tests.support.scenarios import (
    DAY_US,
    HOUR_US,
    MONDAY,
    coders,
    constant,
    event,
    ordinary,
    pool,
    scenario,
)

# --- rates --------------------------------------------------------------------------------------


def expected_of(context: ActorContext) -> float:
    rates = rates_per_day(context, range(context.actor.accounts))
    return float((rates * context.occupied_share).sum()) * context.working_us / DAY_US


@pytest.mark.parametrize(
    "dials", [{}, {"starts_us": 6 * HOUR_US}, {"starts_us": 0, "lasts_us": 3 * HOUR_US}]
)
def test_slots_together_meet_the_target(dials: dict[str, Any]) -> None:
    context = context_of(pool(12, 5_000, account_volume_sigma=0.8, **dials), days=2.0)
    assert expected_of(context) == pytest.approx(5_000)


def test_slots_that_come_and_go_send_more_to_meet_the_target() -> None:
    context = context_of(pool(40, 5_000, lifetime_days=constant(0.5)), days=2.0)
    share = context.occupied_share
    assert 0.05 < share.mean() < 0.5
    assert expected_of(context) == pytest.approx(5_000)


def test_without_a_target_rates_are_those_of_the_typology() -> None:
    assert context_of(coders(5)).traffic_factor == 1.0
    assert context_of(coders(5)).budget == Budget.free()


# --- hosts --------------------------------------------------------------------------------------


def with_guest(**dials: Any) -> tuple[Population, ActorContext, ActorContext]:
    host = coders(6, "host", lifetime_days=constant(1.0))
    guest = pool(4, 2_000, "guest", through="host", **dials)
    population = build_population(scenario(guest, host, days=2.0))
    return population, *population.contexts  # type: ignore[return-value]


def test_a_guest_sends_through_accounts_of_its_host_while_they_live() -> None:
    _, guest, host = with_guest()
    row = [host.accounts.account_id.tolist().index(i) for i in guest.accounts.account_id.tolist()]
    assert len(set(row)) == 4
    assert row == sorted(row)
    for name in ("org_id", "api_key_id", "created_us", "instrument", "email_domain", "platform"):
        assert getattr(guest.accounts, name).tolist() == getattr(host.accounts, name)[row].tolist()
    for at in range(0, 2 * DAY_US, 7 * HOUR_US):
        there = host.timeline.at(np.array(row), np.full(4, at)).row >= 0
        assert (guest.timeline.at(np.arange(4), np.full(4, at)).row >= 0).tolist() == there.tolist()
    assert expected_of(guest) == pytest.approx(2_000)


def test_more_guests_than_accounts_share_them() -> None:
    host = coders(2, "host")
    guest = pool(5, 2_000, "guest", through="host")
    population = build_population(scenario(host, guest))
    _, context = population.contexts
    counts = np.unique(context.accounts.account_id, return_counts=True)[1]
    assert sorted(counts.tolist()) == [2, 3]


@pytest.mark.parametrize("own_network", [False, True])
def test_a_guest_may_have_a_network_of_its_own(own_network: bool) -> None:
    _, guest, host = with_guest(own_network=own_network)
    row = [host.accounts.account_id.tolist().index(i) for i in guest.accounts.account_id.tolist()]
    for name in ("client", "ip", "asn", "tcp_rtt_ms", "away_ip"):
        same = getattr(guest.accounts, name).tolist() == getattr(host.accounts, name)[row].tolist()
        assert same == (not own_network), name
    assert guest.accounts.volume.tolist() != host.accounts.volume[row].tolist()


# --- replacements -------------------------------------------------------------------------------


def test_banned_accounts_are_replaced_in_their_slot() -> None:
    population = build_population(asked(a16(f", {REPLACES}"), enforcement=HARSH, days=4))
    [context] = population.contexts
    tenures = context.outcome.accounts
    later = tenures.generation > 0
    assert later.sum() == context.outcome.replacements > 10
    assert len(context.accounts) == 20 + later.sum()
    a = context.accounts
    assert a.slot[20:].tolist() == tenures.slot[later].tolist()
    assert a.generation[20:].tolist() == tenures.generation[later].tolist()
    assert (a.created_us[20:] <= tenures.from_us[later]).all()
    assert context.templates.number[20:].tolist() == context.templates.number[a.slot[20:]].tolist()
    assert not np.isin(context.templates.prefix[20:], context.templates.prefix[:20]).any()
    at = tenures.from_us[later] + 1_000_000
    row = context.timeline.at(tenures.slot[later], at).row
    assert set(row.tolist()) <= {-1, *range(20, len(a))}
    assert (row >= 20).any()


def test_without_enforcement_everybody_stays() -> None:
    context = context_of(pool(5))
    assert context.timeline.never_ends
    assert len(context.accounts) == 5
    assert context.outcome.banned == 0


def test_what_the_provider_does_depends_on_rates() -> None:
    rules = (
        "{rule_rate_per_day: 5, noise_rate_per_day: 0, rule_delay_h: 0, rate_limit_share: 0, "
        "step_up_share: 0, sweep_probability: 0, volume_threshold: 300, sharing_threshold: 1e6, "
        "refusal_threshold: 1e6, rule_slope: 8}"
    )
    banned = [
        build_population(asked(a16(target=target), enforcement=rules)).contexts[0].outcome.alerts
        for target in (500, 200_000)
    ]
    assert banned[0] < banned[1]


# --- service and agents -------------------------------------------------------------------------


def test_limits_are_those_of_the_tier_in_each_segment() -> None:
    tight = event("limits", HOUR_US, 2 * HOUR_US, factor=0.5)
    context = context_of(coders(2, tier="tier-2"), world=ordinary(tight, burst=0.25))
    factors = context.service.conditions.provider.limits
    assert set(factors.tolist()) == {1.0, 0.5}
    for model_class, sizes in zip(
        context.service.models.classes, context.service.limits, strict=True
    ):
        limit = limits_of("tier-2", MONDAY.date())[model_class]
        assert sizes is not None
        stated = (limit.requests_per_min, limit.input_tokens_per_min, limit.output_tokens_per_min)
        for series, per_minute in zip(sizes, stated, strict=True):
            expected = [round(per_minute * factor) for factor in factors.tolist()]
            assert [size.per_minute for size in series] == expected
            tokens = [max(1, round(n * 0.25)) for n in expected]
            assert [size.tokens for size in series] == tokens
    assert context_of(coders(2, tier="none")).service.limits == [None] * len(
        context.service.models.classes
    )


def test_clients_resume_or_give_up() -> None:
    policy = context_of(coders(1, on_failure="give_up")).service.conditions.policy
    assert policy.resume_after_us is None
    resumes = context_of(coders(1, on_failure="resume", resume_after_s=2.5))
    assert resumes.service.conditions.policy.resume_after_us == 2_500_000
    assert policy.timeout_us == ordinary().timeout_us
    assert resumes.service.conditions.until_us == DAY_US


def test_a_behaviour_may_state_the_length_of_answers() -> None:
    plain = context_of(coders(1))
    assert list(plain.agents) == [agents()[name] for name in plain.actor.agents]
    short = context_of(coders(1, output_tokens=constant(7)))
    assert {agent.output_tokens for agent in short.agents} == {constant(7)}


def test_models_are_those_in_use_and_those_released() -> None:
    release = event("release", HOUR_US, model="claude-opus-4.5")
    actor = coders(1, models={"claude-sonnet-4.5": 1.0})
    population = build_population(scenario(actor, world=ordinary(release)))
    assert population.models.ids == ("claude-opus-4.5", "claude-sonnet-4.5")
    assert population.contexts[0].service.model_number.tolist() == [1]


# --- the population -----------------------------------------------------------------------------


def test_accounts_are_mapped_to_actors_and_agents() -> None:
    actors: list[Actor] = [coders(3), pool(4)]
    population = build_population(scenario(*actors))
    assert population.actor_of_account.tolist() == [0] * 3 + [1] * 4
    names = [population.agent_ids[k] for k in population.agent_of_account]
    for context in population.contexts:
        rows = range(context.first_account, context.first_account + len(context.accounts))
        expected = [context.agents[k].id for k in context.accounts.agent]
        assert [names[row] for row in rows] == expected
    assert list(population.agent_ids) == sorted(set(population.agent_ids))
    assert [t.id for t in population.typology_of_actor()] == ["L01", "A16"]
    assert not population.nobody().any()
    assert len(population.nobody()) == 7
    keys = [population.streams.key(actor.id, "task") for actor in actors]
    assert population.actor_key("task").tolist() == keys


def test_an_actor_does_not_depend_on_the_others() -> None:
    alone = context_of(coders(3))
    beside = build_population(scenario(pool(4), coders(3))).contexts[1]
    assert alone.accounts.account_id.tolist() == beside.accounts.account_id.tolist()
    assert alone.templates.number.tolist() == beside.templates.number.tolist()
    assert int(beside.timeline.at(np.array([0]), np.array([0])).until_us[0]) == FOREVER_US
