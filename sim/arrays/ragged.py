"""Sums and counters within the groups of a flattened ragged array.

The groups lie one after the other; `counts` are their lengths, shape (groups,).
"""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Ints


def starts_of(counts: Ints) -> Ints:
    """Return the index of the first element of each group, shape of `counts`."""
    ends = np.cumsum(counts)
    return ends - counts


def position_in(counts: Ints) -> Ints:
    """Return 0, 1, 2, ... within each group, shape (counts.sum(),)."""
    return np.arange(int(counts.sum())) - np.repeat(starts_of(counts), counts)


def cumulate_in(values: Ints, counts: Ints) -> Ints:
    """Return the running sum of `values` within each group; `counts` are at least 1.

    The sum at an element includes the element.
    """
    total = np.cumsum(values)
    first = starts_of(counts)
    before = total[first] - values[first]
    return total - np.repeat(before, counts)


def ranges(first: Ints, counts: Ints) -> Ints:
    """Return first[0], first[0] + 1, ..., then those of the next group, shape (counts.sum(),)."""
    return np.repeat(first, counts) + position_in(counts)
