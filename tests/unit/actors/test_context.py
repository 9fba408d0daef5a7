"""What follows from the data of an actor: times, slots, warm-up, uptake."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.catalog import operator
from sim.population.population import build_population
from sim.scaffold.expected_calls import mean_session_calls
from sim.world.attempts import Attempts
from tests.support.contexts import context_of
from tests.support.scenarios import DAY_US, HOUR_US, at_separability, coders, lab, pool, scenario


def test_an_actor_works_until_it_is_done_or_the_log_closes() -> None:
    assert context_of(pool(), days=2.0).working_us == 2 * DAY_US
    assert context_of(pool(starts_us=HOUR_US), days=2.0).working_us == 2 * DAY_US - HOUR_US
    short = pool(starts_us=HOUR_US, lasts_us=5 * HOUR_US)
    assert context_of(short, days=2.0).working_us == 5 * HOUR_US


def test_the_log_holds_attempts_from_its_opening_to_before_its_end() -> None:
    begins = np.array([-1, 0, 5, DAY_US - 1, DAY_US])
    attempts = Attempts(*[begins] * 6)
    inside = context_of(coders(1)).is_in_log(attempts)
    assert inside.tolist() == [False, True, True, True, False]


def test_who_behaves_in_the_own_way_works_off_the_queue() -> None:
    context = context_of(pool(6))
    assert context.queue_slots == 6
    mode = np.array([0, 0, 0, 1, 1, 2])
    context = replace(context, accounts=replace(context.accounts, mode=mode))
    assert context.queue_slots == 3
    assert context_of(coders(4)).queue_slots == 0


def test_first_accounts_are_those_of_the_slots() -> None:
    context = context_of(coders(5))
    fewer = replace(context, actor=context.actor.model_copy(update={"accounts": 3}))
    assert len(fewer.first_accounts) == 3
    assert fewer.first_accounts.account_id.tolist() == context.accounts.account_id[:3].tolist()


def test_each_scaffold_belongs_to_a_behaviour() -> None:
    asked = at_separability(scenario(coders(5)), 0.5)
    [context] = build_population(asked).contexts
    names = [agent.id for agent in context.agents]
    whose = [name for behaviour in context.behaviours for name in behaviour.agents]
    assert names == whose
    assert [names[k] in b.agents for k, b in enumerate(context.behaviour_of_agent)] == [True] * len(
        names
    )
    assert context.behaviour_of_agent[0] is context.actor
    pairs = zip(context.behaviour_of_agent, names, strict=True)
    assert context.session_calls.tolist() == [mean_session_calls(b, name) for b, name in pairs]


def test_new_accounts_of_an_operator_warm_up() -> None:
    context = context_of(pool(3, operator={**operator(), "warm_up_days": 0.5}))
    created = np.array([-DAY_US, 0, HOUR_US])
    context = replace(context, accounts=replace(context.accounts, created_us=created))
    assert context.warm_up_us == DAY_US // 2
    assert context.ready_us.tolist() == (created + DAY_US // 2).tolist()
    account, at = np.array([0, 1, 1, 2]), np.array([0, DAY_US // 2 - 1, DAY_US // 2, DAY_US])
    assert context.warms_up(account, at).tolist() == [False, True, False, False]


def test_accounts_without_an_operator_are_ready_at_once() -> None:
    context = context_of(coders(3))
    assert context.warm_up_us == 0
    assert context.ready_us.tolist() == context.accounts.created_us.tolist()
    assert not context.warms_up(np.arange(3), context.accounts.created_us - 1).any()


def test_organisations_take_up_a_model_in_their_own_share() -> None:
    context = context_of(coders(3))
    pivot = np.array([2.0, 0.5, 0.0])
    context = replace(context, accounts=replace(context.accounts, pivot=pivot))
    uniform = np.array([0.6, 0.2, 0.1, 0.0])
    scaled = context.uptake_uniforms(np.array([0, 1, 2, 2]), uniform)
    assert scaled == pytest.approx([0.3, 0.4, 1e11, 0.0])


def test_accounts_are_numbered_through_the_scenario() -> None:
    population = build_population(scenario(coders(4), lab(), coders(3, "others")))
    first = [context.first_account for context in population.contexts]
    assert first == [0, 4, 12]
    for context, low in zip(population.contexts, first, strict=True):
        rows = slice(low, low + len(context.accounts))
        assert context.accounts.account_id.tolist() == population.accounts.account_id[rows].tolist()
        assert np.shares_memory(context.accounts.volume, population.accounts.volume)
