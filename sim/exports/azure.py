"""Requests as lines of a table, as Azure published its traces of 2023 and 2024."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.arrays.time import SECOND_US
from sim.exports.calls import left_out, served
from sim.exports.format import Context, Encoded, Field, Format

if TYPE_CHECKING:
    import pyarrow as pa


def encode(table: pa.Table, _: Context) -> Encoded:
    """Return a line for each answered call that has tokens in its answer."""
    rows, failed, empty = served(table)
    seconds = rows.column("ts_start").cast("timestamp[s]", safe=False).cast("string").to_pylist()
    columns = zip(
        seconds,
        rows.column("ts_start").cast("int64").to_pylist(),
        rows.column("input_tokens_total").to_pylist(),
        rows.column("output_tokens").to_pylist(),
        strict=True,
    )

    # the seventh digit, which the original has, counts tenths of a microsecond
    lines = [
        f"{second}.{start_us % SECOND_US:06d}0,{context_tokens},{generated}\n"
        for second, start_us, context_tokens, generated in columns
    ]

    return Encoded(
        data="".join(lines).encode(),
        records=len(lines),
        left_out=left_out(failed=failed, empty=empty),
    )


FORMAT = Format(
    id="azure",
    title="Requests with their time and lengths, a line each",
    readers=("readers of the Azure LLM inference traces of 2023 and 2024",),
    source="https://github.com/Azure/AzurePublicDataset",
    suffix=".csv",
    order="time",
    columns=("ts_start", "input_tokens_total", "output_tokens", "http_status"),
    truth=(),
    encode=encode,
    head=b"TIMESTAMP,ContextTokens,GeneratedTokens\n",
    fields=(
        Field("TIMESTAMP", "exact", "ts_start, UTC: the arrival, in a batch too"),
        Field("ContextTokens", "exact", "input_tokens_total"),
        Field("GeneratedTokens", "exact", "output_tokens"),
    ),
)
