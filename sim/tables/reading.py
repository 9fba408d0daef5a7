"""Read a finished run back, whatever format it was written in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sim.errors import InvalidInputError
from sim.tables.files import parse_id
from sim.tables.manifest import read_manifest, scenario_of
from sim.tables.schema import arrow_schema
from sim.tables.store import Store


class Run:
    """A finished run: its manifest and its tables."""

    def __init__(self, place: Store | Path | str) -> None:
        """Raises InvalidInputError unless there is a finished run at the path or URL `place`."""
        self.store = Store.of(place)
        self.manifest = read_manifest(self.store)
        self.scenario = scenario_of(self.manifest, self.store)
        self.format = self.scenario.tables.format

    def has(self, stem: str) -> bool:
        """Whether the table is there; truth may have been taken away from a run on purpose."""
        return any(self.store.is_file(path) for path in self.files(stem))

    def tables(self, stem: str, columns: dict[str, str], names: Sequence[str]) -> Iterator[Any]:
        """Yield the parts of a table as Arrow tables with the columns `names`.

        `columns` is the table's schema. Raises InvalidInputError for a part that is missing or
        damaged, or that lacks a column.
        """
        schema = arrow_schema({name: columns[name] for name in names})
        for path in self.files(stem):
            name = self.store.name(path)
            if not self.store.is_file(path):
                raise InvalidInputError(f"{name}: is missing; `sim verify` lists what is damaged")
            try:
                with self.store.reading(path) as file:
                    yield _READERS[self.format](file, schema)
            except (OSError, ValueError, KeyError) as error:
                raise InvalidInputError(f"{name}: cannot be read: {error}") from error

    def table(self, stem: str, columns: dict[str, str]) -> Any:
        """A whole table in memory, with all its columns."""
        import pyarrow as pa

        parts = list(self.tables(stem, columns, list(columns)))
        if not parts:
            raise InvalidInputError(f"{self.store}: holds no table {stem}")
        return pa.concat_tables(parts)

    def files(self, stem: str) -> list[str]:
        """The files of a table in order, relative to the run."""
        paths = [f["path"] for f in self.manifest["files"]]
        return [p for p in paths if p == f"{stem}.{self.format}" or p.startswith(f"{stem}/")]


def _parquet(file: Any, schema: Any) -> Any:
    import pyarrow.parquet as pq

    return pq.read_table(file, columns=schema.names).cast(schema)


def _csv(file: Any, schema: Any) -> Any:
    import pyarrow as pa
    import pyarrow.csv as pc

    table = pc.read_csv(
        file,
        convert_options=pc.ConvertOptions(
            include_columns=schema.names,
            column_types={name: _text_type(schema.field(name).type) for name in schema.names},
            strings_can_be_null=True,
        ),
    )
    return _typed(table, schema, pa)


def _jsonl(file: Any, schema: Any) -> Any:
    import pyarrow as pa
    import pyarrow.json as pj

    explicit = pa.schema([(name, _text_type(schema.field(name).type)) for name in schema.names])
    if not file.seek(0, 2):
        return schema.empty_table()
    file.seek(0)
    options = pj.ParseOptions(explicit_schema=explicit, unexpected_field_behavior="ignore")
    return _typed(pj.read_json(file, parse_options=options), schema, pa)


_READERS = {"parquet": _parquet, "csv": _csv, "jsonl": _jsonl}


def _text_type(kind: Any) -> Any:
    import pyarrow as pa

    if kind == pa.uint64() or pa.types.is_dictionary(kind) or pa.types.is_timestamp(kind):
        return pa.string()
    return kind


def _typed(table: Any, schema: Any, pa: Any) -> Any:
    import pyarrow.compute as pc

    columns = []
    for field in schema:
        column = table.column(field.name)
        if field.type == pa.uint64():
            ids = [None if text is None else parse_id(text) for text in column.to_pylist()]
            column = pa.array(ids, pa.uint64())
        elif pa.types.is_timestamp(field.type):
            stamps = pc.utf8_slice_codeunits(column.cast(pa.string()), 0, 26)
            column = stamps.cast(pa.timestamp("us")).cast(field.type)
        else:
            column = column.cast(field.type)
        columns.append(column)
    return pa.table(columns, schema=schema)
