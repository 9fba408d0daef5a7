"""How many exchanges to expect of turns and sessions, compactions included."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from sim.arrays.ragged import starts_of
from sim.arrays.types import Ints
from sim.catalog import agents, models
from sim.entities.behaviour import scaffold_of
from sim.scaffold.call_rows import CallRows
from sim.scaffold.call_tokens import draw_forgetful, draw_tokens
from sim.scaffold.context_growth import grow_contexts
from sim.scaffold.turns import Turns, draw_tool_steps, draw_turns_of
from sim.scenario.resolved import Actor

# Turns, sessions, and sessions of one turn that are tried out.
_PILOT_TURNS, _PILOT_SESSIONS, _PILOT_SINGLES = 200_000, 2_048, 16_384

# Results by the parameters that they depend on.
_mean_calls_by_parameters: dict[tuple[Any, ...], float] = {}
_compactions_by_parameters: dict[tuple[Any, ...], float] = {}


def mean_session_calls(actor: Actor) -> float:
    """Return the expected exchanges of a session, compactions included."""
    length = actor.turns_per_session
    turns = length.single_share + (1 - length.single_share) * length.more.rounded_mean(low=1)
    return turns * mean_calls(actor) * (1 + compactions_per_call(actor, one_turn=False))


def mean_calls(actor: Actor) -> float:
    """Return the expected exchanges that a user turn asks for.

    A Monte Carlo estimate with a fixed seed, to about one percent; exact where no turn is special.
    """
    parameters = (
        actor.refusal_share,
        actor.server_tools_share,
        actor.prewarm_share,
        actor.agentic_share,
        actor.tool_steps,
    )
    if parameters not in _mean_calls_by_parameters:
        _mean_calls_by_parameters[parameters] = _mean_calls(actor)
    return _mean_calls_by_parameters[parameters]


def _mean_calls(actor: Actor) -> float:
    """Return the exact mean of plain turns, times the ratio of means in a sample of turns."""
    plain = 1 + actor.agentic_share * actor.tool_steps.rounded_mean(low=1)
    if not actor.refusal_share + actor.server_tools_share + actor.prewarm_share:
        return plain
    rng = np.random.default_rng(0)
    steps = draw_tool_steps(actor, _PILOT_TURNS, rng)
    ratio = draw_turns_of(actor, steps, rng).calls.mean() / (1 + steps.mean())
    return float(ratio * plain)


def compactions_per_call(actor: Actor, *, one_turn: bool) -> float:
    """Return the expected compactions for each call that turns ask for.

    A Monte Carlo estimate with a fixed seed, of the agents, answers and windows of the actor.

    Parameters
    ----------
    actor : Actor
        Its turns, agents and models.
    one_turn : bool
        Whether a session is a single turn, as in a queue; else it is as long as the actor says.
    """
    compacting = {name: share for name, share in actor.agents.items() if agents()[name].compacts}
    if not compacting:
        return 0.0

    parameters = (
        one_turn,
        tuple(actor.agents.items()),
        tuple(actor.models.items()),
        actor.output_tokens,
        actor.turns_per_session,
        actor.refusal_share,
        actor.server_tools_share,
        actor.prewarm_share,
        actor.sub_agent_share,
        actor.agentic_share,
        actor.tool_steps,
    )

    if parameters not in _compactions_by_parameters:
        total = sum(actor.agents.values())
        turns, per_session = _pilot(actor, one_turn)
        _compactions_by_parameters[parameters] = sum(
            share / total * _share(actor, name, turns, per_session)
            for name, share in compacting.items()
        )
    return _compactions_by_parameters[parameters]


def _pilot(actor: Actor, one_turn: bool) -> tuple[Turns, Ints]:
    """Draw the turns of some sessions, and how many calls they ask for in each."""
    rng = np.random.default_rng(0)
    turns_of = np.ones(_PILOT_SINGLES, np.int64)
    if not one_turn:
        length = actor.turns_per_session
        more = np.maximum(np.rint(length.more.sample(rng, _PILOT_SESSIONS)), 1)
        single = rng.random(_PILOT_SESSIONS) < length.single_share
        turns_of = np.where(single, 1, more).astype(np.int64)
    turns = draw_turns_of(actor, draw_tool_steps(actor, int(turns_of.sum()), rng), rng)
    return turns, np.add.reduceat(turns.calls, starts_of(turns_of))


def _share(actor: Actor, name: str, turns: Turns, per_session: Ints) -> float:
    """Return the share of calls before which an agent of an actor compacts."""
    weights = np.array(list(actor.models.values()))
    windows = np.array([models()[model].context_window_tokens for model in actor.models])
    of_session = np.random.default_rng(0).choice(
        windows, len(per_session), p=weights / weights.sum()
    )

    rngs = cache(lambda purpose: np.random.default_rng([0, *purpose.encode()]))
    agent = scaffold_of(actor, name)
    forgetful = draw_forgetful(agent, len(per_session), rngs("history"))
    rows = CallRows.from_turns(turns, per_session, forgetful)
    tokens = draw_tokens(agent, of_session[rows.session], rows, rngs, grow_contexts)
    return float(tokens.growth.compacted.mean())
