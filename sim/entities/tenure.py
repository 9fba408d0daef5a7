"""Which account holds a slot at a time, and how much of its work it may do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.ragged import ranges
from sim.arrays.time import DAY_US, FOREVER_US, NEVER_US, SECOND_US
from sim.arrays.types import Bools, Floats, Ints

WEEK_US = 7 * DAY_US

# A slot and a whole second in one sortable number; the second is shifted to be positive.
_TIME_BITS, _ZERO_S = 31, 1 << 30
_FOREVER_S = _ZERO_S - 1


@dataclass(frozen=True)
class Occupancy:
    """Who holds slots at some times; arrays of one shape.

    `row` is that of the account, -1 where nobody can send. `factor` is the share of the work that
    is done, 0 to 1. At `until_us` the account is barred, `FOREVER_US` if it never is: who leaves
    by itself ends what was begun.
    """

    row: Ints
    factor: Floats
    until_us: Ints


class Pauses(NamedTuple):
    """Times in [from_us, until_us) in which accounts do `factor` of their work, 0 none.

    Arrays of shape (pauses,). `account` indexes accounts that are given beside it. Those of one
    account may overlap: then their factors are multiplied.
    """

    account: Ints
    from_us: Ints
    until_us: Ints
    factor: Floats

    def pick(self, rows: Ints | Bools, account: Ints | None = None) -> Pauses:
        """Return some of the pauses, those of `account` if that is given."""
        account = self.account[rows] if account is None else account
        return Pauses(account, self.from_us[rows], self.until_us[rows], self.factor[rows])

    def followed_by(self, others: Pauses) -> Pauses:
        """Return these pauses and others of the same accounts."""
        columns = [np.concatenate(pair) for pair in zip(self, others, strict=True)]
        return Pauses(columns[0], columns[1], columns[2], columns[3])


class Course:
    """How much each slot does from week to week of the log, with a mean of 1.

    Parameters
    ----------
    factor
        Shape (slots, weeks). Before the first week the factor is that of the first.
    """

    def __init__(self, factor: Floats) -> None:
        self._factor = np.require(factor, np.float64, ["C_CONTIGUOUS", "WRITEABLE"])
        self.peak: Floats = factor.max(axis=1)

    def scale(self, slot: Ints, at_us: Ints, values: Floats) -> None:
        """Multiply values by the factors of slots at some times, as shares of their peaks."""
        _scale(self._factor, self.peak, slot, at_us, values)

    def of_slots(self, slots: Ints) -> Course:
        """Return the course of some slots, in that order."""
        return Course(self._factor[slots])


@compiled
def _scale(factor: Floats, peak: Floats, slot: Ints, at_us: Ints, values: Floats) -> None:
    """Multiply each value by the share that its slot has of its peak in the week of its time."""
    weeks = factor.shape[1]
    for i in range(len(values)):
        week = min(max(at_us[i] // WEEK_US, 0), weeks - 1)
        values[i] *= factor[slot[i], week] / peak[slot[i]]


class SlotTimeline:
    """Intervals of time by slot, each with one account and one factor on its work.

    Ends are rounded down to whole seconds. A slot without an interval at a time is empty then.

    Parameters
    ----------
    slot, from_us, until_us, row, factor
        Intervals [from_us, until_us), in which the account in a row does a factor of its work; of
        one shape, in any order. Those of one slot must not overlap.
    leaves_us
        When the work of each slot ends by itself, shape (slots,); None: never.
    rests
        Intervals of factor 0 in which the account is not barred: it begins nothing and ends what
        was begun. None: it is barred in all of them.
    course
        How much more or less the slots do from week to week; None: the same all the time.
    """

    def __init__(
        self,
        slot: Ints,
        from_us: Ints,
        until_us: Ints,
        row: Ints,
        factor: Floats,
        leaves_us: Ints | None = None,
        rests: Bools | None = None,
        course: Course | None = None,
    ) -> None:
        order = np.lexsort((from_us, slot))
        self._slot, self._row, self._factor = slot[order], row[order], factor[order]
        self._from_s, self._until_s = _seconds(from_us[order]), _seconds(until_us[order])
        self._rests = np.zeros(len(slot), np.bool_) if rests is None else rests[order]
        self._barred_s = self._end_of_run()
        self._leaves_us, self._course = leaves_us, course

        begins_before = bool((from_us <= NEVER_US).all())
        ends_never = bool((until_us >= FOREVER_US).all() and (factor == 1).all())
        is_full = leaves_us is None or len(np.unique(slot)) == len(leaves_us)
        self.never_ends = begins_before and ends_never and is_full and course is None

    @classmethod
    def with_pauses(
        cls,
        slot: Ints,
        row: Ints,
        from_us: Ints,
        until_us: Ints,
        factor: Floats,
        pauses: tuple[Pauses, Pauses],
        leaves_us: Ints,
        course: Course | None = None,
    ) -> SlotTimeline:
        """Return the timeline of accounts that do less in pauses.

        Parameters
        ----------
        slot, row, from_us, until_us, factor
            Each account: it holds its slot in [from_us, until_us), at a factor; shape (accounts,).
        pauses
            First those by the provider: an account that may do nothing is barred. Then those of
            accounts themselves: one that does nothing still ends what it has begun.
        leaves_us
            When the work of each slot ends by itself, shape (slots,).
        course
            See `SlotTimeline`.
        """
        from_us, until_us = _whole(from_us), _whole(until_us)
        # who is barred before it begins is never there
        accounts = np.flatnonzero(from_us < until_us)
        parts = [_within(several, from_us, until_us) for several in pauses]

        # Every begin and end cuts the time of its account in two.
        cut_account = np.concatenate([accounts, accounts, *(np.tile(p.account, 2) for p in parts)])
        held_us = (from_us[accounts], until_us[accounts])
        cut_us = np.concatenate([*held_us, *(c for p in parts for c in p[1:3])])
        order = np.lexsort((cut_us, cut_account))
        cut_account, cut_us = cut_account[order], cut_us[order]
        is_interval = (cut_account[:-1] == cut_account[1:]) & (cut_us[:-1] < cut_us[1:])
        first = np.flatnonzero(is_interval)
        account, begin, end = cut_account[first], cut_us[first], cut_us[first + 1]

        # A pause covers consecutive intervals of its account: multiply, so that 0 and 1 are exact.
        allowed, done = factor[account], np.ones(len(account))
        begins = _key(account, _seconds(begin))
        for part, product in zip(parts, (allowed, done), strict=True):
            low, high = (
                np.searchsorted(begins, _key(part.account, _seconds(edge_us)))
                for edge_us in part[1:3]
            )
            np.multiply.at(product, ranges(low, high - low), np.repeat(part.factor, high - low))
        return cls(
            slot=slot[account],
            from_us=begin,
            until_us=end,
            row=row[account],
            factor=allowed * done,
            leaves_us=leaves_us,
            rests=allowed > 0,
            course=course,
        )

    def for_guests(self, slots: Ints) -> SlotTimeline:
        """Return the timeline of guests: guest k sends through the first account of `slots[k]`."""
        is_first = self._row == self._slot
        parts = [np.flatnonzero(is_first & (self._slot == slot)) for slot in slots.tolist()]
        index = np.concatenate([*parts, np.zeros(0, np.int64)]).astype(np.int64)
        guest = np.repeat(np.arange(len(slots)), [len(part) for part in parts])

        from_us, until_us = _us(self._from_s[index]), _us(self._until_s[index])
        return SlotTimeline(
            slot=guest,
            from_us=from_us,
            until_us=until_us,
            row=guest,
            factor=self._factor[index],
            leaves_us=None if self._leaves_us is None else self._leaves_us[slots],
            rests=self._rests[index],
            course=None if self._course is None else self._course.of_slots(slots),
        )

    def peak(self, slots: range) -> Floats | float:
        """Return how much more each slot does at its best than in the mean: 1 without a course."""
        return 1.0 if self._course is None else self._course.peak[slots.start : slots.stop]

    def _end_of_run(self) -> Ints:
        """Return the end of each interval, or of those that follow at once with the same account.

        A following interval counts only if the account is not barred in it.
        """
        goes_on = (
            (self._row[1:] == self._row[:-1])
            & (self._from_s[1:] == self._until_s[:-1])
            & ((self._factor[1:] > 0) | self._rests[1:])
        )
        # the last interval of each run has the end of all of them
        last = np.flatnonzero(~np.append(goes_on, False))
        ends: Ints = self._until_s[last[np.searchsorted(last, np.arange(len(self._until_s)))]]
        return ends

    def at(self, slot: Ints, at_us: Ints) -> Occupancy:
        """Return who holds the slots `slot` at the times `at_us`, arrays of one shape."""
        if self.never_ends:
            return Occupancy(slot, np.ones(len(slot)), np.full(len(slot), FOREVER_US))
        if not len(self._slot):
            return Occupancy(np.full_like(slot, -1), np.zeros(len(slot)), np.zeros_like(slot))

        row, until_us = np.empty((2, len(slot)), np.int64)
        factor = np.empty(len(slot))
        _look_up(self._intervals, slot, at_us, row, factor, until_us)
        if self._course is not None:
            self._course.scale(slot, at_us, factor)
        return Occupancy(row, factor, until_us)

    @cached_property
    def _intervals(self) -> _Intervals:
        """The intervals in order of slot and time, as `_look_up` reads them."""
        none = np.zeros(0, np.int64)
        leaves_s = none if self._leaves_us is None else _seconds(self._leaves_us)
        columns = self._slot, self._from_s, self._until_s, self._row, self._barred_s, leaves_s
        numbers = (np.ascontiguousarray(column, np.int64) for column in columns)
        return _Intervals(self._factor.astype(np.float64), *numbers)

    def next_held_us(self, slots: range, at_us: int, ready_us: Ints) -> int | None:
        """Return the first time from `at_us` on at which a ready account holds one of `slots`.

        `ready_us` says from when on each account is ready, by row. None if there is no such time.
        """
        if self.never_ends:
            begins_us: Ints = np.maximum(ready_us[slots.start : slots.stop], at_us)
            return int(begins_us.min()) if len(begins_us) else None

        begins_us = np.maximum(np.maximum(_us(self._from_s), at_us), ready_us[self._row])
        is_held = (self._slot >= slots.start) & (self._slot < slots.stop) & (self._factor > 0)
        is_held &= begins_us < _us(self._until_s)
        return int(begins_us[is_held].min()) if is_held.any() else None

    def worked_us(self, slots: int, low_us: int, high_us: int) -> Floats:
        """Return the time within [low_us, high_us) for which each slot works, shape (slots,).

        Time at a factor counts by that factor. The course is left out: its mean is 1.
        """
        low = np.maximum(self._from_s, low_us // SECOND_US)
        high = np.minimum(self._until_s, high_us // SECOND_US)
        length_us = np.maximum(high - low, 0) * self._factor * SECOND_US
        return np.asarray(np.bincount(self._slot, length_us, slots))


class _Intervals(NamedTuple):
    """Intervals in order of slot and time; arrays of shape (intervals,), but for `leaves_s`.

    `barred_s` is when the account of each is barred; `leaves_s` when the work of each slot ends,
    shape (slots,), or empty where it never does. Times are whole seconds.
    """

    factor: Floats
    slot: Ints
    from_s: Ints
    until_s: Ints
    row: Ints
    barred_s: Ints
    leaves_s: Ints


@compiled
def _look_up(
    intervals: _Intervals, slot: Ints, at_us: Ints, row: Ints, factor: Floats, until_us: Ints
) -> None:
    """Write who holds each slot at its time, and how much that account may do until when."""
    for i in range(len(slot)):
        at_s = min(max(at_us[i] // SECOND_US, -_FOREVER_S), _FOREVER_S)
        # bisection for the last interval of the slot that begins no later
        low, high = 0, len(intervals.slot)
        while low < high:
            middle = (low + high) // 2
            other = intervals.slot[middle]
            if other < slot[i] or (other == slot[i] and intervals.from_s[middle] <= at_s):
                low = middle + 1
            else:
                high = middle
        k = max(low - 1, 0)

        row[i], factor[i] = -1, 0.0
        is_held = intervals.slot[k] == slot[i] and intervals.from_s[k] <= at_s
        if is_held and at_s < intervals.until_s[k] and intervals.factor[k] > 0:
            row[i], factor[i] = intervals.row[k], intervals.factor[k]

        barred_s = intervals.barred_s[k]
        if len(intervals.leaves_s) and barred_s >= intervals.leaves_s[slot[i]]:
            # who leaves by itself ends what was begun
            barred_s = _FOREVER_S
        until_us[i] = barred_s * SECOND_US
        if barred_s >= _FOREVER_S:
            until_us[i] = FOREVER_US
        elif barred_s <= -_FOREVER_S:
            until_us[i] = NEVER_US


def _within(pauses: Pauses, from_us: Ints, until_us: Ints) -> Pauses:
    """Return the parts of pauses that lie in the time of their accounts, in whole seconds."""
    account = pauses.account
    low = np.maximum(_whole(pauses.from_us), from_us[account])
    high = np.minimum(_whole(pauses.until_us), until_us[account])
    return Pauses(account, low, high, pauses.factor).pick(low < high)


def _us(seconds: Ints) -> Ints:
    us = np.where(seconds >= _FOREVER_S, FOREVER_US, seconds * SECOND_US)
    return np.where(seconds <= -_FOREVER_S, NEVER_US, us)


def _whole(us: Ints) -> Ints:
    """Round down to whole seconds."""
    return _us(_seconds(us))


def _seconds(us: Ints) -> Any:
    return np.clip(us // SECOND_US, -_FOREVER_S, _FOREVER_S)


def _key(slot: Ints, at_s: Ints) -> Any:
    return (slot << _TIME_BITS) + (at_s + _ZERO_S)
