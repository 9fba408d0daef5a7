"""Payments: what is charged for what was used, and what comes back and when that is known."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.catalog import payment_kinds
from sim.entities import pools
from sim.entities.payments import CARD
from sim.output import payment_tables
from sim.output.entity_tables import entity_tables
from sim.output.payment_events import ACCESS, Ledger, Payers, card_given_us, payment_events
from sim.population.population import build_population
from sim.streams import Streams
from sim.tables.words import AUTHORISATION, CHARGE, DECLINE, DISPUTE, PAYMENT_EVENTS, REFUND
from tests.support.enforcement import close
from tests.support.scenarios import DAY_US, coders, make_actor, pool, scenario
from tests.unit.output.test_entity_tables import NEVER, usage_of

CLOSES_US = 28 * DAY_US


def payers(count: int, kind: str = "card", **columns: Any) -> Payers:
    """Accounts of some age that send for four weeks, each with an instrument of its own."""
    rows = np.arange(count)
    usual: dict[str, Any] = {
        "account_id": 7 + 11 * rows,
        "instrument": 5 + 13 * rows,
        "access": np.full(count, ACCESS.index(kind)),
        "created_us": -(1 + rows % 300) * DAY_US - 1,
        "first_us": np.zeros(count, np.int64),
        "last_us": np.full(count, CLOSES_US),
        "cents": np.full(count, 1_000),
    }
    return Payers(**{**usual, **columns})


def events(of: Payers, seed: int = 1, closes_us: int = CLOSES_US) -> pd.DataFrame:
    found: Ledger = payment_events(of, Streams(seed), closes_us)
    return pd.DataFrame(vars(found))


@pytest.fixture(scope="module")
def of_kind() -> dict[str, pd.DataFrame]:
    """The events of 4,000 accounts by kind of access."""
    return {access: events(payers(4_000, access)) for access in payment_kinds()}


def test_every_kind_that_is_seen_has_rates() -> None:
    assert set(ACCESS) - set(payment_kinds()) == {"marketplace"}


def test_what_was_used_is_charged_once(of_kind: dict[str, pd.DataFrame]) -> None:
    """All of it, but what was declined four times, in two parts where a period ends within."""
    found = of_kind["card"]
    charged = found[found.kind == CHARGE].groupby("payer").cents.sum()
    assert (charged <= 1_000).all()
    assert (charged == 1_000).mean() > 0.999
    assert len(found[found.kind == CHARGE]) > 1.8 * 4_000
    one = payers(1, created_us=np.array([-25 * DAY_US]))
    parts = events(one).query(f"kind == {CHARGE}").sort_values("at_us")
    # 5 of the 28 days lie before the end of the first period
    assert parts.cents.tolist() == [179, 821]
    assert [at // DAY_US for at in parts.at_us] == [5, 35]


def test_whoever_used_nothing_is_authorised_alone() -> None:
    created = np.array([3 * DAY_US] * 50)
    idle = payers(50, created_us=created, first_us=created, last_us=created, cents=created * 0)
    found = events(idle)
    assert set(found.kind) == {AUTHORISATION, DECLINE}
    assert (found.kind == AUTHORISATION).sum() == 50
    assert (found.cents == 0).all()
    accepted = found[found.kind == AUTHORISATION].set_index("payer").at_us
    assert (accepted.sort_index() == card_given_us(idle, Streams(1))).all()
    assert (accepted > created[0]).all()
    assert accepted.median() - created[0] < 600e6
    assert len(events(payers(0))) == 0


def test_attempts_are_declined_with_the_share_of_their_kind(
    of_kind: dict[str, pd.DataFrame],
) -> None:
    """Those after a dispute always are, so only what comes before one is counted."""
    for access, found in of_kind.items():
        first = found[found.kind == DISPUTE].groupby("payer").at_us.min()
        early = found[found.at_us < found.payer.map(first).fillna(NEVER)]
        declined, accepted = ((early.kind == kind).sum() for kind in (DECLINE, CHARGE))
        signed_up = (early.kind == AUTHORISATION).sum()
        share, attempts = payment_kinds()[access].decline_share, declined + accepted + signed_up
        assert close(declined / attempts, share, attempts), access


def test_disputes_are_rare_but_with_stolen_cards(of_kind: dict[str, pd.DataFrame]) -> None:
    kinds = payment_kinds()
    for access, found in of_kind.items():
        charged = set(found[found.kind == CHARGE].payer) - set(found[found.kind == REFUND].payer)
        disputed = set(found[found.kind == DISPUTE].payer)
        share = len(disputed & charged) / len(charged)
        if access == "stolen":
            # two charges stand on one statement or on two
            least = kinds[access].dispute_share
            assert least - 0.02 < share < 1 - (1 - least) ** 2 + 0.02
        else:
            assert share <= 2 * kinds[access].dispute_share + 0.004


def test_a_dispute_comes_months_later_and_is_known_days_after(
    of_kind: dict[str, pd.DataFrame],
) -> None:
    found = of_kind["stolen"]
    charges, disputes = (found[found.kind == kind] for kind in (CHARGE, DISPUTE))
    pairs = disputes.merge(charges, on=["payer", "cents"], suffixes=("", "_charged"))
    pairs = pairs[~pairs.duplicated(["payer", "cents"], keep=False)]
    days = (pairs.at_us - pairs.at_us_charged) / DAY_US
    assert len(days) > 2_000
    assert 30 <= days.min() < 40
    assert 100 < days.max() <= 120 + 1 / 24
    known = (pairs.known_us - pairs.at_us) / DAY_US
    assert 2 < known.median() < 4
    assert known.max() <= 10
    others = found[found.kind != DISPUTE]
    assert (others.known_us == others.at_us).all()


def test_what_is_known_180_days_later_is_left_out() -> None:
    found = events(payers(500, "stolen"), closes_us=CLOSES_US)
    assert found.known_us.max() < CLOSES_US + 180 * DAY_US
    early = events(payers(500, "stolen"), closes_us=-100 * DAY_US)
    assert early.known_us.max() < 80 * DAY_US
    assert (early.kind == DISPUTE).sum() < (found.kind == DISPUTE).sum()


def test_one_stolen_card_is_disputed_together() -> None:
    """Of all charges on one statement either all are disputed, within the hour, or none."""
    groups, members = 300, 5
    shared = np.repeat(5 + 13 * np.arange(groups), members)
    # bills of one day: all charges on one statement
    created = np.full(groups * members, -3 * DAY_US)
    made = payers(groups * members, "stolen", instrument=shared, created_us=created)
    made = replace(made, last_us=np.full(groups * members, 2 * DAY_US))
    found = events(made)
    plain = found[~found.payer.isin(found[found.kind.isin([DECLINE, REFUND])].payer)]
    card = plain.payer // members
    disputed = plain[plain.kind == DISPUTE].groupby(card).payer.nunique()
    charged = plain[plain.kind == CHARGE].groupby(card).payer.nunique().reindex(disputed.index)
    whole = (disputed == charged).mean()
    # a statement may end within the hours in which the bills of a night run
    assert whole > 0.97
    assert close(len(disputed) / card.nunique(), payment_kinds()["stolen"].dispute_share, groups)
    times = plain[plain.kind == DISPUTE].groupby(card).at_us
    assert ((times.max() - times.min())[disputed == charged] < 3_600e6).mean() > 0.97


def test_nothing_is_charged_to_a_card_after_its_dispute() -> None:
    year = payers(300, "stolen", last_us=np.full(300, 365 * DAY_US), cents=np.full(300, 10**6))
    found = events(year, closes_us=365 * DAY_US)
    first = found[found.kind == DISPUTE].groupby("payer").at_us.min()
    later = found[found.at_us > found.payer.map(first)]
    assert not (later.kind == CHARGE).any()
    assert (later.kind == DECLINE).sum() > 5 * len(first)


def test_other_accounts_on_an_instrument_go_on_after_its_first_dispute() -> None:
    """A dispute stops the account whose charges were disputed, and changes nothing for others."""
    pair = {"instrument": np.repeat(np.arange(300), 2)}
    # the second account of each card begins half a year later
    first_us = np.tile([0, 180 * DAY_US], 300)
    made = payers(600, "stolen", **pair, first_us=first_us, last_us=first_us + CLOSES_US)
    found = events(made, closes_us=365 * DAY_US)
    first = found[found.kind == DISPUTE].groupby(found.payer // 2).at_us.min()
    after = found[found.at_us > (found.payer // 2).map(first)]
    assert (after.kind == CHARGE).sum() > 100

    late = np.arange(600) % 2 == 1
    alone = events(made.rows(late), closes_us=365 * DAY_US)
    among = found[found.payer % 2 == 1].assign(payer=lambda x: x.payer // 2)
    columns = list(alone.columns)
    pd.testing.assert_frame_equal(
        among.sort_values(columns, ignore_index=True), alone.sort_values(columns, ignore_index=True)
    )


def test_what_happens_to_an_account_does_not_depend_on_the_others() -> None:
    whole = payers(200, "stolen")
    part = Payers(**{name: values[50:120] for name, values in vars(whole).items()})
    found, alone = events(whole), events(part)
    among = found[found.payer.between(50, 119)].assign(payer=lambda x: x.payer - 50)
    columns = list(alone.columns)
    pd.testing.assert_frame_equal(
        among.sort_values(columns, ignore_index=True), alone.sort_values(columns, ignore_index=True)
    )
    assert not found.equals(events(whole, seed=2))


def test_disputes_tell_stolen_cards_half_a_year_later_but_not_when_the_log_closes() -> None:
    """The label that the table is for: good, not perfect, and late."""
    rng, count = np.random.default_rng(0), 20_000
    for seed in range(5):
        stolen = rng.random(count) < 0.05
        access = np.where(stolen, ACCESS.index("stolen"), ACCESS.index("card"))
        used = np.where(rng.random(count) < 0.8, 500, 0)
        found = events(payers(count, access=access, cents=used), seed)
        disputes = found[found.kind == DISPUTE]
        assert (disputes.known_us < CLOSES_US).sum() == 0
        label = np.isin(np.arange(count), disputes.payer)
        auc = 0.5 + (label[stolen].mean() - label[~stolen].mean()) / 2
        assert 0.8 < auc < 0.95
        months = [(disputes.known_us < CLOSES_US + d * DAY_US).sum() for d in (30, 60, 120, 180)]
        assert months[0] < 0.2 * months[3]
        assert months == sorted(months)


# the tables


def test_what_pays_is_seen_but_behind_a_cloud_platform() -> None:
    made = build_population(scenario(coders(6), pool(4, 100), days=60))
    instrument = np.array([71, 72, 73, 73, 74, 75, 76, 77, 76, 77])
    accounts = replace(
        made.accounts,
        platform=np.array([0, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
        created_us=-DAY_US * np.array([1, 3, 9, 2, 4, 5, 6, 7, 8, 9]),
        instrument=instrument,
        card_kind=np.full(10, CARD),
    )
    usage = usage_of(2, account=[0, 5], last=[7_000_000, -NEVER], away_last=[3_000_000, 9_000_000])
    usage["nano_usd"] = 3_004_000_000
    tables = {
        name: table.to_pandas()
        for name, table in entity_tables(replace(made, accounts=accounts), usage)
    }
    opening, ids = made.scenario.clock.start, accounts.account_id

    paid = tables["account_payment"].set_index("account_id")
    assert set(paid.index) == set(ids) - {ids[1]}
    # the last exchange of those that sent one, the sign-up of the others
    assert [(paid.last_seen[ids[k]] - opening).total_seconds() for k in (0, 5)] == [7, 9]
    assert paid.last_seen[ids[4]] == paid.first_seen[ids[4]]
    instruments = tables["payment_instruments"].set_index("instrument_hash")
    assert sorted(instruments.index) == [71, 73, 74, 75, 76, 77]
    for number, rows in paid.groupby("instrument_hash"):
        assert instruments.first_seen[number] == rows.first_seen.min()

    seen = tables["payment_events"]
    accepted = seen[seen.kind == "authorisation"].set_index("account_id")["at"]
    assert (accepted[paid.index] == paid.first_seen).all()
    charged = seen[seen.kind == "charge"].groupby("account_id").usd.sum()
    assert dict(charged) == {ids[0]: 3.0, ids[5]: 3.0}
    assert set(seen.kind.cat.categories) == set(PAYMENT_EVENTS)


def test_a_card_that_strangers_have_too_is_of_one_country_whoever_brings_it() -> None:
    """In all runs of a world, of whatever actors; other cards are of the country of the account."""
    issued: list[dict[int, str]] = []
    homes: list[dict[int, str]] = []
    for seed, share in ((1, 1.0), (2, 1.0), (1, 0.0)):
        dials = {"cloud_share": 0.0, "pooled_card_share": share}
        made = build_population(scenario(pool(600, 100, f"pool-{seed}", **dials), seed=seed))
        tables = dict(entity_tables(made, usage_of(0)))
        shown = tables["payment_instruments"].to_pandas().set_index("instrument_hash")
        issued.append(shown.bin_country.astype(str).to_dict())
        accounts = made.accounts
        country = np.array(pools.COUNTRIES)[accounts.country]
        homes.append(dict(zip(accounts.instrument.tolist(), country.tolist(), strict=True)))

    both = set(issued[0]) & set(issued[1])
    assert len(both) > 50
    assert all(issued[0][card] == issued[1][card] for card in both)
    assert sum(homes[0][card] != homes[1][card] for card in both) > 10
    assert len(set(issued[0].values())) > 5
    alone = [card for card, users in Counter(accounts.instrument.tolist()).items() if users == 1]
    assert len(alone) > 50
    assert all(issued[2][card] == homes[2][card] for card in alone if card in issued[2])


def test_a_host_pays_for_its_guests() -> None:
    made = build_population(
        scenario(coders(3), make_actor("guests", "L01", accounts=2, through="coders"))
    )
    usage = usage_of(5, nano_usd=[10**9] * 5, first=[5, 6, 7, 8, 9], last=[10, 20, 30, 40, 50])
    guests = np.flatnonzero(
        [made.contexts[k].actor.through is not None for k in made.actor_of_account]
    )
    owned = np.setdiff1d(np.arange(5), guests)
    paid = payment_tables.payers_of(made, owned, usage)
    hosts = made.accounts.account_id[guests]
    for row, account in enumerate(made.accounts.account_id[owned]):
        all_rows = np.flatnonzero(made.accounts.account_id == account)
        assert paid.cents[row] == 100 * len(all_rows)
        assert paid.last_us[row] == usage["last"][all_rows].max()
        assert paid.first_us[row] == usage["first"][all_rows].min()
    assert paid.cents.sum() == 500
    assert len(hosts) == 2
