"""Links as a provider has them say of the log what is true of it, but for those that are false."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim

SCENARIO = """
version: 1
name: links
clock: {start: 2026-02-02, duration: 2 d}
actors:
  - {id: coders, typology: L01, accounts: 40}
  - {id: gateway, typology: L05, accounts: 2}
  - {id: guests, typology: L02, accounts: 6, through: gateway}
  - {id: campaign, typology: A16, accounts: 30, target_exchanges: 2000}
"""
# What the log calls what a relation leads to.
COLUMNS = {"used_ip": "ip_hash", "template_cluster": "prompt_cluster"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> sim.Run:
    folder = tmp_path_factory.mktemp("links")
    (folder / "links.yaml").write_text(SCENARIO, encoding="utf-8")
    return sim.run(folder / "links.yaml", out=Path(folder / "run"))


@pytest.mark.parametrize("relation", COLUMNS)
def test_a_link_counts_the_exchanges_of_the_log_and_their_times(
    run: sim.Run, relation: str
) -> None:
    """Links that lead where the account never was are the false ones: few."""
    query = f"""
        WITH used AS (
            SELECT account_id, {COLUMNS[relation]} AS dst_id, count(*) AS exchanges,
                min(ts_start) AS first, max(ts_start) AS last
            FROM exchanges WHERE {COLUMNS[relation]} <> 0 GROUP BY ALL)
        SELECT count(*) AS links, count(DISTINCT (src_id, edges.dst_id)) AS pairs,
            count(exchanges) AS true_links,
            sum((exchanges = "count" AND first = first_seen AND last = last_seen)::int) AS exact
        FROM edges_observed AS edges
        LEFT JOIN used ON src_id = account_id AND edges.dst_id = used.dst_id
        WHERE relation = '{relation}'
    """
    [(links, pairs, true_links, exact)] = run.sql(query).fetchall()
    assert links > 35
    assert pairs >= links - 3
    # a false one may lead to what the account uses by another link
    assert true_links > 0.85 * links
    assert exact > true_links - 3


def test_a_link_to_software_counts_what_one_fingerprint_sent(run: sim.Run) -> None:
    """The log has the fingerprint in words, the links a number for each."""
    query = """
        WITH used AS (
            SELECT account_id, ja4, count(*) AS exchanges, min(ts_start) AS first,
                max(ts_start) AS last
            FROM exchanges GROUP BY ALL)
        SELECT count(*), count(ja4), count(DISTINCT dst_id), count(DISTINCT ja4)
        FROM edges_observed AS edges LEFT JOIN used ON src_id = account_id
            AND exchanges = "count" AND first = first_seen AND last = last_seen
        WHERE relation = 'used_ja4'
    """
    [(links, exact, numbers, words)] = run.sql(query).fetchall()
    assert links > 35
    assert exact == links
    assert abs(numbers - words) <= 2


def test_links_of_the_sign_up_are_those_of_the_tables(run: sim.Run) -> None:
    query = """
        SELECT relation, count(*), sum((dst_id IN (instrument_hash, email_domain_hash))::int),
            max("count"), sum((edges.last_seen = edges.first_seen)::int)
        FROM edges_observed AS edges JOIN accounts ON src_id = accounts.account_id
            LEFT JOIN account_payment ON src_id = account_payment.account_id
        WHERE relation IN ('used_card', 'same_email_domain') GROUP BY ALL
    """
    found = run.sql(query).fetchall()
    assert len(found) == 2
    for _, links, right, most, at_once in found:
        assert links > 40
        assert right > 0.85 * links
        assert (most, at_once) == (1, links)
