"""Put sessions on the clock when how long a call takes depends on when it is made."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.ragged import cumulate_in, ranges, starts_of
from sim.arrays.types import Bools, Ints
from sim.world.attempts import Attempts, CallConditions, Calls, make_attempts
from sim.world.calls import DrawnCalls


class SolvedTiming(NamedTuple):
    """When each session ends, shape (S,), and the attempts of its calls."""

    session_ends_us: Ints
    attempts: Attempts


def solve_timing(
    calls: DrawnCalls, start_us: Ints, conditions: CallConditions, sessions: Ints | None = None
) -> SolvedTiming:
    """Find when each call of sessions is requested and ends, as if there were no limits.

    Fixed-point iteration. A call is requested when the one before it in its session has ended and
    its pause is over; how long it takes depends on the conditions at that time. So: assume
    durations, add them up to times, make the calls at these times, and compare. Each pass fixes
    at least one more call of every session, so the iteration ends, at the one schedule that going
    through the calls one by one would give. Conditions change slowly: one or two passes do.

    Parameters
    ----------
    calls : DrawnCalls
        Calls of S sessions.
    start_us : array of int
        When each of `sessions` begins.
    conditions : CallConditions
        Calls requested at `until_us` or later have no attempts.
    sessions : array of int, optional
        Numbers of the sessions meant, increasing. None: all of them.

    Returns
    -------
    SolvedTiming
        Ends of `sessions`; `attempts.call` is the row in `calls`.
    """
    per_session, task, wait_us, to_make = (
        calls.calls_per_session,
        calls.task,
        calls.wait_us,
        calls.at_normal_speed,
    )
    if sessions is None:
        return _solve(start_us, per_session, task, wait_us, to_make, conditions)
    rows = ranges(starts_of(per_session)[sessions], per_session[sessions])
    solved = _solve(
        start_us, per_session[sessions], task[rows], wait_us[rows], to_make.pick(rows), conditions
    )
    attempts = solved.attempts
    return solved._replace(attempts=attempts._replace(call=rows[attempts.call]))


def _solve(
    start_us: Ints,
    calls_per_session: Ints,
    task: Ints,
    wait_us: Ints,
    calls: Calls,
    conditions: CallConditions,
) -> SolvedTiming:
    """Solve the timing of all sessions; arrays by session, then by call."""
    # first guess: every call as fast as at the begin of its session, and none fails
    provider = conditions.provider
    slowdown = np.repeat(provider.slowdown[provider.segment(start_us)], calls_per_session)
    guess_us = ((calls.ttft_us + calls.generation_us) * slowdown).astype(np.int64)
    into_session_us = cumulate_in(wait_us + guess_us, calls_per_session) - guess_us
    at_us = np.repeat(start_us, calls_per_session) + into_session_us
    outcomes = _Outcomes(calls, at_us, conditions)
    elapsed_us = outcomes.elapsed_us.copy()
    dropped = np.zeros(len(wait_us), np.bool_)

    # `rows` are the calls of those `sessions` that are not yet known to be right
    rows, sessions = np.arange(len(wait_us)), np.arange(len(start_us))
    while len(sessions):
        per_session = calls_per_session[sessions]
        assumed_us, assumed_dropped = elapsed_us[rows], dropped[rows]

        # times that follow from what is assumed
        pauses_us = np.where(assumed_dropped, 0, wait_us[rows])
        total_us = cumulate_in(pauses_us + assumed_us, per_session)
        at_us[rows] = np.repeat(start_us[sessions], per_session) + total_us - assumed_us

        # what becomes of the calls at these times
        outcomes.move(rows, at_us[rows])
        dropped[rows] = _after_giving_up(outcomes.given_up[rows] & ~assumed_dropped, task[rows])
        elapsed_us[rows] = np.where(dropped[rows], 0, outcomes.elapsed_us[rows])

        changed = (elapsed_us[rows] != assumed_us) | (dropped[rows] != assumed_dropped)
        again = np.logical_or.reduceat(changed, starts_of(per_session))
        rows, sessions = rows[np.repeat(again, per_session)], sessions[again]

    last = np.cumsum(calls_per_session) - 1
    attempts = outcomes.attempts(at_us, ~dropped & (at_us < conditions.until_us))
    return SolvedTiming((at_us + elapsed_us)[last], attempts)


class _Outcomes:
    """What becomes of calls at assumed times; made again only where another time matters.

    As long as all attempts of a call stay within one segment of the provider's conditions, what
    becomes of it is the same whenever it begins: only shifted.
    """

    def __init__(self, calls: Calls, at_us: Ints, conditions: CallConditions) -> None:
        self._calls, self._conditions = calls, conditions
        self._made_at_us, self._segment = at_us.copy(), conditions.provider.segment(at_us)
        ends_us, self.given_up, attempts = make_attempts(calls, at_us.copy(), conditions)
        self.elapsed_us = ends_us - at_us
        # the round in which each call was made last, and all attempts by round
        self._round = np.zeros(len(at_us), np.int64)
        self._rounds = [attempts]

    def move(self, rows: Ints, at_us: Ints) -> None:
        """Move the calls `rows` to `at_us`; recompute those whose outcome may differ there."""
        provider, until_us = self._conditions.provider, self._conditions.until_us
        before_us, segment = self._made_at_us[rows], provider.segment(at_us)

        # the outcome only shifts if the call, then and now, stays within one segment and the log
        latest_us = np.maximum(before_us, at_us) + self.elapsed_us[rows]
        within = (latest_us <= provider.ends_us[segment]) & (latest_us < until_us)
        shifts = (segment == self._segment[rows]) & within
        beyond = np.minimum(before_us, at_us) >= until_us
        again = np.flatnonzero(~(shifts | beyond | (before_us == at_us)))
        if not len(again):
            return

        rows, at_us = rows[again], at_us[again]
        ends_us, self.given_up[rows], attempts = make_attempts(
            self._calls.pick(rows), at_us, self._conditions
        )
        self.elapsed_us[rows], self._made_at_us[rows] = ends_us - at_us, at_us
        self._segment[rows], self._round[rows] = segment[again], len(self._rounds)
        self._rounds.append([a._replace(call=rows[a.call]) for a in attempts])

    def attempts(self, at_us: Ints, requested: Bools) -> Attempts:
        """Return the attempts of the calls that are `requested`, at their times `at_us`."""
        parts = []
        for number, by_attempt in enumerate(self._rounds):
            valid = requested
            if len(self._rounds) > 1:
                valid = requested & (self._round == number)
            for attempts in by_attempt:
                chosen = attempts if valid.all() else attempts.pick(valid[attempts.call])
                shift_us = (at_us - self._made_at_us)[chosen.call]
                parts.append(
                    chosen._replace(
                        begins_us=chosen.begins_us + shift_us, ends_us=chosen.ends_us + shift_us
                    )
                )
        return Attempts(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _after_giving_up(given_up: Bools, task: Ints) -> Bools:
    """Tell which calls come after one of their task that was given up; tasks are contiguous."""
    if not given_up.any():
        return np.zeros(len(given_up), np.bool_)
    given_up_before: Ints = np.cumsum(given_up) - given_up
    first = np.flatnonzero(np.diff(task, prepend=task[0] - 1))
    task_length = np.diff(first, append=len(task))
    return given_up_before > np.repeat(given_up_before[first], task_length)
