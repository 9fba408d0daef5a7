"""Put sessions on the clock when how long a call takes depends on when it is made."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.ragged import cumulate_in, starts_of
from sim.arrays.types import Bools, Ints
from sim.world.attempts import Attempts, CallConditions, Calls, make


class Settled(NamedTuple):
    """When each session ends, and the attempts of its calls."""

    session_ends_us: Ints
    attempts: Attempts


class _Made:
    """What becomes of calls, each made at some time; made again when that was not its own.

    As long as all its attempts stay within one segment of the weather, what becomes of a call is
    the same whenever it begins.
    """

    def __init__(self, calls: Calls, at_us: Ints, conditions: CallConditions) -> None:
        self._calls, self._conditions = calls, conditions
        self._at_us, self._segment = at_us.copy(), conditions.provider.segment(at_us)
        ends, self.gave_up, tries = make(calls, at_us.copy(), conditions)
        self.elapsed = ends - at_us
        self._round = np.zeros(len(at_us), np.int64)
        self._tries = [tries]

    def move(self, rows: Ints, at_us: Ints) -> None:
        """Have the calls `rows` begin at `at_us`, as far as that makes a difference."""
        provider, until_us = self._conditions.provider, self._conditions.until_us
        before, segment = self._at_us[rows], provider.segment(at_us)
        latest = np.maximum(before, at_us) + self.elapsed[rows]
        within = (latest <= provider.ends_us[segment]) & (latest < until_us)
        beyond = np.minimum(before, at_us) >= until_us
        same = (segment == self._segment[rows]) & within
        again = np.flatnonzero(~(same | beyond | (before == at_us)))
        if not len(again):
            return
        rows, at_us = rows[again], at_us[again]
        ends, self.gave_up[rows], tries = make(self._calls.pick(rows), at_us, self._conditions)
        self.elapsed[rows], self._at_us[rows] = ends - at_us, at_us
        self._segment[rows], self._round[rows] = segment[again], len(self._tries)
        self._tries.append([t._replace(call=rows[t.call]) for t in tries])

    def attempts(self, at_us: Ints, asked: Bools) -> Attempts:
        """The attempts of the calls that were `asked` for, at their times `at_us`."""
        parts = []
        for number, tries in enumerate(self._tries):
            valid = asked if len(self._tries) == 1 else asked & (self._round == number)
            for attempt in tries:
                mine = attempt if valid.all() else attempt.pick(valid[attempt.call])
                shift = (at_us - self._at_us)[mine.call]
                begins, ends = mine.begins_us + shift, mine.ends_us + shift
                parts.append(mine._replace(begins_us=begins, ends_us=ends))
        return Attempts(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def settle(
    start_us: Ints,
    calls_per_session: Ints,
    task: Ints,
    wait_us: Ints,
    calls: Calls,
    conditions: CallConditions,
) -> Settled:
    """Find the times at which each call is requested and ends.

    The time of a call depends on those before it in its session alone. So the map from assumed
    to resulting times makes at least one more call of each session right each time it is
    applied, and what it leaves unchanged is the one solution, that of going through the calls
    one by one. The weather changes slowly, and one or two rounds do.
    """
    count = len(wait_us)
    provider = conditions.provider
    slowdown = np.repeat(provider.slowdown[provider.segment(start_us)], calls_per_session)
    about = ((calls.ttft_us + calls.generation_us) * slowdown).astype(np.int64)
    until_then = cumulate_in(wait_us + about, calls_per_session) - about
    at = np.repeat(start_us, calls_per_session) + until_then
    made = _Made(calls, at, conditions)
    dropped = np.zeros(count, np.bool_)
    took = made.elapsed.copy()
    rows, sessions = np.arange(count), np.arange(len(start_us))
    while len(sessions):
        per_session, gone = calls_per_session[sessions], dropped[rows]
        assumed = took[rows]
        total = cumulate_in(np.where(gone, 0, wait_us[rows]) + assumed, per_session)
        at[rows] = np.repeat(start_us[sessions], per_session) + total - assumed
        made.move(rows, at[rows])
        now_gone = _after_giving_up(made.gave_up[rows] & ~gone, task[rows])
        took[rows] = np.where(now_gone, 0, made.elapsed[rows])
        dropped[rows] = now_gone
        changed = (took[rows] != assumed) | (now_gone != gone)
        again = np.logical_or.reduceat(changed, starts_of(per_session))
        rows, sessions = rows[np.repeat(again, per_session)], sessions[again]
    last = np.cumsum(calls_per_session) - 1
    return Settled((at + took)[last], made.attempts(at, ~dropped & (at < conditions.until_us)))


def _after_giving_up(gave_up: Bools, task: Ints) -> Bools:
    """Calls with one that was given up before them in the same task; tasks are contiguous."""
    if not gave_up.any():
        return np.zeros(len(gave_up), np.bool_)
    before: Ints = np.cumsum(gave_up) - gave_up
    first = np.flatnonzero(np.diff(task, prepend=task[0] - 1))
    task_length = np.diff(first, append=len(task))
    return before > np.repeat(before[first], task_length)
