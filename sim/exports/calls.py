"""The rows of a table as Python values, session by session, for formats of lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from sim.arrays.time import SECOND_US
from sim.exports.blocks import Input, NumberTexts, number_blocks
from sim.streams import MISSING
from sim.tables.conventions import OK

if TYPE_CHECKING:
    import pyarrow as pa

# What `Input` needs, of the log and of the truth.
INPUT_COLUMNS = ("exchange_id", "input_tokens_total")
INPUT_TRUTH = ("session_uid", "agent_uid", "attempt_of", "shares_with", "shared_prefix_tokens")

# Why a row is in no record.
FAILED = "failed attempts"
EMPTY = "answers without tokens"


Rows: TypeAlias = dict[str, list[Any]]


def rows_of(table: pa.Table) -> Rows:
    """Return the columns of a table as lists: times in microseconds, single precision as text."""
    import pyarrow as pa

    rows: Rows = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        elif pa.types.is_float32(column.type):
            # the shortest text that reads back as the same number
            column = column.cast(pa.string())
        rows[name] = column.to_pylist()
    return rows


def sessions(rows: Rows) -> Iterator[range]:
    """Give the rows of each session, which stand together."""
    uids = rows["session_uid"]
    start = 0
    for i in range(1, len(uids) + 1):
        if i == len(uids) or uids[i] != uids[start]:
            yield range(start, i)
            start = i


def answered(rows: Rows, of: Iterable[int]) -> list[int]:
    """Return which of some rows were answered."""
    status = rows["http_status"]
    return [i for i in of if status[i] == OK]


def inputs(rows: Rows, of: Iterable[int]) -> list[Input]:
    """Return the inputs of answered rows."""
    return [
        Input(
            call_of(rows, i),
            rows["agent_uid"][i],
            rows["shares_with"][i],
            rows["shared_prefix_tokens"][i],
            rows["input_tokens_total"][i],
        )
        for i in of
    ]


def call_of(rows: Rows, i: int) -> int:
    """Return the call that a row is an attempt at: the identifier of its first attempt."""
    first = rows["attempt_of"][i]
    return int(rows["exchange_id"][i] if first == MISSING else first)


def served(table: pa.Table) -> tuple[pa.Table, int, int]:
    """Return the answered rows with tokens in the answer, and how many failed or were empty."""
    import pyarrow.compute as pc

    answered = table.filter(pc.equal(table.column("http_status"), OK))
    with_tokens = answered.filter(pc.greater(answered.column("output_tokens"), 0))
    failed = table.num_rows - answered.num_rows
    return with_tokens, failed, answered.num_rows - with_tokens.num_rows


def left_out(**counts: int) -> dict[str, int]:
    """Return the counts that are not 0, by the reasons that `FAILED` and `EMPTY` name."""
    reasons = {"failed": FAILED, "empty": EMPTY}
    return {reasons[name]: count for name, count in counts.items() if count}


def seconds(microseconds: int) -> str:
    """Return a time as a decimal number of seconds, to the microsecond."""
    return f"{microseconds // SECOND_US}.{microseconds % SECOND_US:06d}"


def numbers_needed(table: pa.Table, block_tokens: int) -> int:
    """Return how many numbers the blocks of the answered rows of a table take at most."""
    full, partial = _blocks_at_most(table, block_tokens)
    return full + partial


def numbered_sessions(
    table: pa.Table, rows: Rows, block_tokens: int, first_number: int
) -> Iterator[tuple[list[int], list[str]]]:
    """Give the answered calls of each session with the numbers of their blocks as text.

    Numbers are counted on from session to session, so that no two have the same; those of full
    blocks come first, so that the numbers of an input mostly follow one another.

    Parameters
    ----------
    table, rows
        The same rows, as a table and as lists.
    block_tokens
        Tokens of a full block.
    first_number
        The first number that is free.
    """
    full, _ = _blocks_at_most(table, block_tokens)
    next_full, next_partial = first_number, first_number + full

    for of_session in sessions(rows):
        calls = answered(rows, of_session)
        numbered = number_blocks(inputs(rows, calls), block_tokens, next_full, next_partial)
        texts = NumberTexts(numbered)
        yield calls, [texts.of(blocks) for blocks in numbered]

        next_full = max((run.stop for one in numbered for run in one.full), default=next_full)
        next_partial += len(calls)


def _blocks_at_most(table: pa.Table, block_tokens: int) -> tuple[int, int]:
    """Return how many full blocks and partly filled ones answered rows have, shared or not."""
    import numpy as np

    tokens = table.column("input_tokens_total").to_numpy().astype(np.int64)
    tokens = tokens[table.column("http_status").to_numpy() == OK]
    return int((tokens // block_tokens).sum()), len(tokens)
