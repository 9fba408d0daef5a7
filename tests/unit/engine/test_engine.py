"""Runs on disk: order, parts, truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.arrays.columns import time_order
from sim.engine.progress import Progress
from sim.engine.run import run
from sim.tables.entity_schema import ACCOUNTS, CREDENTIALS, ORGS
from sim.tables.reading import Run
from sim.tables.truth_schema import TRUTH_ACTORS, TRUTH_CAMPAIGNS
from tests.support.scenarios import (
    HOUR_US,
    PART_ROWS,
    SMALL,
    answered,
    digests,
    hidden_files,
    log_with_truth,
    micros,
    pool,
    read,
    scenario,
    simulated,
)

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
    """The last one may hold a window that is as large as the others, and what is left besides."""
    files = Run(finished).manifest["files"]
    rows = [f["rows"] for f in files if f["path"].startswith(stem + "/")]
    assert len(rows) >= 4
    assert min(rows) > 0.5 * PART_ROWS
    assert max(rows) < 1.6 * PART_ROWS


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


def test_windows_do_not_change_what_happens() -> None:
    rows, tasks = simulated(SMALL)
    tables = SMALL.tables.model_copy(update={"part_rows": 100})
    again, tasks_again = simulated(SMALL.model_copy(update={"tables": tables}))
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


@pytest.mark.parametrize(("columns", "log", "truth"), [("core", 20, 16), ("lean", 11, 7)])
def test_fewer_columns_hold_the_values_of_the_full_tables(
    tmp_path: Path, finished: Path, columns: str, log: int, truth: int
) -> None:
    run(SMALL.model_copy(update={"tables": scenario(columns=columns).tables}), tmp_path / "run")
    for table, number in (("log/exchanges", log), ("truth/exchanges", truth)):
        found = Run(tmp_path / "run").pandas(table)
        assert len(found.columns) == number
        assert found.equals(Run(finished).pandas(table)[list(found.columns)])


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
    finished_, cut_off = (tasks[tasks["state"] == s] for s in ("finished", "cut_off"))
    assert len(finished_) + len(cut_off) == len(tasks)
    assert (finished_["ended_at"] <= end).all()
    assert (finished_["exchanges"] >= finished_["calls"]).all()
    assert len(cut_off) > 0
    assert (tasks.loc[tasks["ended_at"] > end, "state"] == "cut_off").all()
    opened_before = tasks["started_at"] < pd.Timestamp(SMALL.clock.start)
    assert ((tasks["exchanges_in_log"] < tasks["exchanges"]) == opened_before).all()


def test_truth_about_actors_is_what_the_log_holds(finished: Path) -> None:
    actors = Run(finished).table("truth/actors", TRUTH_ACTORS).to_pandas().set_index("actor_id")
    counted = log_with_truth(finished).groupby("actor_id", observed=True).size()
    tasks = read(finished, "truth/tasks").groupby(["actor_id", "state"], observed=True).size()
    for actor in ("coders", "lab", "pool"):
        assert actors["exchanges_in_log"][actor] == counted[actor]
        assert actors["tasks_finished"][actor] == tasks[actor]["finished"]
        assert actors["tasks_in_log"][actor] == tasks[actor].sum()
        assert actors["tasks_given_up"][actor] == tasks[actor].get("given_up", 0)
        assert actors["tasks_cut_off"][actor] == tasks[actor].get("cut_off", 0)


def test_campaigns_are_those_of_coordinated_actors(finished: Path) -> None:
    campaigns = Run(finished).table("truth/campaigns", TRUTH_CAMPAIGNS).to_pandas()
    accounts = read(finished, "truth/accounts")
    joined = log_with_truth(finished)
    mine = joined[joined["actor_id"] == "pool"]
    tasks = read(finished, "truth/tasks")
    requested = set(tasks.loc[tasks["run"] >= 0, "task_uid"])
    asked = answered(mine)[answered(mine)["task_uid"].isin(requested)]
    assert len(asked) < len(mine)
    assert campaigns["actor_id"].tolist() == ["pool"]
    assert campaigns["achieved_exchanges"].tolist() == [len(asked)]
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
    assert len(accounts) == 25 + 8 + 20
    assert set(credentials["account_id"]) == set(accounts["account_id"])
    known = accounts[["account_id", "org_id"]].merge(credentials, on="account_id")
    names = ["account_id", "org_id", "api_key_id", "workspace_id"]
    seen = log[names].drop_duplicates()
    assert len(seen.merge(known, on=names)) == len(seen)
    assert set(orgs["org_id"]) == set(accounts["org_id"])


def test_accounts_are_older_than_the_log(finished: Path) -> None:
    import pandas as pd

    accounts = Run(finished).table("log/accounts", ACCOUNTS).to_pandas()
    orgs = Run(finished).table("log/orgs", ORGS).to_pandas()
    assert (accounts["created_at"] <= pd.Timestamp(SMALL.clock.start)).all()
    both = accounts.merge(orgs, on="org_id", suffixes=("", "_org"))
    assert (both["created_at_org"] <= both["created_at"]).all()


def test_what_was_simulated_is_reported_as_it_goes(tmp_path: Path) -> None:
    told: list[Progress] = []
    summary = run(SMALL, tmp_path / "run", observe=told.append)
    assert [t.share for t in told] == sorted(t.share for t in told)
    assert (told[0].share, told[0].exchanges) == (0.0, 0)
    assert (told[-1].share, told[-1].exchanges) == (1.0, summary.exchanges)
    assert {t.doing for t in told} == {"simulates", "writes"}
