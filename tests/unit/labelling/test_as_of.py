"""Which labels stand at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pytest

from sim.arrays.time import DAY_US
from sim.errors import InvalidInputError
from sim.labelling.as_of import labels_as_of
from tests.support.labels import OPENS_US, moments

COLUMNS = ["label_id", "entity_type", "entity_id", "label", "channel", "confidence"]
COLUMNS += ["day", "supersedes"]
ROWS = [
    (1, "account", 10, "extraction", "rule", 0.6, 1, 0),
    (2, "account", 10, "benign", "appeal", 0.8, 5, 1),
    (3, "account", 11, "payment_fraud", "dispute", 0.9, 2, 0),
    (4, "account", 12, "extraction", "report", 0.9, 3, 0),
    (5, "instrument", 10, "payment_fraud", "dispute", 0.9, 2, 0),
    (6, "account", 12, "payment_fraud", "dispute", 0.9, 6, 0),
    (7, "account", 11, "benign", "review", 0.8, 8, 0),
    (8, "account", 10, "extraction", "report", 0.9, 9, 2),
]


@pytest.fixture
def labels() -> pd.DataFrame:
    """Rows in disorder, with times in place of days."""
    rows = pd.DataFrame(ROWS, columns=COLUMNS)
    rows["created_at"] = moments(OPENS_US + rows.pop("day") * DAY_US)
    return rows.sample(frac=1, random_state=1).astype({"label": "category"})


def at(day: float) -> int:
    return OPENS_US + round(day * DAY_US)


def known(labels: pd.DataFrame, day: float) -> list[tuple[str, int, str, str]]:
    found = labels_as_of(labels, at(day))
    keys = ["entity_type", "entity_id", "label", "channel"]
    return list(found[keys].itertuples(index=False, name=None))


def test_nothing_is_known_before_the_first(labels: pd.DataFrame) -> None:
    assert known(labels, 0.9) == []


def test_rows_of_the_very_moment_are_known(labels: pd.DataFrame) -> None:
    assert known(labels, 1) == [("account", 10, "extraction", "rule")]
    assert known(labels, 1 - 1e-11) == []


def test_the_label_that_stands_is_the_newest_that_nothing_supersedes(labels: pd.DataFrame) -> None:
    assert known(labels, 4)[0] == ("account", 10, "extraction", "rule")
    assert known(labels, 5)[0] == ("account", 10, "benign", "appeal")
    assert known(labels, 9)[0] == ("account", 10, "extraction", "report")


def test_a_disputed_card_undoes_no_verdict(labels: pd.DataFrame) -> None:
    assert known(labels, 7) == [
        ("account", 10, "benign", "appeal"),
        ("account", 11, "payment_fraud", "dispute"),
        ("account", 12, "extraction", "report"),
        ("instrument", 10, "payment_fraud", "dispute"),
    ]
    assert known(labels, 8)[1] == ("account", 11, "benign", "review")


@pytest.mark.parametrize("day", range(1, 10))
def test_what_comes_later_changes_nothing(day: int, labels: pd.DataFrame) -> None:
    now = labels[labels["created_at"] <= moments([at(day)])[0]]
    assert labels_as_of(now, at(day)).equals(labels_as_of(labels, at(day)))


def test_columns(labels: pd.DataFrame) -> None:
    found = labels_as_of(labels, at(9))
    wanted = ["entity_type", "entity_id", "label", "confidence", "channel", "created_at"]
    assert list(found) == wanted
    assert list(labels_as_of(labels[:0], at(9))) == wanted


def test_a_time_may_be_given_with_a_zone(labels: pd.DataFrame) -> None:
    moment = datetime(2026, 1, 10, tzinfo=UTC)
    by_number = labels_as_of(labels, at(5))
    assert labels_as_of(labels, moment).equals(by_number)
    east = timezone(timedelta(hours=2))
    assert labels_as_of(labels, moment.astimezone(east)).equals(by_number)


def test_a_time_without_a_zone_is_refused(labels: pd.DataFrame) -> None:
    with pytest.raises(InvalidInputError) as caught:
        labels_as_of(labels, datetime(2026, 1, 10))
    assert str(caught.value) == (
        "labels as of 2026-01-10 00:00: the time should have a time zone, "
        "such as 2026-01-10 00:00+00:00"
    )
