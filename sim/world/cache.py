"""The prompt cache: what an attempt reads from it, given all that was answered before."""

from __future__ import annotations

import numpy as np

from sim.arrays.columns import grouped
from sim.arrays.ragged import starts_of
from sim.arrays.time import HOUR_US, MINUTE_US, NEVER_US
from sim.arrays.types import Bools, Ints
from sim.world.attempts import OK, Attempts
from sim.world.calls import Shape
from sim.world.limit_check import Stream

LIFETIME_5M_US = 5 * MINUTE_US
LIFETIME_1H_US = HOUR_US


def session_read_tokens(shape: Shape, attempts: Attempts) -> Ints:
    """What each attempt reads of its own session's context; -1 where nothing of it is alive.

    An attempt reads what the last answered call of the session left, if both are of the same
    context and that attempt began no more than the lifetime before.
    """
    answered = attempts.status == OK
    answered_us = np.full(len(shape.call), NEVER_US)
    answered_us[attempts.call[answered]] = attempts.begins_us[answered]
    before = _last_before(answered_us != NEVER_US)
    first = np.repeat(starts_of(shape.calls_per_session), shape.calls_per_session)
    same = (before >= first) & (shape.epoch[before] == shape.epoch)
    left_before = np.where(same, shape.left_tokens[before], 0)[attempts.call]
    age = attempts.begins_us - answered_us[before][attempts.call]
    left = shape.left_tokens[attempts.call]
    alive = (
        (left_before > 0) & (left > 0) & (age <= shape.lifetime_us[shape.session[attempts.call]])
    )
    return np.where(alive, np.minimum(left_before, left), -1)


class PrefixCache:
    """When each key (organisation, model, template) was last touched by an answered attempt."""

    def __init__(self, keys: int) -> None:
        self._touched_us = np.full(keys, NEVER_US)

    def read_tokens(self, stream: Stream) -> Ints:
        """What each attempt reads from the cache; later streams come later in time.

        An attempt that can read nothing of its own session reads the static prefix, if any
        attempt touched it before and no more than the lifetime ago.
        """
        read = np.maximum(stream.own_read, 0)
        caches = np.flatnonzero(stream.left > 0)
        touches = caches[stream.answered[caches]]
        touches = touches[grouped(stream.key[touches])]
        asks = caches[stream.own_read[caches] < 0]
        age_us = stream.at_us[asks] - self._before(stream, touches, asks)
        alive = age_us <= stream.lifetime_us[asks]
        read[asks] = np.where(alive, np.minimum(stream.static[asks], stream.left[asks]), 0)
        self._touched_us[stream.key[touches]] = stream.at_us[touches]
        return read

    def _before(self, stream: Stream, touches: Ints, asks: Ints) -> Ints:
        """When the key of each of `asks` was last touched; `touches` in order of key and row."""
        key = stream.key[asks]
        # key and row in one number
        bits = len(stream.at_us).bit_length()
        place = np.searchsorted((stream.key[touches] << bits) | touches, (key << bits) | asks) - 1
        before = touches[np.maximum(place, 0)] if len(touches) else np.zeros(len(asks), np.int64)
        inside = (place >= 0) & (stream.key[before] == key)
        return np.where(inside, stream.at_us[before], self._touched_us[key])


def _last_before(flags: Bools) -> Ints:
    """Index of the last flag before each element, -1 if there is none."""
    place = np.maximum.accumulate(np.where(flags, np.arange(len(flags)), -1))
    before = np.empty(len(flags), np.int64)
    before[:1] = -1
    before[1:] = place[:-1]
    return before
