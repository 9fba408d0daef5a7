"""How many tokens each call of a block of sessions has, and where compactions come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim.arrays.types import Bools, Ints
from sim.catalog import Agent
from sim.scaffold.call_rows import CallRows
from sim.scaffold.context_growth import Grow, Growth, cut_to_window, longest_summary
from sim.scaffold.turns import SERVER_STEPS_PER_EXCHANGE


class PlannedTokens(NamedTuple):
    """Tokens of the calls that turns ask for; arrays of shape (M,).

    Attributes
    ----------
    growth : Growth
        Contexts, and the compactions that they ask for.
    output : array of int
        Tokens of one choice of the answer.
    truncated : array of bool
        Answers that `max_tokens` cut.
    exceeded : array of bool
        Calls whose context or answer was cut because the window did not hold both.
    """

    growth: Growth
    output: Ints
    truncated: Bools
    exceeded: Bools


def draw_tokens(
    agent: Agent,
    window: Ints,
    rows: CallRows,
    rng: Callable[[str], np.random.Generator],
    grow: Grow,
) -> PlannedTokens:
    """Draw what each answer and each request adds, and the contexts that follow from it.

    Parameters
    ----------
    agent : Agent
        The scaffold.
    window : array of int, shape (M,)
        Window of the model of each call.
    rows : CallRows
        The calls.
    rng : callable
        Returns the random stream of a purpose.
    grow : callable
        Says how contexts grow.
    """
    output, truncated = _output_tokens(agent, rows, rng("output"))
    appended = _appended_tokens(agent, rows, rng("append"))
    # what comes back from a sub-agent is its last answer
    reports = np.flatnonzero(rows.in_sub_agent & rows.last)
    reports = reports[reports + 1 < len(output)]
    returns = reports[~rows.opens_turn[reports + 1]]
    appended[returns + 1] = output[returns]

    begin = agent.static_prefix_tokens + appended
    begin[rows.begins] = _base_tokens(agent, int(rows.begins.sum()), rng("base"))
    growth = grow(agent, window, rows.context, begin, appended, output)
    if agent.compacts:
        return PlannedTokens(growth, output, truncated, np.zeros(len(output), np.bool_))
    context, output, exceeded = cut_to_window(window, growth.tokens, output)
    return PlannedTokens(growth._replace(tokens=context), output, truncated, exceeded)


def draw_forgetful(agent: Agent, sessions: int, rng: np.random.Generator) -> Bools:
    """Draw in which sessions the client sends a question without what was said before."""
    return np.asarray(rng.random(sessions) >= agent.history_share)


def draw_summaries(agent: Agent, count: int, rng: np.random.Generator) -> Ints:
    """Draw the tokens of the summary that each of `count` compactions gives."""
    drawn = np.rint(agent.summary_tokens.sample(rng, count)).astype(np.int64)
    return np.clip(drawn, 1, longest_summary(agent))


def _output_tokens(agent: Agent, rows: CallRows, rng: np.random.Generator) -> tuple[Ints, Bools]:
    """Draw the tokens of each answer (of one choice), and whether `max_tokens` cut it."""
    drawn = agent.output_tokens.sample(rng, len(rows.task))
    wanted = np.maximum(np.rint(drawn), 1).astype(np.int64)
    wanted[rows.prewarm] = 0
    return np.minimum(wanted, agent.max_tokens), wanted > agent.max_tokens


def _appended_tokens(agent: Agent, rows: CallRows, rng: np.random.Generator) -> Ints:
    """Draw the new input of each request: results of tools, or what a user writes."""
    appended = agent.append_tokens.sample(rng, len(rows.task))
    # an exchange whose tools run at the provider holds the results of that many steps
    appended[rows.server] *= SERVER_STEPS_PER_EXCHANGE
    by_user = np.flatnonzero(rows.opens_turn)
    appended[by_user] = agent.user_append_tokens.sample(rng, len(by_user))
    tokens = np.maximum(np.rint(appended), 1).astype(np.int64)
    tokens[rows.prewarm] = 0
    return tokens


def _base_tokens(agent: Agent, count: int, rng: np.random.Generator) -> Ints:
    """Draw the contexts that sessions, or turns that forget, begin with."""
    drawn = agent.base_context_tokens.sample(rng, count)
    return np.maximum(np.rint(drawn), 1).astype(np.int64)
