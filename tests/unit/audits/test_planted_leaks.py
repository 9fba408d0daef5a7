"""Each test of an audit finds the leak that is planted for it, and nothing in the clean run."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.audits import Audit, audit, fingerprint
from sim.audits.context import Context
from sim.tables.database import RunTables
from tests.unit.audits.conftest import scenario
from tests.unit.audits.plants import plant

OWN = ("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T10", "T14")

# Of a test: what becomes of columns of tables, and how the worst places begin. What is found in
# places of its own is planted together.
Planted = tuple[str, dict[str, dict[str, str]], tuple[str, ...]]
LOG, ACCOUNTS = "log/exchanges", "log/accounts"
PLANTS: dict[str, Planted] = {
    "a column of exchanges, and one of accounts": (
        "T1",
        {
            LOG: {"max_tokens": "IF(extracts, 32001, 32000)"},
            ACCOUNTS: {"verification_level": "IF(extracts, 'verified', 'unverified')"},
        },
        ("max_tokens", "accounts.verification_level = "),
    ),
    "a column of one typology": (
        "T1",
        {ACCOUNTS: {"created_at": "IF(kind = 'A15', date_trunc('day', created_at), created_at)"}},
        ("A15: accounts.created_at",),
    ),
    "a rule": (
        "T2",
        {LOG: {"thinking_enabled": "extracts"}},
        ("exchanges.thinking_enabled share",),
    ),
    "order of identifiers, and whole seconds": (
        "T3",
        {
            LOG: {
                "exchange_id": "IF(extracts, exchange_id // 2, exchange_id)",
                "ts_start": "IF(extracts, date_trunc('second', ts_start), ts_start)",
            }
        },
        ("log/exchanges.exchange_id: ", "log/exchanges.ts_start: fraction of a second"),
    ),
    "digits of identifiers": (
        "T3",
        {LOG: {"exchange_id": "IF(extracts, exchange_id // 10 * 10 + 7, exchange_id)"}},
        ("log/exchanges.exchange_id: last digit",),
    ),
    "missing values": (
        "T4",
        {LOG: {"temperature": "IF(extracts, NULL, 1.0)"}},
        ("exchanges.temperature missing",),
    ),
    "a word of what extracts": ("T5", {LOG: {"os": "IF(extracts, 'plan9', os)"}}, ("os",)),
    "a word of others": ("T5", {LOG: {"os": "IF(extracts, os, 'plan9')"}}, ("os",)),
    "round numbers": (
        "T6",
        {LOG: {"output_tokens": "IF(extracts, output_tokens // 10 * 10, output_tokens)"}},
        ("output_tokens ",),
    ),
    "repeated rows": (
        "T6",
        {
            LOG: {
                "duration_s": "IF(extracts, 3, duration_s)",
                "output_tokens": "100",
                "input_tokens_total": "IF(extracts, 1000, input_tokens_total)",
            }
        },
        ("the same in ",),
    ),
    "impossible round trips": (
        "T7",
        {LOG: {"tls_rtt_ms": "IF(extracts, tcp_rtt_ms / 2, tls_rtt_ms)"}},
        ("the encryption takes less time than the network (extract ",),
    ),
    "another price": (
        "T7",
        {LOG: {"cost_usd": "IF(extracts, cost_usd * 1.5, cost_usd)"}},
        ("the cost is none of the prices of the model (extract ",),
    ),
    "accounts younger than their work": (
        "T7",
        {ACCOUNTS: {"created_at": "IF(extracts, TIMESTAMPTZ '2027-01-01', created_at)"}},
        ("an exchange comes before its account (extract ",),
    ),
    "a typology in words, and an actor's hash": (
        "T14",
        {
            LOG: {"runtime": "kind"},
            ACCOUNTS: {"email_domain_hash": "(hash(actor) // 2)::BIGINT"},
        },
        ("log/exchanges.runtime: A15", "log/accounts.email_domain_hash"),
    ),
}


@pytest.fixture(scope="session")
def clean(twenty: Path) -> Audit:
    """What these tests find where nothing is planted."""
    return audit(RunTables(twenty), only=OWN)


@pytest.mark.parametrize("test", OWN)
def test_nothing_is_found_in_the_clean_run(clean: Audit, test: str) -> None:
    assert clean.of(test)
    assert [finding for finding in clean.of(test) if finding.status == "failed"] == []


@pytest.mark.parametrize("leak", PLANTS)
def test_a_planted_leak_is_found(tables: RunTables, leak: str) -> None:
    test, tables_planted, places = PLANTS[leak]
    for stem, columns in tables_planted.items():
        plant(tables, stem, **columns)
    found = audit(tables, only=[test])
    assert not found.ok
    for place in places:
        assert [f for f in found.failed if f.where.startswith(place)], (place, found)


def test_the_order_of_rows_is_found(tables: RunTables) -> None:
    tables.plant(
        "log/accounts",
        "SELECT a.* FROM log_accounts a JOIN truth_accounts USING (account_id)"
        " ORDER BY purpose = 'extraction', account_id",
    )
    failed = audit(tables, only=["T3"]).failed
    assert [finding.where for finding in failed] == ["row of log/accounts"]


def test_a_column_and_an_identifier_of_the_truth_are_found(tables: RunTables) -> None:
    tables.plant(
        "log/orgs",
        "SELECT o.*, any_value(operator_uid) AS operator_uid, any_value(hash(operator_uid)) AS made"
        " FROM log_orgs o JOIN log_accounts USING (org_id) JOIN truth_accounts USING (account_id)"
        " GROUP BY ALL",
    )
    found = {finding.title: finding.where for finding in audit(tables, only=["T14"]).failed}
    assert found == {
        "columns that bear a name of the truth": "log/orgs.operator_uid",
        "columns that hold an identifier of the truth": "log/orgs.operator_uid, log/orgs.made",
    }


@pytest.mark.verify
def test_a_split_that_tears_owners_apart_is_found_by_permuted_labels(tables: RunTables) -> None:
    """Where accounts of an owner are on both sides, a model learns whose they are."""
    tables.plant(
        "truth/accounts",
        "SELECT * REPLACE ((hash(account_id) % 16)::VARCHAR AS actor_id,"
        " IF(hash(account_id) % 16 < 6, 'A16', 'L09') AS typology_id, 'campaign' AS coordination)"
        " FROM truth_accounts",
    )
    plant(
        tables,
        "log/accounts",
        created_at="make_timestamptz(actor::BIGINT * 86400000000)",
        verification_level="actor",
        signup_asn_type="actor",
    )
    tables.plant(
        "splits",
        "SELECT 'account' AS entity_type, account_id AS entity_id, 'campaign' AS split_scheme,"
        " IF(hash(account_id, 1) % 2 = 0, 'train', 'test') AS fold FROM log_accounts",
    )
    [finding] = audit(tables, only=["T10"])
    assert finding.status == "failed", finding
    assert "boundary: split campaign; " in finding.says
    tables.plant("splits", "SELECT * FROM splits WHERE false")
    [finding] = audit(tables, only=["T10"])
    assert finding.status == "passed", finding


@pytest.mark.verify
def test_a_fingerprint_of_the_scenario_is_found(tables: RunTables) -> None:
    """Durations are longer wherever a campaign is simulated: all of them, whoever sends."""
    twenty = scenario()
    bare = twenty.tables.model_copy(update={"vectors": False})
    wombats = twenty.actors[0].model_copy(update={"accounts": 390})
    dunnarts = tuple(actor for actor in twenty.actors if actor.typology == "A15")
    made = twenty.model_copy(update={"tables": bare, "actors": (wombats, *dunnarts[:6])})
    context = Context(tables, scenario=made, simulates=True)
    [finding] = fingerprint.check(context)
    assert finding.status == "passed", finding
    plant(context.simulate(context.small), "log/exchanges", duration_s="duration_s + 500")
    [finding] = fingerprint.check(context)
    assert finding.status == "failed", finding
