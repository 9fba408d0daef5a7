"""The prompt cache: what an attempt reads from it, given all that was answered before."""

from __future__ import annotations

import numpy as np

from sim.arrays.columns import grouped
from sim.arrays.time import HOUR_US, MINUTE_US, NEVER_US
from sim.arrays.types import Bools, Ints
from sim.world.attempt_stream import AttemptStream
from sim.world.attempts import OK, Attempts
from sim.world.calls import DrawnCalls

LIFETIME_5M_US = 5 * MINUTE_US
LIFETIME_1H_US = HOUR_US


def session_read_tokens(calls: DrawnCalls, attempts: Attempts) -> Ints:
    """Return the tokens that each attempt reads of its own history.

    An attempt reads what the last answered call of its history left, if that call was made no
    longer ago than the lifetime.

    Parameters
    ----------
    calls : DrawnCalls
        Calls of the sessions.
    attempts : Attempts
        Their attempts, at most one of each call answered, in any order.

    Returns
    -------
    array of int, shape (attempts,)
        -1 where nothing of the history is alive.
    """
    answered = attempts.status == OK
    answered_us = np.full(len(calls.serial), NEVER_US)
    answered_us[attempts.call[answered]] = attempts.begins_us[answered]

    before = _last_of_history(calls.history, answered_us != NEVER_US)
    left_before = np.where(before >= 0, calls.left_tokens[before], 0)[attempts.call]
    left = calls.left_tokens[attempts.call]
    age_us = attempts.begins_us - answered_us[before][attempts.call]
    lifetime_us = calls.lifetime_us[calls.session[attempts.call]]
    alive = (left_before > 0) & (left > 0) & (age_us <= lifetime_us)
    return np.where(alive, np.minimum(left_before, left), -1)


class PrefixCache:
    """When the static prefix of each key was last touched by an answered attempt.

    A key numbers an organisation, a model and a template.
    """

    def __init__(self, keys: int) -> None:
        self._touched_us = np.full(keys, NEVER_US)

    def read_tokens(self, stream: AttemptStream) -> Ints:
        """Return what each attempt reads from the cache, and remember what was touched.

        An attempt that can read nothing of its own session reads the static prefix, if an answered
        attempt touched it before, in order of the stream, and no longer ago than the reader's
        lifetime. Streams must come in order of time.
        """
        read = np.maximum(stream.own_read, 0)
        caches = np.flatnonzero(stream.left > 0)
        touches = caches[stream.answered[caches]]
        touches = touches[grouped(stream.key[touches])]
        asks = caches[stream.own_read[caches] < 0]
        age_us = stream.at_us[asks] - self._last_touch_us(stream, touches, asks)
        alive = age_us <= stream.lifetime_us[asks]
        read[asks] = np.where(alive, np.minimum(stream.static[asks], stream.left[asks]), 0)
        self._touched_us[stream.key[touches]] = stream.at_us[touches]
        return read

    def _last_touch_us(self, stream: AttemptStream, touches: Ints, asks: Ints) -> Ints:
        """Return when the key of each of `asks` was last touched before it.

        Both are rows of the stream, `touches` in order of key and row.
        """
        key = stream.key[asks]
        # key and row in one number, so that one search finds the last touch of the same key
        bits = len(stream.at_us).bit_length()
        wanted = (key << bits) | asks
        index = np.searchsorted((stream.key[touches] << bits) | touches, wanted) - 1
        before = touches[np.maximum(index, 0)] if len(touches) else np.zeros(len(asks), np.int64)
        in_stream = (index >= 0) & (stream.key[before] == key)
        return np.where(in_stream, stream.at_us[before], self._touched_us[key])


def _last_of_history(history: Ints, flags: Bools) -> Ints:
    """Return the last flagged call before each in its history, -1 if there is none."""
    order = np.argsort(history, kind="stable")
    last_so_far = np.maximum.accumulate(np.where(flags[order], np.arange(len(order)), -1))
    last_before = np.concatenate([np.full(1, -1), last_so_far[:-1]])

    candidate = order[last_before]
    same = (last_before >= 0) & (history[candidate] == history[order])
    before = np.empty(len(order), np.int64)
    before[order] = np.where(same, candidate, -1)
    return before
