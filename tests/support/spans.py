"""Spans of OpenTelemetry, read back from lines of OTLP/JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

_READ: dict[str, Callable[[Any], Any]] = {
    "stringValue": str,
    "intValue": int,
    "doubleValue": float,
    "boolValue": bool,
    "arrayValue": lambda array: [value["stringValue"] for value in array["values"]],
}


class Span(NamedTuple):
    """A span: where it is, when, and its attributes by their names."""

    trace: str
    id: str
    parent: str | None
    name: str
    kind: int
    starts_ns: int
    ends_ns: int
    said: dict[str, Any]
    failed: bool


def spans_of(line: dict[str, Any]) -> list[Span]:
    """The spans of a request to export spans, in their order; no attribute stands there twice."""
    (resource,) = line["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    return [_span(span) for span in scope["spans"]]


def _span(span: dict[str, Any]) -> Span:
    said = {}
    for attribute in span["attributes"]:
        ((kind, value),) = attribute["value"].items()
        assert attribute["key"] not in said
        said[attribute["key"]] = _READ[kind](value)
    return Span(
        span["traceId"],
        span["spanId"],
        span.get("parentSpanId"),
        span["name"],
        span["kind"],
        int(span["startTimeUnixNano"]),
        int(span["endTimeUnixNano"]),
        said,
        span.get("status") == {"code": 2},
    )
