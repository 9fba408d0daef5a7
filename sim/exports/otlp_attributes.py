"""Attributes of spans by the conventions of OpenTelemetry, made of rows of the log.

Their names are written out, because installed packages have the constants of older conventions.
What no convention has a name for begins with `sim.`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sim.exports.format import Field
from sim.exports.json_columns import (
    Pieces,
    Texts,
    answered,
    joined,
    json_texts,
    number_texts,
    total,
    where,
    word_texts,
)

if TYPE_CHECKING:
    import pyarrow as pa

# Columns of the log behind the attributes.
COLUMNS = (
    "exchange_id",
    "ttft_s",
    "org_id",
    "api_key_id",
    "account_id",
    "end_user_hash",
    "conversation_id",
    "platform",
    "model_requested",
    "model_served",
    "stream",
    "temperature",
    "max_tokens",
    "choice_count",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "input_tokens_total",
    "output_tokens",
    "reasoning_tokens",
    "finish_reason",
    "http_status",
    "error_type",
    "resend_count",
    "cost_usd",
    "ip_hash",
    "asn",
    "geo_country",
    "ja4",
    "user_agent",
)

# Names of the conventions for where an account comes from.
_PROVIDERS = {"first_party": "anthropic", "azure": "azure.ai.inference"}


def operation(name: str) -> Pieces:
    """Return the attribute that says what a span does; it is the first of every GenAI span."""
    return _attribute("gen_ai.operation.name", "string", json.dumps(name))


def provider(rows: pa.Table) -> Pieces:
    """Return the attribute that says where rows were sent to."""
    words = word_texts(rows, "platform", lambda word: _PROVIDERS.get(word, word))
    return _attribute("gen_ai.provider.name", "string", words)


def sender(rows: pa.Table) -> list[Pieces]:
    """Return the attributes that say who sends rows."""
    return [
        _string(rows, "user.id", "account_id"),
        _string(rows, "enduser.pseudo.id", "end_user_hash"),
        _string(rows, "gen_ai.conversation.id", "conversation_id"),
        _string(rows, "sim.organization.id", "org_id"),
    ]


def session(rows: pa.Table) -> Pieces:
    """Return the attribute that names the session of rows."""
    return _string(rows, "session.id", "session_uid")


def turn(rows: pa.Table) -> Pieces:
    """Return the attribute that numbers the task of rows in its session."""
    return _int("sim.turn", json_texts(rows, "turn"))


def failure(errors: pa.Array) -> Pieces:
    """Return the attribute that says how spans failed, of quoted texts."""
    return _attribute("error.type", "string", errors)


def request_and_answer(rows: pa.Table) -> list[Pieces]:
    """Return the attributes of inference: what rows ask for, and what the answer took."""
    ok = answered(rows)
    streamed = rows.column("stream").to_numpy()
    choices = rows.column("choice_count").to_numpy()
    written = total(rows, "cache_write_5m_tokens", "cache_write_1h_tokens")
    count = {
        "input": json_texts(rows, "input_tokens_total"),
        "cache_read.input": json_texts(rows, "cache_read_tokens"),
        "cache_write.input": number_texts(written),
        "output": json_texts(rows, "output_tokens"),
        "reasoning.output": json_texts(rows, "reasoning_tokens"),
    }
    reasons = joined('{"values":[{"stringValue":', json_texts(rows, "finish_reason"), "}]}")

    return [
        _string(rows, "gen_ai.request.model", "model_requested"),
        _int("gen_ai.request.max_tokens", json_texts(rows, "max_tokens")),
        _attribute("gen_ai.request.temperature", "double", json_texts(rows, "temperature")),
        _attribute("gen_ai.request.stream", "bool", where(streamed, "true")),
        _int("gen_ai.request.choice.count", where(choices != 1, json_texts(rows, "choice_count"))),
        _attribute("gen_ai.response.id", "string", where(ok, json_texts(rows, "exchange_id"))),
        _attribute("gen_ai.response.model", "string", where(ok, json_texts(rows, "model_served"))),
        _attribute("gen_ai.response.finish_reasons", "array", reasons),
        _attribute(
            "gen_ai.response.time_to_first_chunk",
            "double",
            where(streamed, json_texts(rows, "ttft_s")),
        ),
        *(_int(f"gen_ai.usage.{kind}_tokens", where(ok, texts)) for kind, texts in count.items()),
        _attribute("sim.cost_usd", "double", where(ok, json_texts(rows, "cost_usd"))),
    ]


def http(rows: pa.Table) -> list[Pieces]:
    """Return the attributes of attempts by HTTP, and where they come from."""
    retries = rows.column("resend_count").to_numpy()
    return [
        _attribute("http.request.method", "string", '"POST"'),
        _int("http.response.status_code", json_texts(rows, "http_status")),
        _int("http.request.resend_count", where(retries > 0, json_texts(rows, "resend_count"))),
        _string(rows, "user_agent.original", "user_agent"),
        _string(rows, "geo.country.iso_code", "geo_country"),
        _string(rows, "sim.api_key.id", "api_key_id"),
        _string(rows, "sim.ip_hash", "ip_hash"),
        _int("sim.asn", json_texts(rows, "asn")),
        _string(rows, "sim.ja4", "ja4"),
    ]


def _string(rows: pa.Table, key: str, column: str) -> Pieces:
    return _attribute(key, "string", json_texts(rows, column))


def _int(key: str, texts: pa.Array) -> Pieces:
    """Return an attribute of 64 bits, which OTLP has in quotes."""
    return _attribute(key, "int", joined('"', texts, '"'))


def _attribute(key: str, kind: str, value: Texts) -> Pieces:
    return (f'{{"key":{json.dumps(key)},"value":{{"{kind}Value":', value, "}}")


FIELDS = (
    Field("gen_ai.operation.name", "derived", "`invoke_workflow`, `invoke_agent` or `chat`"),
    Field("gen_ai.provider.name", "derived", "platform, under the names of the conventions"),
    Field("user.id", "exact", "account_id"),
    Field("enduser.pseudo.id", "exact", "end_user_hash; missing where the client sends none"),
    Field(
        "gen_ai.conversation.id", "exact", "conversation_id; missing where the client sends none"
    ),
    Field("gen_ai.request.model", "exact", "model_requested"),
    Field("gen_ai.request.max_tokens", "exact", "max_tokens"),
    Field("gen_ai.request.temperature", "exact", "temperature"),
    Field("gen_ai.request.stream", "exact", "stream; missing where it is false"),
    Field("gen_ai.request.choice.count", "exact", "choice_count; missing where it is 1"),
    Field("gen_ai.response.id", "exact", "exchange_id"),
    Field("gen_ai.response.model", "exact", "model_served"),
    Field("gen_ai.response.finish_reasons[]", "exact", "finish_reason, once for all choices"),
    Field("gen_ai.response.time_to_first_chunk", "exact", "ttft_s, of streamed answers"),
    Field(
        "gen_ai.usage.input_tokens", "exact", "input_tokens_total: what the cache holds is within"
    ),
    Field("gen_ai.usage.cache_read.input_tokens", "exact", "cache_read_tokens"),
    Field(
        "gen_ai.usage.cache_write.input_tokens",
        "derived",
        "cache_write_5m_tokens + cache_write_1h_tokens",
    ),
    Field("gen_ai.usage.output_tokens", "exact", "output_tokens"),
    Field("gen_ai.usage.reasoning.output_tokens", "exact", "reasoning_tokens"),
    Field("error.type", "exact", "error_type"),
    Field("http.request.method", "derived", "always `POST`"),
    Field("http.response.status_code", "exact", "http_status"),
    Field("http.request.resend_count", "exact", "resend_count; missing where it is 0"),
    Field("user_agent.original", "exact", "user_agent"),
    Field("geo.country.iso_code", "exact", "geo_country"),
    Field("sim.organization.id", "exact", "org_id"),
    Field("sim.api_key.id", "exact", "api_key_id"),
    Field("sim.ip_hash", "exact", "ip_hash"),
    Field("sim.asn", "exact", "asn"),
    Field("sim.ja4", "exact", "ja4"),
    Field("sim.cost_usd", "exact", "cost_usd"),
    Field("client.address, server.address, url.full", "not there", "nothing was called"),
    Field("gen_ai.agent.name, gen_ai.agent.id", "not there", "agents have no names"),
    Field("gen_ai.tool.*, execute_tool", "not there", "tools run at the client, unseen"),
    Field(
        "gen_ai.input.messages, gen_ai.output.messages, gen_ai.system_instructions",
        "not there",
        "the simulation has no content",
    ),
    Field(
        "gen_ai.request.top_p, top_k, seed, stop_sequences, frequency_penalty, presence_penalty",
        "not there",
        "the log has none",
    ),
    Field("client_request_group", "not there", "the conventions forbid keys of idempotency"),
)
