"""The prompt cache: what an attempt reads from it, given all that was answered before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.scaffold.ragged import starts_of
from sim.world.attempts import OK, Attempts
from sim.world.shape import Shape

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LIFETIME_5M_US = 300_000_000
LIFETIME_1H_US = 3_600_000_000
NEVER_US = -(1 << 60)


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

    def touched_before(self, begins_us: Ints, key: Ints, touches: Bools) -> Ints:
        """When the key of each attempt was last touched before it.

        Attempts are in order of time, and later than those of earlier calls.
        """
        order = np.argsort(key, kind="stable")
        begins, sorted_key = begins_us[order], key[order]
        before = _last_before(touches[order])
        first = np.flatnonzero(np.diff(sorted_key, prepend=-1))
        length = np.diff(first, append=len(order))
        carried = self._touched_us[sorted_key]
        inside = before >= np.repeat(first, length)
        result = np.empty(len(order), np.int64)
        result[order] = np.where(inside, begins[before], carried)
        self._touched_us[key[touches]] = begins_us[touches]
        return result


def _last_before(flags: Bools) -> Ints:
    """Index of the last flag before each element, -1 if there is none."""
    place = np.maximum.accumulate(np.where(flags, np.arange(len(flags)), -1))
    before = np.empty(len(flags), np.int64)
    before[:1] = -1
    before[1:] = place[:-1]
    return before
