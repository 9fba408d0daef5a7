"""A binary heap of events: the first in order of time, then of a number, stands at the top.

An event is a row of four whole numbers: its time, its order within the microsecond, what it
happens to, and how much. Only the first two decide where it stands. The children of row i are the
rows 2 i + 1 and 2 i + 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.compiled import compiled, inlined
from sim.arrays.types import Ints

AT, ORDER, WHAT, UNITS = 0, 1, 2, 3


def new_heap(capacity: int) -> Ints:
    """Return an empty heap with room for so many events, shape (capacity, 4)."""
    return np.zeros((capacity, 4), np.int64)


@compiled
def push(heap: Any, length: Any, at_us: Any, order: Any, what: Any, units: Any) -> Any:
    """Add an event to a heap of `length` events; return how many there are then."""
    row = length
    while row > 0:
        parent = (row - 1) >> 1
        parent_us = heap[parent, AT]
        if parent_us < at_us or (parent_us == at_us and heap[parent, ORDER] <= order):
            break
        for column in range(4):
            heap[row, column] = heap[parent, column]
        row = parent
    _write(heap, row, at_us, order, what, units)
    return length + 1


@compiled
def replace_first(heap: Any, length: Any, at_us: Any, order: Any, what: Any, units: Any) -> None:
    """Take the first of `length` events away, and add another one."""
    row = 0
    while True:
        # the child that comes first
        child = 2 * row + 1
        if child >= length:
            break
        child_us = heap[child, AT]
        if child + 1 < length:
            other_us = heap[child + 1, AT]
            if other_us < child_us or (
                other_us == child_us and heap[child + 1, ORDER] < heap[child, ORDER]
            ):
                child, child_us = child + 1, other_us

        # it moves up, if it comes before the event
        if child_us > at_us or (child_us == at_us and heap[child, ORDER] >= order):
            break
        for column in range(4):
            heap[row, column] = heap[child, column]
        row = child
    _write(heap, row, at_us, order, what, units)


@compiled
def remove_first(heap: Any, length: Any) -> Any:
    """Take the first of `length` events away; return how many are left."""
    last = length - 1
    if last > 0:
        replace_first(
            heap, last, heap[last, AT], heap[last, ORDER], heap[last, WHAT], heap[last, UNITS]
        )
    return last


@inlined
def _write(heap: Ints, row: int, at_us: int, order: int, what: int, units: int) -> None:
    heap[row, AT] = at_us
    heap[row, ORDER] = order
    heap[row, WHAT] = what
    heap[row, UNITS] = units
