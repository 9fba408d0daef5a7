"""When slots are worked, when their first accounts signed up, and who occupies them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.arrays.time import FOREVER_US, NEVER_US
from sim.distributions import Distribution
from sim.enforcement.outcome import nothing_happens
from sim.population.lifetimes import draw_lifetimes, draw_sign_ups, timeline_of
from sim.streams import Streams
from tests.support.scenarios import DAY_US, HOUR_US, coders, constant

SECOND_US = 1_000_000
STREAMS = Streams(8)
SLOTS = 4_000


def ring(lifetime: Distribution | None) -> Any:
    return coders(SLOTS, "ring").model_copy(update={"lifetime_days": lifetime})


def test_without_lifetimes_slots_are_worked_for_ever() -> None:
    begins, ends = draw_lifetimes(ring(None), DAY_US, STREAMS)
    assert set(begins.tolist()) == {-FOREVER_US}
    assert set(ends.tolist()) == {FOREVER_US}


def test_lifetimes_lie_anywhere_where_they_meet_the_log() -> None:
    begins, ends = draw_lifetimes(ring(constant(3.0)), DAY_US, STREAMS)
    assert set((ends - begins).tolist()) == {3 * DAY_US}
    assert (begins % SECOND_US == 0).all()
    assert begins.min() >= -3 * DAY_US
    assert begins.max() < DAY_US
    quarters = np.bincount((begins + 3 * DAY_US) // DAY_US, minlength=4)
    assert abs(quarters - SLOTS / 4).max() < 5 * np.sqrt(SLOTS / 4)


def test_lifetimes_are_whole_seconds_and_one_at_least() -> None:
    begins, ends = draw_lifetimes(ring(constant(1e-7)), DAY_US, STREAMS)
    assert set((ends - begins).tolist()) == {SECOND_US}
    begins, ends = draw_lifetimes(ring(constant(10.4 / 86_400)), DAY_US, STREAMS)
    assert set((ends - begins).tolist()) == {10 * SECOND_US}


def test_accounts_without_a_lifetime_signed_up_when_they_did() -> None:
    created = np.arange(SLOTS)
    found = draw_sign_ups(ring(None), created, created, 0.5, STREAMS)
    assert found.tolist() == created.tolist()


def test_accounts_sign_up_a_day_before_they_begin_on_average() -> None:
    begins, old = np.arange(SLOTS) * HOUR_US, np.full(SLOTS, -900 * DAY_US)
    created = draw_sign_ups(ring(constant(3.0)), old, begins, 1.0, STREAMS)
    lead = (begins - created) / DAY_US
    assert lead.min() >= 0
    assert lead.mean() == pytest.approx(1, abs=5 / np.sqrt(SLOTS))
    assert lead.std() == pytest.approx(1, abs=10 / np.sqrt(SLOTS))


def test_where_classes_are_hard_to_tell_apart_some_were_there_for_longer() -> None:
    begins = np.zeros(SLOTS, np.int64)
    old = np.where(np.arange(SLOTS) % 2, -900 * DAY_US, 900 * DAY_US)
    created = draw_sign_ups(ring(constant(3.0)), old, begins, 0.3, STREAMS)
    assert (created <= 0).all()
    was_there = created == -900 * DAY_US
    assert was_there[::2].sum() == 0
    assert was_there[1::2].mean() == pytest.approx(0.7, abs=0.06)


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
    timeline = timeline_of(outcome, begins, ends)

    def row(slot: int, hours: float) -> tuple[int, float, int]:
        held = timeline.at(np.array([slot]), np.array([round(hours * HOUR_US)]))
        return int(held.row[0]), float(held.factor[0]), int(held.until_us[0])

    assert row(0, 0.9)[0] == row(0, 5.5)[0] == row(0, 9.1)[0] == row(1, 1.9)[0] == -1
    assert row(0, 1.1) == (0, 1.0, 5 * HOUR_US)
    # the replacement is the first account after those of the slots; at the end it leaves by itself
    assert row(0, 6.1) == (2, 0.5, FOREVER_US)
    assert row(1, 3.5)[:2] == (1, 0.25)
    assert row(1, 7.9) == (1, 1.0, FOREVER_US)
