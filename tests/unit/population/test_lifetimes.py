"""When slots are worked, when their first accounts signed up, and who occupies them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.arrays.time import FOREVER_US, NEVER_US, SECOND_US
from sim.catalog import typologies
from sim.distributions import Distribution
from sim.enforcement.outcome import nothing_happens
from sim.entities.tenure import Pauses
from sim.population.activity import Activity
from sim.population.lifetimes import Stays, draw_stays, timeline_of
from sim.population.population import build_population
from sim.scenario.resolved import Actor
from sim.streams import Streams
from tests.support.scenarios import (
    DAY_US,
    HOUR_US,
    coders,
    constant,
    lab,
    lognormal,
    pool,
    scenario,
)

STREAMS = Streams(8)
SLOTS = 4_000


def drawn(
    actor: Actor, horizon_us: int = DAY_US, streams: Streams = STREAMS, **columns: Any
) -> Stays:
    """The stays of accounts that all sign up by themselves at the opening, but for `columns`."""
    accounts = build_population(scenario(actor)).accounts
    alone: dict[str, Any] = {
        "cohort": np.arange(actor.accounts),
        "created_us": np.zeros(actor.accounts, np.int64),
    }
    return draw_stays(
        actor, (actor,), replace(accounts, **{**alone, **columns}), horizon_us, streams
    )


def ring(lifetime: Distribution | None, slots: int = SLOTS) -> Actor:
    return coders(slots, "ring", lifetime_days=lifetime)


def test_without_lifetimes_slots_are_worked_for_ever() -> None:
    stays = drawn(ring(None))
    assert set(stays.begins_us.tolist()) == {NEVER_US}
    assert set(stays.ends_us.tolist()) == {FOREVER_US}
    ages = -stays.created_us / DAY_US
    assert ages.min() > 1
    assert np.mean(ages < 183) == pytest.approx(0.5, abs=0.05)
    assert len(np.unique(ages)) == SLOTS


def test_lifetimes_lie_anywhere_where_they_meet_the_log() -> None:
    _, begins, ends = drawn(ring(constant(3.0)))
    assert set((ends - begins).tolist()) == {3 * DAY_US}
    assert (begins % SECOND_US == 0).all()
    assert begins.min() >= -3 * DAY_US
    assert begins.max() <= DAY_US
    quarters = np.bincount((begins + 3 * DAY_US) // DAY_US, minlength=4)
    assert abs(quarters - SLOTS / 4).max() < 5 * np.sqrt(SLOTS / 4)


def test_lifetimes_are_whole_seconds_and_one_at_least() -> None:
    stays = drawn(ring(constant(1e-7)))
    assert set((stays.ends_us - stays.begins_us).tolist()) == {SECOND_US}
    stays = drawn(ring(constant(10.4 / 86_400)))
    assert set((stays.ends_us - stays.begins_us).tolist()) == {10 * SECOND_US}


def test_accounts_sign_up_a_day_before_they_begin_on_average() -> None:
    created, begins, _ = drawn(ring(constant(30.0)))
    lead = (begins - created) / DAY_US
    assert lead.min() >= 0
    assert lead.mean() == pytest.approx(1, abs=5 / np.sqrt(SLOTS))
    assert lead.std() == pytest.approx(1, abs=10 / np.sqrt(SLOTS))
    assert len(np.unique(created)) == SLOTS


def test_a_cohort_signs_up_together_also_within_the_log() -> None:
    cohort, member = np.divmod(np.arange(SLOTS), 10)
    created, begins, ends = drawn(
        ring(constant(20.0)), 10 * DAY_US, cohort=cohort, created_us=member * HOUR_US
    )
    by_cohort = created.reshape(-1, 10)
    assert np.ptp(by_cohort, axis=1).max() == 9 * HOUR_US
    # but for those who are turned back at the end of the log
    together = (np.diff(by_cohort, axis=1) == HOUR_US).all(axis=1)
    assert 0.97 < together.mean() < 1
    assert begins.max() <= 10 * DAY_US
    assert set((ends - begins).tolist()) == {20 * DAY_US}
    assert (by_cohort[:, 0] > 0).mean() == pytest.approx(9 / 30, abs=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_members_of_cohorts_begin_at_all_times_alike(seed: int) -> None:
    slots = 40_000
    cohort, later_us = np.arange(slots) // 10, np.arange(slots) % 10 * DAY_US // 2
    of_cohort = np.random.default_rng(seed).permuted(later_us.reshape(-1, 10), axis=1)
    begins = drawn(
        ring(constant(3.0), slots),
        5 * DAY_US,
        Streams(seed),
        cohort=cohort,
        created_us=of_cohort.ravel(),
    ).begins_us
    days = np.bincount((begins + 3 * DAY_US) // DAY_US, minlength=8)[:8]
    # the members of a cohort are not independent
    assert abs(days - slots / 8).max() < 4 * np.sqrt(10 * slots / 8)


@pytest.mark.parametrize("seed", range(5))
def test_as_many_accounts_are_there_at_any_time_and_of_every_age(seed: int) -> None:
    """No trend, no gap before the opening, and the shares that follow from the lifetimes."""
    lifetime = lognormal(60, 1.0, 900)
    horizon_us, days = 28 * DAY_US, np.arange(29) * DAY_US
    created, begins, ends = drawn(ring(lifetime), horizon_us, Streams(seed))

    there = (begins[:, None] <= days) & (ends[:, None] > days)
    count = there.sum(axis=0)
    length = lifetime.sample(np.random.default_rng(1), 100_000)
    assert count / SLOTS == pytest.approx((length / (length + 28)).mean(), abs=0.035)
    assert (begins > 0).mean() == pytest.approx((28 / (length + 28)).mean(), abs=0.035)
    assert (ends < horizon_us).mean() == pytest.approx((28 / (length + 28)).mean(), abs=0.035)
    # as many sign up in the week before the opening as in each of the log
    weeks = [
        int(((created >= w * 7 * DAY_US) & (created < (w + 1) * 7 * DAY_US)).sum())
        for w in range(-1, 3)
    ]
    assert max(weeks) - min(weeks) < 6 * np.sqrt(np.mean(weeks))


def test_who_works_off_a_queue_begins_before_the_work_and_stays_until_it_is_done() -> None:
    usual = {name: typologies()[name].defaults["lifetime_days"] for name in ("A16", "L04")}
    for actor in (
        pool(40, 100, lifetime_days=usual["A16"]),
        lab(accounts=3, lifetime_days=usual["L04"]),
    ):
        created, begins, ends = drawn(actor)
        assert (ends == FOREVER_US).all()
        assert (created <= begins).all()
        assert begins.max() <= -DAY_US + SECOND_US
    late = drawn(pool(40, 100, starts_us=5 * DAY_US, lifetime_days=usual["A16"])).begins_us
    assert late.max() <= 4 * DAY_US + SECOND_US
    assert (drawn(ring(usual["A16"], 40)).ends_us < FOREVER_US).all()


def test_accounts_of_a_queue_with_a_lifetime_of_their_own_come_and_go() -> None:
    short: dict[str, Any] = {"lifetime_days": constant(0.1)}
    for actor in (pool(40, 100, **short), lab(accounts=40, **short)):
        _, begins, ends = drawn(actor)
        assert set((ends - begins).tolist()) == {DAY_US // 10}
        assert (begins > 0).mean() == pytest.approx(1 / 1.1, abs=0.2)


def steady(slots: int) -> Activity:
    none = np.zeros(0, np.int64)
    return Activity(DAY_US, np.zeros(slots, np.int64), Pauses(none, none, none, np.zeros(0)), None)


def test_tenures_lie_within_the_lifetime_of_their_slot() -> None:
    outcome = nothing_happens(2)
    tenures = replace(
        outcome.accounts,
        slot=np.array([0, 0, 1]),
        generation=np.array([0, 1, 0]),
        from_us=np.array([NEVER_US, 6 * HOUR_US, NEVER_US]),
        until_us=np.array([5 * HOUR_US, FOREVER_US, FOREVER_US]),
        volume_factor=np.array([1.0, 0.5, 1.0]),
        sharing_factor=np.ones(3),
        refusal_factor=np.ones(3),
    )
    pauses = replace(
        outcome.pauses,
        account=np.array([2]),
        from_us=np.array([3 * HOUR_US]),
        until_us=np.array([4 * HOUR_US]),
        factor=np.array([0.25]),
    )
    outcome = replace(outcome, accounts=tenures, pauses=pauses)
    begins, ends = np.array([HOUR_US, 2 * HOUR_US]), np.array([9 * HOUR_US, 8 * HOUR_US])
    timeline = timeline_of(outcome, Stays(begins, begins, ends), steady(2))

    def row(slot: int, hours: float) -> tuple[int, float, int]:
        held = timeline.at(np.array([slot]), np.array([round(hours * HOUR_US)]))
        return int(held.row[0]), float(held.factor[0]), int(held.until_us[0])

    assert row(0, 0.9)[0] == row(0, 5.5)[0] == row(0, 9.1)[0] == row(1, 1.9)[0] == -1
    assert row(0, 1.1) == (0, 1.0, 5 * HOUR_US)
    # the replacement is the first account after those of the slots; at the end it leaves by itself
    assert row(0, 6.1) == (2, 0.5, FOREVER_US)
    assert row(1, 3.5)[:2] == (1, 0.25)
    assert row(1, 7.9) == (1, 1.0, FOREVER_US)
