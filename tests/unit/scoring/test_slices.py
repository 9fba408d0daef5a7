"""False positives by typology and by kind of customer, by hand."""

from __future__ import annotations

import pytest

from sim.scoring import slices
from tests.support.twenty import TWENTY, answer, figures, values

# Eight coders of eight organisations, two of them flagged; six courses of two; a campaign's account
# that extracts too little.
ROWS = [
    ("A16", 1, 1, True, 0.9),
    *[("L01", 10 + place, 0, False, 0.9 if place < 2 else 0.1) for place in range(8)],
    *[("L09", 20 + place % 2, 0, False, 0.9 if place < 3 else 0.1) for place in range(6)],
    ("A16", 1, 1, False, 0.9),
]
PLATFORMS = ["first_party", *["first_party"] * 6, "azure", "azure", *["first_party"] * 7]


def test_by_typology() -> None:
    made = figures(slices.section(answer(ROWS)))
    assert {name: figure.value for name, figure in made.items()} == {
        "fpr": pytest.approx(6 / 15),
        "fpr_hard_negative L01": 0.25,
        "fpr_typology typology: others": None,
    }
    assert made["fpr"].rests_on == "6 of 15 accounts, 11 owners"
    assert made["fpr_hard_negative L01"].rests_on == "2 of 8 accounts, 8 owners"
    # Wilson's interval of 2 of 8
    assert (made["fpr_hard_negative L01"].low, made["fpr_hard_negative L01"].high) == pytest.approx(
        (0.0715, 0.5907), abs=1e-4
    )
    assert made["fpr_typology typology: others"].why_not == (
        "too few owners to tell: L09 (2), below the target (1)"
    )


def test_hard_negatives_are_named_as_twins() -> None:
    words = figures(slices.section(answer(ROWS)))["fpr_hard_negative L01"].words
    assert words == "Individual coding-agent user (twin of A18, A19)"


def test_by_kind_of_customer() -> None:
    made = figures(slices.section(answer(ROWS, customers={"platform": PLATFORMS})))
    first = made["fpr_customer platform=first_party"]
    assert first.words == "platform: first_party"
    assert first.value == pytest.approx(6 / 13)
    assert made["fpr_customer platform: others"].why_not == "too few owners to tell: azure (2)"


@pytest.mark.parametrize(("score", "rate"), [(1.0, 1.0), (0.0, 0.0)])
def test_all_flagged_and_none_flagged(score: float, rate: float) -> None:
    made = figures(slices.section(answer([(*row[:-1], score) for row in ROWS])))
    assert (made["fpr"].value, made["fpr_hard_negative L01"].value) == (rate, rate)
    assert (made["fpr"].low, made["fpr"].high)[score < 1] not in (0.0, 1.0)


def test_twenty_accounts() -> None:
    assert values(slices.section(answer(TWENTY))) == {
        "fpr": 0.25,
        "fpr_typology typology: others": None,
    }
