"""Columns: a table in memory as equally long NumPy arrays by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Ints

Columns = dict[str, NDArray[Any]]

# Numbers below this fit into 16 bits.
_SMALL = 1 << 16


def length(columns: Columns) -> int:
    """Return the number of rows, 0 if there are no columns."""
    return len(next(iter(columns.values()))) if columns else 0


def take(columns: Columns, index: Any) -> Columns:
    """Select rows by index array, mask or slice."""
    return {name: values[index] for name, values in columns.items()}


def concat(parts: Sequence[Columns]) -> Columns:
    """Stack tables of the same columns; an empty sequence gives no columns."""
    if not parts:
        return {}
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def grouped(numbers: Ints) -> Ints:
    """Return the order that sorts numbers and leaves equal ones in their order.

    A radix sort where the numbers span less than 65,536, several times as fast as a merge sort.
    """
    if not len(numbers):
        return np.zeros(0, np.int64)
    from_zero = numbers - numbers.min()
    keys = from_zero.astype(np.uint16) if from_zero.max() < _SMALL else from_zero
    return np.argsort(keys, kind="stable")


def time_order(ts_us: Ints, *numbers: NDArray[Any]) -> Ints:
    """Return the order by time, and by `numbers` within one microsecond.

    Parameters
    ----------
    ts_us : array of int, shape (N,)
        Times.
    *numbers : array, shape (N,)
        The first decides, then the next. All are equal in no two rows of one time, so that the
        order is unique.

    Returns
    -------
    array of int, shape (N,)
        Row numbers. Rows of equal times are few, so only these are sorted by all keys.
    """
    order = np.argsort(ts_us)
    ordered_us = ts_us[order]
    ties = np.flatnonzero(ordered_us[1:] == ordered_us[:-1])
    if ties.size:
        tied = np.union1d(ties, ties + 1)
        rows = order[tied]
        keys = [values[rows] for values in (ts_us, *numbers)]
        order[tied] = rows[np.lexsort(keys[::-1])]
    return order
