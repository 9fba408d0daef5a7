"""guidellm loads the traces: every row passes its checks, and some become conversations."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from guidellm.data.deserializers import DatasetDeserializerFactory, TraceFormatRegistry
from guidellm.data.deserializers.trace_common import _validate_api_row
from guidellm.data.schemas import InvalidRowError
from guidellm.schemas.data.deserializers import (
    FileDataArgs,
    MinimalTraceFormatArgs,
    MooncakeTraceFormatArgs,
    WEKATraceFormatArgs,
)
from tokenizer import tokenizer_folder
from transformers import AutoTokenizer

# guidellm takes times for seconds; Mooncake's are milliseconds.
_MILLISECONDS = 0.001
_BURSTGPT = {
    "timestamp_column": "Timestamp",
    "prompt_tokens_column": "Request tokens",
    "output_tokens_column": "Response tokens",
}


def test_every_line_of_mooncake_passes(export):
    exported = export("mooncake", "trace.jsonl")
    trace, rows = _trace(MooncakeTraceFormatArgs(source=_json(exported.path)))
    for row in rows:
        _validate_api_row(row, trace.config, trace.validate_row)
    assert len(rows) == exported.records > 10_000


def test_mooncake_becomes_requests_at_the_times_that_it_states(export):
    exported = export("mooncake", "few.jsonl", "--sessions", "5")
    asked = MooncakeTraceFormatArgs(source=_json(exported.path), time_scale=_MILLISECONDS)
    turns = [turn for (turn,) in _conversations(asked)]
    lines = exported.lines()
    opening_ms = lines[0]["timestamp"]
    for turn, line in zip(turns, lines, strict=True):
        columns = turn["columns"]
        assert len(columns["text_column"][0]) == line["input_length"]
        assert columns["output_tokens_count_column"] == [line["output_length"]]
        after_s = (line["timestamp"] - opening_ms) / 1000
        assert columns["relative_timestamp_column"] == pytest.approx([after_s])


def test_a_line_without_one_of_its_blocks_is_refused(export, tmp_path):
    line = export("mooncake", "few.jsonl", "--sessions", "5").lines()[0]
    broken = tmp_path / "broken.jsonl"
    broken.write_text(json.dumps(line | {"hash_ids": line["hash_ids"][1:]}) + "\n")
    with pytest.raises(InvalidRowError, match="does not match given"):
        _conversations(MooncakeTraceFormatArgs(source=_json(broken)))


def test_every_session_of_weka_passes(export):
    exported = export("weka", "traces.jsonl")
    trace, sessions = _trace(WEKATraceFormatArgs(source=_json(exported.path)))
    calls = [call for session in sessions for call in _calls(session["requests"])]
    for call in calls:
        _validate_api_row(call, trace.config, trace.validate_row)
    assert len(sessions) == exported.records > 700
    left_out = sum(exported.summary["left_out"].values())
    assert len(calls) == exported.summary["exchanges"] - left_out


def test_weka_becomes_conversations_with_sub_agents(export, tmp_path):
    lines = export("weka", "traces.jsonl").path.read_text().splitlines(keepends=True)
    lines.sort(key=len)
    with_sub_agent = next(line for line in lines if '"subagent"' in line)
    some = tmp_path / "some.jsonl"
    some.write_text("".join([*lines[:10], with_sub_agent]))
    conversations = _conversations(WEKATraceFormatArgs(source=_json(some)))
    sessions = [json.loads(line)["requests"] for line in [*lines[:10], with_sub_agent]]
    assert [len(turns) for turns in conversations] == [len(_calls(calls)) for calls in sessions]
    assert len({turn["agent_id"] for turn in conversations[-1]}) > 1
    for turns, calls in zip(conversations, sessions, strict=True):
        states = sorted(call["in"] for call in _calls(calls))
        assert sorted(turn["columns"]["prompt_tokens_count_column"][0] for turn in turns) == states


def test_sub_agents_may_come_late_in_a_large_file(export, tmp_path):
    lines = export("weka", "traces.jsonl").path.read_text().splitlines(keepends=True)
    lines.sort(key=lambda line: '"subagent"' in line)
    large = tmp_path / "large.jsonl"
    large.write_text("".join(lines))
    begins = large.read_text().index('"subagent"')
    assert begins > 10 << 20  # datasets infers columns from the first 10 MiB
    _, sessions = _trace(WEKATraceFormatArgs(source=_json(large)))
    assert len(sessions) == len(lines)


def test_every_row_of_burstgpt_passes(export):
    exported = export("burstgpt", "trace.csv")
    source = FileDataArgs(kind="csv_file", path=exported.path)
    trace, rows = _trace(MinimalTraceFormatArgs(source=source, **_BURSTGPT))
    for row in rows:
        _validate_api_row(row, trace.config, trace.validate_row)
    assert len(rows) == exported.records > 10_000


def _json(path: Path) -> FileDataArgs:
    """Return a file of JSON lines as guidellm names it."""
    return FileDataArgs(kind="json_file", path=path)


def _tokenizer() -> Any:
    """Return the tokenizer in which a character is a token."""
    return AutoTokenizer.from_pretrained(tokenizer_folder(Path(os.environ["HF_HOME"])))


def _trace(asked: Any) -> tuple[Any, list[dict[str, Any]]]:
    """Load a file as a trace; return guidellm's format of it, and its rows."""
    rows = DatasetDeserializerFactory.deserialize(
        config=asked.source, processor_factory=_tokenizer, random_seed=1
    )
    return TraceFormatRegistry.dispatch(asked, rows), list(rows)


def _conversations(asked: Any) -> list[list[dict[str, Any]]]:
    """Return the turns of the conversations that guidellm makes of a trace."""
    made = DatasetDeserializerFactory.deserialize(
        config=asked, processor_factory=_tokenizer, random_seed=1
    )
    return [json.loads(row["conversation_turns"])["turns"] for row in made]


def _calls(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the calls of a session, with those of its sub-agents."""
    return [
        call
        for entry in requests
        for call in (_calls(entry["requests"]) if entry["type"] == "subagent" else [entry])
    ]
