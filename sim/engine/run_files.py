"""Which files of a folder are of a run: nothing else is ever removed from it."""

from __future__ import annotations

import contextlib
import re

from sim.engine import merge, simulate
from sim.tables.manifest import MANIFEST, UNFINISHED
from sim.tables.schema import TABLES
from sim.tables.store import Store, final_name

FOLDER = ".unfinished"
LOCK = f"{FOLDER}/lock"
_RECORD = re.compile(rf"({simulate.SHARDS}|{merge.PARTS})/\d{{6,}}\.(rows|json)")
_TABLE = re.compile(r"(.+?)(/part-\d{5,})?\.(parquet|csv|jsonl)")
_FOLDERS = (
    *(simulate.SHARDS, merge.PARTS, FOLDER),  # from within outwards
    *(merge.LOG, merge.TRUTH, merge.TRUTH_OF_TASKS, "log", "truth"),
)


def is_own(path: str) -> bool:
    """Whether a file with this name, relative to a run, is one that a run makes.

    Files that are being written count as what they will be. Only names are looked at.
    """
    path = final_name(path)
    table = _TABLE.fullmatch(path)
    return (
        path in (MANIFEST, UNFINISHED, LOCK)
        or bool(_RECORD.fullmatch(path))
        or bool(table and table[1] in TABLES)
    )


def foreign_to(out: Store) -> str | None:
    """Return a file or folder in `out` that no run makes, or None."""
    # a place that holds much else, such as a home folder, is not searched through
    of_runs = {folder.partition("/")[0] for folder in _FOLDERS} | {MANIFEST}
    others = sorted(set(out.names()) - of_runs)
    if others:
        return others[0]
    return next((path for path in out.files() if not is_own(path)), None)


def clear(out: Store, below: str = "") -> None:
    """Remove what a run left in a folder of it, or everywhere, but the lock.

    Files that no run makes stay, and so do folders that hold them.

    Parameters
    ----------
    out
        The place of the run.
    below
        A folder of the run; everywhere if empty.
    """
    files = [path for path in out.files(below) if is_own(path) and path != LOCK]
    # what says that this is a run goes last: who is stopped here can do it again
    for path in sorted(files, key=lambda path: path in (MANIFEST, UNFINISHED)):
        out.remove(path)
    for folder in _FOLDERS:
        if folder.startswith(below):
            out.remove_empty(folder)


def remove_lock(out: Store) -> None:
    """Remove the lock, and the folder that held it if that is empty then."""
    with contextlib.suppress(OSError):
        out.remove(LOCK)
        out.remove_empty(FOLDER)
