"""Room for blocks of records."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.world.record_arena import RecordArena


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30))
def test_blocks_keep_their_records_until_they_are_freed(steps: list[tuple[int, bool]]) -> None:
    arena = RecordArena(np.dtype([("value", np.int64)]))
    held: dict[int, slice] = {}
    for number, (length, frees) in enumerate(steps):
        if frees and held:
            arena.free(held.pop(min(held)))
        block = held[number] = arena.place(length)
        arena.records[block]["value"] = number
        for value, other in held.items():
            assert arena.records[other]["value"].tolist() == [value] * (other.stop - other.start)


def test_the_first_gap_that_is_large_enough_is_used() -> None:
    arena = RecordArena(np.dtype([("value", np.int64)]))
    blocks = [arena.place(length) for length in (4, 2, 5, 3)]
    arena.free(blocks[0])
    arena.free(blocks[2])
    assert arena.place(5) == blocks[2]
    assert arena.place(3) == slice(0, 3)
    assert arena.place(2).start == 14


def test_room_that_is_reserved_is_used_without_moving_records() -> None:
    arena = RecordArena(np.dtype([("value", np.int64)]))
    first = arena.place(3)
    arena.records["value"][first] = 7
    arena.reserve(9)
    records = arena.records
    assert [arena.place(4), arena.place(5)] == [slice(3, 7), slice(7, 12)]
    assert arena.records is records
    assert records["value"][:3].tolist() == [7] * 3
    arena.place(1)
    assert arena.records is not records
