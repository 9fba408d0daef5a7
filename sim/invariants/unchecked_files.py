"""Files that no invariant is about, and those that are not what the manifest says."""

from __future__ import annotations

from sim.engine.verify import problem_of
from sim.invariants.run_index import RunIndex
from sim.tables.reading import Run
from sim.tables.schema import TABLES

# The checks read all of these.
_OF_CHECKS = {
    "log/exchanges",
    "log/accounts",
    "log/enforcement_events",
    "truth/exchanges",
    "truth/tasks",
    "truth/accounts",
    "truth/actors",
    "truth/campaigns",
}


def open_the_others(index: RunIndex) -> None:
    """Read the tables that no check reads, and keep nothing of them.

    Tables of truth are left out where truth is not complete.

    Raises
    ------
    InvalidInputError
        If a table cannot be read, or has a value of another type.
    """
    for table, columns in TABLES.items():
        if table not in _OF_CHECKS and (index.truth or table.startswith("log/")):
            for _ in index.run.tables(table, columns, list(columns)):
                """It can be read, and every value is of its type."""


def other_files(run: Run) -> list[str]:
    """Return a line for each file that is there and not what the manifest says.

    Files that are missing are not listed: a run may be handed on without its truth.
    """
    return [p for r in run.records if run.store.is_file(r.path) and (p := problem_of(run.store, r))]
