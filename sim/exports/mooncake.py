"""Requests with the blocks of their inputs, as the serving system Mooncake published its traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.exports.calls import (
    INPUT_COLUMNS,
    INPUT_TRUTH,
    left_out,
    numbered_sessions,
    numbers_needed,
    rows_of,
)
from sim.exports.format import Context, Encoded, Field, Format

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_TOKENS = 512


def encode(table: pa.Table, context: Context) -> Encoded:
    """Return a line of JSON for each answered call that has tokens in its answer."""
    rows = rows_of(table)
    lines, times_us, answered = [], [], 0

    for calls, hash_ids in numbered_sessions(table, rows, BLOCK_TOKENS, context.first_number):
        answered += len(calls)
        for i, ids in zip(calls, hash_ids, strict=True):
            if not rows["output_tokens"][i]:
                continue
            start_us = rows["ts_start"][i]
            times_us.append(start_us)
            lines.append(
                f'{{"timestamp":{(start_us - context.starts_us) // 1000},'
                f'"input_length":{rows["input_tokens_total"][i]},'
                f'"output_length":{rows["output_tokens"][i]},"hash_ids":[{ids}],'
                f'"session":"sess_{rows["session_uid"][i]:016x}"}}\n'.encode()
            )

    out = left_out(failed=table.num_rows - answered, empty=answered - len(lines))
    return Encoded(lines=lines, times_us=times_us, records=len(lines), left_out=out)


def numbers(table: pa.Table) -> int:
    """Return how many numbers of blocks the rows of a table take at most."""
    return numbers_needed(table, BLOCK_TOKENS)


FORMAT = Format(
    id="mooncake",
    title="Requests with lengths and the numbers of the blocks of their inputs",
    readers=("aiperf 0.13", "guidellm 0.8.1"),
    source="https://github.com/kvcache-ai/Mooncake/tree/main/FAST25-release",
    suffix=".jsonl",
    order="session",
    lines_by_time=True,
    columns=(*INPUT_COLUMNS, "ts_start", "output_tokens", "http_status"),
    truth=INPUT_TRUTH,
    numbers=numbers,
    batch_rows=10_000,
    encode=encode,
    fields=(
        Field(
            "timestamp",
            "derived",
            "ts_start, whole milliseconds from the opening of the log: the arrival, in a batch too",
        ),
        Field("input_length", "exact", "input_tokens_total"),
        Field("output_length", "exact", "output_tokens"),
        Field(
            "hash_ids",
            "derived",
            "shares_with, shared_prefix_tokens, input_tokens_total: blocks of 512 tokens, the last "
            "partly filled; no two sessions share one; where the earlier call is not exported, the "
            "last one of the agent stands in for it",
        ),
        Field("session", "exact", "session_uid, under a name that no reader acts on"),
        Field(
            "session_id",
            "not there",
            "readers would add the inputs of its lines up, which are whole inputs; see `session`",
        ),
        Field("delay", "not there", "the timestamp says when"),
        Field("text_input", "not there", "no text is simulated"),
        Field("messages", "not there", "no text is simulated"),
        Field("tools", "not there", "no text is simulated"),
        Field("payload", "not there", "no text is simulated"),
        Field("extra", "not there", "no other parameters of requests"),
    ),
)
