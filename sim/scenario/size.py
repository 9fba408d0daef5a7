"""How large a scenario is once it is scaled, and what is larger than can be numbered."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import sim.catalog as catalog
from sim.distributions import LEAST
from sim.documents.bounds import (
    MOST_ACCOUNTS,
    MOST_EXCHANGES,
    MOST_RUNS,
    MOST_SCALE,
    MOST_USD,
    MOST_WORKERS,
    shown,
)
from sim.scenario.actor_forms import AnyActorForm, BenchmarkForm

_SCALED = ("accounts", "organisations", "target_exchanges", "workers")
_MOST = {
    "accounts": MOST_ACCOUNTS,
    "organisations": MOST_ACCOUNTS,
    "target_exchanges": MOST_EXCHANGES,
    "workers": MOST_WORKERS,
    "runs": MOST_RUNS,
}


def scaled(number: int, scale: float) -> int:
    """Return `number` x `scale`, rounded half up, at least 1.

    At a scale of 1 the number stays as it is, 0 included.
    """
    return max(1, math.floor(number * scale + 0.5)) if scale != 1 else number


def scaled_budget(budget_usd: float, scale: float) -> float:
    """Return `budget_usd` x `scale`, within bounds; what a budget pays for is scaled too."""
    return min(max(budget_usd * scale, LEAST), MOST_USD)


def scaled_keys(form: AnyActorForm, scale: float) -> tuple[str, ...]:
    """Return the keys of an actor that a scale multiplies: sizes and targets, no rates.

    A benchmark has no more items than it has, so a scale above 1 multiplies its runs.

    Parameters
    ----------
    form
        The actor; only its kind matters.
    scale
        Above 0.
    """
    if isinstance(form, BenchmarkForm):
        return ("items" if scale < 1 else "runs", "workers")
    return _SCALED


def sizes_of_copies(
    numbers: Mapping[str, int | None], copies: int, scale: float
) -> list[dict[str, int]]:
    """Return what a scale makes of the copies of an actor, so that their sum is what it asks for.

    Numbers are scaled for all copies together and shared out, the first copies get what is left
    over. Where fewer accounts than copies are left, there are as many copies as accounts.

    Parameters
    ----------
    numbers
        Of one copy before the scale, by key, `accounts` among them; None is left out.
    copies
        At least 1.
    scale
        Above 0.

    Returns
    -------
    list of dict
        The numbers of each copy that is left, at least 1 each.
    """
    present = {key: number for key, number in numbers.items() if number is not None}
    totals = {key: scaled(number * copies, scale) for key, number in present.items()}
    left = min(copies, totals["accounts"])
    sizes = [
        {key: max(1, (total + left - 1 - place) // left) for key, total in totals.items()}
        for place in range(left)
    ]

    # a typology may name more organisations than there are accounts left
    for size in sizes:
        if "organisations" in size:
            size["organisations"] = min(size["organisations"], size["accounts"])
    return sizes


def scale_of(data: Any) -> float:
    """Return the scale that a document asks for.

    Parameters
    ----------
    data
        Of a document that may be wrong in any way.

    Returns
    -------
    float
        1 if the document names none, or something that is no scale: that is a fault of its own.
    """
    scale = data.get("scale") if isinstance(data, dict) else None
    if isinstance(scale, bool) or not isinstance(scale, int | float):
        return 1.0
    return float(scale) if 0 < scale <= MOST_SCALE else 1.0


def too_large(form: AnyActorForm, scale: float) -> Iterator[tuple[str, str]]:
    """Yield the keys whose values are out of range once they are scaled, with what to say.

    Parameters
    ----------
    form
        An actor. Where it leaves a key out, the default of its typology is looked at.
    scale
        Above 0.

    Yields
    ------
    tuple of str
        The key, and the message. Values that are too large without a scale are found before.
    """
    defaults = catalog.typologies()[form.typology].defaults
    for key in scaled_keys(form, scale):
        number = getattr(form, key, None) or defaults.get(key)
        most = _MOST.get(key)
        if number and most and scaled(number, scale) > most:
            yield key, f"should be at most {shown(most)} after scale, found {number:,} x {scale:g}"


def accounts_of(form: AnyActorForm, scale: float) -> int:
    """Return the accounts of an actor with all its copies, scaled."""
    accounts = form.copies * form.accounts
    return scaled(accounts, scale) if "accounts" in scaled_keys(form, scale) else accounts


def too_many(actors: Mapping[int, AnyActorForm], scale: float) -> Iterator[str]:
    """Yield a message if all actors together have more accounts than can be numbered.

    Parameters
    ----------
    actors
        By position, those that are right on their own.
    scale
        Above 0.
    """
    total = sum(accounts_of(actor, scale) for actor in actors.values())
    if total > MOST_ACCOUNTS:
        yield f"should have at most {shown(MOST_ACCOUNTS)} accounts in all, found {total:,}"
