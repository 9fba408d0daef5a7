"""Accounts of every typology are as the dials of its entry in the catalog say.

Many accounts are furnished, each of an organisation of its own; all that is measured on them is to
agree within five standard errors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from sim.actors.arrivals.rates import rates_per_day
from sim.actors.context import ActorContext
from sim.arrays.time import FOREVER_US
from sim.catalog import typologies
from sim.entities import pools
from sim.entities.payments import CARD, MARKETPLACE, PREPAID
from sim.entities.shared_pools import SharedPools
from sim.population.population import build_population
from tests.support.scenarios import DAY_US, HOUR_US
from tests.support.statistics import ACCOUNTS, Measure, below, loaded, off, share, stage_of

IDS = list(typologies())
# Without these an actor has all that it shares to itself.
POOLS = ("popular_address_share", "pooled_card_share", "bought_share")


def deviation(values: Any, sigma: float) -> Iterator[Measure]:
    """Median and standard deviation of the logarithm of a lognormal."""
    n = len(values)
    error = math.sqrt(math.pi / 2) * sigma / math.sqrt(n)
    yield Measure("log of median", float(np.median(np.log(values))), 0.0, error)
    yield Measure("deviation of log", float(np.log(values).std()), sigma, sigma / math.sqrt(2 * n))


def volumes(context: ActorContext) -> Iterator[Measure]:
    actor = context.actor
    median, sigma = actor.exchanges_per_account_day, actor.account_volume_sigma
    yield from deviation(context.accounts.volume * math.exp(sigma**2 / 2), sigma)
    if actor.arrival == "sessions":
        rates, cap = rates_per_day(context, range(ACCOUNTS)), actor.most_per_account_day
        if cap is None:
            yield from deviation(rates / median, sigma)
        else:
            assert rates.max() == cap
            capped = 1 - NormalDist(math.log(median), sigma).cdf(math.log(cap))
            yield share("at the cap", rates == cap, capped)
            yield share("below the median", rates < median, 0.5)


def habits(context: ActorContext) -> Iterator[Measure]:
    """What each account has by itself."""
    actor, a = context.actor, context.accounts
    yield share("caching", a.cache_lifetime_us > 0, actor.caching_share)
    caches = a.cache_lifetime_us[a.cache_lifetime_us > 0]
    yield share("an hour", caches == HOUR_US, actor.cache_1h_share)
    yield share("thinking", a.thinks, actor.thinking_share)
    yield share("batch", a.batches, actor.batch_share)
    yield share("verified", a.verified, actor.verified_share)
    yield share("latest", a.asks_latest, actor.uptake.latest_share)
    yield share("names end users", a.names_end_user, actor.end_user_id_share)
    yield share("cloud", a.platform > 0, actor.cloud_share)
    for column, shares in ((a.model, actor.models), (a.agent, actor.agents)):
        for number, (name, expected) in enumerate(shares.items()):
            yield share(name, column == number, expected)
    assert (a.end_users == actor.end_users).all()
    yield from of_beta("list share", a.list_share, actor.list_share, actor.list_share_concentration)
    uptake = a.pivot * actor.uptake.share
    yield from of_beta("uptake", uptake, actor.uptake.share, actor.uptake_concentration)


def of_beta(name: str, values: Any, mean: float, concentration: float | None) -> Iterator[Measure]:
    """Mean and variance of a beta distribution; all are alike without a concentration."""
    variance = 0.0 if concentration is None else mean * (1 - mean) / (1 + concentration)
    yield Measure(f"mean {name}", float(values.mean()), mean, math.sqrt(variance / len(values)))
    fourth = float(((values - values.mean()) ** 4).mean())
    error = math.sqrt(max(fourth - variance**2, 0) / len(values))
    yield Measure(f"variance of {name}", float(values.var()), variance, error)


def networks(context: ActorContext) -> Iterator[Measure]:
    """Addresses, cohorts and clocks; a cohort has one /24, but for a few that meet in one."""
    actor, a = context.actor, context.accounts
    prefix = a.ip >> 8
    yield share("hosting", a.asn_type == 0, actor.hosting_share, prefix)
    elsewhere = pools.COUNTRY_UTC_OFFSET_H[a.country]
    here = np.array(
        [pools.COUNTRY_WEIGHTS[h == pools.COUNTRY_UTC_OFFSET_H].sum() for h in elsewhere]
    )
    abroad = actor.foreign_clock_share * float(1 - here.mean())
    yield share("foreign clocks", a.utc_offset_h != elsewhere, abroad)
    size, sharing = actor.cohort_size, actor.accounts_per_ip
    assert size > 1 or sharing == 1
    # a new address for one account in `sharing` and for every cohort
    opens = 1 - (1 - 1 / sharing) * (1 - 1 / size) if size > 1 else 1.0
    for name, values, per_account in (("addresses", a.ip, opens), ("cohorts", prefix, 1 / size)):
        if name == "cohorts" and size == 1:
            continue
        count = len(np.unique(values))
        error = math.sqrt(per_account * (1 - per_account) / ACCOUNTS)
        # some meet in the universe's 40 networks of a kind, or on the 256 hosts of a /24
        met = 0.01 * per_account
        yield Measure(name, count / ACCOUNTS, per_account, error + met)


def lives(context: ActorContext) -> Iterator[Measure]:
    """Lifetimes, which accounts have begun before the log, and how long they are dormant in it."""
    actor, a = context.actor, context.accounts
    lived = (a.ends_us - a.begins_us) / DAY_US
    stays = a.ends_us == FOREVER_US
    assert stays.all() == (actor.source == "benchmark")
    if stays.all():
        return
    assert actor.lifetime_days is not None
    yield from below("lifetime in days", lived[~stays], actor.lifetime_days, a.cohort[~stays])

    length = actor.lifetime_days.sample(np.random.default_rng(1), 200_000)
    begun = float((length / (length + 1)).mean())  # of those that meet a log of one day
    yield share("begun before", (a.begins_us < 0)[~stays], begun, a.cohort[~stays])
    noon = context.timeline.at(np.arange(ACCOUNTS), np.full(ACCOUNTS, DAY_US // 2))
    there = (a.begins_us < -60 * DAY_US) & (a.ends_us > DAY_US)
    if there.sum() > 100:
        yield share("dormant", (noon.row < 0)[there], actor.dormant_share)
    changes = 1 - (1 - actor.model_change_share) ** (1 / 30)
    several = 1 - sum(weight**2 for weight in actor.models.values())
    changes *= several * (1 - actor.uptake.latest_share)
    yield share("model changes in a day", a.model_changes_us < DAY_US, changes)


def pooled(context: ActorContext) -> Iterator[Measure]:
    """What comes from the pools of strangers, and the cards that are stolen."""
    actor, a = context.actor, context.accounts
    shared, n = SharedPools(context.world.streams), 2_000
    everywhere = np.indices((len(pools.ASN_TYPES), len(pools.COUNTRIES), n))
    grid, kind, country = everywhere[2].ravel() / n, *(x.ravel() for x in everywhere[:2])
    popular = np.isin(a.ip, shared.exits(grid, kind, country).ip)
    yield share("popular addresses", popular, actor.popular_address_share, a.ip)
    numbers = [shared.cards(grid[:n], np.full(n, stolen)) for stolen in (False, True)]
    known = np.isin(a.instrument, np.concatenate(numbers))
    yield share("pooled cards", known, actor.pooled_card_share, a.instrument)
    is_card = (a.card_kind == CARD) & ~known
    yield share("stolen", a.stolen[is_card], actor.stolen_card_share, a.instrument[is_card])
    bought = (a.signup_ip >> 8) != (a.ip >> 8)
    yield share("bought", bought, actor.bought_share, np.where(bought, a.signup_ip >> 8, a.ip))


def cards(context: ActorContext) -> Iterator[Measure]:
    actor, a = context.actor, context.accounts
    shared, size = actor.shared_card_share, actor.accounts_per_card
    _, number, count = np.unique(a.instrument, return_inverse=True, return_counts=True)
    per_account = 1 - shared + shared / size
    error = math.sqrt((shared / size + shared * (1 - shared)) / ACCOUNTS)
    yield Measure("cards", len(count) / ACCOUNTS, per_account, error + 1 / ACCOUNTS)
    # who opens a card that the next one to share does not use has it alone
    with_others = shared * (1 - 1 / size**2)
    yield share("share a card", count[number] > 1, with_others, number)
    kinds = {
        i: k for i, k in zip(number.tolist(), a.card_kind.tolist(), strict=True) if k != MARKETPLACE
    }
    yield share("prepaid", np.array(list(kinds.values())) == PREPAID, actor.prepaid_share)


def prompts(context: ActorContext) -> Iterator[Measure]:
    """Templates: K of them where they are common, else a share from each family."""
    actor, number = context.actor, context.templates.number
    universe = build_population(loaded(actor.typology, accounts=1)).universe
    known = np.concatenate([universe.templates_of(name) for name in actor.families])
    column = context.templates.lists_from if actor.list_share else 0
    assert np.isin(number[:, column], known).all()
    if actor.templates is not None:
        distinct = len(np.unique(number[:, column]))
        yield Measure("common templates", distinct, min(actor.templates, len(known)), 0)
    else:
        for name, expected in actor.families.items():
            yield share(name, np.isin(number[:, column], universe.templates_of(name)), expected)


@pytest.mark.parametrize("typology", IDS)
def test_accounts_are_as_their_typology_says(typology: str) -> None:
    context = stage_of(typology)
    for measures in (volumes, habits, lives, pooled, prompts):
        assert off(measures(context)) == []
    by_themselves = stage_of(typology, **dict.fromkeys(POOLS, 0.0))
    for measures in (networks, cards):
        assert off(measures(by_themselves)) == []
