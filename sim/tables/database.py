"""The tables of a run in a database: all instruments read them there, and leaks are planted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from sim.tables.reading import Run
from sim.tables.schema import TABLES

# Tables that are about no account.
OF_NO_ACCOUNT = ("log/model_catalog",)
# How rows that do not name an account are brought to it: by a column, and the table that has both.
_WAYS = {
    "org_id": "log_accounts",
    "instrument_hash": "log_account_payment",
    "workspace_id": "log_credentials",
    "api_key_id": "log_credentials",
}


def name_of(stem: str) -> str:
    """`log/exchanges` is `log_exchanges` in the database."""
    return stem.replace("/", "_")


class RunTables:
    """The tables of a finished run as views of a database; `opens_us`, `closes_us` of its log."""

    def __init__(self, run: Path) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        read = Run(run)
        self.scenario = read.scenario
        clock = read.scenario.clock
        self.opens_us = round(clock.start.timestamp() * 1e6)
        self.closes_us = self.opens_us + clock.duration_us
        self.schemas: dict[str, dict[str, str]] = {}

        for stem in read.names:
            files = ", ".join(f"'{run / path}'" for path in read.files(stem))
            source = f"read_parquet([{files}], hive_partitioning=false)"
            self.connection.execute(f"CREATE VIEW {name_of(stem)} AS FROM {source}")
            found = self.rows(f"DESCRIBE {name_of(stem)}")["column_name"]
            self.schemas[stem] = {name: _kind(stem, name) for name in found}

    def rows(self, query: str) -> Any:
        """Return what a query finds, as a data frame."""
        return self.connection.execute(query).df()

    def plant(self, stem: str, change: str) -> None:
        """Put what a query makes of a table in its place: a leak, to see whether it is found."""
        self.connection.execute(f"CREATE TABLE planted AS {change}")
        self.connection.execute(f"DROP VIEW IF EXISTS {name_of(stem)}")
        self.connection.execute(f"ALTER TABLE planted RENAME TO {name_of(stem)}")

    def of_accounts(self, stem: str) -> str:
        """Return a query for the rows of a table, each with the account that it is about.

        Of rows that become known later only those that are known when the log closes.
        """
        columns, name = self.schemas[stem], name_of(stem)
        known = f"WHERE epoch_us(known_at) <= {self.closes_us}" if "known_at" in columns else ""
        if "account_id" in columns:
            return f"SELECT * FROM {name} {known}"
        if "src_id" in columns:
            return f"SELECT *, src_id AS account_id FROM {name} {known}"
        for key, table in _WAYS.items():
            if key in columns:
                owners = f"SELECT DISTINCT account_id, {key} FROM {table}"
                return f"SELECT * FROM {name} JOIN ({owners}) USING ({key}) {known}"
        raise ValueError(f"{stem} names neither accounts nor one of {', '.join(_WAYS)}")

    def about_accounts(self) -> list[str]:
        """Return the tables of the log that tell of accounts."""
        return [s for s in self.schemas if s.startswith("log/") and s not in OF_NO_ACCOUNT]


def _kind(stem: str, name: str) -> str:
    if stem == "log/exchanges" and name == "prompt_emb":
        return "vector"
    return TABLES[stem][name]
