"""Write tables as files of Parquet, CSV or JSON lines."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from sim.streams import MISSING
from sim.tables.arrow import strings
from sim.tables.column import Column
from sim.tables.hashing_file import HashingFile
from sim.tables.schema import column_named
from sim.tables.store import Store

FORMATS = ("parquet", "csv", "jsonl")
# Rows of a group of a Parquet file.
GROUP_ROWS = 262_144
# Pages of a Parquet file that are smaller are written together.
_PIECE = 1 << 18
_ZSTD_LEVEL = 1
_ENCODINGS = {"delta": "DELTA_BINARY_PACKED", "split": "BYTE_STREAM_SPLIT"}


@dataclass(frozen=True)
class FileRecord:
    """A finished file of a run.

    Attributes
    ----------
    path
        Where it lies, relative to the run.
    rows
        How many rows of a table it holds.
    bytes, sha256
        Its size, and the SHA-256 of all its bytes in hexadecimal digits.
    footer
        The SHA-256 of the end of a Parquet file, where it says what lies where; the pages before it
        have checksums of their own. Other formats have none.
    """

    path: str
    rows: int
    bytes: int
    sha256: str
    footer: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON; what is missing is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def is_whole(self, out: Store) -> bool:
        """Whether the file is there with the bytes that were written; it is hashed for that."""
        return (
            out.wrong_with(self.path) is None
            and out.is_file(self.path)
            and out.size(self.path) == self.bytes
            and out.sha256(self.path) == self.sha256
        )


def _record(name: str) -> Column:
    """Return what is known of a column; tests write tables whose columns no run has."""
    return column_named(name) or Column(name, "", "")


class _Sink(Protocol):
    """What takes the tables of one file; it does not close the file itself."""

    def write(self, table: Any) -> None: ...
    def close(self) -> None: ...


class _Parquet:
    """Writes Parquet in groups of `GROUP_ROWS` rows, each column as its record says.

    The bytes depend on the rows, and not on how tables cut them. What is less than a group waits.
    """

    def __init__(self, file: HashingFile, schema: Any) -> None:
        """Open a writer of tables with an Arrow schema."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._file, self._waiting = file, list[Any]()
        # Arrow writes each page by itself, which is slow through Python
        self._buffer = pa.output_stream(file, buffer_size=_PIECE)
        records = [_record(name) for name in schema.names]
        codecs = {_leaf(field): _record(field.name).compression for field in schema}
        self._writer = pq.ParquetWriter(
            self._buffer,
            schema,
            compression=codecs,
            compression_level={
                leaf: _ZSTD_LEVEL for leaf, codec in codecs.items() if codec == "zstd"
            },
            # dictionaries and statistics of all columns would take 40 % of the time to write a log
            use_dictionary=[column.name for column in records if column.encoding == "dictionary"],
            column_encoding={
                column.name: _ENCODINGS[column.encoding]
                for column in records
                if column.encoding in _ENCODINGS
            },
            write_page_checksum=True,
            write_statistics=[column.name for column in records if column.ranges],
        )

    def write(self, table: Any) -> None:
        """Write the groups that are full."""
        self._waiting.append(table)
        rows = sum(part.num_rows for part in self._waiting)
        if rows >= GROUP_ROWS:
            full = rows - rows % GROUP_ROWS
            waiting = self._together()
            self._writer.write_table(waiting.slice(0, full), row_group_size=GROUP_ROWS)
            self._waiting = [waiting.slice(full)]

    def _together(self) -> Any:
        """Return the rows that wait as one table, with one dictionary for each column of words."""
        import pyarrow as pa

        return pa.concat_tables(self._waiting).unify_dictionaries()

    def close(self) -> None:
        """Write the last group and the footer."""
        try:
            if any(table.num_rows for table in self._waiting):
                self._writer.write_table(self._together(), row_group_size=GROUP_ROWS)
            self._buffer.flush()
            self._file.begin_footer()
            self._writer.close()
            self._buffer.flush()
        finally:
            # else it would try again, and complain, when it is thrown away
            self._writer.is_open = False


def _leaf(field: Any) -> str:
    """Return what Parquet calls the values of a column; those of vectors lie in lists."""
    import pyarrow as pa

    is_vector = pa.types.is_fixed_size_list(field.type)
    return f"{field.name}.list.element" if is_vector else str(field.name)


class _Csv:
    """Writes CSV with a line of names first; texts are quoted, missing values are empty."""

    def __init__(self, file: HashingFile, schema: Any) -> None:
        import pyarrow.csv as pc

        self._writer = pc.CSVWriter(file, text_schema(schema))

    def write(self, table: Any) -> None:
        self._writer.write(as_text(table))

    def close(self) -> None:
        self._writer.close()


class _Jsonl:
    """Writes JSON lines: an object a row without spaces, null where a value is missing."""

    def __init__(self, file: HashingFile, _schema: Any) -> None:
        self._file = file

    def write(self, table: Any) -> None:
        """Write a line for each row."""
        self._file.write(b"".join(json_lines(table)))

    def close(self) -> None:
        """Nothing waits here."""


def json_lines(table: Any) -> list[bytes]:
    """Return each row of a table as a line of JSON: an object without spaces, in the order of rows.

    Identifiers, times and words are texts as `as_text` renders them, what is missing is null, and
    vectors become arrays.

    Parameters
    ----------
    table : pyarrow.Table
        Typed as the tables of a run are in memory.
    """
    text = as_text(table)
    keys = (json.dumps(name).replace("%", "%%") for name in text.column_names)
    line = f"{{{','.join(f'{key}:%s' for key in keys)}}}\n"
    return [(line % row).encode() for row in zip(*map(_json_values, text.columns), strict=True)]


def _json_values(column: Any) -> list[str]:
    """Return each value as JSON.

    Those in single precision get the fewest digits that read back alike.
    """
    import pyarrow as pa

    kind = column.type
    to_json: Callable[[Any], str] = json.JSONEncoder(separators=(",", ":")).encode
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        column, to_json = column.cast(pa.string()), str
    elif kind == pa.float32():
        column, to_json = column.cast(pa.string()), _shortest
    return ["null" if value is None else to_json(value) for value in column.to_pylist()]


def _shortest(text: str) -> str:
    """Return a number in Python's notation, with the digits that Arrow found."""
    return repr(float(text))


_SINKS: dict[str, Callable[[HashingFile, Any], _Sink]] = {
    "parquet": _Parquet,
    "csv": _Csv,
    "jsonl": _Jsonl,
}

_ID = re.compile("([a-z]+_)?[0-7][0-9a-f]{15}")


def text_schema(schema: Any) -> Any:
    """Return the schema of `as_text`: identifiers, times and words as plain strings.

    Numbers, truth values and vectors keep their types. `schema` is that of a table in memory, whose
    columns are known by their names.
    """
    import pyarrow as pa

    def plain(field: Any) -> Any:
        """Return the type of a column in text formats."""
        is_text = _record(field.name).is_identifier or pa.types.is_timestamp(field.type)
        return pa.string() if is_text or pa.types.is_dictionary(field.type) else field.type

    return pa.schema([pa.field(f.name, plain(f)) for f in schema])


def as_text(table: Any) -> Any:
    """Render identifiers as `req_0123456789abcdef` and the like, times in RFC 3339.

    A missing identifier is no text, as any other missing value. Times keep six digits behind the
    point. `parse_id` undoes the identifiers, `sim.tables.reading` the rest.

    Parameters
    ----------
    table : pyarrow.Table
        Typed as the tables of a run are in memory.

    Returns
    -------
    pyarrow.Table
        The same rows with the types of `text_schema`.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    schema = text_schema(table.schema)
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if (record := _record(name)).is_identifier:
            prefix = record.prefix
            texts = [f"{prefix}{v:016x}" if v else None for v in column.to_pylist()]
            columns.append(strings(texts))
        elif pa.types.is_timestamp(column.type):
            columns.append(pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ"))
        else:
            columns.append(column.cast(schema.field(name).type))
    return pa.table(columns, schema=schema)


def parse_id(text: str | None) -> int:
    """Return the identifier that `as_text` rendered, `MISSING` for no text.

    Any prefix of small letters is accepted, whatever the column is.

    Raises
    ------
    ValueError
        For a text that is no identifier; it shows the text.
    """
    if text is None:
        return MISSING
    if not _ID.fullmatch(text):
        raise ValueError(f"{text!r} is no identifier such as {'req_4123456789abcdef'!r}")
    return int(text[-16:], 16)


class TableFile:
    """A table that is being written to one file.

    `writing_table` makes it; once its block has ended, `record` says what was written.
    """

    def __init__(self, path: str, sink: _Sink) -> None:
        self._path, self._sink = path, sink
        self._rows = 0
        self._record: FileRecord | None = None

    def append(self, table: Any) -> None:
        """Write the rows of a table behind those before it."""
        self._sink.write(table)
        self._rows += table.num_rows

    @property
    def record(self) -> FileRecord:
        """What the file holds, once it is whole; RuntimeError before."""
        if self._record is None:
            raise RuntimeError(f"{self._path}: is not whole yet")
        return self._record


@contextlib.contextmanager
def writing_table(store: Store, path: str, schema: Any, fmt: str) -> Iterator[TableFile]:
    """Write a table to a file, which is there when the block has ended without error.

    The file is hashed while it is written, and never read again for that. After an error no file of
    this name is there, or the one that was there before.

    Parameters
    ----------
    store, path
        Where the file lies.
    schema : pyarrow.Schema
        Of the tables that are appended.
    fmt
        One of `FORMATS`.

    Yields
    ------
    TableFile
        Takes the rows; its `record` can be had after the block.
    """
    with store.writing(path) as file:
        sink = _SINKS[fmt](file, schema)
        table = TableFile(path, sink)
        try:
            yield table
        except BaseException:
            # what made it fail, a full disk perhaps, may well fail here again
            with contextlib.suppress(Exception):
                sink.close()
            raise
        sink.close()
        footer = file.footer_sha256 if fmt == "parquet" else None
        table._record = FileRecord(path, table._rows, file.bytes, file.sha256, footer)
