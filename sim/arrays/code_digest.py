"""What the machine code of a compiled function depends on, as a hash."""

from __future__ import annotations

import functools
import hashlib
from types import CodeType, ModuleType
from typing import Any

import numba
import numpy as np
from numba.core.dispatcher import Dispatcher

_CONFIG: Any = numba.config


def digest(function: Any) -> str:
    """Return a hash of a compiled function, of its options, and of all that it calls or reads.

    Called functions count with what they call, wherever they are written. So all of them must be
    there: this is asked when the function is called, not while its module is imported.
    """
    texts: dict[Any, str] = {}
    todo = [function]
    while todo:
        each = todo.pop()
        if each not in texts:
            texts[each], called = _own_text(each)
            todo.extend(called)
    everywhere = (str(_CONFIG.BOUNDSCHECK), str(_CONFIG.OPT))
    text = repr((everywhere, texts[function], sorted(texts.values())))
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def _own_text(function: Any) -> tuple[str, tuple[Any, ...]]:
    """Return what a compiled function itself says, and the compiled functions that it calls."""
    written = function.py_func
    used = _used(written.__globals__, _names(written.__code__))
    called = tuple(value for value in used.values() if isinstance(value, Dispatcher))
    own = (
        written.__qualname__,
        _instructions(written.__code__),
        repr(written.__defaults__),
        {name: constant(value) for name, value in sorted(used.items())},
        sorted((name, repr(value)) for name, value in function.targetoptions.items()),
    )
    return repr(own), called


def _used(known: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """Return what a function means by names: globals, and what is in modules that are globals."""
    used = {name: known[name] for name in names if name in known}
    modules = [(name, value) for name, value in used.items() if isinstance(value, ModuleType)]
    for name, module in modules:
        inside = vars(module)
        used |= {f"{name}.{inner}": inside[inner] for inner in names if inner in inside}
    return used


def constant(value: Any) -> str:
    """Return a constant as text; functions, modules and functions of NumPy are told by names."""
    if isinstance(value, (bool, int, float, str, tuple, np.generic, np.dtype)):
        return repr(value)
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape} {value.tobytes().hex()}"
    if isinstance(value, Dispatcher):
        return f"{value.py_func.__module__}.{value.py_func.__qualname__}"
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
