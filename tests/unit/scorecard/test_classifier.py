"""The classifiers: samples of one law cannot be told apart, and what differs is named."""

from __future__ import annotations

import numpy as np
import pytest

from sim.arrays.types import Floats
from sim.scorecard.classifier import auc_of, tell_apart
from sim.scorecard.features import SESSION_NAMES, WINDOW_NAMES, Examples, session_examples
from sim.scorecard.features import window_examples as windows_of
from tests.unit.scorecard.test_statistics import calls

NAMES = ("size", "speed", "colour")


def examples(rng: np.random.Generator, shift: float = 0.0) -> Examples:
    values: Floats = rng.standard_normal((240, 3))
    values[:, 1] += shift
    return Examples(values, np.repeat(np.arange(60), 4))


def test_one_law_cannot_be_told_apart() -> None:
    rng = np.random.default_rng(1)
    told = tell_apart(examples(rng), examples(rng), NAMES, seed=1)
    assert told is not None
    assert told.auc == pytest.approx(0.5, abs=0.1)
    assert 0.01 < told.error < 0.06


def test_what_differs_is_named_first() -> None:
    rng = np.random.default_rng(2)
    told = tell_apart(examples(rng, -2), examples(rng), NAMES, seed=2, importance=True)
    assert told is not None
    assert told.auc > 0.85
    first, *others = told.features
    assert (first.name, first.runs_are_higher) == ("speed", False)
    assert first.auc > 0.85
    assert first.importance > 0.2 > max(abs(x.importance) for x in others)


def test_an_example_of_a_known_group_gives_nothing_away() -> None:
    """Values that name the group would let a classifier that has seen the group say all."""
    rng = np.random.default_rng(3)
    samples = []
    for _ in range(2):
        groups = np.repeat(np.arange(40), 8)
        samples.append(Examples(np.repeat(rng.standard_normal((40, 3)), 8, axis=0), groups))
    told = tell_apart(samples[0], samples[1], NAMES, seed=3)
    assert told is not None
    assert told.auc < 0.7


def test_few_groups_are_not_asked() -> None:
    rng = np.random.default_rng(4)
    few = Examples(rng.standard_normal((50, 3)), np.repeat(np.arange(5), 10))
    assert tell_apart(few, examples(rng), NAMES, seed=4) is None


def test_area_under_the_curve() -> None:
    positive = np.array([True, True, False, False])
    assert auc_of(np.array([3.0, 4, 1, 2]), positive) == 1
    assert auc_of(np.array([1.0, 1, 1, 1]), positive) == 0.5
    assert auc_of(np.array([3.0, 1, 2, 0]), positive) == 0.75


def test_windows_and_sessions_have_all_features() -> None:
    long = [(10.0 * k, 100 * k, 10 + k % 3, k == 0) for k in range(40)]
    made = calls(long, long[:4], long[:2])
    windows = windows_of(made)
    assert windows.values.shape == (2, len(WINDOW_NAMES))  # 39 gaps are two windows of 16
    assert windows.groups.tolist() == [0, 0]
    by_name = dict(zip(WINDOW_NAMES, windows.values[0], strict=True))
    assert by_name["gap p50"] == pytest.approx(np.log(10))
    assert by_name["output max"] == pytest.approx(np.log1p(12))

    sessions = session_examples(made, np.array([7, 7, 8]))
    assert sessions.groups.tolist() == [7, 7]
    by_name = dict(zip(SESSION_NAMES, sessions.values[0], strict=True))
    assert by_name["number of calls"] == pytest.approx(np.log(40))
    assert by_name["growth a call"] == pytest.approx(97.5)
