"""Detectors of which the answer is known, on a pack: perfect, late, and one that knows nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.packs.pack import Pack
from sim.predictions.table import Moments, Predictions
from sim.scoring import campaigns, clusters, delay, robustness, slices
from sim.scoring.answer import Answer
from sim.scoring.asked import Asked, asked_of
from sim.scoring.judge import answer_of
from tests.support.twenty import figures, values

HOUR_US = 3_600_000_000


@pytest.fixture(scope="module", params=["campaign", "time"])
def asked(request: pytest.FixtureRequest, labelled: Path) -> Asked:
    return asked_of(Pack(labelled), request.param, 0.01)


def answered(asked: Asked, at: str) -> Answer:
    """Scores of 1 for what is to be found, known at the first exchange or an hour before the end.

    Clusters are operators.
    """
    size = len(asked)
    at_us = np.full(size, asked.to_us - HOUR_US)
    if at == "first":
        np.minimum.at(at_us, asked.extracting.place, asked.extracting.at_us)
    score = asked.target.astype(float)
    moments = Moments(np.arange(size), at_us, score)
    made = Predictions("planted", asked.split, asked.ids, score, asked.operator, moments)
    return answer_of(made, asked, fpr=0.01, rounds=50, seed=0)


def test_a_perfect_detector_misses_nothing(asked: Asked) -> None:
    answer = answered(asked, "first")
    found = values(campaigns.section(answer))
    assert {found["campaign_recall_10"], found["campaign_recall_50"]} == {1}

    together = values(clusters.section(answer))
    assert together.pop("bcubed_f_alone") != 1
    assert set(together.values()) == {1}

    late = figures(delay.section(answer)[0])
    sought = int(asked.target.sum())
    assert late["got_away"].rests_on.startswith(f"{sought} of ")
    assert late["detected_within_1_days"].value == 1
    assert late["median_exchanges"].value == 1
    assert values(slices.section(answer))["fpr"] == 0
    assert values(robustness.section(answer)).get("drop_recall", 0) in (0, None)


def test_a_late_detector_finds_all_when_nearly_all_got_away(asked: Asked) -> None:
    late = values(delay.section(answered(asked, "late"))[0])
    share, days = late["got_away"], late["median_days"]
    assert share is not None
    assert 0.9 < share <= 1
    assert days is not None
    assert days > 0.3 * (asked.to_us - asked.from_us) / (24 * HOUR_US)


def test_one_who_knows_nothing_finds_as_much_as_false_alarms_allow(asked: Asked) -> None:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(40):
        score = rng.random(len(asked))
        made = Predictions("random", asked.split, asked.ids, score)
        answer = answer_of(made, asked, fpr=0.3, rounds=0, seed=0)
        alarms = values(slices.section(answer))["fpr"]
        assert alarms is not None
        assert alarms <= 0.3
        recalls = values(robustness.section(answer))
        found.append([r for r in map(recalls.get, ("recall_adaptive", "recall_not_adaptive")) if r])
    assert 0.05 < np.mean([r for row in found for r in row]) < 0.45
