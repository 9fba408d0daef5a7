"""Who takes a ticket of a queue."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.actors.queue.load_balancing import POLICIES, balancer
from tests.support.scenarios import SHORT, lab, pool, scenario, simulated

# --- balance ------------------------------------------------------------------------------------


def shared_out(policy: str, tickets: int = 20_000, accounts: int = 40) -> tuple[Any, Any, Any]:
    """(calls, prompts, accounts chosen) of a pool that takes its tickets in blocks."""
    rng = np.random.default_rng(6)
    volume = np.exp(rng.standard_normal(accounts))
    choose = balancer(policy, volume)
    calls = rng.integers(1, 60, tickets)
    prompt = rng.integers(0, 2**63, tickets).astype(np.uint64)
    chosen = [choose(calls[k : k + 512], prompt[k : k + 512], rng) for k in range(0, tickets, 512)]
    return calls, prompt, np.concatenate(chosen)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_chooses_accounts_that_exist(policy: str) -> None:
    _, _, chosen = shared_out(policy)
    assert chosen.dtype == np.int64
    assert (chosen.min(), chosen.max()) == (0, 39)
    assert len(chosen) == 20_000


def test_round_robin_goes_through_the_accounts_in_turn() -> None:
    _, _, chosen = shared_out("round_robin")
    assert chosen.tolist() == [k % 40 for k in range(20_000)]


def test_least_used_keeps_all_accounts_within_one_task() -> None:
    calls, _, chosen = shared_out("least_used")
    used = np.bincount(chosen, calls)
    assert used.max() - used.min() <= calls.max()


def test_least_used_takes_the_account_with_the_fewest_exchanges() -> None:
    calls, _, chosen = shared_out("least_used", tickets=600)
    used = [0] * 40
    for n, account in zip(calls.tolist(), chosen.tolist(), strict=True):
        assert account == used.index(min(used))
        used[account] += n


def test_sticky_gives_a_prompt_to_the_same_account_again() -> None:
    choose, rng = balancer("sticky", np.ones(7)), np.random.default_rng(0)
    prompt = rng.integers(0, 2**63, 100).astype(np.uint64)
    calls = np.ones(100, np.int64)
    first, again = choose(calls, prompt, rng), choose(calls[::-1], prompt[::-1], rng)
    assert first.tolist() == again[::-1].tolist()


@pytest.mark.parametrize("policy", ["sticky", "random"])
def test_sticky_and_random_spread_evenly(policy: str) -> None:
    from scipy.stats import chisquare

    _, _, chosen = shared_out(policy)
    assert chisquare(np.bincount(chosen, minlength=40)).pvalue > 1e-3


def test_weighted_shares_tasks_in_proportion_to_volume() -> None:
    from scipy.stats import chisquare

    rng = np.random.default_rng(6)
    volume = np.exp(rng.standard_normal(40))
    _, _, chosen = shared_out("weighted")
    expected = volume / volume.sum() * len(chosen)
    assert chisquare(np.bincount(chosen, minlength=40), expected).pvalue > 1e-3


def test_the_policy_of_the_scenario_is_the_one_used() -> None:
    calls_per_account = {}
    for policy in ("round_robin", "least_used", "weighted"):
        actor = pool(20, 4_000, starts_us=0, balance=policy, **SHORT)
        _, tasks = simulated(scenario(actor))
        calls_per_account[policy] = tasks.groupby("account")["calls"].agg(["sum", "count"])
    counted, used, weighted = calls_per_account.values()
    assert np.ptp(counted["count"]) <= 1
    assert np.ptp(used["sum"]) <= 6  # the longest task
    assert np.ptp(weighted["count"]) > 50


def test_sticky_sends_an_item_through_one_account_in_every_run() -> None:
    _, tasks = simulated(scenario(lab(starts_us=0, balance="sticky"), days=2))
    assert tasks.groupby("item")["account"].nunique().max() == 1
    assert tasks["account"].nunique() == 8
