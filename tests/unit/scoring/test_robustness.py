"""Drops of recall under adaptation, and between splits, by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from sim.arrays.types import Floats
from sim.scoring import robustness
from sim.scoring.asked import Asked
from sim.scoring.figures import Figure
from sim.scoring.score import Score
from sim.scoring.shares import Measured
from tests.support.twenty import answer, figures, values

# Twelve campaigns of four accounts; those with an even number adapt and have one flagged of four,
# the others three of four.
ROWS = [
    *[
        ("A16", 10 + number, number, True, 0.9 if place < (1 if number % 2 == 0 else 3) else 0.1)
        for number in range(1, 13)
        for place in range(4)
    ],
    *[("L01", 30 + place, 0, False, 0.1) for place in range(6)],
]
ROOT = Path(__file__).parents[3]
ADAPTATIONS = {n: "AD1 AD2 AD12" if n % 2 == 0 else "AD1 AD11" for n in range(1, 12)} | {12: "AD12"}


def test_recall_with_and_without_adaptation() -> None:
    made = figures(robustness.section(answer(ROWS, adaptations=ADAPTATIONS)))
    assert {name: figure.value for name, figure in made.items()} == {
        "recall_adaptive": 0.25,
        "recall_not_adaptive": 0.75,
        "drop_recall": 0.5,
        "drop_recall AD2": pytest.approx((6 * 3 + 1) / 28 - 5 / 20),
        "drop_recall AD11": pytest.approx(-0.5),
        "drop_recall others": None,
    }
    assert made["drop_recall"].words == "drop: learn from losses (AD12)"
    assert made["drop_recall"].rests_on == "6 campaigns without and 6 with it"
    assert made["drop_recall others"].why_not == "fewer than 5 campaigns with or without: AD1"


def test_adaptations_that_the_same_campaigns_have_share_a_row() -> None:
    adaptations = {n: "AD2 AD11 AD12" if n % 2 == 0 else "AD7 AD8" for n in range(1, 13)}
    made = robustness.section(answer(ROWS, adaptations=adaptations)).figures
    assert [(figure.of, figure.words) for figure in made if figure.id == "drop_recall"] == [
        ("", "drop: irregular pauses (AD2), warm up accounts (AD11), learn from losses (AD12)"),
        ("AD7, AD8", "drop: keep hours (AD7), vary prompts (AD8)"),
    ]


def test_adaptations_are_called_what_the_reference_calls_them() -> None:
    page = (ROOT / "docs/reference/typologies.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| AD")]
    assert {row[0].removeprefix("| "): row[1] for row in rows} == robustness.ADAPTATIONS


def test_an_interval_of_the_drop_draws_campaigns() -> None:
    # campaigns of either kind differ, so that draws do
    rows = [(*row[:-1], 0.9 if place % 3 else 0.1) for place, row in enumerate(ROWS)]
    drop = figures(robustness.section(answer(rows, adaptations=ADAPTATIONS)))["drop_recall"]
    assert drop.value is not None
    assert drop.low is not None
    assert drop.high is not None
    assert drop.low < drop.value < drop.high


def test_six_campaigns_of_one_operator_have_no_interval() -> None:
    rows = [
        (kind, 11 if number % 2 == 0 else operator, number, sought, 0.9 if place % 3 else 0.1)
        for place, (kind, operator, number, sought, _) in enumerate(ROWS)
    ]
    drop = figures(robustness.section(answer(rows, adaptations=ADAPTATIONS)))["drop_recall"]
    assert drop.value is not None
    assert (drop.low, drop.high) == (None, None)
    assert drop.why_not.startswith("no interval: ")


def test_campaigns_without_weight_tell_nothing() -> None:
    made = answer(ROWS, adaptations=ADAPTATIONS)
    weight = np.where(made.asked.campaign % 2 == 0, 0.0, made.asked.weight)
    light = replace(made, asked=_with_weight(made.asked, weight))
    drop = figures(robustness.section(light))["drop_recall"]
    assert drop.why_not == (
        "some have no weight in the population: 6 campaigns without and 6 with it"
    )


def _with_weight(asked: Asked, weight: Floats) -> Asked:
    """Return what was asked with other weights, and with what was made for it by hand."""
    other = replace(asked, weight=weight)
    vars(other)["campaigns"] = asked.campaigns
    return other


def test_no_campaign_in_the_fold() -> None:
    rows = [("A18", 40 + place, 0, True, 0.9) for place in range(6)] + ROWS[48:]
    made = figures(robustness.section(answer(rows)))
    assert set(made) == {"recall_adaptive", "recall_not_adaptive", "drop_recall"}
    assert made["recall_adaptive"].why_not == "the fold has none"
    assert made["drop_recall"].why_not == (
        "too few to tell: 0 campaigns without and 0 with it, 5 of each needed"
    )


def test_the_difference_of_two_figures() -> None:
    # MOVER: the root of the sum of the squares of the halves that face each other
    made = robustness.difference(Measured(0.8, 0.5, 0.9), Measured(0.4, 0.36, 0.8))
    assert made[:3] == pytest.approx((0.4, 0.4 - 0.5, 0.4 + (0.1**2 + 0.04**2) ** 0.5))
    assert robustness.difference(Measured(0.8), Measured(0.4, 0.3, 0.5)) == Measured(0.4)
    assert robustness.difference(Measured(None), Measured(0.4)) == Measured(None)


def score_of(split: str, value: float | None) -> Score:
    """A score of which only the figures are asked."""
    made = Figure("auc", "ROC-AUC", value, why_not="" if value else "nobody")

    def find(name: str) -> Figure | None:
        return made if name == "auc" else None

    return cast(Score, SimpleNamespace(split=split, find=cast(Any, find)))


def test_drops_between_splits() -> None:
    scores = [
        score_of("campaign", 0.9),
        score_of("time", None),
        score_of("typology-held-out-1", 0.7),
    ]
    made = figures(robustness.between(scores, {"typology-held-out-1": "A16 alone"}))
    held_out = made["drop_auc typology-held-out-1"]
    assert held_out.value == pytest.approx(0.2)
    assert held_out.words == "ROC-AUC: drop in typology-held-out-1 (A16 alone)"
    assert held_out.rests_on == "0.9 less 0.7"
    assert made["drop_auc time"].why_not == "nobody"
    assert made["drop_pr_auc time"].why_not == "the score has no pr_auc"


def test_one_split_has_nothing_to_compare_with() -> None:
    section = robustness.between([score_of("time", 0.9)])
    assert not values(section)
    assert section.note == (
        "Nothing to compare: it takes predictions of `campaign` and another split."
    )
