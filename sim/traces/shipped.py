"""The traces that come with the package: where they lie, and what the catalog says of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from sim.catalog.data_files import read_yaml
from sim.documents.forms import Record


class ShippedTrace(Record):
    """What the catalog says of a trace.

    `kind`: calls, or windows of clients. `workload`: the class of traffic. `source`: key of the
    catalog's sources. `changes`: what was left out or rounded.
    """

    id: str
    title: str
    kind: Literal["calls", "windows"]
    workload: Literal["coding", "chat", "api", "benchmark"]
    licence: str
    source: str
    attribution: str
    changes: str


@cache
def shipped_traces() -> Mapping[str, ShippedTrace]:
    """Return the traces of the catalog by name, in the order of the file."""
    entries = read_yaml("traces").items()
    return MappingProxyType({k: ShippedTrace.model_validate({"id": k, **v}) for k, v in entries})


def shipped_bytes(name: str) -> bytes:
    """Return the bytes of `data/traces/<name>.parquet` of the catalog."""
    return files("sim.catalog").joinpath("data", "traces", f"{name}.parquet").read_bytes()


def shipped_rows(name: str) -> int:
    """Return how many rows a trace has: calls, or windows of clients."""
    from io import BytesIO

    from pyarrow.parquet import read_metadata

    table = name if shipped_traces()[name].kind == "calls" else f"{name}.windows"
    return int(read_metadata(BytesIO(shipped_bytes(table))).num_rows)
