"""Accounts while they are simulated, and the columns made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sim.arrays.time import FOREVER_US, NEVER_US
from sim.arrays.types import Ints
from sim.enforcement.outcome import (
    DIMENSIONS,
    Actions,
    Pauses,
    SlotAccounts,
)
from sim.streams import Streams

Pause = tuple[int, int, float]
"""(from_us, until_us, factor): the account sends `factor` of its traffic in [from_us, until_us)."""


@dataclass(eq=False)
class AccountState:
    """The account of one generation in a slot.

    `pauses` may overlap. A *stint* is the time between two bans, counted from 0: what was begun
    in one stint does not go on in the next. `stream` names the account's random numbers.
    """

    slot: int
    generation: int
    from_us: int
    stream: tuple[Streams, str]
    factors: tuple[float, ...] = (1.0,) * DIMENSIONS
    until_us: int = FOREVER_US
    stint: int = 0
    pauses: list[Pause] = field(default_factory=list)
    # Of the pauses that began in this stint: until when each factor holds, and the first of them.
    _holds_until_us: dict[float, int] = field(default_factory=dict)
    _first_of_stint: int = 0

    @cached_property
    def rng(self) -> np.random.Generator:
        """The random numbers of this account, the same whatever happens to others."""
        streams, name = self.stream
        return streams.rng(name, "enforcement", self.slot, self.generation)

    @property
    def is_live(self) -> bool:
        """Whether the account holds its slot now."""
        return self.until_us == FOREVER_US

    def activity(self, now_us: int) -> float:
        """Return the share of its traffic that the account may send now, in [0, 1]."""
        holds_until_us = self._holds_until_us.items()
        return min((factor for factor, until in holds_until_us if now_us < until), default=1.0)

    def pause(self, now_us: int, lasts_us: int, factor: float) -> None:
        """Leave the account `factor` of its traffic from now on."""
        until_us = now_us + lasts_us
        self.pauses.append((now_us, until_us, factor))
        self._holds_until_us[factor] = max(until_us, self._holds_until_us.get(factor, now_us))

    def end(self, now_us: int) -> None:
        """Close the account, and with it the pauses of this stint: those before are over."""
        self.until_us = now_us
        self.stint += 1
        for k in range(self._first_of_stint, len(self.pauses)):
            from_us, until_us, factor = self.pauses[k]
            self.pauses[k] = (from_us, min(until_us, now_us), factor)

        self._first_of_stint = len(self.pauses)
        self._holds_until_us.clear()

    def resume(self, now_us: int) -> None:
        """Undo the end: the time since then is a pause."""
        self.pauses.append((self.until_us, now_us, 0.0))
        self.until_us = FOREVER_US


class Action(NamedTuple):
    """Something that the provider did; codes as in `Actions`."""

    at_us: int
    account: AccountState
    action: int
    channel: int


class AccountHistory:
    """Columns of the accounts that held an actor's slots.

    Parameters
    ----------
    slots
        Number of slots.
    states
        The accounts to which something may have happened. Of later generations all are needed; a
        first account that is missing kept its slot untouched.
    """

    def __init__(self, slots: int, states: Sequence[AccountState]) -> None:
        later_slots = _ints(account.slot for account in states if account.generation)
        in_slot = 1 + np.bincount(later_slots, minlength=slots)
        first_row = np.cumsum(in_slot) - in_slot

        self._slot = np.repeat(np.arange(slots), in_slot)
        self._generation = np.arange(len(self._slot)) - first_row[self._slot]
        self._row = {
            account: int(first_row[account.slot]) + account.generation for account in states
        }

    def accounts(self) -> SlotAccounts:
        """Return who held each slot, and when."""
        count = len(self._slot)
        from_us, until_us = np.full(count, NEVER_US), np.full(count, FOREVER_US)
        factors = np.ones((DIMENSIONS, count))
        for account, row in self._row.items():
            from_us[row], until_us[row] = account.from_us, account.until_us
            factors[:, row] = account.factors
        return SlotAccounts(self._slot, self._generation, from_us, until_us, *factors)

    def pauses(self) -> Pauses:
        """Return the pauses of each account, laid out so that none overlap."""
        rows = sorted(
            (row, *pause)
            for account, row in self._row.items()
            for pause in without_overlap(account.pauses)
        )
        account, from_us, until_us, factor = zip(*rows, strict=True) if rows else ((),) * 4
        return Pauses(_ints(account), _ints(from_us), _ints(until_us), np.array(factor, np.float64))

    def actions(self, done: Iterable[Action]) -> Actions:
        """Return the actions as columns, in the order given."""
        rows = [(a.at_us, self._row[a.account], a.action, a.channel) for a in done]
        return Actions(*np.array(rows, np.int64).reshape(-1, 4).T)


def without_overlap(pauses: list[Pause]) -> list[Pause]:
    """Return the smallest factor at each time, as pauses in order that do not overlap.

    A sweep line: pauses open and close at the sorted ends, and between two ends the smallest open
    factor holds. Neighbours of one factor become one pause; factors of 1 are left out.
    """
    real = [pause for pause in pauses if pause[0] < pause[1]]
    opens = [(from_us, 1, factor) for from_us, _, factor in real]
    closes = [(until_us, -1, factor) for _, until_us, factor in real]
    disjoint: list[Pause] = []
    open_factors: Counter[float] = Counter()
    since_us = 0

    for at_us, step, factor in sorted(opens + closes):
        if open_factors and since_us < at_us:
            begins_us, smallest = since_us, min(open_factors)
            if disjoint and disjoint[-1][1:] == (begins_us, smallest):
                begins_us = disjoint.pop()[0]
            if smallest < 1:
                disjoint.append((begins_us, at_us, smallest))

        since_us = at_us
        open_factors[factor] += step
        if not open_factors[factor]:
            del open_factors[factor]
    return disjoint


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, np.int64)
