"""The tables of features of a pack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sim.features.as_of import AsOf
from sim.features.dials import FeatureDials
from sim.features.grouped import in_parts, made_of, present, table_of
from sim.features.joined import FAMILIES, Family, View, days, numbered
from sim.features.windows import Window, example_columns
from sim.tables.column import Column, TableSchema
from sim.tables.database import RunTables
from sim.tables.exchange_features import SHOWN
from sim.tables.feature_schema import DAY, ENDS, EXAMPLE, NUMBERED
from sim.tables.schema import arrow_schema


def feature_tables(
    tables: RunTables, dials: FeatureDials, windows: Sequence[Window]
) -> Iterator[tuple[str, Any]]:
    """Make the tables of features one after the other.

    Features of columns that a log of `tables.columns: core` does not have are left out.

    Parameters
    ----------
    tables
        The log; nothing of its truth is read.
    dials
        Which tables are made.
    windows
        From `windows_of`, the whole log first: `features/accounts` has the accounts of each.

    Yields
    ------
    str, pyarrow.Table or pyarrow.RecordBatchReader
        The stem of a table, such as `features/accounts`, and its rows; those of a reader must be
        taken before the next table is asked for.
    """
    if dials.accounts:
        yield "features/accounts", account_features(tables, dials, windows)

    whole = _view(tables, dials, windows[0])
    if dials.account_days:
        yield "features/account_days", _account_days(whole)
    if dials.windows:
        family = Family([*ENDS, *SHOWN], numbered(dials.requests), by_account=True)
        yield "features/windows", _reader(whole, NUMBERED, family, dials.least_requests)


def account_features(tables: RunTables, dials: FeatureDials, windows: Sequence[Window]) -> Any:
    """Return `features/accounts`: the accounts of each window, in order of example_id."""
    import pyarrow as pa

    made = [_of_window(_view(tables, dials, window), window) for window in windows]
    return pa.concat_tables(made).sort_by("example_id")


def account_days(tables: RunTables, window: Window) -> Any:
    """Return what `features/account_days` would have of a window, as a data frame."""
    return _account_days(_view(tables, FeatureDials(), window)).read_pandas()


def _account_days(view: View) -> Any:
    return _reader(view, DAY, Family(SHOWN, days, by_account=True), 1)


def _view(tables: RunTables, dials: FeatureDials, window: Window) -> View:
    return View(AsOf(tables, window.to_us), window.from_us, dials.rare_accounts)


def _of_window(view: View, window: Window) -> Any:
    """Return the features of the accounts that have an exchange in a window."""
    import pandas as pd

    columns, frames = list(EXAMPLE), []
    for family in FAMILIES:
        if kept := present(view.as_of, family):
            parts = in_parts(view) if family.by_account else [view]
            frames.append(pd.concat([made_of(part, family) for part in parts]))
            columns += kept

    frame, *others = frames  # the first has all accounts that have an exchange
    for other in others:
        frame = frame.merge(other, on="account_id", how="left")
    named = example_columns(frame["account_id"].to_numpy(), window)
    return table_of(TableSchema(columns), frame.assign(**named))


def _reader(view: View, keys: Sequence[Column], family: Family, least: int) -> Any:
    """Return rows with at least so many exchanges, in order of their keys, as they are made."""
    import pyarrow as pa

    columns = TableSchema([*keys, *present(view.as_of, family)])
    names = [column.name for column in keys]

    def batches() -> Iterator[Any]:
        for part in in_parts(view):
            frame = made_of(part, family, names)
            yield from table_of(columns, frame[frame["exchanges"] >= least]).to_batches()

    return pa.RecordBatchReader.from_batches(arrow_schema(columns), batches())
