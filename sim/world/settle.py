"""Put sessions on the clock when how long a call takes depends on when it is made."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.scaffold.ragged import cumulate_in, starts_of
from sim.world.attempts import Attempts, Calls, Fates, Policy, make
from sim.world.weather import Weather

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Settled(NamedTuple):
    """When each call is requested and ends (at the end before it, if it never is), and how."""

    requested_us: Ints
    ends_us: Ints
    attempts: Attempts


def settle(
    start_us: Ints,
    calls_per_session: Ints,
    task: Ints,
    wait_us: Ints,
    calls: Calls,
    weather: Weather,
    fates: Fates,
    policy: Policy,
    until_us: int,
) -> Settled:
    """Find the times at which each call is requested and ends.

    The time of a call depends on those before it in its session alone. So the map from assumed
    to resulting times makes at least one more call of each session right each time it is
    applied, and what it leaves unchanged is the one solution, that of going through the calls
    one by one. The weather changes slowly, and two or three rounds do.
    """
    world = (weather, fates, policy, until_us)
    count = len(wait_us)
    requested, ends = np.empty(count, np.int64), np.empty(count, np.int64)
    dropped = np.zeros(count, np.bool_)
    guess = np.repeat(start_us, calls_per_session)
    elapsed = make(calls, guess, *world)[0] - guess
    rows, sessions = np.arange(count), np.arange(len(start_us))
    settled: list[Attempts] = []
    while len(sessions):
        whole = len(rows) == count
        per_session = calls_per_session[sessions]
        gone, assumed = dropped[rows], elapsed[rows]
        total = cumulate_in(np.where(gone, 0, wait_us[rows]) + assumed, per_session)
        at = np.repeat(start_us[sessions], per_session) + total - assumed
        end, gave_up, tries = make(calls if whole else calls.pick(rows), at, *world)
        gave_up &= ~gone
        now_gone = _after_giving_up(gave_up, task[rows])
        took = np.where(now_gone, 0, end - at)
        changed = (took != assumed) | (now_gone != gone)
        again = np.logical_or.reduceat(changed, starts_of(per_session))
        requested[rows], ends[rows] = at, at + took
        elapsed[rows], dropped[rows] = took, now_gone
        open_rows = np.repeat(again, per_session)
        final = ~open_rows & ~now_gone & (at < until_us)
        settled += [t.pick(final[t.call])._replace(call=rows[t.call[final[t.call]]]) for t in tries]
        rows, sessions = rows[open_rows], sessions[again]
    attempts = Attempts(*(np.concatenate(parts) for parts in zip(*settled, strict=True)))
    return Settled(requested, ends, attempts)


def _after_giving_up(gave_up: Bools, task: Ints) -> Bools:
    """Calls with one that was given up before them in the same task; tasks are contiguous."""
    if not gave_up.any():
        return np.zeros(len(gave_up), np.bool_)
    before: Ints = np.cumsum(gave_up) - gave_up
    first = np.flatnonzero(np.diff(task, prepend=task[0] - 1))
    task_length = np.diff(first, append=len(task))
    return before > np.repeat(before[first], task_length)
