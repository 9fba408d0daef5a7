"""The process of labels on a log that is made up: what each channel does, and what none may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.arrays.time import DAY_US
from sim.labelling.course import Course, Evidence, courses, evidence_of
from sim.labelling.dials import LabelDials
from sim.labelling.process import observed_labels
from sim.labelling.seen import Night, Seen
from sim.streams import Streams
from sim.tables.database import RunTables
from sim.tables.label_schema import OBSERVED_LABELS
from sim.tables.schema import arrow_schema
from tests.support.labels import DAYS, FIRST_ID, OPENS_US, busy_log, log_of
from tests.unit.labelling.observed import QUICK, SEEDS, frame, us


def test_every_channel_is_there(labels: pd.DataFrame) -> None:
    assert set(labels["channel"]) == {"rule", "dispute", "review", "report", "appeal"}
    assert labels["label_id"].is_unique
    assert (labels["label_id"] > FIRST_ID).all()


def test_columns_are_those_of_the_schema(tables: RunTables) -> None:
    found = observed_labels(tables, QUICK, 3)
    assert found.schema.equals(arrow_schema(OBSERVED_LABELS))


def test_rows_are_in_order_of_time(labels: pd.DataFrame) -> None:
    keys = list(zip(labels["created_at"], labels["label_id"], strict=True))
    assert keys == sorted(keys)


def test_the_same_seed_gives_the_same_labels(tables: RunTables) -> None:
    assert observed_labels(tables, QUICK, 3).equals(observed_labels(tables, QUICK, 3))
    assert not observed_labels(tables, QUICK, 3).equals(observed_labels(tables, QUICK, 4))


def test_nothing_is_known_before_it_holds(labels: pd.DataFrame) -> None:
    assert (labels["valid_from"] <= labels["created_at"]).all()
    assert (us(labels["created_at"]) > OPENS_US).all()
    assert (us(labels["created_at"]) <= OPENS_US + (DAYS + 180) * DAY_US).all()


# Nothing looks ahead


def cut_off(tables: RunTables, t_us: int) -> None:
    """Leave of the log what is there at a time."""
    then = f"make_timestamptz({t_us})"
    for stem, condition in {
        "log/exchanges": f"ts_end <= {then}",
        "log/accounts": f"created_at <= {then}",
        "log/account_payment": f"first_seen <= {then}",
        "log/payment_events": f"known_at <= {then}",
    }.items():
        name = stem.replace("/", "_")
        tables.connection.execute(f"DELETE FROM {name} WHERE NOT ({condition})")


def poison(tables: RunTables, t_us: int) -> None:
    """Turn all that comes after a time into something else: other senders, all of it extraction."""
    later = f"ts_end > make_timestamptz({t_us})"
    tables.connection.execute(
        f"UPDATE truth_exchanges SET is_extraction = NOT is_extraction"
        f" WHERE exchange_id IN (SELECT exchange_id FROM log_exchanges WHERE {later})"
    )
    tables.connection.execute(
        f"UPDATE log_exchanges SET account_id = (SELECT min(account_id) FROM log_accounts),"
        f" system_prompt_hash = 5, finish_reason = 'refusal' WHERE {later}"
    )
    born = f"created_at > make_timestamptz({t_us})"
    tables.connection.execute(
        f"UPDATE log_accounts SET signup_ip_hash = 5000003, signup_ip24 = 9000003 WHERE {born}"
    )
    tables.connection.execute(
        f"UPDATE log_account_payment SET instrument_hash = 103"
        f" WHERE account_id IN (SELECT account_id FROM log_accounts WHERE {born})"
    )


@pytest.mark.parametrize("change", [cut_off, poison])
@pytest.mark.parametrize("day", [4, 11, 19])
def test_what_comes_later_changes_no_label_of_before(
    change: Callable[[RunTables, int], None], day: int, labels: pd.DataFrame, tmp_path: Path
) -> None:
    tables = busy_log(tmp_path)
    change(tables, hour_of(day))
    before = up_to(hour_of(day), labels)
    assert up_to(hour_of(day), frame(tables)).equals(before)
    assert len(before) > 3


def hour_of(day: int) -> int:
    """Five in the morning of a day, in microseconds."""
    return OPENS_US + day * DAY_US + 5 * DAY_US // 24


def up_to(t_us: int, labels: pd.DataFrame) -> pd.DataFrame:
    return labels[us(labels["created_at"]) <= t_us].reset_index(drop=True)


@pytest.mark.parametrize("fault", ["score", "extracts", "sharing"])
def test_a_look_ahead_would_be_found(
    fault: str, seen: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scores, verdicts and rules that know the whole log give other labels without its end."""
    tables = busy_log(tmp_path)

    def evidence_that_looks_ahead(night: Night, dials: LabelDials) -> Evidence:
        evidence = evidence_of(night, dials)
        if fault == "score":
            return replace(evidence, score=np.log1p(last.total))
        if fault == "extracts":
            return replace(evidence, extracts=last.extracting > 0.7 * last.total)
        return replace(evidence, over=evidence.night.known & (last.sharing("card", last.known) > 4))

    monkeypatch.setattr("sim.labelling.course.evidence_of", evidence_that_looks_ahead)
    *_, last = seen.nights(0)
    before = up_to(hour_of(19), frame(tables))
    poison(tables, hour_of(19))
    *_, last = Seen(tables).nights(0)
    assert not up_to(hour_of(19), frame(tables)).equals(before)


# Disputes


def test_only_cards_are_disputed(tmp_path: Path) -> None:
    accounts = pd.DataFrame(
        {
            "account_id": FIRST_ID + np.arange(4),
            "created_us": OPENS_US,
            "card": [11, 12, 12, 13],
            "card_type": ["card", "card", "card", "prepaid"],
            "address": 0,
            "block": 0,
            "campaign": 0,
        }
    )
    nothing = pd.DataFrame(
        {"account_id": [], "at_us": [], "template": [], "refused": [], "extracts": []}
    ).astype({"account_id": np.int64, "at_us": np.int64, "refused": bool, "extracts": bool})
    known = [OPENS_US + k * DAY_US for k in (40, 50, 50, 60, 300)]
    disputes = pd.DataFrame(
        {
            "account_id": FIRST_ID + np.array([1, 2, 1, 3, 0]),
            "card": [12, 12, 12, 13, 11],
            "known_us": known,
        }
    )
    found = frame(log_of(tmp_path, accounts, nothing, disputes=disputes))

    assert found["channel"].tolist() == ["dispute"] * 3
    assert found["label"].tolist() == ["payment_fraud"] * 3
    on_accounts = found[found["entity_type"] == "account"]
    assert on_accounts["entity_id"].tolist() == [FIRST_ID + 1, FIRST_ID + 2]
    assert us(on_accounts["created_at"]).tolist() == known[:2]
    assert found[found["entity_type"] == "instrument"]["entity_id"].tolist() == [12]
    assert us(found["valid_from"]).tolist() == [OPENS_US] * 3


# Reviews


def test_reviewers_take_up_no_more_than_they_can(seen: Seen) -> None:
    course = Course(seen, QUICK, Streams(3))
    carried = 0.0
    for night in seen.nights(QUICK.review.goes_on_days):
        before = course.taken_up.sum()
        course.night(evidence_of(night, QUICK))
        capacity = QUICK.review.per_day_per_1000 * night.known.sum() / 1000
        assert course.taken_up.sum() - before <= np.ceil(capacity + carried)
        carried = 2.0  # a fraction of an account for either queue is left for the next night
    assert course.taken_up.sum() > 50


def test_verdicts_come_after_their_median(seen: Seen) -> None:
    dials = LabelDials.model_validate({"review": {"per_day_per_1000": 20}, "missed": {"share": 0}})
    waits = []
    for seed in SEEDS:
        course = Course(seen, dials, Streams(seed))
        taken_us: dict[int, int] = {}
        for night in seen.nights(dials.review.goes_on_days):
            before = course.taken_up.copy()
            course.night(evidence_of(night, dials))
            for account in np.flatnonzero(course.taken_up & ~before).tolist():
                taken_us[account] = night.end_us
        course.end()
        rows = [row for row in course.rows if row.channel == "review"]
        waits += [(row.created_us - taken_us[row.account]) / DAY_US for row in rows]
    assert len(waits) > 1000
    assert np.median(waits) == pytest.approx(14, rel=0.1)
    assert np.std(np.log(waits)) == pytest.approx(0.8, rel=0.1)


def test_verdicts_err_as_the_dials_say(seen: Seen) -> None:
    dials = LabelDials.model_validate(
        {
            "review": {"per_day_per_1000": 60},
            "report": {"campaign_share": 0},
            "missed": {"share": 0},
        }
    )
    guilty = seen.campaign_of > 0
    found = [row for c in courses(seen, dials, [Streams(k) for k in SEEDS]) for row in c.rows]
    verdicts = [row for row in found if row.channel == "review"]
    of = {
        extracts: [row.label == "extraction" for row in verdicts if guilty[row.account] == extracts]
        for extracts in (True, False)
    }
    assert np.mean(of[True]) == pytest.approx(0.85, abs=0.06)
    assert np.mean(of[False]) == pytest.approx(0.03, abs=0.03)


def test_labels_draw_reviewers_to_those_who_share(seen: Seen) -> None:
    """The feedback: with a weight on what is labelled so far, more of the same are found."""

    def found(weight: float) -> float:
        dials = LabelDials.model_validate(
            {"review": {**QUICK.review.model_dump(), "association_weight": weight}}
        )
        runs = courses(seen, dials, [Streams(k) for k in SEEDS])
        return float(np.mean([(c.taken_up & (seen.campaign_of > 0)).sum() for c in runs]))

    assert found(8.0) > found(0.0) + 5


# Nobody


@pytest.mark.parametrize("accounts", [0, 3])
def test_a_log_without_extraction_or_without_accounts(accounts: int, tmp_path: Path) -> None:
    tables = busy_log(tmp_path, campaigns=0, others=accounts)
    found = observed_labels(tables, LabelDials(), 1)
    assert found.schema.equals(arrow_schema(OBSERVED_LABELS))
    assert "report" not in found["channel"].to_pylist()


def test_a_log_without_templates(tmp_path: Path) -> None:
    """The columns of `tables.columns: core` are enough."""
    tables = busy_log(tmp_path)
    tables.connection.execute("ALTER TABLE log_exchanges DROP system_prompt_hash")
    tables.schemas["log/exchanges"] = {}
    assert observed_labels(tables, QUICK, 1).num_rows > 10
