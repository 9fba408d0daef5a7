"""Damage to times (INV-3) and to tokens and cost (INV-4)."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.catalog import models
from tests.invariants.damage import (
    BUSY,
    change,
    place,
    req,
    stamp,
    verdict,
)
from tests.support.scenarios import HOUR_US, read


def test_an_end_before_the_start(copy: Path, rows: Any) -> None:
    start = rows["ts_start"][1_500]
    end = start - timedelta(microseconds=1)
    where = change(copy, "log/exchanges", 1_500, ts_end=end)
    assert verdict(copy, "INV-3") == (
        f"INV-3 time: FAILED: {where} ({req(rows['exchange_id'][1_500])}): found ts_end "
        f"{stamp(end)}, ts_start {stamp(start)}; allowed: an end 0 to 60 s after the start"
    )


def test_a_row_out_of_order_across_parts(copy: Path, rows: Any) -> None:
    before = place(copy, "log/exchanges", 2_000)
    index = 2_000 - before[1]
    start = rows["ts_start"][index - 1] - timedelta(microseconds=1)
    where = change(copy, "log/exchanges", index, ts_start=start)
    assert where.endswith("row 0")
    assert verdict(copy, "INV-3") == (
        f"INV-3 time: FAILED: {where} ({req(rows['exchange_id'][index])}): found ts_start "
        f"{stamp(start)}; allowed: {stamp(rows['ts_start'][index - 1])} of the row before or "
        "later, in one microsecond in order of exchange_id"
    )


def test_a_row_outside_the_clock(copy: Path, rows: Any) -> None:
    index = len(rows) - 1
    late = BUSY.clock.end
    where = change(copy, "log/exchanges", index, ts_start=late, ts_end=late)
    assert verdict(copy, "INV-3") == (
        f"INV-3 time: FAILED: {where} ({req(rows['exchange_id'][index])}): found ts_start "
        "2026-01-05T07:12:00.000000Z; allowed: from 2026-01-05T00:00:00.000000Z to before "
        "2026-01-05T07:12:00.000000Z"
    )


@pytest.mark.parametrize(
    ("column", "allowed"),
    [("duration_s", "{duration}, ts_end less ts_start"), ("ttft_s", "0 to {duration}, the whole")],
)
def test_seconds_that_do_not_add_up(copy: Path, rows: Any, column: str, allowed: str) -> None:
    index = int(np.flatnonzero(rows["http_status"] == 200)[1_000])
    where = change(copy, "log/exchanges", index, **{column: 1_000.0})
    start = f"INV-3 time: FAILED: {where} ({req(rows['exchange_id'][index])}): "
    allowed = allowed.format(duration=rows["duration_s"][index])
    assert verdict(copy, "INV-3").startswith(f"{start}found {column} 1000.0; allowed: {allowed}")


# INV-4


def tokens_of(row: Any, **values: Any) -> tuple[dict[str, Any], str, str]:
    total, window = row["input_tokens_total"], models()[row["model_served"]].context_window_tokens
    kinds: dict[str, tuple[dict[str, Any], str, str]] = {
        "total": (
            {"input_tokens_total": int(total + 1)},
            f"input_tokens_total {total + 1}",
            f"{total}, the sum of its four parts",
        ),
        "window": (
            {"input_tokens_total": 2_000_000, "input_tokens_uncached": 2_000_000 - row["left"]},
            "input_tokens_total 2000000",
            f"at most {window}, the window of the model",
        ),
        "cost": (
            {"output_tokens": int(row["output_tokens"] + 1)},
            f"cost_usd {row['cost_usd']}",
            "",
        ),
        "error": (
            {"error_type": "api_error"},
            "error_type api_error of status 200",
            "none",
        ),
        "status": (
            {"http_status": 500, "error_type": "api_error"},
            f"status 500 with {total} tokens of input, {row['output_tokens']} of output, "
            f"finish_reason {row['finish_reason']}",
            "no tokens, no tool calls and no finish_reason in a failed attempt",
        ),
        "nothing": (
            {"output_tokens": 0},
            f"status 200 with {total} tokens of input, 0 of output, "
            f"finish_reason {row['finish_reason']}",
            "at least one token of each, if not pre-warming, and a finish_reason",
        ),
        "negative": ({"cache_read_tokens": -1}, "-1 in a column of counts", "0 or more"),
        "max_tokens": (
            {"max_tokens": int(row["output_tokens"] - 1)},
            f"output_tokens {row['output_tokens']}",
            f"at most {row['output_tokens'] - 1}, max_tokens of each choice",
        ),
    }
    return kinds[values["kind"]]


@pytest.mark.parametrize(
    "kind",
    ["total", "window", "cost", "error", "status", "nothing", "negative", "max_tokens"],
)
def test_tokens_that_do_not_add_up(copy: Path, rows: Any, kind: str) -> None:
    answered = (rows["http_status"] == 200) & (rows["finish_reason"] != "max_tokens")
    index = int(np.flatnonzero(answered)[1_200])
    values, found, allowed = tokens_of(rows.iloc[index], kind=kind)
    where = change(copy, "log/exchanges", index, **values)
    assert verdict(copy, "INV-4").startswith(
        f"INV-4 tokens and cost: FAILED: {where} ({req(rows['exchange_id'][index])}): found "
        f"{found}; allowed: {allowed}"
    )


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("choice_count", 0, "choice_count 0"),
        ("reasoning_tokens", 1, "reasoning_tokens 1"),
        ("server_tool_requests", 11, "server_tool_requests 11, finish_reason "),
        ("refusal_category", "bio", "refusal_category bio, finish_reason "),
        ("service_tier", "batch", "cost_usd "),
    ],
)
def test_an_answer_that_does_not_fit(
    copy: Path, rows: Any, column: str, value: Any, found: str
) -> None:
    index = int(np.flatnonzero(rows["http_status"] == 200)[1_200])
    where = change(copy, "log/exchanges", index, **{column: value})
    assert verdict(copy, "INV-4").startswith(
        f"INV-4 tokens and cost: FAILED: {where} ({req(rows['exchange_id'][index])}): found {found}"
    )


def test_another_price(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    price = {"kind": "price", "at_us": HOUR_US, "factor": 2.0}
    manifest["scenario"]["world"]["events"] = [price]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    rows = read(copy, "log/exchanges")
    since = rows["ts_start"] - BUSY.clock.start >= timedelta(hours=1)
    index = int(np.flatnonzero(since & (rows["http_status"] == 200))[0])
    file, row = place(copy, "log/exchanges", index)
    cost = rows["cost_usd"][index]
    assert verdict(copy, "INV-4") == (
        f"INV-4 tokens and cost: FAILED: {file} row {row} ({req(rows['exchange_id'][index])}): "
        f"found cost_usd {cost}; allowed: {cost * np.float32(2)}, price times tokens"
    )
