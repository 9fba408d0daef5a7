"""Tables about accounts say of the log what is true of it, but for links that are false."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim

SCENARIO = """
version: 1
name: links
seed: 5
clock: {start: 2026-02-02, duration: 2 d}
actors:
  - {id: coders, typology: L01, accounts: 90}
  - {id: gateway, typology: L05, accounts: 2}
  - {id: guests, typology: L02, accounts: 6, through: gateway}
  - {id: campaign, typology: A16, accounts: 40, target_exchanges: 2000}
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
    assert exact > true_links - 6


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


def test_tables_about_one_sign_up_do_not_agree_to_the_microsecond(run: sim.Run) -> None:
    """An organisation is made before its first account, and a card is given after it."""
    query = """
        WITH pairs AS (
            SELECT epoch_us(accounts.created_at) AS signed_up,
                epoch_us(orgs.created_at) AS made, epoch_us(first_seen) AS given,
                row_number() OVER (PARTITION BY org_id ORDER BY accounts.created_at) AS place
            FROM accounts JOIN orgs USING (org_id) JOIN account_payment USING (account_id))
        SELECT count(*), sum((made < signed_up)::int), sum((signed_up < given)::int),
            median(given - signed_up) / 1e6,
            median(signed_up - made) FILTER (WHERE place = 1) / 1e6
        FROM pairs
    """
    [(accounts, later, before, given_s, lead_s)] = run.sql(query).fetchall()
    assert accounts == later == before > 50
    assert 120 < given_s < 480
    assert 30 < lead_s < 200


def test_payments_are_for_what_was_used_in_the_log(run: sim.Run) -> None:
    """Each account is charged what its exchanges cost, but for rounding and what was declined."""
    query = """
        WITH used AS (
            SELECT account_id, sum(cost_usd) AS usd FROM exchanges
            WHERE platform = 'first_party' GROUP BY ALL),
        paid AS (
            SELECT account_id, sum(usd) FILTER (WHERE kind = 'charge') AS usd,
                bool_or(kind = 'decline' AND usd > 0) AS declined,
                max(known_at) AS known_at
            FROM payment_events GROUP BY ALL)
        SELECT count(*), sum((abs(coalesce(paid.usd, 0) - used.usd) < 0.006)::int),
            sum((abs(coalesce(paid.usd, 0) - used.usd) < 0.006 OR declined)::int),
            max(known_at) < TIMESTAMPTZ '2026-08-03 00:00:00+00'
        FROM used JOIN paid USING (account_id)
    """
    [(accounts, exact, explained, in_time)] = run.sql(query).fetchall()
    assert accounts == explained
    assert exact > 0.9 * accounts > 40
    assert in_time
