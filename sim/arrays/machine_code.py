"""Machine code of compiled functions, kept in files that several processes may use at a time."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
from numba.core import caching
from numba.core.runtime import nrt

from sim.arrays.code_digest import digest

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

_CONFIG: Any = numba.config
_RUNTIME: Any = nrt.rtsys
_FunctionCache: Any = caching.FunctionCache
_Results: Any = caching.CompileResultCacheImpl
_Files: Any = caching.IndexDataCacheFile
_OF_THIS_PROGRAM = "llm-traffic-sim"
# What other versions of a function left is removed when nobody has used it for so long.
_KEPT_S = 60 * 86_400.0


def cache_folder(*, make: bool = False) -> Path | None:
    """Return where machine code is kept: in NUMBA_CACHE_DIR, else in the cache of the user.

    Where that cannot be written to, it is a folder of this user among temporary files.

    Parameters
    ----------
    make
        Whether the folder may be made if it is not there yet.

    Returns
    -------
    Path or None
        None where no folder can be used: then functions are compiled in each process.
    """
    if _CONFIG.CACHE_DIR:
        return Path(_CONFIG.CACHE_DIR)
    user = os.getuid() if hasattr(os, "getuid") else 0
    for folder in _places(user):
        try:
            if make:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            status = folder.stat()
        except OSError:
            continue
        # machine code that somebody else could have put there is not run
        if os.access(folder, os.W_OK) and status.st_uid == user and not status.st_mode & 0o022:
            return folder
    return None


@functools.cache
def _places(user: int) -> list[Path]:
    """Return the folders that may hold machine code, the best first."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    places = [Path(home) / _OF_THIS_PROGRAM]
    with contextlib.suppress(OSError):  # there may be no folder for temporary files
        places.append(Path(tempfile.gettempdir()) / f"{_OF_THIS_PROGRAM}-{user}")
    return places


class MachineCode(_FunctionCache):  # type: ignore[misc]
    """The machine code of one function on disk, for each combination of types and processor.

    Numba's cache, but for four things. Its folder is named after all that the code depends on, and
    is made when there is something to keep; then old ones of the same function go. Code that is
    there is read without loading what only a compiler needs, which takes a third of a second. One
    process writes at a time, for each reads an index and writes it again. And a file that cannot be
    read or written ends nothing: then the function is compiled.

    Parameters
    ----------
    function
        As `numba.njit` returns it.
    name
        With which the name of its folder begins.
    """

    def __init__(self, function: Any, name: str) -> None:
        # not that of Numba, which looks for a folder at once
        self._function, self._folder_name = function, name
        self._py_func, self._name = function.py_func, repr(function.py_func)
        self._impl = _CompiledResults()
        self.enable()

    @property
    def cache_path(self) -> str:
        """The folder of the code; empty if there is none."""
        return str(self._folder() or "")

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what was compiled for a combination of types; None if there is nothing."""
        _RUNTIME.initialize(target_context)  # what the code needs to make and to free arrays
        # whatever a damaged file, or one of other software, makes of it
        with contextlib.suppress(Exception):
            folder = self._folder()
            data = self._files(folder).load(self._index_key(sig, target_context.codegen()))
            if data is not None:
                self._note_use(folder)
                return self._impl.rebuild(target_context, data)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for a combination of types, if there is a place for it."""
        folder = self._folder(make=True)
        if folder is None or not self._impl.check_cachable(data):
            return
        key, reduced = self._index_key(sig, data.codegen), self._impl.reduce(data)
        files = self._files(folder)
        with contextlib.suppress(OSError), _locked(folder):
            try:
                files.save(key, reduced)
            except OSError:
                raise
            except Exception:  # the index is damaged
                files.flush()
                files.save(key, reduced)
        self._remove_old(folder)

    def flush(self) -> None:
        """Forget what was kept."""
        with contextlib.suppress(OSError):
            self._files(self._folder()).flush()

    def _note_use(self, folder: Path | None) -> None:
        """Let a folder look new, so that it is not removed as an old one."""
        with contextlib.suppress(OSError):
            if folder is not None:
                os.utime(folder)

    def _remove_old(self, current: Path) -> None:
        """Remove what other versions of the function left long ago."""
        for folder in current.parent.glob(f"{self._folder_name}-*"):
            with contextlib.suppress(OSError):
                if folder != current and time.time() - folder.stat().st_mtime > _KEPT_S:
                    shutil.rmtree(folder)

    def _folder(self, *, make: bool = False) -> Path | None:
        """Return the folder of the code, which need not be there; None if no folder can be used."""
        parent = cache_folder(make=make)
        return parent and parent / f"{self._folder_name}-{digest(self._function)[:16]}"

    def _files(self, folder: Path | None) -> Any:
        """Return the files of the code in a folder."""
        if folder is None:
            raise FileNotFoundError("no folder for machine code")
        name = f"{self._py_func.__name__}.{sys.implementation.cache_tag}"
        return _Files(cache_path=str(folder), filename_base=name, source_stamp="")


class _CompiledResults(_Results):  # type: ignore[misc]
    """Takes compiled functions apart and puts them together, wherever they are kept."""

    def __init__(self) -> None:
        """Look for no folder."""

    def check_cachable(self, result: Any) -> bool:
        """Tell whether another process could use the code."""
        return not (
            any(not x.can_cache for x in result.lifted) or result.library.has_dynamic_globals
        )


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Make other processes wait that write to the same folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
        yield
