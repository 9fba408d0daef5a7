"""What an operator plans to spend."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """Planned spending in USD of an operator.

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
        """That of an actor without an operator."""
        return cls(0.0, 0.0, 0.0, 0.0)
