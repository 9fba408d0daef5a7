"""The tables of a run, their columns, and the Arrow types of these."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sim.tables.column import Column, TableSchema
from sim.tables.entity_schema import (
    ACCOUNT_PAYMENT,
    ACCOUNTS,
    CREDENTIALS,
    EDGES_OBSERVED,
    ENFORCEMENT_EVENTS,
    MODEL_CATALOG,
    ORGS,
    PAYMENT_EVENTS,
    PAYMENT_INSTRUMENTS,
)
from sim.tables.exchange_schema import DIMENSIONS, EXCHANGES, PROMPT_VECTOR
from sim.tables.truth_schema import (
    TRUTH_ACCOUNTS,
    TRUTH_ACTORS,
    TRUTH_CAMPAIGNS,
    TRUTH_EXCHANGES,
    TRUTH_LINKS,
    TRUTH_TASKS,
)

__all__ = [
    "ACCOUNTS",
    "ACCOUNT_PAYMENT",
    "CREDENTIALS",
    "DIMENSIONS",
    "EDGES_OBSERVED",
    "ENFORCEMENT_EVENTS",
    "EXCHANGES",
    "IN_PARTS",
    "LABELS",
    "MODEL_CATALOG",
    "ORGS",
    "PAYMENT_EVENTS",
    "PAYMENT_INSTRUMENTS",
    "PROMPT_VECTOR",
    "TABLES",
    "TRUTH_ACCOUNTS",
    "TRUTH_ACTORS",
    "TRUTH_CAMPAIGNS",
    "TRUTH_EXCHANGES",
    "TRUTH_LINKS",
    "TRUTH_TASKS",
    "arrow_schema",
    "column_named",
    "exchange_columns",
    "truth_columns",
]

TABLES: dict[str, TableSchema] = {
    "log/exchanges": EXCHANGES,
    "log/accounts": ACCOUNTS,
    "log/credentials": CREDENTIALS,
    "log/orgs": ORGS,
    "log/payment_instruments": PAYMENT_INSTRUMENTS,
    "log/account_payment": ACCOUNT_PAYMENT,
    "log/payment_events": PAYMENT_EVENTS,
    "log/edges_observed": EDGES_OBSERVED,
    "log/model_catalog": MODEL_CATALOG,
    "log/enforcement_events": ENFORCEMENT_EVENTS,
    "truth/exchanges": TRUTH_EXCHANGES,
    "truth/tasks": TRUTH_TASKS,
    "truth/accounts": TRUTH_ACCOUNTS,
    "truth/campaigns": TRUTH_CAMPAIGNS,
    "truth/actors": TRUTH_ACTORS,
    "truth/links": TRUTH_LINKS,
}
# Settings of `tables.columns`; each has the columns of those before it.
_PROFILES = ("lean", "core", "full")
# Tables that are a file for each part of the log; the others are a single file each.
IN_PARTS = ("log/exchanges", "truth/exchanges", "truth/tasks")
# Which table says the truth about the rows of another: as many, in the same order.
LABELS = {"log/exchanges": "truth/exchanges", "log/accounts": "truth/accounts"}


def exchange_columns(profile: str, *, vectors: bool = False) -> TableSchema:
    """Return the columns of the log.

    Parameters
    ----------
    profile
        `full`, `core`, or `lean` for the least that counting and summaries need.
    vectors
        Whether the vectors of prompts come last.

    Returns
    -------
    TableSchema
        In the order of `EXCHANGES`, the vectors last.
    """
    smallest = _PROFILES.index(profile)
    columns = [c for c in EXCHANGES.columns if _PROFILES.index(c.profile) <= smallest]
    return TableSchema([*columns, PROMPT_VECTOR] if vectors else columns)


def truth_columns(profile: str) -> TableSchema:
    """Return the columns of the truth of exchanges: all of them, unless the profile is `lean`."""
    columns = TRUTH_EXCHANGES.columns
    return TableSchema([c for c in columns if c.profile == "lean" or profile != "lean"])


@cache
def column_named(name: str) -> Column | None:
    """Return a column with this name of any table; those of one name are written alike."""
    return next((table.column(name) for table in TABLES.values() if name in table), None)


def arrow_schema(columns: Mapping[str, str]) -> Any:
    """Return the Arrow schema of columns, whose types are given by name.

    Only columns marked `?` may hold nulls, identifiers never: theirs are 0 where missing.

    Parameters
    ----------
    columns
        The type of each column by its name, as of `Column.type`.

    Returns
    -------
    pyarrow.Schema
        In the order of `columns`.
    """
    import pyarrow as pa

    types = {
        "id": pa.int64(),
        "time": pa.timestamp("us", tz="UTC"),
        "word": pa.dictionary(pa.int32(), pa.string()),
        "bool": pa.bool_(),
        "vector": pa.list_(pa.float16(), DIMENSIONS),
    }
    return pa.schema(
        [
            pa.field(
                name,
                types.get(kind.rstrip("?")) or getattr(pa, kind.rstrip("?"))(),
                nullable=kind.endswith("?") and kind != "id?",
            )
            for name, kind in columns.items()
        ]
    )
