"""Damage to what adds up (INV-1) and to what limits admit (INV-2)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.catalog import limits_of
from sim.engine.run import run
from sim.invariants.rate_limits import limit_segments
from sim.scenario.resolved import RateLimits
from tests.invariants.damage import (
    MINUTE_US,
    change,
    place,
    req,
    verdict,
)
from tests.support.scenarios import (
    HOUR_US,
    MONDAY,
    event,
    log_with_truth,
    ordinary,
    pool,
    read,
    scenario,
)


def test_a_label_of_another_exchange(copy: Path, rows: Any) -> None:
    change(copy, "truth/exchanges", 950, exchange_id=7)
    file, row = place(copy, "log/exchanges", 950)
    assert verdict(copy, "INV-1") == (
        f"INV-1 conservation: FAILED: {file} row {row} ({req(rows['exchange_id'][950])}): found "
        "exchange req_0000000000000007 in this row of truth/exchanges; allowed: the same "
        "exchange_id"
    )


@pytest.mark.parametrize(
    ("column", "more", "found", "allowed"),
    [
        ("exchanges_in_log", 1, "exchanges_in_log {in_log}", "{seen}, as many as the log has"),
        ("exchanges", -1, "exchanges {exchanges}, exchanges_in_log {seen}", "at least one in"),
        ("calls", 1, "finished with {answered} calls answered", "{calls} calls answered by"),
        ("calls", -1, "finished with {answered} calls answered", "{calls} calls answered by"),
    ],
)
def test_a_task_that_does_not_add_up(
    copy: Path, column: str, more: int, found: str, allowed: str
) -> None:
    tasks = read(copy, "truth/tasks")
    fine = (tasks["state"] == "finished") & (tasks["exchanges"] == tasks["exchanges_in_log"])
    index = int(np.flatnonzero(fine)[40])
    task = tasks.iloc[index].copy()
    seen = task["exchanges_in_log"]
    where = change(copy, "truth/tasks", index, **{column: int(task[column] + more)})
    task[column] += more
    values = {
        "in_log": task["exchanges_in_log"],
        "exchanges": task["exchanges"],
        "calls": task["calls"],
        "seen": seen,
        "answered": tasks["calls"][index],
    }
    said = verdict(copy, "INV-1")
    start = f"INV-1 conservation: FAILED: {where} (task_{int(task['task_uid']):016x}): found "
    assert said.startswith(start + found.format(**values))
    assert f"; allowed: {allowed.format(**values)}" in said


@pytest.mark.parametrize(
    ("stem", "column", "name"),
    [
        ("truth/actors", "tasks_finished", "pool"),
        ("truth/actors", "tasks_given_up", "pool"),
        ("truth/actors", "exchanges_in_log", "pool"),
        ("truth/actors", "requested", "pool"),
        ("truth/campaigns", "accounts_in_log", None),
        ("truth/campaigns", "achieved_exchanges", None),
    ],
)
def test_a_table_that_does_not_add_up(copy: Path, stem: str, column: str, name: Any) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(copy / f"{stem}.parquet").to_pylist()
    index = [row["actor_id"] for row in table].index("pool")
    row = table[index]
    where = change(copy, stem, index, **{column: row[column] + 1})
    name = name or f"camp_{row['campaign_uid']:016x}"
    assert verdict(copy, "INV-1") == (
        f"INV-1 conservation: FAILED: {where} ({name}): found {column} {row[column] + 1}; "
        f"allowed: {row[column]}, as counted"
    )


def test_a_manifest_that_does_not_add_up(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["actors"][1]["tasks_finished"] += 1
    (copy / "manifest.json").write_text(json.dumps(manifest))
    said = manifest["actors"][1]["tasks_finished"]
    assert verdict(copy, "INV-1") == (
        f"INV-1 conservation: FAILED: manifest.json: found tasks_finished {said} of lab; "
        f"allowed: {said - 1}, as counted"
    )


@pytest.mark.parametrize("stem", ["log/exchanges", "truth/exchanges"])
def test_a_row_that_is_lost(copy: Path, rows: Any, stem: str) -> None:
    import pyarrow.parquet as pq

    file = f"{stem}/part-00001.parquet"
    table = pq.read_table(copy / file, partitioning=None)
    pq.write_table(table.slice(0, table.num_rows - 1), copy / file)
    last = table.num_rows - 1
    first = json.loads((copy / "manifest.json").read_text())["files"]
    before = next(f["rows"] for f in first if f["path"] == f"{stem}/part-00000.parquet")
    if stem == "log/exchanges":
        expected = f"{file}: found {last} rows; allowed: {last + 1}, as in the manifest"
    else:
        id_ = req(rows["exchange_id"][before + last])
        expected = (
            f"log/exchanges/part-00001.parquet row {last} ({id_}): found no row of "
            f"truth/exchanges, which has {last} in this part; allowed: one of the same exchange_id"
        )
    assert verdict(copy, "INV-1") == f"INV-1 conservation: FAILED: {expected}"


# INV-2


def bucket_levels(rows: Any, at: str, per_minute: int, asked: Any) -> list[float]:
    """What a bucket that is never given anything back holds before each of `rows`."""
    level, levels = float(per_minute), []
    times = rows[at].astype("datetime64[us, UTC]").astype("int64").tolist()
    for k, now in enumerate(times):
        if k:
            level = min(per_minute, level + (now - times[k - 1]) / MINUTE_US * per_minute)
        levels.append(level)
        level -= min(asked[k], per_minute)
    return levels


def test_input_beyond_the_bucket(copy: Path, rows: Any) -> None:
    limit = limits_of("tier-1", MONDAY.date())["Sonnet 4.x"]
    sonnet = rows["model_served"].str.contains("sonnet") & (rows["actor_id"] == "pool")
    admitted = rows[sonnet & (rows["http_status"] != 429)]
    took = np.where(admitted["http_status"] == 200, admitted["input_tokens_total"], 0)
    took = took - admitted["cache_read_tokens"]
    for org in admitted["org_id"].unique():
        mine = admitted[admitted["org_id"] == org]
        per_minute = limit.input_tokens_per_min
        levels = bucket_levels(mine, "ts_start", per_minute, took[mine.index].tolist())
        low = [k for k, held in enumerate(levels) if held < per_minute - 2_000]
        low = [k for k in low if mine.iloc[k]["http_status"] == 200]
        if low:
            break
    index, held = int(mine.index[low[0]]), int(levels[low[0]])
    values = {"input_tokens_total": 900_000, "cache_read_tokens": 0}
    where = change(copy, "log/exchanges", index, **values)
    assert verdict(copy, "INV-2") == (
        f"INV-2 limits: FAILED: {where} ({req(rows['exchange_id'][index])}): found {per_minute} "
        f"input tokens taken by org_{int(org):016x}; allowed: at most {held}, left of a bucket of "
        f"{per_minute} refilled {per_minute} a minute"
    )


@pytest.mark.parametrize(("burst", "kind"), [(1.0, "output tokens"), (0.02, "requests")])
def test_an_attempt_that_should_have_been_refused(tmp_path: Path, burst: float, kind: str) -> None:
    """The first refused attempt that comes while an answer is under way, let through."""
    limits = RateLimits(as_of=MONDAY.date(), output="up_front")
    world = ordinary(limits=limits, burst=burst, overload=0.0, server_error=0.0)
    dials: dict[str, Any] = {
        "organisations": 1,
        "tier": "tier-1",
        "models": {"claude-sonnet-4.5": 1.0},
    }
    run(scenario(pool(8, 800, **dials), days=0.3, world=world), tmp_path / "run")
    rows = log_with_truth(tmp_path / "run")
    starts = rows["ts_start"].astype("datetime64[us, UTC]").astype("int64").to_numpy()
    refused = (rows["http_status"] == 429).to_numpy()
    if kind == "requests":
        busy = np.zeros(len(rows), np.bool_)
        admitted = np.flatnonzero(~refused)
        for k in np.flatnonzero(refused):
            before = admitted[admitted < k]
            busy[k] = len(before) > 0 and starts[k] - starts[before[-1]] < 1_100_000
    else:
        late = starts > starts[0] + 1_200_000_000
        ends = rows["ts_end"].astype("datetime64[us, UTC]").astype("int64").to_numpy()
        running = np.maximum.accumulate(np.where(refused, 0, ends))
        recent = np.maximum.accumulate(np.where(refused, 0, starts))
        # an answer under way holds the whole bucket, which 10 s refill by a sixth
        busy = refused & late & (running > starts) & (starts - recent < 10_000_000)
    index = int(np.flatnonzero(busy & refused)[0])
    where = change(tmp_path / "run", "log/exchanges", index, http_status=529)
    size = {"requests": 1, "output tokens": 8_000}[kind]
    said = verdict(tmp_path / "run", "INV-2")
    assert said.startswith(
        f"INV-2 limits: FAILED: {where} ({req(rows['exchange_id'][index])}): found {size} {kind} "
        f"taken by org_{int(rows['org_id'][0]):016x}; allowed: at most "
    )
    per_minute = {"requests": 50, "output tokens": 8_000}[kind]
    assert said.endswith(f", left of a bucket of {size} refilled {per_minute} a minute")


def test_segments_of_limits() -> None:
    halved = event("limits", 90_000_000, 5 * MINUTE_US, factor=0.5)
    tripled = event("limits", 3 * MINUTE_US, None, factor=3.0)
    starts, factors = limit_segments(ordinary(halved, tripled), HOUR_US)
    assert (starts // MINUTE_US).tolist() == [0, 1, 3, 5, 60]
    assert factors == [1.0, 0.5, 1.5, 3.0, 3.0]
