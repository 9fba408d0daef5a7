"""Calls before anything happens to them."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from tests.unit.world.building import drawn_calls


def test_calls_that_are_left_out_are_missing_from_every_column() -> None:
    task = np.array([0, 0, 1, 2, 3])
    calls = drawn_calls([3, 2], task=task, wait_us=np.arange(5), key=np.array([7, 8]))
    left = calls.without(np.array([False, True, True, False, False]))
    assert left.serial.tolist() == [100, 103, 104]
    assert left.wait_us.tolist() == [0, 3, 4]
    assert left.session.tolist() == [0, 1, 1]
    assert left.calls_per_session.tolist() == [1, 2]
    assert left.key.tolist() == [7, 8]
    # tasks are numbered without a gap
    assert left.task.tolist() == [0, 1, 2]
    assert {len(getattr(left, f.name)) for f in fields(left)} == {2, 3}
