"""The columns of a table as numbers, so that each can be asked for its AUC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.arrays.types import Floats

# Words of a column that get a number of their own: the commonest.
WORDS = 8


def numbers_of(frame: Any, kinds: Mapping[str, str]) -> tuple[Floats, list[str]]:
    """Return columns as numbers, and their names.

    Words become a column each for the commonest, and one for what is missing. A missing number is
    -1, and a column says so. Identifiers and vectors are left out.

    Parameters
    ----------
    frame
        Rows of a table.
    kinds
        The kinds of its columns by name, as of `RunTables.schemas`.

    Returns
    -------
    tuple
        Array of shape (rows, columns), of which none is constant, and the names.
    """
    made: dict[str, Any] = {}
    for name, kind in kinds.items():
        if name not in frame or kind.rstrip("?") in ("id", "vector", "time"):
            continue
        column = frame[name]
        missing = column.isna()
        if missing.any():
            made[f"{name} missing"] = missing.to_numpy(float)
        if kind.startswith("word"):
            words = column.astype(str)[~missing]
            for word in words.value_counts().index[:WORDS]:
                made[f"{name} = {word}"] = (column.astype(str) == word).to_numpy(float)
        else:
            made[name] = column.astype(float).fillna(-1.0).to_numpy()

    varied = {name: values for name, values in made.items() if len(values) and np.ptp(values) > 0}
    if not varied:
        return np.empty((len(frame), 0)), []
    return np.stack(list(varied.values()), axis=1), list(varied)
