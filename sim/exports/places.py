"""Where an export goes: a file, standard output, or a folder; refused before anything is read."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import posixpath
import secrets
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from sim.documents.printable import printable
from sim.errors import InvalidInputError, SimError
from sim.exports.format import AnyFormat, Format
from sim.tables.hashing_file import HashingFile
from sim.tables.local_files import wrong_with
from sim.tables.locations import place_of
from sim.tables.store import Store

STDOUT = "-"
# In bytes; that of all common file systems.
_LONGEST_NAME = 255


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes
    ----------
    files
        How many files.
    bytes
        Of all of them.
    sha256
        Of the file; of a folder, that of the lines which `sha256sum *` prints in it, by name.
    """

    files: int
    bytes: int
    sha256: str


@dataclass
class Target:
    """Where an export goes.

    Attributes
    ----------
    place
        Path or URL, or `-` for standard output.
    is_folder
        Whether it is a folder of files.
    """

    place: str
    is_folder: bool

    @contextlib.contextmanager
    def file(self) -> Iterator[HashingFile]:
        """Open the file to write; it gets its name at the end, and is dropped on an error."""
        if self.place == STDOUT:
            stdout = sys.stdout.buffer
            yield HashingFile(_Whole(stdout))
            stdout.flush()
            return
        folder, name = posixpath.split(self.place)
        store = Store.of(folder or ".")
        above = _without_new_folders(store.folder) if store.is_local else contextlib.nullcontext()
        with above, store.writing(name) as file:
            yield file

    @contextlib.contextmanager
    def folder(self) -> Iterator[NewFolder]:
        """Give a new folder that gets its name at the end, and is removed on an error."""
        final = _local(self.place).resolve()  # a link leads to the folder
        # a name of its own: what a lost session left running may still write there
        made = final.with_name(_temporary(final.name, secrets.token_hex(4)))
        with _without_new_folders(final.parent):
            try:
                made.mkdir(parents=True)
                yield NewFolder(made)
                with _saying_what_came(self.place):
                    made.replace(final)
            except BaseException:
                shutil.rmtree(made, ignore_errors=True)
                raise


@contextlib.contextmanager
def _saying_what_came(place: str) -> Iterator[None]:
    """Say it if something has been written at a place since it was looked at."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise
        raise SimError(
            f"{printable(place)}: something else was written there meanwhile; give another name"
        ) from error


def _temporary(name: str, digits: str = "00000000") -> str:
    """Return what a folder is called until it is whole, as `Store` calls files."""
    return f".{name}.{digits}.tmp"


@contextlib.contextmanager
def _without_new_folders(folder: Path) -> Iterator[None]:
    """After an error, remove this folder and those above it that were not there, if empty."""
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            for path in new:
                path.rmdir()
        raise


@dataclass(frozen=True)
class _Whole:
    """A stream that takes all it is given: one without a buffer takes as much as there is room.

    Standard output has none where PYTHONUNBUFFERED is set.
    """

    raw: Any

    def write(self, data: memoryview) -> None:
        """Write all bytes; raise OSError if there is no room for the rest, or nobody reads it."""
        while data:
            data = data[self.raw.write(data) :]


@dataclass
class NewFolder:
    """A folder that is being written, and what was written into it so far."""

    path: Path
    _done: dict[str, tuple[int, str]] = field(default_factory=dict)

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Any]:
        """Open a binary file below the folder to write; folders above it are made."""
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as raw:
            file = HashingFile(raw)
            yield file
        self._done[name] = (file.bytes, file.sha256)

    @property
    def written(self) -> Written:
        """What was written."""
        digest = hashlib.sha256()
        for name, (_, sha256) in sorted(self._done.items()):
            digest.update(f"{sha256}  {name}\n".encode())
        sizes = [size for size, _ in self._done.values()]
        return Written(len(sizes), sum(sizes), digest.hexdigest())


def target_of(place: str, form: AnyFormat, run: Store, *, force: bool) -> Target:
    """Return where an export goes, after a look at what is there.

    Parameters
    ----------
    place
        Path, URL, or `-` for standard output.
    form
        The format; one that may be a folder is one where the place has no ending such as `.jsonl`.
    run
        The run that is exported; nothing is written into it.
    force
        Whether a file that is there is replaced. A folder never is, unless it is empty.

    Raises
    ------
    InvalidInputError
        If nothing can be written there, or something is there.
    """
    is_folder = not isinstance(form, Format) or (form.each_line != "" and _names_a_folder(place))
    if place == STDOUT:
        if is_folder:
            _refuse(place, f"{form.id} is a folder of files; give the name of a folder")
        return Target(place, is_folder)
    if not place:
        raise InvalidInputError("the place of the export is empty; give a file, or - for stdout")

    where = place_of(place)
    if not is_folder and place.endswith("/"):
        _refuse(place, f"is a folder; {form.id} is one file, such as {place}calls{form.suffix}")
    if not where.is_local:
        if is_folder:
            _refuse(place, "this export is a folder; give a folder on this machine")
        if "/" not in where.url.partition("://")[2]:
            _refuse(place, f"names no file; give one, such as {where.url}/calls{form.suffix}")
        _expect_free(Store.of(where.url), run, force)
        return Target(where.url, is_folder)

    path = _local(where.url)
    if run.is_local and path.resolve().is_relative_to(run.folder.resolve()):
        _refuse(place, _INSIDE)
    _expect_free_here(place, path, is_folder, force)
    return Target(where.url, is_folder)


def _names_a_folder(place: str) -> bool:
    """Whether a place is meant as a folder, where it may be that or a file: it has no ending."""
    is_there = "://" not in place and Path(place).is_dir()
    return place != STDOUT and (is_there or posixpath.splitext(place)[1] == "")


_INSIDE = (
    "lies in the run that is exported, which holds nothing but what was simulated; choose another "
    "place"
)


def _expect_free(place: Store, run: Store, force: bool) -> None:
    """Refuse a remote place where something is, or that lies in the run."""
    if f"{place.url}/".startswith(f"{run.url.rstrip('/')}/"):
        _refuse(place.url, _INSIDE)
    folder, name = posixpath.split(place.url)
    if place.is_folder():
        _refuse(place.url, "is a folder, not a file; give the name of a file")
    if not force and Store.of(folder).is_file(name):
        _refuse(place.url, "is there already; --force replaces it")


def _expect_free_here(place: str, path: Path, is_folder: bool, force: bool) -> None:
    """Refuse a local place where something is, or that cannot be written to.

    Parameters
    ----------
    place
        As it was given, for messages.
    path, is_folder
        What is to be written.
    force
        Whether a file may be replaced.
    """
    path = path.resolve() if is_folder else path.absolute()  # a link leads to the folder
    if any(len(os.fsencode(name)) > _LONGEST_NAME for name in (*path.parts, _temporary(path.name))):
        _refuse(place, "is too long a name; give a shorter one")
    if path.is_dir():
        _expect_free_folder(place, path, is_folder)
        return

    above = next(x for x in path.parents if x.exists())
    if not above.is_dir():
        _refuse(place, f"{printable(above)} is a file, not a folder")
    if not os.access(above, os.W_OK):
        _refuse(place, f"{printable(above)} cannot be written to; choose another place")
    wrong = wrong_with(path.parent, path.name) if not path.is_symlink() else None
    if wrong:
        _refuse(place, f"{wrong}; give another name, or - for standard output")
    if not (path.exists() or path.is_symlink()):
        return
    if is_folder:
        _refuse(place, "is a file; this export is a folder, so give another name")
    if not force:
        _refuse(place, "is there already; --force replaces it")


def _expect_free_folder(place: str, path: Path, is_folder: bool) -> None:
    """Refuse a folder that is there, unless a folder is written and this one can be replaced."""
    if not is_folder:
        _refuse(place, "is a folder, not a file; give another name, or - for standard output")
    if any(path.iterdir()):
        _refuse(place, "is a folder with something in it; remove it, or give another name")
    if path.is_mount():
        _refuse(place, "is where a file system is mounted; give a folder below it")
    if not os.access(path.parent, os.W_OK):
        _refuse(place, f"{printable(path.parent)} cannot be written to; choose another place")


def _refuse(place: str, why: str) -> NoReturn:
    raise InvalidInputError(f"{printable(place)}: {why}")


def _local(url: str) -> Path:
    """Return the path that a path or a URL of this machine names."""
    return Store(url).folder
