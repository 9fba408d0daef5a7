"""Intervals: what is drawn, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from sim.arrays.types import Bools, Ints
from sim.scoring import ranking
from sim.scoring.answer import why_no_interval
from sim.scoring.intervals import drawn, ends, interval, of_share
from tests.support.answers import answered

NAMES = ("auc", "recall_at_fpr_1e-2")


def test_owners_are_drawn_whole_and_each_side_from_its_own() -> None:
    owner = np.array([0, 0, 1, 1, 2, 3, 4, 4])
    target = np.array([True, False, True, True, False, False, False, False])
    times = drawn(owner, target, 50, 3)
    assert times.shape == (50, 8)
    assert (times[:, 0] == times[:, 1]).all()
    assert (times[:, 6] == times[:, 7]).all()
    assert (times[:, [0, 2]].sum(axis=1) == 2).all()
    assert (times[:, [4, 5, 6]].sum(axis=1) == 3).all()
    assert len({tuple(row) for row in times}) > 10
    assert np.array_equal(times, drawn(owner, target, 50, 3))
    assert not np.array_equal(times, drawn(owner, target, 50, 4))


def test_draws_without_a_value_are_left_out_unless_there_are_many() -> None:
    assert ends(np.array([0.0, *[1.0] * 99])) == (1, 1)
    assert ends(np.array([np.nan, *[1.0] * 9])) == (1, 1)
    assert ends(np.array([np.nan] * 2 + [1.0] * 8)) == (None, None)
    assert ends(np.array([])) == (None, None)
    times = np.ones((10, 3))
    assert interval(lambda draw: float(draw.sum()), times) == (3, 3)


def test_none_of_thirty_may_be_one_in_eight() -> None:
    """0.884 to the power of 30 is 0.025."""
    assert np.round(np.array(of_share((0.0, 0.0), 0.0, 30), float), 4).tolist() == [0, 0.1157]
    assert np.round(np.array(of_share((1.0, 1.0), 1.0, 30), float), 4).tolist() == [0.8843, 1]
    assert np.round(np.array(of_share((0.0, 0.004), 0.0, 30), float), 4).tolist() == [0, 0.1157]
    assert of_share((0.0, 0.4), 0.0, 30) == (0.0, 0.4)
    assert of_share((0.2, 0.4), 0.3, 30) == (0.2, 0.4)
    assert of_share((None, None), 0.0, 30) == (None, None)


@pytest.mark.parametrize(
    ("owners", "why"),
    [
        ((4, 9), "no interval: 4 owners of positives, 5 are needed"),
        ((9, 4), "no interval: 4 owners of negatives, 5 are needed"),
        ((5, 5), ""),
    ],
)
def test_few_owners_have_no_interval(owners: tuple[int, int], why: str) -> None:
    target = np.repeat([True, False], owners)
    assert why_no_interval(answered(target * 1.0, target).asked) == why


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Accounts of an owner are alike; drawn one by one they would seem to tell more than they do.

    Score: that of the owner, that of the account, and 1 more for positives.
    """
    whole = np.sqrt(0.8 + 0.2)
    truth = {
        "auc": norm.cdf(1 / (whole * np.sqrt(2))),
        "recall_at_fpr_1e-2": norm.sf(norm.isf(0.01) * whole - 1),
    }
    owner = np.concatenate([np.repeat(np.arange(40), 5), 40 + np.repeat(np.arange(400), 2)])
    target = owner < 40
    by_owner, one_by_one = (
        np.mean([_holds(truth, owner, drawn_by, target, seed) for seed in range(40)], axis=0)
        for drawn_by in (owner, np.arange(len(owner)))
    )
    assert (by_owner >= 0.85).all()
    assert one_by_one[0] < by_owner[0] - 0.1


def _holds(
    truth: dict[str, float], owner: Ints, drawn_by: Ints, target: Bools, seed: int
) -> list[bool]:
    """Tell which intervals hold the truth in one sample."""
    rng = np.random.default_rng(seed)
    score = rng.normal(scale=np.sqrt(0.8), size=int(owner.max()) + 1)[owner]
    score = score + rng.normal(scale=np.sqrt(0.2), size=len(owner)) + target
    answer = answered(score, target, owner=drawn_by, prevalence=0.01, rounds=60)
    found = {f.id: f for f in ranking.section(answer).figures}
    return [found[name].low <= truth[name] <= found[name].high for name in NAMES]  # type: ignore[operator]
