"""Names for the types of arrays that functions take and return."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Array = NDArray[Any]

_INT64, _BOOL = np.dtype(np.int64), np.dtype(np.bool_)


def for_loops(values: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers or flags as compiled loops take them: of 64 bits, or Booleans.

    They lie side by side and can be written to. They are copied only where they do not already.
    """
    flags = values.flags
    if values.dtype in (_INT64, _BOOL) and flags.c_contiguous and flags.writeable:
        return values
    kind = np.bool_ if values.dtype == np.bool_ else np.int64
    if values.dtype == kind and values.flags.carray:
        return values
    return np.require(values, kind, ["C_CONTIGUOUS", "WRITEABLE"])
