"""Which files of a folder are of a pack: nothing else is ever removed from it."""

from __future__ import annotations

import re

from sim.engine import run_files
from sim.engine.run_files import FOLDER, LOCK
from sim.tables.manifest import MANIFEST, UNFINISHED_PACK
from sim.tables.store import Store, final_name

# Of all tables of a pack, and of the members on the way.
FORMAT = "parquet"
# Says that a pack was begun and is not finished, and what it is made of.
UNFINISHED = UNFINISHED_PACK
STEPS = f"{FOLDER}/steps"
PARTS = f"{FOLDER}/merged"
MEMBERS = f"{FOLDER}/members"
# Where the database sets aside what does not fit into memory.
SPILL = f"{FOLDER}/spill"
CARDS = ("LICENSE", "README.md", "croissant.json", "datasheet.md")
AUDIT = "audit.json"

_SINGLE = (*CARDS, AUDIT, MANIFEST, UNFINISHED, LOCK)
_ROOMS = ("log", "truth", "labels_observed", "features")
_TABLE = re.compile(rf"(({'|'.join(_ROOMS)})/[a-z_]+(/part-\d{{5,}})?|splits)\.parquet")
_RECORD = re.compile(rf"({STEPS}/[a-z_]+|{PARTS}/\d{{6,}})\.json")
_MEMBER = re.compile(rf"{MEMBERS}/[1-9]\d*/")


def is_own(path: str) -> bool:
    """Whether a file with this name, relative to a pack, is one that a pack has or had on its way.

    Files that are being written count as what they will be. Only names are looked at.
    """
    path = final_name(path)
    member = _MEMBER.match(path)
    if member:
        return run_files.is_own(path[member.end() :])
    if path.startswith(f"{SPILL}/"):
        return True
    return path in _SINGLE or bool(_TABLE.fullmatch(path) or _RECORD.fullmatch(path))


def foreign_to(out: Store) -> str | None:
    """Return a file or folder in `out` that no pack has, or None."""
    # a place that holds much else, such as a home folder, is not searched through
    own = {*_ROOMS, "splits.parquet", FOLDER, *CARDS, AUDIT, MANIFEST}
    others = sorted({final_name(name) for name in out.names()} - own)
    if others:
        return others[0]
    return next((path for path in out.files() if not is_own(path)), None)


def clear(out: Store, below: str = "") -> None:
    """Remove what a pack has in a folder of it, or everywhere, but the lock.

    Files that no pack has stay, and so do folders that hold them.

    Parameters
    ----------
    out
        The place of the pack.
    below
        A folder of the pack; everywhere if empty.
    """
    files = [path for path in out.files(below) if is_own(path) and path != LOCK]
    # what says that this is a pack goes last: who is stopped here can do it again
    for path in sorted(files, key=lambda path: path in (MANIFEST, UNFINISHED)):
        out.remove(path)

    # folders that hold nothing by now, from within outwards; a member may have emptied its own
    members = {f"{MEMBERS}/{name}" for name in out.below(MEMBERS).names()}
    paths = {*_ROOMS, STEPS, PARTS, SPILL, *members, *(path.rpartition("/")[0] for path in files)}
    above = {"/".join(p.split("/")[:n]) for p in paths for n in range(1, p.count("/") + 2)}
    for folder in sorted((f for f in above if f and f.startswith(below)), key=len, reverse=True):
        out.remove_empty(folder)
