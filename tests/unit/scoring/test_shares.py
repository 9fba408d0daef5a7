"""Shares and their intervals: beside scipy, and where nothing can be drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from sim.scoring.shares import Draws, Measured, figure, ratio, share, within


def draws(owner: list[int], rounds: int = 400) -> Draws:
    owners, place = np.unique(owner, return_inverse=True)
    size = len(owners)
    times = np.random.default_rng(0).multinomial(size, np.full(size, 1 / size), rounds)
    return Draws(times[:, place].astype(float), np.array(owner))


@pytest.mark.parametrize(("found", "size"), [(0, 20), (3, 20), (20, 20), (1, 1)])
def test_the_interval_of_a_share_is_that_of_wilson(found: int, size: int) -> None:
    theirs = binomtest(found, size).proportion_ci(method="wilson")
    made = share(np.arange(size) < found, np.ones(size), np.arange(size))
    assert made[:3] == pytest.approx((found / size, theirs.low, theirs.high), abs=1e-6)


def test_accounts_of_an_owner_count_as_one() -> None:
    chosen = np.arange(20) < 10
    assert share(chosen, np.ones(20), np.arange(20) // 10) == share(
        chosen[::10], np.ones(2), np.arange(2)
    )


def test_weights_that_differ_leave_fewer_to_rest_on() -> None:
    chosen, owner = np.arange(20) % 2 == 0, np.arange(20)
    alike = share(chosen, np.ones(20), owner)
    unlike = share(chosen, np.where(owner < 2, 50.0, 1.0), owner)
    assert unlike.value == alike.value == 0.5
    assert unlike.low is not None
    assert alike.low is not None
    assert unlike.low < alike.low


def test_no_share_without_weight() -> None:
    assert share(np.array([True]), np.zeros(1), np.zeros(1, int)) == Measured(None)


def test_a_ratio_counts_only_what_has_a_bottom() -> None:
    top, bottom = np.array([1.0, 3.0, 5.0]), np.array([2.0, 6.0, 0.0])
    assert ratio(top, bottom, draws([0, 1, 2])).value == 0.5
    assert ratio(top, bottom * 0, draws([0, 1, 2])) == Measured(None)


def test_the_interval_of_a_ratio_is_that_of_the_mean_of_owners() -> None:
    values = np.random.default_rng(1).random(200)
    made = ratio(values, np.ones(200), draws(list(range(200)), 4_000))
    error = values.std() / np.sqrt(200)
    assert made.low == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)
    assert made.high == pytest.approx(values.mean() + 1.96 * error, abs=0.2 * error)


def test_no_interval_of_four_owners_and_one_of_five() -> None:
    values = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    assert ratio(values[:4], np.ones(4), draws([0, 1, 2, 3])).low is None
    assert ratio(values, np.ones(5), draws([0, 1, 2, 3, 4])).low is not None


def test_an_end_that_is_never_reached_is_none() -> None:
    assert within(3.0, np.array([1.0] * 50 + [np.inf] * 50), 9) == Measured(3, 1, None)


@pytest.mark.parametrize(
    ("drawn", "owners", "why"),
    [
        ([], 9, "no interval: fewer than 2 draws have a value"),
        ([0.1, 0.2], 4, "no interval: 4 operators to draw from, 5 are needed"),
        ([0.3, 0.3], 9, "no interval: all draws are alike"),
        ([0.2, 0.4], 9, ""),
    ],
)
def test_what_was_measured_says_which_reason_it_has_for_no_interval(
    drawn: list[float], owners: int, why: str
) -> None:
    made = within(0.3, np.array(drawn), owners)
    assert made.why == why
    assert (made.low is None) == bool(why)


def test_a_figure_says_why_it_has_no_interval() -> None:
    without = Measured(0.5, why="no interval: all draws are alike")
    assert figure("a", "b", without, why_not="unused").why_not == without.why
    assert figure("a", "b", Measured(0.5, 0.1, 0.9), why_not="unused").why_not == ""
    empty = figure("a", "b", Measured(None), rests_on="unused", why_not="nothing")
    assert (empty.why_not, empty.rests_on) == ("nothing", "")
