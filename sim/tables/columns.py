"""Columns: a table in memory as equally long NumPy arrays by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]


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
