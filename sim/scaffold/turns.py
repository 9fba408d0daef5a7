"""What the user turns of a block ask for: how many exchanges, of which kinds."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import benchmarks
from sim.scaffold.normal_scores import normal_cdf, normal_quantile, values_at, with_part
from sim.scaffold.steps import instance_scores
from sim.scenario.resolved import Actor
from sim.streams import Streams

# Steps of tools that run at the provider before it answers with `pause_turn`; a prior.
SERVER_STEPS_PER_EXCHANGE = 10
MOST_CHOICES = 4
_STEPS_FOR_A_SUB_AGENT = 4
_TINY = 1e-12


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
        choices=np.where(several, rng.integers(2, MOST_CHOICES + 1, size), 1),
        sub_agent=enough & (rng.random(size) < actor.sub_agent_share),
    )


def draw_benchmark_items(
    actor: Actor, size: int, world: Streams, rng: np.random.Generator
) -> tuple[Ints, Floats | None]:
    """Draw the item of a benchmark that each of `size` turns works on, unless it is of a list.

    Parameters
    ----------
    actor : Actor
        Its source or cover may be a benchmark.
    size : int
        Number of turns.
    world : Streams
        Streams of the world, which give items their difficulty.
    rng : numpy.random.Generator
        Chooses items, all alike; gives nothing without a benchmark.

    Returns
    -------
    item, difficulty : array of shape (size,), array of shape (size,) or None
        Without a benchmark -1 and None.
    """
    if actor.benchmark is None or "benchmark" not in (actor.source, actor.cover):
        return np.full(size, -1), None
    item = rng.integers(0, actor.items, size)
    return item, instance_scores(world, actor.benchmark, actor.items)[item]


def draw_items_by_length(
    actor: Actor, rank: Floats, world: Streams, rng: np.random.Generator
) -> Ints:
    """Draw the item of a benchmark for turns whose length is known: hard ones for long turns.

    The same copula as where the item decides about the length, read the other way.

    Parameters
    ----------
    actor : Actor
        Its source or cover may be a benchmark.
    rank : array of float, shape (T,)
        Rank of the length of each turn among all that there are, 0 to 1, all values alike.
    world, rng
        As in `draw_benchmark_items`.

    Returns
    -------
    array of shape (T,)
        Items, each as often as any other; -1 without a benchmark.
    """
    if actor.benchmark is None or "benchmark" not in (actor.source, actor.cover):
        return np.full(len(rank), -1)
    share = benchmarks()[actor.benchmark].item_share
    hardness = normal_cdf(with_part(normal_quantile(rank), share, rng))
    from_easy_to_hard = np.argsort(instance_scores(world, actor.benchmark, actor.items))
    place = np.minimum((hardness * actor.items).astype(np.int64), actor.items - 1)
    return np.asarray(from_easy_to_hard[place])


def draw_tool_steps(
    actor: Actor, size: int, rng: np.random.Generator, difficulty: Floats | None = None
) -> Ints:
    """Draw the tool steps of `size` user turns: none, or at least one in agentic turns.

    Parameters
    ----------
    actor : Actor
        Share of agentic turns, steps of those, and the benchmark that its turns may work on.
    size : int
        Number of turns.
    rng : numpy.random.Generator
        Gives a normal score for each turn. Easy turns need no tools, hard ones the most steps.
    difficulty : array of float, shape (size,), optional
        Part of the scores that is of items of the benchmark (`instance_scores`). Left out where
        turns work on nothing that comes again.
    """
    if difficulty is None or actor.benchmark is None:
        z = rng.standard_normal(size)
    else:
        z = with_part(difficulty, benchmarks()[actor.benchmark].item_share, rng)

    # of agentic turns, the rank among themselves
    without = 1 - actor.agentic_share
    rank = (normal_cdf(z) - without) / max(actor.agentic_share, _TINY)
    steps = np.rint(values_at(actor.tool_steps, normal_quantile(np.clip(rank, 0, 1))))
    return np.where(rank > 0, np.maximum(steps, 1), 0).astype(np.int64)
