"""What an event loop hands out block by block, and the room that it uses again."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest

from sim.arrays.time import FOREVER_US
from sim.arrays.types import Ints
from sim.world.carry_out import split_by_block
from tests.unit.world.building import conditions
from tests.unit.world.test_event_loop import BAD, STARTS_US, carried_out, loop_in, sessions_of


def test_blocks_are_drained_apart_and_room_of_a_block_that_is_over_is_used_again() -> None:
    rules, loop = conditions(), loop_in(conditions(), None)
    first, second = sessions_of(30), sessions_of(20, wait_us=7)
    blocks = [loop.add(first), loop.add(second)]
    for block, count in zip(blocks, (30, 20), strict=True):
        loop.open(block, STARTS_US[:count], np.arange(count))
    loop.run(rules.until_us)
    parts = loop.drain()
    assert [part[0] for part in parts] == blocks
    assert parts[1][1].call.max() < len(second.serial)
    expected = carried_out(second, STARTS_US[:20], loop_in(rules, None))
    assert sorted(parts[1][1].begins_us.tolist()) == sorted(expected.begins_us.tolist())

    loop.remove(blocks[0])
    third = loop.add(first)
    assert (third.calls, third.number) == (blocks[0].calls, blocks[0].number)
    assert (loop.ends_us(third) == FOREVER_US).all()
    assert not loop.refused(third).any()

    # parts come in the order in which blocks were added, not by number
    fourth = loop.add(second)
    assert fourth.number == 2
    for block, count in ((fourth, 20), (third, 30)):
        loop.open(block, STARTS_US[:count] + rules.until_us // 2, np.arange(count))
    loop.run(rules.until_us)
    parts = loop.drain()
    assert [part[0] for part in parts] == [third, fourth]
    lengths = [len(parts[0][1].call), len(parts[1][1].call)]
    assert lengths == [len(first.serial), len(second.serial)]


def test_more_attempts_than_are_kept_at_a_time_are_drained_in_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules, calls = conditions(BAD), sessions_of(40)
    expected = carried_out(calls, STARTS_US, loop_in(rules, None))
    monkeypatch.setattr("sim.world.event_loop._ATTEMPTS", 16)
    monkeypatch.setattr("sim.world.event_loop._FIRST_ROOM", 4)
    attempts = carried_out(calls, STARTS_US, loop_in(rules, None))
    assert len(attempts.call) > 100
    for column, other in zip(attempts, expected, strict=True):
        assert column.tolist() == other.tolist()


def test_attempts_that_are_drained_are_given_up_piece_by_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When a piece is split, those before are no longer in memory."""
    pieces: list[weakref.ref[Ints]] = []
    alive: list[int] = []

    def watched(piece: Ints, *arguments: Any) -> None:
        alive.append(sum(other() is not None for other in pieces))
        pieces.append(weakref.ref(piece))
        split_by_block(piece, *arguments)

    monkeypatch.setattr("sim.world.event_loop._ATTEMPTS", 16)
    monkeypatch.setattr("sim.world.carry_out.split_by_block", watched)
    carried_out(sessions_of(40), STARTS_US, loop_in(conditions(BAD), None))
    assert len(alive) > 5
    assert set(alive) == {0}
