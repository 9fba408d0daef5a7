"""Damage to the cache (INV-5), attempts (INV-6), accounts (INV-7) and workers (INV-8)."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.tables.reading import Run
from tests.invariants.damage import (
    BUSY,
    change,
    place,
    req,
    stamp,
    verdict,
)
from tests.support.scenarios import HOUR_US, read


def reader(rows: Any, lead_us: int = HOUR_US) -> tuple[int, int]:
    """A call that reads what the one before it in its task left, and that one."""
    answered = rows[rows["http_status"] == 200]
    before = answered.groupby("task_uid")["left"].shift(1)
    since = answered["ts_start"] - BUSY.clock.start > timedelta(microseconds=lead_us)
    reads = since & (answered["cache_read_tokens"] == before) & (before > 20_000)
    index = int(answered.index[reads][0])
    mine = answered[answered["task_uid"] == rows["task_uid"][index]]
    return index, int(mine.index[list(mine.index).index(index) - 1])


def cached(lifetime_s: int) -> str:
    return (
        "what an answered attempt left, or the static prefix of one of its template, "
        f"within {lifetime_s} s before"
    )


def lifetime_s(rows: Any, index: int) -> int:
    mine = rows[rows["account_id"] == rows["account_id"][index]]
    return 3_600 if mine["cache_write_1h_tokens"].sum() else 300


@pytest.mark.parametrize("truth", [True, False])
def test_a_read_of_more_than_there_was(copy: Path, rows: Any, truth: bool) -> None:
    index, before = reader(rows)
    tokens = int(rows["cache_read_tokens"][index]) + 1
    where = change(copy, "log/exchanges", index, cache_read_tokens=tokens)
    own = f"{rows['left'][before]}, what the call before it left; "
    if not truth:
        shutil.rmtree(copy / "truth")
        own = ""
    assert verdict(copy, "INV-5").startswith(
        f"INV-5 cache: FAILED: {where} ({req(rows['exchange_id'][index])}): found "
        f"cache_read_tokens {tokens}; allowed: {own}{cached(lifetime_s(rows, index))}"
    )


def test_a_read_of_what_was_never_answered(copy: Path, rows: Any) -> None:
    index, before = reader(rows)
    change(copy, "log/exchanges", before, http_status=529, cache_read_tokens=0)
    file, row = place(copy, "log/exchanges", index)
    said = verdict(copy, "INV-5")
    assert said.startswith(
        f"INV-5 cache: FAILED: {file} row {row} ({req(rows['exchange_id'][index])}): found "
        f"cache_read_tokens {rows['cache_read_tokens'][index]}; allowed: "
    )


def test_a_read_after_the_lifetime(copy: Path, rows: Any) -> None:
    """The manifest and the log say that the account writes for five minutes; it waits longer."""
    index, before = reader(rows)
    gap = timedelta(seconds=lifetime_s(rows, index) + 1)
    early = rows["ts_start"][index] - gap
    change(copy, "log/exchanges", before, ts_start=early)
    assert f"({req(rows['exchange_id'][index])}): found cache_read_tokens" in verdict(copy, "INV-5")


def test_a_short_input_in_the_cache(copy: Path, rows: Any) -> None:
    index, _ = reader(rows)
    left = int(rows["left"][index])
    where = change(copy, "log/exchanges", index, input_tokens_total=100)
    said = verdict(copy, "INV-5")
    assert said.startswith(f"INV-5 cache: FAILED: {where} ({req(rows['exchange_id'][index])})")
    assert f"found {left} tokens cached of 100; allowed: 0 of an input shorter than" in said


# INV-6


def chain(rows: Any, resend: int) -> int:
    """An attempt with that resend_count in the later part of the log, first attempt in it too."""
    late = rows["ts_start"] - BUSY.clock.start > timedelta(hours=2)
    return int(rows.index[late & (rows["resend_count"] == resend)][0])


@pytest.mark.parametrize(
    ("resend", "to", "found", "allowed"),
    [
        (0, 1, "resend_count 1 of the first attempt of a call", "0"),
        (1, 2, "resend_count 2", "1 after 0"),
        (2, 0, "resend_count 0", "2 after 1"),
    ],
)
def test_attempts_with_a_gap(
    copy: Path, rows: Any, resend: int, to: int, found: str, allowed: str
) -> None:
    index = chain(rows, resend)
    where = change(copy, "log/exchanges", index, resend_count=to)
    assert verdict(copy, "INV-6") == (
        f"INV-6 attempts: FAILED: {where} ({req(rows['exchange_id'][index])}): found {found}; "
        f"allowed: {allowed}"
    )


def before_in_task(rows: Any, index: int) -> int:
    mine = list(rows.index[rows["task_uid"] == rows["task_uid"][index]])
    return int(mine[mine.index(index) - 1])


def test_attempts_that_overlap(copy: Path, rows: Any) -> None:
    index = chain(rows, 1)
    before = before_in_task(rows, index)
    end = rows["ts_start"][index] + timedelta(microseconds=1)
    change(copy, "log/exchanges", before, ts_end=end)
    file, row = place(copy, "log/exchanges", index)
    assert verdict(copy, "INV-6") == (
        f"INV-6 attempts: FAILED: {file} row {row} ({req(rows['exchange_id'][index])}): found "
        f"ts_start {stamp(rows['ts_start'][index])}; allowed: {stamp(end)} or later, when the "
        "attempt before it in the task had ended"
    )


def test_an_attempt_after_success(copy: Path, rows: Any) -> None:
    index = chain(rows, 1)
    change(copy, "log/exchanges", before_in_task(rows, index), http_status=200)
    file, row = place(copy, "log/exchanges", index)
    assert verdict(copy, "INV-6") == (
        f"INV-6 attempts: FAILED: {file} row {row} ({req(rows['exchange_id'][index])}): found an "
        "attempt after status 200, resend_count 0; allowed: none after success or giving up"
    )


def test_a_call_of_its_own(copy: Path, rows: Any) -> None:
    index = chain(rows, 1)
    change(copy, "truth/exchanges", index, attempt_of=9)
    file, row = place(copy, "log/exchanges", index)
    status = rows["http_status"][before_in_task(rows, index)]
    assert verdict(copy, "INV-6") == (
        f"INV-6 attempts: FAILED: {file} row {row} ({req(rows['exchange_id'][index])}): found "
        f"another call after status {status}; allowed: another attempt of the call before it"
    )


def test_a_task_that_ends_with_a_failure(copy: Path, rows: Any) -> None:
    tasks = read(copy, "truth/tasks")
    done = tasks[(tasks["state"] == "finished") & (tasks["calls"] > 1)]
    uid = done["task_uid"].iloc[30]
    index = int(rows.index[rows["task_uid"] == uid][-1])
    where = change(copy, "log/exchanges", index, http_status=500)
    assert verdict(copy, "INV-6") == (
        f"INV-6 attempts: FAILED: {where} ({req(rows['exchange_id'][index])}): found status 500, "
        f"resend_count {rows['resend_count'][index]}, and no attempt after it; allowed: an end by "
        "success, by giving up, or by the end of the log"
    )


# INV-7


def test_an_exchange_before_its_account(copy: Path, rows: Any) -> None:
    index = 1_700
    accounts = Run(copy).table("log/accounts", {"account_id": "id"}).to_pydict()["account_id"]
    own = accounts.index(int(rows["account_id"][index]))
    mine = rows[rows["account_id"] == rows["account_id"][index]]
    first = int(mine.index[0])
    created = rows["ts_start"][first] + timedelta(microseconds=1)
    change(copy, "log/accounts", own, created_at=created)
    file, row = place(copy, "log/exchanges", first)
    assert verdict(copy, "INV-7") == (
        f"INV-7 accounts and identifiers: FAILED: {file} row {row} "
        f"({req(rows['exchange_id'][first])}): found ts_start {stamp(rows['ts_start'][first])}; "
        f"allowed: {stamp(created)}, created_at of the account, or later"
    )


def test_an_exchange_before_the_account_is_used(copy: Path, rows: Any) -> None:
    table = Run(copy).table("truth/accounts", {"account_id": "id"})
    accounts = table.to_pydict()["account_id"]
    first = rows.drop_duplicates("account_id").iloc[3]
    begins = first["ts_start"] + timedelta(microseconds=1)
    change(copy, "truth/accounts", accounts.index(int(first["account_id"])), active_from=begins)
    file, row = place(copy, "log/exchanges", int(first.name))
    assert verdict(copy, "INV-7") == (
        f"INV-7 accounts and identifiers: FAILED: {file} row {row} "
        f"({req(first['exchange_id'])}): found ts_start {stamp(first['ts_start'])}; "
        f"allowed: {stamp(begins)}, active_from of the account, or later"
    )


def test_an_account_that_nobody_knows(copy: Path, rows: Any) -> None:
    where = change(copy, "log/exchanges", 30, account_id=1)
    assert verdict(copy, "INV-7") == (
        f"INV-7 accounts and identifiers: FAILED: {where} ({req(rows['exchange_id'][30])}): found "
        "account acc_0000000000000001; allowed: an account of log/accounts"
    )


@pytest.mark.parametrize("at_a_time", [None, 700])
def test_an_identifier_that_occurs_twice(
    copy: Path, rows: Any, monkeypatch: pytest.MonkeyPatch, at_a_time: int | None
) -> None:
    if at_a_time:
        monkeypatch.setattr("sim.invariants.account_lifetimes._IDS_AT_A_TIME", at_a_time)
    twice = int(rows["exchange_id"][100])
    where = change(copy, "log/exchanges", 2_000, exchange_id=twice)
    assert verdict(copy, "INV-7") == (
        f"INV-7 accounts and identifiers: FAILED: {where} ({req(twice)}): found an identifier "
        "that occurred before; allowed: each once"
    )


# INV-8


def test_more_tasks_than_workers(copy: Path) -> None:
    tasks = read(copy, "truth/tasks")
    mine = tasks[tasks["actor_id"] == "lab"].sort_values("started_at", kind="stable")
    busy = [
        (mine["started_at"] <= at).sum() - (mine["ended_at"] <= at).sum()
        for at in mine["started_at"]
    ]
    full = int(np.flatnonzero(np.array(busy) == 4)[5])
    # a task that had ended when this one began is said to end at the end of the day
    ended = int(np.flatnonzero(mine["ended_at"] <= mine["started_at"].iloc[full])[0])
    end = mine["ended_at"].iloc[ended]
    over = next(k for k in range(len(mine)) if busy[k] == 4 and mine["started_at"].iloc[k] >= end)
    change(copy, "truth/tasks", int(mine.index[ended]), ended_at=BUSY.clock.end)
    file, row = place(copy, "truth/tasks", int(mine.index[over]))
    assert verdict(copy, "INV-8") == (
        f"INV-8 workers: FAILED: {file} row {row} (task_{int(mine['task_uid'].iloc[over]):016x}): "
        "found 5 tasks in progress; allowed: at most 4, the workers of its actor"
    )


def test_more_attempts_than_workers(copy: Path, rows: Any) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    actors = manifest["scenario"]["actors"]
    next(a for a in actors if a["id"] == "lab")["workers"] = 3
    (copy / "manifest.json").write_text(json.dumps(manifest))
    mine = rows[rows["actor_id"] == "lab"]
    begun = np.arange(1, len(mine) + 1)
    ended = [(mine["ts_end"] <= at).sum() for at in mine["ts_start"]]
    index = int(mine.index[np.flatnonzero(begun - ended == 4)[0]])
    file, row = place(copy, "log/exchanges", index)
    assert verdict(copy, "INV-8") == (
        f"INV-8 workers: FAILED: {file} row {row} ({req(rows['exchange_id'][index])}): found 4 "
        "attempts in progress; allowed: at most 3, the workers of its actor"
    )
