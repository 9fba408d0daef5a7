"""Who stands behind accounts: replacements, budgets, sweeps and lessons."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.enforcement.decide import decide
from sim.enforcement.provider import report_times
from sim.scenario.enforcement_policy import Enforcement, Operator
from sim.streams import Streams
from sim.tables.words import BAN, REINSTATE, REPORT
from tests.support.enforcement import BANS, QUIET, close, idle_h, noisy, of, run, watch
from tests.support.scenarios import DAY_US, HOUR_US, constant, lognormal


def test_nobody_replaces_accounts_without_an_operator() -> None:
    found = run(watch(500, operated=True), noisy(BANS, 0.05))
    assert len(of(found, BAN)[0]) > 200
    assert (len(found.accounts.slot), found.replacements, found.spent_usd) == (500, 0, 0)


def test_replacement_share_and_delay_are_as_given() -> None:
    operator = Operator(replacement_share=0.7)
    found = run(watch(2_000, operated=True), noisy(BANS, 0.05), operator)
    lost = found.accounts.until_us < 26 * DAY_US
    followed = np.append(found.accounts.generation[1:] > 0, False)[lost]
    assert close(followed.mean(), 0.7, len(followed))
    # accounts lost long before the end, so that hardly a delay is cut off by it
    later = np.flatnonzero(found.accounts.generation > 0)
    early = found.accounts.until_us[later - 1] < 20 * DAY_US
    log_h = np.log(idle_h(found)[early])
    assert abs(log_h.mean() - math.log(6)) < 4 / math.sqrt(len(log_h))
    assert abs(log_h.std() - 1) < 4 / math.sqrt(2 * len(log_h))


def test_a_replacement_costs_its_price_and_the_days_without_it() -> None:
    operator = Operator(
        initial_usd=50, per_replacement_usd=7, delay_usd_per_account_day=3, replacement_share=1
    )
    found = run(watch(300, operated=True), noisy(BANS, 0.1), operator, days=40)
    begun = 50 + found.replacements * 7 + idle_h(found).sum() / 24 * 3
    on_the_way = len(of(found, BAN)[0]) - found.replacements
    assert begun <= found.spent_usd
    assert found.spent_usd - begun == pytest.approx(on_the_way * 7, rel=0.5, abs=1)
    default = Operator(verified_share=0.5)
    assert default.replacement_usd == 5 + 10 + 0.5 * 20


@pytest.mark.parametrize("reserved", [0.0, 400.0])
def test_budgets_are_kept_and_used_up(reserved: float) -> None:
    operator = Operator(
        budget_usd=1_000 + reserved, reserved_usd=reserved, initial_usd=600, replacement_share=1
    )
    found = run(watch(500, operated=True), noisy(BANS, 0.1), operator)
    assert 1_000 - 16 < found.spent_usd <= 1_000
    assert 20 <= found.replacements <= 26


def test_nothing_is_replaced_once_the_budget_is_spent_at_the_start() -> None:
    operator = Operator(budget_usd=800, initial_usd=500, reserved_usd=300, replacement_share=1)
    found = run(watch(500, operated=True), noisy(BANS, 0.1), operator)
    assert len(of(found, BAN)[0]) > 300
    assert (found.replacements, found.spent_usd) == (0, 500)


def test_a_report_names_most_accounts_and_acts_on_each_after_a_delay_of_its_own() -> None:
    """One share for each report, evenly between its ends; delays are lognormal."""
    rules = QUIET.model_copy(update={"sweep_probability": 1.0, "sweep_after_days": constant(5)})
    operated, shares = watch(1_000, operated=True), list[float]()
    for seed in range(20):
        found = run(operated, rules, Operator(replacement_share=1), days=200, seed=seed)
        when, who, why = of(found, BAN)
        assert (found.sweeps, set(why.tolist())) == (1, {REPORT})
        # each account is named once, its replacement is not
        assert found.replacements == len(who) == len(set(who.tolist()))
        assert not found.accounts.generation[who].any()

        shares.append(len(who) / 1_000)
        delays = np.log(when - 5)
        assert abs(delays.mean() - math.log(3)) < 4 / math.sqrt(len(who))
        assert abs(delays.std() - 1) < 4 / math.sqrt(2 * len(who))
    assert min(shares) > 0.7 - 0.05
    assert max(shares) < 0.95 + 0.03
    assert abs(np.mean(shares) - 0.825) < 4 * 0.25 / math.sqrt(12 * 20)
    assert np.std(shares) > 0.04


def test_an_account_that_is_lost_before_the_report_acts_is_not_banned_again() -> None:
    rules = noisy(BANS, 0.2, sweep_probability=1, sweep_after_days=constant(5))
    found = run(watch(300, operated=True), rules, Operator(replacement_share=1))
    _, who, why = of(found, BAN)
    assert np.bincount(who).max() == 1
    # the others of the named were lost to something else first, and their places are not sought out
    when = of(found, BAN)[0]
    assert (found.accounts.from_us[who[why == REPORT]] < 5 * DAY_US).all()
    assert (when[why == REPORT] > 5).all()
    assert 20 < (why == REPORT).sum() < 0.7 * 300


MISTAKES: dict[str, Any] = {"bystander_rate_per_day": 0.002, "sweep_delay_days": constant(0)}


@pytest.mark.parametrize("dials", [{}, {"operated": True, "extracts": True}])
def test_bystanders_are_named_at_a_rate_whoever_has_the_account(dials: dict[str, Any]) -> None:
    """With many reports the first that names an account comes by an exponential law."""
    rules = QUIET.model_copy(update={**MISTAKES, "reports_per_day": 20, "appeal_success": 0.6})
    operator = Operator(replacement_share=0) if dials else None
    count, days = 20_000, 100
    found = run(watch(count, **dials), rules, operator, days=days)
    when, who, why = of(found, BAN)
    assert set(why.tolist()) == {REPORT}
    assert len(set(who.tolist())) == len(who)
    # as many as there were reports
    passed = np.array(report_times(Streams(1), 20, days * DAY_US)) < days / 2 * DAY_US
    half, whole = ((1 - 0.0001) ** int(n) for n in (passed.sum(), len(passed)))
    assert close(len(who) / count, 1 - whole, count)
    assert close((when < 50).mean(), (1 - half) / (1 - whole), len(who))

    # the innocent appeal
    back, _, _ = of(found, REINSTATE)
    if dials:
        assert not len(back)
    else:
        answered = (when < days - 40).sum()
        assert 0.55 * answered < len(back) < 0.65 * len(who)


def test_bystanders_do_not_depend_on_who_else_is_there() -> None:
    rules = QUIET.model_copy(update={**MISTAKES, "reports_per_day": 1})
    few, many = (run(watch(count), rules, days=60) for count in (500, 1_000))
    among = many.actions.account < 500
    assert (few.actions.at_us == many.actions.at_us[among]).all()
    assert (few.actions.account == many.actions.account[among]).all()
    assert len(few.actions.at_us) > 20


@pytest.mark.parametrize("seed", range(5))
def test_bystanders_are_banned_after_reports_that_all_actors_share(seed: int) -> None:
    reports = report_times(Streams(seed), 0.1, 200 * DAY_US)
    at_once = QUIET.model_copy(update={**MISTAKES, "reports_per_day": 0.1})
    for name in ("first", "second"):
        found = decide(watch(2_000), at_once, None, 200 * DAY_US, Streams(seed), name)
        banned = found.actions.at_us[found.actions.action == BAN]
        assert set(banned.tolist()) == set(reports)

    later = at_once.model_copy(update={"sweep_delay_days": lognormal(3, 1.0)})
    found = decide(watch(2_000), later, None, 1_000 * DAY_US, Streams(seed), "first")
    assert len(of(found, BAN)[0]) > 1_000
    # bans follow the first report, and few fall on one
    assert found.actions.at_us.min() > reports[0]
    assert not set(found.actions.at_us.tolist()) & set(reports)


def test_named_bystanders_are_banned_after_the_delay_of_reports() -> None:
    rules = QUIET.model_copy(
        update={
            "bystander_rate_per_day": 1,
            "reports_per_day": 0.1,
            "sweep_delay_days": lognormal(3, 1.0),
        }
    )
    # all are named by the first report
    found = run(watch(2_000), rules, days=300)
    first = report_times(Streams(1), 0.1, 300 * DAY_US)[0]
    log_days = np.log(of(found, BAN)[0] - first / DAY_US)
    assert len(log_days) == 2_000
    assert abs(log_days.mean() - math.log(3)) < 4 / math.sqrt(2_000)
    assert abs(log_days.std() - 1) < 4 / math.sqrt(2 * 2_000)


def test_nobody_is_named_by_a_report_before_the_account_begins() -> None:
    rules = QUIET.model_copy(
        update={**MISTAKES, "bystander_rate_per_day": 1, "reports_per_day": 0.1}
    )
    reports = report_times(Streams(1), 0.1, 300 * DAY_US)
    begins_us = np.repeat([reports[1] - DAY_US // 100, reports[1] + 1], 50)
    found = run(replace(watch(100), begins_us=begins_us), rules, days=300)
    assert of(found, BAN)[0].tolist() == [reports[1] / DAY_US] * 50 + [reports[2] / DAY_US] * 50


def test_reports_are_a_poisson_process_which_a_longer_log_goes_on_with() -> None:
    reports = report_times(Streams(3), 0.5, 10_000 * DAY_US)
    gaps = np.diff(reports) / DAY_US
    assert abs(gaps.mean() / 2 - 1) < 4 / math.sqrt(len(gaps))
    assert abs(gaps.std() / 2 - 1) < 8 / math.sqrt(len(gaps))
    short = report_times(Streams(3), 0.5, 1_000 * DAY_US)
    assert short == reports[: len(short)]
    assert reports[len(short)] >= 1_000 * DAY_US
    assert not report_times(Streams(3), 1e-9, DAY_US)


def test_accounts_swept_while_they_are_verified_are_lost_once() -> None:
    rules = noisy(
        BANS,
        0.3,
        step_up_h=constant(72),
        sweep_probability=1,
        sweep_share_least=1,
        sweep_share_most=1,
        sweep_after_days=constant(5),
        sweep_delay_days=constant(0),
    )
    found = run(watch(300, operated=True), rules, Operator())
    when, who, why = of(found, BAN)
    assert ((why == REPORT) == (when == 5)).all()
    assert np.bincount(who).max() == 1
    assert (found.pauses.until_us <= found.accounts.until_us[found.pauses.account]).all()


def test_a_sweep_comes_with_its_probability_and_only_for_operators() -> None:
    rules = QUIET.model_copy(update={"sweep_probability": 0.5, "sweep_after_days": constant(5)})
    operated = watch(2, operated=True)
    swept = [run(operated, rules, Operator(), seed=seed).sweeps for seed in range(300)]
    assert close(sum(swept) / 300, 0.5, 300)
    certain = rules.model_copy(update={"sweep_probability": 1.0})
    assert run(operated, certain).sweeps == run(watch(2), certain).sweeps == 0
    assert run(operated, certain, Operator(), days=5).sweeps == 0


def test_what_is_learned_lowers_the_right_dimension() -> None:
    """Each loss to a rule, correctly put down to it, lowers what later accounts do of it."""
    rules = Enforcement(**{**BANS, "noise_rate_per_day": 0})
    dials: dict[str, Any] = {"feedback_share": 1, "feedback_step": 0.9, "replacement_share": 1}
    watched = watch(60, 20_000, operated=True)
    found = run(watched, rules, Operator(**dials, feedback_error=0, feedback_lag_h=10))
    x = found.accounts
    banned_us = np.sort(x.until_us)
    known = np.searchsorted(banned_us, x.from_us - 10 * HOUR_US, side="right")
    later = x.generation > 0
    assert np.allclose(x.volume_factor[later], 0.9 ** known[later])
    assert (x.volume_factor[~later] == 1).all()
    assert (x.sharing_factor == 1).all()
    assert (x.refusal_factor == 1).all()
    wrong = run(watched, rules, Operator(**dials, feedback_error=1)).accounts
    assert (wrong.volume_factor == 1).all()
    assert wrong.sharing_factor.min() < 1 > wrong.refusal_factor.min()
    ignored = run(watched, rules, Operator(replacement_share=1))
    assert (ignored.accounts.volume_factor == 1).all()
    assert ignored.replacements > found.replacements


def test_a_loss_without_a_cause_teaches_only_by_mistake() -> None:
    watched, rules = watch(100, operated=True), noisy(BANS, 0.1)
    right = run(watched, rules, Operator(feedback_share=1, feedback_error=0)).accounts
    assert (np.stack([right.volume_factor, right.sharing_factor, right.refusal_factor]) == 1).all()
    wrong = run(watched, rules, Operator(feedback_share=1, feedback_error=1)).accounts
    assert min(wrong.volume_factor.min(), wrong.sharing_factor.min()) < 1
