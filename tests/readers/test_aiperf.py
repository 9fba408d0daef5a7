"""aiperf reads the traces: every line and every session, with the inputs that they describe."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from aiperf.common import random_generator
from aiperf.common.exceptions import ConfigurationError
from aiperf.common.tokenizer import Tokenizer
from aiperf.dataset.generator.prompt import PromptGenerator
from aiperf.dataset.loader.bailian_trace import BailianTraceDatasetLoader
from aiperf.dataset.loader.burst_gpt import BurstGPTTraceDatasetLoader
from aiperf.dataset.loader.mooncake_trace import MooncakeTraceDatasetLoader
from aiperf.dataset.loader.weka_trace import WekaTraceLoader
from tokenizer import NAME

# So many sessions are made into prompts, which takes long; all are loaded and checked.
_PROMPTS = ("--sessions", "20")


@pytest.fixture(scope="module")
def generator() -> PromptGenerator:
    """Makes up prompts; a token is a character."""
    random_generator.init(1)
    tokenizer = Tokenizer.from_pretrained(NAME)
    return PromptGenerator(prompts=None, prefix_prompts=None, tokenizer=tokenizer)


def test_every_line_of_mooncake_is_read(export, generator):
    exported = export("mooncake", "trace.jsonl")
    assert MooncakeTraceDatasetLoader.can_load(exported.lines()[0])
    loaded = MooncakeTraceDatasetLoader(
        filename=exported.path, prompt_generator=generator
    ).load_dataset()
    requests = [request for session in loaded.values() for request in session]
    assert len(requests) == exported.records > 10_000
    assert _tokens(requests) == _tokens_of_lines(exported.lines())


def test_mooncake_becomes_prompts_of_the_lengths_that_it_states(export, generator):
    exported = export("mooncake", "some.jsonl", *_PROMPTS)
    loader = MooncakeTraceDatasetLoader(filename=exported.path, prompt_generator=generator)
    prompts = _prompts(loader.convert_to_conversations(loader.load_dataset()))
    lines = exported.lines()
    assert [len(prompt) for prompt in prompts] == [line["input_length"] for line in lines]
    _assert_prompts_begin_alike_as_blocks_do(prompts, lines, 512)


def test_a_block_with_two_lengths_is_refused(export, generator, tmp_path):
    line = export("mooncake", "some.jsonl", *_PROMPTS).lines()[0]
    longer = line | {"input_length": 512 * len(line["hash_ids"])}
    shorter = line | {"input_length": 512 * len(line["hash_ids"]) - 1}
    broken = tmp_path / "broken.jsonl"
    broken.write_text(f"{json.dumps(longer)}\n{json.dumps(shorter)}\n")
    loader = MooncakeTraceDatasetLoader(filename=broken, prompt_generator=generator)
    with pytest.raises(ConfigurationError, match="must map to a single fixed block size"):
        loader.convert_to_conversations(loader.load_dataset())


def test_every_line_of_bailian_is_read(export, generator):
    exported = export("bailian", "trace.jsonl")
    assert BailianTraceDatasetLoader.can_load(exported.lines()[0])
    loaded = BailianTraceDatasetLoader(
        filename=exported.path, prompt_generator=generator
    ).load_dataset()
    requests = [request for session in loaded.values() for request in session]
    assert len(requests) == exported.records > 10_000
    assert _tokens(requests) == _tokens_of_lines(exported.lines())
    assert all(
        [request.turn for request in session] == sorted(request.turn for request in session)
        for session in loaded.values()
    )


def test_bailian_becomes_prompts_of_the_lengths_that_it_states(export, generator):
    exported = export("bailian", "some.jsonl", *_PROMPTS)
    loader = BailianTraceDatasetLoader(
        filename=exported.path, prompt_generator=generator, default_block_size=16
    )
    loaded = loader.load_dataset()
    prompts = _prompts(loader.convert_to_conversations(loaded))
    requests = [request for session in loaded.values() for request in session]
    assert [len(prompt) for prompt in prompts] == [request.input_length for request in requests]


def test_every_row_of_burstgpt_is_read(export, generator):
    exported = export("burstgpt", "trace.csv")
    assert BurstGPTTraceDatasetLoader.can_load(filename=exported.path)
    loaded = BurstGPTTraceDatasetLoader(
        filename=exported.path, prompt_generator=generator
    ).load_dataset()
    requests = [request for session in loaded.values() for request in session]
    assert len(requests) == exported.records > 10_000
    rows = list(csv.DictReader(exported.path.open()))
    assert _tokens(requests) == (
        sum(int(row["Request tokens"]) for row in rows),
        sum(int(row["Response tokens"]) for row in rows),
    )


def test_every_session_of_weka_is_read(export, generator):
    exported = export("weka", "traces")
    assert WekaTraceLoader.can_load(filename=exported.path)
    loaded = WekaTraceLoader(filename=str(exported.path), prompt_generator=generator).load_dataset()
    assert len(loaded) == exported.records > 700
    calls = [call for (trace,) in loaded.values() for call in _calls(trace)]
    left_out = sum(exported.summary["left_out"].values())
    assert len(calls) == exported.summary["exchanges"] - left_out
    sub_agents = [
        entry for (trace,) in loaded.values() for entry in trace.requests if _is_sub_agent(entry)
    ]
    assert len(sub_agents) > 5


def test_weka_becomes_conversations_with_sub_agents(export, generator, tmp_path):
    exported = export("weka", "traces")
    folder = _some_traces(exported.path, tmp_path / "some")
    loader = WekaTraceLoader(filename=str(folder), prompt_generator=generator)
    loaded = loader.load_dataset()
    conversations = loader.convert_to_conversations(loaded)
    calls = [call for (trace,) in loaded.values() for call in _calls(trace)]
    assert sum(len(conversation.turns) for conversation in conversations) == len(calls)
    assert any("::sa:" in conversation.session_id for conversation in conversations)


def test_a_trace_with_another_field_is_refused(export, generator, tmp_path):
    trace = json.loads(next(export("weka", "traces").path.glob("*.json")).read_text())
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(trace | {"typology": "A15"}))
    assert not WekaTraceLoader.can_load(filename=broken)
    loader = WekaTraceLoader(filename=str(broken), prompt_generator=generator)
    with pytest.raises(ValueError, match="does not match the Weka trace schema"):
        loader.load_dataset()


def _tokens(requests: list[Any]) -> tuple[int, int]:
    """Return the tokens of inputs and outputs that a loader has read."""
    return (
        sum(request.input_length for request in requests),
        sum(request.output_length for request in requests),
    )


def _tokens_of_lines(lines: list[dict[str, Any]]) -> tuple[int, int]:
    """Return the tokens of inputs and outputs that a file states."""
    return (
        sum(line["input_length"] for line in lines),
        sum(line["output_length"] for line in lines),
    )


def _prompts(conversations: list[Any]) -> list[str]:
    """Return the prompts of conversations."""
    return [
        turn.texts[0].contents[0] for conversation in conversations for turn in conversation.turns
    ]


def _assert_prompts_begin_alike_as_blocks_do(
    prompts: list[str], lines: list[dict[str, Any]], block: int
) -> None:
    """Hold each prompt against the one before: they begin alike as far as their blocks do."""
    shared = 0
    for n in range(1, len(lines)):
        ids, before = lines[n]["hash_ids"], lines[n - 1]["hash_ids"]
        alike = next(
            (k for k, (a, b) in enumerate(zip(ids, before, strict=False)) if a != b),
            min(len(ids), len(before)),
        )
        tokens = alike * block
        assert prompts[n][:tokens] == prompts[n - 1][:tokens]
        shared += alike
    assert shared > 0


def _is_sub_agent(entry: Any) -> bool:
    """Return whether an entry of a session is a sub-agent."""
    return bool(entry.type == "subagent")


def _calls(trace: Any) -> list[Any]:
    """Return the calls of a session, with those of its sub-agents."""
    return [
        call
        for entry in trace.requests
        for call in (entry.requests if _is_sub_agent(entry) else [entry])
    ]


def _some_traces(folder: Path, into: Path) -> Path:
    """Copy some small sessions, and the smallest with a sub-agent, into a folder."""
    into.mkdir()
    by_size = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_size)
    with_sub_agent = next(path for path in by_size if '"subagent"' in path.read_text())
    for path in [*by_size[:10], with_sub_agent]:
        shutil.copy(path, into)
    return into
