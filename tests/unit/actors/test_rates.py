"""How much slots are expected to send, and how they are cut into shards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import sim.actors.arrivals.rates as rates
from sim.actors.arrivals.intensity import ModulatedIntensity, WeeklyIntensity
from sim.actors.arrivals.rates import (
    MOST_UNDER_LIMITS,
    SESSION_LEAD_US,
    expected_exchanges,
    mean_per_day,
    rates_per_day,
    shards_of,
    time_change_of,
)
from sim.arrays.time import FOREVER_US
from sim.documents.bounds import MOST_PER_DAY
from sim.entities.tenure import SlotTimeline
from sim.scenario.resolved import Rhythm
from tests.support.contexts import chosen, context_of
from tests.support.scenarios import DAY_US, FLAT, HOUR_US, MONDAY, calm, coders, event, simple

WEEKDAYS = Rhythm(peak_hour=15.0, strength=0.0, weekend=0.0)


def test_the_mean_of_a_lognormal_volume_is_above_its_median() -> None:
    actor = coders(1, exchanges_per_account_day=20.0, account_volume_sigma=0.8)
    assert mean_per_day(actor) == pytest.approx(20 * np.exp(0.32))


def test_rates_are_volume_times_mean_scaled_and_capped() -> None:
    context = context_of(coders(30, account_volume_sigma=1.0, most_per_account_day=25.0))
    context = replace(context, traffic_factor=0.5)
    plain = context.accounts.volume * mean_per_day(context.actor)
    assert (plain > 25).any()
    assert (plain < 25).any()
    expected = 0.5 * np.minimum(plain, 25.0)
    assert rates_per_day(context, range(30)) == pytest.approx(expected)
    assert rates_per_day(context, range(4, 9)) == pytest.approx(expected[4:9])


def test_without_a_stated_cap_the_general_one_holds() -> None:
    context = context_of(coders(2, **simple(1.0)))
    volume = np.array([2.0 * MOST_PER_DAY, 3.0])
    context = replace(context, accounts=replace(context.accounts, volume=volume))
    assert rates_per_day(context, range(2)).tolist() == [MOST_PER_DAY, 3.0]


@pytest.mark.parametrize(("tier", "most"), [("tier-4", MOST_UNDER_LIMITS), ("none", MOST_PER_DAY)])
def test_who_follows_a_mode_and_has_limits_sends_no_more_than_they_can_bear(
    tier: str, most: int
) -> None:
    """Else one account in ten thousand would be refused a hundred million times."""
    actor = coders(2, tier=tier, separability=0.0)
    context = context_of(actor)
    volume, mode = np.array([2.0 * MOST_PER_DAY, 2.0 * MOST_PER_DAY]), np.array([0, 1])
    context = replace(context, accounts=replace(context.accounts, volume=volume, mode=mode))
    assert rates_per_day(context, range(2)).tolist() == [MOST_PER_DAY, most]


def test_the_volume_of_a_scenario_multiplies_what_everybody_wants_and_its_cap_holds_for_all() -> (
    None
):
    dials: dict[str, Any] = {"account_volume_sigma": 1.0, "most_per_account_day": 40.0}
    free = rates_per_day(context_of(coders(40, **dials)), range(40))
    asked = coders(40, **dials, volume=0.5, most_of_everybody=8.0)
    found = rates_per_day(context_of(asked), range(40))
    assert found == pytest.approx(np.minimum(0.5 * free, 8.0))
    assert (found == 8).any()
    assert (found < 8).any()


def test_shards_end_where_the_running_total_passes_their_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Against a loop over organisations, which stay whole."""
    monkeypatch.setattr(rates, "SHARD_EXCHANGES", 500)
    context = context_of(coders(60, organisations=20, account_volume_sigma=1.0), days=3.0)
    slots = range(6, 60)
    per_day = rates_per_day(context, range(60))
    organisation = context.accounts.organisation
    expected, total, last = [slots.start], 0.0, None
    for number in range(int(organisation[6]), 20):
        member = np.flatnonzero(organisation == number)
        total += per_day[member].sum() * 3
        shard = round(total / 500 - 0.5)
        if shard != last and last is not None:
            expected.append(int(member[0]))
        last = shard
    shards = shards_of(context, slots)
    assert len(shards) > 3
    assert [shard.start for shard in shards] == expected
    assert [shard.stop for shard in shards] == [*expected[1:], 60]
    assert shards_of(context, range(3, 3)) == []


def test_what_counts_of_the_log_is_operational_time() -> None:
    """Three weekdays of a rhythm without weekends hold 3 / 5 of the exchanges of a week."""
    context = context_of(coders(8, **{**simple(10.0), "rhythm": WEEKDAYS}), days=3.0)
    context = replace(
        context, accounts=replace(context.accounts, utc_offset_h=np.zeros(8, np.int64))
    )
    assert expected_exchanges(context, range(8)) == pytest.approx(8 * 10 * 7 * 3 / 5)
    assert expected_exchanges(context, range(2, 5)) == pytest.approx(3 * 10 * 7 * 3 / 5)


def test_each_slot_counts_in_its_own_time_zone() -> None:
    context = context_of(coders(2, **{**simple(10.0), "rhythm": WEEKDAYS}), days=1.0)
    offsets = np.array([0, -6])
    context = replace(context, accounts=replace(context.accounts, utc_offset_h=offsets))
    # six hours of the log are Sunday there
    assert expected_exchanges(context, range(1)) == pytest.approx(14)
    assert expected_exchanges(context, range(1, 2)) == pytest.approx(14 * 18 / 24)


def test_who_works_later_counts_by_hours_of_its_own() -> None:
    context = context_of(coders(2, **{**simple(10.0), "rhythm": WEEKDAYS}), days=1.0)
    late = {"utc_offset_h": np.array([2, 2]), "late_h": np.array([2, 8])}
    context = replace(context, accounts=replace(context.accounts, **late))
    assert expected_exchanges(context, range(1)) == pytest.approx(14)
    assert expected_exchanges(context, range(1, 2)) == pytest.approx(14 * 18 / 24)


def test_slots_count_for_the_time_in_which_they_are_occupied() -> None:
    context = context_of(coders(2, **simple(10.0)), days=2.0)
    timeline = SlotTimeline(
        np.arange(2),
        np.array([0, -FOREVER_US]),
        np.array([DAY_US // 2, FOREVER_US]),
        np.arange(2),
        np.ones(2),
    )
    context = replace(context, timeline=timeline)
    assert context.occupied_share.tolist() == [0.25, 1.0]
    assert expected_exchanges(context, range(2)) == pytest.approx(10 * 2 * 1.25)


def test_holidays_take_their_share() -> None:
    holiday = event("holiday", DAY_US // 2, DAY_US, factor=0.2)
    context = context_of(coders(1, **simple(10.0)), days=2.0, world=calm(holiday))
    assert expected_exchanges(context, range(1)) == pytest.approx(10 * (1.5 + 0.5 * 0.2))


def test_a_holiday_without_end_lasts_to_the_end_of_the_log() -> None:
    holiday = event("holiday", DAY_US, factor=0.5)
    context = context_of(coders(1, **simple(10.0)), days=2.0, world=calm(holiday))
    assert expected_exchanges(context, range(1)) == pytest.approx(10 * 1.5)


def test_waves_are_shared_by_the_behaviours_of_an_actor() -> None:
    calm_actor = context_of(coders(1, rhythm=FLAT))
    assert isinstance(time_change_of(calm_actor, calm_actor.actor, 0), WeeklyIntensity)
    context = context_of(coders(1, rhythm=FLAT, waves_sigma=0.6), days=1.0)
    waves = time_change_of(context, context.actor, 2)
    z = context.streams.rng("coders", "waves").standard_normal(15 * 24)
    expected = ModulatedIntensity(
        WeeklyIntensity(FLAT, MONDAY, 2), 0.6, chosen(z.tolist()), -SESSION_LEAD_US, DAY_US
    )
    hours = (np.arange(-14 * 24, 24) * HOUR_US).astype(np.float64)
    assert waves.operational(hours).tolist() == expected.operational(hours).tolist()
    assert SESSION_LEAD_US == 14 * DAY_US
