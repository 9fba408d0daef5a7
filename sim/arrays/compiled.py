"""Plain loops over arrays, compiled to machine code by Numba when they are first called."""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core import event

from sim.arrays.machine_code import MachineCode

_CONFIG: Any = numba.config
_EVENT: Any = event
_TEMPORARY = "llm-traffic-sim"

# Said to the logger `sim.compiling` when the first function of a process must be compiled.
COMPILING = "compiling loops for this processor, which takes some seconds, once"

F = TypeVar("F", bound=Callable[..., Any])

# Of each function that is compiled, a hash of what its machine code depends on.
_DIGESTS: dict[str, str] = {}


def compiled(function: F) -> F:
    """Compile a function of numbers and arrays; it lets go of the interpreter's lock while it runs.

    The function is a plain loop in the part of Python that Numba knows. It may call functions that
    are compiled too. The machine code is kept in `cache_folder()`, under a name that is made from
    the function and all that it calls. So it is compiled once on a machine, and again when any of
    these changes. With `NUMBA_DISABLE_JIT=1` the function stays as it is written, to be debugged.

    Parameters
    ----------
    function
        Takes contiguous arrays that may be written to, and numbers. For each combination of types
        it is compiled anew, so callers give the same types always.

    Returns
    -------
    callable
        The same function, compiled for the types of its arguments when it is called.
    """
    return _compiled(function, inline=False)


def inlined(function: F) -> F:
    """Compile a function as `compiled` does, and put it into each that calls it.

    For steps of a loop that take no longer than a call would.
    """
    return _compiled(function, inline=True)


@functools.cache
def cache_folder() -> Path:
    """Return where machine code is kept: in NUMBA_CACHE_DIR, else in the cache of the user.

    Where that cannot be written to, it is a folder of this user among temporary files; where even
    that is not possible, a new one that no other process knows.
    """
    if _CONFIG.CACHE_DIR:
        return Path(_CONFIG.CACHE_DIR)
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    user = os.getuid() if hasattr(os, "getuid") else 0
    for folder in (Path(home) / _TEMPORARY, Path(tempfile.gettempdir()) / f"{_TEMPORARY}-{user}"):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            status = folder.stat()
        except OSError:
            continue
        # machine code that somebody else could have put there is not run
        if os.access(folder, os.W_OK) and status.st_uid == user and not status.st_mode & 0o022:
            return folder
    return Path(tempfile.mkdtemp(prefix=f"{_TEMPORARY}-"))


def _compiled(function: F, *, inline: bool) -> F:
    if _CONFIG.DISABLE_JIT:
        return _as_written(function)
    made: Any = numba.njit(nogil=True, error_model="numpy", forceinline=inline)(function)
    made.source_name = name = f"{function.__module__}.{function.__qualname__}"
    _DIGESTS[name] = digest = _digest(function, inline=inline)
    folder = cache_folder() / f"{name.removeprefix('sim.')}-{digest[:16]}"
    # in place of `cache=True`, which keeps it elsewhere and loads all of Numba to read it
    made._cache = MachineCode(function, folder)
    return made  # type: ignore[no-any-return]


class _Teller(event.Listener):
    """Tells the logger `sim.compiling` of the first function of this package that is compiled."""

    def __init__(self) -> None:
        self._has_told = False

    def on_start(self, event: Any) -> None:
        """Tell it, unless that was done."""
        if not self._has_told and hasattr(event.data["dispatcher"], "source_name"):
            self._has_told = True
            logging.getLogger("sim.compiling").info(COMPILING)

    def on_end(self, event: Any) -> None:
        """Do nothing."""


_EVENT.register("numba:compile", _Teller())


def _digest(function: Callable[..., Any], *, inline: bool) -> str:
    """Return a hash of a function, of the constants that it reads, and of all that it calls."""
    code = function.__code__
    known = {name: function.__globals__.get(name) for name in sorted(_names(code))}
    # of a compiled function its own hash, of a constant its value
    used = {
        name: _DIGESTS.get(getattr(value, "source_name", "")) or _value(value)
        for name, value in known.items()
    }
    text = repr((_instructions(code), used, inline))
    return hashlib.sha256(text.encode()).hexdigest()


def _value(value: Any) -> str:
    """Return a constant as text; modules and functions of NumPy are known by their names."""
    if isinstance(value, (bool, int, float, str, tuple, np.generic, np.dtype)):
        return repr(value)
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape} {value.tobytes().hex()}"
    return type(value).__name__


def _names(code: CodeType) -> set[str]:
    """Return the global names that a function and those within it read."""
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    return set(code.co_names).union(*map(_names, inner))


def _instructions(code: CodeType) -> tuple[Any, ...]:
    """Return the instructions and constants of a function, and of those within it."""
    consts = [
        _instructions(const) if isinstance(const, CodeType) else repr(const)
        for const in code.co_consts
    ]
    return code.co_code.hex(), code.co_names, code.co_varnames, tuple(consts)


def _as_written(function: F) -> F:
    """Return a function that is not compiled; 64-bit numbers wrap around without a warning."""

    @functools.wraps(function)
    def plain(*arguments: Any) -> Any:
        with np.errstate(over="ignore"):
            return function(*arguments)

    return plain  # type: ignore[return-value]
