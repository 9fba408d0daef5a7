"""Accounts while they are simulated, and the columns made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sim.arrays.time import FOREVER_US, NEVER_US
from sim.arrays.types import Ints
from sim.enforcement.outcome import (
    DIMENSIONS,
    Actions,
    Identities,
    Pauses,
)
from sim.streams import Streams

Span = tuple[int, int, float]
Action = tuple[int, "AccountState", int, int]


@dataclass(eq=False)
class AccountState:
    """The account of one generation in a slot.

    `pauses` are (from_us, until_us, factor) and may overlap. `stint` counts bans: what began
    in one stint does not go on in the next. `stream` names its random numbers.
    """

    slot: int
    generation: int
    from_us: int
    stream: tuple[Streams, str]
    factors: tuple[float, ...] = (1.0,) * DIMENSIONS
    until_us: int = FOREVER_US
    stint: int = 0
    pauses: list[Span] = field(default_factory=list)
    # Until when each factor of a pause that began in this stint holds, and where they begin.
    _lasts_us: dict[float, int] = field(default_factory=dict)
    _of_stint: int = 0

    @cached_property
    def rng(self) -> np.random.Generator:
        streams, name = self.stream
        return streams.rng(name, "enforcement", self.slot, self.generation)

    @property
    def is_live(self) -> bool:
        return self.until_us == FOREVER_US

    def activity(self, now_us: int) -> float:
        """Share of its traffic that the account may send now, in [0, 1]."""
        return min((f for f, until in self._lasts_us.items() if now_us < until), default=1.0)

    def pause(self, now_us: int, lasts_us: int, factor: float) -> None:
        """Leave the account `factor` of its traffic from now on."""
        until_us = now_us + lasts_us
        self.pauses.append((now_us, until_us, factor))
        self._lasts_us[factor] = max(until_us, self._lasts_us.get(factor, now_us))

    def end(self, now_us: int) -> None:
        """Close the account, and with it the pauses of this stint: those before are over."""
        self.until_us = now_us
        self.stint += 1
        for k in range(self._of_stint, len(self.pauses)):
            from_us, until_us, factor = self.pauses[k]
            self.pauses[k] = (from_us, min(until_us, now_us), factor)
        self._of_stint = len(self.pauses)
        self._lasts_us.clear()

    def resume(self, now_us: int) -> None:
        """Undo the end: the time since then is a pause."""
        self.pauses.append((self.until_us, now_us, 0.0))
        self.until_us = FOREVER_US


class AccountHistory:
    """Columns of the identities of `slots` slots, of which only `states` were looked at."""

    def __init__(self, slots: int, states: Iterable[AccountState]) -> None:
        ordered = sorted(states, key=lambda life: (life.generation > 0, life.slot, life.generation))
        later = [life for life in ordered if life.generation]
        row_of = {
            life: life.slot if not life.generation else slots + k
            for k, life in enumerate(ordered, start=len(later) - len(ordered))
        }
        slot = np.concatenate([np.arange(slots), _ints(life.slot for life in later)])
        generation = np.concatenate(
            [np.zeros(slots, np.int64), _ints(life.generation for life in later)]
        )
        self._order = np.lexsort((generation, slot))
        place = np.empty(len(slot), np.int64)
        place[self._order] = np.arange(len(slot))
        self._lives = {life: int(place[row]) for life, row in row_of.items()}
        self._slot, self._generation = slot[self._order], generation[self._order]

    def identities(self) -> Identities:
        count = len(self._slot)
        from_us, until_us = np.full(count, NEVER_US), np.full(count, FOREVER_US)
        factors = np.ones((DIMENSIONS, count))
        for life, row in self._lives.items():
            from_us[row], until_us[row], factors[:, row] = life.from_us, life.until_us, life.factors
        return Identities(self._slot, self._generation, from_us, until_us, *factors)

    def pauses(self) -> Pauses:
        rows = sorted(
            (row, *span) for life, row in self._lives.items() for span in apart(life.pauses)
        )
        identity, from_us, until_us, factor = zip(*rows, strict=True) if rows else ((),) * 4
        return Pauses(
            _ints(identity), _ints(from_us), _ints(until_us), np.array(factor, np.float64)
        )

    def actions(self, done: list[Action]) -> Actions:
        rows = [(at_us, self._lives[life], what, channel) for at_us, life, what, channel in done]
        return Actions(*np.array(rows, np.int64).reshape(-1, 4).T)


def apart(spans: list[Span]) -> list[Span]:
    """The smallest factor at each time, as spans in order that do not overlap."""
    real = [span for span in spans if span[0] < span[1]]
    changes = sorted([(a, 1, f) for a, _, f in real] + [(b, -1, f) for _, b, f in real])
    made: list[Span] = []
    holding: Counter[float] = Counter()
    since_us = 0

    for at_us, step, factor in changes:
        if holding and since_us < at_us:
            low, smallest = since_us, min(holding)
            if made and made[-1][1:] == (low, smallest):
                low = made.pop()[0]
            if smallest < 1:
                made.append((low, at_us, smallest))
        since_us = at_us
        holding[factor] += step
        if not holding[factor]:
            del holding[factor]
    return made


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, np.int64)
