"""How long sessions last, and how long before the log those begin that may reach into it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.actors.arrivals.rates import SESSION_LEAD_US
from sim.actors.arrivals.session_length import lead_us, longest_us
from sim.scaffold.session_turns import draw_turns
from sim.scenario.resolved import Actor, Turns
from tests.support.contexts import chosen
from tests.support.scenarios import DAY_US, HOUR_US, coders, constant, lognormal, simple

MINUTE_US, SECOND_US = 60_000_000, 1_000_000


def test_single_turns_by_their_share_else_one_or_more() -> None:
    turns = Turns(single_share=0.5, more=constant(4))
    actor = coders(1, turns_per_session=turns)
    assert draw_turns(actor, 3, chosen([0.49, 0.5, 0.9])).tolist() == [1, 4, 4]
    few = coders(1, turns_per_session=Turns(single_share=0.0, more=constant(0.2)))
    assert draw_turns(few, 2, chosen([0.3, 0.8])).tolist() == [1, 1]


def test_a_session_lasts_its_pauses_a_minute_a_call_and_half_an_hour() -> None:
    gap = np.array([7, 100, 200, 9, 50]) * SECOND_US
    calls, turns = np.array([1, 2, 3, 4, 1]), np.array([3, 2])
    expected = [30 * 60 + 100 + 200 + 6 * 60, 30 * 60 + 50 + 5 * 60]
    assert (longest_us(gap, calls, turns) / SECOND_US).tolist() == expected


def long_sessions(**dials: Any) -> Actor:
    """Sessions of eight single calls with an hour between them."""
    turns = Turns(single_share=0, more=constant(8))
    return coders(
        1, **{**simple(), "turns_per_session": turns, "human_gap_s": constant(3_600), **dials}
    )


LASTS_US = 7 * HOUR_US + 8 * MINUTE_US
RNG = np.random.default_rng(1)


def test_the_lead_is_that_of_the_sessions_which_matter() -> None:
    assert lead_us(long_sessions(), 1e4, RNG) == LASTS_US + HOUR_US // 2
    # half of the exchanges may be missing: those of the last four turns
    assert lead_us(long_sessions(), 0.01, RNG) == 3 * HOUR_US + 4 * MINUTE_US + HOUR_US // 2


def test_the_longest_of_a_sample_is_doubled() -> None:
    assert lead_us(long_sessions(), 1e12, RNG) == 2 * LASTS_US + HOUR_US // 2


def test_what_nobody_expects_needs_no_lead() -> None:
    assert lead_us(long_sessions(), 0.0, RNG) == 0
    assert lead_us(long_sessions(), 0.05**2, RNG) == 0
    assert lead_us(long_sessions(), 0.0026, RNG) > 0


def test_batches_are_answered_within_a_day() -> None:
    assert lead_us(long_sessions(batch_share=0.1), 1e4, RNG) == LASTS_US + HOUR_US // 2 + DAY_US


def test_the_lead_is_bounded() -> None:
    slow = long_sessions(human_gap_s=constant(86_400 * 3))
    assert lead_us(slow, 1e4, RNG) == SESSION_LEAD_US


@pytest.mark.parametrize("expected", [1e3, 1e5])
def test_what_the_lead_misses_is_hardly_anything(expected: float) -> None:
    """Sessions longer than the lead hold few exchanges after it, by another sample."""
    turns = Turns(single_share=0.3, more=lognormal(5, 0.8, 40))
    actor = long_sessions(turns_per_session=turns, human_gap_s=lognormal(600, 1.0, 7_200))
    lead = lead_us(actor, expected, np.random.default_rng(4))
    rng = np.random.default_rng(3)
    count = draw_turns(actor, 20_000, rng)
    gap = actor.human_gap_s.sample(rng, int(count.sum())) * SECOND_US
    first = np.cumsum(count) - count
    gap[first] = 0
    at = np.cumsum(gap + MINUTE_US)
    at -= np.repeat(at[first] - MINUTE_US, count)
    missing = (at > lead - HOUR_US // 2).mean()
    assert missing < 3 * 0.05 / np.sqrt(expected)
    assert (at > lead // 2).mean() > 0.05 / np.sqrt(expected)
