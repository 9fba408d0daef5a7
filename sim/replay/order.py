"""The order of a replay: rows as requests arrive, or as their answers end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

Order: TypeAlias = Literal["start", "end"]
# The column by which rows are ordered and paced.
MOMENT: dict[Order, str] = {"start": "ts_start", "end": "ts_end"}


def by_end(parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield rows in order of their ends, those of one microsecond by `exchange_id`.

    Rows wait until no later part can hold one that ends before them: until the log has come to
    their end. So many are in memory as lie in one part, and as are under way at its end.

    Parameters
    ----------
    parts
        Rows by `ts_start`, with the columns `ts_start`, `ts_end` and `exchange_id`.
    """
    waiting: list[pa.Table] = []
    for part in parts:
        if not part.num_rows:
            continue
        rows = pa.concat_tables([*waiting, part]).unify_dictionaries()
        rows = rows.sort_by([("ts_end", "ascending"), ("exchange_id", "ascending")])
        ended = pc.sum(pc.less(rows["ts_end"], part["ts_start"][-1])).as_py()
        yield rows.slice(0, ended)
        waiting = [rows.slice(ended)]
    yield from waiting


def cut(
    tables: Iterable[pa.Table], offset: int, limit: int | None, rows: int
) -> Iterator[pa.Table]:
    """Yield the rows of tables from a place on, in tables of a few rows.

    Parameters
    ----------
    tables
        Rows in order.
    offset
        Rows that are left out at the beginning.
    limit
        Most rows that come, 1 or more; all if None.
    rows
        Most rows of a table that is yielded.
    """
    left = limit
    for table in tables:
        part = table.slice(offset, None if left is None else min(left, table.num_rows))
        offset = max(0, offset - table.num_rows)
        left = None if left is None else left - part.num_rows
        for begin in range(0, part.num_rows, rows):
            yield part.slice(begin, rows)
        if left == 0:
            return
