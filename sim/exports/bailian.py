"""Requests in chains with the blocks of their inputs, as Alibaba's Bailian published its traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.exports.calls import (
    INPUT_COLUMNS,
    INPUT_TRUTH,
    Rows,
    call_of,
    left_out,
    numbered_sessions,
    numbers_needed,
    rows_of,
    seconds,
)
from sim.exports.format import Context, Encoded, Field, Format

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_TOKENS = 16
ROOT = -1


def encode(table: pa.Table, context: Context) -> Encoded:
    """Return a line of JSON for each answered call that has tokens in its answer."""
    rows = rows_of(table)
    lines, times_us, answered = [], [], 0

    for calls, hash_ids in numbered_sessions(table, rows, BLOCK_TOKENS, context.first_number):
        answered += len(calls)
        chain = _chain(rows, calls)
        for i, ids in zip(calls, hash_ids, strict=True):
            if not rows["output_tokens"][i]:
                continue
            parent, turn = chain[i]
            start_us = rows["ts_start"][i]
            times_us.append(start_us)
            lines.append(
                f'{{"chat_id":{rows["exchange_id"][i]},"parent_chat_id":{parent},'
                f'"timestamp":{seconds(start_us - context.starts_us)},'
                f'"input_length":{rows["input_tokens_total"][i]},'
                f'"output_length":{rows["output_tokens"][i]},"type":"text","turn":{turn},'
                f'"hash_ids":[{ids}]}}\n'.encode()
            )

    out = left_out(failed=table.num_rows - answered, empty=answered - len(lines))
    return Encoded(lines=lines, times_us=times_us, records=len(lines), left_out=out)


def _chain(rows: Rows, calls: list[int]) -> dict[int, tuple[int, int]]:
    """Return the parent and the turn of each line of a session.

    A call goes on from the one whose input its own begins with; over one that has no line of its
    own, a cache warm-up, the chain goes on as if that were not there.
    """
    chain: dict[int, tuple[int, int]] = {}
    # for each call, the line that what comes after it goes on from, and its turn
    reached: dict[int, tuple[int, int]] = {}
    for i in calls:
        parent, turn = reached.get(rows["shares_with"][i], (ROOT, 0))
        chain[i] = parent, turn + 1
        if rows["output_tokens"][i]:
            parent, turn = rows["exchange_id"][i], turn + 1
        reached[call_of(rows, i)] = parent, turn
    return chain


def numbers(table: pa.Table) -> int:
    """Return how many numbers of blocks the rows of a table take at most."""
    return numbers_needed(table, BLOCK_TOKENS)


FORMAT = Format(
    id="bailian",
    title="Requests in chains with lengths and the numbers of the blocks of their inputs",
    readers=("aiperf 0.13",),
    source="https://github.com/alibaba-edu/qwen-bailian-usagetraces-anon",
    suffix=".jsonl",
    order="session",
    lines_by_time=True,
    columns=(*INPUT_COLUMNS, "ts_start", "output_tokens", "http_status"),
    truth=INPUT_TRUTH,
    numbers=numbers,
    # a call is 40 kB and more
    batch_rows=1_000,
    encode=encode,
    fields=(
        Field("chat_id", "exact", "exchange_id"),
        Field(
            "parent_chat_id",
            "derived",
            "shares_with: the line of that call; -1 where it is not exported or there is none",
        ),
        Field(
            "timestamp",
            "derived",
            "ts_start, seconds from the opening of the log: the arrival, in a batch too",
        ),
        Field("input_length", "exact", "input_tokens_total: the whole input, as in the original"),
        Field("output_length", "exact", "output_tokens"),
        Field("type", "not there", "always `text`"),
        Field("turn", "derived", "one more than that of the parent, from 1"),
        Field(
            "hash_ids",
            "derived",
            "shares_with, shared_prefix_tokens, input_tokens_total: blocks of 16 tokens, the last "
            "partly filled; no two sessions share one; where the earlier call is not exported, the "
            "last one of the agent stands in for it",
        ),
    ),
)
