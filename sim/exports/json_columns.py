"""Columns of rows as texts of JSON, from which formats of one object a row are put together.

A format names its members and the texts of their values; Arrow joins them row by row. A text that
is null stands for a value that is missing: the member with it is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sim.arrays.types import Array, Bools, Ints
from sim.tables.arrow import array, strings
from sim.tables.conventions import OK
from sim.tables.schema import column_named

if TYPE_CHECKING:
    import pyarrow as pa

# A text of each row, or one for all rows.
Texts: TypeAlias = "pa.Array | str"
# What is joined to one text a row.
Pieces: TypeAlias = tuple[Texts, ...]


def json_texts(rows: pa.Table, name: str) -> pa.Array:
    """Return the values of a column as texts of JSON, shape (rows,); null where one is missing.

    Identifiers are as in text formats, `"req_0123456789abcdef"`. Numbers in single precision get
    the fewest digits that read back alike. Times are whole microseconds of Unix time.

    Parameters
    ----------
    rows
        Rows of a table of a run, as in memory.
    name
        The column.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    column = rows.column(name).combine_chunks()
    record = column_named(name)
    if record is not None and record.is_identifier:
        return id_texts(column, record.prefix)

    if pa.types.is_dictionary(column.type) or pa.types.is_string(column.type):
        return word_texts(rows, name)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    return pc.cast(column, pa.string())


def word_texts(rows: pa.Table, name: str, renamed: Callable[[str], str] = str) -> pa.Array:
    """Return the words of a column as quoted texts, as a format calls them.

    Parameters
    ----------
    rows, name
        As of `json_texts`.
    renamed
        What the format has for a word; the word itself if left out.
    """
    import pyarrow as pa

    column = rows.column(name).combine_chunks()
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    words = [json.dumps(renamed(word)) for word in column.dictionary.to_pylist()]
    return strings(words).take(column.indices)


def number_texts(numbers: Ints) -> pa.Array:
    """Return whole numbers as texts."""
    import pyarrow as pa

    return array(numbers, pa.int64()).cast(pa.string())


def moment_texts(us: Ints) -> pa.Array:
    """Return moments, in microseconds of Unix time, as quoted texts of RFC 3339 with six digits."""
    import pyarrow as pa
    import pyarrow.compute as pc

    moments = array(us, pa.timestamp("us", tz="UTC"))
    return joined('"', pc.strftime(moments, format="%Y-%m-%dT%H:%M:%SZ"), '"')


def in_a_string(texts: pa.Array) -> pa.Array:
    """Return texts of JSON as quoted texts: JSON within JSON."""
    import pyarrow.compute as pc

    escaped = pc.replace_substring(texts, "\\", "\\\\")
    return joined('"', pc.replace_substring(escaped, '"', '\\"'), '"')


def microseconds(rows: pa.Table, name: str) -> Ints:
    """Return the times of a column in microseconds of Unix time, shape (rows,)."""
    times: Ints = rows.column(name).cast("int64").to_numpy()
    return times


def answered(rows: pa.Table) -> Bools:
    """Return which rows were answered, shape (rows,)."""
    were: Bools = rows.column("http_status").to_numpy() == OK
    return were


def total(rows: pa.Table, *names: str) -> Ints:
    """Return the sum of columns of whole numbers, shape (rows,)."""
    columns = [rows.column(name).to_numpy().astype(np.int64) for name in names]
    sums: Ints = np.sum(columns, axis=0)
    return sums


def id_texts(ids: pa.Array, prefix: str) -> pa.Array:
    """Return identifiers as quoted texts with a prefix, null where one is 0."""
    import pyarrow as pa

    numbers = ids.to_numpy(zero_copy_only=False)
    digits = hex_digits(numbers)
    quoted = joined(f'"{prefix}', digits, '"')
    here = array(numbers != 0, pa.bool_())
    return _if_else(here, quoted)


def hex_digits(numbers: Array) -> pa.Array:
    """Return each number of 64 bits as sixteen digits to the base of sixteen, shape (rows,)."""
    import pyarrow as pa

    digits = numbers.astype(">u8", copy=False).tobytes().hex().encode()
    ends = np.arange(0, len(digits) + 1, 16, dtype=np.int64)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(digits)]
    return pa.Array.from_buffers(pa.large_string(), len(numbers), buffers)


def joined(*texts: Texts) -> pa.Array:
    """Return texts joined row by row; null where one of them is."""
    return _join(texts, "emit_null")


def member(key: str, value: Texts) -> Pieces:
    """Return a member of an object, `"key":value`, in the pieces that it is joined of."""
    return (f"{json.dumps(key)}:", value)


def objects(*members: Pieces) -> pa.Array:
    """Return an object of JSON a row: its members but those with a piece that is null.

    The first member is there in every row.
    """
    return _listed("{", members, "}")


def lists(*items: Pieces) -> pa.Array:
    """Return a list of JSON a row: its items but those with a piece that is null.

    The first item is there in every row.
    """
    return _listed("[", items, "]")


def or_else(texts: pa.Array, other: str) -> pa.Array:
    """Return the texts, and another one where they are null."""
    import pyarrow.compute as pc

    return pc.fill_null(texts, other)


def where(condition: Any, texts: Texts) -> pa.Array:
    """Return texts where a condition holds, shape (rows,) of truth values; else null."""
    import pyarrow as pa

    return _if_else(array(np.asarray(condition), pa.bool_()), texts)


def as_lines(texts: pa.Array) -> list[bytes]:
    """Return each text as a line of its own, in UTF-8."""
    return [f"{text}\n".encode() for text in texts.to_pylist()]


def _if_else(condition: Any, texts: Texts) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = pa.string() if isinstance(texts, str) else texts.type
    return pc.if_else(condition, texts, pa.scalar(None, kind))


def _listed(opening: str, items: Sequence[Pieces], closing: str) -> pa.Array:
    """Return items between brackets; those that some row lacks are joined one by one before."""
    first, *others = items
    pieces: list[Texts] = [opening, *first]
    for item in others:
        lacking = any(not isinstance(piece, str) and piece.null_count for piece in item)
        pieces += [joined(",", *item)] if lacking else [",", *item]

    return _join([*pieces, closing], "replace")


def _join(texts: Iterable[Texts], nulls: str) -> pa.Array:
    """Return texts joined row by row, with offsets of 64 bits: rows may have 2 GiB together."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = pa.large_string()
    pieces: list[Any] = []
    before = ""
    for text in texts:
        if isinstance(text, str):
            before += text
        else:
            pieces += [pa.scalar(before, kind), text.cast(kind)]
            before = ""

    ends = [pa.scalar(before, kind), pa.scalar("", kind)]
    return pc.binary_join_element_wise(*pieces, *ends, null_handling=nulls, null_replacement="")
