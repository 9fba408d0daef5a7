"""Whether scores are probabilities: by hand, and beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from sim.scoring import calibration
from sim.scoring.calibration import brier, calibration_error, log_score, shifted
from tests.support.answers import answered
from tests.unit.scoring.test_ranking import SCORE, TARGET, WEIGHT


def values(answer: object) -> dict[str, float | None]:
    return {f.id: f.value for f in calibration.section(answer).figures}  # type: ignore[arg-type]


def test_twenty_rows_by_hand() -> None:
    """Four of twenty are positive, so that nothing is moved for a prevalence of 0.2."""
    found = values(answered(SCORE, TARGET, weight=WEIGHT, prevalence=0.2))
    sought = (1 * 0.1**2 + 2 * 0.3**2 + 4 * 0.5**2 + 1 * 0.7**2) / 8
    others = (0.8**2 + 0.7**2 + 2 * 0.6**2 + 0.4**2 + 9 * 0.2**2 + 6 * 0.1**2) / 20
    assert found["brier"] == pytest.approx(0.2 * sought + 0.8 * others)


def test_measures_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    score, weight = rng.random(200), rng.lognormal(size=200)
    target = rng.random(200) < score
    loss = metrics.brier_score_loss(target, score, sample_weight=weight)
    assert brier(score, target, weight) == pytest.approx(loss)
    loss = metrics.log_loss(target, score, sample_weight=weight)
    assert log_score(score, target, weight) == pytest.approx(loss)


def test_the_prior_is_moved_as_odds_are() -> None:
    """Odds of 1 at a share of one half are those of the prevalence, 1 to 99."""
    moved = shifted(np.array([0.0, 0.5, 1.0]), 0.5, 0.01)
    assert moved.tolist() == pytest.approx([0, 0.01, 1])
    assert shifted(np.array([0.3]), 0.2, 0.2) == pytest.approx([0.3])


def test_calibration_error_by_hand() -> None:
    """Ten scores of one weight are a bin each; of twenty two are, and equal ones stay together."""
    score = np.arange(10) / 10
    target = np.arange(10) >= 5
    by_hand = (0.0 + 0.1 + 0.2 + 0.3 + 0.4 + 0.5 + 0.4 + 0.3 + 0.2 + 0.1) / 10
    assert calibration_error(score, target, np.ones(10)) == pytest.approx(by_hand)
    assert calibration_error(np.full(20, 0.25), np.arange(20) < 5, np.ones(20)) == 0


def test_probabilities_that_are_right_are_calibrated() -> None:
    """Learned at a share of one half, asked at one in a hundred."""
    rng = np.random.default_rng(2)
    score = rng.beta(2, 2, 40_000)
    target = rng.random(40_000) < score
    found = values(answered(score, target, prevalence=0.01))
    assert found["ece"] == pytest.approx(0, abs=0.001)
    assert found["brier"] < 0.0099  # type: ignore[operator]


def test_what_always_saying_the_prevalence_gives_stands_beside() -> None:
    section = calibration.section(answered(SCORE, TARGET, weight=WEIGHT, prevalence=0.1))
    assert [f.rests_on for f in section.figures] == [
        "always saying 0.1: 0.09",
        "always saying 0.1: 0.325",
        "always saying 0.1: 0",
    ]


def test_other_scores_are_not_measured() -> None:
    section = calibration.section(answered(SCORE * 2, TARGET))
    assert {f.value for f in section.figures} == {None}
    assert {f.why_not for f in section.figures} == {
        "scores go beyond 0 to 1, so they are no probabilities"
    }


def test_one_certain_slip_is_not_infinite() -> None:
    found = values(answered([0.0, 1.0, 1.0], [True, False, True], rounds=20))
    assert all(np.isfinite(list(found.values())))  # type: ignore[arg-type]
