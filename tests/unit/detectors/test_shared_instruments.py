"""Rings that share cards and addresses: whom they join, and whom they do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.detectors import shared_instruments
from sim.detectors.baseline import Found
from sim.detectors.instruments import sharing
from sim.detectors.joined import clusters_of
from sim.detectors.seen import Seen
from sim.errors import InvalidInputError
from tests.support.small_logs import seen_of

NOBODY = np.zeros(0, bool)


def found(seen: Seen) -> Found:
    return shared_instruments.find(seen, NOBODY, seen, 0)


def test_a_card_joins_accounts_of_several_organisations(tmp_path: Path) -> None:
    """Two by one card, a third by another card of one of them; what counts is the strength."""
    accounts = [(1, 10, 0), (2, 20, 0), (3, 30, 0), (4, 40, 0)]
    cards = [(1, 7), (2, 7), (2, 8), (3, 8), (4, 9)]
    got = found(seen_of(tmp_path, accounts, cards=cards))
    assert got.cluster is not None
    assert got.cluster.tolist() == [1, 1, 1, 0]
    assert got.score.tolist() == [1.0, 2.0, 1.0, 0.0]


def test_accounts_of_one_organisation_are_no_ring(tmp_path: Path) -> None:
    got = found(seen_of(tmp_path, [(1, 10, 0), (2, 10, 0)], cards=[(1, 7), (2, 7)]))
    assert got.cluster is not None
    assert (got.cluster.tolist(), got.score.tolist()) == ([0, 0], [0.0, 0.0])


@pytest.mark.parametrize("users", [12, 200])
def test_a_network_that_many_have_joins_nobody(users: int, tmp_path: Path) -> None:
    """A carrier's /24; but two of them that have a card of three as well are a ring."""
    accounts = [(k, 1000 + k, 77) for k in range(1, users + 1)]
    cards = [(1, 7), (2, 7), (3, 7)]
    got = found(seen_of(tmp_path, accounts, cards=cards))
    assert got.cluster is not None
    assert got.cluster.tolist() == [1, 1, 1] + [0] * (users - 3)


def test_common_things_join_when_a_pair_has_several(tmp_path: Path) -> None:
    """Each of five has a /24 of five and a card of five: neither joins them, both do."""
    accounts = [(k, 100 + k, 77) for k in range(1, 6)]
    one, both = tmp_path / "one", tmp_path / "both"
    alone = found(seen_of(one, accounts))
    joined = found(seen_of(both, accounts, cards=[(k, 7) for k in range(1, 6)]))
    assert alone.cluster is not None
    assert joined.cluster is not None
    assert alone.cluster.tolist() == [0] * 5
    assert joined.cluster.tolist() == [1] * 5


def test_rings_reach_through_accounts_that_are_not_asked(tmp_path: Path) -> None:
    accounts = [(1, 10, 0), (2, 20, 0), (3, 30, 0)]
    seen = seen_of(tmp_path, accounts, cards=[(1, 7), (2, 7), (2, 8), (3, 8)])
    got = found(seen.pick(np.array([True, False, True])))
    assert got.cluster is not None
    assert (got.cluster.tolist(), got.score.tolist()) == ([1, 1], [1.0, 1.0])


def test_a_log_without_cards_or_accounts_has_no_rings(tmp_path: Path) -> None:
    got = found(seen_of(tmp_path, []))
    assert got.cluster is not None
    assert (len(got.score), len(got.cluster)) == (0, 0)


def test_columns_that_are_missing_are_named(tmp_path: Path) -> None:
    seen = seen_of(tmp_path, [(1, 10, 0)])
    seen.log.schemas.clear()
    with pytest.raises(InvalidInputError) as caught:
        found(seen)
    assert str(caught.value) == (
        "accounts are joined by what they share, and the log has none of "
        "log/account_payment.instrument_hash, log/accounts.signup_ip_hash, "
        "log/accounts.signup_ip24, log/exchanges.ip_hash, log/exchanges.ip24_hash; "
        "make the log with all columns (tables: {columns: full})"
    )


def test_clusters_are_numbered_by_their_least_account() -> None:
    accounts = np.array([9, 2, 5, 7, 1])
    a, b = np.array([9, 7, 5]), np.array([5, 1, 9])
    assert clusters_of(accounts, a, b).tolist() == [2, 0, 2, 1, 1]


@pytest.mark.parametrize(("users", "pairs"), [(4, 4 * 3), (5, 0)])
def test_no_pairs_are_made_of_more_than_the_limit(users: int, pairs: int, tmp_path: Path) -> None:
    """So the work for an identifier is at most the square of the limit."""
    seen = seen_of(tmp_path, [(k, 100 + k, 77) for k in range(1, users + 1)])
    assert len(sharing(seen.log, 4)) == pairs
