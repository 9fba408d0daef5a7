"""The tables of features of a pack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sim.features.dials import FeatureDials
from sim.features.windows import Window
from sim.tables.database import RunTables


def feature_tables(
    tables: RunTables, dials: FeatureDials, windows: Sequence[Window]
) -> Iterator[tuple[str, Any]]:
    """Make the tables of features one after the other.

    Parameters
    ----------
    tables
        The log; nothing of its truth is read.
    dials
        Which tables are made.
    windows
        From `windows_of`: of each of them `features/accounts` has the accounts.

    Yields
    ------
    str, pyarrow.Table or pyarrow.RecordBatchReader
        The stem of a table, such as `features/accounts`, and its rows; those of a reader must be
        taken before the next table is asked for.
    """
    raise NotImplementedError
