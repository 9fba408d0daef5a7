"""What reports, appeals and oversight do, each over several seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.arrays.time import DAY_US
from sim.labelling.course import courses
from sim.labelling.dials import LabelDials
from sim.labelling.reports import reports
from sim.labelling.seen import Seen
from sim.streams import Streams
from sim.tables.database import RunTables
from tests.support.labels import OPENS_US, busy_log
from tests.unit.labelling.observed import QUICK, SEEDS, frame, of_channel

# Reports


def test_reports_name_most_of_a_campaign_and_some_bystanders(large: Seen) -> None:
    dials = LabelDials.model_validate({"report": {"campaign_share": 1}})
    found = [x for k in SEEDS for x in reports(large, dials.report, Streams(k))]
    assert len(found) == 200
    for report in found:
        assert 0.7 <= len(report.named) / len(report.members) <= 0.95
        assert (large.campaign_of[report.named] == report.campaign + 1).all()
        strangers = report.strangers(large.accounts)
        assert len(strangers) == report.bystanders
        assert (large.campaign_of[strangers] != report.campaign + 1).all()
        # those who share something with it come first
        shared = large.accounts.has["address"]
        assert np.isin(shared[strangers], shared[report.named]).all()

    named = sum(len(report.named) for report in found)
    assert 0.02 < sum(report.bystanders for report in found) / named < 0.04
    days = [(report.created_us - OPENS_US) / DAY_US for report in found]
    assert np.median(days) == pytest.approx(45, rel=0.15)


def test_a_report_labels_all_that_it_names_at_once(large: Seen) -> None:
    (course,) = courses(large, LabelDials(), [Streams(1)])
    of_report: dict[int, set[int]] = {}
    for row in course.rows:
        if row.channel == "report":
            of_report.setdefault(row.campaign, set()).add(row.created_us)
    assert len(of_report) > 3
    assert all(len(times) == 1 for times in of_report.values())


def test_partners_learn_of_as_many_campaigns_as_the_dial_says(large: Seen) -> None:
    dials = LabelDials.model_validate({"missed": {"share": 0}})
    made = [
        len({row.campaign for row in course.rows if row.channel == "report"})
        for course in courses(large, dials, [Streams(k) for k in SEEDS])
    ]
    assert np.mean(made) / 40 == pytest.approx(0.5, abs=0.12)


def test_a_report_belongs_to_its_campaign_alone(tables: RunTables, tmp_path: Path) -> None:
    """Without another campaign all that a report names of its own is the same."""

    def named(tables: RunTables, campaign: int) -> set[tuple[int, int]]:
        seen = Seen(tables)
        ids = seen.accounts.account_id
        uids = seen.campaigns["campaign_uid"]
        return {
            (report.created_us, int(ids[account]))
            for report in reports(seen, QUICK.report, Streams(3))
            if uids[report.campaign] != campaign
            for account in report.named
        }

    without = busy_log(tmp_path)
    for name in ("log_exchanges", "log_account_payment", "log_accounts", "truth_accounts"):
        gone = "SELECT account_id FROM truth_accounts WHERE campaign_uid = 5"
        without.connection.execute(f"DELETE FROM {name} WHERE account_id IN ({gone})")
    assert named(without, 5) == named(tables, 5) != set()


# Appeals


def test_an_appeal_ends_a_label_and_another_stands(labels: pd.DataFrame) -> None:
    by_id = labels.set_index("label_id")
    for row in of_channel(labels, "appeal").itertuples():
        ended = by_id.loc[row.supersedes]
        assert row.label == "benign"
        assert (ended["label"], ended["entity_id"]) == ("extraction", row.entity_id)
        assert row.created_at > ended["created_at"]


def test_each_label_ends_the_one_that_stood(labels: pd.DataFrame) -> None:
    about_traffic = labels[labels["label"] != "payment_fraud"]
    for _, rows in about_traffic.groupby("entity_id"):
        assert rows["supersedes"].tolist() == [0, *rows["label_id"].tolist()[:-1]]
    assert (about_traffic["supersedes"] != 0).sum() > 5


def test_appeals_of_the_harmless_are_believed_more_often(seen: Seen) -> None:
    dials = LabelDials.model_validate(
        {
            "review": {"per_day_per_1000": 60, "false_share": 0.5},
            "appeal": {"reversed_share": 0.6, "wrongly_reversed_share": 0.1},
            "missed": {"share": 0},
        }
    )
    called, reversed_ = {True: 0, False: 0}, {True: 0, False: 0}
    for course in courses(seen, dials, [Streams(k) for k in SEEDS]):
        first = {row.account for row in course.rows if row.label == "extraction"}
        appealed = {row.account for row in course.rows if row.channel == "appeal"}
        for account in first:
            guilty = bool(seen.campaign_of[account])
            called[guilty] += 1
            reversed_[guilty] += account in appealed
    assert reversed_[False] / called[False] == pytest.approx(0.6, abs=0.12)
    assert reversed_[True] / called[True] == pytest.approx(0.1, abs=0.04)


def test_whoever_extracts_alone_is_hardly_believed_either(tmp_path: Path) -> None:
    dials = LabelDials.model_validate(
        {
            "review": {"per_day_per_1000": 60},
            "appeal": {"reversed_share": 1, "wrongly_reversed_share": 0},
            "missed": {"share": 0},
        }
    )
    alone = Seen(busy_log(tmp_path, campaigns=0, others=200, all_extract=True))
    (course,) = courses(alone, dials, [Streams(1)])
    channels = [row.channel for row in course.rows if row.label == "extraction"]
    assert len(channels) > 100
    # who is called so by mistake before the first prompt of the kind may still be believed
    appeals = sum(row.channel == "appeal" for row in course.rows)
    assert appeals < len(channels) / 20


def test_rules_and_appeals_mind_the_label_that_stands(tables: RunTables) -> None:
    """Rules label only who has none; an appeal ends `extraction` and nothing else."""
    dials = LabelDials.model_validate(
        {
            "rule": {"day_times": 2, "hour_times": 2, "false_share": 0.7},
            "review": {"per_day_per_1000": 80, "verdict_days": 2, "false_share": 0.1},
            "appeal": {"reversed_share": 1, "after_days": 20},
            "missed": {"share": 0},
        }
    )
    labels = frame(tables, dials)
    by_id = labels.set_index("label_id")["label"]
    rules, appeals = of_channel(labels, "rule"), of_channel(labels, "appeal")
    assert set(rules["supersedes"]) <= {0}
    assert set(appeals["supersedes"].map(by_id)) == {"extraction"}
    # verdicts came first in some cases
    ended_by_review = by_id.reindex(of_channel(labels, "review")["supersedes"])
    assert (ended_by_review == "extraction").sum() > 20


# Never


def test_many_quiet_accounts_are_never_called_extraction(seen: Seen) -> None:
    quiet = (seen.campaign_of > 0) & (seen.campaign_of % 3 == 0)
    loud = (seen.campaign_of > 0) & (seen.campaign_of % 3 != 0)
    runs = courses(seen, LabelDials(), [Streams(k) for k in SEEDS])
    never = [(~c.labelled[quiet]).mean() for c in runs]
    assert 0.3 < np.mean(never) < 0.9
    assert np.mean(never) > np.mean([(~c.labelled[loud]).mean() for c in runs])


def test_partners_learn_of_quiet_campaigns_less_often(large: Seen) -> None:
    dials = LabelDials.model_validate({"report": {"campaign_share": 1}, "missed": {"share": 0.4}})
    found = reports(large, dials.report, Streams(1))
    nobody = np.zeros(len(large.accounts), np.bool_)
    assert all(report.is_made(nobody, dials) for report in found)
    made = [report.is_made(~nobody, dials) for report in found]
    assert made == [report.chance < 0.6 for report in found]
    assert 0 < sum(made) < len(made)

    # half of a campaign is not most of it
    half = nobody.copy()
    half[found[0].members[::2]] = True
    assert found[0].is_made(half, dials)


def test_the_missed_are_neither_taken_up_nor_reported(seen: Seen) -> None:
    dials = LabelDials.model_validate({"missed": {"share": 1, "exchanges_times": 10**6}})
    alone = seen.accounts.has["card"] < 0
    (course,) = courses(seen, dials, [Streams(2)])
    groups = np.bincount(seen.accounts.has["address"])[seen.accounts.has["address"]]
    assert not course.taken_up[alone & (groups <= 2)].any()
