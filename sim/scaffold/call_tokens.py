"""Where each call of a block of sessions stands, and how many tokens it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sim.arrays.ragged import position_in
from sim.arrays.types import Bools, Ints
from sim.catalog import Agent
from sim.scaffold.context_growth import Contexts, cut_to_window, grow_contexts
from sim.scaffold.turns import SERVER_STEPS_PER_EXCHANGE, Turns


@dataclass(frozen=True)
class CallRows:
    """Where each call of a block stands; arrays of shape (M,).

    Attributes
    ----------
    session, task, position : array of int
        Numbers of session and task in the block, and position in the task, all from 0.
    last : array of bool
        Last calls of tasks.
    prewarm : array of bool
        Calls that only fill the cache.
    from_user : array of bool
        Calls that a user turn begins with: the pre-warming one, and the first that asks for more.
    server : array of bool
        Calls whose tools run at the provider.
    in_sub_agent : array of bool
        Calls of a sub-agent.
    """

    session: Ints
    task: Ints
    position: Ints
    last: Bools
    prewarm: Bools
    from_user: Bools
    server: Bools
    in_sub_agent: Bools

    @classmethod
    def from_turns(cls, turns: Turns, per_session: Ints) -> CallRows:
        """Lay out the calls of turns; `per_session` calls belong to each session."""
        task = np.repeat(np.arange(len(turns.calls)), turns.calls)
        position, calls = position_in(turns.calls), turns.calls[task]
        prewarmed = turns.prewarmed[task]
        prewarm = prewarmed & (position == 0)
        # a sub-agent does the middle half of the calls
        middle = (position > calls // 4) & (position <= calls // 4 + calls // 2)
        return cls(
            session=np.repeat(np.arange(len(per_session)), per_session),
            task=task,
            position=position,
            last=position == calls - 1,
            prewarm=prewarm,
            from_user=prewarm | (position == prewarmed),
            server=turns.server_steps[task] > 0,
            in_sub_agent=turns.sub_agent[task] & middle,
        )


class CallTokens(NamedTuple):
    """Tokens of calls; arrays of shape (M,).

    Attributes
    ----------
    contexts : Contexts
        Input tokens, epochs and messages.
    output : array of int
        Tokens of one choice of the answer.
    truncated : array of bool
        Answers that `max_tokens` cut.
    exceeded : array of bool
        Calls whose context or answer was cut because the window did not hold both.
    """

    contexts: Contexts
    output: Ints
    truncated: Bools
    exceeded: Bools


def draw_tokens(
    agent: Agent,
    window: Ints,
    rows: CallRows,
    per_session: Ints,
    rng: Callable[[str], np.random.Generator],
) -> CallTokens:
    """Draw what each answer and each request adds, and the contexts that follow from it.

    Parameters
    ----------
    agent : Agent
        The scaffold.
    window : array of int, shape (M,)
        Window of the model of each call.
    rows : CallRows
        The calls.
    per_session : array of int, shape (S,)
        Calls of each session.
    rng : callable
        Returns the random stream of a purpose.
    """
    output, truncated = _output_tokens(agent, rows, rng("output"))
    appended = _appended_tokens(agent, rows, rng("append"))
    base = _base_tokens(agent, len(per_session), rng("base"))
    contexts = grow_contexts(
        agent, window, base, appended, output, rows.task, rows.in_sub_agent, per_session
    )
    if agent.compacts:
        return CallTokens(contexts, output, truncated, np.zeros(len(output), np.bool_))
    context, output, exceeded = cut_to_window(window, contexts.tokens, output)
    return CallTokens(contexts._replace(tokens=context), output, truncated, exceeded)


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
    by_user = np.flatnonzero(rows.from_user)
    appended[by_user] = agent.user_append_tokens.sample(rng, len(by_user))
    tokens = np.maximum(np.rint(appended), 1).astype(np.int64)
    tokens[rows.prewarm] = 0
    return tokens


def _base_tokens(agent: Agent, sessions: int, rng: np.random.Generator) -> Ints:
    """Draw the context that each session begins with."""
    drawn = agent.base_context_tokens.sample(rng, sessions)
    return np.maximum(np.rint(drawn), 1).astype(np.int64)
