"""What an operator pays for: identities, networks and tokens, and how far a budget reaches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.actors.arrivals.rates import DAY_US, rates_per_day
from sim.actors.context import ActorContext
from sim.enforcement.budget import Budget
from sim.scaffold.turns import draw_tool_steps, draw_turns_of
from sim.world.cache import session_read_tokens

_PILOT = 512
# Of what is left after the first identities, kept for tokens; the rest is for replacements.
_FOR_TOKENS = 0.8


def within_budget(context: ActorContext) -> tuple[ActorContext, Budget]:
    """The stage, with less traffic if its operator cannot pay for all, and the budget."""
    operator = context.actor.operator
    if operator is None:
        return context, Budget.free()
    first_usd = _identities_usd(context)
    per_exchange = usd_per_exchange(context)
    days = context.horizon_us / DAY_US
    held = (
        context.timeline.covered_us(context.actor.accounts, 0, context.horizon_us)
        / context.horizon_us
    )
    planned = float((rates_per_day(context, range(context.actor.accounts)) * held).sum()) * days
    tokens_usd = planned * per_exchange
    budget = Budget(
        first_usd=first_usd,
        replacement_usd=first_usd / context.actor.accounts,
        tokens_usd=tokens_usd,
        usd_per_exchange=per_exchange,
    )
    if operator.budget_usd is None:
        return context, budget
    left = max(0.0, operator.budget_usd - first_usd)
    affordable = min(tokens_usd, _FOR_TOKENS * left)
    share = affordable / tokens_usd if tokens_usd else 1.0
    budget = replace(budget, tokens_usd=affordable)
    return replace(context, rate=context.rate * share), budget


def _identities_usd(context: ActorContext) -> float:
    """Cost of the first accounts: each its own, cards and addresses once each."""
    operator, places = context.actor.operator, context.first_accounts
    assert operator is not None
    days = context.horizon_us / DAY_US
    addresses = len(np.unique(places.ip)) + (context.actor.away_share > 0) * len(places)
    return float(
        len(places) * operator.account_usd
        + int(places.verified.sum()) * operator.identity_usd
        + len(np.unique(places.instrument)) * operator.card_usd
        + addresses * days * operator.address_day_usd
    )


def usd_per_exchange(context: ActorContext) -> float:
    """Mean list price of an exchange, from a block of sessions of one turn each in calm weather."""
    actor = context.actor
    rng = context.streams.rng(actor.id, "cost pilot")
    turns = draw_turns_of(actor, draw_tool_steps(actor, _PILOT, rng), rng)
    account = rng.integers(0, actor.accounts, _PILOT)
    ones, zeros = np.ones(_PILOT, np.int64), np.zeros(_PILOT, np.int64)
    never = np.ones(_PILOT)
    sessions = context.sessions(account, zeros, zeros, never, ones, turns, zeros, np.arange(_PILOT))
    drawn = context.fill(sessions, 0, actor.id, "cost pilot")
    attempts = context.settle(drawn, zeros).attempts
    read = np.maximum(session_read_tokens(drawn.shape, attempts), 0)
    shape, call = drawn.shape, attempts.call
    write = np.where(shape.left_tokens[call] > 0, shape.left_tokens[call] - read, 0)
    fresh = shape.context_tokens[call] - read - write
    model = sessions.model[shape.session[call]]
    nothing = np.zeros_like(read)
    cost = context.models.cost_nano_usd(
        model, fresh, read, write, nothing, shape.output_tokens[call]
    )
    return float(cost.sum()) * 1e-9 / max(len(call), 1)
