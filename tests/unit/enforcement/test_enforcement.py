"""What the provider does to accounts: against theory, capacity and the calendar."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import sim.catalog as catalog
from sim.arrays.time import FOREVER_US, NEVER_US
from sim.distributions import Distribution
from sim.enforcement.decide import decide
from sim.enforcement.outcome import Outcome
from sim.enforcement.watched import Watched
from sim.scenario.enforcement_policy import Enforcement, Operator
from sim.streams import Streams
from sim.tables.words import (
    BAN,
    RATE_LIMIT,
    REFUSALS,
    REINSTATE,
    REPORT,
    SHARING,
    STEP_UP,
    SUSPEND,
    VOLUME,
)
from tests.support.enforcement import (
    BANS,
    LIMITS,
    QUIET,
    REVIEWS,
    close,
    logistic,
    noisy,
    of,
    run,
    same,
    watch,
)
from tests.support.scenarios import DAY_US, HOUR_US, constant


@pytest.mark.parametrize(
    ("dials", "channel", "ratio"),
    [
        ({"daily": 5_000.0}, VOLUME, 1.0),
        ({"daily": 9_000.0}, VOLUME, 1.8),
        ({"address": 40}, SHARING, 2.0),
        ({"refusals": 4.0}, REFUSALS, 0.8),
    ],
)
def test_triggers_come_at_the_rate_of_their_rule(
    dials: dict[str, Any], channel: int, ratio: float
) -> None:
    days, count = 5, 8_000
    rules = Enforcement(**{**LIMITS, "noise_rate_per_day": 0})
    found = run(watch(count, **{"daily": 1.0, **dials}), rules, days=days)
    _, who, why = of(found, RATE_LIMIT)
    expected = 1 - math.exp(-0.1 * logistic(ratio, 1) * days)
    assert close(len(np.unique(who[why == channel])) / count, expected, count)
    assert (why == channel).mean() > 0.97


def test_alerts_out_of_nothing_and_all_triggers_are_poisson() -> None:
    """Limited accounts go on having them: their number is Poisson, not only whether there is."""
    found = run(watch(2_000), noisy(LIMITS, 0.2), days=10)
    per_account = np.bincount(of(found, RATE_LIMIT)[1], minlength=2_000)
    assert abs(per_account.mean() - 2) < 4 * math.sqrt(2 / 2_000)
    assert abs(per_account.var() / 2 - 1) < 4 * math.sqrt((2 + 1 / 2) / 2_000)


def test_a_limited_account_triggers_as_what_it_still_sends() -> None:
    """Second alerts within the limit come at the rate of the throttled volume."""
    count, days, factor = 20_000, 6.0, 0.5
    rules = Enforcement(
        **{**LIMITS, "noise_rate_per_day": 0, "limit_factor": factor, "limit_days": 100}
    )
    when, who, _ = of(run(watch(count, 5_000), rules, days=days), RATE_LIMIT)
    first = dict(zip(who[::-1].tolist(), when[::-1].tolist(), strict=True))
    again = len(who) - len(first)
    exposure = sum(days - t for t in first.values())
    expected = 0.1 * logistic(factor, 1) * exposure
    assert abs(again - expected) < 4 * math.sqrt(expected) + 0.03 * expected


def test_what_is_learned_and_limits_act_on_all_that_depends_on_them() -> None:
    """Fewer exchanges are refused less often; an account shares with one at least."""
    watched, rules = watch(3, 8_000, address=30, refusals=9), Enforcement()
    found = watched.rates_per_day(rules, np.array([2]), np.array([0.5, 0.4, 0.7]), 0.6)
    values = (8_000 * 0.5 * 0.6, 5_000), (30 * 0.4, 20), (9 * 0.5 * 0.6 * 0.7, 5)
    assert np.allclose(found, [[*(0.1 * logistic(*value) for value in values), 2e-4]])
    least = watched.rates_per_day(rules, np.array([0]), np.array([1.0, 1e-9, 1.0]))
    assert least[0, 1] == pytest.approx(0.1 * logistic(1, 20))


def test_an_account_that_sends_nothing_triggers_nothing() -> None:
    found = run(watch(200), noisy(LIMITS, 0.5, limit_factor=0, limit_days=1_000))
    assert found.alerts == len(set(found.actions.account.tolist())) > 190


def test_more_volume_hits_whoever_less_volume_hits() -> None:
    rules = Enforcement(**{**LIMITS, "noise_rate_per_day": 0})
    hit = [
        set(of(run(watch(2_000, daily), rules), RATE_LIMIT)[1].tolist())
        for daily in (1_000, 3_000, 9_000)
    ]
    assert hit[0] < hit[1] < hit[2]


def test_nothing_happens_without_rates() -> None:
    found = run(watch(50, 1e6, operated=True, extracts=True), QUIET, Operator())
    assert (found.accounts.from_us == NEVER_US).all()
    assert (found.accounts.until_us == FOREVER_US).all()
    assert found.accounts.slot.tolist() == list(range(50))
    assert not len(found.actions.at_us)
    assert not len(found.pauses.from_us)
    counts = (found.alerts, found.reviewed, found.backlog, found.sweeps, found.replacements)
    assert counts == (0, 0, 0, 0, 0)


def test_rules_take_their_time() -> None:
    rules = noisy(LIMITS, 0.05, rule_delay_h=constant(30))
    when, _, _ = of(run(watch(2_000), rules, days=5), RATE_LIMIT)
    assert when.min() >= 30 / 24
    expected = 1 - math.exp(-0.05 * (5 - 30 / 24))
    assert close(len(when) / 2_000, expected, 2_000)


def test_alerts_are_answered_in_the_given_shares() -> None:
    rules = noisy(BANS, 0.05, rate_limit_share=0.2, step_up_share=0.5)
    found = run(watch(3_000), rules, days=28)
    limits, verifications = (len(of(found, kind)[0]) for kind in (RATE_LIMIT, STEP_UP))
    assert close(limits / found.alerts, 0.2, found.alerts)
    assert close(verifications / found.alerts, 0.5, found.alerts)


@pytest.mark.parametrize(("operated", "passes"), [(False, 0.9), (True, 0.4)])
def test_verification_is_passed_with_its_probability(operated: bool, passes: float) -> None:
    rules = noisy(BANS, 0.1, genuine_passes=0.9, operator_passes=0.4, step_up_h=constant(5))
    found = run(watch(2_000, operated=operated), rules, days=20)
    asked, _, _ = of(found, STEP_UP)
    done = (asked < 20 - 5 / 24).sum()
    assert close(1 - len(of(found, BAN)[0]) / done, passes, done)
    assert (found.pauses.factor == 0).all()
    assert set((found.pauses.until_us - found.pauses.from_us).tolist()) == {5 * HOUR_US}


def test_an_operator_pays_for_each_identity_it_verifies() -> None:
    rules = noisy(BANS, 0.1, operator_passes=1)
    asked = watch(300, operated=True)
    paid = run(asked, rules, Operator(identity_usd=20, initial_usd=100, budget_usd=100 + 7 * 20))
    assert paid.spent_usd == 240
    assert (of(paid, STEP_UP)[0] <= of(paid, BAN)[0][0]).sum() == 8
    free = run(asked, rules, Operator(identity_usd=20))
    assert free.spent_usd == 20 * len(of(free, STEP_UP)[0])


@pytest.mark.parametrize("per_day", [3.0, 40.0, 70.0])
def test_reviewers_do_no_more_than_they_can(per_day: float) -> None:
    """Overloaded, they do exactly their number, and the rest waits."""
    rules = noisy(REVIEWS, 0.15, reviews_per_day=per_day / 1.5)
    found = run(watch(1_500), rules, days=6)
    servers = max(1, round(per_day / 24))
    done = np.bincount(of(found, BAN)[0].astype(int), minlength=6)
    assert (done <= per_day + servers).all()
    assert abs(found.reviewed - per_day * 6) <= servers + 1
    waiting = [run(watch(1_500), rules, days=days).backlog for days in (1, 2, 4)]
    assert waiting[0] < waiting[1] < waiting[2]
    assert found.alerts - found.reviewed - found.backlog == servers


def test_reviews_wait_for_nobody_where_there_are_enough() -> None:
    found = run(watch(4_000), noisy(REVIEWS, 0.01, reviews_per_day=1000), days=10)
    assert found.backlog == 0
    assert found.reviewed > 0.98 * found.alerts


@pytest.mark.parametrize(("extracts", "share"), [(True, 0.7), (False, 0.2)])
def test_reviews_ban_and_suspend_in_their_shares(extracts: bool, share: float) -> None:
    rules = noisy(
        REVIEWS,
        0.02,
        reviews_per_day=1e4,
        review_sensitivity=0.7,
        review_false_share=0.2,
        suspend_share=0.4,
    )
    found = run(watch(5_000, extracts=extracts, operated=True), rules, days=20)
    suspended, banned, back = (of(found, kind) for kind in (SUSPEND, BAN, REINSTATE))
    later = np.isin(banned[1], suspended[1])
    judged = len(suspended[0]) + (~later).sum()
    assert close(judged / found.reviewed, share, found.reviewed)
    assert close(len(suspended[0]) / judged, 0.4, judged)
    over = (suspended[0] < 17).sum()
    assert (later.sum(), len(back[0])) == ((over, 0) if extracts else (later.sum(), over))


def test_genuine_accounts_come_back_by_appeal() -> None:
    """The same account goes on after a gap, and may be banned again."""
    rules = noisy(BANS, 0.02, appeal_success=0.6, appeal_days=constant(4))
    found = run(watch(4_000), rules, days=30)
    banned, back = of(found, BAN), of(found, REINSTATE)
    decided = (banned[0] < 26).sum()
    assert close(len(back[0]) / decided, 0.6, decided)
    assert len(found.pauses.from_us) == len(back[0])
    assert (found.pauses.until_us - found.pauses.from_us == 4 * DAY_US).all()
    assert np.bincount(banned[1]).max() > 1
    assert (found.accounts.generation == 0).all()
    ended = (found.accounts.until_us < FOREVER_US).sum()
    assert ended == len(banned[0]) - len(back[0])


@pytest.mark.parametrize("dials", [{"extracts": True}, {"operated": True}])
def test_others_do_not_appeal(dials: dict[str, Any]) -> None:
    found = run(watch(500, **dials), noisy(BANS, 0.05, appeal_success=1, appeal_days=constant(1)))
    assert len(of(found, BAN)[0]) > 200
    assert not len(of(found, REINSTATE)[0])


@pytest.mark.parametrize("kind", [RATE_LIMIT, STEP_UP, SUSPEND, BAN])
def test_an_action_on_an_organisation_hits_all_of_it(kind: int) -> None:
    dials: dict[str, Any] = {
        RATE_LIMIT: LIMITS,
        STEP_UP: {**BANS, "step_up_h": constant(1e6)},
        SUSPEND: {**REVIEWS, "suspend_share": 1, "suspend_days": 1e4, "reviews_per_day": 1e6},
        BAN: {**REVIEWS, "reviews_per_day": 1e6},
    }[kind]
    groups, members = 200, 5
    rules = noisy(dials, 0.004, policy="organisation", limit_days=1e4)
    found = run(watch(groups * members, group=members), rules)
    when, who, _ = of(found, kind)
    hits = np.bincount(who // members, minlength=groups)
    assert 10 < (hits > 0).sum() < groups
    assert (hits % members == 0).all()
    for group in np.flatnonzero(hits):
        assert len(set(when[who // members == group].tolist())) == hits[group] // members
    alone = run(
        watch(groups * members, group=members), rules.model_copy(update={"policy": "account"})
    )
    assert len(of(alone, kind)[0]) < len(who)


def test_an_organisation_is_not_stopped_twice() -> None:
    """Alerts that were on their way when all had to verify come to nothing."""
    rules = noisy(
        BANS, 0.2, policy="organisation", rule_delay_h=constant(48), step_up_h=constant(1e6)
    )
    found = run(watch(200, group=20), rules)
    assert np.bincount(of(found, STEP_UP)[1], minlength=200).tolist() == [1] * 200
    assert found.alerts > 20


def test_each_member_of_an_organisation_is_verified_by_itself() -> None:
    rules = noisy(BANS, 0.001, policy="organisation", genuine_passes=0.9, step_up_h=constant(5))
    found = run(watch(2_000, group=100), rules)
    asked = (of(found, STEP_UP)[0] < 28 - 5 / 24).sum()
    assert close(len(of(found, BAN)[0]) / asked, 0.1, asked)


def test_actions_on_an_organisation_spare_those_who_came_later() -> None:
    """A sweep replaces half; then one ban hits the other half and nobody else."""
    rules = noisy(
        {**REVIEWS, "reviews_per_day": 1e6},
        0.01,
        policy="organisation",
        sweep_probability=1,
        sweep_share_least=0.5,
        sweep_share_most=0.5,
        sweep_after_days=constant(0),
        sweep_delay_days=constant(0),
    )
    operator = Operator(replacement_share=1, replacement_delay_h=constant(0))
    found = run(watch(60, group=60, operated=True), rules, operator)
    when, who, why = of(found, BAN)
    first = (found.accounts.generation[who] == 0) & (why != REPORT)
    together = when == when[first][0]
    assert (together == first).all()
    assert first.sum() == 60 - (why == REPORT).sum()
    assert 15 < first.sum() < 45


def test_replacements_are_in_organisations_of_their_own() -> None:
    """Once the first accounts are gone, each ban hits one account."""
    rules = noisy(BANS, 0.02, policy="organisation")
    operator = Operator(replacement_share=1, replacement_delay_h=constant(0))
    found = run(watch(50, group=50, operated=True), rules, operator, days=60)
    when, who, _ = of(found, BAN)
    first = found.accounts.generation[who] == 0
    assert first.sum() == 50
    assert len(set(when[first].tolist())) == 1
    assert len(set(when[~first].tolist())) == (~first).sum() > 10


def test_nobody_takes_over_a_slot_after_its_work_has_ended() -> None:
    """Who was banned within two days of the end would be replaced after it."""
    ends_us = np.full(200, 10 * DAY_US)
    watched = replace(watch(200, operated=True), begins_us=0 * ends_us, ends_us=ends_us)
    operator = Operator(replacement_share=1, replacement_delay_h=constant(48))
    found = run(watched, noisy(BANS, 0.2), operator, days=20)
    begins_us = found.accounts.from_us[found.accounts.generation > 0]
    assert len(begins_us) > 100
    assert begins_us.max() < 10 * DAY_US
    bans_days = of(found, BAN)[0]
    assert (bans_days > 8).sum() > 20


def mixed(slots: int, operated: bool, seed: int = 0) -> Watched:
    """Accounts that set off all rules."""
    rng = np.random.default_rng(seed)
    return Watched(
        organisation=rng.integers(0, max(slots // 3, 1), slots),
        daily_exchanges=rng.lognormal(8, 2, slots),
        accounts_on_address=rng.integers(1, 60, slots),
        accounts_on_card=rng.integers(1, 60, slots),
        refusals_per_day=rng.lognormal(1, 2, slots),
        extracts=rng.random(slots) < 0.5,
        operated=operated,
    )


def test_the_seed_alone_decides() -> None:
    watched, rules = mixed(200, operated=True), Enforcement(rule_rate_per_day=1.0)
    operator = Operator(feedback_share=0.5)
    first = run(watched, rules, operator)
    assert same(first, run(watched, rules, operator))
    assert not same(first, run(watched, rules, operator, seed=2))
    other = decide(watched, rules, operator, 28 * DAY_US, Streams(1), "another")
    assert not same(first, other)


def test_a_longer_log_begins_with_the_shorter() -> None:
    watched, rules = mixed(200, operated=False), Enforcement(rule_rate_per_day=1.0)
    short, long = run(watched, rules, days=9).actions, run(watched, rules, days=20).actions
    begun = long.at_us < 9 * DAY_US
    assert len(short.at_us) > 50
    for name, column in vars(short).items():
        assert (column == vars(long)[name][begun]).all()


def test_slots_do_not_depend_on_each_other_when_nobody_has_to_wait() -> None:
    watched, rules = mixed(300, operated=False), Enforcement(**{**BANS, "appeal_success": 0.6})
    half = Watched(**{k: v if k == "operated" else v[:150] for k, v in vars(watched).items()})
    whole, part = run(watched, rules), run(half, rules)
    among = whole.actions.account < 150
    assert (whole.actions.at_us[among] == part.actions.at_us).all()
    assert (whole.actions.account[among] == part.actions.account).all()


DIALS = st.fixed_dictionaries(
    {
        "policy": st.sampled_from(["account", "organisation"]),
        "rule_rate_per_day": st.sampled_from([0.0, 0.3, 3.0]),
        "noise_rate_per_day": st.sampled_from([0.0, 0.05]),
        "rule_delay_h": st.sampled_from([constant(0), Enforcement().rule_delay_h]),
        "step_up_h": st.sampled_from([constant(0), constant(100)]),
        "reviews_per_day": st.sampled_from([5.0, 5_000.0]),
        "review_false_share": st.floats(0, 1),
        "suspend_share": st.floats(0, 1),
        "appeal_days": st.sampled_from([constant(0), constant(1)]),
        "limit_factor": st.sampled_from([0.0, 0.3]),
        "sweep_after_days": st.sampled_from([constant(0), constant(6)]),
        "sweep_delay_days": st.sampled_from([constant(0), constant(3)]),
        "reports_per_day": st.sampled_from([0.1, 20.0]),
        "bystander_rate_per_day": st.sampled_from([0.0, 0.02, 0.2]),
    }
)


@settings(max_examples=60, deadline=None)
@given(DIALS, st.integers(0, 12), st.booleans(), st.sampled_from([0.0, 6.0]), st.integers(0, 99))
def test_lives_pauses_and_actions_fit_together(
    dials: dict[str, Any], slots: int, operated: bool, delay_h: float, seed: int
) -> None:
    operator = Operator(replacement_delay_h=constant(delay_h), budget_usd=300, initial_usd=60)
    watched = mixed(slots, operated, seed)
    rules = Enforcement(**dials)
    found = run(watched, rules, operator if operated else None, days=14, seed=seed)
    assert problems(found, slots, 14 * DAY_US) == []
    assert found.spent_usd <= 300
    assert found.alerts >= found.reviewed + found.backlog


def problems(found: Outcome, slots: int, horizon_us: int) -> list[str]:
    """What is wrong with the structure of an outcome."""
    wrong = {
        **_wrong_accounts(found, slots, horizon_us),
        **_wrong_pauses(found),
        **_wrong_actions(found, horizon_us),
    }
    return [text for text, rows in wrong.items() if np.any(rows)]


def _wrong_accounts(found: Outcome, slots: int, horizon_us: int) -> dict[str, Any]:
    x = found.accounts
    keys = list(zip(x.slot.tolist(), x.generation.tolist(), strict=True))
    first = x.slot[x.generation == 0].tolist()
    follows = x.generation[1:] > 0
    ends = x.until_us < FOREVER_US
    late = (x.until_us < 0) | (x.until_us >= horizon_us)
    return {
        "accounts are out of order": keys != sorted(set(keys)),
        "a slot lacks its first account": first != list(range(slots)),
        "a first account begins late": (x.generation == 0) != (x.from_us == NEVER_US),
        "an account ends before it begins": x.from_us > x.until_us,
        "two accounts hold a slot": (x.from_us[1:] < x.until_us[:-1]) & follows,
        "a generation is missing": (np.diff(x.generation) != 1) & follows,
        "an account ends outside the log": ends & late,
    }


def _wrong_pauses(found: Outcome) -> dict[str, Any]:
    x, p = found.accounts, found.pauses
    together = np.diff(p.account) == 0
    return {
        "a pause is empty": p.from_us >= p.until_us,
        "a pause stops nothing": (p.factor < 0) | (p.factor >= 1),
        "a pause begins before its account": p.from_us < x.from_us[p.account],
        "a pause ends after its account": p.until_us > x.until_us[p.account],
        "pauses are out of order": np.diff(p.account) < 0,
        "pauses overlap": (p.from_us[1:] < p.until_us[:-1]) & together,
    }


def _wrong_actions(found: Outcome, horizon_us: int) -> dict[str, Any]:
    x, a = found.accounts, found.actions
    at_us, who = a.at_us, a.account
    bans = np.bincount(who[a.action == BAN], minlength=len(x.slot))
    back = np.bincount(
        who[(a.action == REINSTATE) & np.isin(who, np.flatnonzero(bans))], minlength=len(x.slot)
    )
    return {
        "actions are out of order": np.diff(at_us) < 0,
        "an action is outside the log": (at_us < 0) | (at_us >= horizon_us),
        "an action hits nobody": (at_us < x.from_us[who]) | (at_us > x.until_us[who]),
        "an account ends without a ban": (x.until_us < FOREVER_US) & (bans == 0),
        "a banned account goes on": (x.until_us == FOREVER_US) & (bans > back),
    }


@pytest.mark.parametrize(
    "dials",
    [
        {"policy": "everyone"},
        {"volume_threshold": 0},
        {"rule_rate_per_day": -0.1},
        {"noise_rate_per_day": float("inf")},
        {"limit_factor": 1.0},
        {"genuine_passes": 1.01},
        {"reviews_per_day": 0},
        {"review_sensitivity": -0.1},
        {"suspend_days": 0},
        {"sweep_share_most": 2},
        {"sweep_share_least": 0.96},
        {"reports_per_day": 0},
        {"bystander_rate_per_day": -1},
        {"rate_limit_share": 0.6, "step_up_share": 0.6},
        {"rule_delay_h": {"constant": -1}},
        {"unknown": 1},
    ],
)
def test_bad_dials_of_the_provider_are_refused(dials: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Enforcement.model_validate(dials)


@pytest.mark.parametrize(
    "dials",
    [
        {"replacement_share": 1.1},
        {"feedback_step": 0},
        {"feedback_error": 1.5},
        {"budget_usd": -1},
        {"account_usd": -5},
        {"verified_share": 2},
    ],
)
def test_bad_dials_of_an_operator_are_refused(dials: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Operator.model_validate(dials)


def test_contradictions_are_refused() -> None:
    with pytest.raises(ValueError, match="operated only"):
        run(watch(3), QUIET, Operator())
    with pytest.raises(ValueError, match="positive, not 0"):
        run(watch(3), QUIET, days=0)
    with pytest.raises(ValueError, match="one shape"):
        Watched(**{**vars(watch(3)), "extracts": np.zeros(2, bool)})


def test_dials_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Enforcement().reviews_per_day = 7.0
    assert isinstance(Enforcement().appeal_days, Distribution)


def test_the_catalog_says_what_is_so_by_default() -> None:
    assert Enforcement.model_validate(catalog.enforcement()) == Enforcement()
    assert Operator.model_validate(catalog.operator()) == Operator()
