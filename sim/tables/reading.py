"""Read a finished run back, whatever format it was written in."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from sim.documents.printable import said
from sim.errors import InvalidInputError
from sim.tables.column import TableSchema
from sim.tables.file_readers import READERS
from sim.tables.formats import FileRecord
from sim.tables.integrity import seen_damage
from sim.tables.manifest import read_manifest, records_of, scenario_of
from sim.tables.schema import LABELS, TABLES, arrow_schema, exchange_columns, truth_columns
from sim.tables.store import Store

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow.compute as pc


def open_run(place: Store | Path | str) -> Run:
    """Open a finished run.

    Parameters
    ----------
    place
        The folder or URL where it lies.

    Raises
    ------
    InvalidInputError
        If the place holds no finished run; the message says what it holds instead.

    Returns
    -------
    Run
        Of its files only the manifest was read.
    """
    return Run(place)


class Run:
    """A finished run: its manifest and its tables.

    Tables are named as their files are, such as `log/exchanges` and `truth/tasks`; `names` lists
    them. Truth comes only when it is asked for, by name or with `truth=True`. A file that is read
    must be what the manifest says, as far as docs/guides/reading-runs.md tells; with
    `as_written=False` it may be of other bytes and rows.

    Attributes
    ----------
    store
        Where it lies.
    manifest
        The values of its manifest.
    scenario
        Its scenario in resolved form.
    format
        `parquet`, `csv` or `jsonl`.
    """

    def __init__(self, place: Store | Path | str, *, as_written: bool = True) -> None:
        """Open a run; raise InvalidInputError unless a finished one is at the path or URL."""
        self.store = Store.of(place)
        self.manifest = read_manifest(self.store)
        self.scenario = scenario_of(self.manifest)
        self._as_written = as_written
        self._records = {record.path: record for record in records_of(self.manifest)}
        self.format = self.scenario.tables.format

    def __repr__(self) -> str:
        rows = sum(self._records[path].rows for path in self._log)
        seed = self.manifest["seed"]
        return f"<Run {self.store}: {rows:,} exchanges in {self.format}, seed {seed}>"

    def _repr_html_(self) -> str:
        """Return what each actor was asked for and achieved, as a table for notebooks."""
        shown = ("actor", "typology", "unit", "requested", "achieved", "exchanges_in_log")
        head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in shown)
        rows = "".join(
            f"<tr>{''.join(f'<td>{_cell(actor[name])}</td>' for name in shown)}</tr>"
            for actor in self.manifest["actors"]
        )
        return f"<p>{escape(repr(self))}</p><table><tr>{head}</tr>{rows}</table>"

    @property
    def summary(self) -> dict[str, Any]:
        """What the run holds: scenario, seed, exchanges, files, bytes, and what actors achieved."""
        return {
            "place": self.store.url,
            "scenario": self.scenario.name,
            "seed": self.scenario.seed,
            "format": self.format,
            "exchanges": sum(self._records[path].rows for path in self._log),
            "files": len(self._records),
            "bytes": sum(record.bytes for record in self._records.values()),
            "actors": self.manifest["actors"],
        }

    @property
    def records(self) -> list[FileRecord]:
        """The files that its manifest lists."""
        return list(self._records.values())

    @property
    def _log(self) -> list[str]:
        """The files of the exchange log, in order."""
        return self.files("log/exchanges")

    @property
    def names(self) -> tuple[str, ...]:
        """The tables that are there; truth may have been taken away from a run on purpose."""
        return tuple(name for name in TABLES if self.has(name))

    def columns(self, table: str) -> TableSchema:
        """Return the columns of a table; as a mapping, the type of each by its name.

        Those of exchanges depend on `tables.columns` and `tables.vectors` of the scenario.

        Parameters
        ----------
        table
            Its name, such as `log/exchanges`.

        Raises
        ------
        InvalidInputError
            If no run has such a table. Whether this run still has its truth is not asked.
        """
        if table not in TABLES:
            self._lacks(f"there is no table {table}; there are {', '.join(TABLES)}")
        if table == "log/exchanges":
            tables = self.scenario.tables
            return exchange_columns(tables.columns, vectors=tables.vectors)
        if table == "truth/exchanges":
            return truth_columns(self.scenario.tables.columns)
        return TABLES[table]

    def expect_core_columns(self) -> None:
        """Raise InvalidInputError if the exchanges have the column profile `lean`."""
        if self.scenario.tables.columns == "lean":
            self._lacks(
                "the column profile lean has too few columns for this; "
                "run the scenario again with --columns core or full"
            )

    def dataset(self, table: str = "log/exchanges") -> Any:
        """Return a table as `pyarrow.dataset.Dataset`, typed as docs/reference/log-schema.md says.

        Of Parquet nothing is read yet: a scan fetches the columns and parts that it needs. CSV and
        JSON lines are read into memory whole, because their identifiers are text.

        Raises
        ------
        InvalidInputError
            If the table is not there, or if a file of it is missing or damaged.
        """
        import pyarrow.dataset as ds

        columns = self.columns(table)
        files = self._whole(table)
        if self.format != "parquet":
            return ds.dataset(self.table(table, columns))

        for path in files:
            with self._file(path):
                """It is as it was written, as far as its footer tells."""
        checking = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
        return ds.dataset(
            [self.store.full(path) for path in files],
            schema=arrow_schema(columns),
            format=ds.ParquetFileFormat(default_fragment_scan_options=checking),
            filesystem=None if self.store.is_local else self.store.filesystem,
        )

    def exchanges(
        self,
        columns: Sequence[str] | None = None,
        where: pc.Expression | None = None,
        truth: bool = False,
    ) -> pd.DataFrame:
        """Return the exchange log, one row per HTTP attempt; see `pandas`.

        Parameters
        ----------
        columns, where, truth
            As of `pandas`: which columns and rows, and whether those of `truth/exchanges` come too.
        """
        return self.pandas("log/exchanges", columns, truth, where)

    def pandas(
        self,
        table: str = "log/exchanges",
        columns: Sequence[str] | None = None,
        truth: bool = False,
        where: pc.Expression | None = None,
    ) -> pd.DataFrame:
        """Return a table, or some columns and rows of it, as data frame.

        Parameters
        ----------
        table
            Its name, such as `log/accounts`.
        columns
            Columns in the order wanted; all if left out.
        truth
            Whether the columns of `truth/exchanges` stand beside the same rows of `log/exchanges`,
            those of `truth/accounts` beside `log/accounts`.
        where
            Which rows, as in `pyarrow.compute.field("http_status") == 200`; all if left out. It may
            ask for columns that are not among `columns`.

        Returns
        -------
        pandas.DataFrame
            Rows in the order of the files, numbered from 0. Words are categories, identifiers whole
            numbers (0 where missing), times are in UTC.

        Raises
        ------
        InvalidInputError
            If a table or column is not there, or if a file of it is missing or damaged.
        TypeError
            If `where` is no expression of pyarrow.
        """
        import pyarrow as pa

        _expect_expression(where)
        types = self.columns(table)
        labels: Mapping[str, str] = self._labels(table) if truth else {}
        everything = {**types, **labels}
        names = list(everything) if columns is None else list(columns)
        self._expect(table, names, everything)
        self._whole(table)

        # columns that the result or the condition needs, and the key that joins log and truth
        wanted = {*names, *_mentioned(where, everything)}
        key = next(iter(types))
        parts = self.tables(
            table, types, [n for n in types if n in wanted or (labels and n == key)]
        )
        if labels:
            sealed = self.tables(
                LABELS[table], TABLES[LABELS[table]], [key, *(n for n in labels if n in wanted)]
            )
            parts = (
                self._beside(log, truths, table, key)
                for log, truths in zip(parts, sealed, strict=True)
            )

        if where is not None:
            parts = (part.filter(where) for part in parts)
        return pa.concat_tables([part.select(names) for part in parts]).to_pandas()

    def sql(self, query: str, truth: bool = False) -> Any:
        """Return what a query gives, as `duckdb.DuckDBPyRelation`: `.df()`, `.pl()`, `.fetchall()`.

        DuckDB reads what the query needs, when the result is asked for.

        Parameters
        ----------
        query
            SQL over the tables of the log by their names, such as `exchanges` and `accounts`.
        truth
            Whether it may ask for tables of the truth: `truth_exchanges`, `truth_tasks` ...

        Raises
        ------
        InvalidInputError
            If DuckDB refuses the query or is not installed, or if a table is not there.
        """
        from sim.tables.query import relation

        return relation(str(self.store), self.names, self.dataset, query, truth)

    def _labels(self, table: str) -> Mapping[str, str]:
        """Return the columns of the truth about the rows of a table; refuse a table without one."""
        if table not in LABELS:
            self._lacks(f"{table} has no truth of its rows; {' and '.join(LABELS)} have")
        self._whole(LABELS[table])
        return self.columns(LABELS[table])

    def _beside(self, log: Any, labels: Any, table: str, key: str) -> Any:
        """Return a part of a table with the columns of its truth behind its own.

        Both are matched by place, never joined: the identifiers must be the same, row by row.
        """
        if not log.column(key).equals(labels.column(key)):
            raise InvalidInputError(f"{self.store}: {LABELS[table]} belongs to another log")
        for name in labels.column_names[1:]:
            log = log.append_column(labels.schema.field(name), labels.column(name))
        return log

    def _whole(self, table: str) -> list[str]:
        """Return the files of a table; raise InvalidInputError unless every one is there."""
        files = self.files(table)
        lost = sorted(set(files) - set(self.store.files(table.partition("/")[0])))
        if not self.has(table):
            self._lacks(f"its truth was taken away: {table} is not there")
        if lost:
            wrong = self.store.wrong_with(lost[0])
            name = self.store.name(lost[0])
            raise InvalidInputError(f"{name}: {wrong}") if wrong else _missing(name)
        return files

    def _expect(self, table: str, names: Iterable[str], there: Mapping[str, str]) -> None:
        """Raise InvalidInputError for the first name that is no column that is there.

        The message says whether the name is one of the truth, else which names are near.
        """
        for name in names:
            if name in there:
                continue
            if name in TABLES.get(LABELS.get(table, ""), {}):
                self._lacks(f"{name} is truth; give truth=True")
            near = difflib.get_close_matches(name, there, 3) or list(there)
            self._lacks(f"{table} has no column {name}; it has {', '.join(near)}")

    def _lacks(self, what: str) -> NoReturn:
        """Raise InvalidInputError that says what this run does not have."""
        raise InvalidInputError(f"{self.store}: {what}")

    def has(self, stem: str) -> bool:
        """Whether the table is there; truth may have been taken away from a run on purpose.

        Raises
        ------
        InvalidInputError
            If only some of the truth was taken away.
        """
        if not stem.startswith("truth/"):
            return True
        listed = [path for path in self._records if path.startswith("truth/")]
        present = set(self.store.files("truth"))
        lost = [path for path in listed if path not in present]
        if lost and len(lost) < len(listed):
            raise _missing(self.store.name(lost[0]))
        return not lost and bool(listed)

    def tables(self, stem: str, columns: Mapping[str, str], names: Sequence[str]) -> Iterator[Any]:
        """Yield the parts of a table as Arrow tables with the columns `names`.

        Parameters
        ----------
        stem
            The name of the table, such as `log/exchanges`.
        columns
            Its schema: the type of each column by name.
        names
            The columns that are read.

        Raises
        ------
        InvalidInputError
            If a part is missing or damaged, or lacks a column or values.

        Yields
        ------
        pyarrow.Table
            A part each, in order, typed as `columns` says, whatever the format. One part is in
            memory at a time.
        """
        schema = arrow_schema({name: columns[name] for name in names})
        for path in self.files(stem):
            yield self._part(path, schema)

    def _part(self, path: str, schema: Any) -> Any:
        """Read a file of a table as Arrow table.

        The values must be such as Arrow accepts, and nothing may be missing where nothing may be.
        The number of rows must be that of the manifest, unless the run may be other than it was
        written.
        """
        name = self.store.name(path)
        with self._file(path) as file:
            try:
                table = READERS[self.format](file, schema)
                table.validate(full=True)
            except Exception as error:  # Arrow has its own, and raises others too
                raise InvalidInputError(f"{name}: cannot be read: {said(error)}") from error
        empty = [f.name for f in schema if not f.nullable and table.column(f.name).null_count]
        if empty:
            raise InvalidInputError(f"{name}: cannot be read: {empty[0]} is missing in some rows")
        rows = self._records[path].rows
        if self._as_written and schema.names and table.num_rows != rows:
            raise _other(name, f"has {table.num_rows:,} rows, the manifest says {rows:,}")
        return table

    @contextlib.contextmanager
    def _file(self, path: str) -> Iterator[Any]:
        """Open a file, which is as it was written, as far as `seen_damage` can tell."""
        name = self.store.name(path)
        if not self.store.wrong_with(path) and not self.store.is_file(path):
            raise _missing(name)
        with self.store.reading(path) as file:
            damage = seen_damage(file, self._records[path]) if self._as_written else None
            if damage:
                raise _other(name, damage)
            yield file

    def table(self, stem: str, columns: Mapping[str, str]) -> Any:
        """Read a whole table into memory, with all its columns.

        Parameters
        ----------
        stem, columns
            As of `tables`.

        Raises
        ------
        InvalidInputError
            If the table is not there, or if a part of it is missing or damaged.
        """
        import pyarrow as pa

        parts = list(self.tables(stem, columns, list(columns)))
        if not parts:
            raise InvalidInputError(f"{self.store}: holds no table {stem}")
        return pa.concat_tables(parts)

    def files(self, stem: str) -> list[str]:
        """Return the files of a table in order, relative to the run; none if it has none."""
        single = f"{stem}.{self.format}"
        paths = [p for p in self._records if p == single or p.startswith(f"{stem}/")]
        return sorted(paths, key=lambda path: (len(path), path))


def _expect_expression(where: object) -> None:
    """Raise TypeError unless `where` is None or an expression of pyarrow."""
    import pyarrow.compute as pc

    if not (where is None or isinstance(where, pc.Expression)):
        raise TypeError(
            "where takes an expression such as pyarrow.compute.field('http_status') == 200; "
            f"found {type(where).__name__}; `sql` takes a condition as text"
        )


def _mentioned(where: pc.Expression | None, names: Iterable[str]) -> set[str]:
    """Return the columns that a condition names; Arrow tells them only in its text.

    It may return too many: a text that is compared with may happen to be a column's name. They are
    read in vain, no more.
    """
    words = set() if where is None else set(re.findall(r"\w+", str(where)))
    return words & set(names)


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else escape(str(value))


def _missing(name: str) -> InvalidInputError:
    return InvalidInputError(f"{name}: is missing; `sim verify` lists what is damaged")


def _other(name: str, what: str) -> InvalidInputError:
    return InvalidInputError(f"{name}: {what}; `sim verify` lists what is damaged")
