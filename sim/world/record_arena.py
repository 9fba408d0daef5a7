"""Room for blocks of records in one array, which grows when no gap is large enough."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class RecordArena:
    """Blocks of records that lie side by side in an array; a block never moves.

    Attributes
    ----------
    records : array
        All records, those of blocks and those in gaps. Growing makes a new array.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        """Begin without records."""
        self.records: NDArray[Any] = np.zeros(0, dtype)
        # (first, past) of the blocks, in their order
        self._blocks: list[tuple[int, int]] = []

    def place(self, length: int) -> slice:
        """Find room for a block: the first gap that holds it, or the end."""
        before = 0
        for number, (first, past) in enumerate(self._blocks):
            if first - before >= length:
                self._blocks.insert(number, (before, before + length))
                break
            before = past
        else:
            self._blocks.append((before, before + length))

        past = before + length
        if past > len(self.records):
            self._grow(max(past, 2 * len(self.records)))
        return slice(before, past)

    def reserve(self, length: int) -> None:
        """Make room for so many records behind the last block, so that they need no growing."""
        past = self._blocks[-1][1] if self._blocks else 0
        if past + length > len(self.records):
            self._grow(past + length)

    def free(self, block: slice) -> None:
        """Give up the room of a block."""
        self._blocks.remove((block.start, block.stop))

    def _grow(self, length: int) -> None:
        grown = np.zeros(length, self.records.dtype)
        grown[: len(self.records)] = self.records
        self.records = grown
