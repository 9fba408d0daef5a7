"""What the provider can see of an actor's accounts, and what the operator brings against it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.catalog import typologies
from sim.enforcement.budget import Budget
from sim.enforcement.watched import Watched
from sim.entities.accounts import Accounts
from sim.scaffold.expected_calls import session_calls_of
from sim.scenario.enforcement_policy import Operator
from sim.scenario.resolved import Actor


def watched_slots(
    actor: Actor,
    behaviours: Sequence[Actor],
    first_accounts: Accounts,
    per_day: Floats,
    lifetimes_us: tuple[Ints, Ints],
) -> Watched:
    """Return what enforcement watches of each slot: rates, and how many share what it uses.

    Parameters
    ----------
    actor, behaviours, first_accounts
        Row k of the accounts is the first of slot k, and behaves as its mode says.
    per_day
        Exchanges a day of each slot, shape (slots,).
    lifetimes_us
        (begin, end) of the work of each slot.

    Returns
    -------
    Watched
        Arrays of shape (slots,). Accounts on an address or a card are counted within the actor.
    """
    mode = first_accounts.mode
    session_calls = session_calls_of(behaviours)[first_accounts.agent]
    refusals = np.array([b.refusal_share for b in behaviours])
    typology = typologies()[actor.typology]
    begins_us, ends_us = lifetimes_us

    return Watched(
        organisation=first_accounts.organisation,
        daily_exchanges=per_day,
        accounts_on_address=_users_of_same(first_accounts.ip),
        accounts_on_card=_users_of_same(first_accounts.instrument),
        refusals_per_day=per_day / session_calls * refusals[mode],
        extracts=np.full(actor.accounts, typology.is_extraction and actor.list_share > 0),
        operated=typology.operated,
        begins_us=begins_us,
        ends_us=ends_us,
    )


def operator_with_costs(actor: Actor, budget: Budget) -> Operator | None:
    """Return the operator with what its accounts cost, and what it keeps for tokens.

    None where accounts belong to those who use them.

    Parameters
    ----------
    actor
        Says who operates it, and which share of its accounts is verified.
    budget
        What was planned for it, in USD.
    """
    if actor.operator is None or not typologies()[actor.typology].operated:
        return None
    costs = {
        "initial_usd": budget.first_usd,
        "reserved_usd": budget.tokens_usd,
        "per_replacement_usd": budget.replacement_usd,
        "verified_share": actor.verified_share,
    }
    return actor.operator.model_copy(update=costs)


def _users_of_same(values: Ints) -> Ints:
    """Count for each account how many have the same value as it, itself included."""
    _, number, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(count[number])
