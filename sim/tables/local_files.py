"""Files of a local folder that anybody may have made: no way out of it, and nothing but files."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def leads_out(folder: Path, path: str) -> bool:
    """Whether a path below a folder is somewhere else, by links or by its own words.

    Links are followed to their end, also in the folder's own path; what the path names need not
    exist. The folder itself is no way out.
    """
    root = os.path.realpath(folder)
    real = os.path.realpath(folder / path)
    return real != root and not real.startswith(root.rstrip(os.sep) + os.sep)


def wrong_with(folder: Path, path: str) -> str | None:
    """Say what is there in place of a file of the folder; None for a file, and for nothing.

    To open a named pipe would wait for ever, to read some devices would never end.

    Parameters
    ----------
    folder, path
        The folder, and the name of the file relative to it.

    Returns
    -------
    str or None
        What follows the name of the file in a message, such as `is a folder, not a file`.

    Raises
    ------
    OSError
        If the name is too long for the file system.
    """
    if leads_out(folder, path):
        return "leads out of the folder of the run"
    try:
        mode = (folder / path).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "is a link to nothing" if (folder / path).is_symlink() else None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # a fault of the place, not of this file
            raise
        return f"cannot be reached: {error.strerror}"
    return next((f"is {name}, not a file" for is_kind, name in _KINDS if is_kind(mode)), None)


def files_below(folder: Path) -> list[str]:
    """Return all that is no folder, hidden ones and links too, as absolute paths in no order.

    Links to folders are not followed: they may lead in circles.

    The folder itself must not be a file. What disappears while the search goes on is left out.
    """
    files: list[str] = []
    waiting = [str(folder)]
    while waiting:
        # other processes may remove what was there a moment ago
        with contextlib.suppress(FileNotFoundError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                into = waiting if entry.is_dir(follow_symlinks=False) else files
                into.append(entry.path)
    return files
