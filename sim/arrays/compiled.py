"""Plain loops over arrays, compiled to machine code by Numba when they are first called."""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any, TypeVar

import numba
import numpy as np

_CONFIG: Any = numba.config

F = TypeVar("F", bound=Callable[..., Any])

# Of each function that is compiled: what its machine code depends on, and where that lies.
_SOURCES: dict[str, str] = {}
_FOLDERS: list[Path] = []


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
    return _compiled(function)


def inlined(function: F) -> F:
    """Compile a function as `compiled` does, and put it into each that calls it.

    For steps of a loop that take no longer than a call would.
    """
    return _compiled(function, forceinline=True)


def count_to_compile() -> int:
    """Return how many of the functions that were imported have no machine code on this machine."""
    return sum(not any(folder.glob("**/*.nbi")) for folder in _FOLDERS)


def _compiled(function: F, **options: bool) -> F:
    if _CONFIG.DISABLE_JIT:
        return _as_written(function)
    name = f"{function.__module__}.{function.__qualname__}"
    _SOURCES[name] = digest = _digest(function)
    folder = cache_folder() / f"{name.removeprefix('sim.')}-{digest[:16]}"
    _FOLDERS.append(folder)
    with _machine_code_in(folder):
        made: Any = numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function)
    made.source_name = name
    return made  # type: ignore[no-any-return]


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
    for folder in (Path(home), Path(tempfile.gettempdir()) / f"llm-traffic-sim-{user}"):
        own = folder / "llm-traffic-sim"
        try:
            own.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            continue
        # machine code that somebody else could have put there is not run
        if os.access(own, os.W_OK) and own.stat().st_uid == user:
            return own
    return Path(tempfile.mkdtemp(prefix="llm-traffic-sim-"))


@contextmanager
def _machine_code_in(folder: Path) -> Iterator[None]:
    """Let Numba keep the machine code of what is made meanwhile in a folder."""
    before = _CONFIG.CACHE_DIR
    _CONFIG.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        _CONFIG.CACHE_DIR = before


def _digest(function: Callable[..., Any]) -> str:
    """Return a hash of a function, of the constants that it reads, and of all that it calls."""
    code = function.__code__
    known = {name: function.__globals__.get(name) for name in sorted(_names(code))}
    # of a compiled function its own hash, of a constant its value
    used = {
        name: _SOURCES.get(getattr(value, "source_name", "")) or _value(value)
        for name, value in known.items()
    }
    text = repr((_instructions(code), used))
    return hashlib.sha256(text.encode()).hexdigest()


def _value(value: Any) -> str:
    """Return a constant as text; modules and functions of NumPy are known by their names."""
    if isinstance(value, (bool, int, float, str, tuple, np.generic)):
        return repr(value)
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
