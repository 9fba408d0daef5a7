"""Packs as published detectors read them."""

from __future__ import annotations

import ipaddress
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim import open_pack
from sim.predictions.make import Side
from tools.outside_formats import main, sides_of, text_of, write_queries

# What Glasswally's reader needs of every line; other fields may be missing.
NEEDED = {
    "request_id": str,
    "account_id": str,
    "timestamp": str,
    "ip_address": str,
    "user_agent": str,
    "model": str,
    "prompt": str,
    "token_count": int,
    "country_code": str,
    "header_order": list,
}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def sides(labelled: Path) -> tuple[Side, Side]:
    return sides_of(open_pack(labelled), "campaign")


def test_queries_are_those_of_benign_and_of_asked_accounts(
    sides: tuple[Side, Side], tmp_path: Path
) -> None:
    train, test = sides
    sizes = write_queries(train, test, tmp_path)
    benign, suspect = (lines(tmp_path / name / "queries.jsonl") for name in ("normal", "attacker"))
    assert sizes == (len(benign), len(suspect))
    assert {row["account_id"] for row in suspect} == set(test.seen.accounts)
    assert {row["account_id"] for row in benign} == set(train.seen.accounts[~train.labels])

    assert [row["index"] for row in suspect] == list(range(len(suspect)))
    sent = test.seen.log.rows("SELECT account_id, prompt_simhash64 AS prompt FROM log_exchanges")
    told = {(row["account_id"], int(row["query"], 16)) for row in suspect}
    assert told <= set(sent.itertuples(index=False, name=None))


def test_a_gateway_has_all_exchanges_in_order_with_what_its_reader_needs(
    labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "gateway.jsonl"
    main(["gateway", "--pack", str(labelled), "-o", str(out)])
    rows, pack = lines(out), open_pack(labelled)
    assert capsys.readouterr().out == f"{out}: {len(rows):,} exchanges\n"
    ends = pack.pandas("log/exchanges", ["ts_end"])["ts_end"].dt.as_unit("us").astype("int64")
    assert len(rows) == (ends < pack.recipe.closes_us).sum()

    for name, kind in NEEDED.items():
        assert {type(row[name]) for row in rows} == {kind}, name
    times = [datetime.fromisoformat(row["timestamp"]) for row in rows]
    assert times == sorted(times)
    assert len({ipaddress.IPv4Address(row["ip_address"]) for row in rows}) > 10


def test_a_prompt_is_told_by_its_hash_or_by_its_numbers() -> None:
    assert text_of(np.int64(2**62 + 10)) == "400000000000000a"
    assert text_of(np.array([0.5, -1, 0], np.float16)) == "0.5 -1 0"
