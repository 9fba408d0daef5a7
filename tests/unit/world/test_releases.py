"""Which model clients use after releases."""

from __future__ import annotations

import numpy as np

from sim.arrays.time import MINUTE_US
from sim.scenario.resolved import Uptake
from sim.world.releases import Releases
from tests.unit.world.building import event, world

NUMBER = {"old": 0, "new": 1, "newest": 2}
SLOW = Uptake(share=0.5, over_us=10 * MINUTE_US, latest_share=0.0)
AT_ONCE = Uptake(share=0.5, over_us=0, latest_share=0.0)


def used(uptake: Uptake, minutes: list[float], moves_at: float, latest: bool = False) -> list[int]:
    """Models used at times by a client of the oldest model."""
    asked = world(
        event("price", 1, None, factor=0.5),
        event("release", 5, None, model="new"),
        event("release", 30, None, model="newest"),
    )
    at_us = (np.array(minutes) * MINUTE_US).astype(np.int64)
    size = len(minutes)
    preferred, moves = np.zeros(size, np.int64), np.full(size, moves_at)
    model = Releases(asked, NUMBER).model(preferred, at_us, moves, np.full(size, latest), uptake)
    return [int(number) for number in model]


def test_clients_that_ask_for_the_latest_model_get_it_at_once() -> None:
    assert used(SLOW, [4.999, 5, 29.999, 30], moves_at=0.99, latest=True) == [0, 1, 1, 2]


def test_clients_move_in_the_course_of_the_uptake() -> None:
    # at 0.25 a client moves when half of the time is over, and not before
    assert used(SLOW, [5, 9.99, 10.001, 29], moves_at=0.25) == [0, 0, 1, 1]
    assert used(SLOW, [34.9, 35.1], moves_at=0.25) == [1, 2]


def test_the_share_that_moves_in_the_end_is_that_of_the_uptake() -> None:
    assert used(SLOW, [29, 100], moves_at=0.4999) == [1, 2]
    assert used(SLOW, [29, 100], moves_at=0.5) == [0, 0]


def test_without_a_time_of_uptake_clients_move_at_the_release() -> None:
    assert used(AT_ONCE, [4.999, 5, 30], moves_at=0.499) == [0, 1, 2]
    assert used(AT_ONCE, [5, 30], moves_at=0.5) == [0, 0]


def test_preferred_models_are_left_as_they_were() -> None:
    preferred = np.array([0])
    asked = Releases(world(event("release", 0, None, model="new")), NUMBER)
    late = np.array([MINUTE_US])
    model = asked.model(preferred, late, np.zeros(1), np.array([True]), SLOW)
    assert (model.tolist(), preferred.tolist()) == ([1], [0])
