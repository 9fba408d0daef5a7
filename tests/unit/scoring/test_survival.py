"""Kaplan and Meier: a textbook example, beside scipy, and what is censored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import CensoredData, ecdf

from sim.scoring.shares import Draws
from sim.scoring.survival import Course, Waits, course_of

# Weeks in remission under 6-MP (Freireich et al. 1963), as in every textbook; True: it came back.
REMISSION = [
    *[(6, True)] * 3,
    (6, False),
    (7, True),
    (9, False),
    (10, True),
    (10, False),
    (11, False),
    (13, True),
    (16, True),
    (17, False),
    (19, False),
    (20, False),
    (22, True),
    (23, True),
    (25, False),
    (32, False),
    (32, False),
    (34, False),
    (35, False),
]
PUBLISHED = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}


def course(rows: Sequence[tuple[float, bool]], weight: Sequence[float] | None = None) -> Course:
    length, found = (np.array(column) for column in zip(*rows, strict=True))
    size = len(rows)
    rng = np.random.default_rng(0)
    draws = Draws(
        rng.multinomial(size, np.full(size, 1 / size), 200).astype(float), np.arange(size)
    )
    counts = np.ones(size) if weight is None else np.array(weight)
    return course_of(Waits(length.astype(float), found, counts, draws))


def test_the_textbook_example() -> None:
    made = course(REMISSION)
    for week, survival in PUBLISHED.items():
        measured = made.by(week)
        assert measured.value == pytest.approx(1 - survival, abs=6e-4)
        assert measured.low is not None
        assert measured.high is not None
        assert measured.low < 1 - survival < measured.high
    assert made.by(5).value == 0
    assert made.by(5).high == pytest.approx(0.161, abs=1e-3)
    assert made.by(12).value == made.by(10).value
    assert made.median().value == 23


def test_nothing_is_said_where_fewer_than_a_fifth_are_observed() -> None:
    # five of 21 are observed for 25 weeks, four for 32
    assert course(REMISSION).by(25).value is not None
    assert course(REMISSION).by(26).value is None
    assert course([(1, True), (2, True)]).by(36).value == 1


def test_no_median_where_fewer_than_half_are_found() -> None:
    assert course([(1, True), (2, False), (3, False)]).median().value is None


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    length, found = rng.integers(1, 12, 60).astype(float), rng.random(60) < 0.6
    rows = list(zip(length.tolist(), found.tolist(), strict=True))
    theirs = ecdf(CensoredData(uncensored=length[found], right=length[~found])).sf
    made = course(rows)
    size = len(made.at)
    assert size > 5
    assert made.at == pytest.approx(theirs.quantiles[:size])
    assert made.share == pytest.approx(1 - theirs.probabilities[:size])


def test_a_weight_counts_somebody_several_times() -> None:
    rows = [(1.0, True), (2.0, False), (3.0, True)]
    twice = course([*rows, rows[0], rows[2], rows[2]])
    assert course(rows, [2, 1, 3]).share == pytest.approx(twice.share)
