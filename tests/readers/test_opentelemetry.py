"""Lines of OTLP are what the protocol has, and its SDK exports their spans unchanged."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.json_format import Parse, ParseError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

# Names of the conventions that the package has not yet.
_NEWER = {"gen_ai.response.time_to_first_chunk", "gen_ai.usage.cache_write.input_tokens"}


@pytest.fixture(scope="module")
def spans(export) -> list[Any]:
    """The spans of the whole run, as the protocol reads them."""
    exported = export("otlp", "spans.jsonl")
    spans = [span for line in exported.path.open() for span in _parsed(line)]
    assert len(spans) == exported.records > 25_000
    return spans


def test_identifiers_are_the_spans_own_and_parents_lie_around_them(spans):
    by_id = {(span.trace_id, span.span_id): span for span in spans}
    assert len(by_id) == len(spans)
    assert {len(span.trace_id) for span in spans} == {16}
    assert {len(span.span_id) for span in spans} == {8}
    inner = [span for span in spans if span.parent_span_id]
    for span in inner:
        parent = by_id[span.trace_id, span.parent_span_id]
        assert parent.start_time_unix_nano <= span.start_time_unix_nano
        assert parent.end_time_unix_nano >= span.end_time_unix_nano
    assert len(inner) > len(spans) / 2


def test_an_attempt_has_a_span_and_names_are_those_of_the_conventions(export, spans):
    attempts = [span for span in spans if "http.request.method" in _attributes(span)]
    assert len(attempts) == export("otlp", "spans.jsonl").summary["exchanges"]
    known = {value for name, value in vars(gen_ai_attributes).items() if name.startswith("GEN_AI")}
    named = {key for span in spans for key in _attributes(span) if key.startswith("gen_ai.")}
    assert named - known <= _NEWER


def test_the_sdk_exports_every_span_unchanged(spans):
    exporter = InMemorySpanExporter()
    processor = SimpleSpanProcessor(exporter)
    for span in spans:
        processor.on_end(_of_the_sdk(span))
    finished = exporter.get_finished_spans()
    assert len(finished) == len(spans)
    for span, seen in zip(spans, finished, strict=True):
        assert (seen.name, dict(seen.attributes or {})) == (span.name, _attributes(span))
        assert seen.to_json()


def test_a_line_with_another_field_is_refused(export):
    line = next(export("otlp", "spans.jsonl").path.open())
    with pytest.raises(ParseError, match="typology"):
        list(_parsed(line.replace('"spanId"', '"typology":"A15","spanId"', 1)))


def _parsed(line: str) -> Iterator[Any]:
    """Yield the spans of a line; identifiers are in hexadecimal digits, which protobuf has not."""
    request = json.loads(line)
    for resource in request["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name in {"traceId", "spanId", "parentSpanId"} & span.keys():
                    span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    parsed = Parse(json.dumps(request), ExportTraceServiceRequest())
    for resource in parsed.resource_spans:
        for scope in resource.scope_spans:
            yield from scope.spans


def _attributes(span: Any) -> dict[str, Any]:
    """Return the attributes of a span."""
    return {pair.key: _value(pair.value) for pair in span.attributes}


def _value(value: Any) -> Any:
    """Return the value of an attribute."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return tuple(_value(item) for item in value.array_value.values)
    return getattr(value, kind)


def _of_the_sdk(span: Any) -> ReadableSpan:
    """Return a span as the SDK has it."""
    trace = int.from_bytes(span.trace_id)
    sampled = TraceFlags(TraceFlags.SAMPLED)
    parent = int.from_bytes(span.parent_span_id) if span.parent_span_id else None
    return ReadableSpan(
        name=span.name,
        context=SpanContext(trace, int.from_bytes(span.span_id), False, sampled),
        parent=None if parent is None else SpanContext(trace, parent, False, sampled),
        resource=Resource({}),
        attributes=_attributes(span),
        kind=SpanKind(span.kind - 1),
        status=Status(StatusCode(span.status.code)),
        start_time=span.start_time_unix_nano,
        end_time=span.end_time_unix_nano,
    )
