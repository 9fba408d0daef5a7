"""Arrow arrays over the memory of NumPy arrays, and tables of them.

`pyarrow.array` imports pandas as soon as it sees an array or a list, which takes half a second of
every process of a run. What is put together here from buffers needs no pandas and copies nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from sim.arrays.types import Array, Bools, Ints
from sim.tables.schema import arrow_schema

# NumPy's name of each Arrow type that has another one; others are called alike.
_NUMPY_NAMES = {"halffloat": "float16", "float": "float32", "double": "float64"}


def array(values: Array, kind: Any, missing: Bools | None = None) -> Any:
    """Return an Arrow array that shares the memory of a NumPy array.

    Nothing is copied where the NumPy array is contiguous and of the right type already; booleans
    are packed to bits, eight to a byte.

    Parameters
    ----------
    values
        Numbers, truth values, or microseconds since 1970 for a timestamp; shape (rows,).
    kind
        The Arrow type, of fixed width.
    missing
        Where nulls stand, shape (rows,); nowhere if left out.

    Returns
    -------
    pyarrow.Array
        Of the type `kind`. It keeps the memory of `values` alive, so do not change them afterwards.

    Raises
    ------
    OverflowError
        If whole numbers do not fit into the type. Doubles become singles without complaint.
    """
    import pyarrow as pa

    if pa.types.is_boolean(kind):
        data = np.packbits(values, bitorder="little")
    elif pa.types.is_timestamp(kind):
        data = np.ascontiguousarray(values, np.int64)
    else:
        name = str(kind)
        data = np.ascontiguousarray(values, _NUMPY_NAMES.get(name, name))
        if (
            not np.can_cast(
                values.dtype, data.dtype, "same_kind" if data.dtype.kind == "f" else "safe"
            )
            and (data != values).any()
        ):
            raise OverflowError(f"values do not fit into {name}")

    buffers = [_validity(missing), pa.py_buffer(data)]
    return pa.Array.from_buffers(kind, len(values), buffers)


def strings(texts: Sequence[str | None]) -> Any:
    """Return an Arrow array of texts in UTF-8, null where one is None.

    Offsets have 32 bits, so all texts together may have 2 GiB.
    """
    import pyarrow as pa

    encoded = [b"" if text is None else text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    missing = np.array([text is None for text in texts], np.bool_)
    buffers = [_validity(missing), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(texts), buffers)


def words(codes: Array, vocabulary: Sequence[str], missing: Bools | None = None) -> Any:
    """Return a dictionary array of words.

    Parameters
    ----------
    codes
        Indices into `vocabulary`, shape (rows,); where `missing`, any number.
    vocabulary
        The words. One that occurs twice is entered once, or Parquet's bytes vary.
    missing
        Where nulls stand, shape (rows,); nowhere if left out.

    Returns
    -------
    pyarrow.DictionaryArray
        With indices of 32 bits. Its dictionary is the whole vocabulary, in order of first
        occurrence, also words that no row has.
    """
    import pyarrow as pa

    dictionary, numbers = _entered_once(tuple(vocabulary))
    if numbers is not None:
        codes = numbers[codes]
    return pa.DictionaryArray.from_arrays(array(codes, pa.int32(), missing), dictionary)


@lru_cache(maxsize=64)
def _entered_once(vocabulary: tuple[str, ...]) -> tuple[Any, Array | None]:
    """Return distinct words as an Arrow array, and which of them each word is.

    The latter is None if they are distinct. Tables of many windows have the same few vocabularies.
    """
    number = {word: k for k, word in enumerate(dict.fromkeys(vocabulary))}
    if len(number) == len(vocabulary):
        return strings(vocabulary), None
    return strings([*number]), np.array([number[word] for word in vocabulary], np.int32)


def times(opening_us: int, relative_us: Ints, missing: Bools | None = None) -> Any:
    """Return moments as an Arrow array.

    Parameters
    ----------
    opening_us
        What moments are counted from, in microseconds since 1970: the opening of the log.
    relative_us
        Microseconds since then, shape (rows,).
    missing
        Where nulls stand, shape (rows,); nowhere if left out.

    Returns
    -------
    pyarrow.TimestampArray
        In microseconds, in UTC.
    """
    import pyarrow as pa

    return array(relative_us + opening_us, pa.timestamp("us", tz="UTC"), missing)


def table(columns: Mapping[str, str], values: Mapping[str, Any]) -> Any:
    """Return a table of NumPy or Arrow arrays in the order of `columns`, their types by name.

    Parameters
    ----------
    columns
        The type of each column by its name, as of a `TableSchema`.
    values
        An array for each of these names; others are left out. NumPy arrays are given the type of
        their column, Arrow arrays must have it.
    """
    import pyarrow as pa

    schema = arrow_schema(columns)
    arrays = [
        array(values[field.name], field.type)
        if isinstance(values[field.name], np.ndarray)
        else values[field.name]
        for field in schema
    ]
    return pa.table(arrays, schema=schema)


def taken(table: Any, index: Ints) -> dict[str, Any]:
    """Return the rows of a table that an index names, as Arrow arrays by name.

    Parameters
    ----------
    table : pyarrow.Table
        Each of its columns in one piece.
    index
        Numbers of rows, shape (N,); a row may be named many times.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = array(index, pa.int64())
    return {
        name: pc.take(column.chunk(0), numbers, boundscheck=False)
        for name, column in zip(table.column_names, table.columns, strict=True)
    }


def sorted_table(columns: Mapping[str, str], values: Mapping[str, Any]) -> Any:
    """Return a table in order of its columns that are no words, so that the order tells nothing.

    The first of them is an identifier, or rows differ in none.

    Parameters
    ----------
    columns, values
        As of `table`.
    """
    import pyarrow as pa

    unsorted = table(columns, values)
    keys = [f.name for f in unsorted.schema if not pa.types.is_dictionary(f.type)]
    return unsorted.sort_by([(name, "ascending") for name in keys])


def _validity(missing: Bools | None) -> Any:
    """Return the bitmap of the values that are there; None if all are.

    Arrow counts bits from the least significant one, and a 1 means that the value is there.
    """
    import pyarrow as pa

    if missing is None or not missing.any():
        return None
    return pa.py_buffer(np.packbits(~missing, bitorder="little"))
