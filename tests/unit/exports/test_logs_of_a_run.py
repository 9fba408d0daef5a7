"""Spans, spend log and events of a run: against schemas written from readers, and the log."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from jsonschema import Draft202012Validator

import sim
from sim.exports.registry import EXPORTS
from tests.support.paths import ROOT
from tests.support.spans import Span, spans_of

Lines = dict[str, list[dict[str, Any]]]

_SCHEMAS = ROOT / "tests" / "unit" / "exports" / "schemas"
_STATES = ["exchange_id", "http_status", "error_type", "resend_count"]
_FORMATS = ("otlp", "attempts", "litellm", "ocsf")


@pytest.fixture(scope="module")
def exports(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run in every format; `attempts` is `otlp` of the run without its truth."""
    folder = tmp_path_factory.mktemp("exports")
    without_truth = folder / "run"
    shutil.copytree(finished, without_truth)
    shutil.rmtree(without_truth / "truth")
    manifest = json.loads((finished / "manifest.json").read_text())
    manifest["files"] = [f for f in manifest["files"] if f["path"].startswith("log/")]
    (without_truth / "manifest.json").write_text(json.dumps(manifest))

    places = {name: folder / f"{name}.jsonl" for name in _FORMATS}
    for name, place in places.items():
        run = without_truth if name == "attempts" else finished
        sim.export(run, "otlp" if name == "attempts" else name, place)
    return places


@pytest.fixture(scope="module")
def lines(exports: dict[str, Path]) -> Lines:
    """What is in the files."""
    read: Lines = {}
    for name, place in exports.items():
        with place.open(encoding="utf-8") as file:
            read[name] = [json.loads(line) for line in file]
    return read


@pytest.fixture(scope="module")
def spans(lines: Lines) -> list[Span]:
    """The spans with the truth."""
    return [span for line in lines["otlp"] for span in spans_of(line)]


@pytest.fixture(scope="module")
def log(finished: Path) -> pd.DataFrame:
    """All rows of the log with the truth, in their order."""
    return sim.open_run(finished).exchanges(truth=True)


@pytest.mark.parametrize("name", _FORMATS)
def test_lines_are_what_readers_take(name: str, lines: Lines) -> None:
    schema = "otlp" if name == "attempts" else name
    validator = Draft202012Validator(json.loads((_SCHEMAS / f"{schema}.json").read_text()))
    assert lines[name]
    for line in lines[name][:30]:
        validator.validate(line)


@pytest.mark.parametrize("name", _FORMATS)
def test_no_line_says_whose_it_is(name: str, exports: dict[str, Path], log: pd.DataFrame) -> None:
    text = exports[name].read_text(encoding="utf-8")
    words = {*log["actor_id"], *log["typology_id"], "typology", "extraction", "actor_id"}
    assert not [word for word in words if word in text]


def test_spans_are_sessions_tasks_calls_and_attempts(spans: list[Span], log: pd.DataFrame) -> None:
    calls = log["attempt_of"].where(log["attempt_of"] != 0, log["exchange_id"])
    assert Counter(span.name.split()[0] for span in spans) == {
        "invoke_workflow": log["session_uid"].nunique(),
        "invoke_agent": log["task_uid"].nunique(),
        "chat": calls.nunique(),
        "POST": len(log),
    }


def test_spans_lie_in_the_span_around_them(spans: list[Span]) -> None:
    at = {(span.trace, span.id): span for span in spans}
    assert len(at) == len(spans)
    around = {"invoke_agent": "invoke_workflow", "chat": "invoke_agent", "POST": "chat"}

    for span in spans:
        kind = span.name.split()[0]
        assert span.starts_ns <= span.ends_ns
        if kind == "invoke_workflow":
            assert span.parent is None
            continue
        parent = at[span.trace, span.parent or ""]
        assert parent.name.split()[0] == around[kind]
        assert parent.starts_ns <= span.starts_ns
        assert span.ends_ns <= parent.ends_ns


def test_spans_of_calls_add_up_to_the_log(spans: list[Span], log: pd.DataFrame) -> None:
    calls = [span for span in spans if span.name.startswith("chat ")]
    written = log["cache_write_5m_tokens"] + log["cache_write_1h_tokens"]
    expected = {
        "input": log["input_tokens_total"],
        "cache_read.input": log["cache_read_tokens"],
        "cache_write.input": written,
        "output": log["output_tokens"],
        "reasoning.output": log["reasoning_tokens"],
    }
    for kind, column in expected.items():
        key = f"gen_ai.usage.{kind}_tokens"
        assert sum(span.said.get(key, 0) for span in calls) == column.sum()

    cost = sum(span.said.get("sim.cost_usd", 0) for span in calls)
    assert cost == pytest.approx(log["cost_usd"].astype(float).sum(), rel=1e-6)


def test_spans_of_attempts_have_the_status_and_the_error_of_each(
    spans: list[Span], log: pd.DataFrame
) -> None:
    said = {
        span.id: (
            span.said["http.response.status_code"],
            span.said.get("error.type"),
            span.said.get("http.request.resend_count", 0),
            span.failed,
        )
        for span in spans
        if span.name == "POST"
    }
    assert (log["http_status"] != 200).any()
    assert said == {
        f"{row.exchange_id:016x}": (
            row.http_status,
            row.error_type if row.http_status != 200 else None,
            row.resend_count,
            row.http_status != 200,
        )
        for row in log[_STATES].itertuples()
    }


def test_a_line_has_spans_of_one_session_alone(lines: Lines, log: pd.DataFrame) -> None:
    traces = [{span.trace for span in spans_of(line)} for line in lines["otlp"]]
    assert {len(trace) for trace in traces} == {1}
    order = [trace for (trace,) in traces]
    changes = 1 + sum(before != after for before, after in pairwise(order))
    assert changes == len(set(order)) == log["session_uid"].nunique()


def test_attempts_alone_are_the_rows_of_the_log(lines: Lines, log: pd.DataFrame) -> None:
    """Each has what the spans of calls and of attempts have, in traces of what clients send."""
    attempts = [spans_of(line) for line in lines["attempts"]]
    assert {len(spans) for spans in attempts} == {1}
    alone = [spans[0] for spans in attempts]

    assert [span.id for span in alone] == [f"{one:016x}" for one in log["exchange_id"]]
    assert {span.parent for span in alone} == {None}
    tokens = sum(span.said.get("gen_ai.usage.output_tokens", 0) for span in alone)
    assert tokens == log["output_tokens"].sum()
    joins = log["conversation_id"].where(
        log["conversation_id"] != 0,
        log["client_request_group"].where(log["client_request_group"] != 0, log["exchange_id"]),
    )
    assert [span.trace[16:] for span in alone] == [f"{one:016x}" for one in joins]


def test_rows_of_the_spend_log_are_those_of_the_log(lines: Lines, log: pd.DataFrame) -> None:
    rows = pd.DataFrame(lines["litellm"])
    assert [*rows["request_id"]] == [f"req_{one:016x}" for one in log["exchange_id"]]
    assert [*rows["prompt_tokens"]] == [*log["input_tokens_total"]]
    assert [*rows["completion_tokens"]] == [*log["output_tokens"]]
    assert [*(rows["total_tokens"])] == [*(rows["prompt_tokens"] + rows["completion_tokens"])]
    assert [*rows["spend"]] == pytest.approx([*log["cost_usd"].astype(float)], rel=1e-6)
    assert [*(rows["status"] == "success")] == [*(log["http_status"] == 200)]
    assert [*pd.to_datetime(rows["startTime"])] == [*log["ts_start"]]
    assert [*pd.to_datetime(rows["endTime"])] == [*log["ts_end"]]
    assert rows["litellm_call_id"].notna().sum() == (log["client_request_group"] != 0).sum()


def test_answers_of_the_spend_log_begin_within_the_row(lines: Lines, log: pd.DataFrame) -> None:
    """One that is not streamed begins when it ends."""
    for row, ttft_s, streamed in zip(lines["litellm"], log["ttft_s"], log["stream"], strict=True):
        if row["status"] == "failure":
            assert row["completionStartTime"] is None
            continue
        start, began, end = (
            datetime.fromisoformat(row[name])
            for name in ("startTime", "completionStartTime", "endTime")
        )
        expected = start + timedelta(seconds=float(ttft_s)) if streamed else end
        assert abs(began - expected) < timedelta(microseconds=2)
        assert start <= began <= end


def test_rows_of_the_spend_log_say_who_asked_and_have_the_details_or_the_error(
    lines: Lines, log: pd.DataFrame
) -> None:
    for row, of in zip(lines["litellm"], log.to_dict("records"), strict=True):
        assert row["user"] == f"acc_{of['account_id']:016x}"
        assert row["api_key"] == f"key_{of['api_key_id']:016x}"
        assert row["team_id"] == f"wrk_{of['workspace_id']:016x}"
        assert (row["model"], row["model_group"]) == (of["model_served"], of["model_requested"])
        metadata = json.loads(row["metadata"])
        assert metadata["attempted_retries"] == of["resend_count"]
        if of["http_status"] == 200:
            usage = metadata["additional_usage_values"]
            assert usage["cache_read_input_tokens"] == of["cache_read_tokens"]
            assert "error_information" not in metadata
        else:
            error = metadata["error_information"]
            assert error["error_code"] == str(of["http_status"])
            assert error["error_class"] == of["error_type"]


def test_events_are_the_rows_of_the_log(lines: Lines, log: pd.DataFrame) -> None:
    for event, of in zip(lines["ocsf"], log.to_dict("records"), strict=True):
        assert event["metadata"]["uid"] == f"req_{of['exchange_id']:016x}"
        assert event["time"] == of["ts_start"].value // 1_000_000
        assert event["http_response"]["code"] == of["http_status"]
        lasted_us = (of["ts_end"] - of["ts_start"]).value // 1_000
        assert event["http_response"]["latency"] == lasted_us // 1_000
        user = event["actor"]["user"]
        assert user["uid"] == f"acc_{of['account_id']:016x}"
        assert user["org"]["uid"] == f"org_{of['org_id']:016x}"
        (key,) = user["programmatic_credentials"]
        assert key["uid"] == f"key_{of['api_key_id']:016x}"
        assert event["ai_model"]["name"] == of["model_served"]
        assert event["status_id"] == (1 if of["http_status"] == 200 else 2)
        assert event["message_context"]["prompt_tokens"] == of["input_tokens_total"]
        assert event["message_context"]["completion_tokens"] == of["output_tokens"]
        assert event["unmapped"]["cost_usd"] == pytest.approx(of["cost_usd"], rel=1e-6)
        assert ("uid" in event["src_endpoint"]) == (of["platform"] == "first_party")


def test_fields_are_those_of_the_lines(lines: Lines, spans: list[Span]) -> None:
    """Of rows and events the first names, of spans the attributes; the list names all of them."""
    found = {
        "litellm": {*lines["litellm"][0]},
        "ocsf": {name for line in lines["ocsf"] for name in line},
        "otlp": {name.removesuffix("[]") for span in spans for name in span.said},
    }
    for name, names in found.items():
        listed = {
            part.split("[")[0]
            for field in EXPORTS[name].fields
            for part in field.name.replace(" ", "").split(",")
        }
        if name == "ocsf":
            listed = {part.split(".")[0] for part in listed}
            names -= {"class_name", "category_name", "timezone_offset"}
        assert names <= listed
