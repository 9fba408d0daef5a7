"""How long the prompt cache keeps what it holds; `test_event_loop` tests what is read."""

from __future__ import annotations

from sim.world.cache import LIFETIME_1H_US, LIFETIME_5M_US


def test_lifetimes_are_five_minutes_and_an_hour() -> None:
    assert (LIFETIME_5M_US, LIFETIME_1H_US) == (300 * 10**6, 3_600 * 10**6)
