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
        self._operator = operator
        self.spent_usd = operator.initial_usd
        self.factors = (1.0,) * DIMENSIONS

    def replacement_h(self, rng: np.random.Generator) -> float | None:
        """Pay for a replacement; return the hours until it is there, None if there is none.

        The price is that of an account and of the hours for which its slot stands idle.
        """
        operator = self._operator
        is_wanted = rng.random() < operator.replacement_share
        takes_h = float(operator.replacement_delay_h.sample(rng, 1)[0])
        idle_usd = operator.delay_usd_per_account_day * takes_h / _DAY_H
        if is_wanted and self._pay(operator.replacement_usd + idle_usd):
            return takes_h
        return None

    def verifies(self) -> bool:
        """Pay for a verified identity, if there is money left; return whether there was."""
        return self._pay(self._operator.identity_usd)

    def lesson(self, channel: int, rng: np.random.Generator) -> int | None:
        """Return the dimension that a loss is put down to, None if nothing is learned from it.

        A loss is noticed with `feedback_share`, and then put down to one of the other dimensions
        with `feedback_error`. A channel that is no dimension teaches only by such a mistake.
        """
        operator = self._operator
        noticed, wrong = rng.random(2) < (operator.feedback_share, operator.feedback_error)
        others = [k for k in range(DIMENSIONS) if k != channel]
        mistaken = others[int(rng.integers(len(others)))]
        if not noticed:
            return None
        right = channel if channel < DIMENSIONS else None
        return mistaken if wrong else right

    def learn(self, dimension: int) -> None:
        """Have later accounts do less of a dimension."""
        step = self._operator.feedback_step
        self.factors = tuple(f * step if k == dimension else f for k, f in enumerate(self.factors))

    @property
    def lag_h(self) -> float:
        """Hours from a loss to what is learned from it."""
        return self._operator.feedback_lag_h

    def _pay(self, usd: float) -> bool:
        """Spend `usd` unless that leaves less than what is reserved for tokens."""
        operator = self._operator
        if operator.budget_usd is not None:
            is_affordable = self.spent_usd + usd <= operator.budget_usd - operator.reserved_usd
            if not is_affordable:
                return False
        self.spent_usd += usd
        return True
