"""Who stands behind the accounts of an actor: what is spent, replaced and learned."""

from __future__ import annotations

import numpy as np

from sim.enforcement.outcome import DIMENSIONS
from sim.scenario.enforcement_policy import Operator

_DAY_H = 24.0


class Operation:
    """What an operator has spent and learned so far.

    `factors` has shape (dimensions,): what later accounts do of volume, sharing and refusals.
    """

    def __init__(self, operator: Operator) -> None:
        self._dials = operator
        self.spent_usd = operator.initial_usd
        self.factors = (1.0,) * DIMENSIONS

    def replacement_h(self, rng: np.random.Generator) -> float | None:
        """Hours until another account takes a lost one's place, paid for; None: there is none."""
        dials = self._dials
        wanted = rng.random() < dials.replacement_share
        takes_h = float(dials.replacement_delay_h.sample(rng, 1)[0])
        idle_usd = dials.delay_usd_per_account_day * takes_h / _DAY_H
        return takes_h if wanted and self._pay(dials.replacement_usd + idle_usd) else None

    def verifies(self) -> bool:
        """Pay for an identity, if there is money left."""
        return self._pay(self._dials.identity_usd)

    def lesson(self, channel: int, rng: np.random.Generator) -> int | None:
        """Dimension that a loss is put down to; None: nothing is learned from it."""
        noticed, wrong = rng.random(2) < (self._dials.feedback_share, self._dials.feedback_error)
        others = [k for k in range(DIMENSIONS) if k != channel]
        mistaken = others[int(rng.integers(len(others)))]
        if not noticed:
            return None
        right = channel if channel < DIMENSIONS else None
        return mistaken if wrong else right

    def learn(self, dimension: int) -> None:
        """Have later accounts do less of it."""
        step = self._dials.feedback_step
        self.factors = tuple(f * step if k == dimension else f for k, f in enumerate(self.factors))

    @property
    def lag_h(self) -> float:
        return self._dials.feedback_lag_h

    def _pay(self, usd: float) -> bool:
        dials = self._dials
        if dials.budget_usd is not None:
            affordable = self.spent_usd + usd <= dials.budget_usd - dials.reserved_usd
            if not affordable:
                return False
        self.spent_usd += usd
        return True
