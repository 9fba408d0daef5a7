"""A database on disk that sorts what memory does not hold."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from sim.documents.printable import printable, said
from sim.errors import SimError
from sim.tables.connections import connect, heeding_signals
from sim.tables.database import quoted

if TYPE_CHECKING:
    import pyarrow as pa

# What the database holds in memory, beyond which it sorts on disk.
MEMORY = "512MB"


@contextlib.contextmanager
def scratch(what: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give an empty database in a temporary folder, which is gone afterwards.

    Parameters
    ----------
    what
        What is sorted there, for messages.

    Raises
    ------
    SimError
        If it cannot be sorted, such as on a full disk.
    """
    with tempfile.TemporaryDirectory(prefix="sim-export-") as folder:
        try:
            with heeding_signals(), connect(str(Path(folder) / "rows.duckdb")) as database:
                database.execute(
                    "SET TimeZone = 'UTC'; SET enable_progress_bar = false; SET threads = 1; "
                    f"SET memory_limit = {quoted(MEMORY)}; SET temp_directory = {quoted(folder)}"
                )
                yield database
        except duckdb.Error as error:
            raise SimError(
                f"{what} cannot be sorted in {printable(folder)}: {said(error)}; free some space "
                "there, or set TMPDIR to another folder"
            ) from error


def put(database: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Add rows to a table of the database, which is made of the first ones."""
    database.register("given", rows)
    there: Any = database.execute("FROM duckdb_tables() WHERE table_name = ?", [name]).fetchone()
    into = f"INSERT INTO {name}" if there else f"CREATE TABLE {name} AS"
    database.execute(f"{into} SELECT * FROM given")
    database.unregister("given")
