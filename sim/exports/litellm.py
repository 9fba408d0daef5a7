"""Rows of the table LiteLLM_SpendLogs of a LiteLLM proxy, one for each attempt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sim.arrays.types import Bools, Ints
from sim.exports.format import Context, Encoded, Field, Format
from sim.exports.json_columns import (
    Texts,
    answered,
    as_lines,
    in_a_string,
    joined,
    json_texts,
    member,
    microseconds,
    moment_texts,
    number_texts,
    objects,
    or_else,
    total,
    where,
    word_texts,
)

if TYPE_CHECKING:
    import pyarrow as pa

# Names that LiteLLM has for where an account comes from.
_PROVIDERS = {
    "first_party": "anthropic",
    "aws.bedrock": "bedrock",
    "gcp.vertex_ai": "vertex_ai",
    "azure": "azure_ai",
}

COLUMNS = (
    "exchange_id",
    "ts_start",
    "ts_end",
    "ttft_s",
    "org_id",
    "api_key_id",
    "workspace_id",
    "account_id",
    "end_user_hash",
    "conversation_id",
    "client_request_group",
    "platform",
    "model_requested",
    "model_served",
    "stream",
    "input_tokens_uncached",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "input_tokens_total",
    "output_tokens",
    "reasoning_tokens",
    "http_status",
    "error_type",
    "resend_count",
    "cost_usd",
    "user_agent",
)

# Columns of the table that nothing in the log stands behind, with the value that the proxy writes.
_EMPTY = {
    "model_id": '""',
    "api_base": '""',
    "cache_hit": '"False"',
    "cache_key": '"Cache OFF"',
    "request_tags": '"[]"',
    "requester_ip_address": "null",
    "messages": "{}",
    "response": "{}",
    "mcp_namespaced_tool_name": "null",
    "billing_agent_id": "null",
    "agent_id": "null",
    "proxy_server_request": '"{}"',
}


def encode(rows: pa.Table, _context: Context) -> Encoded:
    """Return rows of the log as rows of the spend log, a line of JSON each.

    Parameters
    ----------
    rows
        Rows with the columns of `FORMAT`.
    _context
        Is not needed.
    """
    of = {name: json_texts(rows, name) for name in COLUMNS}
    ok = answered(rows)
    started, ended = microseconds(rows, "ts_start"), microseconds(rows, "ts_end")

    values: dict[str, Texts] = {
        "request_id": of["exchange_id"],
        "call_type": '"acompletion"',
        "api_key": of["api_key_id"],
        "spend": of["cost_usd"],
        "total_tokens": number_texts(total(rows, "input_tokens_total", "output_tokens")),
        "prompt_tokens": of["input_tokens_total"],
        "completion_tokens": of["output_tokens"],
        "startTime": moment_texts(started),
        "endTime": moment_texts(ended),
        "request_duration_ms": number_texts((ended - started) // 1000),
        "completionStartTime": _first_token(rows, started, ended, ok),
        "model": of["model_served"],
        "model_group": of["model_requested"],
        "custom_llm_provider": _provider(rows),
        "user": of["account_id"],
        "metadata": in_a_string(_metadata(rows, of, ok)),
        "team_id": of["workspace_id"],
        "organization_id": of["org_id"],
        "end_user": or_else(of["end_user_hash"], '""'),
        "session_id": or_else(of["conversation_id"], "null"),
        "status": or_else(where(ok, '"success"'), '"failure"'),
        "litellm_call_id": or_else(of["client_request_group"], "null"),
    }
    lines = as_lines(objects(*(member(k, v) for k, v in (values | _EMPTY).items())))
    return Encoded(b"".join(lines), records=len(lines))


def _provider(rows: pa.Table) -> pa.Array:
    """Return where rows were sent to, as LiteLLM calls it."""
    return word_texts(rows, "platform", lambda word: _PROVIDERS.get(word, word))


def _first_token(rows: pa.Table, started: Ints, ended: Ints, ok: Bools) -> pa.Array:
    """Return when the answer began: of one that was not streamed when it was complete."""
    wait_s = rows.column("ttft_s").fill_null(0).to_numpy().astype(np.float64)
    streamed = rows.column("stream").to_numpy()
    began = np.where(streamed, started + np.rint(wait_s * 1e6).astype(np.int64), ended)
    return or_else(where(ok, moment_texts(np.minimum(began, ended))), "null")


def _metadata(rows: pa.Table, of: Mapping[str, pa.Array], ok: Bools) -> pa.Array:
    """Return what the proxy keeps in `metadata`: the detail of tokens, or of the error."""
    written = number_texts(total(rows, "cache_write_5m_tokens", "cache_write_1h_tokens"))
    usage = objects(
        member("cache_read_input_tokens", of["cache_read_tokens"]),
        member("cache_creation_input_tokens", written),
        member(
            "completion_tokens_details", objects(member("reasoning_tokens", of["reasoning_tokens"]))
        ),
    )
    error = objects(
        member("error_code", joined('"', of["http_status"], '"')),
        member("error_class", of["error_type"]),
        member("llm_provider", _provider(rows)),
    )

    return objects(
        member("status", or_else(where(ok, '"success"'), '"failure"')),
        member("user_api_key", of["api_key_id"]),
        member("user_api_key_user_id", of["account_id"]),
        member("user_api_key_team_id", of["workspace_id"]),
        member("user_api_key_org_id", of["org_id"]),
        member("user_agent", of["user_agent"]),
        member("attempted_retries", of["resend_count"]),
        member("additional_usage_values", where(ok, usage)),
        member("error_information", where(~ok, error)),
    )


FIELDS = (
    Field("request_id", "exact", "exchange_id"),
    Field("call_type", "derived", "always `acompletion`"),
    Field("api_key", "exact", "api_key_id, which stands for the hash of a key"),
    Field("spend", "exact", "cost_usd"),
    Field("total_tokens", "derived", "input_tokens_total + output_tokens"),
    Field("prompt_tokens", "exact", "input_tokens_total: what the cache holds is within"),
    Field("completion_tokens", "exact", "output_tokens"),
    Field("startTime", "exact", "ts_start"),
    Field("endTime", "exact", "ts_end"),
    Field("request_duration_ms", "derived", "ts_end - ts_start"),
    Field(
        "completionStartTime",
        "derived",
        "ts_start + ttft_s; ts_end of an answer that was not streamed; null if the attempt failed",
    ),
    Field("model", "exact", "model_served"),
    Field("model_group", "exact", "model_requested"),
    Field("custom_llm_provider", "derived", "platform, under the names that LiteLLM has"),
    Field("user", "exact", "account_id"),
    Field("team_id", "exact", "workspace_id"),
    Field("organization_id", "exact", "org_id"),
    Field("end_user", "exact", "end_user_hash; empty where the client sends none"),
    Field("session_id", "exact", "conversation_id; null where the client sends none"),
    Field("status", "derived", "`success` if http_status is 200, else `failure`"),
    Field(
        "litellm_call_id",
        "derived",
        "client_request_group: one for all attempts of a call; null where the client sends none",
    ),
    Field(
        "metadata",
        "derived",
        "JSON as text: cache_read_tokens, the sum of both kinds of cache_write tokens, "
        "reasoning_tokens, http_status, error_type, resend_count, user_agent, identifiers again",
    ),
    Field("model_id, api_base, agent_id, billing_agent_id", "not there", "no proxy routed it"),
    Field("cache_hit, cache_key", "not there", "answers come from no cache of a proxy"),
    Field("request_tags, mcp_namespaced_tool_name", "not there", "the log has none"),
    Field("requester_ip_address", "not there", "the log has hashes of addresses"),
    Field("messages, response, proxy_server_request", "not there", "the log has no content"),
    Field("created_at, updated_at", "not there", "the database sets them"),
)

FORMAT = Format(
    id="litellm",
    title="Spend log of a LiteLLM proxy: a row of LiteLLM_SpendLogs for each attempt",
    readers=("LiteLLM 1.110",),
    source="https://github.com/BerriAI/litellm/blob/main/schema.prisma",
    suffix=".jsonl",
    order="time",
    columns=COLUMNS,
    truth=(),
    fields=FIELDS,
    encode=encode,
    records="rows",
)
