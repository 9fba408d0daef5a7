"""How long sessions last, and how long before the log those begin that may reach into it."""

from __future__ import annotations

import math

import numpy as np

from sim.actors.arrivals.rates import SESSION_LEAD_US
from sim.arrays.ragged import cumulate_in, starts_of
from sim.arrays.time import DAY_US, MINUTE_US
from sim.arrays.types import Ints
from sim.entities.behaviour import scaffold_of
from sim.scaffold.session_turns import draw_session_turns, draw_windows
from sim.scenario.resolved import Actor

# What a call, and the tail of a session, hardly ever exceed.
_LONG_CALL_US = MINUTE_US
_LONG_PAUSE_US = 30 * MINUTE_US
_PILOT_SESSIONS = 4_096
# Recorded sessions hold some seven times as many calls.
_PILOT_RECORDED = 512
# Exchanges that the lead may miss, in standard deviations of a Poisson count of the log.
_MISSED_DEVIATIONS = 0.05


def longest_us(gap_us: Ints, calls: Ints, turns: Ints) -> Ints:
    """Return a duration that each session hardly ever exceeds, shape (sessions,).

    It is the pauses between turns, a minute for each call, and half an hour.

    Parameters
    ----------
    gap_us, calls
        Pause before each turn and its calls, shape (turns.sum(),).
    turns
        Turns of each session, shape (sessions,).
    """
    last = np.cumsum(turns) - 1
    return _LONG_PAUSE_US + _turn_ends_us(gap_us, calls, turns)[last]


def _turn_ends_us(gap_us: Ints, calls: Ints, turns: Ints) -> Ints:
    """Return when each turn has ended, since the begin of its session."""
    pauses = gap_us.copy()
    pauses[starts_of(turns)] = 0
    return cumulate_in(pauses + calls * _LONG_CALL_US, turns)


def lead_us(behaviour: Actor, expected: float, rng: np.random.Generator) -> int:
    """Return how long before the log its sessions must begin to be opened, by a pilot sample.

    Sessions opened earlier still are missing from the log. The lead is such that their exchanges
    are fewer than a twentieth of the standard deviation of a Poisson count: nobody can see that.

    Parameters
    ----------
    behaviour
        Its sessions are tried out.
    expected
        Exchanges that the sessions are expected to send in the log.
    rng
        Draws the sample.

    Returns
    -------
    int
        Between 0 and `SESSION_LEAD_US`.
    """
    share_missed = _MISSED_DEVIATIONS / math.sqrt(expected) if expected > 0 else 1.0
    if share_missed >= 1:
        return 0

    calls, ends_us = _pilot(behaviour, rng)

    # the age of a session up to which all calls but that share are made
    order = np.argsort(ends_us)
    enough = int(np.searchsorted(np.cumsum(calls[order]), calls.sum() * (1 - share_missed)))
    # the longest of the sample says little of the longest of all
    is_longest = enough >= len(order) - 1
    age_us = 2 * int(ends_us.max()) if is_longest else int(ends_us[order[enough]])

    batch_us = DAY_US if behaviour.batch_share else 0
    return min(SESSION_LEAD_US, age_us + _LONG_PAUSE_US + batch_us)


def _pilot(behaviour: Actor, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Draw some sessions; return the calls of their turns, and when each turn has ended.

    Sessions come from the scaffolds by their shares.
    """
    total = sum(behaviour.agents.values())
    calls, ends_us = [], []
    for name, share in behaviour.agents.items():
        agent = scaffold_of(behaviour, name)
        few = _PILOT_RECORDED if agent.library else _PILOT_SESSIONS
        windows = draw_windows(behaviour, math.ceil(few * share / total), rng)
        asked = draw_session_turns(behaviour, agent, windows, rng)
        calls.append(asked.turns.calls)
        ends_us.append(_turn_ends_us(asked.human_gap_us, asked.turns.calls, asked.per_session))
    return np.concatenate(calls), np.concatenate(ends_us)
