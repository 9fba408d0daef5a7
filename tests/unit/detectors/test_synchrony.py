"""Accounts that go together in time: whom the baseline finds, and when."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.detectors import synchrony
from sim.detectors.baseline import Found
from sim.detectors.seen import Seen
from sim.errors import InvalidInputError
from tests.support.small_logs import DAY_US, OPENS_US, seen_of

NOBODY = np.zeros(0, bool)
RING, CLASS, OTHERS = range(1, 7), range(11, 31), range(41, 61)
ACCOUNTS = [(k, 1000 + k, 0) for k in (*RING, *CLASS, *OTHERS)]


def found(seen: Seen) -> Found:
    return synchrony.find(seen, NOBODY, seen, 0)


def uses() -> list[tuple[int, int, float]]:
    """Return a week: a ring in lock-step, a class that works when it likes, and others alone."""
    rng = np.random.default_rng(4)
    steps = [rng.uniform(24 * day, 24 * day + 23) for day in range(8) for _ in range(2)]
    made = [(k, 5, step + rng.uniform(0, 0.1)) for step in steps for k in RING]
    made += [(k, 6, hour) for k in CLASS for hour in rng.uniform(0, 192, 16)]
    made += [(k, k, hour) for k in OTHERS for hour in rng.uniform(0, 192, 16)]
    return made


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What is found in the log of `uses`."""
    return found(seen_of(tmp_path_factory.mktemp("week"), ACCOUNTS, uses=uses()))


def test_lock_step_is_found_and_a_class_is_not(week: Found) -> None:
    assert week.cluster is not None
    assert week.cluster.tolist() == [1] * 6 + [0] * 40
    assert week.score[:6].min() > 6 > 2.5 > week.score[6:].max()


def test_what_is_known_grows_day_by_day(week: Found) -> None:
    """After the first two meetings the ring scores little, and more with each day."""
    mine = week.moments[week.moments["account_id"] == 1]
    days = (mine["at_us"] - OPENS_US) / DAY_US
    assert days.tolist() == list(range(1, 9))
    assert mine["score"].is_monotonic_increasing
    assert mine["score"].iloc[0] < 3 < mine["score"].iloc[-1]
    assert mine["score"].iloc[-1] == week.score[0]


def test_nothing_later_changes_what_was_known(week: Found, tmp_path: Path) -> None:
    early = [use for use in uses() if use[2] < 96]
    known = week.moments[week.moments["at_us"] <= OPENS_US + 4 * DAY_US]
    assert found(seen_of(tmp_path, ACCOUNTS, uses=early)).moments.equals(known)


def test_the_order_of_rows_does_not_matter(week: Found, tmp_path: Path) -> None:
    other = found(seen_of(tmp_path, ACCOUNTS[::-1], uses=uses()[::-1]))
    assert week.score.tolist() == other.score.tolist()[::-1]
    assert week.moments.equals(other.moments)


def test_meeting_within_an_organisation_is_no_synchrony(tmp_path: Path) -> None:
    """The ring again, now of one organisation."""
    accounts = [(k, 1 if k in RING else org, 0) for k, org, _ in ACCOUNTS]
    got = found(seen_of(tmp_path, accounts, uses=uses()))
    assert not got.score[:6].any()
    assert not got.moments["account_id"].isin(RING).any()


def test_a_template_that_all_use_at_once_joins_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It costs no more than the square of the limit; without the limit it would join the ring."""
    steps = [(k, 5, 24.0 * day + 1) for day in range(8) for k in RING]
    steps += [use for use in uses() if use[0] in OTHERS]
    seen = seen_of(tmp_path, ACCOUNTS, uses=steps)
    monkeypatch.setattr(synchrony, "MOST", 5)
    assert not found(seen).score.any()
    monkeypatch.setattr(synchrony, "MOST", 6)
    seen.kept.clear()
    assert (found(seen).score[:6] > 3).all()


@pytest.mark.parametrize("uses", [(), [(1, 5, 1.0)]])
def test_a_log_of_one_prompt_or_none_has_nothing_to_tell(
    uses: list[tuple[int, int, float]], tmp_path: Path
) -> None:
    got = found(seen_of(tmp_path, [(1, 10, 0)], uses=uses))
    assert (got.score.tolist(), len(got.moments)) == ([0.0], 0)


def test_a_log_without_templates_says_so(tmp_path: Path) -> None:
    seen = seen_of(tmp_path, [(1, 10, 0)], drop=["prompt_cluster"])
    with pytest.raises(InvalidInputError) as caught:
        found(seen)
    assert str(caught.value) == (
        "the baseline of synchrony compares templates, and log/exchanges has no prompt_cluster; "
        "make the log with all columns (tables: {columns: full})"
    )
