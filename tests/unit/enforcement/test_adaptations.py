"""Adaptations AD2 to AD12 of operators, each with its dial and without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.engine.run import run
from sim.population.population import build_population
from sim.tables.words import PromptSource
from tests.support.campaigns import HARSH, a16, asked, exchanges, sessions_of
from tests.support.scenarios import DAY_US, HOUR_US, read, simulated


def synchrony(rows: Any) -> float:
    """Mean correlation of the hourly counts of two accounts."""
    table = np.zeros((60, int(rows["ts"].max() // HOUR_US) + 1))
    np.add.at(table, (rows["account"], rows["ts"] // HOUR_US), 1)
    table = table[table.sum(axis=1) > 0]
    of_pairs = np.corrcoef(table)[np.triu_indices(len(table), 1)]
    return float(of_pairs.mean())


WAVES = (
    "id: ring, typology: A18, accounts: 60, account_volume_sigma: 0, agentic_share: 0, tier: none, "
    "exchanges_per_account_day: 3, waves_sigma: 0.8, rhythm: {strength: 0}, "
    "turns_per_session: {single_share: 1, more: 1}, batch_share: 0, spells_per_day: 0, "
    "burst_size: 1, peak_spread_h: 0, night_share: 0"
)


def test_jitter_lowers_synchrony() -> None:
    """AD2: pauses change by a factor, so bursts that are denser than pauses stay."""
    together, apart = (
        synchrony(exchanges(f"{WAVES}, jitter_sigma: {sigma}", days=10)) for sigma in (0, 0.7)
    )
    assert together > 0.15
    assert apart < 0.85 * together


def test_a_cap_bounds_the_volume_of_accounts() -> None:
    """AD3: accounts above it send no more than it on average."""
    ring = sessions_of("A18", ", rhythm: {strength: 0, weekend: 1}", accounts=80, per_day=90)
    free = exchanges(f"{ring}, most_per_account_day: 1000", days=1)
    capped = exchanges(f"{ring}, most_per_account_day: 20", days=1)
    assert len(free) / 80 > 60
    assert len(capped) / 80 < 30


SINGLE = "turns_per_session: {single_share: 1}, agentic_share: 0"


@pytest.mark.parametrize("share", [0.001, 0.3, 0.9])
def test_list_share_is_that_of_tasks(share: float) -> None:
    """AD4, and mixtures of A17 from hardly any to a third."""
    ring = sessions_of(
        "A17", f", list_share: {share}, list_share_concentration: 1000000, {SINGLE}", 40, 120
    )
    _, tasks = simulated(asked(ring, days=3))
    excess = (tasks["kind"] == PromptSource.LIST) - share
    # the tasks of one session are alike, so the error is that of sums over accounts
    error = np.sqrt((excess.groupby(tasks["account"]).sum() ** 2).sum()) / len(tasks)
    assert abs(excess.mean()) < 4 * error < 0.6


def lag_one(balance: str) -> float:
    """Autocorrelation of which account takes the next task, as being the same or not."""
    pool = a16(f", balance: {balance}, account_volume_sigma: 0", accounts=6)
    _, tasks = simulated(asked(pool))
    place = tasks[tasks["round"] >= 0].sort_values("serial")["account"].to_numpy()
    same = np.mean(place[1:] == place[:-1])
    return float(same - 1 / 6)


def test_round_robin_never_takes_the_same_account_twice() -> None:
    """AD5."""
    assert lag_one("round_robin") == pytest.approx(-1 / 6)
    assert abs(lag_one("random")) < 0.1


def test_cloud_platforms_hide_networks_and_cards(tmp_path: Path) -> None:
    """AD6."""
    run(asked(sessions_of("A18", ", cloud_share: 0.5", accounts=60)), tmp_path / "run")
    rows = read(tmp_path / "run", "log/exchanges")
    cloud = rows["platform"] != "first_party"
    assert rows.loc[cloud, ["ip_hash", "ip24_hash", "asn"]].isna().all(axis=None)
    assert rows.loc[~cloud, ["ip_hash", "ip24_hash", "asn"]].notna().all(axis=None)
    accounts = read(tmp_path / "run", "log/accounts")
    pays = set(read(tmp_path / "run", "log/account_payment")["account_id"])
    assert pays == set(accounts.loc[accounts["platform"] == "first_party", "account_id"])
    assert abs((accounts["platform"] != "first_party").mean() - 0.5) < 5 * np.sqrt(0.25 / 60)


def test_rhythm_is_that_of_local_time() -> None:
    """AD7."""
    ring = WAVES.replace("waves_sigma: 0.8, rhythm: {strength: 0}", "rhythm: {strength: 1}")
    made = asked(ring, days=5)
    rows, _ = simulated(made)
    offset = build_population(made).contexts[0].accounts.utc_offset_h[rows["account"]]
    local = (rows["ts"].to_numpy() // HOUR_US + offset) % 24
    day = np.abs((local - 15 + 12) % 24 - 12) < 6
    assert day.mean() > 0.7


def distance(more: str) -> float:
    """Mean share of bits in which hashes of prompts on one topic differ."""
    rows = exchanges(sessions_of("A18", f", topics: 1, {more}", accounts=30), days=1)
    hashes = rows.drop_duplicates("session")["prompt"].to_numpy()[:300]
    bits = np.unpackbits(hashes.view(np.uint8).reshape(-1, 8), axis=1)
    return float((bits[1:] != bits[:-1]).mean())


def test_rewording_and_more_templates_move_prompts_apart() -> None:
    """AD8."""
    found = [distance(f"paraphrase_sigma: {s}, templates: 1") for s in (0, 1, 3)]
    assert found[0] + 0.02 < found[1] < found[2] - 0.02
    assert distance("paraphrase_sigma: 0, templates: 150") > found[0] + 0.05


def degree(more: str, column: str) -> float:
    """Mean number of accounts with one value."""
    accounts = build_population(asked(sessions_of("A19", more, accounts=400))).contexts[0].accounts
    return 400 / len(np.unique(getattr(accounts, column)))


def test_accounts_share_addresses_and_cards_as_is_said() -> None:
    """AD9, AD10."""
    alone = "popular_address_share: 0, pooled_card_share: 0, bought_share: 0"
    large = f", {alone}, cohort_size: 50"
    assert degree(f"{large}, accounts_per_ip: 1", "ip") < 1.25
    assert 5 < degree(f"{large}, accounts_per_ip: 10", "ip") < 12
    assert degree(f", {alone}, shared_card_share: 1, accounts_per_card: 1", "instrument") < 1.1
    assert 6 < degree(f", {alone}, shared_card_share: 1, accounts_per_card: 8", "instrument") < 11


def test_a_new_account_warms_up_before_it_works_on_the_list() -> None:
    """AD11."""
    more = ", list_share: 1, lifetime_days: 3, dormant_share: 0, cohort_size: 1"
    warm = sessions_of("A19", f"{more}, operator: {{warm_up_days: 1.5}}", accounts=40)
    made = asked(warm)
    rows, tasks = simulated(made)
    created = build_population(made).contexts[0].accounts.created_us[rows["account"]]
    listed = rows["kind"] == PromptSource.LIST
    sessions = rows[listed].groupby("session")["ts"].min()
    assert sessions.min() >= (created + 1.5 * DAY_US).min() - HOUR_US
    assert 0.2 < listed.mean() < 0.9
    assert (
        simulated(asked(sessions_of("A19", more, accounts=40)))[1]["kind"] == PromptSource.LIST
    ).all()
    assert len(tasks)


def test_what_is_learned_lowers_the_volume_of_later_accounts() -> None:
    """AD12."""
    rules = HARSH.replace("rule_rate_per_day: 0, noise_rate_per_day: 1", "rule_rate_per_day: 3")
    learns = "feedback_share: 1, feedback_step: 0.3, feedback_lag_h: 0, feedback_error: 0"
    ring = sessions_of("A18", accounts=40, per_day=300) + ", most_per_account_day: 10000"
    rules = rules.replace("{", "{volume_threshold: 200, ")
    replaces = "replacement_share: 1, replacement_delay_h: 0.5"
    factors = []
    for learning in ("feedback_share: 0", learns):
        actor = f"{ring}, operator: {{{replaces}, {learning}}}"
        accounts = build_population(asked(actor, enforcement=rules)).contexts[0].outcome.accounts
        later = accounts.generation > 0
        assert later.sum() > 10
        factors.append(float(accounts.volume_factor[later].mean()))
    assert factors[0] == 1
    assert factors[1] < 0.6
