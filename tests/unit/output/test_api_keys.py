"""API keys and workspaces: which an account has, and which its exchanges use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.output.api_keys import ApiKeys, api_keys
from sim.population.population import Population, build_population
from sim.scenario.resolved import Scenario
from tests.support.scenarios import DAY_US, coders, constant, make_actor, pool, scenario

DIALS: dict[str, Any] = {
    "keys_per_account": 3.0,
    "workspaces_per_organisation": 4.0,
    "organisations": 500,
}
ASKED = scenario(coders(2_000, **DIALS))


@pytest.fixture(scope="module")
def population() -> Population:
    return build_population(ASKED)


@pytest.fixture(scope="module")
def keys(population: Population) -> ApiKeys:
    return api_keys(population)


def test_accounts_have_keys_and_organisations_workspaces_of_the_mean_of_the_actor(
    population: Population,
) -> None:
    accounts = population.accounts
    assert accounts.keys.mean() == pytest.approx(3, rel=0.1)
    first = np.unique(accounts.organisation, return_index=True)[1]
    assert accounts.workspaces[first].mean() == pytest.approx(4, rel=0.2)
    assert (accounts.workspaces == accounts.workspaces[first][accounts.organisation]).all()


def test_no_key_is_that_of_two_accounts_and_no_workspace_that_of_two_organisations(
    population: Population, keys: ApiKeys
) -> None:
    assert len(np.unique(keys.key_id)) == len(keys.key_id)
    organisation = population.accounts.organisation[keys.account]
    pairs = np.unique(np.stack([keys.workspace_id, organisation]), axis=1)
    assert pairs.shape[1] == len(np.unique(keys.workspace_id))
    shown = np.unique(keys.workspace_id[organisation == organisation[0]])
    assert 1 <= len(shown) <= population.accounts.workspaces[keys.account[0]]


def test_a_session_uses_one_key_which_was_made_by_then_and_is_not_revoked(
    population: Population, keys: ApiKeys
) -> None:
    rng = np.random.default_rng(1)
    rows = {"account": rng.integers(0, 2_000, 50_000), "session": rng.integers(0, 9, 50_000)}
    used = keys.used(population, rows)
    assert (keys.account[used] == rows["account"]).all()
    assert (keys.created_us[used] <= 0).all()
    assert (keys.revoked_us[used] == 0).all()
    assert (keys.used(population, rows) == used).all()
    several = population.accounts.keys[rows["account"]] > 1
    assert len(np.unique(used[several])) > 1.5 * len(np.unique(rows["account"][several]))


def test_some_keys_were_replaced_within_the_life_of_their_account(
    population: Population, keys: ApiKeys
) -> None:
    created_us = population.accounts.created_us[keys.account]
    assert (keys.created_us >= created_us).all()
    replaced = keys.revoked_us < 0
    assert 0.2 < replaced.sum() / len(population.accounts) < 0.4
    assert (keys.created_us[replaced] < keys.revoked_us[replaced]).all()
    successor = keys.first[keys.account[replaced]]
    assert keys.created_us[successor].tolist() == keys.revoked_us[replaced].tolist()


def test_a_key_that_is_replaced_soon_has_a_time_of_its_own(
    population: Population, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.output.api_keys._FIRST_KEY_US", 1e15)
    keys = api_keys(population)
    replaced = keys.revoked_us < 0
    assert (keys.created_us[replaced] < keys.revoked_us[replaced]).all()
    assert len(np.unique(keys.created_us)) == len(keys.created_us)


def test_who_sends_through_the_account_of_another_uses_its_keys() -> None:
    host = make_actor("gateway", "L05", accounts=4, keys_per_account=3.0)
    guest = make_actor("guest", "A17", accounts=6, through="gateway", tier="none")
    both: Scenario = scenario(host, guest)
    population = build_population(both)
    keys = api_keys(population)
    of_host = set(keys.key_id[keys.account < 4].tolist())
    assert set(keys.key_id[keys.account >= 4].tolist()) <= of_host


def test_keys_of_accounts_that_come_within_the_log_are_made_before_these_begin() -> None:
    """Each at a time of its own, the first within ten minutes; all before the log closes."""
    made = build_population(scenario(coders(3_000, **DIALS, lifetime_days=constant(20.0)), days=60))
    keys, accounts, closes_us = api_keys(made), made.accounts, made.scenario.clock.duration_us
    late = np.flatnonzero((accounts.created_us > 0) & (accounts.created_us < closes_us))
    assert len(late) > 1_000
    of_late = np.flatnonzero(np.isin(keys.account, late))
    account = keys.account[of_late]
    waits_us = keys.created_us[of_late] - accounts.created_us[account]
    assert (waits_us > 0).mean() > 0.999
    assert (keys.created_us[of_late] <= np.minimum(accounts.begins_us[account], closes_us)).all()
    is_first = of_late == keys.first[account]
    assert waits_us[is_first].max() <= 600e6
    assert np.median(waits_us[~is_first]) > 3_600e6
    assert len(np.unique(waits_us)) > 0.99 * len(waits_us)
    assert (keys.revoked_us[of_late] == 0).all()


def test_keys_of_accounts_whose_work_starts_late_are_made_within_minutes() -> None:
    """Accounts that are there from then on to the end have no time at which they begin."""
    work = pool(200, keys_per_account=3.0, lifetime_days=None, starts_us=40 * DAY_US)
    made = build_population(scenario(work, days=60))
    keys, accounts = api_keys(made), made.accounts
    late = accounts.created_us[keys.account] > 0
    waits_us = (keys.created_us - accounts.created_us[keys.account])[late]
    assert late.sum() > 100
    assert waits_us.min() > 0
    assert waits_us.max() <= 600e6
