"""T15 and T16: what training and test of a pack have in common, and what that promises too much."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.audits import audit
from sim.audits.report import Finding
from sim.tables.database import RunTables
from tests.unit.audits.packs import tables_of

OWNERS, IDENTIFIERS, PROMPTS, WINDOWS = range(4)


@pytest.fixture
def tables(labelled: Path) -> RunTables:
    """The tables of a pack, opened anew, so that leaks can be planted with `plant`."""
    return tables_of(labelled)


def findings(tables: RunTables, test: str = "T15") -> list[Finding]:
    return list(audit(tables, only=[test]))


def test_a_clean_pack_keeps_its_sides_apart(tables: RunTables) -> None:
    found = findings(tables)
    assert [f.status for f in found] == ["passed"] * 4
    assert [f.figure for f in found] == [0] * 4


def test_an_operator_on_both_sides_is_found(tables: RunTables) -> None:
    tables.plant(
        "splits",
        "SELECT * REPLACE (CASE WHEN split_scheme = 'campaign' AND entity_id % 5 = 0 THEN 'test'"
        " ELSE fold::VARCHAR END AS fold) FROM splits",
    )
    found = findings(tables)[OWNERS]
    assert found.status == "failed"
    assert found.where.startswith("campaign: ")


def test_an_identifier_on_both_sides_that_nobody_declared_is_found(tables: RunTables) -> None:
    tables.plant(
        "truth/split_cuts", "SELECT * FROM truth_split_cuts WHERE kind::VARCHAR <> 'mail domain'"
    )
    found = findings(tables)
    assert found[IDENTIFIERS].status == "failed"
    assert found[IDENTIFIERS].where.endswith(": mail domain")
    assert found[OWNERS].status == "passed"


def test_a_card_that_both_sides_have_is_found(tables: RunTables) -> None:
    tables.plant(
        "log/account_payment",
        "SELECT * REPLACE (7 + account_id % 40 AS instrument_hash) FROM log_account_payment",
    )
    found = findings(tables)[IDENTIFIERS]
    assert found.status == "failed"
    assert found.where.endswith(": card")


def test_prompts_of_the_training_in_other_words_are_found(tables: RunTables) -> None:
    tables.plant(
        "log/exchanges",
        "SELECT * REPLACE ((1::BIGINT << 50) + prompt_simhash64 % 8 AS prompt_simhash64)"
        " FROM log_exchanges",
    )
    found = findings(tables)
    assert found[PROMPTS].status == "failed"
    assert found[PROMPTS].where.endswith(": prompts")


def test_a_test_before_the_end_of_the_training_is_found(tables: RunTables) -> None:
    turned = "CASE fold::VARCHAR WHEN 'train' THEN 'test' ELSE 'train' END"
    tables.plant(
        "splits",
        f"SELECT * REPLACE (CASE WHEN split_scheme = 'regime' THEN {turned} ELSE fold END AS fold)"
        " FROM splits",
    )
    found = findings(tables)[WINDOWS]
    assert (found.status, found.where) == ("failed", "regime")


def test_a_log_without_templates_is_not_checked_for_prompts(tables: RunTables) -> None:
    tables.schemas["log/exchanges"].pop("system_prompt_hash")
    found = findings(tables)[PROMPTS]
    assert found.status == "not_checked"
    assert found.where == "log/exchanges has no system_prompt_hash"


def test_what_a_random_split_promises_too_much_is_published(tables: RunTables) -> None:
    (clean,) = findings(tables, "T16")
    assert clean.status == "passed"
    assert clean.says.startswith("random-rows: 0.")
    # what tells an operator is worth much at random, and nothing of campaigns never seen
    tables.plant(
        "features/accounts",
        "SELECT example_id, account_id, window_from, window_to,"
        " (hash(operator_uid) % 1000)::FLOAT AS exchanges"
        " FROM features_accounts JOIN truth_accounts USING (account_id)",
    )
    (leaking,) = findings(tables, "T16")
    assert leaking.figure is not None
    assert clean.figure is not None
    assert leaking.figure > clean.figure + 0.1
