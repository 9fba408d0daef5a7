"""Readers of one file of a table, by format: some of its columns as an Arrow table."""

from __future__ import annotations

from typing import Any

from sim.tables.formats import parse_id
from sim.tables.schema import TABLES, column_named


def _parquet(file: Any, schema: Any) -> Any:
    """Read columns of Parquet, with the checksums of the pages that are read.

    Identifiers of the first versions of sim are unsigned; such a run is refused.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    # of a local file Arrow's threads need no Python, which may be ending when the last of them does
    source = pa.OSFile(file.name) if _is_local(file) else file
    table = pq.read_table(source, columns=schema.names, page_checksum_verification=True)
    if pa.uint64() in table.schema.types:
        raise ValueError("its identifiers are those of an earlier version of sim; run it again")
    return table.cast(schema)


def _is_local(file: Any) -> bool:
    """Whether a file that fsspec has opened lies on this machine."""
    from fsspec.implementations.local import LocalFileOpener

    return isinstance(file, LocalFileOpener)


def _without_python(file: Any) -> Any:
    """Return a file of text such that Arrow's threads read it without Python.

    A thread that waits for Python and one that has Python and waits for it may wait for ever; of
    small files it happens now and then (apache/arrow, issue 38676). For the same reason one thread
    parses.
    """
    import pyarrow as pa

    if _is_local(file):
        return pa.OSFile(file.name)
    file.seek(0)
    return pa.BufferReader(file.read())


def _csv(file: Any, schema: Any) -> Any:
    """Read columns of CSV; identifiers, times and words are read as text, then typed."""
    import pyarrow as pa
    import pyarrow.csv as pc

    table = pc.read_csv(
        _without_python(file),
        read_options=pc.ReadOptions(use_threads=False),
        convert_options=pc.ConvertOptions(
            include_columns=schema.names,
            column_types={field.name: _text_type(field) for field in schema},
            strings_can_be_null=True,
        ),
    )
    return _typed(table, schema, pa)


def _jsonl(file: Any, schema: Any) -> Any:
    """Read columns of JSON lines, as `_csv` does; an empty file is a table without rows."""
    import pyarrow as pa
    import pyarrow.json as pj

    explicit = pa.schema([(field.name, _text_type(field)) for field in schema])
    if not file.seek(0, 2):
        return schema.empty_table()
    one_thread = pj.ReadOptions(use_threads=False)
    options = pj.ParseOptions(explicit_schema=explicit, unexpected_field_behavior="ignore")
    return _typed(pj.read_json(_without_python(file), one_thread, options), schema, pa)


READERS = {"parquet": _parquet, "csv": _csv, "jsonl": _jsonl}


def _is_identifier(name: str) -> bool:
    column = column_named(name)
    return column is not None and column.is_identifier


def _may_be_missing(name: str) -> bool:
    """Whether any table may be without this column's value."""
    return any(table.column(name).may_be_missing for table in TABLES.values() if name in table)


def _text_type(field: Any) -> Any:
    """Return the type as which a column of a text format is read, before it is typed."""
    import pyarrow as pa

    kind = field.type
    if _is_identifier(field.name) or pa.types.is_dictionary(kind) or pa.types.is_timestamp(kind):
        return pa.string()
    return kind


def _typed(table: Any, schema: Any, pa: Any) -> Any:
    """Return a table of a text format with the types of `schema`.

    Identifiers are parsed one by one; where one is missing that may be, it becomes 0. Raise
    ValueError where one is missing that may not.
    """
    import pyarrow.compute as pc

    columns = []
    for field in schema:
        column = table.column(field.name)
        if _is_identifier(field.name):
            if column.null_count and not _may_be_missing(field.name):
                raise ValueError(f"{field.name} is missing in {column.null_count:,} rows")
            column = pa.array(map(parse_id, column.to_pylist()), pa.int64())
        elif pa.types.is_timestamp(field.type):
            stamps = pc.utf8_slice_codeunits(column.cast(pa.string()), 0, 26)
            column = stamps.cast(pa.timestamp("us")).cast(field.type)
        else:
            column = column.cast(field.type)
        columns.append(column)
    return pa.table(columns, schema=schema)
