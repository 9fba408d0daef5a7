"""What the API accepts (INV-9) and the tree of a session (INV-10), rule by rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.invariants.requests import Requests
from sim.invariants.sessions import Sessions
from sim.tables.words import ASSISTANT, CUT_OFF, TOOL, USER
from tests.support.checks import exchanges, failed, first_wrong, index_of
from tests.support.scenarios import coders, scenario

ASKED = scenario(coders(2))
MAIN, SUB = 30, 31
# A turn: the main agent asks, spawns a sub-agent for two calls, has its report, and compacts.
TURN: dict[str, Any] = {
    "opens_turn": [True, False, False, False, False, False, False],
    "agent": [MAIN, MAIN, SUB, SUB, MAIN, MAIN, MAIN],
    "parent": [0, 0, MAIN, MAIN, 0, 0, 0],
    "role": [USER, TOOL, USER, TOOL, TOOL, USER, USER],
    "messages": [1, 3, 1, 3, 5, 7, 1],
    "tools": [2, 1, 3, 0, 1, 0, 0],
    "results": [0, 2, 0, 3, 1, 1, 0],
    "uncached": [2_000, 2_500, 2_000, 2_300, 3_000, 3_500, 2_000],
    "shares_with": [0, 900, 901, 902, 901, 904, 905],
    "shared": [0, 2_000, 400, 2_000, 2_500, 3_000, 400],
    "think_s": np.full(7, 2, np.float32),
}


def turn(**given: Any) -> dict[str, Any]:
    rows = exchanges(7, **{**TURN, **given})
    return {name: values.copy() for name, values in rows.items()}


def damaged(at: int, **values: Any) -> dict[str, Any]:
    rows = turn()
    for name, value in values.items():
        rows[name][at] = value
    return rows


def requests(rows: Any, **index: Any) -> tuple[int, str] | None:
    return first_wrong(Requests(index_of(ASKED, **index)), rows)


def sessions(rows: Any, **index: Any) -> tuple[int, str] | None:
    return first_wrong(Sessions(index_of(ASKED, **index)), rows)


def test_a_turn_with_a_sub_agent_and_a_compaction_is_fine() -> None:
    assert requests(turn()) is None
    assert sessions(turn()) is None


@pytest.mark.parametrize(
    ("at", "values", "found"),
    [
        (1, {"role": -1}, "n_messages 3, last_role_in none, n_tool_results_in 2"),
        (2, {"role": TOOL, "results": 1}, "n_messages 1, last_role_in tool, n_tool_results_in 1"),
        (2, {"results": 1}, "n_messages 1, last_role_in user, n_tool_results_in 1"),
        (1, {"messages": 2}, "n_messages 2, last_role_in tool, n_tool_results_in 2"),
        (1, {"results": 0}, "n_messages 3, last_role_in tool, n_tool_results_in 0"),
        (0, {"messages": 3, "results": 1}, "n_messages 3, last_role_in user, n_tool_results_in 1 "
         "in the first call of a turn"),
        (4, {"messages": 7}, "n_messages 7"),
        (4, {"results": 2}, "n_tool_results_in 2"),
        (4, {"role": ASSISTANT, "messages": 4, "results": 0}, "n_tool_results_in 0"),
        (4, {"messages": 1, "role": USER, "results": 0}, "n_messages 1 after n_messages 3, "
         "last_role_in tool, n_tool_results_in 2"),
        (4, {"total": 2_400}, "input_tokens_total 2400"),
    ],
)  # fmt: skip
def test_requests_that_no_api_accepts_are_found(at: int, values: Any, found: str) -> None:
    assert requests(damaged(at, **values)) == (at, found)


def test_an_answer_goes_on_only_where_it_paused() -> None:
    paused = {
        "opens_turn": [True, False, False, True],
        "role": [USER, ASSISTANT, ASSISTANT, USER],
        "messages": [1, 2, 2, 3],
        "server": [10, 10, 4, 0],
        "task": [0, 0, 0, 1],
        "step": [0, 1, 2, 0],
    }
    assert requests(exchanges(4, **paused)) is None
    assert requests(exchanges(4, **{**paused, "server": [0, 10, 4, 0]})) == (
        1,
        "n_messages 2, last_role_in assistant, n_tool_results_in 0",
    )


def test_another_attempt_asks_the_same() -> None:
    first = {"call": [900, 900], "step": 0, "status": [529, 200], "messages": [1, 3]}
    found = "n_messages 3, last_role_in user, n_tool_results_in 0 in another attempt"
    assert requests(exchanges(2, **first)) == (1, found)


def test_without_truth_rows_are_checked_by_themselves() -> None:
    assert requests(damaged(4, messages=7), truth=False) is None
    assert requests(damaged(2, results=1), truth=False) is not None
    assert requests(damaged(2, results=1), full=False) is None


@pytest.mark.parametrize("check", [Requests, Sessions])
def test_a_turn_is_remembered_over_parts(check: Any) -> None:
    for at, values in ((None, {}), (4, {"messages": 7, "shares_with": 900})):
        rows = turn() if at is None else damaged(at, **values)
        checking = check(index_of(ASKED))
        for part in (slice(0, 2), slice(2, 4), slice(4, 7)):
            checking.see({name: column[part] for name, column in rows.items()})
        assert (checking.breach is None) == (at is None)


@pytest.mark.parametrize(
    ("at", "values", "found"),
    [
        (0, {"agent": 0}, "a call without session or agent"),
        (0, {"parent": 5}, "a sub-agent in the first call of a turn"),
        (0, {"step": 1}, "step 1 first of its turn"),
        (0, {"shares_with": 8}, "shares_with req_0000000000000008 in turn 0, step 0"),
        (3, {"shares_with": 0}, "shares_with none in turn 0, step 3"),
        (3, {"shared": 2_301}, "shared_prefix_tokens 2301"),
        (3, {"step": 4}, "turn 0, step 4"),
        (3, {"turn": 1}, "turn 1, step 3"),
        (3, {"think_s": 60}, "think_time_s 60"),
        (3, {"parent": 33}, "another main agent than that of the call before it"),
        (3, {"agent": 33}, "another sub-agent than that of the call before it"),
        (4, {"shares_with": 903}, "shares_with req_0000000000000387"),
        (2, {"shares_with": 900}, "shares_with req_0000000000000384"),
        (4, {"shared": 2_501}, "shared_prefix_tokens 2501"),
    ],
)
def test_calls_outside_the_tree_are_found(at: int, values: Any, found: str) -> None:
    assert sessions(damaged(at, **values)) == (at, found)


def test_turns_follow_one_another() -> None:
    two = {"task": [0, 1], "turn": [0, 1], "step": 0, "shares_with": [0, 900]}
    assert sessions(exchanges(2, **two)) is None
    assert sessions(exchanges(2, **{**two, "turn": [0, 2]})) == (1, "turn 2, step 0")
    assert sessions(exchanges(2, **{**two, "step": [0, 1]})) == (1, "turn 1, step 1")


def test_a_sub_agent_returns_to_its_parent_before_the_turn_is_finished() -> None:
    rows = {
        "task": [0, 0, 1],
        "turn": [0, 0, 1],
        "step": [0, 1, 0],
        "agent": [MAIN, SUB, MAIN],
        "parent": [0, MAIN, 0],
        "shares_with": [0, 900, 900],
    }
    assert sessions(exchanges(3, **rows)) == (2, "turn 1, step 0 after a call of a sub-agent")
    assert sessions(exchanges(3, **rows), tasks={"state": CUT_OFF, "row": [0, 1]}) is None


def test_other_attempts_of_a_call_stand_where_the_first_does() -> None:
    rows = failed(2, call=900, step=0, think_s=np.array([0, 3], np.float32))
    assert sessions(rows) == (1, "turn 0, step 0 in another attempt")
