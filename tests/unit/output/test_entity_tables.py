"""Who sends, as the provider sees it: status, organisations, payments, links and their truth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.output import observed_links
from sim.output.account_usage import USAGE, Usage
from sim.output.entity_tables import AccountOwners, ProviderActions, entity_tables
from sim.output.truth_tables import truth_accounts, truth_links
from sim.population.population import Population, build_population
from sim.tables.words import BAN, RATE_LIMIT, REINSTATE, SUSPEND
from tests.support.scenarios import DAY_US, coders, pool, scenario

NEVER = 1 << 60


def usage_of(count: int, **fields: Any) -> Usage:
    usage = np.zeros(count, USAGE)
    usage["account"] = np.arange(count)
    usage["exchanges"] = 1
    usage["away_first"], usage["away_last"] = NEVER, -NEVER
    usage["cluster_first"], usage["cluster_last"] = NEVER, -NEVER
    for name, values in fields.items():
        usage[name] = values
    return usage


@pytest.fixture(scope="module")
def population() -> Population:
    """Six accounts of people and four of a campaign, some behind a cloud platform."""
    made = build_population(scenario(coders(6), pool(4, 100), days=60))
    accounts = replace(
        made.accounts,
        platform=np.array([0, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
        org_id=np.array([5, 5, 6, 6, 7, 8, 9, 9, 9, 9]),
        created_us=-DAY_US * np.array([1, 3, 9, 2, 4, 5, 6, 7, 8, 9]),
        country=np.array([0, 1, 2, 3, 0, 0, 1, 1, 1, 1]),
        verified=np.array([0, 1, 0, 0, 1, 0, 0, 0, 0, 0], bool),
        instrument=np.array([71, 72, 73, 73, 74, 75, 76, 77, 76, 77]),
        ip=np.array([1, 2, 3, 4, 5, 5, 6, 6, 7, 8]),
    )
    return replace(made, accounts=accounts)


def tables(population: Population, usage: Usage) -> dict[str, Any]:
    return {name: table.to_pandas() for name, table in entity_tables(population, usage)}


# what the provider did


def actions(*events: tuple[int, int, int]) -> ProviderActions:
    """Events as (time, account, action)."""
    at, row, action = (np.array(column) for column in zip(*events, strict=True))
    return ProviderActions(at, row, action, np.zeros(len(events), np.int64))


def test_the_status_is_that_of_the_last_action_in_time() -> None:
    done = actions(
        (30, 0, REINSTATE), (10, 0, SUSPEND), (20, 1, BAN), (25, 1, RATE_LIMIT), (5, 2, SUSPEND)
    )
    assert done.status(4).tolist() == [0, 2, 1, 0]


def test_a_credential_is_revoked_by_a_ban_that_lasts() -> None:
    done = actions((20, 0, BAN), (10, 1, BAN), (30, 1, REINSTATE), (40, 2, SUSPEND))
    assert done.banned_us(4).tolist() == [20, -1, -1, -1]


# the tables


def test_tables_are_in_order_of_identifier(population: Population) -> None:
    for name, table in tables(population, usage_of(10)).items():
        if name != "model_catalog":
            assert table.iloc[:, 0].is_monotonic_increasing, name


def test_an_organisation_is_as_old_as_its_oldest_account(population: Population) -> None:
    orgs = tables(population, usage_of(10))["orgs"].set_index("org_id")
    opening = population.scenario.clock.start
    ages = [(opening - moment).total_seconds() for moment in orgs.created_at]
    for org, days in {5: 3, 6: 9, 7: 4, 8: 5, 9: 9}.items():
        # a minute or so before the account: nothing in two tables is of one microsecond
        assert 5 < ages[orgs.index.get_loc(org)] - days * 86_400 < 1_000
    assert orgs.kyc_level.tolist() == ["verified", "unverified", "verified", *["unverified"] * 2]
    accounts = tables(population, usage_of(10))["accounts"]
    assert orgs.declared_country[5] != orgs.declared_country[6]
    assert len(accounts) == 10


# links


def test_true_links_lead_to_operators_and_to_what_is_shared(population: Population) -> None:
    links = truth_links(population).to_pandas()
    ids = population.accounts.account_id
    pairs = {
        kind: set(zip(rows.account_id, rows.to_id, strict=True))
        for kind, rows in links.groupby("link", observed=True)
    }
    # the last two pairs are of one actor, the first is of strangers
    cards = {73: [2, 3], 76: [6, 8], 77: [7, 9]}
    assert pairs["shared_card"] == {(ids[k], card) for card in cards for k in cards[card]}
    log = observed_links._links_of_use(population, usage_of(10, first=1, last=2))
    seen = dict(
        zip(population.accounts.account_id[(home := next(log)).row], home.target, strict=True)
    )
    shared = {(ids[k], seen[ids[k]]) for k in (4, 5, 6, 7)}
    assert pairs["shared_address"] == shared
    assert len({address for _, address in shared}) == 2
    operators = dict(pairs["operator"])
    assert len(operators) == 10
    assert len({operators[i] for i in ids[:6]}) == 6
    assert len({operators[i] for i in ids[6:]}) == 1
    assert "replaces" not in pairs


def test_extraction_is_the_share_of_listed_exchanges_of_a_class_that_extracts(
    population: Population,
) -> None:
    usage = usage_of(10, exchanges=[4] * 10, listed=[2, 2, 2, 2, 2, 2, 1, 4, 0, 0])
    usage = usage[:9]
    truth = truth_accounts(population, usage).to_pandas().set_index("account_id")
    ids = population.accounts.account_id
    assert truth.extraction_share[ids].tolist() == [0] * 6 + [0.25, 1, 0, 0]
    assert (truth.campaign_uid[ids[:6]] == 0).all()
    assert truth.campaign_uid[ids[6:]].nunique() == 1
    assert (truth.campaign_uid[ids[6:]] != 0).all()


def test_a_quarter_of_links_is_missing_and_three_in_a_hundred_are_false() -> None:
    n = 20_000
    made = build_population(scenario(coders(2)))
    fake = replace(made, accounts=replace(made.accounts, account_id=np.arange(n) << 20))
    row = np.arange(n)
    links = observed_links._Links(observed_links.USED_IP, row, row, row, row, row)
    seen = observed_links._as_observed(fake, links)
    assert len(seen.row) / n == pytest.approx(0.75, abs=0.02)
    assert (seen.target != seen.row).sum() / n == pytest.approx(0.03, abs=0.006)
    assert (seen.first_us == seen.row).all()
    assert (seen.exchanges == seen.row).all()


def test_links_of_use_tell_home_from_away(population: Population) -> None:
    usage = usage_of(
        3,
        exchanges=[5, 5, 2],
        away=[2, 1, 2],
        first=[10, 11, NEVER],
        last=[20, 21, -NEVER],
        away_first=[12, 13, 14],
        away_last=[30, 31, 32],
        in_cluster=[4, 0, 1],
        cluster_first=[12, NEVER, 14],
        cluster_last=[25, -NEVER, 14],
    )
    home, away, fingerprint, cluster = observed_links._links_of_use(population, usage)
    assert (home.row.tolist(), home.exchanges.tolist()) == ([0], [3])
    assert (home.first_us.tolist(), home.last_us.tolist()) == ([10], [20])
    assert (away.row.tolist(), away.exchanges.tolist()) == ([0, 2], [2, 2])
    assert (away.first_us.tolist(), away.last_us.tolist()) == ([12, 14], [30, 32])
    assert fingerprint.row.tolist() == [0, 1, 2]
    assert fingerprint.exchanges.tolist() == [5, 5, 2]
    assert fingerprint.first_us.tolist() == [10, 11, 14]
    assert fingerprint.last_us.tolist() == [30, 31, 32]
    assert (cluster.row.tolist(), cluster.exchanges.tolist()) == ([0, 2], [4, 1])
    assert (cluster.first_us.tolist(), cluster.last_us.tolist()) == ([12, 14], [25, 14])


def test_links_of_one_account_to_one_target_are_one() -> None:
    """An account of 7 with a guest in row 2, and 8; the address 5 is one at home and away."""
    used_ip, used_card = observed_links.USED_IP, observed_links.USED_CARD
    home = observed_links._Links(
        used_ip, *map(np.array, ([0, 1, 2], [5, 5, 5], [4, 1, 3], [9] * 3, [2, 3, 4]))
    )
    away = observed_links._Links(used_ip, *map(np.array, ([1, 0], [5, 6], [0, 7], [11, 8], [1, 1])))
    nothing = np.zeros(0, np.int64)
    others = [observed_links._Links(k, *[nothing] * 5) for k in range(1, used_card + 3)]
    ips, *rest = observed_links._one_per_pair(np.array([7, 8, 7]), [home, away, *others])
    assert [x.tolist() for x in ips[1:]] == [
        [0, 0, 1],
        [5, 6, 5],
        [3, 7, 0],
        [9, 8, 11],
        [6, 1, 4],
    ]
    assert [len(links.row) for links in rest] == [0] * 4


def test_links_of_the_sign_up_count_once(population: Population) -> None:
    owned = AccountOwners.of_population(population).rows
    domain, card = observed_links._links_of_sign_up(population, owned, usage_of(10))
    assert domain.row.tolist() == list(range(10))
    assert card.row.tolist() == [0, *range(2, 10)]
    assert card.target.tolist() == population.accounts.instrument[card.row].tolist()
    paid = tables(population, usage_of(10))["account_payment"].set_index("account_id")
    given = (
        paid.first_seen[population.accounts.account_id[card.row]] - population.scenario.clock.start
    )
    assert (domain.first_us == population.accounts.created_us[domain.row]).all()
    assert (card.first_us == given.to_numpy().astype("timedelta64[us]").astype(np.int64)).all()
    for links in (domain, card):
        assert (links.exchanges == 1).all()
        assert (links.last_us == links.first_us).all()
