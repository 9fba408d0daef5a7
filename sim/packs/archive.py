"""A pack as one file to pass on: a tar archive, the same bytes whenever it is made."""

from __future__ import annotations

import contextlib
import gzip
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sim.errors import DISK_FULL, InvalidInputError, SimError
from sim.packs.manifest import read_manifest, records_of
from sim.packs.outside import apart, expect_outside, expect_writable
from sim.tables.manifest import MANIFEST
from sim.tables.store import Store

ENDINGS = (".tar", ".tar.gz", ".tgz")


def check_archive(place: str, pack: Store | Path | str) -> None:
    """Raise InvalidInputError unless an archive of this name can be made.

    Parameters
    ----------
    place
        File or URL of the archive.
    pack
        Where the pack lies or will lie; the archive must not lie in it.
    """
    if not place.endswith(ENDINGS):
        raise InvalidInputError(
            f"{place}: is no name of an archive; let it end with {', '.join(ENDINGS)}"
        )
    folder, name = apart(place)
    if folder.is_local:
        inside = Store.of(pack)
        if inside.is_local and folder.folder.resolve().is_relative_to(inside.folder.resolve()):
            raise InvalidInputError(f"{place}: lies in the pack itself; choose another place")
        expect_outside(place, folder.folder / name)
        expect_writable(place, folder.folder)
        if (folder.folder / name).is_dir():
            raise InvalidInputError(f"{place}: is a folder; give a file for the archive")


def write_archive(pack: Store | Path | str, place: str) -> int:
    """Write all files of a finished pack into one archive, and return its bytes.

    Everything in it that could differ from one time to the next is fixed: times, owners, rights and
    the order of files. They lie in a folder of the name of the pack, its card first.

    Parameters
    ----------
    pack
        Where the pack lies.
    place
        File or URL of the archive, which is there when it is whole; its ending says whether it is
        compressed. The tables are compressed already.

    Raises
    ------
    InvalidInputError
        If there is no finished pack, or a file of it is missing.
    SimError
        If the disk is full.
    """
    check_archive(place, pack)
    source = Store.of(pack)
    manifest = read_manifest(source)
    sizes = {record.path: record.bytes for record in records_of(manifest)}
    sizes[MANIFEST] = source.size(MANIFEST)
    # what explains the pack comes first
    paths = sorted(sizes, key=lambda path: ("/" in path, path))

    folder, name = apart(place)
    with _full_disk(place), folder.writing(name) as file:
        with (
            _packed(file, place) as out,
            tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as archive,
        ):
            for path in paths:
                _add(archive, source, path, f"{manifest['name']}/{path}", sizes[path])
        return file.bytes


@contextlib.contextmanager
def _packed(file: Any, place: str) -> Iterator[Any]:
    """Yield the file to which the archive goes: compressed without name and time, or as it is."""
    if place.endswith(".tar"):
        yield file
        return
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as packed:
        yield packed


def _add(archive: tarfile.TarFile, source: Store, path: str, name: str, size: int) -> None:
    """Add a file of the pack, of so many bytes, under a name."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    try:
        if (found := source.size(path)) != size:
            raise InvalidInputError(
                f"{source.name(path)}: has {found:,} bytes, the manifest says {size:,}; "
                "`sim verify` lists what is damaged"
            )
        with source.reading(path) as file:
            archive.addfile(info, file)
    except FileNotFoundError:
        raise InvalidInputError(
            f"{source.name(path)}: is missing; `sim verify` lists what is damaged"
        ) from None


@contextlib.contextmanager
def _full_disk(place: str) -> Iterator[None]:
    """Say what to do when there is no space left for an archive."""
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        raise SimError(
            f"{place}: no space left on the device; the pack itself is whole: free some space and "
            "give the same command"
        ) from error
