"""Cells of time, by which rows are set aside, and the windows and parts made of whole cells."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Ints

WINDOW_ROWS = 131_072
_CELLS_PER_WINDOW = 16
_MOST_CELLS = 1 << 16
_SHORTEST_CELL_US = 1_000


@dataclass(frozen=True)
class TimeGrid:
    """The log in cells of equal length, numbered from its opening.

    Attributes
    ----------
    cells
        How many there are, at most 65,536: a number fits into 16 bits.
    cell_us
        Their length in microseconds, rounded up, so that they cover the log.
    """

    cells: int
    cell_us: int

    @classmethod
    def of(cls, horizon_us: int, expected_rows: float, window_rows: int) -> TimeGrid:
        """Return a grid so fine that a window has several cells, as far as can be foreseen.

        Parameters
        ----------
        horizon_us
            Length of the log in microseconds.
        expected_rows
            How many rows the log is expected to have.
        window_rows
            How many of them make up a window.
        """
        wanted = expected_rows / window_rows * _CELLS_PER_WINDOW
        most = max(1, min(_MOST_CELLS, horizon_us // _SHORTEST_CELL_US))
        cells = int(min(max(wanted, 1), most))
        return cls(cells, -(-horizon_us // cells))

    def cell(self, ts_us: Ints) -> NDArray[np.uint16]:
        """Return the cell of each time; times before the opening belong to the first."""
        number = np.minimum(np.maximum(ts_us, 0) // self.cell_us, self.cells - 1)
        return np.asarray(number, np.uint16)


class Window(NamedTuple):
    """The cells [first, last) of the log, which are put in order together."""

    first: int
    last: int


def windows_of(counts: Ints, window_rows: int) -> list[Window]:
    """Group consecutive cells to windows of at least `window_rows` rows, but for the last one.

    Parameters
    ----------
    counts
        Rows in each cell, shape (cells,).
    window_rows
        A window ends with the cell that brings it to so many.

    Returns
    -------
    list of Window
        In order of time; together they are all cells. Cells are never divided, so one with many
        rows makes a large window.
    """
    total = np.cumsum(counts)
    edges, low = [0], 0
    while low < len(counts):
        before = int(total[low - 1]) if low else 0
        low = min(int(np.searchsorted(total, before + window_rows)) + 1, len(counts))
        edges.append(low)
    return [Window(a, b) for a, b in pairwise(edges)]


def parts_of(counts: Ints, window_rows: int, part_rows: int) -> list[list[Window]]:
    """Group windows to parts of similar size, about `part_rows` rows each; at least one part.

    A window belongs to the part in which its middle row lies if rows are shared out evenly.

    Parameters
    ----------
    counts
        Rows in each cell, shape (cells,).
    window_rows, part_rows
        How many rows a window and a part should have.

    Returns
    -------
    list of list of Window
        Of each part its windows, in order of time; no part is without windows.
    """
    windows = windows_of(counts, window_rows)
    total = np.cumsum([0, *counts.tolist()])
    parts = max(1, round(int(total[-1]) / part_rows))
    middle = np.array([(total[w.first] + total[w.last]) / 2 for w in windows])
    number = np.minimum((middle / max(int(total[-1]), 1) * parts).astype(np.int64), parts - 1)
    return [[windows[k] for k in np.flatnonzero(number == p)] for p in np.unique(number).tolist()]
