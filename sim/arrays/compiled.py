"""Plain loops over arrays, compiled to machine code by Numba when they are first called."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core import event

from sim.arrays.machine_code import MachineCode

_CONFIG: Any = numba.config
_EVENT: Any = event

# Said to the logger `sim.compiling` when the first function of a process must be compiled.
COMPILING = "compiling loops for this processor, which takes some seconds, once"

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function of numbers and arrays; it lets go of the interpreter's lock while it runs.

    The function is a plain loop in the part of Python that Numba knows. It may call functions that
    are compiled too. The machine code is kept in `machine_code.cache_folder()`, under a name that
    is made from the function and all that it calls. So it is compiled once on a machine, and again
    when any of these changes. With `NUMBA_DISABLE_JIT=1` the function stays as it is written, to be
    debugged.

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


def _compiled(function: F, *, inline: bool) -> F:
    if _CONFIG.DISABLE_JIT:
        return _as_written(function)
    made: Any = numba.njit(nogil=True, error_model="numpy", forceinline=inline)(function)
    made.source_name = name = f"{function.__module__}.{function.__qualname__}"
    # in place of `cache=True`, which keeps it elsewhere and loads all of Numba to read it
    made._cache = MachineCode(made, name.removeprefix("sim."))
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


def _as_written(function: F) -> F:
    """Return a function that is not compiled; 64-bit numbers wrap around without a warning."""

    @functools.wraps(function)
    def plain(*arguments: Any) -> Any:
        with np.errstate(over="ignore"):
            return function(*arguments)

    return plain  # type: ignore[return-value]
