"""Tables of a run or a pack in a database: instruments read them there, and leaks are planted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.tables.connections import connect
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


def quoted(text: object) -> str:
    """Return a text, such as a path, as SQL has it."""
    return "'" + str(text).replace("'", "''") + "'"


class RunTables:
    """Tables of a run or of a pack as views of a database.

    Views are named as tables are, with `_` in place of `/`: `log_exchanges`, `truth_accounts`.

    Attributes
    ----------
    connection
        The database, in memory, with times in UTC.
    schemas
        Of each table that is there the kinds of its columns by name, such as `id` and `time`.
    sources
        Of each table the SQL that reads its files.
    opens_us, closes_us
        When the log opens and closes, in microseconds of Unix time.
    """

    def __init__(self, run: Path) -> None:
        """Open the tables of a finished run in a folder."""
        read = Run(run)
        clock = read.scenario.clock
        opens_us = round(clock.start.timestamp() * 1e6)
        files = {stem: [run / path for path in read.files(stem)] for stem in read.names}
        self._open(files, opens_us, opens_us + clock.duration_us)

    @classmethod
    def over(
        cls, folder: Path, opens_us: int, closes_us: int, paths: Sequence[Path] | None = None
    ) -> RunTables:
        """Open all Parquet tables below a folder, such as a pack; parts of a table in one folder.

        Parameters
        ----------
        folder
            Holds `log/accounts.parquet`, `log/exchanges/part-00000.parquet` and the like.
        opens_us, closes_us
            When the log opens and closes, in microseconds of Unix time.
        paths
            The files that are opened, where not all of them are.
        """
        files: dict[str, list[Path]] = {}
        for path in sorted(folder.rglob("*.parquet") if paths is None else paths):
            place = path.relative_to(folder)
            if any(part.startswith(".") for part in place.parts):
                continue
            is_part = place.stem.startswith("part-")
            stem = (place.parent if is_part else place.with_suffix("")).as_posix()
            files.setdefault(stem, []).append(path)

        made = cls.__new__(cls)
        made._open(files, opens_us, closes_us)
        return made

    def _open(self, files: Mapping[str, Sequence[Path]], opens_us: int, closes_us: int) -> None:
        self.connection = connect()
        self.connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        self.opens_us, self.closes_us = opens_us, closes_us
        self._planted = 0
        self.schemas: dict[str, dict[str, str]] = {}
        self.sources: dict[str, str] = {}

        for stem, paths in files.items():
            listed = ", ".join(map(quoted, paths))
            self.sources[stem] = f"read_parquet([{listed}], hive_partitioning=false)"
            self.view(stem, f"FROM {self.sources[stem]}")

    def view(self, stem: str, query: str) -> None:
        """Put a query in the place of a table; the query may ask for the files behind it."""
        self.connection.execute(f"CREATE OR REPLACE VIEW {name_of(stem)} AS {query}")
        self._describe(stem)

    def _describe(self, stem: str) -> None:
        """Note the columns of a table and their kinds."""
        found = self.rows(f"DESCRIBE {name_of(stem)}")
        names = zip(found["column_name"], found["column_type"], strict=True)
        self.schemas[stem] = {name: _kind(stem, name, kind) for name, kind in names}

    def rows(self, query: str) -> Any:
        """Return what a query finds, as a data frame."""
        return self.connection.execute(query).df()

    def plant(self, stem: str, change: str) -> None:
        """Put what a query makes of a table in its place: a leak, to see whether it is found."""
        self._planted += 1
        self.connection.execute(f"CREATE TABLE planted_{self._planted} AS {change}")
        self.view(stem, f"FROM planted_{self._planted}")

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


def _kind(stem: str, name: str, found: str) -> str:
    """Return the kind of a column: as its table says, else by its type in the database."""
    if stem == "log/exchanges" and name == "prompt_emb":
        return "vector"
    if name in TABLES.get(stem, {}):
        return TABLES[stem][name]
    return {"VARCHAR": "word", "BOOLEAN": "bool"}.get(found, "time" if "TIME" in found else found)
