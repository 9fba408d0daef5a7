"""Intervals of 95 % from a bootstrap that draws operators and organisations, not accounts."""

from __future__ import annotations

from collections.abc import Callable

from sim.arrays.types import Bools, Floats, Ints


def drawn(owner: Ints, target: Bools, rounds: int, seed: int) -> Floats:
    """Return how often each entity counts in each draw, shape (rounds, entities).

    As many owners as there are, are drawn anew, with all their entities: those who have a positive,
    and those who have none, each from their own; so no draw lacks either.

    Parameters
    ----------
    owner
        Who stands behind each entity, from 0.
    target
        Which entities are positive.
    rounds, seed
        How many draws, and of which stream.
    """
    raise NotImplementedError


def interval(
    statistic: Callable[[Floats], float], times: Floats
) -> tuple[float | None, float | None]:
    """Return the ends of the interval of a statistic; None where most draws give none.

    Parameters
    ----------
    statistic
        Takes how often each entity counts, shape (entities,); gives NaN where it has no value.
    times
        From `drawn`.
    """
    raise NotImplementedError
