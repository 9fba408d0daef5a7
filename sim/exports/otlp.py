"""Spans of OpenTelemetry by the conventions for generative AI, as OTLP in lines of JSON.

A session is a trace: a span of the session, in it one for each task, in that one for its sub-agent
and one for each call, and in a call one for each attempt. A line is a request to export spans, as
the file exporter of the OpenTelemetry Collector writes it and its receiver of files reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim._version import __version__
from sim.arrays.types import Array, Ints
from sim.exports import otlp_attributes as attributes
from sim.exports.format import Context, Encoded, Field, Format
from sim.exports.json_columns import (
    Pieces,
    Texts,
    as_lines,
    hex_digits,
    joined,
    json_texts,
    lists,
    member,
    microseconds,
    number_texts,
    objects,
    where,
    word_texts,
)

if TYPE_CHECKING:
    import pyarrow as pa

# The receiver takes lines of 1 MiB; a span has at most some 3 KB.
_SPANS_A_LINE = 200
_HEAD = (
    '{"resourceSpans":[{"resource":{"attributes":['
    '{"key":"service.name","value":{"stringValue":"sim"}}]},'
    f'"scopeSpans":[{{"scope":{{"name":"sim.exports","version":{json.dumps(__version__)}}},'
    '"spans":['
)
_TAIL = "]}]}]}"
# An identifier has 63 bits: a call has the 64th beside the identifier of its first attempt.
_CALL_BIT = np.uint64(1 << 63)
# Spreads an identifier over the first half of the number of a trace; any odd number does.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)

ATTEMPT_COLUMNS = ("ts_start", "ts_end", "client_request_group", *attributes.COLUMNS)
_COLUMNS = ("ts_start", "ts_end", *attributes.COLUMNS)
_TRUTH = ("task_uid", "attempt_of", "session_uid", "turn", "agent_uid", "parent_agent_uid")


class _Spans(NamedTuple):
    """Where spans lie, shape (spans,): their identifiers, and that of the span around each.

    No span has the identifier 0; it stands for no span around.
    """

    traces: Array
    ids: Array
    parents: Array
    starts_us: Ints
    ends_us: Ints


class _Said(NamedTuple):
    """What spans say: name, kind by its number in OTLP, attributes, and how they failed.

    The errors are quoted texts, null where there was none; spans without errors cannot fail.
    """

    name: Texts
    kind: int
    attributes: Sequence[Pieces]
    errors: pa.Array | None = None


def attempt_lines(rows: pa.Table) -> list[bytes]:
    """Return a line for each row of the log, in their order: the span of an attempt alone.

    It has the attributes of the call and of the attempt. Attempts are in one trace if they bear
    the same conversation or, where the client sends none, the same group of one call.

    Parameters
    ----------
    rows
        Rows with the columns `ATTEMPT_COLUMNS`.

    Returns
    -------
    list of bytes
        One request to export a span each, with its line feed.
    """
    ids, conversations, groups = (
        rows.column(name).to_numpy()
        for name in ("exchange_id", "conversation_id", "client_request_group")
    )
    traces = np.where(conversations != 0, conversations, np.where(groups != 0, groups, ids))
    spans = _Spans(
        traces,
        ids,
        np.zeros_like(ids),
        microseconds(rows, "ts_start"),
        microseconds(rows, "ts_end"),
    )

    call, attempt = _call(rows), attributes.http(rows)
    said = call._replace(attributes=[*call.attributes, *attempt])
    return as_lines(joined(_HEAD, _span_texts(spans, said), _TAIL))


def encode_attempts(rows: pa.Table, _context: Context) -> Encoded:
    """Return rows of the log as `attempt_lines` has them."""
    lines = attempt_lines(rows)
    return Encoded(b"".join(lines), records=len(lines))


def encode(rows: pa.Table, _context: Context) -> Encoded:
    """Return whole sessions as spans: at most 200 in a line, and no two sessions in one.

    Parameters
    ----------
    rows
        Rows with the columns of `FORMAT`; those of a session stand together, by time of arrival.
    _context
        Is not needed.
    """
    of = {name: rows.column(name).to_numpy() for name in ("exchange_id", *_TRUTH)}
    sessions, tasks, attempts = of["session_uid"], of["task_uid"], of["exchange_id"]
    in_sub_agent = of["parent_agent_uid"] != 0
    agents = np.where(in_sub_agent, of["agent_uid"], tasks)
    first_attempts = np.where(of["attempt_of"] != 0, of["attempt_of"], attempts)
    calls = first_attempts.astype(np.uint64) | _CALL_BIT

    everything = np.arange(len(attempts))
    levels = [
        _level(rows, everything, np.zeros_like(sessions), sessions, _session),
        _level(rows, everything, sessions, tasks, _task),
        _level(rows, np.flatnonzero(in_sub_agent), tasks, agents, _sub_agent),
        _level(rows, everything, agents, calls, _call),
        _level(rows, everything, calls, attempts, _attempt),
    ]
    lines = [f"{_HEAD}{','.join(spans)}{_TAIL}\n" for spans in _in_lines(levels, sessions)]
    return Encoded("".join(lines).encode(), records=sum(len(level.first) for level in levels))


class _Level(NamedTuple):
    """The spans of one kind: their texts, and the first row of each, shape (spans,)."""

    texts: list[str]
    first: Ints


def _level(rows: pa.Table, which: Ints, parents: Array, ids: Array, said: Any) -> _Level:
    """Return a span for each identifier, from its first row to the end of the last one to end.

    Parameters
    ----------
    rows
        The rows, in the order of `encode`.
    which
        Numbers of the rows that have such a span.
    parents, ids
        The span around that of each row, and its own, shape (rows,).
    said
        Gives of rows what their spans say; it is asked for the last row of each span.
    """
    own, first, group = np.unique(ids[which], return_index=True, return_inverse=True)
    first, last = which[first], np.zeros(len(own), np.int64)
    np.maximum.at(last, group, which)
    ends = np.zeros(len(own), np.int64)
    np.maximum.at(ends, group, microseconds(rows, "ts_end")[which])

    traces = rows.column("session_uid").to_numpy()[first]
    starts = microseconds(rows, "ts_start")[first]
    spans = _Spans(traces, own, parents[first], starts, ends)
    return _Level(_span_texts(spans, said(rows.take(last))).to_pylist(), first)


def _in_lines(levels: Sequence[_Level], sessions: Ints) -> Iterator[list[str]]:
    """Yield the spans of a line: of one session, by their first rows, outer spans first."""
    texts = [text for level in levels for text in level.texts]
    first = np.concatenate([level.first for level in levels])
    depth = np.repeat(np.arange(len(levels)), [len(level.first) for level in levels])
    order = np.lexsort((depth, first))

    changes = np.flatnonzero(np.diff(sessions[first[order]])) + 1
    edges = [0, *changes.tolist(), len(order)]
    ordered = [texts[k] for k in order.tolist()]
    for begins, ends in pairwise(edges):
        for cut in range(begins, ends, _SPANS_A_LINE):
            yield ordered[cut : min(cut + _SPANS_A_LINE, ends)]


def _session(rows: pa.Table) -> _Said:
    return _internal("invoke_workflow", rows, [attributes.session(rows), *attributes.sender(rows)])


def _task(rows: pa.Table) -> _Said:
    return _internal("invoke_agent", rows, [attributes.turn(rows)], _errors(rows))


def _sub_agent(rows: pa.Table) -> _Said:
    return _internal("invoke_agent", rows, [], _errors(rows))


def _internal(
    operation: str, rows: pa.Table, more: Sequence[Pieces], errors: pa.Array | None = None
) -> _Said:
    """Return what a span within the client's process says."""
    both = [attributes.operation(operation), attributes.provider(rows)]
    return _Said(json.dumps(operation), 1, [*both, *more], errors)


def _call(rows: pa.Table) -> _Said:
    """Return what the span of a call says, by its last attempt."""
    said = [
        attributes.operation("chat"),
        attributes.provider(rows),
        *attributes.sender(rows),
        *attributes.request_and_answer(rows),
    ]
    return _Said(word_texts(rows, "model_requested", "chat {}".format), 3, said, _errors(rows))


def _attempt(rows: pa.Table) -> _Said:
    return _Said('"POST"', 3, attributes.http(rows), _errors(rows))


def _errors(rows: pa.Table) -> pa.Array:
    """Return how rows failed, null of those that were answered."""
    return json_texts(rows, "error_type")


def _span_texts(spans: _Spans, said: _Said) -> pa.Array:
    """Return spans as objects of JSON, shape (spans,)."""
    traces = spans.traces.astype(np.uint64)
    around = where(spans.parents != 0, _quoted_hex(spans.parents))
    listed, status = list(said.attributes), []
    if said.errors is not None:
        failed = said.errors.is_valid().to_numpy(zero_copy_only=False)
        listed.append(attributes.failure(said.errors))
        status.append(member("status", where(failed, '{"code":2}')))

    return objects(
        ('"traceId":"', hex_digits(traces * _SPREAD), hex_digits(traces), '"'),
        member("spanId", _quoted_hex(spans.ids)),
        member("parentSpanId", around),
        member("name", said.name),
        member("kind", str(said.kind)),
        ('"startTimeUnixNano":"', number_texts(spans.starts_us), '000"'),
        ('"endTimeUnixNano":"', number_texts(spans.ends_us), '000"'),
        member("attributes", lists(*listed)),
        *status,
    )


def _quoted_hex(numbers: Array) -> pa.Array:
    return joined('"', hex_digits(numbers), '"')


def _fields(*more: Field) -> tuple[Field, ...]:
    return (
        *more,
        Field("startTimeUnixNano", "exact", "ts_start"),
        Field("endTimeUnixNano", "exact", "ts_end"),
        Field("status.code", "derived", "2 (error) where there is an error_type"),
        *attributes.FIELDS,
    )


_SOURCE = "https://github.com/open-telemetry/semantic-conventions-genai"
_READERS = ("opentelemetry-proto 1.45", "opentelemetry-sdk 1.45")

ATTEMPTS = Format(
    id="otlp",
    title="Spans of OpenTelemetry by the GenAI conventions: attempts alone",
    readers=_READERS,
    source=_SOURCE,
    suffix=".jsonl",
    order="time",
    columns=ATTEMPT_COLUMNS,
    truth=(),
    fields=_fields(
        Field("traceId", "derived", "conversation_id, else client_request_group, else exchange_id"),
        Field("spanId", "exact", "exchange_id"),
        Field("parentSpanId", "not there", "which attempts are of one call is in the truth"),
        Field("session.id, sim.turn", "not there", "sessions and tasks are in the truth"),
    ),
    encode=encode_attempts,
    records="spans",
)

FORMAT = Format(
    id="otlp",
    title="Spans of OpenTelemetry by the GenAI conventions: session, task, call and attempt",
    readers=_READERS,
    source=_SOURCE,
    suffix=".jsonl",
    order="session",
    columns=_COLUMNS,
    truth=_TRUTH,
    fields=_fields(
        Field("traceId", "derived", "session_uid"),
        Field(
            "spanId",
            "derived",
            "session_uid, task_uid, agent_uid of a sub-agent, exchange_id of an attempt, and of a "
            "call that of its first attempt with the highest bit set",
        ),
        Field("parentSpanId", "derived", "session, task or sub-agent, call: from attempt_of"),
        Field("session.id", "exact", "session_uid"),
        Field("sim.turn", "exact", "turn"),
    ),
    encode=encode,
    records="spans",
    without_truth=ATTEMPTS,
    batch_rows=5_000,
)
