"""Rows that encoders of exports get, written by hand: what they do not say is ordinary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from sim.exports.format import Context, Format
from sim.tables.schema import TABLES, arrow_schema

# Monday, 5 January 2026
OPENS_US = 1_767_571_200_000_000
CONTEXT = Context(OPENS_US, first_number=1)

_ORDINARY: dict[str, Any] = {
    "http_status": 200,
    "input_tokens_total": 100,
    "output_tokens": 10,
    "reasoning_tokens": 0,
    "n_tool_calls_out": 0,
    "last_role_in": "user",
    "finish_reason": "end_turn",
    "model_served": "m-1",
    "stream": True,
    "ttft_s": 0.5,
    "conversation_id": 0,
    "session_uid": 1,
    "agent_uid": 7,
    "parent_agent_uid": 0,
    "attempt_of": 0,
    "shares_with": 0,
    "shared_prefix_tokens": 0,
    "think_time_s": 0.0,
}
FAILED: dict[str, Any] = {
    "http_status": 529,
    "input_tokens_total": 0,
    "output_tokens": 0,
    "finish_reason": None,
}


def call(number: int, at_s: float, *, lasts_s: float = 2, **columns: Any) -> dict[str, Any]:
    """A row so many seconds after the log opens; `number` is its identifier."""
    start_us = OPENS_US + round(at_s * 1e6)
    times = {"ts_start": start_us, "ts_end": start_us + round(lasts_s * 1e6)}
    return {**_ORDINARY, "exchange_id": number, **times, **columns}


def table_of(form: Format, rows: Sequence[dict[str, Any]]) -> pa.Table:
    """The rows as the encoder of a format gets them."""
    types = {**TABLES["truth/exchanges"], **TABLES["log/exchanges"]}
    schema = arrow_schema({name: types[name] for name in (*form.columns, *form.truth)})
    return pa.table(
        [pa.array([row[field.name] for row in rows], field.type) for field in schema],
        schema=schema,
    )
