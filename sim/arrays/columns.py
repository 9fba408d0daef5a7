"""Columns: a table in memory as equally long NumPy arrays by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Ints

Columns = dict[str, NDArray[Any]]

_SMALL = 1 << 16


def length(columns: Columns) -> int:
    return len(next(iter(columns.values()))) if columns else 0


def take(columns: Columns, index: Any) -> Columns:
    """Rows by index array, mask or slice."""
    return {name: values[index] for name, values in columns.items()}


def concat(parts: Sequence[Columns]) -> Columns:
    """Stack tables of the same columns; an empty sequence gives no columns."""
    if not parts:
        return {}
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def grouped(numbers: Ints) -> Ints:
    """Return the order that sorts small whole numbers and keeps that of equal ones."""
    if not len(numbers):
        return np.zeros(0, np.int64)
    ahead = numbers - numbers.min()
    # sixteen bits are sorted by radix, several times as fast
    return np.argsort(ahead.astype(np.uint16) if ahead.max() < _SMALL else ahead, kind="stable")


def time_order(ts_us: Ints, number: NDArray[Any]) -> Ints:
    """Return the order by time; rows of one microsecond by `number`."""
    order = np.argsort(ts_us)
    ordered = ts_us[order]
    tied = np.flatnonzero(ordered[1:] == ordered[:-1])
    if tied.size:
        places = np.union1d(tied, tied + 1)
        rows = order[places]
        order[places] = rows[np.lexsort((number[rows], ts_us[rows]))]
    return order
