"""A folder of this machine with the tables of a pack, wherever the pack lies."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sim.packs import pack_files
from sim.packs.pack_files import FORMAT, SPILL
from sim.packs.steps import rows_of
from sim.tables.connections import heeding_signals
from sim.tables.database import RunTables
from sim.tables.formats import FileRecord, writing_table
from sim.tables.store import Store

_CHUNK = 1 << 20


class WorkFolder:
    """The tables of a pack in a local folder, where a database can read them.

    For a pack on this machine that is the pack itself; of another one the tables are fetched, and
    what is made is brought there.

    Attributes
    ----------
    out
        Where the pack lies.
    here
        The local folder.
    """

    def __init__(self, out: Store, folder: Path, opens_us: int, closes_us: int) -> None:
        self.out, self.here = out, Store(str(folder))
        self._opens_us, self._closes_us = opens_us, closes_us

    @contextlib.contextmanager
    def tables(self, files: Iterable[FileRecord]) -> Iterator[RunTables]:
        """Open the tables of some files, whatever else is there, for as long as the block lasts.

        What does not fit into memory is set aside in the folder.
        """
        folder = self.here.folder
        paths = [folder / file.path for file in files if file.path.endswith(FORMAT)]
        spill = folder / SPILL
        tables = RunTables.over(folder, self._opens_us, self._closes_us, paths)
        try:
            place = str(spill).replace("'", "''")
            tables.connection.execute(f"SET temp_directory = '{place}'")
            with heeding_signals():
                yield tables
        finally:
            tables.connection.close()
            pack_files.clear(self.here, SPILL)

    def fetch(self, files: Iterable[FileRecord]) -> None:
        """Bring files of the pack here, unless it is here."""
        if self.out.is_local:
            return
        for file in files:
            with self.out.reading(file.path) as source, self.here.writing(file.path) as copy:
                while chunk := source.read(_CHUNK):
                    copy.write(chunk)

    def write_table(self, stem: str, table: Any, schema: Any) -> FileRecord:
        """Write a table as one file of Parquet, and bring it to the pack.

        Parameters
        ----------
        stem
            The name of the table, which becomes that of its file.
        table
            A `pyarrow.Table`, or a reader of batches.
        schema
            The Arrow schema that it must have.
        """
        with writing_table(self.here, f"{stem}.{FORMAT}", schema, FORMAT) as file:
            for rows in rows_of(table):
                file.append(rows.cast(schema))
        self._bring(file.record.path)
        return file.record

    def write_text(self, path: str, text: str) -> FileRecord:
        """Write a file of text, and bring it to the pack."""
        with self.here.writing(path) as file:
            file.write(text.encode())
        self._bring(path)
        return FileRecord(path, 0, file.bytes, file.sha256)

    def _bring(self, path: str) -> None:
        """Copy a file to where the pack lies, unless that is here."""
        if self.out.is_local:
            return
        with self.here.reading(path) as source, self.out.writing(path) as copy:
            while chunk := source.read(_CHUNK):
                copy.write(chunk)


@contextlib.contextmanager
def work_folder(out: Store, opens_us: int, closes_us: int) -> Iterator[WorkFolder]:
    """Yield the folder in which a pack is worked on; one for a remote pack is gone afterwards.

    Parameters
    ----------
    out
        Where the pack lies.
    opens_us, closes_us
        When its log opens and closes, in microseconds of Unix time.
    """
    if out.is_local:
        pack_files.clear(out, SPILL)  # of a session that was killed
        yield WorkFolder(out, out.folder, opens_us, closes_us)
        return
    with tempfile.TemporaryDirectory(prefix="sim-pack-") as folder:
        yield WorkFolder(out, Path(folder), opens_us, closes_us)
