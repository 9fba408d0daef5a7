"""Machine code of compiled functions, kept in files that several processes may use at a time."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
from numba.core import caching
from numba.core.runtime import nrt

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

_CONFIG: Any = numba.config
_RUNTIME: Any = nrt.rtsys
_FunctionCache: Any = caching.FunctionCache
# What is raised where a file is damaged, or was written by other software.
_DAMAGED = (EOFError, pickle.UnpicklingError, ValueError, AttributeError, ImportError)


class MachineCode(_FunctionCache):  # type: ignore[misc]
    """The machine code of one function on disk, for each combination of types and processor.

    Numba's cache, but for three things. Code that is there is read without loading what only a
    compiler needs, which takes a third of a second. One process writes at a time, for each reads
    an index and writes it again. And a file that cannot be read or written ends nothing: then the
    function is compiled.

    Parameters
    ----------
    function
        As it was written.
    folder
        Where its code lies; made when there is some.
    """

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        before, _CONFIG.CACHE_DIR = _CONFIG.CACHE_DIR, str(folder)
        try:
            super().__init__(function)
        finally:
            _CONFIG.CACHE_DIR = before

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what was compiled for a combination of types; None if there is nothing."""
        _RUNTIME.initialize(target_context)  # what the code needs to make and to free arrays
        with contextlib.suppress(OSError, *_DAMAGED):
            return self._load_overload(sig, target_context)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for a combination of types, unless the disk is full."""
        with contextlib.suppress(OSError), _locked(Path(self.cache_path)):
            try:
                self._save_overload(sig, data)
            except _DAMAGED:
                self.flush()
                self._save_overload(sig, data)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Make other processes wait that write to the same folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
        yield
