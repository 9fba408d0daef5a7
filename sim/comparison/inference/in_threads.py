"""Independent work on several threads, as NumPy lets go of the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# More gain nothing: between arrays they wait for each other.
_MOST = 4


def in_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return `function` of each item, in the order of the items.

    Parameters
    ----------
    function
        Neither the order of its calls nor their number at a time may change what it returns.
    items
        What it is called with; each belongs to one thread, with all that is kept for it.
    """
    with ThreadPoolExecutor(min(_MOST, os.cpu_count() or 1)) as pool:
        return list(pool.map(function, items))
