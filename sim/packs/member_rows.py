"""Rows of a member's table, read in order from any row on, a few at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from sim.documents.printable import said
from sim.errors import InvalidInputError
from sim.tables.formats import FileRecord
from sim.tables.store import Store

_BATCH_ROWS = 16_384


class MemberRows:
    """The rows of a table that lies in files of Parquet, from one row on.

    What is in memory is a batch, and the compressed pages of one group of rows.

    Parameters
    ----------
    store
        The run of the member.
    files
        The files of the table, in order.
    schema
        Arrow schema of the columns that are read.
    first
        The row at which reading begins, counted over all files.
    """

    def __init__(
        self, store: Store, files: Sequence[FileRecord], schema: Any, first: int = 0
    ) -> None:
        self._schema = schema
        self._batches = _batches(store, files, schema, first)
        self._rest: Any = None

    def take(self, rows: int) -> Any:
        """Return the next rows as a table; ValueError if there are fewer."""
        import pyarrow as pa

        taken: list[Any] = []
        while rows:
            if self._rest is None or not self._rest.num_rows:
                self._rest = next(self._batches, None)
                if self._rest is None:
                    raise ValueError(f"{rows} rows are missing at the end of a table")
            taken.append(self._rest.slice(0, rows))
            self._rest = self._rest.slice(taken[-1].num_rows)
            rows -= taken[-1].num_rows
        return pa.concat_tables(taken) if taken else self._schema.empty_table()


def _batches(store: Store, files: Sequence[FileRecord], schema: Any, first: int) -> Iterator[Any]:
    """Yield tables of some rows each, from row `first` of all files on."""
    for record in files:
        if first >= record.rows:
            first -= record.rows
            continue
        yield from _batches_of_file(store, record, schema, first)
        first = 0


def _batches_of_file(store: Store, record: FileRecord, schema: Any, first: int) -> Iterator[Any]:
    """Yield the rows of a file from one on; groups of rows before it are not read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with contextlib.ExitStack() as stack, _damage(store.name(record.path)):
        file = stack.enter_context(store.reading(record.path))
        parquet = pq.ParquetFile(file, page_checksum_verification=True)
        groups = list(range(parquet.num_row_groups))
        while groups and first >= (rows := parquet.metadata.row_group(groups[0]).num_rows):
            first -= rows
            groups.pop(0)

        for batch in parquet.iter_batches(_BATCH_ROWS, groups, schema.names, use_threads=False):
            if first >= batch.num_rows:
                first -= batch.num_rows
                continue
            yield pa.Table.from_batches([batch.slice(first)]).cast(schema)
            first = 0


@contextlib.contextmanager
def _damage(name: str) -> Iterator[None]:
    """Say which file cannot be read, and what to do."""
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError:
        raise InvalidInputError(f"{name}: is missing; resume the pack to make it again") from None
    except (pa.ArrowInvalid, OSError, KeyError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InvalidInputError(
            f"{name}: cannot be read: {said(error)}; resume the pack to make it again"
        ) from error
