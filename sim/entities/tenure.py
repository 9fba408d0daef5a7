"""Which account sits in a place at a time, and how much of its work it may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.arrays.time import FOREVER_US, SECOND_US
from sim.arrays.types import Floats, Ints

_TIME_BITS, _ZERO_S = 31, 1 << 30


@dataclass(frozen=True)
class Occupancy:
    """What is true of places at some times: arrays of one shape.

    `row` is that of the account, -1 where nobody can send. `factor` is the share of the work that
    is done, 0 to 1. At `until_us` the account is barred, `FOREVER_US` if it never is: who leaves
    ends what was begun.
    """

    row: Ints
    factor: Floats
    until_us: Ints


class SlotTimeline:
    """Stretches of time by place, each with one account and one factor.

    Edges are rounded to whole seconds. A place that has no stretch at a time is empty then.
    """

    def __init__(
        self,
        slot: Ints,
        from_us: Ints,
        until_us: Ints,
        row: Ints,
        factor: Floats,
        leaves_us: Ints | None = None,
    ) -> None:
        """Stretches of a slot must not overlap; arrays of one shape, in any order.

        `leaves_us`: when the work of each slot ends by itself (None: never).
        """
        order = np.lexsort((from_us, slot))
        self._slot, self._row, self._factor = slot[order], row[order], factor[order]
        self._from_s, self._until_s = _seconds(from_us[order]), _seconds(until_us[order])
        self._key = _key(self._slot, self._from_s)
        self._ends_s = self._open_until()
        self._leaves_us = leaves_us
        self.never_ends = bool((until_us >= FOREVER_US).all() and (factor == 1).all()) and bool(
            (from_us <= -FOREVER_US).all()
        )

    @classmethod
    def everlasting(cls, slots: int) -> SlotTimeline:
        """Everybody is there all the time."""
        row, forever = np.arange(slots), np.full(slots, FOREVER_US)
        return cls(row, -forever, forever, row, np.ones(slots))

    @classmethod
    def with_pauses(
        cls,
        slot: Ints,
        row: Ints,
        from_us: Ints,
        until_us: Ints,
        factor: Floats,
        pauses: tuple[Ints, Ints, Ints, Floats],
        leaves_us: Ints,
    ) -> SlotTimeline:
        """Lives [from_us, until_us) at `factor`, less in `pauses`: (life, from, until, factor).

        Pauses of a life must not overlap; the two factors are multiplied. `leaves_us` is by slot.
        """
        life, low, high, less = pauses
        low, high = np.maximum(low, from_us[life]), np.minimum(high, until_us[life])
        some = low < high
        life, low, high, less = life[some], low[some], high[some], less[some]
        # between the pauses of a life, and before and after them, it goes on as usual
        everyone = np.arange(len(slot))
        begin = np.concatenate([from_us, high])
        owner = np.concatenate([everyone, life])
        order = np.lexsort((begin, owner))
        begin, owner = begin[order], owner[order]
        end_owner = np.concatenate([life, everyone])
        end = np.concatenate([low, until_us])
        end = end[np.lexsort((end, end_owner))]
        usual = begin < end
        return cls(
            np.concatenate([slot[owner[usual]], slot[life]]),
            np.concatenate([begin[usual], low]),
            np.concatenate([end[usual], high]),
            np.concatenate([row[owner[usual]], row[life]]),
            np.concatenate([factor[owner[usual]], factor[life] * less]),
            leaves_us,
        )

    def followed_by(self, slots: Ints) -> SlotTimeline:
        """Lives of new places, each as the first account of one of these; place k as `slots[k]`."""
        parts = [np.flatnonzero((self._slot == s) & (self._row == s)) for s in slots.tolist()]
        index = np.concatenate([*parts, np.zeros(0, np.int64)]).astype(np.int64)
        place = np.repeat(np.arange(len(slots)), [len(part) for part in parts])
        from_us, until_us = (_us(seconds[index]) for seconds in (self._from_s, self._until_s))
        leaves_us = None if self._leaves_us is None else self._leaves_us[slots]
        return SlotTimeline(place, from_us, until_us, place, self._factor[index], leaves_us)

    def _open_until(self) -> Ints:
        """The end of each stretch, or of those that follow it at once with the same account."""
        goes_on = (
            (self._row[1:] == self._row[:-1])
            & (self._from_s[1:] == self._until_s[:-1])
            & (self._factor[1:] > 0)
        )
        ends: Ints = self._until_s.copy()
        for k in np.flatnonzero(goes_on)[::-1].tolist():
            ends[k] = ends[k + 1]
        return ends

    def at(self, slot: Ints, at_us: Ints) -> Occupancy:
        """Who holds the places `slot` at the times `at_us`."""
        if self.never_ends:
            return Occupancy(slot, np.ones(len(slot)), np.full(len(slot), FOREVER_US))
        at_s = _seconds(at_us)
        k = np.searchsorted(self._key, _key(slot, at_s), side="right") - 1
        k = np.maximum(k, 0)
        inside = (self._slot[k] == slot) & (at_s >= self._from_s[k]) & (at_s < self._until_s[k])
        inside &= self._factor[k] > 0
        ends = self._ends_s[k]
        until_us = _us(ends)
        if self._leaves_us is not None:
            until_us = np.where(ends >= _seconds(self._leaves_us[slot]), FOREVER_US, until_us)
        return Occupancy(
            np.where(inside, self._row[k], -1), np.where(inside, self._factor[k], 0.0), until_us
        )

    def next_held_us(self, slots: range, at_us: int, ready_us: Ints) -> int | None:
        """The first time from `at_us` on at which an account that is ready holds one of `slots`.

        `ready_us` is by row. None if there is no such time.
        """
        if self.never_ends:
            begins: Ints = np.maximum(ready_us[slots.start : slots.stop], at_us)
            return int(begins.min()) if len(begins) else None
        begins = np.maximum(np.maximum(_us(self._from_s), at_us), ready_us[self._row])
        held = (self._slot >= slots.start) & (self._slot < slots.stop) & (self._factor > 0)
        held &= begins < _us(self._until_s)
        return int(begins[held].min()) if held.any() else None

    def covered_us(self, slots: int, low_us: int, high_us: int) -> Ints:
        """Time within [low_us, high_us) for which each slot is held, shape (slots,)."""
        low = np.maximum(self._from_s, low_us // SECOND_US)
        high = np.minimum(self._until_s, high_us // SECOND_US)
        length = np.maximum(high - low, 0) * (self._factor > 0)
        seconds: Ints = np.bincount(self._slot, length, slots).astype(np.int64)
        return seconds * SECOND_US


_FOREVER_S = _ZERO_S - 1


def _us(seconds: Ints) -> Ints:
    us = np.where(seconds >= _FOREVER_S, FOREVER_US, seconds * SECOND_US)
    made: Ints = np.where(seconds <= -_FOREVER_S, -FOREVER_US, us)
    return made


def _seconds(us: Ints) -> Any:
    return np.clip(us // SECOND_US, -_FOREVER_S, _FOREVER_S)


def _key(slot: Ints, at_s: Ints) -> Any:
    return (slot << _TIME_BITS) + (at_s + _ZERO_S)
