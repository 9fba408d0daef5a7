"""Sessions as traces of agentic work, one JSON object each, as WEKA's cache tester defined them."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING

from sim.exports.blocks import NumberTexts, number_blocks
from sim.exports.calls import (
    INPUT_COLUMNS,
    INPUT_TRUTH,
    Rows,
    answered,
    inputs,
    left_out,
    rows_of,
    seconds,
    sessions,
)
from sim.exports.format import Context, Encoded, Field, Format
from sim.streams import MISSING

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_TOKENS = 64
# what the client adds to the history, by the role of the last message
_INPUT_TYPES = {"user": "text", "assistant": "text", "tool": "tool_result"}


def encode(table: pa.Table, context: Context) -> Encoded:
    """Return a line of JSON for each session that has an answered call."""
    rows = rows_of(table)
    lines, failed = [], 0

    for of_session in sessions(rows):
        calls = answered(rows, of_session)
        failed += len(of_session) - len(calls)
        if calls:
            lines.append(_session(rows, calls, context))

    data = "".join(lines).encode()
    return Encoded(data=data, records=len(lines), left_out=left_out(failed=failed))


def _session(rows: Rows, calls: list[int], context: Context) -> str:
    """Return the line of a session, given its answered calls."""
    numbered = number_blocks(inputs(rows, calls), BLOCK_TOKENS, first=1, first_partial=0)
    texts = NumberTexts(numbered)
    starts_us = rows["ts_start"][calls[0]]
    requests = {
        i: _request(rows, i, starts_us, texts.of(blocks, with_partial=False))
        for i, blocks in zip(calls, numbered, strict=True)
    }

    # calls of a sub-agent stand in an entry of their own, which readers place after a call of its
    # parent; where that is not exported, they stand as calls of the session
    entries: list[str] = []
    of_subs: list[list[int]] = []
    for _, run in groupby(calls, key=rows["agent_uid"].__getitem__):
        of_agent = list(run)
        if entries and rows["parent_agent_uid"][of_agent[0]] != MISSING:
            of_subs.append(of_agent)
            inner = ",".join(requests[i] for i in of_agent)
            entries.append(_sub_agent(rows, of_agent, starts_us, len(of_subs), inner))
        else:
            entries.extend(requests[i] for i in of_agent)

    return (
        f'{{"id":"sess_{rows["session_uid"][calls[0]]:016x}","models":{_models(rows, calls)},'
        f'"block_size":{BLOCK_TOKENS},"hash_id_scope":"local","tool_tokens":0,"system_tokens":0,'
        f'"requests":[{",".join(entries)}],'
        f'"totals":{_totals(rows, calls, of_subs, starts_us - context.starts_us)}}}\n'
    )


def _request(rows: Rows, i: int, starts_us: int, hash_ids: str) -> str:
    """Return the object of a call."""
    start_us, end_us = rows["ts_start"][i], rows["ts_end"][i]
    stream = rows["stream"][i]
    ttft = f',"ttft":{rows["ttft_s"][i]}' if stream else ""

    return (
        f'{{"t":{seconds(start_us - starts_us)},"type":"{"s" if stream else "n"}",'
        f'"model":{json.dumps(rows["model_served"][i])},"in":{rows["input_tokens_total"][i]},'
        f'"out":{rows["output_tokens"][i]},"hash_ids":[{hash_ids}],'
        f'"input_types":["{_INPUT_TYPES[rows["last_role_in"][i]]}"],'
        f'"output_types":{_output_types(rows, i)},"stop":"{rows["finish_reason"][i]}",'
        f'"api_time":{seconds(end_us - start_us)},"think_time":{rows["think_time_s"][i]}{ttft}}}'
    )


def _output_types(rows: Rows, i: int) -> str:
    """Return the kinds of content in an answer."""
    output, reasoning = rows["output_tokens"][i], rows["reasoning_tokens"][i]
    kinds = {
        "thinking": reasoning > 0,
        "text": output > reasoning,
        "tool_use": rows["n_tool_calls_out"][i] > 0,
    }
    return json.dumps([kind for kind, there in kinds.items() if there])


def _sub_agent(rows: Rows, calls: list[int], starts_us: int, number: int, inner: str) -> str:
    """Return the entry of a sub-agent, given its calls and their objects."""
    start_us, end_us = rows["ts_start"][calls[0]], rows["ts_end"][calls[-1]]
    tokens = sum(rows["input_tokens_total"][i] + rows["output_tokens"][i] for i in calls)
    tool_calls = sum(rows["n_tool_calls_out"][i] for i in calls)
    status = "failed" if rows["finish_reason"][calls[-1]] == "tool_use" else "completed"

    return (
        f'{{"t":{seconds(start_us - starts_us)},"type":"subagent","agent_id":"agent_{number:03d}",'
        f'"subagent_type":"general-purpose","duration_ms":{(end_us - start_us) // 1000},'
        f'"total_tokens":{tokens},"tool_use_count":{tool_calls},"status":"{status}",'
        f'"models":{_models(rows, calls)},"tool_tokens":0,"system_tokens":0,"requests":[{inner}]}}'
    )


def _models(rows: Rows, calls: list[int]) -> str:
    """Return the list of the models that answered calls, in the order of their first."""
    return json.dumps(list(dict.fromkeys(rows["model_served"][i] for i in calls)))


def _totals(rows: Rows, calls: list[int], of_subs: list[list[int]], after_us: int) -> str:
    """Return the sums over a session that begins so long after the log opens."""
    of_sub = {i for of_agent in of_subs for i in of_agent}
    parts = {
        "parent_tokens": [i for i in calls if i not in of_sub],
        "subagent_tokens": sorted(of_sub),
        "combined_tokens": calls,
    }
    sums = [
        f'"{name}":{{"input":{sum(rows["input_tokens_total"][i] for i in of)},'
        f'"output":{sum(rows["output_tokens"][i] for i in of)}}}'
        for name, of in parts.items()
    ]
    return f'{{{",".join(sums)},"subagent_count":{len(of_subs)},"starts_at_s":{seconds(after_us)}}}'


FORMAT = Format(
    id="weka",
    title="Sessions of agents with nested sub-agents and blocks of their inputs, one object each",
    readers=("aiperf 0.13", "guidellm 0.8.1"),
    source="https://github.com/callanjfox/agentic-coding-analysis/blob/master/docs/TRACE_FORMAT.md",
    suffix=".jsonl",
    order="session",
    columns=(
        *INPUT_COLUMNS,
        "ts_start",
        "ts_end",
        "ttft_s",
        "model_served",
        "stream",
        "last_role_in",
        "n_tool_calls_out",
        "output_tokens",
        "reasoning_tokens",
        "finish_reason",
        "http_status",
    ),
    truth=(*INPUT_TRUTH, "parent_agent_uid", "think_time_s"),
    records="sessions",
    encode=encode,
    # a call is 10 kB and more
    batch_rows=4_000,
    each_line=".json",
    fields=(
        Field("id", "exact", "session_uid"),
        Field("models[]", "derived", "model_served of its calls, each once"),
        Field("block_size", "derived", "64, which readers take for granted"),
        Field("hash_id_scope", "derived", "always `local`: numbers hold within a session"),
        Field("tool_tokens", "not there", "always 0: the log does not part an input"),
        Field("system_tokens", "not there", "always 0: the log does not part an input"),
        Field("requests[].t", "derived", "ts_start, seconds from the first call of the session"),
        Field("requests[].type", "derived", "stream: `s` or `n`; `subagent` for an entry of one"),
        Field("requests[].model", "exact", "model_served"),
        Field("requests[].in", "exact", "input_tokens_total"),
        Field("requests[].out", "exact", "output_tokens; 0 in a call that only warms the cache"),
        Field(
            "requests[].hash_ids",
            "derived",
            "shares_with, shared_prefix_tokens, input_tokens_total: full blocks, numbered from 1 "
            "in each session; where the earlier call is not exported, the last one of the agent "
            "stands in for it",
        ),
        Field("requests[].input_types", "derived", "last_role_in: `tool_result` or `text`"),
        Field(
            "requests[].output_types",
            "derived",
            "reasoning_tokens, output_tokens, n_tool_calls_out",
        ),
        Field("requests[].stop", "exact", "finish_reason"),
        Field("requests[].api_time", "derived", "ts_end - ts_start; hours in a batch"),
        Field("requests[].ttft", "exact", "ttft_s, of streamed answers alone"),
        Field(
            "requests[].think_time",
            "exact",
            "think_time_s: the pause as drawn; a limit may have held the call up for longer",
        ),
        Field("requests[].agent_id", "derived", "number of the sub-agent in the session"),
        Field("requests[].subagent_type", "not there", "always `general-purpose`"),
        Field("requests[].duration_ms", "derived", "from its first ts_start to its last ts_end"),
        Field("requests[].total_tokens", "derived", "sum of input_tokens_total and output_tokens"),
        Field("requests[].tool_use_count", "derived", "sum of n_tool_calls_out"),
        Field(
            "requests[].status",
            "derived",
            "`failed` where its last answer asks for a tool, else `completed`",
        ),
        Field(
            "totals",
            "derived",
            "sums of tokens; starts_at_s, which no reader asks for, counts from the opening of the "
            "log",
        ),
    ),
)
