"""Requests as lines of a table with sessions, as the traces BurstGPT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.exports.calls import left_out, rows_of, seconds, served
from sim.exports.format import Context, Encoded, Field, Format
from sim.streams import MISSING

if TYPE_CHECKING:
    import pyarrow as pa


def encode(table: pa.Table, context: Context) -> Encoded:
    """Return a line for each answered call that has tokens in its answer."""
    answered, failed, empty = served(table)
    rows = rows_of(answered)
    lines = []

    for i, conversation in enumerate(rows["conversation_id"]):
        start_us, end_us = rows["ts_start"][i], rows["ts_end"][i]
        request, response = rows["input_tokens_total"][i], rows["output_tokens"][i]
        is_api = conversation == MISSING
        session = "" if is_api else f"conv_{conversation:016x}"
        lines.append(
            f"{seconds(start_us - context.starts_us)},{session},{seconds(end_us - start_us)},"
            f"{rows['model_served'][i]},{request},{response},{request + response},"
            f"{'API' if is_api else 'Conversation'} log\n"
        )

    return Encoded(
        data="".join(lines).encode(),
        records=len(lines),
        left_out=left_out(failed=failed, empty=empty),
    )


FORMAT = Format(
    id="burstgpt",
    title="Requests with their time, model, lengths and conversation, a line each",
    readers=("aiperf 0.13", "guidellm 0.8.1"),
    source="https://github.com/HPMLL/BurstGPT",
    suffix=".csv",
    order="time",
    columns=(
        "ts_start",
        "ts_end",
        "conversation_id",
        "model_served",
        "input_tokens_total",
        "output_tokens",
        "http_status",
    ),
    truth=(),
    encode=encode,
    head=b"Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,"
    b"Log Type\n",
    fields=(
        Field(
            "Timestamp",
            "derived",
            "ts_start, seconds from the opening of the log: the arrival, in a batch too",
        ),
        Field("Session ID", "exact", "conversation_id; empty where the client sends none"),
        Field("Elapsed time", "derived", "ts_end - ts_start, seconds"),
        Field("Model", "exact", "model_served; the original knows ChatGPT and GPT-4 alone"),
        Field("Request tokens", "exact", "input_tokens_total"),
        Field("Response tokens", "exact", "output_tokens"),
        Field("Total tokens", "derived", "their sum"),
        Field(
            "Log Type",
            "derived",
            "`Conversation log` where the client sends a conversation_id, else `API log`",
        ),
    ),
)
