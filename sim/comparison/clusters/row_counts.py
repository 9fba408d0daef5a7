"""Counting distinct rows of a stream of columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class RowCounts:
    """How often each distinct row of some columns occurs, in memory that grows with those rows.

    The first column, `group`, is whose rows are asked for. Parts are merged now and then, not one
    by one, so that adding stays linear in the rows. Distinct rows keep the order in which they came
    first.
    """

    def __init__(self, *names: str) -> None:
        """Count rows of the columns `group` and `names`."""
        self._names = ["group", *names]
        self._parts: list[Any] = []
        self._distinct_rows = 0

    def add(self, *columns: Any) -> None:
        """Count the rows of a part.

        Parameters
        ----------
        columns:
            One for the group and one for each name, (n,) each, as arrays of NumPy or Arrow; n may
            be 0.
        """
        import pyarrow as pa

        rows = pa.table([*columns, np.ones(len(columns[0]), np.int64)], [*self._names, "n"])
        self._parts.append(self._grouped(rows))

        # only when as much has come again as was there, so that a row is moved a few times at most
        if sum(part.num_rows for part in self._parts) > 2 * self._distinct_rows:
            self._distinct_rows = self._table().num_rows

    def rows(self, group: int) -> dict[str, NDArray[Any]]:
        """Return the distinct rows of a group, in the order in which they came first.

        Returns
        -------
        dict
            An array for each name, and `n`, how often each row occurs; (k,) each, and empty for a
            group without rows. At least one part must have been added.
        """
        import pyarrow.compute as pc

        table = self._table()
        rows = table.filter(pc.equal(table.column("group"), group))
        return {name: rows.column(name).to_numpy() for name in (*self._names[1:], "n")}

    def _table(self) -> Any:
        """Join the parts to one table of distinct rows, in the order in which they came."""
        import pyarrow as pa

        if len(self._parts) > 1:
            self._parts = [self._grouped(pa.concat_tables(self._parts))]
        return self._parts[0]

    def _grouped(self, rows: Any) -> Any:
        """Return the distinct rows of a table, with the sum of their `n`."""
        # one thread: several give the rows in an order that depends on their timing
        sums = rows.group_by(self._names, use_threads=False).aggregate([("n", "sum")])
        return sums.select([*self._names, "n_sum"]).rename_columns([*self._names, "n"])
