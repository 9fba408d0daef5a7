"""Session starts by change of time, and jitter, number by number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.actors.arrivals.clusters import Clustering
from sim.actors.arrivals.point_process import session_starts, with_jitter
from sim.arrays.types import Floats
from tests.support.contexts import chosen
from tests.support.scenarios import constant


class Slow:
    """Operational time passes half as fast as clock time."""

    def operational(self, clock_us: Floats) -> Floats:
        return clock_us / 2

    def clock(self, operational_us: Floats) -> Floats:
        return operational_us * 2


class Even:
    def operational(self, clock_us: Floats) -> Floats:
        return clock_us

    def clock(self, operational_us: Floats) -> Floats:
        return operational_us


def clustering(accounts: int, spells: float = 0.0, burst: float = 1.0) -> Clustering:
    half_an_hour, pause = constant(0.5), constant(2e-6)
    return Clustering(np.full(accounts, spells), np.full(accounts, burst), half_an_hour, pause)


def drawn_one_by_one(counts: list[int], shares: list[float], users: list[float]) -> Any:
    """A generator of sessions that are bursts of one, and spells of one burst."""
    n = len(shares)
    return chosen(counts, shares, [1] * n, [1.0] * n, [0.0, 1.0] * n, [1] * n, [1.0] * n, users)


def test_counts_are_poisson_and_times_uniform_in_operational_time() -> None:
    rng = drawn_one_by_one([2, 1, 1], [0.75, 0.25, 0.5, 0.1], [0.0] * 4)
    start, user = session_starts(
        np.array([100.0, 50.0, 200.0]),
        np.ones(3, np.int64),
        np.array([0, 3, 0]),
        clustering(3),
        {0: Even(), 3: Slow()},
        rng,
        -100,
        900,
    )
    (name, mean), (other, size) = rng.arguments[:2]
    assert (name, other, size) == ("poisson", "random", 4)
    assert mean.tolist() == [1000 / 100, 500 / 50, 1000 / 200]
    # -100 + u * 1000, and in the other zone 2 * (-50 + u * 500)
    assert start.tolist() == [0, 150, 400, 650]
    assert user.tolist() == [2, 0, 1, 0]


def test_a_burst_is_of_one_end_user_in_the_hours_of_that_one() -> None:
    """Two bursts of the second account: of its first end user, and of its second, who is slow."""
    # at the begin of its spell each, with pauses of one mean
    pauses, mean = [0.0, 1.0, 0.0, 1.0], [1.0] * 4
    rng = chosen([0, 2], [0.1, 0.6], [1, 1], [1.0, 1.0], pauses, [2, 2], mean, [0.49, 0.5])
    start, user = session_starts(
        np.ones(2),
        np.array([1, 2]),
        np.array([0, 0, 3]),
        clustering(2, burst=2.0),
        {0: Even(), 3: Slow()},
        rng,
        0,
        100,
    )
    assert start.tolist() == [10, 12, 60, 62]
    assert user.tolist() == [1, 1, 2, 2]


def test_starts_are_whole_microseconds_inside_the_interval() -> None:
    rng = drawn_one_by_one([3], [0.0, 0.9999999, 0.52], [0.0] * 3)
    one, zone = np.ones(1, np.int64), np.array([0])
    start, _ = session_starts(np.array([1.0]), one, zone, clustering(1), {0: Even()}, rng, 10, 20)
    assert start.tolist() == [10, 15, 19]


def test_sessions_of_one_time_keep_the_order_of_accounts() -> None:
    rng = drawn_one_by_one([1, 1, 1], [0.5, 0.5, 0.2], [0.0] * 3)
    one, zone = np.ones(3, np.int64), np.zeros(3, np.int64)
    start, user = session_starts(np.ones(3), one, zone, clustering(3), {0: Even()}, rng, 0, 10)
    assert start.tolist() == [2, 5, 5]
    assert user.tolist() == [2, 0, 1]


def test_jitter_multiplies_pauses_from_where_sessions_were() -> None:
    start, account = np.array([100, 110, 200, 300, 310]), np.array([1, 0, 1, 1, 0])
    sigma, z = 0.5, np.array([9.0, 1.0, 9.0, -1.0, 0.5])
    moved, whose = with_jitter(start, account, sigma, chosen(z.tolist()), 0, 1_000)
    factor = np.exp(sigma * z - sigma**2 / 2)
    # account 0: 110, 310; account 1: 100, 200, 300; the first of each stays
    expected = {
        (0, 110),
        (0, 110 + round(200 * factor[1])),
        (1, 100),
        (1, 100 + round(100 * factor[3])),
        (1, 200 + round(100 * factor[4])),
    }
    assert set(zip(whose.tolist(), moved.tolist(), strict=True)) == expected
    assert (np.diff(moved) >= 0).all()


@pytest.mark.parametrize(("ends_us", "left"), [(301, [100, 300]), (300, [100])])
def test_jitter_leaves_out_what_moves_to_the_end(ends_us: int, left: list[int]) -> None:
    moved, _ = with_jitter(
        np.array([100, 300]), np.zeros(2, np.int64), 0.0, chosen([0, 0]), 0, ends_us
    )
    assert moved.tolist() == left
