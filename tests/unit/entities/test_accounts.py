"""Accounts: what is drawn for them, and rules on whom they share what with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.arrays.time import DAY_US
from sim.catalog import modes, sharing_groups
from sim.entities import pools
from sim.entities.account_builder import AccountBuilder, Replacements
from sim.entities.accounts import Accounts
from sim.entities.behaviour import OWN_MODE, Membership, behaviours_of, draw_membership
from sim.entities.networks import homes
from sim.entities.payments import CARD, CREDIT, INVOICE, MARKETPLACE, PREPAID, payments
from sim.entities.shared_pools import SharedPools
from sim.entities.sharing_groups import SharingGroups
from sim.scenario.resolved import Actor
from sim.streams import Streams
from tests.support.scenarios import constant, lognormal, make_actor

STREAMS = Streams(7)
CLIENTS = pools.clients(STREAMS)
SHARED = SharedPools(STREAMS)
OPENING_US = 1_767_571_200_000_000  # 2026-01-05


# Nothing comes from pools that strangers share, but for what a test says.
ALONE = {"popular_address_share": 0.0, "pooled_card_share": 0.0, "bought_share": 0.0}


def ring(n: int = 40, **parameters: Any) -> Actor:
    return make_actor("ring", "A19", accounts=n, **{**ALONE, **parameters})


def builder(actor: Actor) -> AccountBuilder:
    return AccountBuilder(actor, behaviours_of(actor), STREAMS, SHARED, OPENING_US)


def drawn(actor: Actor) -> Accounts:
    return builder(actor).first_accounts(CLIENTS.weights)


def fingerprint(accounts: Accounts) -> dict[str, float]:
    """A number for each column that changes with any of its values or their order."""
    weights = np.linspace(1, 2, len(accounts))
    found = {}
    for name, values in vars(accounts).items():
        small = np.nan_to_num(values.astype(np.float64), nan=-1.0)
        if np.abs(small).max() > 2**53:  # identifiers: their last bits
            small = (values & 0xFFFF).astype(np.float64)
        found[name] = float(f"{(small * weights).sum():.6g}")
    return found


def test_accounts_have_the_recorded_values() -> None:
    """Each draw is part of every run: another order, another name, another bound changes bytes."""
    plain = ring(organisations=25, uptake_concentration=3.0)
    assert fingerprint(drawn(plain)) == PLAIN
    shares = {"batch_share": 0.5, "thinking_share": 0.5, "separability": 0.5}
    mixed = make_actor("mixed", "L05", accounts=40, organisations=20, **shares)
    first = drawn(mixed)
    assert fingerprint(first) == MIXED
    replacements = Replacements(
        slot=np.array([3, 3, 9]),
        generation=np.array([1, 2, 1]),
        from_us=np.array([1, 2, 3]) * DAY_US,
        sharing_factor=np.array([1.0, 0.5, 2.0]),
    )
    both = builder(mixed).with_replacements(first, replacements)
    assert fingerprint(both.rows(slice(40, None))) == REPLACED
    kept = both.rows(slice(40))
    assert kept.account_id.tolist() == first.account_id.tolist()


def test_replacements_behave_as_the_first_account_of_their_slot_under_another_name() -> None:
    first = drawn(ring())
    replacements = Replacements(
        slot=np.array([3, 9]),
        generation=np.array([1, 1]),
        from_us=np.array([5, 6]) * DAY_US,
        sharing_factor=np.ones(2),
    )
    new = builder(ring()).with_replacements(first, replacements).rows(slice(40, None))
    same = ("mode", "agent", "model", "volume", "list_share", "moves_at", "thinks", "late_h")
    for name in (*same, "spells_per_day", "burst_size", "input_spread", "input_score"):
        assert (getattr(new, name) == getattr(first, name)[[3, 9]]).all()
    for name in ("account_id", "org_id", "instrument"):
        assert not set(getattr(new, name).tolist()) & set(getattr(first, name).tolist())
    assert new.organisation.tolist() == [40, 41]
    assert (new.slot.tolist(), new.generation.tolist()) == ([3, 9], [1, 1])
    lead = np.array([5, 6]) - new.created_us / DAY_US
    assert (lead > 0).all()
    assert (lead < 15).all()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95, 1.0])
def test_as_many_accounts_cache_as_the_share_says_and_the_large_ones_first(share: float) -> None:
    n = 4_000
    accounts = drawn(ring(n, caching_share=share, account_volume_sigma=1.0))
    caches = accounts.cache_lifetime_us > 0
    assert abs(caches.mean() - share) <= 4 * np.sqrt(share * (1 - share) / n)
    if 0 < share < 1:
        assert accounts.volume[caches].mean() > 1.2 * accounts.volume[~caches].mean()
    # the largest accounts cache, but if nobody or hardly anybody does
    if share > 0.9:
        assert caches[np.argsort(accounts.volume)[-n // 10 :]].all()


def test_accounts_have_hours_and_habits_of_their_own() -> None:
    """A normal spread in whole hours, a share by night; spells, bursts and lengths as drawn."""
    n = 4_000
    habits = {
        "spells_per_day": lognormal(6, 0.5),
        "burst_size": lognormal(1, 1.0),
        "input_spread": constant(0.25),
        "output_spread": lognormal(0.5, 1.0, 1),
    }
    accounts = drawn(ring(n, peak_spread_h=1.5, night_share=0.25, **habits))
    by_night = accounts.late_h > 6
    assert abs(by_night.mean() - 0.25) < 4 * 0.44 / np.sqrt(n)
    # rounding to whole hours adds a variance of a twelfth
    day = accounts.late_h[~by_night]
    assert abs(day.std() - np.sqrt(1.5**2 + 1 / 12)) < 0.08
    assert abs(day.mean()) < 0.12
    assert np.median(accounts.spells_per_day) == pytest.approx(6, rel=0.05)
    # half of them below 1: those are paced
    assert abs((accounts.burst_size < 1).mean() - 0.5) < 4 * 0.5 / np.sqrt(n)
    assert (accounts.input_spread == 0.25).all()
    assert accounts.output_spread.max() == 1
    for scores in (accounts.input_score, accounts.output_score):
        assert abs(scores.mean()) < 4 / np.sqrt(n)
        assert scores.std() == pytest.approx(1, abs=4 / np.sqrt(2 * n))


def test_nobody_is_more_than_a_day_late() -> None:
    late = drawn(ring(2_000, peak_spread_h=12.0, night_share=0.5)).late_h
    assert (late.min(), late.max()) == (-12, 24)


def test_types_are_narrow_and_hold_the_values() -> None:
    accounts = drawn(ring())
    assert accounts.card_kind.dtype == np.int8
    assert accounts.end_users.dtype == np.int32
    joined = Accounts.joined([accounts, accounts])
    assert len(joined) == 80
    assert (joined.rows(slice(40, None)).account_id == accounts.account_id).all()
    assert Accounts.joined([accounts]) is accounts


def test_an_actor_behaves_as_it_says_or_in_its_modes() -> None:
    actor = ring(output_tokens=constant(7))
    assert behaviours_of(actor) == (actor,)
    actor = ring(output_tokens=constant(7), separability=0.5)
    own, *others = behaviours_of(actor)
    assert own == actor
    for name, behaviour in zip(actor.modes, others, strict=True):
        shown = modes()[name].parameters
        assert behaviour.agents == shown["agents"]
        assert behaviour.output_tokens is None
        assert behaviour.list_share == actor.list_share


def membership(actor: Actor) -> Membership:
    return draw_membership(actor, behaviours_of(actor), STREAMS)


def test_accounts_follow_modes_in_their_shares_in_ascending_order() -> None:
    """Whatever the sizes of organisations are: shares are those of accounts."""
    n, actor = 40_000, ring(40_000, separability=0.3, organisations=2_000)
    assert (membership(ring(n)).mode == OWN_MODE).all()
    organisation, mode = membership(actor)
    assert (np.diff(mode) >= 0).all()
    assert set(np.diff(organisation).tolist()) == {0, 1}
    assert np.mean(mode == OWN_MODE) == pytest.approx(0.3, abs=0.06)
    for number, weight in enumerate(actor.modes.values(), start=1):
        assert np.mean(mode == number) == pytest.approx(0.7 * weight, abs=0.02)


def test_organisations_follow_one_mode_and_have_its_mean_size() -> None:
    actor = ring(60_000, separability=0.0)
    organisation, mode = membership(actor)
    first = np.flatnonzero(np.diff(organisation, prepend=-1))
    size = np.diff(np.append(first, len(organisation)))
    assert (mode == mode[first][organisation]).all()
    for number, name in enumerate(actor.modes, start=1):
        mean = modes()[name].parameters["accounts_per_organisation"]
        assert size[mode[first] == number].mean() == pytest.approx(mean, rel=0.1)


@pytest.mark.parametrize(("separability", "count"), [(1.0, 7), (0.5, 4)])
def test_a_stated_number_of_organisations_is_shared_by_those_of_the_own_mode(
    separability: float, count: int
) -> None:
    actor = ring(4_000, separability=separability, organisations=7)
    organisation, mode = membership(actor)
    size = np.bincount(organisation[mode == OWN_MODE])
    assert abs(len(size) - count) <= (separability < 1)
    assert size.max() - size.min() <= 1


def test_without_a_number_sizes_are_geometric_with_the_mean_of_the_actor() -> None:
    organisation, _ = membership(ring(20_000, accounts_per_organisation=4.0))
    assert np.bincount(organisation).mean() == pytest.approx(4, rel=0.1)
    assert membership(ring(5)).organisation.tolist() == [0, 1, 2, 3, 4]


def test_an_actor_of_fewer_accounts_than_organisations_has_one_for_each() -> None:
    """A typology states some organisations, whatever a scenario says of accounts."""
    assert membership(ring(3, organisations=8)).organisation.tolist() == [0, 1, 2]
    assert len(membership(ring(3, organisations=8, separability=0.5)).mode) == 3


def groups(n: int, separability: float = 1.0, **parameters: Any) -> SharingGroups:
    organisation = np.arange(n) // parameters.pop("members", 1)
    actor = ring(max(n, 1), **parameters)
    return SharingGroups(np.random.default_rng(1), actor, separability, organisation)


def test_cohorts_are_numbered_from_0_without_a_gap_and_divide_no_organisation() -> None:
    cohorts = groups(3_000, cohort_size=12.0, members=3)
    steps = np.diff(cohorts.cohort, prepend=-1)
    assert set(steps.tolist()) == {0, 1}
    assert (np.diff(cohorts.cohort.reshape(-1, 3)) == 0).all()
    assert 3_000 / (cohorts.cohort[-1] + 1) == pytest.approx(12, rel=0.15)
    assert cohorts.in_a_cohort.all()
    alone = groups(50, cohort_size=1.0)
    assert alone.cohort.tolist() == list(range(50))
    assert not alone.in_a_cohort.any()
    assert len(groups(0).parameter("cohort_size")) == 0


def test_accounts_share_as_their_actor_or_as_a_sharing_group_by_share_of_accounts() -> None:
    n = 60_000
    mixed = groups(n, 0.4, cohort_size=20.0, prepaid_share=0.77)
    share = mixed.parameter("prepaid_share")
    assert np.mean(share == 0.77) == pytest.approx(0.4, abs=0.05)
    actor = ring()
    for name, weight in actor.circles.items():
        of_group = np.mean(share == sharing_groups()[name].parameters["prepaid_share"])
        same = sum(
            w
            for other, w in actor.circles.items()
            if sharing_groups()[other].parameters["prepaid_share"]
            == sharing_groups()[name].parameters["prepaid_share"]
        )
        assert of_group == pytest.approx(0.6 * same, abs=0.06), weight


def test_a_cohort_of_several_is_in_one_network_and_strangers_are_not() -> None:
    cohorts = groups(2_000, cohort_size=10.0, accounts_per_ip=4.0)
    home = homes(np.random.default_rng(3), cohorts, np.full(2_000, 0.5), np.ones(2_000), SHARED)
    for cohort in range(20):
        of_cohort = cohorts.cohort == cohort
        assert len(set((home.first.ip[of_cohort] >> 8).tolist())) == 1
        assert len(set(home.first.country[of_cohort].tolist())) == 1
    assert (home.second.country == home.first.country).all()
    # one account in four, and the first of each cohort, takes up another address
    per_ip = 2_000 / len(set(home.first.ip.tolist()))
    assert per_ip == pytest.approx(1 / (1 / 4 + 3 / 4 / 10), rel=0.1)
    strangers = groups(2_000, cohort_size=1.0, accounts_per_ip=4.0)
    alone = homes(np.random.default_rng(3), strangers, np.zeros(2_000), np.ones(2_000), SHARED)
    assert 2_000 / len(set(alone.first.ip.tolist())) == pytest.approx(4, rel=0.06)
    assert (alone.first.asn_type > 0).all()


def paid(n: int, sharing: float = 1.0, by_cloud: bool = False, **parameters: Any) -> Any:
    cohorts = groups(n, **parameters)
    organisation = np.arange(n) // 2
    return payments(
        np.random.default_rng(4),
        "ring",
        cohorts,
        organisation,
        np.full(n, sharing),
        np.full(n, by_cloud),
        (STREAMS, 0),
        SHARED,
    )


def test_who_shares_no_card_pays_with_that_of_its_organisation() -> None:
    cards = paid(2_000, shared_card_share=0.0, prepaid_share=0.25)
    assert (cards.instrument[::2] == cards.instrument[1::2]).all()
    assert len(set(cards.instrument.tolist())) == 1_000
    kind = cards.kind[::2]
    rest = 0.75
    for code, share in ((PREPAID, 0.25), (INVOICE, 0.12 * rest), (CREDIT, 0.05 * rest)):
        assert np.mean(kind == code) == pytest.approx(share, abs=0.04)
    assert np.mean(kind == CARD) == pytest.approx(0.83 * rest, abs=0.05)
    assert (paid(50, by_cloud=True).kind == MARKETPLACE).all()


@pytest.mark.parametrize("sharing", [1.0, 2.0])
def test_who_shares_a_card_does_so_with_as_many_as_is_said(sharing: float) -> None:
    cards = paid(4_000, sharing, shared_card_share=1.0, accounts_per_card=5.0)
    assert 4_000 / len(set(cards.instrument.tolist())) == pytest.approx(5 * sharing, rel=0.08)


PLAIN: dict[str, float] = {
    "slot": 1306.67,
    "generation": 0.0,
    "account_id": 1952140.0,
    "org_id": 2339220.0,
    "organisation": 790.256,
    "cohort": 75.4615,
    "created_us": 7229780000000.0,
    "seller": -60.0,
    "stock_us": 382104000000000.0,
    "begins_us": 0.0,
    "ends_us": 0.0,
    "keys": 110.359,
    "workspaces": 76.6923,
    "verified": 13.3846,
    "email_domain": 587680.0,
    "signup_ip": 22901800.0,
    "signup_asn_type": 5.92308,
    "ip": 22901800.0,
    "asn": 3871040.0,
    "asn_type": 5.92308,
    "country": 76.4615,
    "away_ip": 261740000.0,
    "away_asn": 3874690.0,
    "away_asn_type": 86.8718,
    "utc_offset_h": -72.8462,
    "tcp_rtt_ms": 3496.52,
    "tls_rtt_ms": 6763.25,
    "platform": 13.2564,
    "instrument": 2164330.0,
    "card_kind": 51.5897,
    "stolen": 0.0,
    "mode": 0.0,
    "agent": 10.2308,
    "volume": 55.1737,
    "spells_per_day": 0.0,
    "burst_size": 60.0,
    "late_h": 0.0,
    "input_spread": 60.0,
    "output_spread": 60.0,
    "input_score": -6.92761,
    "output_score": 13.6162,
    "list_share": 32.6958,
    "end_users": 60.0,
    "abroad_share": 0.0,
    "client": 8344.82,
    "cache_lifetime_us": 28776900000.0,
    "streams_answers": 37.9487,
    "sends_conversation": 16.3333,
    "names_end_user": 3.79487,
    "thinks": 0.0,
    "long_context": 36.6923,
    "batches": 0.0,
    "temperature": -25.0051,
    "model": 33.1538,
    "second_model": 26.0513,
    "model_changes_us": 0.0,
    "asks_latest": 4.71795,
    "moves_at": 32.8874,
    "pivot": 66.9662,
}
MIXED: dict[str, float] = {
    "slot": 1306.67,
    "generation": 0.0,
    "account_id": 2153530.0,
    "org_id": 1859270.0,
    "organisation": 690.128,
    "cohort": 3626.9,
    "created_us": 6674820000000.0,
    "seller": -60.0,
    "stock_us": 265828000000000.0,
    "begins_us": 0.0,
    "ends_us": 0.0,
    "keys": 109.026,
    "workspaces": 97.5897,
    "verified": 47.1282,
    "email_domain": 703400.0,
    "signup_ip": 165687000.0,
    "signup_asn_type": 52.6667,
    "ip": 165687000.0,
    "asn": 3873220.0,
    "asn_type": 52.6667,
    "country": 191.103,
    "away_ip": 237348000.0,
    "away_asn": 3874310.0,
    "away_asn_type": 78.359,
    "utc_offset_h": 14.7692,
    "tcp_rtt_ms": 5546.63,
    "tls_rtt_ms": 6164.69,
    "platform": 7.87179,
    "instrument": 1085300.0,
    "card_kind": 49.1282,
    "stolen": 3.30769,
    "mode": 122.821,
    "agent": 283.359,
    "volume": 50.2808,
    "spells_per_day": 3773.7,
    "burst_size": 365.391,
    "late_h": 36.5641,
    "input_spread": 57.8034,
    "output_spread": 56.8747,
    "input_score": -6.13598,
    "output_score": -14.8386,
    "list_share": 0.0,
    "end_users": 15019.7,
    "abroad_share": 28.2128,
    "client": 9790.82,
    "cache_lifetime_us": 61923100000.0,
    "streams_answers": 33.3077,
    "sends_conversation": 13.8462,
    "names_end_user": 40.9487,
    "thinks": 24.2308,
    "long_context": 29.8205,
    "batches": 18.3846,
    "temperature": -31.4872,
    "model": 399.128,
    "second_model": 398.128,
    "model_changes_us": 0.0,
    "asks_latest": 6.05128,
    "moves_at": 29.2633,
    "pivot": 60.0,
}
REPLACED: dict[str, float] = {
    "slot": 25.5,
    "generation": 6.0,
    "account_id": 205260.0,
    "org_id": 142776.0,
    "organisation": 113.5,
    "cohort": 19.0,
    "created_us": 770919000000.0,
    "seller": -4.5,
    "stock_us": 37564600000000.0,
    "begins_us": 864000000000.0,
    "ends_us": 0.0,
    "keys": 4.5,
    "workspaces": 4.5,
    "verified": 4.5,
    "email_domain": 15.5,
    "signup_ip": 3538650.0,
    "signup_asn_type": 0.0,
    "ip": 3538650.0,
    "asn": 290356.0,
    "asn_type": 0.0,
    "country": 12.5,
    "away_ip": 21291200.0,
    "away_asn": 290628.0,
    "away_asn_type": 8.0,
    "utc_offset_h": 10.5,
    "tcp_rtt_ms": 666.467,
    "tls_rtt_ms": 675.467,
    "platform": 0.0,
    "instrument": 190480.0,
    "card_kind": 0.0,
    "stolen": 0.0,
    "mode": 0.0,
    "agent": 0.0,
    "volume": 0.814196,
    "spells_per_day": 0.0,
    "burst_size": 4.5,
    "late_h": 0.0,
    "input_spread": 4.5,
    "output_spread": 4.5,
    "input_score": 2.12191,
    "output_score": 1.05087,
    "list_share": 0.0,
    "end_users": 2250.0,
    "abroad_share": 3.6,
    "client": 955.0,
    "cache_lifetime_us": 600000000.0,
    "streams_answers": 0.0,
    "sends_conversation": 0.0,
    "names_end_user": 4.5,
    "thinks": 2.0,
    "long_context": 2.0,
    "batches": 4.5,
    "temperature": -2.1,
    "model": 2.0,
    "second_model": 0.0,
    "model_changes_us": 0.0,
    "asks_latest": 0.0,
    "moves_at": 1.81352,
    "pivot": 4.5,
}
