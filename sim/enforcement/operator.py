"""Who stands behind the accounts of an actor: what is spent, replaced and learned."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from sim.distributions import Distribution
from sim.enforcement.outcome import DIMENSIONS
from sim.enforcement.policy import Dials, NonNegative, Share, lognormal

_DAY_H = 24.0


class Operator(Dials):
    """Dials of an operator; costs in USD are of one unit.

    Of banned accounts `replacement_share` are replaced, after `replacement_delay_h`; of the
    replacements `verified_share` come with a verified identity. `warm_up_days` is for whoever
    makes the traffic. With `feedback_share` a loss is noticed and put down to a dimension,
    wrongly with `feedback_error`; after `feedback_lag_h` later accounts do `feedback_step` of it.

    `initial_usd` is spent on accounts, identities, cards and addresses at the start, and
    `reserved_usd` kept for tokens. A replacement costs `per_replacement_usd`, by default an
    account, a card and the share of an identity. `budget_usd` bounds all of it, None nothing; at
    or below `initial_usd` + `reserved_usd` nothing more is spent.
    """

    replacement_share: Share = 0.8
    replacement_delay_h: Distribution = lognormal(6, 1)
    verified_share: Share = 0.0
    warm_up_days: NonNegative = 0.0
    feedback_share: Share = 0.0
    feedback_step: Annotated[float, Field(gt=0, le=1)] = 0.7
    feedback_lag_h: NonNegative = 24.0
    feedback_error: Share = 0.1
    budget_usd: NonNegative | None = None
    account_usd: NonNegative = 5.0
    identity_usd: NonNegative = 20.0
    card_usd: NonNegative = 10.0
    address_day_usd: NonNegative = 1.0
    delay_usd_per_account_day: NonNegative = 0.5
    initial_usd: NonNegative = 0.0
    reserved_usd: NonNegative = 0.0
    per_replacement_usd: NonNegative | None = None

    @property
    def replacement_usd(self) -> float:
        """Cost of a replacement without the time its slot stands idle."""
        if self.per_replacement_usd is not None:
            return self.per_replacement_usd
        return self.account_usd + self.card_usd + self.verified_share * self.identity_usd


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
