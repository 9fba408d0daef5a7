"""Connections to DuckDB, whose queries end when a signal asks the process to end.

By itself DuckDB goes on with a query that other threads are at work on, and raises the interrupt
when all of it is computed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any
from weakref import WeakSet

# What DuckDB says in place of an interrupt that came in the middle of a query.
SAID_OF_INTERRUPTS = ("Query interrupted", "INTERRUPT Error: Interrupted!")

_connections: WeakSet[Any] = WeakSet()


def connect(place: str = ":memory:", settings: Mapping[str, Any] | None = None) -> Any:
    """Return a connection to a database; `interrupt_queries` knows it as long as it lives.

    Parameters
    ----------
    place
        File of the database; in memory if left out.
    settings
        Of DuckDB, such as `memory_limit`.
    """
    import duckdb

    connection = duckdb.connect(place, config=dict(settings or {}))
    _connections.add(connection)
    return connection


def interrupt_queries() -> None:
    """End all queries of this process; whoever asked them gets an error of DuckDB's."""
    for connection in list(_connections):
        connection.interrupt()


@contextlib.contextmanager
def heeding_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt where a signal ended a query; DuckDB makes another error of it."""
    try:
        yield
    except Exception as error:
        if str(error) not in SAID_OF_INTERRUPTS:
            raise
        raise KeyboardInterrupt from error
