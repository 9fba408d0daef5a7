"""Which row came before a row in its group."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Bools, Ints


def previous(group: NDArray[Any]) -> Ints:
    """Return the index of the row before each row in its group.

    Parameters
    ----------
    group
        Group of each row, shape (rows,). Rows are in order of time; rows of a group need not be
        neighbours.

    Returns
    -------
    Ints
        Shape (rows,), -1 for the first row of a group.
    """
    order = np.argsort(group, kind="stable")
    same = group[order[1:]] == group[order[:-1]]
    before = np.full(len(group), -1)
    before[order[1:][same]] = order[:-1][same]
    return before


def lasts(group: NDArray[Any]) -> Bools:
    """Return whether each row is the last of its group; arguments as in `previous`."""
    is_last = np.ones(len(group), np.bool_)
    before = previous(group)
    is_last[before[before >= 0]] = False
    return is_last


def latest(group: Ints, at_us: Ints, source: Bools) -> Ints:
    """Find the last source in the group no later than each row, itself left out.

    Of sources at one time any will do, so that the answer does not hang on the order of rows.

    Parameters
    ----------
    group, at_us
        Group and time of each row, shape (rows,).
    source
        Which rows are sources, shape (rows,).

    Returns
    -------
    Ints
        Index of a row for each row, -1 where there is none.
    """
    # every source once, and every row once as one that asks, behind the sources of its time
    sources = np.flatnonzero(source)
    row = np.concatenate([sources, np.arange(len(group))])
    asks = np.arange(len(row)) >= len(sources)
    order = np.lexsort((asks, at_us[row], group[row]))
    is_source = ~asks[order]
    sources, asking = row[order[is_source]], row[order[~is_source]]
    result = np.full(len(group), -1)
    if not len(sources):
        return result

    # the source before, or one more before that if it is the row itself, if it is of the group
    rank = np.cumsum(is_source)[~is_source] - 1
    rank -= (rank >= 0) & (sources[np.maximum(rank, 0)] == asking)
    nearest = sources[np.maximum(rank, 0)]
    result[asking] = np.where((rank >= 0) & (group[nearest] == group[asking]), nearest, -1)
    return result


def numbered(*columns: NDArray[Any]) -> Ints:
    """Return a number for each row, the same for rows with the same values in all columns.

    Parameters
    ----------
    *columns
        At least one, all of shape (rows,).

    Returns
    -------
    Ints
        Numbers from 0 without a gap, in the order of the values. They are made dense after each
        column, so products do not overflow.
    """
    code = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        values = np.unique(column, return_inverse=True)[1].astype(np.int64)
        code = np.unique(code * (values.max(initial=0) + 1) + values, return_inverse=True)[1]
    return code.astype(np.int64)


def index_in(ascending: Ints, ids: Ints) -> Ints:
    """Return the index of each identifier among ascending ones, -1 if it is not there.

    Parameters
    ----------
    ascending
        Identifiers in ascending order; it may be empty. Of equal ones the first is found.
    ids
        Identifiers to look up, in any order.
    """
    if not len(ascending):
        return np.full(len(ids), -1)
    index = np.minimum(np.searchsorted(ascending, ids), len(ascending) - 1)
    return np.where(ascending[index] == ids, index, -1)
