"""How long sessions last, and how long before the log those begin that may reach into it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.actors.volume import DAY_US, LEAD_US
from sim.scaffold.ragged import starts_of
from sim.scaffold.turns import draw_tool_steps, draw_turns_of
from sim.scenario.resolved import Actor

Ints = NDArray[np.int64]

_LONG_CALL_US = 60_000_000
_LONG_PAUSE_US = 1_800_000_000
_TRIED = 1_024


def draw_turns(actor: Actor, size: int, rng: np.random.Generator) -> Ints:
    """User turns of `size` sessions, at least 1."""
    dial = actor.turns_per_session
    more = np.maximum(np.rint(dial.more.sample(rng, size)), 1)
    return np.where(rng.random(size) < dial.single_share, 1, more).astype(np.int64)


def longest_us(gap_us: Ints, calls: Ints, turns: Ints) -> Ints:
    """A time that sessions of so many `turns` hardly ever exceed.

    Their pauses, half an hour, and a minute a call; `gap_us` and `calls` are by turn.
    """
    turns_us = gap_us + calls * _LONG_CALL_US
    return _LONG_PAUSE_US + np.add.reduceat(turns_us, starts_of(turns))


def lead_us(behaviour: Actor, rng: np.random.Generator) -> int:
    """How long before the log sessions are opened: twice what the longest of some last.

    Where sessions last for weeks it is `LEAD_US`.
    """
    turns = draw_turns(behaviour, _TRIED, rng)
    total = int(turns.sum())
    calls = draw_turns_of(behaviour, draw_tool_steps(behaviour, total, rng), rng).calls
    gap_us = np.rint(behaviour.human_gap_s.sample(rng, total) * 1e6).astype(np.int64)
    most = int(longest_us(gap_us, calls, turns).max()) + (DAY_US if behaviour.batch_share else 0)
    return min(LEAD_US, 2 * most)
