"""Campaign recall of twenty accounts, by hand."""

from __future__ import annotations

import pytest

from sim.scoring import campaigns
from tests.support.twenty import TWENTY, answer, figures, values


def test_twenty_accounts() -> None:
    # 1 of 10, 2 of 4 and 0 of 1 accounts are flagged
    made = campaigns.section(answer())
    assert values(made) == {
        "campaign_recall_10": pytest.approx(2 / 3),
        "campaign_recall_50": pytest.approx(1 / 3),
        "campaign_recall_10 A16": 1,
        "campaign_recall_50 A16": 0,
        "campaign_recall_10 A19": 0.5,
        "campaign_recall_50 A19": 0.5,
        "recall_solo": 1,
        "recall_used": None,
    }
    whole = figures(made)["campaign_recall_10"]
    assert whole.rests_on == "2 of 3 campaigns"
    # Wilson's interval of 2 of 3
    assert (whole.low, whole.high) == pytest.approx((0.2077, 0.9385), abs=1e-4)
    assert figures(made)["recall_used"].why_not == "the fold has none"


def test_an_account_of_a_campaign_that_is_not_to_be_found_does_not_count() -> None:
    quiet = [("A16", 11, 1, False, 0.9 if place < 5 else 0.1) for place in range(10)]
    assert values(campaigns.section(answer([*TWENTY, *quiet]))) == values(
        campaigns.section(answer())
    )


def test_one_who_is_not_an_extractor_by_nature_is_used_by_others() -> None:
    rows = [*TWENTY, ("L05", 21, 0, True, 0.9), ("L05", 22, 0, True, 0.1)]
    assert values(campaigns.section(answer(rows)))["recall_used"] == 0.5


@pytest.mark.parametrize(("score", "recall"), [(1.0, 1.0), (0.0, 0.0)])
def test_all_flagged_and_none_flagged(score: float, recall: float) -> None:
    rows = [(*row[:-1], score) for row in TWENTY]
    made = figures(campaigns.section(answer(rows)))
    for name in ("campaign_recall_10", "campaign_recall_50", "recall_solo"):
        assert made[name].value == recall
        assert made[name].low is not None


def test_no_campaign_in_the_fold() -> None:
    made = figures(campaigns.section(answer(TWENTY[15:])))
    assert set(made) == {"campaign_recall_10", "campaign_recall_50", "recall_solo", "recall_used"}
    assert made["campaign_recall_10"].value is None
    assert made["campaign_recall_10"].why_not == "the fold has no campaigns with positives"
