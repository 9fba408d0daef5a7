"""What accounts do from time to time: first weeks, dormancy, drift, a change of model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.arrays.time import DAY_US, FOREVER_US, NEVER_US
from sim.enforcement.outcome import nothing_happens
from sim.entities.tenure import SlotTimeline
from sim.population.activity import Activity, draw_activity
from sim.population.lifetimes import Stays, timeline_of
from sim.population.population import build_population
from sim.streams import Streams
from tests.support.scenarios import coders, constant, lognormal, scenario

SLOTS = 4_000
HORIZON_US = 28 * DAY_US
EVERYONE = np.arange(SLOTS)


def drawn(begins_us: Any = NEVER_US, seed: int = 1, **dials: Any) -> tuple[Activity, SlotTimeline]:
    actor = coders(SLOTS, "ring", **dials)
    begins_us = np.broadcast_to(begins_us, SLOTS)
    mode = np.zeros(SLOTS, np.int64)
    ends_us = np.full(SLOTS, FOREVER_US)
    lives_us = (begins_us, ends_us)
    activity = draw_activity(actor, (actor,), mode, lives_us, HORIZON_US, Streams(seed))
    stays = Stays(begins_us, begins_us, ends_us)
    return activity, timeline_of(nothing_happens(SLOTS), stays, activity)


def factors(timeline: SlotTimeline, day: float) -> Any:
    return timeline.at(EVERYONE, np.full(SLOTS, round(day * DAY_US))).factor


def test_a_steady_account_always_does_the_same() -> None:
    assert drawn()[1].never_ends


@pytest.mark.parametrize("seed", range(5))
def test_the_share_of_dormant_accounts_is_the_same_at_all_times(seed: int) -> None:
    _, timeline = drawn(seed=seed, dormant_share=0.2, dormant_days=lognormal(10, 0.8, 90))
    dormant = [float((factors(timeline, day) == 0).mean()) for day in (0, 7, 14, 21, 27.9)]
    assert dormant == pytest.approx([0.2] * 5, abs=5 * np.sqrt(0.16 / SLOTS))


def test_a_dormant_account_ends_what_it_began_and_comes_back() -> None:
    _, timeline = drawn(dormant_share=0.2, dormant_days=constant(3))
    before, later = factors(timeline, 10), factors(timeline, 14)
    fell_asleep = (before == 1) & (factors(timeline, 11) == 0)
    assert fell_asleep.any()
    until = timeline.at(EVERYONE, np.full(SLOTS, 10 * DAY_US)).until_us
    assert (until[fell_asleep] == FOREVER_US).all()
    assert (later[before == 0] == 1).mean() == pytest.approx(0.8, abs=0.1)


def test_nobody_is_dormant_before_it_begins() -> None:
    begins = np.where(EVERYONE % 2, 5 * DAY_US, NEVER_US)
    activity, _ = drawn(begins, dormant_share=0.5, dormant_days=constant(10))
    pauses = activity.dormancies
    assert (pauses.from_us >= begins[pauses.account]).all()


def test_a_new_account_comes_to_its_full_volume_in_steps() -> None:
    begins = np.where(EVERYONE % 2, 4 * DAY_US, NEVER_US)
    _, timeline = drawn(begins, ramp_days=8.0)
    found = [factors(timeline, day)[1] for day in (3.9, 4, 6, 8, 10, 12)]
    assert found == [0, 0.125, 0.375, 0.625, 0.875, 1]
    assert (factors(timeline, 4)[::2] == 1).all()


@pytest.mark.parametrize("seed", range(5))
def test_volumes_drift_around_the_same_mean(seed: int) -> None:
    activity, timeline = drawn(seed=seed, drift_sigma=0.4)
    volume = np.array([factors(timeline, 7 * week) for week in range(4)]).T
    volume *= np.asarray(timeline.peak(range(SLOTS)))[:, None]
    assert volume.mean(axis=1) == pytest.approx(np.ones(SLOTS), abs=1e-5)
    steps = np.diff(np.log(volume), axis=1)
    assert steps.std() == pytest.approx(0.4 * np.sqrt(7 / 30), rel=0.05)
    # neither more nor less in the end
    assert volume.mean(axis=0) == pytest.approx(np.ones(4), abs=0.03)
    assert activity.course is not None


@pytest.mark.parametrize("seed", range(5))
def test_a_share_of_accounts_changes_its_model_within_a_month(seed: int) -> None:
    actor = coders(SLOTS, "ring", model_change_share=0.3)
    accounts = build_population(scenario(actor, seed=seed)).accounts
    changes = accounts.model_changes_us < 30 * DAY_US
    # who chooses may choose what it has
    shares = np.array(list(actor.models.values()))
    expected = 0.3 * (1 - (shares**2).sum()) * (1 - actor.uptake.latest_share)
    assert changes.mean() == pytest.approx(expected, abs=5 * np.sqrt(expected / SLOTS))
    assert (accounts.second_model != accounts.model)[changes].all()
    assert not changes[accounts.asks_latest].any()
    after = np.where(changes, accounts.second_model, accounts.model)
    assert np.bincount(after) / SLOTS == pytest.approx(shares, abs=0.04)


def test_a_replacement_has_first_weeks_and_the_pauses_of_its_slot() -> None:
    activity, _ = drawn(ramp_days=4.0, dormant_share=0.2, dormant_days=constant(5))
    slot = int(activity.dormancies.account[0])
    outcome = nothing_happens(SLOTS)
    a = outcome.accounts
    columns: dict[str, Any] = {
        name: np.append(getattr(a, name), getattr(a, name)[slot]) for name in vars(a)
    }
    order = np.argsort(columns["slot"], kind="stable")
    columns = {name: column[order] for name, column in columns.items()}
    columns["generation"][slot + 1] = 1
    columns["until_us"][slot] = 2 * DAY_US
    columns["from_us"][slot + 1] = 3 * DAY_US
    never = np.full(SLOTS, NEVER_US)
    timeline = timeline_of(
        replace(outcome, accounts=replace(a, **columns)), Stays(never, never, -never), activity
    )

    pauses = activity.dormancies.pick(activity.dormancies.account == slot)
    for day in (-9.5, 0.5, 1.5, 2.5, 3.5, 4.5, 9.5, 20.5):
        at_us = round(day * DAY_US)
        asleep = ((pauses.from_us <= at_us) & (at_us < pauses.until_us)).any()
        first = 1.0 if day < 2 else 0.0
        later = 0.0 if day < 3 else min(1, (np.floor(day - 3) + 0.5) / 4 if day < 7 else 1)
        assert factors(timeline, day)[slot] == (0 if asleep else first + later)
