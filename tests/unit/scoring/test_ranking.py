"""How well a score ranks: by hand on twenty rows, and beside scikit-learn."""

from __future__ import annotations

from fractions import Fraction as Part

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from sim.scoring import ranking
from sim.scoring.figures import Figure
from sim.scoring.ranking import Ranked, area, average_precision, recall_at, threshold_at
from tests.support.answers import answered

# Score, whether it is sought, weight: positives weigh 8 together, negatives 20.
TWENTY = [
    (0.9, True, 1),
    (0.8, False, 1),
    (0.7, True, 2),
    (0.7, False, 1),
    (0.6, False, 2),
    (0.5, True, 4),
    (0.4, False, 1),
    (0.3, True, 1),
    *[(0.2, False, 1)] * 9,
    *[(0.1, False, 2)] * 3,
]
SCORE, TARGET, WEIGHT = (np.array(column) for column in zip(*TWENTY, strict=True))
SHARE = 0.2


def figure(answer: object, name: str) -> Figure:
    section = ranking.section(answer)  # type: ignore[arg-type]
    return next(f for f in section.figures if f.id == name)


def test_twenty_rows_by_hand() -> None:
    """Precision is 0.2 t / (0.2 t + 0.8 f), of recall t and false positive rate f."""
    answer = answered(SCORE, TARGET, weight=WEIGHT, prevalence=SHARE)
    steps = [  # recall gained, and the recall and rate that are reached with it
        (Part(1, 8), Part(1, 8), Part(0)),
        (Part(2, 8), Part(3, 8), Part(2, 20)),
        (Part(4, 8), Part(7, 8), Part(4, 20)),
        (Part(1, 8), Part(8, 8), Part(5, 20)),
    ]
    by_hand = sum(
        gain * (Part(1, 5) * t / (Part(1, 5) * t + Part(4, 5) * f)) for gain, t, f in steps
    )
    assert figure(answer, "pr_auc").value == pytest.approx(float(by_hand))
    assert figure(answer, "prevalence").value == SHARE

    # of each weight of negatives the recall above it, and half of what has the same score
    pieces = [(1, Part(1, 8)), (1, Part(2, 8)), (2, Part(3, 8)), (1, Part(7, 8)), (15, Part(1))]
    under = sum(Part(weight, 20) * recall for weight, recall in pieces)
    assert figure(answer, "auc").value == pytest.approx(float(under))


@pytest.mark.parametrize(
    ("fpr", "recall", "threshold"),
    [(0.04, 1 / 8, 0.9), (0.05, 1 / 8, 0.8), (0.1, 3 / 8, 0.7), (0.2, 7 / 8, 0.5), (0.25, 1, 0.3)],
)
def test_recall_is_that_of_the_lowest_threshold_within_the_rate(
    fpr: float, recall: float, threshold: float
) -> None:
    rates = Ranked.by(SCORE, TARGET).rates(WEIGHT)
    assert recall_at(rates, fpr) == pytest.approx(recall)
    assert threshold_at(SCORE, TARGET, WEIGHT, fpr) == threshold


def test_where_the_highest_score_is_wrong_nothing_is_flagged() -> None:
    assert threshold_at(-SCORE, TARGET, WEIGHT, 0.01) == np.inf
    assert not answered(-SCORE, TARGET, fpr=0.01).flagged.any()


@given(st.integers(0, 10_000), st.sampled_from([3, 20, 10_000]))
def test_weighted_areas_are_those_of_scikit_learn(seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(5, 60))
    score = rng.integers(levels, size=size) / levels
    target = np.arange(size) % 4 == 0
    weight = rng.lognormal(size=size)
    answer = answered(score, target, weight=weight, prevalence=0.03)
    rates = Ranked.by(score, target).rates(answer.asked.weight)

    options = {"sample_weight": answer.asked.weight}
    expected = metrics.average_precision_score(target, score, **options)
    assert average_precision(rates, 0.03) == pytest.approx(expected)
    assert area(rates) == pytest.approx(metrics.roc_auc_score(target, score, **options))
    false, true, _ = metrics.roc_curve(target, score, drop_intermediate=False, **options)
    for fpr in (0.01, 0.1, 0.5):
        assert recall_at(rates, fpr) == pytest.approx(true[false <= fpr].max())


def test_recall_says_on_how_many_false_alarms_it_rests() -> None:
    """Of 1,000 negatives with one weight 10 make a rate of 1 %, and one makes 0.1 %."""
    score = np.concatenate([np.arange(1000), [989.5, 998.5, 1000, 1000]])
    target = np.arange(1004) >= 1000
    answer = answered(score, target, prevalence=0.01)
    assert [figure(answer, f"recall_at_fpr_1e-{k}").value for k in (2, 3, 4)] == [1, 0.75, None]
    assert figure(answer, "recall_at_fpr_1e-2").rests_on == (
        "10 false alarms of 1,000 negatives, effective number 1,000"
    )
    assert figure(answer, "recall_at_fpr_1e-4").why_not == (
        "allows 0.1 false alarms, at least 1 is needed: 1,000 negatives, effective number 1,000"
    )


def test_unequal_weights_tell_less() -> None:
    """A tenth of the negatives has nine tenths of the weight: 1,000 tell as much as 122."""
    target = np.arange(1010) >= 1000
    weight = np.where(np.arange(1010) < 100, 81.0, 1.0)
    answer = answered(np.arange(1010), target, weight=weight, prevalence=0.01)
    assert figure(answer, "recall_at_fpr_1e-3").value is None
    assert "effective number 123" in figure(answer, "recall_at_fpr_1e-2").rests_on


def test_scores_may_be_as_large_and_as_small_as_numbers_go() -> None:
    target = np.array([True, False, True, False])
    for score in ([1e308, -1e308, 1e308, -1e308], [5e-324, 0.0, 5e-324, -0.0]):
        assert area(Ranked.by(np.array(score), target).rates(np.ones(4))) == 1


def test_scores_that_tell_nothing_have_the_prevalence() -> None:
    rng = np.random.default_rng(1)
    target = np.arange(40_000) % 4 == 0
    for score in (rng.random(40_000), np.zeros(40_000)):
        answer = answered(score, target, prevalence=0.01, rounds=20)
        assert figure(answer, "auc").value == pytest.approx(0.5, abs=0.01)
        assert figure(answer, "pr_auc").value == pytest.approx(0.01, rel=0.1)


def test_a_perfect_score_is_perfect_in_every_draw() -> None:
    answer = answered(TARGET * 1.0, TARGET, weight=WEIGHT, rounds=20)
    for name in ("pr_auc", "auc"):
        found = figure(answer, name)
        assert (found.value, found.low, found.high) == (1, 1, 1)
    assert set(ranking.curve(answer).y) == {1.0}


def test_the_curve_has_the_precision_of_each_recall() -> None:
    curve = ranking.curve(answered(SCORE, TARGET, weight=WEIGHT, prevalence=SHARE, rounds=30))
    precision = dict(zip(np.round(curve.x, 2), curve.y, strict=True))
    assert precision[0.12] == 1
    assert precision[0.13] == precision[0.37] == pytest.approx(15 / 31)
    assert precision[0.38] == precision[0.87] == pytest.approx(35 / 67)
    assert precision[0.88] == precision[1] == pytest.approx(1 / 2)
    assert curve.low is not None
    assert curve.high is not None
    assert all(low <= high for low, high in zip(curve.low, curve.high, strict=True))
