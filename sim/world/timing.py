"""Put sessions on the clock one by one, as if there were no others and no limits."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sim.arrays.types import Bools, Ints
from sim.world.attempts import Attempts, CallConditions
from sim.world.calls import DrawnCalls
from sim.world.event_loop import EventLoop


class SolvedTiming(NamedTuple):
    """What becomes of sessions that meet nobody else.

    Attributes
    ----------
    session_ends_us : array of int, shape (S,)
        When each session ends, also beyond the end of the log.
    attempts : Attempts
        The attempts of its calls within the log, session by session and in order of time.
    read_tokens : array of int, shape (attempts,)
        What each reads from the cache of its own session's calls.
    refused : array of bool, shape (S,)
        Sessions whose account was barred before their end.
    """

    session_ends_us: Ints
    attempts: Attempts
    read_tokens: Ints
    refused: Bools


def solve_timing(
    calls: DrawnCalls,
    start_us: Ints,
    conditions: CallConditions,
    sessions: Ints | None = None,
    until_us: Ints | None = None,
) -> SolvedTiming:
    """Find when each call of sessions is requested and ends, as if there were no limits.

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
    until_us : array of int, shape (S,), optional
        When the account of each of the S sessions of `calls` is barred. None: never.

    Returns
    -------
    SolvedTiming
        Of `sessions`; `attempts.call` is the row in `calls`.
    """
    loop = EventLoop(
        conditions,
        [None],
        from_us=int(start_us.min(initial=0)),
        buckets=0,
        keys=1,
        goes_beyond=True,
    )
    none_of_all = np.zeros(len(calls.key), np.int64)
    block = loop.add(replace(calls, key=none_of_all, static_tokens=none_of_all), until_us)
    loop.open(block, start_us, np.arange(len(start_us)), sessions)
    loop.run()

    meant = slice(None) if sessions is None else sessions
    ends_us, refused = loop.ends_us(block)[meant], loop.refused(block)[meant]
    for _, attempts, read in loop.drain():
        return SolvedTiming(ends_us, attempts, read, refused)
    none = np.empty(0, np.int64)
    return SolvedTiming(ends_us, Attempts(*[none] * 6), none, refused)
