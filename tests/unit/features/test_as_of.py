"""What is known of a log at a time, and that features that look ahead are found."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from sim.features import as_of, joined
from sim.features.as_of import KNOWN, AsOf, Knowledge, recomputed
from sim.features.dials import FeatureDials
from sim.features.make import account_features
from sim.features.windows import Window
from sim.tables.database import RunTables
from sim.tables.schema import PROMPT_VECTOR, TABLES
from tests.support.tiny_logs import OPENS, at, sent, tiny_log, us

NOON = us(at(12))


def test_of_every_column_of_the_log_it_is_said_when_it_is_known() -> None:
    """A new column has to be put into `KNOWN`: when does a provider know what it says?"""
    log = {stem: set(columns) for stem, columns in TABLES.items() if stem.startswith("log/")}
    log["log/exchanges"] |= {PROMPT_VECTOR.name}
    assert {stem: known.columns for stem, known in KNOWN.items()} == log


def test_an_exchange_is_known_once_it_is_complete(tmp_path: Path) -> None:
    tables = tiny_log(tmp_path, log_exchanges=[sent(1, 11, seconds=3600), sent(1, 11.5)])
    found = AsOf(tables, NOON).known("log/exchanges")
    assert tables.rows(f"SELECT exchange_id FROM {found}")["exchange_id"].tolist() == [2]
    found = AsOf(tables, NOON + 1).known("log/exchanges", from_us=NOON)
    assert tables.rows(f"SELECT exchange_id FROM {found}")["exchange_id"].tolist() == [1]


def test_what_is_set_later_is_rebuilt_or_absent(tmp_path: Path) -> None:
    tables = tiny_log(
        tmp_path,
        log_exchanges=[sent(1, 1)],
        log_accounts=[
            {"account_id": 1, "org_id": 10, "status_at_export": "banned"},
            {"account_id": 2, "org_id": 10, "created_at": at(13), "verification_level": "verified"},
        ],
        log_credentials=[
            {"api_key_id": 1, "account_id": 1, "revoked_at": at(11)},
            {"api_key_id": 2, "account_id": 1, "revoked_at": at(13)},
        ],
        log_payment_events=[
            {"account_id": 1, "kind": "dispute", "at": at(1), "known_at": at(20)},
            {"account_id": 1, "kind": "decline", "at": at(1), "known_at": at(2)},
        ],
    )
    then, later = AsOf(tables, NOON), AsOf(tables, us(at(24)))

    def found(known: AsOf, look: str, stem: str) -> list[object]:
        rows = tables.rows(f"SELECT {look} AS x FROM {known.known(stem)} ORDER BY 1")
        return list(rows["x"])

    assert found(then, "account_id", "log/accounts") == [1]
    assert found(then, "kyc_level", "log/orgs") == ["unverified"]
    assert found(later, "kyc_level", "log/orgs") == ["verified"]
    assert found(then, "count(revoked_at)", "log/credentials") == [1]
    assert found(later, "count(revoked_at)", "log/credentials") == [2]
    assert found(then, "kind", "log/payment_events") == ["decline"]
    with pytest.raises(duckdb.BinderException, match="status_at_export"):
        found(then, "status_at_export", "log/accounts")


def test_nothing_of_the_truth_is_known(tmp_path: Path) -> None:
    tables = tiny_log(tmp_path, log_exchanges=[sent(1, 1)])
    with pytest.raises(KeyError):
        AsOf(tables, NOON).known("truth/accounts")


def test_a_spoiled_log_has_no_future(tmp_path: Path) -> None:
    tables = tiny_log(
        tmp_path,
        log_exchanges=[sent(1, 1), sent(1, 13)],
        log_credentials=[{"api_key_id": 1, "account_id": 1, "revoked_at": at(13)}],
        log_accounts=[{"account_id": 1, "org_id": 10, "status_at_export": "banned"}],
    )
    cut = recomputed(tables, NOON)
    assert len(cut.rows("FROM log_exchanges")) == 1
    assert cut.rows("FROM log_credentials")["revoked_at"].isna().all()
    assert cut.rows("FROM log_accounts")["status_at_export"].tolist() == ["spoiled"]
    later = recomputed(tables, us(at(14)))
    assert [len(log.rows("FROM log_exchanges")) for log in (tables, cut, later)] == [2, 1, 2]
    assert cut.rows("SELECT current_setting('TimeZone') AS zone")["zone"][0] == "UTC"
    assert "truth/accounts" not in cut.schemas


def of_both(tables: RunTables) -> tuple[pa.Table, pa.Table]:
    """Features at noon, from the whole log and from one without a future."""
    window = Window(us(OPENS), NOON)
    cut = recomputed(tables, NOON)
    made = [account_features(log, FeatureDials(), [window]) for log in (tables, cut)]
    return made[0], made[1]


@pytest.fixture
def lively(tmp_path: Path) -> RunTables:
    """A log in which nearly everything goes on after noon."""
    return tiny_log(
        tmp_path,
        log_exchanges=[
            *(sent(1, hour, ip_hash=5, system_prompt_hash=hour % 3) for hour in range(1, 24)),
            *(sent(2, hour, ip_hash=5, prompt_cluster=hour % 2) for hour in range(2, 24)),
            sent(2, 11.9, seconds=3600, prompt_simhash64=8),
            sent(3, 15, ip_hash=5, system_prompt_hash=1),
        ],
        log_accounts=[
            {"account_id": k, "org_id": 10 * k, "created_at": at(k * 10 - 21), "signup_ip24": 5}
            for k in (1, 2, 3, 4)
        ],
        log_credentials=[
            {"api_key_id": 1, "account_id": 1, "revoked_at": at(13)},
            {"api_key_id": 2, "account_id": 1, "created_at": at(14)},
        ],
        log_payment_instruments=[{"instrument_hash": 9, "type": "card"}],
        log_account_payment=[
            {"account_id": 1, "instrument_hash": 9, "first_seen": at(1)},
            {"account_id": 2, "instrument_hash": 9, "first_seen": at(2)},
            {"account_id": 3, "instrument_hash": 9, "first_seen": at(15)},
        ],
        log_payment_events=[
            {"account_id": 1, "kind": "dispute", "at": at(1), "known_at": at(20), "usd": 5.0},
            {"account_id": 1, "kind": "charge", "at": at(1), "known_at": at(2), "usd": 5.0},
        ],
        log_enforcement_events=[
            {"account_id": 1, "at": at(3), "action": "rate_limit"},
            {"account_id": 1, "at": at(20), "action": "ban"},
        ],
    )


def test_no_feature_looks_ahead(lively: RunTables) -> None:
    whole, cut = of_both(lively)
    assert whole.num_rows == 2
    assert whole.equals(cut)


LOOKS_AHEAD: dict[str, Knowledge] = {
    "log/exchanges": dataclasses.replace(KNOWN["log/exchanges"], since="ts_start"),
    "log/payment_events": dataclasses.replace(KNOWN["log/payment_events"], since="at"),
    "log/orgs": dataclasses.replace(
        KNOWN["log/orgs"], lasting=("org_id", "created_at", "declared_country", "kyc_level")
    ),
    "log/credentials": dataclasses.replace(
        KNOWN["log/credentials"], rebuilt={"revoked_at": "revoked_at"}
    ),
}


@pytest.mark.parametrize("stem", LOOKS_AHEAD)
def test_knowledge_that_came_later_is_found(
    lively: RunTables, stem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted: Mapping[str, Knowledge] = {**KNOWN, stem: LOOKS_AHEAD[stem]}
    if stem == "log/orgs":  # all that is verified there is so in the whole log
        lively.plant("log/orgs", "SELECT * REPLACE ('verified' AS kyc_level) FROM log_orgs")
    monkeypatch.setattr(as_of, "KNOWN", planted)
    whole, cut = of_both(lively)
    assert not whole.equals(cut)


def test_a_feature_that_looks_ahead_is_found(
    lively: RunTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads a table as it is, and not as it was known."""
    planted = joined.FAMILIES[-1]._replace(
        rows=lambda _: "(SELECT account_id, action AS measure FROM log_enforcement_events)"
    )
    families = (*joined.FAMILIES[:-1], planted)
    monkeypatch.setattr("sim.features.make.FAMILIES", families)
    whole, cut = of_both(lively)
    assert not whole["ban_measures"].equals(cut["ban_measures"])
    assert whole.drop(["ban_measures"]).equals(cut.drop(["ban_measures"]))
