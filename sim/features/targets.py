"""What detectors of a pack are asked for: the recommended target and its alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.features.windows import Window
from sim.tables.database import RunTables


def target_tables(tables: RunTables, windows: Sequence[Window], least_share: float = 0.05) -> Any:
    """Return `truth/targets`: what each account is in each window.

    Parameters
    ----------
    tables
        The log and its truth.
    windows
        From `windows_of`; the first is the whole log, of which accounts have rows too.
    least_share
        Share of an account's exchanges that must extract, for the recommended target.

    Returns
    -------
    pyarrow.Table
        As `sim.tables.feature_schema.TARGETS`; a row for each account that has an exchange in the
        window, in order of entity_type and entity_id.
    """
    raise NotImplementedError
