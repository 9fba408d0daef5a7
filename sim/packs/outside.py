"""What holds no more than its manifest lists: runs and packs, in which nothing else may lie."""

from __future__ import annotations

from pathlib import Path

from sim.errors import InvalidInputError
from sim.packs.manifest import is_pack
from sim.packs.pack_files import UNFINISHED
from sim.tables.manifest import MANIFEST
from sim.tables.store import Store


def expect_outside(what: str, place: Path) -> None:
    """Raise InvalidInputError if a local place lies within a run or a pack.

    Parameters
    ----------
    what
        The place as the user gave it.
    place
        A folder or file, which need not exist.
    """
    for above in place.resolve().parents:
        kind = _kind_of(Store(str(above)))
        if kind:
            raise InvalidInputError(
                f"{what}: lies in the {kind} {above.name}, which holds nothing but what its "
                "manifest lists; choose another place"
            )


def _kind_of(folder: Store) -> str:
    """Return whether a folder is a run or a pack; empty if it is neither."""
    if folder.is_file(UNFINISHED) or is_pack(folder):
        return "pack"
    return "run" if is_run(folder) else ""


def is_run(place: Store) -> bool:
    """Whether a finished run lies there, be its manifest damaged beyond its kind."""
    try:
        content = place.read_json(MANIFEST)
    except (OSError, ValueError, InvalidInputError):
        return False
    return isinstance(content, dict) and {"scenario", "software", "files"} <= content.keys()
