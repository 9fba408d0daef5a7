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

    Attributes
    ----------
    calls : array of int
        Exchanges of the turn, at least 1.
    prewarmed : array of bool
        Whether the first of them asks for 0 tokens and only fills the cache.
    refused : array of bool
        Whether the answer is a refusal.
    server_steps : array of int
        Tool steps that the provider runs inside the exchanges, 0 where the client runs the tools.
    choices : array of int
        Answers asked for at once.
    sub_agent : array of bool
        Whether a sub-agent with a context of its own does part of the tool steps; only of turns
        of five exchanges or more.
    """

    calls: Ints
    prewarmed: Bools
    refused: Bools
    server_steps: Ints
    choices: Ints
    sub_agent: Bools

    def pick(self, index: Ints | Bools | slice) -> Turns:
        """Select turns by index array, mask or slice."""
        columns: Any = (column[index] for column in self)
        return Turns(*columns)


def plain_turns(calls: Ints) -> Turns:
    """Return turns of so many exchanges and nothing special."""
    no = np.zeros(len(calls), np.bool_)
    return Turns(calls, no, no, np.zeros(len(calls), np.int64), np.ones(len(calls), np.int64), no)


def draw_turns_of(actor: Actor, tool_steps: Ints, rng: np.random.Generator) -> Turns:
    """Draw what becomes of turns, each special with the shares of the actor.

    Parameters
    ----------
    actor : Actor
        Shares of refusals, tools at the provider, several choices, pre-warming and sub-agents.
    tool_steps : array of int, shape (T,)
        Steps of tools that each turn would take. A refused turn takes none; tools at the provider
        fold ten steps into one exchange.
    rng : numpy.random.Generator
        Gives six arrays of T numbers, whatever the shares.
    """
    size = len(tool_steps)

    # what is special about each turn; the order of the draws counts
    refused = rng.random(size) < actor.refusal_share
    steps = np.where(refused, 0, tool_steps)
    server = (rng.random(size) < actor.server_tools_share) & (steps > 0)
    several = (rng.random(size) < actor.several_choices_share) & (steps == 0) & ~refused
    prewarmed = rng.random(size) < actor.prewarm_share

    # the exchanges that it takes
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
    """Draw the tool steps of `size` user turns: none, or at least one in agentic turns."""
    agentic = rng.random(size) < actor.agentic_share
    tool_steps = np.maximum(np.rint(actor.tool_steps.sample(rng, size)), 1)
    return np.where(agentic, tool_steps, 0).astype(np.int64)
