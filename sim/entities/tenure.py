"""Which account holds a slot at a time, and how much of its work it may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.arrays.time import FOREVER_US, NEVER_US, SECOND_US
from sim.arrays.types import Floats, Ints

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
        order = np.lexsort((from_us, slot))
        self._slot, self._row, self._factor = slot[order], row[order], factor[order]
        self._from_s, self._until_s = _seconds(from_us[order]), _seconds(until_us[order])
        self._key = _key(self._slot, self._from_s)
        self._barred_s = self._end_of_run()
        self._leaves_us = leaves_us

        begins_before = bool((from_us <= NEVER_US).all())
        ends_never = bool((until_us >= FOREVER_US).all() and (factor == 1).all())
        self.never_ends = begins_before and ends_never

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
        """Return the timeline of accounts that do less in pauses.

        Parameters
        ----------
        slot, row, from_us, until_us, factor
            Each account: it holds its slot in [from_us, until_us), at a factor; shape (accounts,).
        pauses
            (account, from_us, until_us, factor), each of shape (pauses,); `account` indexes the
            accounts above. Pauses of one must not overlap; the two factors are multiplied.
        leaves_us
            When the work of each slot ends by itself, shape (slots,).
        """
        paused, low, high, less = pauses
        low, high = np.maximum(low, from_us[paused]), np.minimum(high, until_us[paused])
        is_real = low < high
        paused, low, high, less = paused[is_real], low[is_real], high[is_real], less[is_real]

        # Between its pauses, before and after them an account goes on as usual: sorted by account,
        # interval k begins with the account or a pause's end, and ends with a pause or the account.
        everyone = np.arange(len(slot))
        begin, begin_account = np.concatenate([from_us, high]), np.concatenate([everyone, paused])
        order = np.lexsort((begin, begin_account))
        begin, account = begin[order], begin_account[order]
        end, end_account = np.concatenate([low, until_us]), np.concatenate([paused, everyone])
        end = end[np.lexsort((end, end_account))]

        usual = begin < end
        account = account[usual]
        return cls(
            slot=np.concatenate([slot[account], slot[paused]]),
            from_us=np.concatenate([begin[usual], low]),
            until_us=np.concatenate([end[usual], high]),
            row=np.concatenate([row[account], row[paused]]),
            factor=np.concatenate([factor[account], factor[paused] * less]),
            leaves_us=leaves_us,
        )

    def for_guests(self, slots: Ints) -> SlotTimeline:
        """Return the timeline of guests: guest k sends through the first account of `slots[k]`."""
        is_first = self._row == self._slot
        parts = [np.flatnonzero(is_first & (self._slot == slot)) for slot in slots.tolist()]
        index = np.concatenate([*parts, np.zeros(0, np.int64)]).astype(np.int64)
        guest = np.repeat(np.arange(len(slots)), [len(part) for part in parts])

        from_us, until_us = _us(self._from_s[index]), _us(self._until_s[index])
        leaves_us = None if self._leaves_us is None else self._leaves_us[slots]
        return SlotTimeline(guest, from_us, until_us, guest, self._factor[index], leaves_us)

    def _end_of_run(self) -> Ints:
        """Return the end of each interval, or of those that follow at once with the same account.

        A following interval counts only if the account may work in it.
        """
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
        """Return who holds the slots `slot` at the times `at_us`, arrays of one shape."""
        if self.never_ends:
            return Occupancy(slot, np.ones(len(slot)), np.full(len(slot), FOREVER_US))

        # the last interval that begins no later, if it is of this slot and not over
        at_s = _seconds(at_us)
        k = np.searchsorted(self._key, _key(slot, at_s), side="right") - 1
        k = np.maximum(k, 0)
        is_held = (self._slot[k] == slot) & (at_s >= self._from_s[k]) & (at_s < self._until_s[k])
        is_held &= self._factor[k] > 0

        barred_s = self._barred_s[k]
        until_us = _us(barred_s)
        if self._leaves_us is not None:
            leaves_s = _seconds(self._leaves_us[slot])
            until_us = np.where(barred_s >= leaves_s, FOREVER_US, until_us)
        return Occupancy(
            row=np.where(is_held, self._row[k], -1),
            factor=np.where(is_held, self._factor[k], 0.0),
            until_us=until_us,
        )

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

    def covered_us(self, slots: int, low_us: int, high_us: int) -> Ints:
        """Return the time within [low_us, high_us) for which each slot is held, shape (slots,)."""
        low = np.maximum(self._from_s, low_us // SECOND_US)
        high = np.minimum(self._until_s, high_us // SECOND_US)
        length = np.maximum(high - low, 0) * (self._factor > 0)
        seconds: Ints = np.bincount(self._slot, length, slots).astype(np.int64)
        return seconds * SECOND_US


def _us(seconds: Ints) -> Ints:
    us = np.where(seconds >= _FOREVER_S, FOREVER_US, seconds * SECOND_US)
    return np.where(seconds <= -_FOREVER_S, NEVER_US, us)


def _seconds(us: Ints) -> Any:
    return np.clip(us // SECOND_US, -_FOREVER_S, _FOREVER_S)


def _key(slot: Ints, at_s: Ints) -> Any:
    return (slot << _TIME_BITS) + (at_s + _ZERO_S)
