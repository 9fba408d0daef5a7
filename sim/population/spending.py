"""What an operator pays for: accounts, networks and tokens, and how far a budget reaches."""

from __future__ import annotations

import numpy as np

from sim.actors.session_draws import SessionDraws, SessionPlan
from sim.arrays.time import DAY_US
from sim.enforcement.budget import Budget
from sim.entities.accounts import Accounts
from sim.scaffold.session_turns import SessionTurns, draw_session_turns
from sim.scaffold.turns import draw_tool_steps, draw_turns_of
from sim.scenario.enforcement_policy import Operator
from sim.scenario.resolved import Actor

_PILOT_SESSIONS = 512
# Of what is left after the first accounts, kept for tokens; the rest is for replacements.
_TOKEN_SHARE = 0.8


def plan_budget(
    draws: SessionDraws, operator: Operator, planned_per_day: float, horizon_us: int
) -> tuple[Budget, float]:
    """Plan what an operator spends, and find how much of its traffic it can pay for.

    Parameters
    ----------
    draws
        With the first account of every slot.
    operator
        Its prices, and its budget if it has one.
    planned_per_day
        Exchanges a day of all slots if money were no matter.
    horizon_us
        Length of the log, for which addresses are paid.

    Returns
    -------
    budget, share
        The plan in USD, and the share of the planned traffic in [0, 1] that it pays for.
    """
    days = horizon_us / DAY_US
    first_usd = first_accounts_usd(draws.actor, draws.accounts, operator, days)
    per_exchange = usd_per_exchange(draws)
    tokens_usd = planned_per_day * days * per_exchange

    share = 1.0
    if operator.budget_usd is not None:
        left_usd = max(0.0, operator.budget_usd - first_usd)
        affordable_usd = min(tokens_usd, _TOKEN_SHARE * left_usd)
        share = affordable_usd / tokens_usd if tokens_usd else 1.0
        tokens_usd = affordable_usd

    replacement_usd = first_usd / draws.actor.accounts
    return Budget(first_usd, replacement_usd, tokens_usd, per_exchange), share


def first_accounts_usd(
    actor: Actor, first_accounts: Accounts, operator: Operator, days: float
) -> float:
    """Return the cost of the first accounts: each its own, cards and addresses once each.

    Parameters
    ----------
    actor
        Says whether its accounts are away at times; then each has a second address.
    first_accounts
        The first account of every slot.
    operator
        Prices in USD, of an address for a day.
    days
        How long addresses are paid for.
    """
    a = first_accounts
    addresses = len(np.unique(a.ip)) + (actor.away_share > 0) * len(a)
    return float(
        len(a) * operator.account_usd
        + int(a.verified.sum()) * operator.identity_usd
        + len(np.unique(a.instrument)) * operator.card_usd
        + addresses * days * operator.address_day_usd
    )


def usd_per_exchange(draws: SessionDraws) -> float:
    """Return the mean list price of an exchange in USD, by a pilot block of sessions.

    A Monte Carlo estimate over 512 single turns, or 512 sessions where they are drawn from recorded
    ones, from a random stream of its own. The block begins when the log opens, by accounts drawn at
    random, and meets no limit. Retries count as exchanges; what the cache saves between single
    turns of a session is left out.
    """
    actor, agent = draws.actor, draws.agents[0]
    rng = draws.streams.rng(actor.id, "cost pilot")
    account = rng.integers(0, actor.accounts, _PILOT_SESSIONS)
    zeros, ones = np.zeros(_PILOT_SESSIONS, np.int64), np.ones(_PILOT_SESSIONS, np.int64)
    if agent.library is None:
        turns = draw_turns_of(actor, draw_tool_steps(actor, _PILOT_SESSIONS, rng), rng)
        asked = SessionTurns(ones, turns, zeros, zeros - 1, None)
    else:
        asked = draw_session_turns(actor, agent, draws.windows(account), rng)

    plan = SessionPlan(
        account=account,
        variant=zeros,
        at_us=zeros,
        moves_at=np.ones(_PILOT_SESSIONS),
        turns_per_session=asked.per_session,
        turns=asked.turns,
        human_gap_us=asked.human_gap_us,
        task_no=np.arange(len(asked.human_gap_us)),
        recorded=asked.recorded,
    )
    sessions = draws.sessions(plan)
    drawn = draws.calls(sessions, 0, actor.id, "cost pilot")
    timing = draws.service.solve_timing(drawn, zeros)

    # each attempt reads what its own session left in the cache, and writes the rest for 5 minutes
    shape, call, read = drawn.calls, timing.attempts.call, timing.read_tokens
    write = np.where(shape.left_tokens[call] > 0, shape.left_tokens[call] - read, 0)
    uncached = shape.context_tokens[call] - read - write
    model = sessions.model[shape.session[call]]
    cost_nano_usd = draws.service.models.cost_nano_usd(
        model, uncached, read, write, np.zeros_like(read), shape.output_tokens[call]
    )
    return float(cost_nano_usd.sum()) * 1e-9 / max(len(call), 1)
