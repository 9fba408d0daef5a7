"""What the provider expects of accounts, and how soon its rules fire on that."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sim.arrays.time import FOREVER_US, NEVER_US
from sim.arrays.types import Bools, Floats, Ints
from sim.scenario.enforcement_policy import Enforcement

_COLUMNS = (
    "organisation",
    "daily_exchanges",
    "accounts_on_address",
    "accounts_on_card",
    "refusals_per_day",
    "extracts",
    "begins_us",
    "ends_us",
)


@dataclass(frozen=True)
class Watched:
    """What the provider expects of the slots of one actor; arrays of shape (slots,).

    `organisation` numbers groups of slots. `extracts`: what a review without error would find.
    `operated`: the accounts belong to one operator rather than to those who use them. A slot is
    worked in [begins_us, ends_us), or always if these are left out.

    Raises
    ------
    ValueError
        If the columns differ in shape.
    """

    organisation: Ints
    daily_exchanges: Floats
    accounts_on_address: Ints
    accounts_on_card: Ints
    refusals_per_day: Floats
    extracts: Bools
    operated: bool
    begins_us: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    ends_us: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        if not len(self.begins_us):
            object.__setattr__(self, "begins_us", np.full(len(self), NEVER_US))
            object.__setattr__(self, "ends_us", np.full(len(self), FOREVER_US))
        shapes = {name: getattr(self, name).shape for name in _COLUMNS}
        if any(shape != (len(self),) for shape in shapes.values()):
            raise ValueError(f"columns should have one shape (slots,), not {shapes}")

    def __len__(self) -> int:
        return len(self.organisation)

    def rates_per_day(
        self, rules: Enforcement, slots: Ints | slice, factors: Floats, activity: float = 1.0
    ) -> Floats:
        """Return the triggers a day of `slots` by channel, those of reports left out.

        Each rule fires at a rate that is a logistic function of ln(value / threshold); alerts out
        of nothing come at a constant rate.

        Parameters
        ----------
        rules
            Thresholds, slope and rates of the provider.
        slots
            Which slots.
        factors
            Shape (3,): what is done of volume, sharing, and refusals per exchange.
        activity
            Share of the traffic that a limit lets through, in (0, 1].

        Returns
        -------
        Floats
            Shape (len(slots), 4): volume, sharing, refusals, random.
        """
        volume, sharing, refusals = factors
        volume = volume * activity
        accounts = np.maximum(self.accounts_on_address[slots], self.accounts_on_card[slots])
        values = np.empty((len(accounts), 3))
        values[:, 0] = self.daily_exchanges[slots] * volume
        values[:, 1] = np.maximum(accounts * sharing, 1)
        values[:, 2] = self.refusals_per_day[slots] * (volume * refusals)

        rates = np.full((len(accounts), 4), rules.noise_rate_per_day)
        thresholds = rules.volume_threshold, rules.sharing_threshold, rules.refusal_threshold
        # the logistic function of slope x ln(value / threshold), 0 at a value of 0
        with np.errstate(divide="ignore", over="ignore"):
            fires = 1 / (1 + (thresholds / values) ** rules.rule_slope)
        rates[:, :3] = rules.rule_rate_per_day * fires
        return rates
