"""T18: links that only one actor has, and labels that spread along them."""

from __future__ import annotations

import numpy as np
import pytest

from sim.audits import audit
from sim.audits.components import spread_at
from sim.tables.database import RunTables
from tests.unit.audits.plants import plant


def test_links_of_a_clean_run_tell_little(tables: RunTables) -> None:
    found = audit(tables, only=["T18"])
    assert found.ok, found.to_text()
    assert len(found.of("T18")) == 6


def test_an_address_for_each_actor_is_found(tables: RunTables) -> None:
    plant(tables, "log/accounts", signup_ip_hash="(hash(actor) // 2)::BIGINT")
    (failed,) = (f for f in audit(tables, only=["T18"]).failed if f.where == "address")
    assert (failed.figure, failed.limit, failed.error) == (1.0, 0.8, 0.0)


def test_labels_that_spread_along_cards_are_found(tables: RunTables) -> None:
    plant(tables, "log/accounts", signup_ip_hash="0", signup_ip24="0")
    plant(tables, "log/account_payment", instrument_hash="IF(extracts, 1, instrument_hash)")
    titles = [f.title for f in audit(tables, only=["T18"]).failed]
    assert any(title.startswith("union-find") for title in titles)


def test_few_pairs_tell_nothing(tables: RunTables) -> None:
    plant(tables, "log/accounts", signup_ip_hash="account_id")
    (found,) = (f for f in audit(tables, only=["T18"]) if f.title.startswith("address"))
    assert found.status == "not_checked"
    assert found.where == "too few to tell: 0 pairs, 30 needed"


def test_of_one_actor_all_pairs_are_its_own(tables: RunTables) -> None:
    tables.plant("truth/accounts", "SELECT * REPLACE ('wombats' AS actor_id) FROM truth_accounts")
    found = audit(tables, only=["T18"])
    assert found.ok
    assert found[0].where == "too few to tell: 1 actors, 5 needed"


def test_spread_is_measured_where_recall_is_reached() -> None:
    score = np.array([4.0, 3.0, 2.0, 2.0, 1.0])
    bad = np.array([True, False, True, True, False])
    assert spread_at(score, bad) == pytest.approx((1.0, 1 / 3, 0.0))
    assert spread_at(-score, bad) == pytest.approx((0.75 * 2 / 2.25, 2 / 3, 0.5))
