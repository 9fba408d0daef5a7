"""What the user turns of a block ask for: how many exchanges, of which kinds."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.arrays.types import Bools, Ints
from sim.scenario.resolved import Actor

# Steps of tools that run at the provider before it answers with `pause_turn`; a prior.
SERVER_STEPS_PER_EXCHANGE = 10
_MOST_CHOICES = 4
_STEPS_FOR_A_SUB_AGENT = 4


class Turns(NamedTuple):
    """User turns; arrays of shape (T,).

    `calls`: exchanges. `prewarmed`: the first of them asks for 0 tokens and only fills the cache.
    `refused`: the answer is a refusal. `server_steps`: tool steps that the provider runs inside
    the exchanges, 0 where the client runs the tools. `choices`: answers asked for at once.
    `sub_agent`: part of the tool steps is done by a sub-agent with a context of its own.
    """

    calls: Ints
    prewarmed: Bools
    refused: Bools
    server_steps: Ints
    choices: Ints
    sub_agent: Bools

    def pick(self, index: Ints | Bools | slice) -> Turns:
        columns: Any = (column[index] for column in self)
        return Turns(*columns)


def plain_turns(calls: Ints) -> Turns:
    """Turns of so many exchanges and nothing special."""
    no = np.zeros(len(calls), np.bool_)
    return Turns(calls, no, no, np.zeros(len(calls), np.int64), np.ones(len(calls), np.int64), no)


def draw_turns_of(actor: Actor, tool_steps: Ints, rng: np.random.Generator) -> Turns:
    """Draw what becomes of turns that would take `tool_steps` steps of tools.

    Tools that run at the provider fold ten steps into one exchange; a refused turn has none.
    """
    size = len(tool_steps)
    refused = rng.random(size) < actor.refusal_share
    steps = np.where(refused, 0, tool_steps)
    server = (rng.random(size) < actor.server_tools_share) & (steps > 0)
    several = (rng.random(size) < actor.several_choices_share) & (steps == 0) & ~refused
    prewarmed = rng.random(size) < actor.prewarm_share
    calls = 1 + np.where(server, steps // SERVER_STEPS_PER_EXCHANGE, steps)
    enough = (steps >= _STEPS_FOR_A_SUB_AGENT) & ~server
    return Turns(
        calls=calls + prewarmed,
        prewarmed=prewarmed,
        refused=refused,
        server_steps=np.where(server, steps, 0),
        choices=np.where(several, rng.integers(2, _MOST_CHOICES + 1, size), 1),
        sub_agent=enough & (rng.random(size) < actor.sub_agent_share),
    )


def draw_tool_steps(actor: Actor, size: int, rng: np.random.Generator) -> Ints:
    """Tool steps of `size` user turns: none, or at least one in agentic turns."""
    agentic = rng.random(size) < actor.agentic_share
    tool_steps = np.maximum(np.rint(actor.tool_steps.sample(rng, size)), 1)
    return np.where(agentic, tool_steps, 0).astype(np.int64)


def mean_session_calls(actor: Actor) -> float:
    """Expected exchanges of a session."""
    dial = actor.turns_per_session
    turns = dial.single_share + (1 - dial.single_share) * dial.more.rounded_mean(low=1)
    return turns * mean_calls(actor)


_MEAN_CALLS: dict[tuple[Any, ...], float] = {}
_PILOT_TURNS = 200_000


def mean_calls(actor: Actor) -> float:
    """Expected exchanges of a user turn, by simulation with a fixed seed, to about one percent."""
    key = (
        actor.refusal_share,
        actor.server_tools_share,
        actor.prewarm_share,
        actor.agentic_share,
        actor.tool_steps,
    )
    if key not in _MEAN_CALLS:
        _MEAN_CALLS[key] = _mean_calls(actor)
    return _MEAN_CALLS[key]


def _mean_calls(actor: Actor) -> float:
    special = actor.refusal_share + actor.server_tools_share + actor.prewarm_share
    plain = actor.agentic_share * actor.tool_steps.rounded_mean(low=1)
    if not special:
        return 1 + plain
    rng = np.random.default_rng(0)
    steps = draw_tool_steps(actor, _PILOT_TURNS, rng)
    ratio = draw_turns_of(actor, steps, rng).calls.mean() / (1 + steps.mean())
    return float(ratio * (1 + plain))
