"""Runs on disk: order, parts, interruption and resume, folders, memory, steady state."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engine.cast import build_cast
from sim.engine.run import run
from sim.engine.windows import time_order, windows
from sim.errors import InvalidInputError, SimError
from sim.scenario.resolved import Rhythm, Scenario, Turns
from sim.tables import parts
from sim.tables.behind import WriteBehind
from sim.tables.columns import length
from sim.tables.reading import Run
from sim.tables.schema import ACCOUNTS, CREDENTIALS, ORGS, TRUTH_ACTORS, TRUTH_CAMPAIGNS
from tests.helpers import (
    DAY_US,
    FLAT,
    HOUR_US,
    coders,
    constant,
    digests,
    hidden_files,
    lab,
    log_with_truth,
    micros,
    pool,
    read,
    scenario,
    simple,
    simulated,
)

SMALL = scenario(coders(25), lab(), pool(20, 2_500), days=0.6)
PART_ROWS = 900


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts and windows of a few hundred rows, so that a small run has many."""
    monkeypatch.setattr("sim.tables.parts.PART_ROWS", PART_ROWS)
    monkeypatch.setattr("sim.engine.windows._WINDOW_ROWS", 300)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run of `SMALL` in small parts."""
    out = tmp_path_factory.mktemp("finished") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sim.tables.parts.PART_ROWS", PART_ROWS)
        patch.setattr("sim.engine.windows._WINDOW_ROWS", 300)
        run(SMALL, out)
    return out


# --- order and parts ----------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2**64 - 1)), unique_by=lambda x: x[1]))
def test_rows_of_one_microsecond_come_in_order_of_identifier(rows: list[tuple[int, int]]) -> None:
    ts = np.array([t for t, _ in rows], np.int64)
    ids = np.array([i for _, i in rows], np.uint64)
    order = time_order(ts, ids)
    assert [rows[k] for k in order.tolist()] == sorted(rows)


def test_the_log_is_in_order_of_time_through_all_parts(finished: Path) -> None:
    log = read(finished, "log/exchanges")
    order = np.lexsort((log["exchange_id"], micros(log["ts_start"])))
    assert order.tolist() == list(range(len(log)))
    assert log["exchange_id"].is_unique


def test_the_log_lies_within_the_clock(finished: Path) -> None:
    ts = micros(read(finished, "log/exchanges")["ts_start"]) - SMALL.clock.start.timestamp() * 1e6
    assert ts.min() >= 0
    assert ts.max() < SMALL.clock.duration_us


@pytest.mark.parametrize("stem", ["log/exchanges", "truth/exchanges"])
def test_parts_are_of_similar_size(finished: Path, stem: str) -> None:
    files = Run(finished).manifest["files"]
    rows = [f["rows"] for f in files if f["path"].startswith(stem + "/")]
    assert len(rows) >= 4
    assert min(rows[:-1]) >= PART_ROWS
    assert max(rows) < 2 * PART_ROWS


def test_truth_lies_beside_the_log_part_by_part(finished: Path) -> None:
    files = {f["path"]: f["rows"] for f in Run(finished).manifest["files"]}
    log = {p.removeprefix("log/"): n for p, n in files.items() if p.startswith("log/exchanges/")}
    truth = {p.removeprefix("truth/"): n for p, n in files.items() if "truth/exchanges/" in p}
    assert log == truth
    ids = [
        read(finished, stem)["exchange_id"].tolist()
        for stem in ("log/exchanges", "truth/exchanges")
    ]
    assert ids[0] == ids[1]


def test_a_finished_run_leaves_no_temporary_file(finished: Path) -> None:
    assert hidden_files(finished) == []


def test_the_manifest_lists_every_file_and_counts_its_rows(finished: Path) -> None:
    listed = {f["path"]: f["sha256"] for f in Run(finished).manifest["files"]}
    there = digests(finished)
    assert there.pop("manifest.json")
    assert listed == there


def test_windows_do_not_change_what_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, tasks = simulated(SMALL)
    monkeypatch.setattr("sim.engine.windows._WINDOW_ROWS", 100)
    again, tasks_again = simulated(SMALL)
    assert rows.equals(again)
    by = ["account", "serial"]
    left, right = (t.sort_values(by).reset_index(drop=True) for t in (tasks, tasks_again))
    assert left.equals(right)


def test_a_log_without_rows_is_a_run_all_the_same(tmp_path: Path) -> None:
    summary = run(
        scenario(pool(2, 10, starts_us=HOUR_US, workers=1), days=1 / 24 + 1e-6), tmp_path / "run"
    )
    assert summary.exchanges == 0
    assert len(read(tmp_path / "run", "log/exchanges")) == 0
    assert len(read(tmp_path / "run", "truth/tasks")) == 0


def test_core_columns_hold_the_values_of_the_full_log(tmp_path: Path, finished: Path) -> None:
    import pyarrow.parquet as pq

    core = SMALL.model_copy(update={"tables": scenario(columns="core").tables})
    run(core, tmp_path / "run")
    frame = pq.read_table(tmp_path / "run/log/exchanges").to_pandas()
    full = read(finished, "log/exchanges")[list(frame.columns)]
    assert 10 < len(frame.columns) < 20
    assert frame.astype(full.dtypes).equals(full)


# --- truth --------------------------------------------------------------------------------------


def test_every_exchange_has_its_task_and_every_task_its_exchanges(finished: Path) -> None:
    joined, tasks = log_with_truth(finished), read(finished, "truth/tasks")
    assert tasks["task_uid"].is_unique
    in_log = joined.groupby("task_uid").size()
    assert (
        tasks.set_index("task_uid")["exchanges_in_log"]
        .sort_index()
        .equals(in_log.sort_index().astype("int32"))
    )
    assert (tasks["exchanges_in_log"] <= tasks["exchanges"]).all()


def test_a_task_belongs_to_one_account_and_spans_its_exchanges(finished: Path) -> None:
    joined = log_with_truth(finished).merge(
        read(finished, "truth/tasks"), on="task_uid", suffixes=("", "_task")
    )
    assert (joined["account_id"] == joined["account_id_task"]).all()
    assert (joined["actor_id"].astype(str) == joined["actor_id_task"].astype(str)).all()
    assert (joined["ts_start"] >= joined["started_at"]).all()
    assert (joined["ts_end"] <= joined["ended_at"]).all()


def test_tasks_are_cut_off_exactly_where_the_log_ends_before_them(finished: Path) -> None:
    import pandas as pd

    tasks = read(finished, "truth/tasks")
    end = pd.Timestamp(SMALL.clock.end)
    assert ((tasks["ended_at"] > end) == (tasks["state"] == "cut_off")).all()
    missing = tasks["exchanges_in_log"] < tasks["exchanges"]
    opened_before = tasks["started_at"] < pd.Timestamp(SMALL.clock.start)
    assert (missing <= (opened_before | (tasks["state"] == "cut_off"))).all()


def test_truth_about_actors_is_what_the_log_holds(finished: Path) -> None:
    actors = Run(finished).table("truth/actors", TRUTH_ACTORS).to_pandas().set_index("actor_id")
    counted = log_with_truth(finished).groupby("actor_id", observed=True).size()
    tasks = read(finished, "truth/tasks").groupby(["actor_id", "state"], observed=True).size()
    for actor in ("coders", "lab", "pool"):
        assert actors["exchanges_in_log"][actor] == counted[actor]
        assert actors["tasks_finished"][actor] == tasks[actor]["finished"]
        assert actors["tasks_in_log"][actor] == tasks[actor].sum()
        assert actors["tasks_cut_off"][actor] == tasks[actor].get("cut_off", 0)


def test_campaigns_are_those_of_coordinated_actors(finished: Path) -> None:
    campaigns = Run(finished).table("truth/campaigns", TRUTH_CAMPAIGNS).to_pandas()
    accounts = read(finished, "truth/accounts")
    joined = log_with_truth(finished)
    mine = joined[joined["actor_id"] == "pool"]
    assert campaigns["actor_id"].tolist() == ["pool"]
    assert campaigns["achieved_exchanges"].tolist() == [len(mine)]
    assert campaigns["accounts_in_log"].tolist() == [mine["account_id"].nunique()]
    known = accounts.dropna(subset="campaign_uid")
    assert set(known["actor_id"]) == {"pool"}
    assert set(known["campaign_uid"]) == set(campaigns["campaign_uid"])
    assert set(known["operator_uid"]) == set(campaigns["operator_uid"])


def test_entities_of_the_log_are_in_their_tables(finished: Path) -> None:
    found, log = Run(finished), read(finished, "log/exchanges")
    accounts = found.table("log/accounts", ACCOUNTS).to_pandas()
    credentials = found.table("log/credentials", CREDENTIALS).to_pandas()
    orgs = found.table("log/orgs", ORGS).to_pandas()
    assert len(accounts) == len(credentials) == 25 + 8 + 20
    known = accounts[["account_id", "org_id"]].merge(credentials, on="account_id")
    seen = log[["account_id", "org_id", "api_key_id"]].drop_duplicates()
    assert len(seen.merge(known, on=["account_id", "org_id", "api_key_id"])) == len(seen)
    assert set(orgs["org_id"]) == set(accounts["org_id"])


def test_accounts_are_older_than_the_log(finished: Path) -> None:
    import pandas as pd

    accounts = Run(finished).table("log/accounts", ACCOUNTS).to_pandas()
    orgs = Run(finished).table("log/orgs", ORGS).to_pandas()
    assert (accounts["created_at"] <= pd.Timestamp(SMALL.clock.start)).all()
    both = accounts.merge(orgs, on="org_id", suffixes=("", "_org"))
    assert (both["created_at_org"] <= both["created_at"]).all()


def test_what_was_simulated_is_reported_as_it_goes(tmp_path: Path) -> None:
    told: list[tuple[float, int]] = []
    summary = run(SMALL, tmp_path / "run", observe=lambda *x: told.append(x))
    assert [t[0] for t in told] == sorted(t[0] for t in told)
    assert told[-1] == (1.0, summary.exchanges)


# --- interruption -------------------------------------------------------------------------------


class Interrupter:
    """Presses Ctrl-C after so many windows."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, *_: float) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


def interrupt(out: Path, after: int, asked: Scenario = SMALL) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(asked, out, observe=Interrupter(after))


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("after", [4, 9, 17])
def test_an_interrupted_run_keeps_whole_parts_and_nothing_else(tmp_path: Path, after: int) -> None:
    out = tmp_path / "run"
    interrupt(out, after)
    kept = digests(out)
    noted = json.loads((out / ".unfinished.json").read_text())
    del kept[".unfinished.json"]
    assert kept == {f["path"]: f["sha256"] for f in noted["files"]}
    assert len(kept) >= 1


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("after", [0, 4, 9, 17])
def test_the_same_command_completes_an_interrupted_run_to_the_same_bytes(
    tmp_path: Path, finished: Path, after: int
) -> None:
    out = tmp_path / "run"
    interrupt(out, after)
    run(SMALL, out)
    assert digests(out) == digests(finished)


@pytest.mark.usefixtures("small_parts")
def test_a_run_may_be_interrupted_again_and_again(tmp_path: Path, finished: Path) -> None:
    out = tmp_path / "run"
    for after in (6, 2, 12, 0):
        interrupt(out, after)
    run(SMALL, out)
    assert digests(out) == digests(finished)


@pytest.mark.usefixtures("small_parts")
def test_a_run_may_be_interrupted_before_its_manifest(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr("sim.engine.run.write_manifest", stop)
        with pytest.raises(KeyboardInterrupt):
            run(SMALL, out)
    assert hidden_files(out) == [".unfinished.json"]
    run(SMALL, out)
    assert digests(out) == digests(finished)


@pytest.mark.usefixtures("small_parts")
def test_finished_parts_are_not_written_again(tmp_path: Path) -> None:
    out = tmp_path / "run"
    interrupt(out, 12)
    before = {p: p.stat().st_mtime_ns for p in out.rglob("part-*")}
    run(SMALL, out)
    assert len(before) >= 2
    assert {p: p.stat().st_mtime_ns for p in before} == before


@pytest.mark.usefixtures("small_parts")
def test_a_part_that_went_missing_is_made_again(tmp_path: Path, finished: Path) -> None:
    out = tmp_path / "run"
    interrupt(out, 12)
    (out / "log/exchanges/part-00000.parquet").unlink()
    run(SMALL, out)
    assert digests(out) == digests(finished)


def test_a_run_interrupted_before_its_first_part_leaves_nothing(tmp_path: Path) -> None:
    interrupt(tmp_path / "run", 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small_parts")
def test_an_unfinished_run_of_another_scenario_is_refused_and_kept(tmp_path: Path) -> None:
    out = tmp_path / "run"
    interrupt(out, 9)
    before = digests(out)
    with pytest.raises(InvalidInputError, match="not empty"):
        run(SMALL.model_copy(update={"seed": 2}), out)
    assert digests(out) == before


KILLED = """
import json, os, sys
from pathlib import Path
import sim.engine.windows, sim.tables.parts
from sim.engine.run import run
from sim.scenario.resolved import Scenario
sim.tables.parts.PART_ROWS, sim.engine.windows._WINDOW_ROWS = {part_rows}, 300
left = {after}
def observe(share, exchanges):
    global left
    left -= 1
    if left < 0:
        os._exit(9)
run(Scenario.from_dict(json.loads(sys.stdin.read())), Path(sys.argv[1]), observe=observe)
"""


def kill(out: Path, after: int, part_rows: int = PART_ROWS) -> None:
    """Run `SMALL` in another process, which dies without cleaning up."""
    code = KILLED.format(after=after, part_rows=part_rows)
    text = json.dumps(SMALL.to_dict())
    died = subprocess.run(
        [sys.executable, "-c", code, str(out)], input=text, text=True, check=False
    )
    assert died.returncode == 9


@pytest.mark.usefixtures("small_parts")
def test_a_killed_run_is_completed_and_what_it_left_is_cleared(
    tmp_path: Path, finished: Path
) -> None:
    out = tmp_path / "run"
    kill(out, 12)
    assert any(name.endswith(".tmp") for name in hidden_files(out))
    run(SMALL, out)
    assert digests(out) == digests(finished)


@pytest.mark.usefixtures("small_parts")
def test_a_run_killed_before_its_first_part_can_be_given_again(
    tmp_path: Path, finished: Path
) -> None:
    out = tmp_path / "run"
    kill(out, 3, part_rows=10**9)
    assert any(name.endswith(".tmp") for name in hidden_files(out))
    assert [p for p in out.rglob("part-*") if p.is_file()] == []
    run(SMALL, out)
    assert digests(out) == digests(finished)


# --- folders ------------------------------------------------------------------------------------

TINY = scenario(lab("snitchbench", runs=1, starts_us=0), days=0.2)


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for force in (False, True):
        with pytest.raises(InvalidInputError, match="run"):
            run(TINY, tmp_path, force=force)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_finished_run_is_replaced_only_by_force(tmp_path: Path) -> None:
    out = tmp_path / "run"
    run(SMALL, out)
    with pytest.raises(InvalidInputError, match="--force"):
        run(TINY, out)
    run(TINY, out, force=True)
    run(TINY, tmp_path / "fresh")
    assert digests(out) == digests(tmp_path / "fresh")


@pytest.mark.usefixtures("small_parts")
def test_an_unfinished_run_of_another_scenario_is_replaced_by_force(tmp_path: Path) -> None:
    interrupt(tmp_path / "run", 9)
    run(TINY, tmp_path / "run", force=True)
    run(TINY, tmp_path / "fresh")
    assert digests(tmp_path / "run") == digests(tmp_path / "fresh")


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    run(TINY, tmp_path / "run")
    assert (tmp_path / "run/manifest.json").is_file()


def test_a_file_is_no_folder_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("x")
    with pytest.raises(InvalidInputError, match="is a file"):
        run(TINY, tmp_path / "run", force=True)
    assert (tmp_path / "run").read_text() == "x"


# --- full disk ----------------------------------------------------------------------------------


def fail_when_full(monkeypatch: pytest.MonkeyPatch, method: str, calls: int, times: int) -> None:
    """Let a method of the Parquet sink say that the disk is full, `times` times after `calls`."""
    original = getattr(parts._Parquet, method)
    made = 0

    def full(self: Any, *arguments: Any) -> None:
        nonlocal made
        made += 1
        if calls < made <= calls + times:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(self, *arguments)

    monkeypatch.setattr(parts._Parquet, method, full)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("method", ["write", "close"])
@pytest.mark.parametrize("times", [1, 10**6])
def test_a_full_disk_is_one_clear_error_and_the_run_can_go_on(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch, method: str, times: int
) -> None:
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        fail_when_full(patch, method, {"write": 25, "close": 3}[method], times)
        with pytest.raises(SimError, match=r"no space left on the device.*same command again"):
            run(SMALL, out)
    assert hidden_files(out) == [".unfinished.json"]
    run(SMALL, out)
    assert digests(out) == digests(finished)


def test_a_disk_full_from_the_start_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_when_full(monkeypatch, "write", 0, 10**6)
    with pytest.raises(SimError, match="no space left"):
        run(TINY, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def refuse_text(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let text files be written `after` times; then the disk is full after the name."""
    written, original = 0, Path.write_text

    def full(self: Path, text: str, **options: Any) -> int:
        nonlocal written
        written += 1
        if written <= after:
            return original(self, text, **options)
        original(self, "", **options)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)


def test_a_disk_too_full_to_begin_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_text(monkeypatch, 0)
    with pytest.raises(SimError, match="no space left"):
        run(TINY, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small_parts")
def test_a_disk_too_full_to_note_a_part_down_leaves_no_temporary_file(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        refuse_text(patch, 3)
        with pytest.raises(SimError, match="no space left"):
            run(SMALL, out)
    assert hidden_files(out) == [".unfinished.json"]
    run(SMALL, out)
    assert digests(out) == digests(finished)


def test_other_errors_of_the_disk_are_not_called_a_full_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(parts._Parquet, "write", broken)
    with pytest.raises(OSError, match="Input/output"):
        run(TINY, tmp_path / "run")


class Writer:
    """A writer whose first table fails; the others are noted down."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.may_fail = threading.Event()

    def append(self, table: Any) -> None:
        if table == 0:
            self.may_fail.wait(5)
            raise OSError(errno.ENOSPC, "full")
        self.seen.append(table)


def write_two_of_which_the_first_fails(writer: Any) -> None:
    with WriteBehind() as behind:
        for table in (0, 1):
            behind.append(writer, lambda _, table=table: table, {})  # type: ignore[misc]
        writer.may_fail.set()
        behind.finish()


def test_nothing_is_written_behind_a_table_that_could_not_be_written() -> None:
    """A later table of the same part would make the part look whole."""
    writer = Writer()
    with pytest.raises(OSError, match="full"):
        write_two_of_which_the_first_fails(writer)
    assert writer.seen == []


# --- memory -------------------------------------------------------------------------------------


def steady(days: float) -> Scenario:
    """Two kinds of work, in sessions of eight hours and in tasks of minutes."""
    turns = Turns(single_share=0, more=constant(8))
    dials = {**simple(48), "turns_per_session": turns, "human_gap_s": constant(3_600)}
    work = pool(30, round(2_000 * days), agentic_share=0.2, tool_steps=constant(8))
    return scenario(coders(100, **dials), work, days=days)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "engine.windows._WINDOW_ROWS",
        "actors.sessions._SLICE_ROWS",
        "actors.queue._SLICE_ROWS",
    ):
        monkeypatch.setattr(f"sim.{name}", 400)


def most_pending(asked: Scenario) -> int:
    """Rows held for later windows, at most."""
    made, most = windows(build_cast(asked)), 0
    for _ in made:
        frame = made.gi_frame  # type: ignore[attr-defined]
        held = frame.f_locals["pending"].values()
        most = max(most, sum(length(block) for blocks in held for block in blocks))
    return most


@pytest.mark.usefixtures("small_blocks")
def test_rows_held_back_do_not_grow_with_the_length_of_the_log() -> None:
    short, long = most_pending(steady(2)), most_pending(steady(10))
    assert short > 0
    assert long < 1.5 * short


def peak_bytes(asked: Scenario) -> int:
    cast = build_cast(asked)
    tracemalloc.start()
    try:
        for _ in windows(cast):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.usefixtures("small_blocks")
def test_memory_does_not_grow_with_the_length_of_the_log() -> None:
    peak_bytes(steady(0.5))
    assert peak_bytes(steady(8)) < 1.25 * peak_bytes(steady(2))


# --- steady state -------------------------------------------------------------------------------


def daily_counts(asked: Scenario, accounts: int, days: int) -> Any:
    rows, _ = simulated(asked)
    cell = rows["account"] * days + rows["ts"] // DAY_US
    return np.bincount(cell, minlength=accounts * days).reshape(accounts, days)


def test_the_first_day_of_a_log_is_like_those_after_it() -> None:
    """Sessions last a day, so that without a lead the first day would have half the exchanges.

    Accounts are independent: the difference is held against its standard error over accounts.
    """
    dials = {
        **simple(24),
        "turns_per_session": Turns(single_share=0.0, more=constant(24)),
        "human_gap_s": constant(3_600),
    }
    counts = daily_counts(scenario(coders(900, **dials), days=4), 900, 4)
    difference = counts[:, 0] - counts[:, 1:].mean(axis=1)
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(900)
    assert difference.std() / np.sqrt(900) < 0.05 * counts.mean()


def test_the_first_hours_are_like_the_same_hours_of_later_days() -> None:
    dials = {
        **simple(40),
        "rhythm": Rhythm(peak_hour=15.0, strength=0.7, weekend=1.0),
        "human_gap_s": constant(600),
        "turns_per_session": Turns(single_share=0.0, more=constant(12)),
    }
    rows, _ = simulated(scenario(coders(600, **dials), days=4))
    morning = rows[rows["ts"] % DAY_US < 4 * HOUR_US]
    cell = morning["account"] * 4 + morning["ts"] // DAY_US
    counts = np.bincount(cell, minlength=2_400).reshape(600, 4)
    difference = counts[:, 0] - counts[:, 1:].mean(axis=1)
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(600)
    assert difference.std() / np.sqrt(600) < 0.1 * counts.mean()


def test_sessions_are_in_progress_when_the_log_opens() -> None:
    rows, tasks = simulated(scenario(coders(300, rhythm=FLAT), days=0.25))
    assert (tasks["start"] < 0).sum() >= 3
    opened = rows.sort_values("ts").drop_duplicates("session")
    assert (opened["n_messages"] > 1).sum() >= 10


def test_queues_are_at_work_in_the_first_minutes() -> None:
    rows, _ = simulated(scenario(coders(200), lab(), pool(target=20_000), days=1))
    early = set(rows.loc[rows["ts"] < HOUR_US / 6, "actor"])
    assert early == {0, 1, 2}
