"""Events of OCSF of the class API Activity (6003) with `ai_operation`, one for each attempt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from sim._version import __version__
from sim.exports.format import Context, Encoded, Field, Format
from sim.exports.json_columns import (
    answered,
    as_lines,
    json_texts,
    member,
    microseconds,
    number_texts,
    objects,
    or_else,
    total,
    where,
    word_texts,
)

if TYPE_CHECKING:
    import pyarrow as pa

_Texts: TypeAlias = "dict[str, pa.Array]"

_VERSION = "1.8.0"
# What all events say of themselves: an inference is none of create, read, update and delete.
_CLASS = (
    '"class_uid":6003,"class_name":"API Activity",'
    '"category_uid":6,"category_name":"Application Activity",'
    '"activity_id":99,"activity_name":"Inference","type_uid":600399,'
    '"severity_id":1,"severity":"Informational","timezone_offset":0'
)
_METADATA = (
    f'"version":"{_VERSION}","product":{{"name":"sim","version":{json.dumps(__version__)}}},'
    '"profiles":["ai_operation"]'
)
_PROVIDERS = {"first_party": "anthropic"}

# Columns that the class has no attribute for.
_UNMAPPED = (
    "model_requested",
    "finish_reason",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
    "resend_count",
    "cost_usd",
    "end_user_hash",
    "ja4",
)

_COLUMNS = (
    "exchange_id",
    "ts_start",
    "ts_end",
    "org_id",
    "api_key_id",
    "account_id",
    "conversation_id",
    "client_request_group",
    "platform",
    "model_served",
    "input_tokens_total",
    "output_tokens",
    "http_status",
    "error_type",
    "ip_hash",
    "ip24_hash",
    "asn",
    "geo_country",
    "user_agent",
    *_UNMAPPED,
)


def encode(rows: pa.Table, _context: Context) -> Encoded:
    """Return rows of the log as events, a line of JSON each.

    Parameters
    ----------
    rows
        Rows with the columns of `FORMAT`.
    _context
        Is not needed.
    """
    of = {name: json_texts(rows, name) for name in _COLUMNS}
    of["provider"] = word_texts(rows, "platform", lambda word: _PROVIDERS.get(word, word))
    of["total"] = number_texts(total(rows, "input_tokens_total", "output_tokens"))
    started, ended = microseconds(rows, "ts_start"), microseconds(rows, "ts_end")
    of["time"], of["latency"] = (
        number_texts(started // 1000),
        number_texts((ended - started) // 1000),
    )
    ok = answered(rows)

    events = objects(
        (_CLASS,),
        member("time", of["time"]),
        ('"status_id":', or_else(where(ok, "1"), "2")),
        ('"status":', or_else(where(ok, '"Success"'), '"Failure"')),
        ('"status_code":"', of["http_status"], '"'),
        member("status_detail", of["error_type"]),
        member("metadata", _metadata(of)),
        ('"actor":', _actor(of)),
        member("api", _api(of)),
        member("src_endpoint", _source(of)),
        ('"http_request":{"http_method":"POST","user_agent":', of["user_agent"], "}"),
        ('"http_response":{"code":', of["http_status"], ',"latency":', of["latency"], "}"),
        ('"ai_model":{"ai_provider":', of["provider"], ',"name":', of["model_served"], "}"),
        member("message_context", _message(of)),
        member("unmapped", objects(*(member(name, of[name]) for name in _UNMAPPED))),
    )
    lines = as_lines(events)
    return Encoded(b"".join(lines), records=len(lines))


def _metadata(of: _Texts) -> pa.Array:
    """Return what the event says of itself."""
    return objects(
        (_METADATA,),
        member("uid", of["exchange_id"]),
        member("correlation_uid", of["client_request_group"]),
    )


def _actor(of: _Texts) -> pa.Array:
    """Return who sends: an account of an organisation with a credential, in a conversation."""
    user = objects(
        member("uid", of["account_id"]),
        ('"org":{"uid":', of["org_id"], "}"),
        ('"programmatic_credentials":[{"type":"API key","uid":', of["api_key_id"], "}]"),
    )
    return objects(member("user", user), ('"session":{"uid":', of["conversation_id"], "}"))


def _api(of: _Texts) -> pa.Array:
    """Return what was called, and what came back."""
    answer = objects(member("code", of["http_status"]), member("error", of["error_type"]))
    return objects(
        ('"operation":"chat"',),
        ('"service":{"name":', of["provider"], "}"),
        ('"request":{"uid":', of["exchange_id"], "}"),
        member("response", answer),
    )


def _source(of: _Texts) -> pa.Array:
    """Return where the request came from: a network, or a cloud platform that has it hidden."""
    return objects(
        member("svc_name", of["platform"]),
        member("uid", of["ip_hash"]),
        member("subnet_uid", of["ip24_hash"]),
        ('"autonomous_system":{"number":', of["asn"], "}"),
        ('"location":{"country":', of["geo_country"], "}"),
    )


def _message(of: _Texts) -> pa.Array:
    """Return the tokens of the request and of the answer."""
    return objects(
        ('"ai_role_id":2,"ai_role":"Assistant"',),
        ('"service":{"name":', of["provider"], "}"),
        member("uid", of["conversation_id"]),
        member("prompt_tokens", of["input_tokens_total"]),
        member("completion_tokens", of["output_tokens"]),
        member("total_tokens", of["total"]),
    )


FIELDS = (
    Field("class_uid, category_uid, type_uid", "derived", "always 6003, 6 and 600399"),
    Field("activity_id, activity_name", "derived", "always 99 and `Inference`"),
    Field("severity_id, severity", "derived", "always 1 and `Informational`"),
    Field("time", "derived", "ts_start in milliseconds; timezone_offset is 0"),
    Field(
        "status_id, status", "derived", "1 and `Success` if http_status is 200, else 2, `Failure`"
    ),
    Field("status_code", "exact", "http_status, as text"),
    Field("status_detail", "exact", "error_type; missing if it was answered"),
    Field(
        "metadata.version, product, profiles", "derived", f"always {_VERSION}, sim, ai_operation"
    ),
    Field("metadata.uid, api.request.uid", "exact", "exchange_id"),
    Field("metadata.correlation_uid", "exact", "client_request_group, where the client sends one"),
    Field("actor.user.uid", "exact", "account_id"),
    Field("actor.user.org.uid", "exact", "org_id"),
    Field("actor.user.programmatic_credentials[].uid", "exact", "api_key_id"),
    Field(
        "actor.session.uid, message_context.uid",
        "exact",
        "conversation_id, where the client sends one",
    ),
    Field("api.operation", "derived", "always `chat`"),
    Field("api.service.name, message_context.service.name", "derived", "platform"),
    Field("api.response.code, http_response.code", "exact", "http_status"),
    Field("api.response.error", "exact", "error_type; missing if it was answered"),
    Field("src_endpoint.svc_name", "exact", "platform"),
    Field("src_endpoint.uid", "exact", "ip_hash; this and the next three not of cloud platforms"),
    Field("src_endpoint.subnet_uid", "exact", "ip24_hash"),
    Field("src_endpoint.autonomous_system.number", "exact", "asn"),
    Field("src_endpoint.location.country", "exact", "geo_country"),
    Field("http_request.http_method", "derived", "always `POST`"),
    Field("http_request.user_agent", "exact", "user_agent"),
    Field("http_response.latency", "derived", "ts_end - ts_start in milliseconds"),
    Field("ai_model.ai_provider", "derived", "platform, `anthropic` for `first_party`"),
    Field("ai_model.name", "exact", "model_served"),
    Field("message_context.prompt_tokens", "exact", "input_tokens_total"),
    Field("message_context.completion_tokens", "exact", "output_tokens"),
    Field("message_context.total_tokens", "derived", "input_tokens_total + output_tokens"),
    Field("message_context.ai_role_id, ai_role", "derived", "always 2 and `Assistant`"),
    Field("unmapped", "exact", ", ".join(_UNMAPPED)),
    Field("src_endpoint.ip", "not there", "the log has hashes of addresses"),
    Field("dst_endpoint, http_request.url", "not there", "nothing was called"),
    Field("ai_agent", "not there", f"came after {_VERSION}; which agent calls is in the truth"),
    Field("ja4_fingerprint_list", "not there", "not of this class; ja4 is under unmapped"),
    Field("observables, message, raw_data", "not there", "the simulation has no content"),
    Field("start_time, end_time, duration, count", "not there", "of events that sum up others"),
)

FORMAT = Format(
    id="ocsf",
    title=f"Events of OCSF {_VERSION}: API Activity (6003) with ai_operation, one an attempt",
    readers=(f"OCSF schema {_VERSION}",),
    source=f"https://schema.ocsf.io/{_VERSION}/classes/api_activity?profiles=ai_operation",
    suffix=".jsonl",
    order="time",
    columns=_COLUMNS,
    truth=(),
    fields=FIELDS,
    encode=encode,
    records="events",
)
