"""What a few reviews a day find."""

from __future__ import annotations

import numpy as np
import pytest

from sim.arrays.time import DAY_US
from sim.predictions.table import Moments
from sim.scoring import alarms
from sim.scoring.alarms import known_by_day, reviewed
from sim.scoring.answer import Answer
from tests.support.answers import answered

TARGET = np.array([True, False, False, False])


def parts(answer: Answer, share: float) -> list[float]:
    found = reviewed(list(known_by_day(answer)), answer.asked.weight[None], share)
    return [float(part) for part in found[0]]


def test_without_times_the_reviews_of_all_days_are_made_at_the_close() -> None:
    """Each weighs a quarter; two days of a quarter each review two."""
    answer = answered([3, 4, 2, 1], TARGET, prevalence=0.25, days=2)
    assert parts(answer, 0.25) == pytest.approx([1, 1, 0, 0])
    assert parts(answer, 0.1875) == pytest.approx([0.5, 1, 0, 0])


def test_each_day_has_the_highest_that_are_known_and_were_not_reviewed() -> None:
    """The second is known first, so that the first and highest comes on the second day."""
    known = Moments(np.array([0, 1, 2]), np.array([DAY_US + 5, 5, 5]), np.array([9.0, 4.0, 2.0]))
    answer = answered([9, 4, 2, 1], TARGET, prevalence=0.25, moments=known, days=2)
    assert parts(answer, 0.25) == pytest.approx([1, 1, 0, 0])
    assert parts(answer, 0.125) == pytest.approx([0.5, 0.5, 0, 0])


def test_a_day_without_scores_has_no_reviews() -> None:
    known = Moments(np.array([0]), np.array([2 * DAY_US]), np.array([9.0]))
    answer = answered([9, 4, 2, 1], TARGET, prevalence=0.25, moments=known, days=2)
    assert parts(answer, 0.25) == pytest.approx([1, 0, 0, 0])


def test_of_equal_scores_each_is_reviewed_in_part() -> None:
    answer = answered([1, 1, 1, 1], TARGET, prevalence=0.25)
    assert parts(answer, 0.25) == pytest.approx([0.25] * 4)


def test_figures_say_how_many_reviews_there_were_and_what_was_possible() -> None:
    """Reviews of 10 a day are 20 of 10,000 accounts, of which 10 are sought."""
    target = np.arange(2000) < 100
    answer = answered(target * 1.0, target, prevalence=0.001, days=2, rounds=20)
    section = alarms.section(answer)
    found = {f.id: f for f in section.figures}
    assert found["precision_at_10_a_day"].value == pytest.approx(0.5)
    assert found["recall_at_10_a_day"].value == pytest.approx(1)
    assert found["precision_at_1_a_day"].value == pytest.approx(1)
    assert found["recall_at_1_a_day"].value == pytest.approx(0.2)
    assert found["precision_at_10_a_day"].rests_on == (
        "20 reviews of 10,000 accounts, 10 positives; at best 0.5"
    )
    assert section.note == (
        "Reviews a day in a population of 10,000 accounts, for which those of the fold stand by "
        "their weight, over 2 days, each account once, the highest score known "
        "by the end of the day first. All scores are known at the close alone: the reviews of all "
        "days are made then."
    )
