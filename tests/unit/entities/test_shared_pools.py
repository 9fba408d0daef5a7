"""Pools that strangers share: they meet in them, whoever else is there, and in every run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.arrays.time import DAY_US, HOUR_US
from sim.catalog import sharing_groups, typologies
from sim.entities import pools
from sim.entities.account_builder import AccountBuilder, Replacements
from sim.entities.accounts import Accounts
from sim.entities.behaviour import behaviours_of
from sim.entities.payments import CARD, PREPAID
from sim.entities.shared_pools import COMMON_DOMAINS, SharedPools
from sim.population.population import build_population
from sim.streams import Streams
from tests.support.scenarios import constant, make_actor, scenario

WORLD, OPENING_US = Streams(1), 1_767_571_200_000_000  # 2026-01-05
SHARED = SharedPools(WORLD)
NOTHING = {
    "popular_address_share": 0.0,
    "pooled_card_share": 0.0,
    "pooled_domain_share": 0.0,
    "bought_share": 0.0,
    "cohort_size": 1.0,
    "accounts_per_ip": 1.0,
}


def builder(
    name: str, shared: SharedPools = SHARED, opening_us: int = OPENING_US, **dials: Any
) -> AccountBuilder:
    """Two thousand accounts that draw from the pools as the dials say."""
    actor = make_actor(name, "A19", **{"accounts": 2_000, **NOTHING, **dials})
    return AccountBuilder(actor, behaviours_of(actor), Streams(7), shared, opening_us)


def drawn(name: str, **given: Any) -> Accounts:
    made = builder(name, **given)
    return made.signed_up(made.first_accounts(pools.clients(WORLD).weights), "first")


def in_common(name: str, first: Accounts, second: Accounts) -> int:
    """How many values of a column two actors have in common."""
    return len(set(getattr(first, name).tolist()) & set(getattr(second, name).tolist()))


def test_popular_addresses_are_of_the_kind_and_country_that_is_asked_for() -> None:
    n = 20_000
    rng = np.random.default_rng(1)
    kind, country = rng.integers(0, 5, n), rng.integers(0, len(pools.COUNTRIES), n)
    found = SHARED.exits(rng.random(n), kind, country)
    assert (found.asn_type == kind).all()
    assert (found.country == country).all()
    one = (kind == 0) & (country == 0)
    counts = np.sort(np.unique(found.ip[one], return_counts=True)[1])[::-1]
    assert counts[0] / one.sum() == pytest.approx(1 / (1 / np.arange(1, 21)).sum(), abs=0.06)
    per_prefix = np.unique(np.unique(found.ip[one]) >> 8, return_counts=True)[1]
    assert per_prefix.max() == 4


@pytest.mark.parametrize(
    ("dial", "column", "few"),
    [
        ("popular_address_share", "ip", 4),
        ("pooled_card_share", "instrument", 0),
        ("pooled_domain_share", "email_domain", COMMON_DOMAINS),
    ],
)
def test_strangers_meet_in_pools_and_hardly_elsewhere(dial: str, column: str, few: int) -> None:
    pooled = [drawn(name, **{dial: 0.3}) for name in ("these", "those")]
    assert in_common(column, *pooled) > few + 30
    assert in_common(column, *(drawn(name) for name in ("these", "those"))) <= few
    if column == "email_domain":  # the number of a domain is the same in all worlds, its id is not
        return
    elsewhere = drawn("those", shared=SharedPools(Streams(2)), **{dial: 0.3})
    assert in_common(column, pooled[0], elsewhere) < in_common(column, *pooled) / 2 + few


@pytest.mark.parametrize("cohort_size", [1.0, 500.0])
def test_addresses_of_pools_leave_the_mean_number_behind_one(cohort_size: float) -> None:
    asked = {"accounts_per_ip": 30.0, "cohort_size": cohort_size, "accounts": 20_000}
    behind = 20_000 / len(set(drawn("them", popular_address_share=0.1, **asked).ip.tolist()))
    assert 26 < behind < 36


def test_a_stolen_card_looks_like_a_card_and_is_the_same_for_all_who_have_it() -> None:
    own = drawn("them", stolen_card_share=0.2, prepaid_share=0.3, shared_card_share=0.5)
    assert own.stolen[own.card_kind == CARD].mean() == pytest.approx(0.2, abs=0.04)
    assert not own.stolen[own.card_kind != CARD].any()
    assert not drawn("them", stolen_card_share=0.0, pooled_card_share=0.5).stolen.any()
    dials = {"pooled_card_share": 0.5, "stolen_card_share": 0.3, "cloud_share": 0.0}
    everyone = [drawn(name, prepaid_share=0.3, **dials) for name in ("these", "those")]
    both = Accounts.joined(everyone)
    for column in ("stolen", "card_kind"):
        pairs = np.stack([both.instrument, getattr(both, column).astype(np.int64)])
        assert np.unique(pairs, axis=1).shape[1] == len(set(both.instrument.tolist()))
    shared = np.isin(everyone[0].instrument, everyone[1].instrument)
    assert set(everyone[0].card_kind[shared].tolist()) == {CARD, PREPAID}


def test_who_buys_of_one_batch_shares_its_hours_its_prefix_and_its_domain() -> None:
    bought = {"bought_share": 1.0, "cohort_size": 5.0}
    these, those = (drawn(name, **bought) for name in ("these", "those"))
    prefixes = set((these.signup_ip >> 8).tolist()) & set((those.signup_ip >> 8).tolist())
    assert len(prefixes) > 50
    alike = 0
    for prefix in sorted(prefixes)[:50]:
        mine, theirs = (a.rows(np.flatnonzero(a.signup_ip >> 8 == prefix)) for a in (these, those))
        both = Accounts.joined([mine, theirs])
        one_domain = len(set(both.email_domain.tolist())) == 1
        alike += int(one_domain and np.ptp(both.created_us) < 6 * HOUR_US)
    # a prefix serves another batch now and then
    assert alike >= 45
    assert in_common("ip", these, those) <= 4
    assert max(these.created_us.max(), those.created_us.max()) < 0


def test_batches_have_dates_of_their_own_in_all_runs_of_a_world() -> None:
    bought = {"bought_share": 1.0, "cohort_size": 5.0}
    week_us = 7 * DAY_US
    first, second = (
        drawn("them", **bought),
        drawn("them", opening_us=OPENING_US + week_us, **bought),
    )
    same = first.signup_ip >> 8 == second.signup_ip >> 8
    assert same.mean() > 0.2
    dates = first.created_us[same] + OPENING_US, second.created_us[same] + OPENING_US + week_us
    assert np.median(np.abs(dates[0] - dates[1])) < 6 * HOUR_US


def test_a_replacement_may_be_bought_too_and_is_then_older() -> None:
    n = 400
    replacements = Replacements(
        slot=np.arange(n),
        generation=np.ones(n, np.int64),
        from_us=np.full(n, 3 * DAY_US),
        sharing_factor=np.ones(n),
    )
    for share, aged in ((0.0, 0), (1.0, n)):
        made = builder("them", bought_share=share)
        first = made.first_accounts(pools.clients(WORLD).weights)
        new = made.with_replacements(first, replacements).rows(slice(2_000, None))
        assert (new.created_us < 3 * DAY_US).all()
        assert (new.created_us < -10 * DAY_US).sum() <= aged
        assert ((new.signup_ip >> 8) != (new.ip >> 8)).sum() >= 0.95 * aged


@pytest.mark.parametrize("separability", [0.0, 1.0])
def test_no_two_accounts_sign_up_in_one_microsecond_and_none_piles_up(separability: float) -> None:
    short: dict[str, Any] = {"lifetime_days": constant(1.0), "separability": separability}
    cohorts = {"organisations": 500, "cohort_size": 8.0, "cohort_days": 3.0}
    actor = make_actor("them", "A19", accounts=5_000, **short, **cohorts)
    created = build_population(scenario(actor, days=7)).accounts.created_us
    assert len(set(created.tolist())) == len(created)
    hours = np.bincount(created[created > -DAY_US] // HOUR_US + 24)
    assert hours.max() < 3 * max(hours.mean(), 20)


def test_every_typology_may_share_as_every_sharing_group_does() -> None:
    for typology in typologies().values():
        assert set(typology.defaults["circles"]) == set(sharing_groups())
        assert min(typology.defaults["circles"].values()) > 0
        assert sum(typology.defaults["circles"].values()) == pytest.approx(1)
