"""How long sessions last, and how long before the log those begin that may reach into it."""

from __future__ import annotations

import math

import numpy as np

from sim.actors.arrivals.rates import DAY_US, SESSION_LEAD_US
from sim.arrays.ragged import cumulate_in, starts_of
from sim.arrays.types import Ints
from sim.scaffold.turns import draw_tool_steps, draw_turns_of
from sim.scenario.resolved import Actor

_LONG_CALL_US = 60_000_000
_LONG_PAUSE_US = 1_800_000_000
_TRIED = 4_096
_UNSEEN = 0.05


def draw_turns(actor: Actor, size: int, rng: np.random.Generator) -> Ints:
    """User turns of `size` sessions, at least 1."""
    dial = actor.turns_per_session
    more = np.maximum(np.rint(dial.more.sample(rng, size)), 1)
    return np.where(rng.random(size) < dial.single_share, 1, more).astype(np.int64)


def longest_us(gap_us: Ints, calls: Ints, turns: Ints) -> Ints:
    """A time that sessions of so many `turns` hardly ever exceed.

    The pauses between their turns, half an hour, and a minute a call; `gap_us` and `calls` are by
    turn.
    """
    last = np.cumsum(turns) - 1
    return _LONG_PAUSE_US + _ends_us(gap_us, calls, turns)[last]


def _ends_us(gap_us: Ints, calls: Ints, turns: Ints) -> Ints:
    """When each turn has ended, after the begin of its session."""
    pauses = gap_us.copy()
    pauses[starts_of(turns)] = 0
    return cumulate_in(pauses + calls * _LONG_CALL_US, turns)


def lead_us(behaviour: Actor, expected: float, rng: np.random.Generator) -> int:
    """How long before the log sessions are opened that send `expected` exchanges in it.

    What those send that began earlier is missing. It is less than a twentieth of the standard
    deviation of a Poisson number of exchanges: nobody can see that in the log.
    """
    turns = draw_turns(behaviour, _TRIED, rng)
    total = int(turns.sum())
    calls = draw_turns_of(behaviour, draw_tool_steps(behaviour, total, rng), rng).calls
    gap_us = np.rint(behaviour.human_gap_s.sample(rng, total) * 1e6).astype(np.int64)
    ends_us = _ends_us(gap_us, calls, turns)
    order = np.argsort(ends_us)
    missing = _UNSEEN / math.sqrt(expected) if expected > 0 else 1.0
    enough = int(np.searchsorted(np.cumsum(calls[order]), calls.sum() * (1 - missing)))
    # the longest of those tried says little of the longest of all
    most = 2 * int(ends_us.max()) if enough >= len(order) - 1 else int(ends_us[order[enough]])
    batches = DAY_US if behaviour.batch_share else 0
    return min(SESSION_LEAD_US, most + _LONG_PAUSE_US + batches) if missing < 1 else 0
