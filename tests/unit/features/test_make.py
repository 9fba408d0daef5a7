"""The tables of features as a whole: bytes, parts, edges, and what is in no table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from pydantic import ValidationError

from sim.catalog import typologies
from sim.features import grouped
from sim.features.dials import FeatureDials
from sim.features.make import feature_tables
from sim.features.windows import Window, windows_of
from sim.tables.database import RunTables
from sim.tables.feature_schema import (
    ACCOUNT_DAY_FEATURES,
    ACCOUNT_FEATURES,
    FEATURE_TABLES,
    WINDOW_FEATURES,
)
from sim.tables.schema import EXCHANGES, arrow_schema
from tests.support.tiny_logs import CLOSES, OPENS, at, sent, tiny_log, us

WHOLE = Window(us(OPENS), us(CLOSES))
SCHEMAS = {
    "features/accounts": ACCOUNT_FEATURES,
    "features/account_days": ACCOUNT_DAY_FEATURES,
    "features/windows": WINDOW_FEATURES,
}


ALL = FeatureDials(least_requests=1)


def made(
    tables: RunTables, dials: FeatureDials = ALL, windows: Sequence[Window] = (WHOLE,)
) -> Mapping[str, pa.Table]:
    """All tables of features, in memory."""
    return {
        stem: rows if isinstance(rows, pa.Table) else rows.read_all()
        for stem, rows in feature_tables(tables, dials, windows)
    }


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> RunTables:
    """Thirty accounts with forty requests each, at times and of sizes without order."""
    drawn = [(k * 7919) % 30 + 1 for k in range(1_200)]
    return tiny_log(
        tmp_path_factory.mktemp("busy"),
        log_exchanges=[
            sent(
                account,
                (k * 104_729 % 95_000) / 1000,
                seconds=account,
                output_tokens=k * 31 % 997,
                input_tokens_total=k * 17 % 4_999,
                cost_usd=k % 13 / 7,
                tcp_rtt_ms=k % 11 / 3,
                tls_rtt_ms=k % 17 / 3,
                system_prompt_hash=k % 19,
                prompt_simhash64=k * 65_537 % 9_973,
                ip_hash=k % 23,
            )
            for k, account in enumerate(drawn)
        ],
    )


@pytest.fixture(scope="module")
def first(busy: RunTables) -> Mapping[str, pa.Table]:
    """Its features, made by all threads at once."""
    return made(busy)


def test_tables_are_as_their_schemas_say(first: Mapping[str, pa.Table]) -> None:
    assert {stem: t.schema for stem, t in first.items()} == {
        stem: arrow_schema(columns) for stem, columns in SCHEMAS.items()
    }
    assert not any(column.null_count for table in first.values() for column in table.columns)


@pytest.mark.parametrize("threads", [1, 3])
def test_rows_are_the_same_whatever_is_done_at_a_time(
    busy: RunTables,
    first: Mapping[str, pa.Table],
    threads: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grouped, "AT_ONCE", 300 * threads)
    busy.connection.execute(f"SET threads = {threads}")
    again = made(busy)
    assert all(table.equals(again[stem]) for stem, table in first.items())


def test_examples_are_the_accounts_of_each_window(busy: RunTables) -> None:
    windows = windows_of(*WHOLE, cut_off_us=us(at(24)), gap_us=us(at(12)) - us(OPENS))
    dials = FeatureDials(account_days=False, windows=False)
    rows = made(busy, dials, windows)["features/accounts"].to_pandas()
    assert rows["example_id"].is_unique
    assert rows["example_id"].is_monotonic_increasing
    assert rows.groupby("window_from")["account_id"].nunique().tolist() == [30, 30]
    assert len(rows) == 90


def test_days_and_windows_of_requests_by_hand(tmp_path: Path) -> None:
    # the fourth is complete on the second day, the fifth after the log closes
    hours, long = (1, 2, 3, 23.9, 95.9), (10, 10, 10, 3600, 3600)
    tables = tiny_log(
        tmp_path,
        log_exchanges=[sent(1, h, seconds=s) for h, s in zip(hours, long, strict=True)],
    )
    found = made(tables, FeatureDials(requests=3, least_requests=1))
    days = found["features/account_days"].to_pandas()
    assert days["day"].tolist() == [at(0), at(24)]
    assert days["exchanges"].tolist() == [3, 1]

    windows = found["features/windows"].to_pandas()
    assert windows["exchanges"].tolist() == [3, 1]
    assert windows["number"].tolist() == [0, 1]
    assert [str(t)[11:19] for t in windows["last_end"]] == ["03:00:10", "00:54:00"]
    kept = made(tables, FeatureDials(requests=3, least_requests=2))["features/windows"]
    assert kept["exchanges"].to_pylist() == [3]


def test_an_empty_log_has_empty_tables(tmp_path: Path) -> None:
    tables = tiny_log(tmp_path, log_exchanges=[sent(1, 95.9, seconds=3600)])
    found = made(tables)
    assert [t.num_rows for t in found.values()] == [0, 0, 0]
    assert found["features/accounts"].schema == arrow_schema(ACCOUNT_FEATURES)


def test_an_account_with_one_exchange(tmp_path: Path) -> None:
    row = made(tiny_log(tmp_path, log_exchanges=[sent(1, 1)]))["features/accounts"].to_pylist()[0]
    assert (row["gap_median_s"], row["sessions"], row["output_variation"]) == (0, 1, 0)


def test_core_columns_leave_out_what_needs_more(tmp_path: Path) -> None:
    drop = [c.name for c in EXCHANGES.columns if c.profile not in ("core", "lean")]
    found = made(tiny_log(tmp_path, drop, log_exchanges=[sent(1, 1)]))
    kept = set(found["features/accounts"].column_names)
    assert {"refused_share", "gap_median_s", "models", "by_cloud", "card_instruments"} <= kept
    gone = set(ACCOUNT_FEATURES) - kept
    assert {"templates", "template_accounts", "together_mean", "reworded_share"} <= gone
    assert {"hosting_share", "thinking_share", "reasoning_share"} <= gone
    assert all(set(t.column_names) <= set(SCHEMAS[stem]) for stem, t in found.items())


def test_tables_that_are_not_asked_for(tmp_path: Path) -> None:
    tables = tiny_log(tmp_path, log_exchanges=[sent(1, 1)])
    dials = FeatureDials(account_days=False, windows=False)
    assert list(made(tables, dials)) == ["features/accounts"]


def test_names_tell_of_no_class() -> None:
    words = {word for t in typologies().values() for word in (t.id.lower(), t.purpose)}
    for stem in SCHEMAS:
        names = set(re.findall("[a-z0-9]+", " ".join(FEATURE_TABLES[stem])))
        assert not names & (words | {"typology", "actor", "campaign", "operator", "label"})


def test_features_have_a_meaning_and_no_more_identifiers() -> None:
    for stem in SCHEMAS:
        for column in FEATURE_TABLES[stem].columns:
            assert column.meaning.endswith(".")
            assert not column.is_identifier or column.name in ("example_id", "account_id")
            assert not column.may_be_missing


def test_windows_are_never_empty() -> None:
    assert windows_of(0, 10, release_us=4) == ((0, 10), (0, 4), (4, 10))
    assert windows_of(0, 10, cut_off_us=4, gap_us=0, release_us=4) == ((0, 10), (0, 4), (4, 10))
    with pytest.raises(ValueError, match="no window"):
        windows_of(0, 10, cut_off_us=4, gap_us=6)


def test_the_last_window_has_no_more_requests_than_the_others() -> None:
    with pytest.raises(ValidationError, match="at most requests, found 20 and 10"):
        FeatureDials(requests=10)
