"""What rules and reviewers see, on logs of a few accounts with known answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.arrays.time import DAY_US
from sim.labelling.course import evidence_of
from sim.labelling.dials import LabelDials
from sim.labelling.lines import (
    is_quiet,
    over_a_line,
    score_alone,
    score_by_labels,
    tells_something,
)
from sim.labelling.seen import Night, Seen
from tests.support.labels import FIRST_ID, OPENS_US, log_of

DIALS = LabelDials.model_validate({"rule": {"day_times": 20, "hour_times": 30}})
OLD, NEW = -90.0, -5.0


def nights(
    place: Path, *, days: int = 2, sent: Any = 2, refused: Any = 0, **columns: Any
) -> list[Night]:
    """Return the nights of a log whose accounts send alike every day, at noon.

    Parameters
    ----------
    sent, refused
        Exchanges a day, and how many of them are refused: one number, or one an account.
    columns
        Of accounts: `signed_up` in days of the log, card, address, block, template.
    """
    size = max((len(v) for v in columns.values() if isinstance(v, list)), default=20)
    given = {"signed_up": OLD, "card": 0, "address": 0, "block": 0, "template": 0, **columns}
    accounts = pd.DataFrame({"account_id": FIRST_ID + np.arange(size), "campaign": 0, **given})
    accounts["created_us"] = OPENS_US + (accounts["signed_up"] * DAY_US).astype(np.int64)

    sent, refused = (np.broadcast_to(x, size) for x in (sent, refused))
    owner = np.tile(np.repeat(np.arange(size), sent), days)
    day = np.repeat(np.arange(days), sent.sum())
    nth = np.concatenate([np.arange(n) for n in np.tile(sent, days)])
    exchanges = pd.DataFrame(
        {
            "account_id": FIRST_ID + owner,
            "at_us": OPENS_US + day * DAY_US + DAY_US // 2 + nth * 1_000_000,
            "template": accounts["template"].to_numpy()[owner],
            "refused": nth < refused[owner],
            "extracts": False,
        }
    )
    return list(Seen(log_of(place, accounts, exchanges, days=days)).nights(0))


def over(night: Night) -> list[int]:
    return np.flatnonzero(over_a_line(night, DIALS.rule)).tolist()


def test_a_new_account_that_sends_far_more_than_others_is_over_a_line(tmp_path: Path) -> None:
    signed_up = [NEW, OLD, *[OLD] * 18]
    sent = [41, 41, *[2] * 18]
    first, second = nights(tmp_path, signed_up=signed_up, sent=sent)
    assert over(first) == over(second) == [0]


def test_as_much_as_the_line_is_not_over_it(tmp_path: Path) -> None:
    sent = [40, *[2] * 19]
    assert over(nights(tmp_path, signed_up=[NEW] * 20, sent=sent)[0]) == []


def test_refusals_far_above_the_mean(tmp_path: Path) -> None:
    size = 40
    few = nights(tmp_path, sent=5, refused=[2, *[0] * 39], signed_up=[NEW] * size)
    many = nights(tmp_path, sent=5, refused=[3, *[0] * 39], signed_up=[NEW] * size)
    assert (over(few[0]), over(many[0])) == ([], [0])


@pytest.mark.parametrize(("what", "least"), [("card", 5), ("address", 8), ("block", 5)])
def test_many_new_accounts_with_something_in_common(what: str, least: int, tmp_path: Path) -> None:
    def found(together: int, signed_up: float = NEW, sent: int = 2) -> int:
        shared: dict[str, Any] = {what: [77] * together + list(range(1, 21))}
        night = nights(tmp_path, signed_up=[signed_up] * (together + 20), sent=sent, **shared)[1]
        return len(over(night))

    assert found(least - 1) == 0
    assert found(least) == least
    # popular things, old accounts, and those that have sent nothing
    assert found(61) == found(least, signed_up=OLD) == found(least, sent=0) == 0


def test_sign_ups_from_a_block_count_by_day(tmp_path: Path) -> None:
    days = [-5.9 + 0.1 * k for k in range(4)] + [-4.5]
    assert over(nights(tmp_path, signed_up=days, block=[7] * 5)[1]) == []


def test_nobody_counts_before_the_sign_up(tmp_path: Path) -> None:
    signed_up = [NEW, NEW, NEW, NEW, 1.5]
    first, second = nights(tmp_path, signed_up=signed_up, card=[7] * 5, sent=[2, 2, 2, 2, 0])
    assert first.sharing("card", first.known).tolist() == [4] * 5
    assert (over(first), over(second)) == ([], [0, 1, 2, 3])


def test_quiet_is_who_sends_and_shares_little(tmp_path: Path) -> None:
    # accounts 0 to 2 share a card, 3 and 4 an address; 5 sends more than twice the median
    card = [9, 9, 9, *range(20, 37)]
    address = [*range(40, 43), 8, 8, *range(50, 65)]
    sent = [2, 2, 2, 2, 2, 5, 4, *[2] * 13]
    night = nights(tmp_path, card=card, address=address, sent=sent)[1]
    assert np.flatnonzero(~is_quiet(night, DIALS.missed)).tolist() == [0, 1, 2, 5]


def test_scores_add_up_logarithms(tmp_path: Path) -> None:
    # two share a card, three a template, all send 2 a day but the last, who sends 4
    night = nights(tmp_path, card=[9, 9, 1, 2, 3], template=[4, 4, 4, 5, 6], sent=[2, 2, 2, 2, 4])[
        1
    ]
    score = score_alone(night, DIALS.review)
    wanted = np.log1p([2, 2, 2, 2, 4]) + np.log([2, 2, 1, 1, 1]) + np.log([3, 3, 3, 1, 1])
    assert score == pytest.approx(wanted)


def test_labels_add_to_the_score_of_those_near(tmp_path: Path) -> None:
    night = nights(tmp_path, card=[9, 9, 1, 2, 3], template=[4, 4, 4, 5, 6])[1]
    labelled = np.array([True, False, False, False, False])
    telling = tells_something(night, DIALS.review)
    near = score_by_labels(night, labelled, telling, DIALS.review)
    assert near == pytest.approx(2 * np.log([3, 3, 2, 1, 1]))


def test_what_is_popular_tells_nothing(tmp_path: Path) -> None:
    night = nights(tmp_path, template=[4] * 41, card=[7] * 41)[1]
    telling = tells_something(night, DIALS.review)
    assert not telling["template"].any()
    assert telling["card"].all()
    assert score_alone(night, DIALS.review) == pytest.approx(np.log(3) + np.log(41))


def test_a_person_can_tell_from_a_twentieth_on(tmp_path: Path) -> None:
    night = nights(tmp_path, card=[0] * 4)[1]
    counted = replace(night, total=np.array([100, 100, 100, 0]), extracting=np.array([5, 4, 0, 0]))
    assert evidence_of(counted, DIALS).extracts.tolist() == [True, False, False, False]
