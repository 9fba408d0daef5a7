"""Write tables in parts: each part under a temporary name, renamed when it is whole."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

FORMATS = ("parquet", "csv", "jsonl")
PART_ROWS = 2_000_000
_CHUNK = 1 << 20


@dataclass(frozen=True)
class FileRecord:
    """A finished file of a run; `path` is relative to the run."""

    path: str
    rows: int
    bytes: int
    sha256: str


class _Sink(Protocol):
    def write(self, table: Any) -> None: ...
    def close(self) -> None: ...


class _Parquet:
    def __init__(self, path: Path, schema: Any) -> None:
        import pyarrow.parquet as pq

        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=[name for name in schema.names if name not in _RARELY_REPEATED],
            write_statistics=[name for name in schema.names if name in _RANGES],
        )

    def write(self, table: Any) -> None:
        self._writer.write_table(table, row_group_size=max(table.num_rows, 1))

    def close(self) -> None:
        self._writer.close()


# A dictionary of these would cost more than it saves; statistics of other columns tell nothing,
# because opaque identifiers and words have no order. Together 40 % of the time to write the log.
_RARELY_REPEATED = {
    "exchange_id",
    "task_uid",
    "ts_start",
    "ts_end",
    "started_at",
    "ended_at",
    "ttft_s",
    "duration_s",
    "cost_usd",
    "input_tokens_uncached",
    "cache_read_tokens",
    "input_tokens_total",
    "http_status",
}
_RANGES = {"ts_start", "started_at"}


class _Csv:
    def __init__(self, path: Path, schema: Any) -> None:
        import pyarrow.csv as pc

        self._writer = pc.CSVWriter(path, text_schema(schema))

    def write(self, table: Any) -> None:
        self._writer.write(as_text(table))

    def close(self) -> None:
        self._writer.close()


class _Jsonl:
    def __init__(self, path: Path, _schema: Any) -> None:
        self._file = path.open("w", encoding="utf-8")

    def write(self, table: Any) -> None:
        text = as_text(table)
        names = text.column_names
        for row in zip(*map(_plain_values, text.columns), strict=True):
            self._file.write(json.dumps(dict(zip(names, row, strict=True)), separators=(",", ":")))
            self._file.write("\n")

    def close(self) -> None:
        self._file.close()


def _plain_values(column: Any) -> list[Any]:
    """Values for JSON; those in single precision with the fewest digits that read back alike."""
    import pyarrow as pa

    if column.type != pa.float32():
        return list(column.to_pylist())
    texts = column.cast(pa.string()).to_pylist()
    return [None if text is None else float(text) for text in texts]


_SINKS: dict[str, Callable[[Path, Any], _Sink]] = {
    "parquet": _Parquet,
    "csv": _Csv,
    "jsonl": _Jsonl,
}

_PREFIXES = {
    "exchange_id": "req_",
    "account_id": "acc_",
    "org_id": "org_",
    "api_key_id": "key_",
    "conversation_id": "conv_",
    "task_uid": "task_",
    "campaign_uid": "camp_",
    "operator_uid": "op_",
}


def text_schema(schema: Any) -> Any:
    """The schema of `as_text`: identifiers and times as strings, words as plain strings."""
    import pyarrow as pa

    def plain(field: Any) -> Any:
        is_text = field.type == pa.uint64() or pa.types.is_timestamp(field.type)
        return pa.string() if is_text or pa.types.is_dictionary(field.type) else field.type

    return pa.schema([pa.field(f.name, plain(f)) for f in schema])


def as_text(table: Any) -> Any:
    """Render identifiers as `req_0123456789abcdef` and the like, times in RFC 3339."""
    import pyarrow as pa
    import pyarrow.compute as pc

    schema = text_schema(table.schema)
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if column.type == pa.uint64():
            prefix = _PREFIXES.get(name, "")
            texts = [None if v is None else f"{prefix}{v:016x}" for v in column.to_pylist()]
            columns.append(pa.array(texts, pa.string()))
        elif pa.types.is_timestamp(column.type):
            columns.append(pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ"))
        else:
            columns.append(column.cast(schema.field(name).type))
    return pa.table(columns, schema=schema)


def parse_id(text: str) -> int:
    """Inverse of the rendering of identifiers."""
    return int(text.rpartition("_")[2], 16)


class PartWriter:
    """One table as a sequence of parts of similar size, or as a single file.

    A part that an earlier, interrupted run finished is counted but not written again. `finished`
    is called with the record of every part that is whole.
    """

    def __init__(
        self,
        run: Path,
        stem: str,
        schema: Any,
        fmt: str,
        *,
        done: dict[str, FileRecord],
        finished: Callable[[FileRecord], None],
        single: bool = False,
    ) -> None:
        self._run, self._stem, self._schema, self._format = run, stem, schema, fmt
        self._done, self._finished, self._single = done, finished, single
        self._number = self._rows = 0
        self._sink: _Sink | None = None

    def _path(self) -> str:
        name = self._stem if self._single else f"{self._stem}/part-{self._number:05d}"
        return f"{name}.{self._format}"

    def append(self, table: Any) -> None:
        """Add rows; a part is closed by the table that fills it."""
        if self._path() not in self._done:
            self._open().write(table)
        self._rows += table.num_rows
        if self._rows >= PART_ROWS and not self._single:
            self._close_part()

    def close(self) -> None:
        """Finish the last part; a table without rows becomes one empty part."""
        if self._rows or self._number == 0:
            if self._path() not in self._done:
                self._open()
            self._close_part()

    def abandon(self) -> None:
        """Drop what is not whole."""
        if self._sink is not None:
            sink, self._sink = self._sink, None
            # what made the run fail, a full disk perhaps, may well fail here again
            with contextlib.suppress(OSError):
                sink.close()
            self._temporary().unlink(missing_ok=True)

    def _temporary(self) -> Path:
        path = self._run / self._path()
        return path.with_name(f".{path.name}.tmp")

    def _open(self) -> _Sink:
        if self._sink is None:
            temporary = self._temporary()
            temporary.parent.mkdir(parents=True, exist_ok=True)
            self._sink = _SINKS[self._format](temporary, self._schema)
        return self._sink

    def _close_part(self) -> None:
        path = self._path()
        if self._sink is not None:
            temporary = self._temporary()
            self._sink.close()
            self._sink = None
            record = FileRecord(path, self._rows, temporary.stat().st_size, sha256_of(temporary))
            temporary.rename(self._run / path)
            self._finished(record)
        self._number, self._rows = self._number + 1, 0


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
