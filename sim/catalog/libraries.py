"""Libraries of recorded calls, from which sessions are drawn: what people and models did."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from sim.arrays.types import Array, Bools, Floats, Ints
from sim.errors import InvalidInputError

if TYPE_CHECKING:
    import pyarrow as pa

NO_LIBRARY = "none"
_NAMES = ("claude-code",)
_METADATA = b"sim_library"
_VERSION = 1
_ROW_TYPES = {
    "source": np.int64,
    "opens_turn": np.bool_,
    "wait_s": np.float64,
    "growth": np.int64,
    "output_tokens": np.int64,
    "compacts": np.bool_,
    "begin_tokens": np.int64,
}


@dataclass(frozen=True, eq=False)  # one is compared, and kept, as itself
class Library:
    """Recorded sessions as numbers; arrays have one row a call, by source, then time.

    A source is a recorded session; no two share calls. How sessions are drawn:
    `sim.scaffold.library_sessions`.

    Attributes
    ----------
    name
        What scenarios and agents call it.
    source
        Number of the source, from 0. Array of int, shape (rows,), as all that follow.
    opens_turn
        Whether a message of a person starts the call; the first call of a source always opens one.
    wait_s
        Seconds from the end of the answer before to the call; 0 for a first call.
    growth
        Input tokens less those of the call before; 0 for a first call.
    output_tokens
        Tokens of the answer.
    compacts
        Whether the client sends a much shorter context than before (compacted, cleared, resumed).
    begin_tokens
        Input tokens of the first call of a source; 0 for others.
    neighbours
        Rows of other sources that resemble a row, the nearest first; -1 where there are fewer.
        The call after a neighbour may follow the row. Array of int32, shape (rows, K).
    block_calls
        Mean number of consecutive calls of a source.
    most_calls
        Most consecutive calls of a source in a session.
    most_share
        Most of a source's calls in a session, as a share.
    facts
        Of the origin: trace, licence, citation, and what was left out.
    """

    name: str
    source: Ints
    opens_turn: Bools
    wait_s: Floats
    growth: Ints
    output_tokens: Ints
    compacts: Bools
    begin_tokens: Ints
    neighbours: Array
    block_calls: float
    most_calls: int
    most_share: float
    facts: Mapping[str, Any]

    @property
    def sources(self) -> int:
        """Number of recorded sessions."""
        return len(self.first)

    @cached_property
    def first(self) -> Ints:
        """Row of the first call of each source, shape (sources,)."""
        return np.flatnonzero(np.diff(self.source, prepend=-1)).astype(np.int64)

    @cached_property
    def last(self) -> Ints:
        """Row of the last call of each source, shape (sources,)."""
        return np.append(self.first[1:], len(self.source)) - 1

    @cached_property
    def before_tokens(self) -> Ints:
        """Output tokens of the call before in the source, 0 for a first call, shape (rows,)."""
        before = np.append(0, self.output_tokens[:-1])
        before[self.first] = 0
        return before

    @cached_property
    def longest_run(self) -> Ints:
        """Most consecutive calls of each source that come back in a session, shape (sources,).

        The smaller of `most_calls` and `most_share` of its calls, but at least 1.
        """
        share = (self.most_share * (self.last - self.first + 1)).astype(np.int64)
        return np.clip(share, 1, self.most_calls)


@cache
def libraries() -> Mapping[str, Library]:
    """Return the libraries of the catalog by name."""
    return MappingProxyType({name: _read(_shipped(name), f"{name}.parquet") for name in _NAMES})


def library(name: str, sha256: str | None = None) -> Library:
    """Return a library of the catalog, or one that a file holds.

    Parameters
    ----------
    name
        Name of a library of the catalog, or path of a Parquet file that `write_library` wrote.
    sha256
        Of the file, hexadecimal; None does not check.

    Raises
    ------
    InvalidInputError
        If there is no such library, if the file is none, or if it is not the one of the checksum.
    """
    if not name.endswith(".parquet"):
        from sim.catalog.data_files import lookup

        return lookup(libraries(), "library", name)
    try:
        content = Path(name).read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{name}: cannot be read: {error.strerror}") from None
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256:
        raise InvalidInputError(
            f"{name}: has changed since it was written (SHA-256 {found[:12]}..., expected "
            f"{sha256[:12]}...); write it anew with sim calibrate"
        )
    return _read(content, name)


@cache
def library_named(reference: str) -> Library:
    """Return the library that an agent or actor names, read once.

    Parameters
    ----------
    reference
        Name of a library of the catalog; or path and SHA-256 of a file, joined by `#`, as the
        resolved scenario has it, so that no other file is read than the one that it was made with.

    Raises
    ------
    InvalidInputError
        As `library` does.
    """
    name, _, sha256 = reference.partition("#")
    return library(name, sha256 or None)


def _shipped(name: str) -> bytes:
    """Return the bytes of `data/libraries/<name>.parquet`."""
    return files("sim.catalog").joinpath("data", "libraries", f"{name}.parquet").read_bytes()


@cache
def _read(content: bytes, name: str) -> Library:
    """Return the library that the bytes of a Parquet file hold; the same bytes are read once.

    Raises
    ------
    InvalidInputError
        If they are no library.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # `pq.read_table` would load pandas, which takes longer than all else here
        table = pq.ParquetFile(pa.BufferReader(content)).read()
        facts = json.loads((table.schema.metadata or {})[_METADATA])
        is_known = facts["version"] == _VERSION
    except (pa.ArrowInvalid, OSError, KeyError, ValueError):
        is_known = False
    if not is_known:
        raise InvalidInputError(
            f"{name}: no library of calls of version {_VERSION}; sim calibrate writes one"
        )

    near = sorted((x for x in table.column_names if x.startswith("near_")), key=_number)
    columns: dict[str, Any] = {
        key: _column(table[key]).astype(kind) for key, kind in _ROW_TYPES.items()
    }
    columns["neighbours"] = np.column_stack([_column(table[key]) for key in near])
    for column in columns.values():
        column.setflags(write=False)
    keys = ("name", "block_calls", "most_calls", "most_share")
    return Library(**columns, **{key: facts[key] for key in keys}, facts=facts["facts"])


def _column(column: pa.ChunkedArray) -> Array:
    """Return the numbers of a column without nulls; `to_numpy` would load pandas for it."""
    import pyarrow as pa

    whole = column.combine_chunks()
    if pa.types.is_boolean(whole.type):
        whole = whole.cast(pa.int8())
    kind = whole.type.to_pandas_dtype()
    return np.frombuffer(whole.buffers()[1], kind, len(whole), whole.offset * kind().itemsize)


def _number(column: str) -> int:
    return int(column.removeprefix("near_"))


def write_library(library: Library, path: Path | IO[bytes]) -> None:
    """Write a library as a small Parquet file; the same library gives the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    small: dict[Any, Any] = {np.int64: np.int32, np.float64: np.float32}
    columns: dict[str, Any] = {
        key: getattr(library, key).astype(small.get(kind, kind)) for key, kind in _ROW_TYPES.items()
    }
    columns |= {f"near_{k}": x for k, x in enumerate(library.neighbours.T.astype(np.int32))}
    about = {
        "version": _VERSION,
        "name": library.name,
        "block_calls": library.block_calls,
        "most_calls": library.most_calls,
        "most_share": library.most_share,
        "facts": dict(library.facts),
    }
    table = pa.table(columns).replace_schema_metadata({_METADATA: json.dumps(about)})
    pq.write_table(table, path, compression="zstd", compression_level=19)
