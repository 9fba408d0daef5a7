"""Where a file may be written: not into runs and packs, which hold what their manifest lists."""

from __future__ import annotations

import os
from pathlib import Path

from sim.documents.printable import printable
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
        _expect_neither(what, Store(str(above)), above.name)


def expect_outside_there(what: str, folder: Store) -> None:
    """Raise InvalidInputError if a folder at a URL is, or lies within, a run or a pack."""
    scheme, _, path = folder.url.partition("://")
    names = path.strip("/").split("/")
    for depth in range(len(names), 0, -1):
        _expect_neither(what, Store.of(f"{scheme}://{'/'.join(names[:depth])}"), names[depth - 1])


def _expect_neither(what: str, folder: Store, name: str) -> None:
    """Raise InvalidInputError if a folder is a run or a pack."""
    if kind := _kind_of(folder):
        raise InvalidInputError(
            f"{what}: lies in the {kind} {printable(name)}, which holds nothing but what its "
            "manifest lists; choose another place"
        )


def apart(place: str) -> tuple[Store, str]:
    """Return the folder of a file at a path or URL, and its name in there."""
    folder, _, name = place.rpartition("/")
    if not folder:
        folder = "/" if place.startswith("/") else "."
    return Store.of(folder), name


def expect_writable(place: str, folder: Path) -> None:
    """Raise InvalidInputError if a folder, which need not exist, cannot be made or written to."""
    above = next(x for x in (folder, *folder.absolute().parents) if x.exists())
    if not above.is_dir():
        raise InvalidInputError(f"{place}: {above} is a file, not a folder; choose another place")
    if not os.access(above, os.W_OK):
        raise InvalidInputError(f"{place}: {above} cannot be written to; choose another place")


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
