"""What the provider does about accounts: invariants that hold under it, and damage to them."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.documents.strict_yaml import parse_yaml
from sim.engine.run import run
from sim.scenario.load import scenario_of
from sim.scenario.resolved import Scenario
from tests.invariants.damage import assert_holds, change, place, req, stamp, verdict
from tests.support.scenarios import log_with_truth, read

# Rules and reviews without mercy; somebody works through the accounts of a reseller, more places
# than it has accounts.
HARSH = """\
version: 1
name: harsh
seed: 11
separability: {separability}
clock: {{start: 2026-01-05, duration: 2 d}}
world: {{enforcement: {enforcement}}}
actors:
  - {{id: people, typology: L01, accounts: 40, exchanges_per_account_day: 100}}
  - {{id: reseller, typology: L05, accounts: 3}}
  - {{id: study, typology: G12, accounts: 6, exchanges_per_account_day: 60}}
  - {{id: proxied, typology: A15, accounts: 4, exchanges_per_account_day: 100}}
  - {{id: pool, typology: A16, accounts: 40, target_exchanges: 24_000}}
  - {{id: inside, typology: A17, accounts: 4, through: reseller, exchanges_per_account_day: 100}}
  - id: tests
    typology: L04
    accounts: 3
    benchmark: aime
    agent: api-script
    workers: 4
    runs: 2
  - {{id: guest, typology: A16, accounts: 5, through: reseller, target_exchanges: 600}}
"""
RULES = """\
{rule_rate_per_day: 4, noise_rate_per_day: 2, rule_delay_h: 2, reviews_per_day: 5000,
 review_delay_h: 1, review_false_share: 0.5, suspend_days: 0.3, appeal_days: 0.3,
 appeal_success: 0.5, limit_days: 0.2}"""


def harsh(separability: float = 1.0, enforcement: str = RULES) -> Scenario:
    text = HARSH.format(separability=separability, enforcement=enforcement)
    return scenario_of(parse_yaml(text, "harsh.yaml"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("harsh") / "run"
    run(harsh(), out)
    return out


@pytest.fixture(scope="module")
def rows(whole: Path) -> Any:
    return log_with_truth(whole)


@pytest.mark.parametrize(
    ("separability", "enforcement"),
    [
        pytest.param(1.0, "default", marks=pytest.mark.verify),
        pytest.param(0.6, RULES, marks=pytest.mark.verify),
        (1.0, RULES.replace("{", "{policy: organisation, ")),
    ],
)
def test_every_invariant_holds_under_enforcement(
    tmp_path: Path, separability: float, enforcement: str
) -> None:
    run(harsh(separability, enforcement), tmp_path / "run")
    assert_holds(tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "truth")
    assert_holds(tmp_path / "run")


def test_the_run_has_what_can_break(whole: Path, rows: Any) -> None:
    assert_holds(whole)
    refused = rows[rows["http_status"] == 403]
    assert len(refused) > 10
    assert refused["actor_id"].nunique() >= 3
    assert set(refused["error_type"]) == {"permission_error"}
    tasks = read(whole, "truth/tasks")
    barred = tasks[tasks["state"] == "barred"]
    assert set(barred["task_uid"]) == set(refused["task_uid"])
    assert (refused.groupby("task_uid").size() == 1).all()
    again = tasks[(tasks["work"] == "list") & (tasks["state"] != "barred")]
    came_back = barred[barred["work"] == "list"].merge(again, on=["actor_id", "item"])
    assert len(came_back) > 2
    assert (came_back["started_at_y"] > came_back["started_at_x"]).all()


def test_nobody_is_barred_where_nothing_is_done(tmp_path: Path) -> None:
    asked = harsh()
    world = asked.world.model_copy(update={"enforcement": None})
    made = run(asked.model_copy(update={"world": world}), tmp_path / "run")
    assert_holds(tmp_path / "run")
    assert 403 not in set(read(tmp_path / "run", "log/exchanges")["http_status"])
    assert {actor.tasks_barred for actor in made.actors} == {0}


def test_a_refusal_of_an_account_to_which_nothing_was_done(copy: Path, rows: Any) -> None:
    barred = set(rows.loc[rows["http_status"] == 403, "account_id"])
    index = int(np.flatnonzero(~rows["account_id"].isin(barred))[40])
    where = change(copy, "log/exchanges", index, http_status=403)
    row = rows.iloc[index]
    assert verdict(copy, "INV-7") == (
        f"INV-7 accounts and identifiers: FAILED: {where} ({req(row.exchange_id)}): found status "
        f"403 at {stamp(row.ts_start)}; allowed: none before something was done about the account"
    )


def test_an_answer_to_a_banned_account(copy: Path, rows: Any) -> None:
    events = read(copy, "log/enforcement_events").sort_values("at", kind="stable")
    lasting = events[events["action"].isin(["suspend", "ban", "reinstate"])]
    last = lasting.drop_duplicates("account_id", keep="last").set_index("account_id")
    banned = last.loc[last["action"] == "ban", "at"]
    refused = rows["http_status"] == 403
    late = rows["ts_start"] >= rows["account_id"].map(banned)
    index = int(np.flatnonzero(refused & late)[3])
    where = change(copy, "log/exchanges", index, http_status=529)
    row = rows.iloc[index]
    assert verdict(copy, "INV-7") == (
        f"INV-7 accounts and identifiers: FAILED: {where} ({req(row.exchange_id)}): found status "
        f"529 at {stamp(row.ts_start)}; allowed: status 403, as the account was banned at "
        f"{stamp(banned[row.account_id])}"
    )


def test_an_attempt_after_a_refusal(copy: Path, rows: Any) -> None:
    before = rows.groupby("task_uid").cumcount(ascending=False)
    answered = (rows["resend_count"] == 0) & (rows["http_status"] == 200)
    index = int(np.flatnonzero((before == 1) & answered)[20])
    change(copy, "log/exchanges", index, http_status=403, error_type="permission_error")
    after = int(rows.index[rows["task_uid"] == rows["task_uid"][index]][-1])
    file, row = place(copy, "log/exchanges", after)
    assert verdict(copy, "INV-6") == (
        f"INV-6 attempts: FAILED: {file} row {row} ({req(rows['exchange_id'][after])}): found "
        "another call after status 403; allowed: another attempt of the call before it"
    )


def test_a_prompt_that_is_handed_out_twice(copy: Path) -> None:
    tasks = read(copy, "truth/tasks")
    listed = tasks[(tasks["actor_id"] == "pool") & (tasks["state"] == "finished")]
    listed = listed[listed["run"] >= 0].sort_values("task_uid")
    first, second = listed.iloc[5], listed.iloc[9]
    where = change(copy, "truth/tasks", int(listed.index[9]), item=int(first["item"]))
    assert verdict(copy, "INV-1") == (
        f"INV-1 conservation: FAILED: {where} (task_{int(second['task_uid']):016x}): found item "
        f"{int(first['item'])} of run {second['run']} again; allowed: each item once in a run"
    )


@pytest.mark.parametrize("column", ["accounts_banned", "accounts_in_log", "extraction_exchanges"])
def test_a_campaign_that_does_not_add_up(copy: Path, column: str) -> None:
    campaigns = read(copy, "truth/campaigns")
    value = int(campaigns[column][0])
    where = change(copy, "truth/campaigns", 0, **{column: value + 1})
    uid = int(campaigns["campaign_uid"][0])
    assert verdict(copy, "INV-1") == (
        f"INV-1 conservation: FAILED: {where} (camp_{uid:016x}): found {column} {value + 1}; "
        f"allowed: {value}, as counted"
    )


def test_a_ban_after_the_log_is_not_needed(copy: Path) -> None:
    """The order of the log is that of time: a later ban excuses no earlier refusal."""
    events = read(copy, "log/enforcement_events")
    later = events["at"].max() + timedelta(days=3)
    rows = log_with_truth(copy)
    refused = rows[rows["http_status"] == 403].iloc[0]
    for index in np.flatnonzero(events["account_id"] == refused.account_id).tolist():
        change(copy, "log/enforcement_events", index, at=later)
    assert "allowed: none before something was done about the account" in verdict(copy, "INV-7")
