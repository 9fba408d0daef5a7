"""What an operator plans to spend."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """Planned spending of an operator, in USD.

    `first_usd`: accounts, verified identities, cards, and addresses for the length of the log.
    `replacement_usd`: another account with its share of these. `tokens_usd` is planned for tokens,
    at `usd_per_exchange`.
    """

    first_usd: float
    replacement_usd: float
    tokens_usd: float
    usd_per_exchange: float

    @classmethod
    def free(cls) -> Budget:
        """Return the budget of an actor without an operator: nothing costs anything."""
        return cls(first_usd=0.0, replacement_usd=0.0, tokens_usd=0.0, usd_per_exchange=0.0)
