"""Sessions as weka has them: agents, pauses, blocks, and what is left out."""

from __future__ import annotations

import json
from typing import Any

from sim.exports.weka import FORMAT, encode
from tests.support.exported_calls import CONTEXT, FAILED, call, table_of


def exported(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    """The sessions that rows become."""
    data = encode(table_of(FORMAT, rows), CONTEXT).data
    return [json.loads(line) for line in data.decode().splitlines()]


def test_a_call_says_what_the_log_and_the_truth_say_of_it() -> None:
    (session,) = exported(
        call(
            11,
            3.25,
            lasts_s=1.5,
            session_uid=0xABC,
            input_tokens_total=130,
            output_tokens=40,
            reasoning_tokens=15,
            n_tool_calls_out=2,
            finish_reason="tool_use",
            ttft_s=0.1,
        ),
        call(
            12,
            9.0,
            session_uid=0xABC,
            input_tokens_total=200,
            shares_with=11,
            shared_prefix_tokens=130,
            think_time_s=4.2,
            last_role_in="tool",
            stream=False,
            model_served="m-2",
        ),
    )

    assert session == {
        "id": "sess_0000000000000abc",
        "models": ["m-1", "m-2"],
        "block_size": 64,
        "hash_id_scope": "local",
        "tool_tokens": 0,
        "system_tokens": 0,
        "requests": [
            {
                "t": 0,
                "type": "s",
                "model": "m-1",
                "in": 130,
                "out": 40,
                "hash_ids": [1, 2],
                "input_types": ["text"],
                "output_types": ["thinking", "text", "tool_use"],
                "stop": "tool_use",
                "api_time": 1.5,
                "think_time": 0,
                "ttft": 0.1,
            },
            {
                "t": 5.75,
                "type": "n",
                "model": "m-2",
                "in": 200,
                "out": 10,
                "hash_ids": [1, 2, 3],
                "input_types": ["tool_result"],
                "output_types": ["text"],
                "stop": "end_turn",
                "api_time": 2,
                "think_time": 4.2,
            },
        ],
        "totals": {
            "parent_tokens": {"input": 330, "output": 50},
            "subagent_tokens": {"input": 0, "output": 0},
            "combined_tokens": {"input": 330, "output": 50},
            "subagent_count": 0,
            "starts_at_s": 3.25,
        },
    }


def test_calls_of_a_sub_agent_stand_in_an_entry_where_it_was_begun() -> None:
    sub = {"agent_uid": 8, "parent_agent_uid": 7}
    (session,) = exported(
        call(1, 0),
        call(2, 10, **sub, model_served="m-2", n_tool_calls_out=3, finish_reason="tool_use"),
        call(3, 20, **sub, lasts_s=4),
        call(4, 30),
    )

    first, entry, last = session["requests"]
    assert [request["t"] for request in (first, *entry["requests"], last)] == [0, 10, 20, 30]
    del entry["requests"]
    assert entry == {
        "t": 10,
        "type": "subagent",
        "agent_id": "agent_001",
        "subagent_type": "general-purpose",
        "duration_ms": 14_000,
        "total_tokens": 220,
        "tool_use_count": 3,
        "status": "completed",
        "models": ["m-2", "m-1"],
        "tool_tokens": 0,
        "system_tokens": 0,
    }
    assert session["totals"]["subagent_tokens"] == {"input": 200, "output": 20}
    assert session["totals"]["parent_tokens"] == {"input": 200, "output": 20}


def test_each_sub_agent_has_a_number_and_one_that_was_cut_off_failed() -> None:
    (session,) = exported(
        call(1, 0),
        call(2, 10, agent_uid=8, parent_agent_uid=7),
        call(3, 20),
        call(4, 30, agent_uid=9, parent_agent_uid=7, finish_reason="tool_use"),
    )
    entries = [entry for entry in session["requests"] if entry["type"] == "subagent"]
    assert [(entry["agent_id"], entry["status"]) for entry in entries] == [
        ("agent_001", "completed"),
        ("agent_002", "failed"),
    ]


def test_a_sub_agent_without_a_call_of_its_parent_before_it_stands_among_the_calls() -> None:
    (session,) = exported(call(2, 10, agent_uid=8, parent_agent_uid=7), call(3, 20))
    assert [request["type"] for request in session["requests"]] == ["s", "s"]
    assert session["totals"]["subagent_count"] == 0


def test_failed_attempts_are_counted_and_the_one_that_was_answered_stands() -> None:
    encoded = encode(
        table_of(
            FORMAT,
            [
                call(1, 0, **FAILED),
                call(2, 5, attempt_of=1),
                call(3, 9, shares_with=1, shared_prefix_tokens=100, input_tokens_total=180),
                call(4, 10, session_uid=2, **FAILED),
            ],
        ),
        CONTEXT,
    )

    (session,) = [json.loads(line) for line in encoded.data.splitlines()]
    assert [request["t"] for request in session["requests"]] == [0, 4]
    # the next call shares with the call, whichever of its attempts was answered
    assert [request["hash_ids"] for request in session["requests"]] == [[1], [1, 2]]
    assert session["totals"]["starts_at_s"] == 5
    assert (encoded.records, encoded.left_out) == (1, {"failed attempts": 2})


def test_a_cache_warm_up_has_no_output() -> None:
    (session,) = exported(call(1, 0, output_tokens=0, finish_reason="max_tokens"))
    (request,) = session["requests"]
    assert (request["out"], request["output_types"], request["stop"]) == (0, [], "max_tokens")


def test_an_input_below_a_block_has_no_number() -> None:
    (session,) = exported(call(1, 0, input_tokens_total=63))
    assert session["requests"][0]["hash_ids"] == []


def test_numbers_begin_anew_in_each_session() -> None:
    first, second = exported(call(1, 0), call(2, 1, session_uid=2))
    assert first["requests"][0]["hash_ids"] == second["requests"][0]["hash_ids"] == [1]
