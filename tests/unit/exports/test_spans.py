"""Spans of sessions written by hand: retries, sub-agents, and sessions that are cut."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sim.exports import litellm, ocsf, otlp
from sim.exports.format import Format
from tests.support.exported_calls import CONTEXT, FAILED, call, table_of
from tests.support.spans import Span, spans_of

_BARRED = {**FAILED, "ttft_s": None, "error_type": "overloaded_error"}


def row(number: int, at_s: float, **columns: Any) -> dict[str, Any]:
    """A row of the log as `call` has it, with the columns that these formats read too."""
    more = {
        "org_id": 10,
        "api_key_id": 11,
        "workspace_id": 12,
        "account_id": 13,
        "end_user_hash": 0,
        "client_request_group": 0,
        "platform": "first_party",
        "model_requested": "latest",
        "temperature": None,
        "max_tokens": 1000,
        "choice_count": 1,
        "cache_read_tokens": 0,
        "cache_write_5m_tokens": 0,
        "cache_write_1h_tokens": 0,
        "input_tokens_uncached": 100,
        "error_type": None,
        "resend_count": 0,
        "cost_usd": 0.25,
        "ip_hash": 14,
        "ip24_hash": 15,
        "asn": 64500,
        "geo_country": "DE",
        "ja4": "t13d",
        "user_agent": "made-up/1",
        "task_uid": 100,
        "turn": 0,
    }
    return call(number, at_s, **{**more, **columns})


def spans(*rows: dict[str, Any]) -> list[Span]:
    """The spans of rows of whole sessions."""
    encoded = otlp.encode(table_of(otlp.FORMAT, rows), CONTEXT)
    found = [span for line in encoded.data.splitlines() for span in spans_of(json.loads(line))]
    assert len(found) == encoded.records
    return found


def lines(form: Format, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of rows in a format of one line a row."""
    return [
        json.loads(line) for line in form.encode(table_of(form, rows), CONTEXT).data.splitlines()
    ]


def test_attempts_of_a_call_are_in_its_span() -> None:
    session, task, chat, first, second = spans(
        row(1, 0, lasts_s=1, **_BARRED),
        row(2, 5, lasts_s=3, attempt_of=1, resend_count=1, output_tokens=7),
    )
    assert [span.name for span in (session, task, chat)] == [
        "invoke_workflow",
        "invoke_agent",
        "chat latest",
    ]
    assert [first.parent, second.parent] == [chat.id, chat.id]
    assert (first.name, first.failed, second.failed) == ("POST", True, False)
    assert first.said["error.type"] == "overloaded_error"
    assert "http.request.resend_count" not in first.said
    assert second.said["http.request.resend_count"] == 1

    assert chat.ends_ns - chat.starts_ns == 8_000_000_000
    assert (chat.failed, chat.said["gen_ai.usage.output_tokens"]) == (False, 7)
    assert chat.said["gen_ai.response.id"] == "req_0000000000000002"
    assert "error.type" not in chat.said | task.said


def test_a_call_that_failed_for_good_and_its_task_have_the_error() -> None:
    session, task, chat, *_ = spans(row(1, 0, **_BARRED), row(2, 5, attempt_of=1, **_BARRED))
    assert (session.failed, task.failed, chat.failed) == (False, True, True)
    assert task.said["error.type"] == chat.said["error.type"] == "overloaded_error"
    assert not [key for key in chat.said if key.startswith(("gen_ai.usage", "gen_ai.response"))]


def test_a_sub_agent_is_a_span_in_its_task() -> None:
    found = spans(
        row(1, 0),
        row(2, 10, agent_uid=8, parent_agent_uid=7),
        row(3, 20, agent_uid=8, parent_agent_uid=7, lasts_s=60),
        row(4, 30),
    )
    session, task = found[:2]
    (sub_agent,) = [span for span in found if span.id == f"{8:016x}"]
    calls = [span for span in found if span.name.startswith("chat")]

    assert (sub_agent.name, sub_agent.parent) == ("invoke_agent", task.id)
    assert [span.parent for span in calls] == [task.id, sub_agent.id, sub_agent.id, task.id]
    assert (sub_agent.ends_ns - sub_agent.starts_ns) == 70_000_000_000
    assert task.ends_ns == session.ends_ns == sub_agent.ends_ns


def test_tasks_are_numbered_in_their_session() -> None:
    found = spans(row(1, 0), row(2, 60, task_uid=101, turn=1))
    tasks = [span for span in found if span.name == "invoke_agent"]
    assert [span.said["sim.turn"] for span in tasks] == [0, 1]
    assert {span.parent for span in tasks} == {found[0].id}
    assert tasks[0].ends_ns < tasks[1].starts_ns


def test_a_session_without_its_beginning_is_whole_in_itself() -> None:
    """The first attempt, the agent above and earlier tasks may lie outside the selection."""
    session, task, sub_agent, chat, attempt = spans(
        row(2, 5, attempt_of=1, resend_count=1, agent_uid=8, parent_agent_uid=7, turn=3)
    )
    chain = [span.parent for span in (session, task, sub_agent, chat, attempt)]
    assert chain == [None, session.id, task.id, sub_agent.id, chat.id]
    assert chat.id == f"{1 | 1 << 63:016x}"


def test_a_long_session_is_cut_into_lines_a_receiver_takes() -> None:
    rows = [row(number, number) for number in range(1, 301)]
    encoded = otlp.encode(table_of(otlp.FORMAT, rows), CONTEXT)
    lengths = [len(spans_of(json.loads(line))) for line in encoded.data.splitlines()]
    assert lengths == [200, 200, 200, 2]
    assert max(map(len, encoded.data.splitlines())) < 1 << 20


def test_two_sessions_are_two_traces_in_lines_of_their_own() -> None:
    rows = [
        row(5, 0, session_uid=2),
        row(6, 9, session_uid=2),
        row(7, 1, session_uid=1, task_uid=9),
    ]
    encoded = otlp.encode(table_of(otlp.FORMAT, rows), CONTEXT)
    first, second = (spans_of(json.loads(line)) for line in encoded.data.splitlines())
    assert ({span.trace[16:] for span in first}, {span.trace[16:] for span in second}) == (
        {f"{2:016x}"},
        {f"{1:016x}"},
    )
    assert all(span.trace[:16] != "0" * 16 for span in (*first, *second))


def test_what_the_client_does_not_send_is_no_attribute() -> None:
    chat = spans(row(1, 0, stream=False, temperature=None))[2]
    absent = ("stream", "temperature", "choice.count")
    assert not {f"gen_ai.request.{name}" for name in absent} & {*chat.said}
    assert not {"gen_ai.conversation.id", "enduser.pseudo.id"} & {*chat.said}
    assert "gen_ai.response.time_to_first_chunk" not in chat.said

    said = row(1, 0, temperature=0.3, choice_count=4, conversation_id=5, end_user_hash=6)
    chat = spans(said)[2]
    assert chat.said["gen_ai.request.temperature"] == 0.3
    assert chat.said["gen_ai.request.choice.count"] == 4
    assert chat.said["gen_ai.request.stream"] is True
    assert chat.said["gen_ai.conversation.id"] == "conv_0000000000000005"
    assert chat.said["gen_ai.response.time_to_first_chunk"] == 0.5


def test_attempts_alone_share_a_trace_by_what_the_client_sends() -> None:
    table = table_of(
        otlp.ATTEMPTS,
        [
            row(1, 0, client_request_group=20, **_BARRED),
            row(2, 5, client_request_group=20, resend_count=1),
            row(3, 6, client_request_group=21, conversation_id=30),
            row(4, 7),
        ],
    )
    alone = [spans_of(json.loads(line))[0] for line in otlp.attempt_lines(table)]
    assert [int(span.trace[16:], 16) for span in alone] == [20, 20, 30, 4]
    assert [span.failed for span in alone] == [True, False, False, False]
    assert alone[1].said["http.request.resend_count"] == 1
    assert alone[1].said["gen_ai.usage.input_tokens"] == 100


@pytest.mark.parametrize("form", [litellm.FORMAT, ocsf.FORMAT, otlp.ATTEMPTS])
def test_words_are_escaped(form: Format) -> None:
    odd = 'a "quoted" \\ word \n \u00e4'
    (line,) = lines(form, row(1, 0, user_agent=odd))
    assert odd in (
        spans_of(line)[0].said["user_agent.original"]
        if form is otlp.ATTEMPTS
        else line["http_request"]["user_agent"]
        if form is ocsf.FORMAT
        else json.loads(line["metadata"])["user_agent"]
    )


@pytest.mark.parametrize("form", [litellm.FORMAT, ocsf.FORMAT, otlp.ATTEMPTS])
def test_rows_that_miss_what_may_be_missing_make_whole_lines(form: Format) -> None:
    missing = {
        "platform": "aws.bedrock",
        "ip_hash": 0,
        "ip24_hash": 0,
        "asn": None,
        "geo_country": None,
        **_BARRED,
    }
    assert len(lines(form, row(1, 0, **missing), row(2, 1))) == 2


@pytest.mark.parametrize("form", [litellm.FORMAT, ocsf.FORMAT, otlp.ATTEMPTS])
def test_no_rows_are_no_lines(form: Format) -> None:
    assert lines(form) == []


@pytest.mark.parametrize("form", [litellm.FORMAT, ocsf.FORMAT, otlp.ATTEMPTS, otlp.FORMAT])
def test_bytes_do_not_depend_on_how_rows_are_cut(form: Format) -> None:
    """Of `otlp` between sessions; a batch without a word has another dictionary."""
    rows = [
        row(1, 0, session_uid=5, user_agent="a/1", platform="azure"),
        row(2, 1, session_uid=5, user_agent="b/1", attempt_of=1, resend_count=1),
        row(3, 2, session_uid=6, task_uid=9, user_agent="b/1", error_type="api_error", **FAILED),
    ]
    whole, first, second = (
        form.encode(table_of(form, some), CONTEXT).data for some in (rows, rows[:2], rows[2:])
    )
    assert whole == first + second


def test_the_sum_of_cache_writes_and_the_provider_are_in_the_spend_log() -> None:
    (line,) = lines(
        litellm.FORMAT,
        row(1, 0, platform="azure", cache_write_5m_tokens=3, cache_write_1h_tokens=4),
    )
    usage = json.loads(line["metadata"])["additional_usage_values"]
    assert usage["cache_creation_input_tokens"] == 7
    assert line["custom_llm_provider"] == "azure_ai"
