"""SQL over the tables of a run, by DuckDB."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from sim.documents.printable import said
from sim.errors import InvalidInputError


def view_of(table: str) -> str:
    """What a table is called in SQL: `exchanges` for log/exchanges, `truth_tasks`."""
    return table.removeprefix("log/").replace("/", "_")


def relation(
    place: str, names: Collection[str], dataset: Callable[[str], Any], query: str, truth: bool
) -> Any:
    """Hand a query on the tables `names` of the run at `place` to DuckDB; see `Run.sql`."""
    try:
        import duckdb
    except ImportError:
        raise InvalidInputError(
            "sql needs duckdb; `pip install 'llm-traffic-sim[sql]'` brings it"
        ) from None
    there = {view_of(table): table for table in names}
    sealed = [view for view in there if view.startswith("truth_") and not truth]
    if truth and not any(view.startswith("truth_") for view in there):
        raise InvalidInputError(f"{place}: its truth was taken away; ask without truth")
    connection = duckdb.connect()
    # variables of this module are no tables, and times are shown as they are stored
    connection.execute("SET python_enable_replacements = false; SET TimeZone = 'UTC'")
    for view, table in there.items():
        if _mentions(query, view) and view not in sealed:
            connection.register(view, dataset(table))
    try:
        return connection.sql(query)
    except duckdb.Error as error:
        asked = [view for view in sealed if _mentions(query, view)]
        why = (
            f"{', '.join(asked)}: truth comes with truth=True"
            if asked
            else f"DuckDB: {said(error)}"
        )
        raise InvalidInputError(f"{place}: {why}") from error


def _mentions(query: str, view: str) -> bool:
    return re.search(rf"\b{view}\b", query, re.IGNORECASE) is not None
