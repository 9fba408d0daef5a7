"""One run at a time in a local folder, and no trace of it where nothing was done."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from sim.engine.run_files import FOLDER, LOCK, clear, remove_lock
from sim.errors import DISK_FULL, InvalidInputError, SimError
from sim.tables.local_files import wrong_with
from sim.tables.manifest import UNFINISHED
from sim.tables.store import Store


@contextlib.contextmanager
def locked(out: Store) -> Iterator[None]:
    """Keep others from running into the same local folder.

    The lock goes with the process that holds it, however that ends. Object stores have none.
    Where no run was begun, the folder is left as it was before; if it was not there, it is gone
    again.

    Raises
    ------
    InvalidInputError
        If another run is writing there, or if the place is a file or holds something else.
    SimError
        If the folder cannot be written to or locked.
    """
    if not out.is_local:
        yield
        return

    if out.folder.exists() and not out.folder.is_dir():
        raise InvalidInputError(f"{out}: is a file; give a folder for the run")
    missing = _missing((out.folder / LOCK).parent)
    try:
        with _lock_file(out) as file:
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield
    finally:
        _leave(out)
        for folder in missing:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _missing(folder: Path) -> list[Path]:
    """Return the folders that must be made for this one, itself first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]


@contextlib.contextmanager
def _lock_file(out: Store) -> Iterator[TextIO]:
    """Open the lock file and lock it."""
    while True:
        with _opened(out) as file:
            _lock(out, file)
            # who held it before may have removed the file that was opened here
            if _is_there(out.folder / LOCK, file):
                yield file
                return


def _opened(out: Store) -> TextIO:
    """Open the lock file and make its folder; refuse what is no file.

    The file is not truncated: it says who holds the lock.
    """
    path = out.folder / LOCK
    if wrong := wrong_with(out.folder, LOCK):
        raise InvalidInputError(f"{out.name(LOCK)}: {wrong}; remove it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+", encoding="ascii", errors="replace")
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        reason = error.strerror or str(error)
        raise SimError(f"{out}: cannot be written to: {reason}; choose another folder") from error


def _lock(out: Store, file: TextIO) -> None:
    """Lock an open file at once or not at all (`flock`); the system gives the lock back at the end.

    A file that says anything else than the number of a process is no lock of a run; raise
    InvalidInputError for that, and if another process holds the lock.
    """
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        raise InvalidInputError(
            f"{out}: another run is writing there (process {file.read().strip()}); "
            "wait for its end, or choose another folder"
        ) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise SimError(f"{out}: cannot be locked: {reason}; choose another folder") from error
    file.seek(0)
    if not file.read(20).strip().isdigit() and file.tell():
        raise InvalidInputError(
            f"{out}: holds no run of sim: {LOCK} is of something else; choose another folder"
        )


def _is_there(path: Path, file: TextIO) -> bool:
    """Whether the open file is still the one that has this name."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    return False


def _leave(out: Store) -> None:
    """Remove what is of no use where no run was begun, unless another holds the lock by now."""
    with contextlib.suppress(OSError, SimError), (out.folder / LOCK).open("r+") as file:
        _lock(out, file)
        if not out.is_file(UNFINISHED):
            clear(out, FOLDER)
            remove_lock(out)
