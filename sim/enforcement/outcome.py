"""What becomes of the slots of an actor: who holds them when, and what is done to whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays.time import FOREVER_US, NEVER_US
from sim.arrays.types import Floats, Ints
from sim.tables.words import BAN

DIMENSIONS = 3
"""The first channels, which an operator can do less of."""


@dataclass(frozen=True)
class SlotAccounts:
    """The accounts that held the slots of an actor, each its slot in [from_us, until_us).

    Arrays have shape (accounts,), in order of slot and generation. Generation 0 is from `NEVER_US`
    on. `until_us` is `FOREVER_US` for accounts that were not banned, or were reinstated. The
    factors, 1 in generation 0, multiply what the account does of its slot's volume, accounts per
    address and card, and refusals per exchange.
    """

    slot: Ints
    generation: Ints
    from_us: Ints
    until_us: Ints
    volume_factor: Floats
    sharing_factor: Floats
    refusal_factor: Floats

    @property
    def actor_row(self) -> Ints:
        """Row of each among the actor's accounts, which has all of generation 0 first."""
        later = self.generation > 0
        slots = int(self.slot.max(initial=-1)) + 1
        return np.where(later, slots + np.cumsum(later) - 1, self.slot)


@dataclass(frozen=True)
class Pauses:
    """Times in [from_us, until_us) in which an account sends `factor` of its traffic, 0 none.

    Arrays have shape (pauses,), in order of account and time; pauses of one do not overlap.
    `account` indexes `SlotAccounts`.
    """

    account: Ints
    from_us: Ints
    until_us: Ints
    factor: Floats


@dataclass(frozen=True)
class Actions:
    """What the provider did, in order of time; arrays of shape (actions,).

    `account` indexes `SlotAccounts`; `action` and `channel` are codes of `sim.tables.words`.
    """

    at_us: Ints
    account: Ints
    action: Ints
    channel: Ints


@dataclass(frozen=True)
class Outcome:
    """All that happens to the accounts of an actor within the log.

    `spent_usd` is what the operator spent, the start included, tokens not. `backlog` counts the
    cases of live accounts that wait for a reviewer at the end.
    """

    accounts: SlotAccounts
    pauses: Pauses
    actions: Actions
    spent_usd: float
    replacements: int
    sweeps: int
    alerts: int
    reviewed: int
    backlog: int

    @property
    def banned(self) -> int:
        """Bans within the log, those that were reversed included."""
        return int((self.actions.action == BAN).sum())


def nothing_happens(slots: int) -> Outcome:
    """Return the outcome in which every slot keeps its first account."""
    ones, none = np.ones(slots), np.zeros(0, np.int64)
    accounts = SlotAccounts(
        slot=np.arange(slots),
        generation=np.zeros(slots, np.int64),
        from_us=np.full(slots, NEVER_US),
        until_us=np.full(slots, FOREVER_US),
        volume_factor=ones,
        sharing_factor=ones,
        refusal_factor=ones,
    )

    return Outcome(
        accounts=accounts,
        pauses=Pauses(none, none, none, np.zeros(0)),
        actions=Actions(none, none, none, none),
        spent_usd=0.0,
        replacements=0,
        sweeps=0,
        alerts=0,
        reviewed=0,
        backlog=0,
    )
