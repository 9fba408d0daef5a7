"""Damage to requests (INV-9) and to the tree of sessions (INV-10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.invariants.damage import change, req, verdict


def first(rows: Any, chosen: Any) -> int:
    """The first of the chosen rows that was answered at once, the call before it in the log too."""
    at_once = (rows["http_status"] == 200) & rows["attempt_of"].isna()
    return int(rows.index[chosen & at_once & rows["shares_with"].isin(rows["exchange_id"])][0])


def test_the_run_has_sub_agents_and_compactions(rows: Any) -> None:
    assert rows["parent_agent_uid"].notna().sum() > 20
    asks = (rows["last_role_in"] == "user") & ~rows["user_initiated"]
    assert (asks & (rows["n_messages"] > 1)).sum() > 20


def test_every_history_begins_with_a_user(rows: Any) -> None:
    """Tool results were the only message after a compaction and at the start of a sub-agent."""
    opens = rows["n_messages"] == 1
    assert (rows.loc[opens, "last_role_in"] == "user").all()
    assert not rows.loc[opens, "n_tool_results_in"].any()


def test_a_parent_finds_its_cache_when_its_sub_agent_is_done(rows: Any) -> None:
    answered = rows[rows["http_status"] == 200]
    is_sub = answered["parent_agent_uid"].notna()
    after_sub = is_sub.groupby(answered["task_uid"]).shift(1, fill_value=False)
    before = answered.groupby("agent_uid")[["left", "ts_start"]].shift(1)
    own, passed = before["left"], answered["ts_start"] - before["ts_start"]
    returns = after_sub & ~is_sub & (answered["last_role_in"] == "tool") & (own > 0)
    kept = answered[returns & (passed < pd.Timedelta(minutes=5))]  # as long as every entry lives
    assert len(kept) > 5
    assert (kept["cache_read_tokens"] == own[kept.index]).all()


@pytest.mark.parametrize(
    ("role", "values", "found"),
    [
        ("tool", {"n_messages": 1}, "n_messages 1, last_role_in tool, n_tool_results_in"),
        ("tool", {"n_tool_results_in": 99}, "n_tool_results_in 99"),
        ("user", {"n_messages": 4}, "n_messages 4, last_role_in user"),
    ],
)
def test_a_request_that_no_api_accepts(
    copy: Path, rows: Any, role: str, values: Any, found: str
) -> None:
    index = first(rows, (rows["last_role_in"] == role) & (rows["step"] > 0))
    where = change(copy, "log/exchanges", index, **values)
    said = verdict(copy, "INV-9")
    assert said.startswith(f"INV-9 requests: FAILED: {where} ({req(rows['exchange_id'][index])}): ")
    assert f"found {found}" in said


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"step": 900}, "turn 0, step 900"),
        ({"agent_uid": 9}, "another "),
        ({"shares_with": 9}, "shares_with req_0000000000000009"),
        ({"think_time_s": 1e5}, "think_time_s 100000"),
        ({"shared_prefix_tokens": 10**6}, "shared_prefix_tokens 1000000"),
    ],
)
def test_a_call_outside_the_tree(copy: Path, rows: Any, values: Any, found: str) -> None:
    index = first(rows, rows["parent_agent_uid"].notna() & (rows["n_messages"] > 1))
    change(copy, "truth/exchanges", index, **values)
    said = verdict(copy, "INV-10")
    assert said.startswith("INV-10 sessions: FAILED: log/exchanges/part-")
    assert f"({req(rows['exchange_id'][index])}): found {found}" in said
