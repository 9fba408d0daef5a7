"""The cells of a table of predictions: read from Parquet, CSV or a frame, and made numbers."""

from __future__ import annotations

import io
import os
import posixpath
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.documents.printable import printable, said
from sim.errors import InvalidInputError, SimError
from sim.tables.formats import parse_id
from sim.tables.store import Store

STDIN = "-"
_PARQUET = b"PAR1"
_MOST_ID = 2**63 - 1
# How many identifiers a message shows.
_SHOWN = 3
# Characters of a cell that a message shows.
_LONGEST = 40
_ZONE = r"(?:[Zz]|[+-]\d\d:?\d\d|:\d\d(?:\.\d+)?[+-]\d\d)$"  # DuckDB and PostgreSQL write +00


class CellError(Exception):
    """What is wrong with a column, each a text that follows its name in a message."""


def cells_of(place: Any) -> Any:
    """Return the table at a place as `pyarrow.Table`; the columns of CSV are texts.

    Parameters
    ----------
    place
        A path, a URL, `-` for standard input, or a data frame.

    Raises
    ------
    TypeError
        If it is none of these.
    InvalidInputError
        If it cannot be read.
    """
    import pandas as pd
    import pyarrow as pa

    name = name_of(place)
    if not isinstance(place, str | os.PathLike | pd.DataFrame | pa.Table):
        raise TypeError(
            "predictions are a path, a URL, a data frame or a table of pyarrow; found "
            f"{type(place).__name__}"
        )
    try:
        if isinstance(place, pa.Table):
            return place
        if isinstance(place, pd.DataFrame):
            return pa.Table.from_pandas(place, preserve_index=False)
        content = _bytes(os.fspath(place), name)
        return _parquet(content) if content.startswith(_PARQUET) else _csv(content)
    except (pa.ArrowException, TypeError, ValueError, OSError) as error:
        if isinstance(error, SimError):
            raise
        raise InvalidInputError(f"{name}: cannot be read: {said(error)}") from None


def name_of(place: Any) -> str:
    """Return what messages call a place."""
    if not isinstance(place, str | os.PathLike):
        return "predictions"
    return "<stdin>" if os.fspath(place) == STDIN else os.fspath(place)


def _bytes(place: str, name: str) -> bytes:
    """Return the bytes of a file at a path or a URL, or of standard input."""
    if place == STDIN:
        return sys.stdin.buffer.read()
    folder, file = posixpath.split(place)
    try:
        return Store.of(folder or ".").read(file)
    except FileNotFoundError:
        raise InvalidInputError(f"{name}: there is no such file") from None


def _parquet(content: bytes) -> Any:
    import pyarrow.parquet as pq

    return pq.ParquetFile(io.BytesIO(content)).read()


def _csv(content: bytes) -> Any:
    """Return the cells of CSV as texts; empty ones are missing.

    One thread reads, so that an error names the same row each time.
    """
    import pyarrow as pa
    import pyarrow.csv as pc

    if not content.strip():
        raise ValueError("it is empty")
    one_thread = pc.ReadOptions(use_threads=False)
    names = pc.open_csv(pa.BufferReader(content), one_thread).schema.names
    convert = pc.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        strings_can_be_null=True,
        null_values=[""],
    )
    return pc.read_csv(pa.BufferReader(content), one_thread, convert_options=convert)


# Columns


def whole_numbers(column: Any, *, missing: int | None, what: str) -> Ints:
    """Return a column of whole numbers.

    Parameters
    ----------
    column
        Of whole numbers, of texts that are such, or of identifiers such as
        `acc_4123456789abcdef`.
    missing
        Stands for what is missing; None if nothing may be. Where it may, numbers with a point are
        taken too if they are whole: frames with gaps have such.
    what
        What the numbers should be, for messages.

    Raises
    ------
    CellError
        If a cell is no such number.
    """
    import pyarrow as pa

    kind = column.type
    if column.null_count and missing is None:
        raise CellError(f"is missing in {rows_at(_nulls(column))}")
    if _is_text(kind):
        read: Ints = _each(column, parse_whole, missing or 0, what)
        return read
    if pa.types.is_floating(kind) and missing is None:
        raise CellError(
            f"should be {what}; found {kind}, which keeps 15 of their 19 digits; write int64"
        )
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)):
        raise CellError(f"should be {what}; found {kind}")

    filled = column.cast(pa.int64()) if pa.types.is_null(kind) else column
    try:
        return np.asarray(filled.fill_null(missing or 0).cast(pa.int64()).to_numpy())
    except pa.ArrowInvalid as error:
        raise CellError(f"should be {what}; {said(error)}") from None


def numbers(column: Any) -> Floats:
    """Return a column of finite numbers; raise CellError for other cells."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_boolean(kind):
        raise CellError("should be numbers; found bool; give 0 and 1")
    missing = _nulls(column)
    faults = [f"is missing in {rows_at(missing)}"] if missing.any() else []
    if _is_text(kind):
        try:
            values = _each(column, float, 0.0, "numbers")
        except CellError as error:
            raise CellError(*faults, *error.args) from None
    elif any(is_one(kind) for is_one in _numeric()):
        filled = column.cast(pa.float64(), safe=False).fill_null(0.0)
        values = np.asarray(filled.to_numpy())
    else:
        raise CellError(f"should be numbers; found {kind}")

    wrong = ~np.isfinite(values) & ~missing
    if wrong.any():
        faults.append(f"should be finite; found {values[wrong][0]:g} in {rows_at(wrong)}")
    if faults:
        raise CellError(*faults)
    finite: Floats = values.astype(np.float64)
    return finite


def _numeric() -> tuple[Callable[[Any], bool], ...]:
    """Return what tells the types of columns that hold numbers, or nothing at all."""
    from pyarrow import types

    return types.is_integer, types.is_floating, types.is_decimal, types.is_null


def times_us(column: Any, missing: int) -> Ints:
    """Return a column of times with a zone, in microseconds of Unix time.

    Raises
    ------
    CellError
        If a cell is no time, or has no time zone.
    """
    import pyarrow as pa

    kind = column.type
    if pa.types.is_null(kind):
        return np.full(len(column), missing, np.int64)
    if _is_text(kind):
        return _parsed(column, missing)
    if not pa.types.is_timestamp(kind):
        raise CellError(f"should be times with a time zone; found {kind}")
    if kind.tz is None:
        raise CellError(f"has no time zone; found {kind}; write times in UTC")
    moments = column.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.int64())
    return np.asarray(moments.fill_null(missing).to_numpy())


def texts(column: Any) -> Any:
    """Return a column of words as an array; raise CellError for other cells."""
    if not _is_text(column.type):
        raise CellError(f"should be words; found {column.type}")
    if column.null_count:
        raise CellError(f"is missing in {rows_at(_nulls(column))}")
    return column.to_pandas().astype(str).to_numpy(dtype=object)


def parse_whole(text: str) -> int:
    """Return a whole number, or an identifier such as `acc_4123456789abcdef`."""
    value = int(text) if text.lstrip("-").isdecimal() else parse_id(text)
    if not -_MOST_ID <= value <= _MOST_ID:
        raise ValueError("too large")
    return value


def rows_at(wrong: Bools) -> str:
    """Say in which rows something is: `data row 3 and 4 more`; 1 is that after the header."""
    first = int(np.flatnonzero(wrong)[0]) + 1
    others = int(wrong.sum()) - 1
    return f"data row {first:,}" + (f" and {others:,} more" if others else "")


def some(values: Any) -> str:
    """Show the first few of some values."""
    shown = ", ".join(str(value) for value in values[:_SHOWN])
    return shown + (" ..." if len(values) > _SHOWN else "")


def _each(column: Any, parse: Callable[[str], Any], missing: Any, what: str) -> Any:
    """Return what a function makes of each text; raise CellError where it fails."""
    read, wrong = [], []
    for number, text in enumerate(column.to_pylist()):
        try:
            read.append(missing if text is None else parse(text))
        except ValueError:
            wrong.append(number)
    if wrong:
        at = np.zeros(len(column), bool)
        at[wrong] = True
        found = _shown(column[wrong[0]].as_py())
        raise CellError(f"should be {what}; found {found} in {rows_at(at)}")
    return np.asarray(read, type(missing))


def _parsed(column: Any, missing: int) -> Ints:
    """Return times that are written as texts."""
    import pandas as pd

    values = column.to_pandas().astype("object")
    there = values.notna().to_numpy()
    given = values[there].astype(str)
    parsed = pd.to_datetime(given, utc=True, format="ISO8601", errors="coerce")
    bad = parsed.isna().to_numpy()
    no_zone = ~bad & ~given.str.contains(_ZONE, regex=True).to_numpy()
    for wrong, message in (
        (bad, "should be times such as 2026-02-01T12:00:00Z"),
        (no_zone, "should have a time zone, as 2026-02-01T12:00:00Z has"),
    ):
        if wrong.any():
            at = np.zeros(len(column), bool)
            at[np.flatnonzero(there)[wrong]] = True
            found = _shown(given[wrong].iloc[0])
            raise CellError(f"{message}; found {found} in {rows_at(at)}")

    moments = np.full(len(column), missing, np.int64)
    moments[there] = parsed.dt.as_unit("us").astype("int64").to_numpy()
    return moments


def _shown(text: str) -> str:
    """Return a text of a cell for messages, cut where it is long."""
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return printable(repr(cut))


def _nulls(column: Any) -> Bools:
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False))


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner))
