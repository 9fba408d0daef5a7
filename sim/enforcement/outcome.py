"""What becomes of the slots of an actor: who holds them when, and what is done to whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays.time import FOREVER_US, NEVER_US
from sim.arrays.types import Floats, Ints

ACTIONS = ("rate_limit", "step_up", "suspend", "ban", "reinstate")
RATE_LIMIT, STEP_UP, SUSPEND, BAN, REINSTATE = range(len(ACTIONS))
CHANNELS = ("volume", "sharing", "refusals", "random", "report")
VOLUME, SHARING, REFUSALS, RANDOM, REPORT = range(len(CHANNELS))

DIMENSIONS = 3
"""The first channels, which an operator can do less of."""


@dataclass(frozen=True)
class Identities:
    """Accounts by slot and generation, each holding its slot in [from_us, until_us).

    Arrays have shape (identities,). Generation 0 is from `NEVER_US` on; `until_us` is `FOREVER_US`
    for accounts that were not banned, or were reinstated. The factors, 1 in generation 0, are
    what the account does of its slot's volume, accounts per address and card, and refusals per
    exchange.
    """

    slot: Ints
    generation: Ints
    from_us: Ints
    until_us: Ints
    volume_factor: Floats
    sharing_factor: Floats
    refusal_factor: Floats

    @property
    def rows(self) -> Ints:
        """Number of each among the accounts: first those of the slots, then the others."""
        later = self.generation > 0
        slots = int(self.slot.max(initial=-1)) + 1
        return np.where(later, slots + np.cumsum(later) - 1, self.slot)


@dataclass(frozen=True)
class Pauses:
    """Times in [from_us, until_us) in which an identity sends `factor` of its traffic, 0 none.

    Arrays have shape (pauses,), in order of identity and time; pauses of one do not overlap.
    """

    identity: Ints
    from_us: Ints
    until_us: Ints
    factor: Floats


@dataclass(frozen=True)
class Actions:
    """What the provider did, in order of time; codes of ACTIONS and CHANNELS, shape (actions,)."""

    at_us: Ints
    identity: Ints
    action: Ints
    channel: Ints


@dataclass(frozen=True)
class Outcome:
    """All that happens within the log.

    `spent_usd` is what the operator spent, the start included, tokens not. `backlog` counts the
    cases of live accounts that wait for a reviewer at the end.
    """

    identities: Identities
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
    """Every slot keeps its first account."""
    none, ones = np.zeros(0, np.int64), np.ones(slots)
    first = Identities(
        slot=np.arange(slots),
        generation=np.zeros(slots, np.int64),
        from_us=np.full(slots, NEVER_US),
        until_us=np.full(slots, FOREVER_US),
        volume_factor=ones,
        sharing_factor=ones,
        refusal_factor=ones,
    )
    pauses, actions = Pauses(none, none, none, np.zeros(0)), Actions(none, none, none, none)
    return Outcome(first, pauses, actions, 0.0, 0, 0, 0, 0, 0)
