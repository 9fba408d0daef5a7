"""Which row came before a row in its group."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Bools, Ints


def previous(group: NDArray[Any]) -> Ints:
    """Index of the row before each row in its group, -1 for the first of a group."""
    order = np.argsort(group, kind="stable")
    same = group[order[1:]] == group[order[:-1]]
    before = np.full(len(group), -1)
    before[order[1:][same]] = order[:-1][same]
    return before


def lasts(group: NDArray[Any]) -> Bools:
    """Whether a row is the last of its group."""
    is_last = np.ones(len(group), np.bool_)
    before = previous(group)
    is_last[before[before >= 0]] = False
    return is_last


def latest(group: Ints, at_us: Ints, source: Bools) -> Ints:
    """Index of the last source in the group no later than each row, itself left out; -1: none.

    Of sources at one time any will do, so that the answer does not hang on the order of rows.
    """
    src = np.flatnonzero(source)
    row = np.concatenate([src, np.arange(len(group))])
    asks = np.arange(len(row)) >= len(src)
    order = np.lexsort((asks, at_us[row], group[row]))
    is_source = ~asks[order]
    sources = row[order[is_source]]
    asking = row[order[~is_source]]
    rank = np.cumsum(is_source)[~is_source] - 1
    result = np.full(len(group), -1)
    if not len(sources):
        return result
    rank -= (rank >= 0) & (sources[np.maximum(rank, 0)] == asking)
    found = sources[np.maximum(rank, 0)]
    result[asking] = np.where((rank >= 0) & (group[found] == group[asking]), found, -1)
    return result


def numbered(*columns: NDArray[Any]) -> Ints:
    """Number the distinct combinations of columns of one length, per row."""
    code = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        values = np.unique(column, return_inverse=True)[1].astype(np.int64)
        code = np.unique(code * (values.max(initial=0) + 1) + values, return_inverse=True)[1]
    return code.astype(np.int64)


def place_in(known: Ints, ids: Ints) -> Ints:
    """Index of each identifier among the sorted ones that are known, -1 if it is not there."""
    if not len(known):
        return np.full(len(ids), -1)
    place = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.where(known[place] == ids, place, -1)
