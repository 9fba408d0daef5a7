"""SQL over the tables of a run, by DuckDB."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from sim.documents.printable import said
from sim.errors import InvalidInputError
from sim.tables.connections import connect


def view_of(table: str) -> str:
    """Return what a table is called in SQL: `exchanges` for log/exchanges, `truth_tasks`."""
    return table.removeprefix("log/").replace("/", "_")


def relation(
    place: str, names: Collection[str], dataset: Callable[[str], Any], query: str, truth: bool
) -> Any:
    """Hand a query to DuckDB; see `Run.sql`.

    Only tables that the query mentions are registered, by name, as views; a word in a text of the
    query counts too. Tables of the truth are not registered without `truth`, so that DuckDB refuses
    a query that asks for them.

    Parameters
    ----------
    place
        Where the run lies, for messages.
    names
        The tables that are there.
    dataset
        Gives a table by its name; called for those that the query mentions.
    query
        The SQL.
    truth
        Whether it may ask for tables of the truth.

    Returns
    -------
    duckdb.DuckDBPyRelation
        Not yet computed. Times are in UTC.

    Raises
    ------
    InvalidInputError
        If DuckDB is not installed or refuses the query, or if truth was asked for that was taken
        away.
    """
    try:
        import duckdb
    except ImportError:
        raise InvalidInputError(
            "sql needs duckdb; `pip install 'llm-traffic-sim[sql]'` brings it"
        ) from None
    tables = {view_of(name): name for name in names}
    sealed = [view for view in tables if view.startswith("truth_") and not truth]
    if truth and not any(view.startswith("truth_") for view in tables):
        raise InvalidInputError(f"{place}: its truth was taken away; ask without truth")

    connection = connect()
    # variables of this module are no tables, and times are shown as they are stored
    connection.execute("SET python_enable_replacements = false; SET TimeZone = 'UTC'")
    for view, name in tables.items():
        if _mentions(query, view) and view not in sealed:
            connection.register(view, _with_floats(dataset(name)))

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


def _with_floats(table: Any) -> Any:
    """Return a dataset whose vectors of half floats are floats: DuckDB takes no others of Arrow."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    schema = table.schema
    for place, field in enumerate(schema):
        kind = field.type
        if pa.types.is_fixed_size_list(kind) and pa.types.is_float16(kind.value_type):
            element = kind.value_field.with_type(pa.float32())
            schema = schema.set(place, field.with_type(pa.list_(element, kind.list_size)))
    if schema is table.schema:
        return table
    if isinstance(table, ds.InMemoryDataset):
        return ds.dataset(table.to_table().cast(schema))
    return ds.FileSystemDataset(list(table.get_fragments()), schema, table.format, table.filesystem)


def _mentions(query: str, view: str) -> bool:
    """Whether a query has the name of a view in it as a whole word, in capitals or not."""
    return re.search(rf"\b{view}\b", query, re.IGNORECASE) is not None
