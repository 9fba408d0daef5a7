"""How many exchanges to expect of turns and sessions, compactions included."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from sim.arrays.ragged import starts_of
from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import Agent, Library, agents, library_named
from sim.entities.behaviour import scaffold_of
from sim.scaffold.call_rows import CallRows, rows_of_turns
from sim.scaffold.call_tokens import draw_forgetful, draw_tokens
from sim.scaffold.context_growth import grow_contexts
from sim.scaffold.recorded_calls import RecordedCalls, recorded_calls
from sim.scaffold.session_effects import PilotScores
from sim.scaffold.session_turns import (
    draw_session_turns,
    draw_turns,
    draw_windows,
    source_weights,
    windows_of,
)
from sim.scaffold.turns import Turns, draw_tool_steps, draw_turns_of
from sim.scenario.resolved import Actor

# Turns, sessions, and sessions of one turn that are tried out.
_PILOT_TURNS, _PILOT_SESSIONS, _PILOT_SINGLES = 65_536, 2_048, 16_384
_PILOT_RECORDED = 2_048

# Results by the parameters that they depend on.
_mean_calls_by_parameters: dict[tuple[Any, ...], float] = {}
_compactions_by_parameters: dict[tuple[Any, ...], float] = {}


def session_calls_of(behaviours: Sequence[Actor]) -> Floats:
    """Return the expected exchanges of a session on each scaffold of each behaviour, in order."""
    return np.array([mean_session_calls(b, name) for b in behaviours for name in b.agents])


def mean_session_calls(actor: Actor, agent: str) -> float:
    """Return the expected exchanges of a session on one scaffold, compactions included."""
    scaffold = scaffold_of(actor, agent)
    if scaffold.library is not None:
        return _mean_recorded_calls(actor, scaffold, library_named(scaffold.library))
    length = actor.turns_per_session
    turns = length.single_share + (1 - length.single_share) * length.more.rounded_mean(low=1)
    alone = actor.model_copy(update={"agents": {agent: 1.0}})
    return turns * mean_calls(actor) * (1 + compactions_per_call(alone, one_turn=False))


def _mean_recorded_calls(actor: Actor, agent: Agent, library: Library) -> float:
    """Return the expected exchanges of a session that is drawn from recorded ones.

    The calls of the sources that sessions begin with are averaged exactly. How many more or fewer
    simulated sessions have is estimated from a sample with a fixed seed, to about one percent:
    sources are joined, turns are cut short, and compactions come in.
    """
    parameters = (
        *(agent.library, agent.compacts, tuple(sorted(actor.library_tilt.items()))),
        *(tuple(windows_of(actor).items()), actor.refusal_share, actor.server_tools_share),
        *(actor.prewarm_share, actor.sub_agent_share),
    )
    if parameters in _mean_calls_by_parameters:
        return _mean_calls_by_parameters[parameters]

    rng = np.random.default_rng(0)
    windows = draw_windows(actor, _PILOT_RECORDED, rng)
    asked = draw_session_turns(actor, agent, windows, rng)
    per_session = asked.calls_per_session
    first, forgetful = starts_of(per_session), draw_forgetful(agent, len(per_session), rng)
    rows = rows_of_turns(asked.turns, asked.per_session, forgetful)
    taken = np.asarray(asked.recorded)
    recorded = recorded_calls(library, taken, first, rng)
    made = len(rows) + int(_compacted(agent, windows.tokens, rows, recorded).sum())

    # what the sources have is known: only the ratio to it is estimated
    calls, source = np.bincount(library.source), library.source[taken[first]]
    mean = 0.0
    for window, share in windows_of(actor).items():
        weights = source_weights(library, actor.library_tilt, *window)
        mean += share * float(np.average(calls, weights=weights))
    expected = float(made / calls[source].sum() * mean / sum(windows_of(actor).values()))
    _mean_calls_by_parameters[parameters] = expected
    return expected


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
        tuple(windows_of(actor).items()),
        actor.output_tokens,
        actor.scaffold,
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
    """Draw the turns of some sessions, and how many there are in each."""
    rng = np.random.default_rng(0)
    turns_of = np.ones(_PILOT_SINGLES, np.int64)
    if not one_turn:
        turns_of = draw_turns(actor, _PILOT_SESSIONS, rng)
    turns = draw_turns_of(actor, draw_tool_steps(actor, int(turns_of.sum()), rng), rng)
    return turns, turns_of


def _share(actor: Actor, name: str, turns: Turns, per_session: Ints) -> float:
    """Return the share of calls before which an agent of an actor compacts."""
    agent = scaffold_of(actor, name)
    forgetful = draw_forgetful(agent, len(per_session), np.random.default_rng(1))
    rows = rows_of_turns(turns, per_session, forgetful)
    window = draw_windows(actor, len(per_session), np.random.default_rng(0)).tokens
    return float(_compacted(agent, window, rows, None).mean())


def _compacted(agent: Agent, window: Ints, rows: CallRows, recorded: RecordedCalls | None) -> Bools:
    """Return before which calls of sessions an agent compacts, in a sample with a fixed seed."""
    rngs = cache(lambda purpose: np.random.default_rng([0, *purpose.encode()]))
    scores = PilotScores(agent, np.ascontiguousarray(rows["session"]), rngs)
    static = np.full(len(window), agent.static_prefix_tokens)
    window = window[scores.session]
    tokens = draw_tokens(agent, window, rows, recorded, scores, grow_contexts, None, static)
    return tokens.growth.compacted
