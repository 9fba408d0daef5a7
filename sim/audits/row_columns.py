"""The columns of a table as numbers, so that each can be asked for its AUC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

# Words of a column that get a number of their own: the commonest.
WORDS = 8


def numbers_of(frame: Any, kinds: Mapping[str, str]) -> Any:
    """Return columns as numbers: a data frame of as many rows, of which no column is constant.

    Words become a column each for the commonest, and one for what is missing. A missing number is
    -1, and a column says so. Identifiers, times and vectors are left out.

    Parameters
    ----------
    frame
        Rows of a table.
    kinds
        The kinds of its columns by name, as of `RunTables.schemas`.
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
            words = column.astype(str)
            for word in words[~missing].value_counts().index[:WORDS]:
                made[f"{name} = {word}"] = (words == word).to_numpy(float)
        else:
            made[name] = column.astype(float).fillna(-1.0).to_numpy()

    varied = {name: values for name, values in made.items() if len(values) and np.ptp(values) > 0}
    return pd.DataFrame(varied, index=frame.index)
