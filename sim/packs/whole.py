"""Whether the files of a pack are as its manifest says."""

from __future__ import annotations

from sim.engine.verify import unlike_manifest
from sim.packs.manifest import read_manifest, records_of, software
from sim.tables.store import Store


def damaged_files(pack: Store) -> list[str]:
    """Return a line for every file of a pack that is missing, altered or not in the manifest.

    Files are read and hashed whole.

    Parameters
    ----------
    pack
        Where it lies.

    Raises
    ------
    InvalidInputError
        If there is no finished pack.
    """
    return unlike_manifest(pack, records_of(read_manifest(pack)))


def other_software(pack: Store) -> list[str]:
    """Return a line for every version that differs from the one that made the pack."""
    made_by = read_manifest(pack)["software"]
    return [
        f"{name} {made_by[name]} made the pack, this is {version}"
        for name, version in software().items()
        if made_by[name] != version
    ]
