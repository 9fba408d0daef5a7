"""Labels of a whole pack, as its user finds them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import sim
from sim.packs.pack import Pack


@pytest.fixture(scope="module")
def pack(labelled: Path) -> Pack:
    return sim.open_pack(str(labelled))


@pytest.fixture(scope="module")
def labels(pack: Pack) -> pd.DataFrame:
    return pack.pandas("labels_observed/labels").astype({"entity_type": str, "channel": str})


def test_labels_are_about_accounts_and_cards_of_the_log(pack: Pack, labels: pd.DataFrame) -> None:
    accounts = pack.pandas("log/accounts").set_index("account_id")
    about = labels[labels["entity_type"] == "account"]
    assert set(about["entity_id"]) <= set(accounts.index)
    signed_up = accounts["created_at"].reindex(about["entity_id"]).to_numpy()
    assert (about["created_at"].to_numpy() > signed_up).all()

    cards = pack.pandas("log/payment_instruments").set_index("instrument_hash")["type"]
    disputed = labels[labels["entity_type"] == "instrument"]["entity_id"]
    assert set(cards.reindex(disputed)) <= {"card"}


def test_only_accounts_that_pay_by_card_have_disputes(pack: Pack, labels: pd.DataFrame) -> None:
    events = pack.pandas("log/payment_events").astype({"kind": str})
    cards = pack.pandas("log/payment_instruments").astype({"type": str})
    by_card = set(cards[cards["type"] == "card"]["instrument_hash"])
    disputed = events[(events["kind"] == "dispute") & events["instrument_hash"].isin(by_card)]
    found = labels[(labels["channel"] == "dispute") & (labels["entity_type"] == "account")]
    assert set(found["entity_id"]) == set(disputed["account_id"])
    first = disputed.groupby("account_id")["known_at"].min()
    assert (
        found.set_index("entity_id")["created_at"]
        .sort_index()
        .equals(first.sort_index().rename("created_at").rename_axis("entity_id"))
    )


def test_every_account_has_a_propensity(pack: Pack) -> None:
    propensity = pack.pandas("truth/label_propensity")
    assert propensity["entity_id"].tolist() == sorted(pack.pandas("log/accounts")["account_id"])
    truth = pack.pandas("truth/accounts").set_index("account_id")
    extracts = truth["extraction_share"].reindex(propensity["entity_id"]).to_numpy() >= 0.05
    values = propensity["propensity"].to_numpy()
    assert values[extracts].mean() > 5 * values[~extracts].mean()
