"""How many tokens each call of a block of sessions has, and where compactions come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import Agent
from sim.scaffold.call_rows import CallRows
from sim.scaffold.context_growth import Grow, Growth, cut_to_window, longest_summary
from sim.scaffold.own_lengths import Own, OwnLengths, lengths_at
from sim.scaffold.recorded_calls import RecordedCalls
from sim.scaffold.session_effects import session_scores
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
    recorded: RecordedCalls | None,
    rng: Callable[[str], np.random.Generator],
    grow: Grow,
    own: OwnLengths | None = None,
    static: Ints | None = None,
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
    recorded : RecordedCalls, optional
        What recorded calls say of these; None where the dials of the scaffold decide.
    rng : callable
        Returns the random stream of a purpose.
    grow : callable
        Says how contexts grow.
    own : OwnLengths, optional
        How the lengths of the dials differ between the accounts of sessions; None: not at all.
    static : array of int, shape (S,), optional
        Tokens of the static prefix of each session; None: what is usual with the scaffold.
    """
    if recorded is None:
        inputs, outputs = own or (None, None)
        wanted = lengths_at(
            agent.output_tokens,
            outputs,
            rows.session,
            session_scores(agent, rows.session, "output", rng),
        )
        new = _new_input(agent, rows, inputs, session_scores(agent, rows.session, "append", rng))
        begins = rows.session[rows.begins]
        base = lengths_at(
            agent.base_context_tokens, inputs, begins, rng("base").standard_normal(len(begins))
        )
    else:
        wanted, new, base = recorded.output, recorded.appended, recorded.begin
    output, truncated = _output_tokens(agent, rows, wanted)
    appended = np.rint(np.where(rows.prewarm, 0, new)).astype(np.int64)

    # what comes back from a sub-agent is its last answer
    reports = np.flatnonzero(rows.in_sub_agent & rows.last)
    reports = reports[reports + 1 < len(output)]
    returns = reports[~rows.opens_turn[reports + 1]]
    appended[returns + 1] = output[returns]

    prefix = agent.static_prefix_tokens if static is None else static[rows.session]
    begin = prefix + np.maximum(appended, 0)
    begin[rows.begins] = np.maximum(np.rint(base), 1).astype(np.int64)
    kept = output if recorded is not None else _kept(agent, output, rng("dropped"))
    growth = grow(agent, window, rows.context, begin, appended, kept)
    growth = growth._replace(tokens=np.maximum(growth.tokens, 1))
    if agent.compacts:
        return PlannedTokens(growth, output, truncated, np.zeros(len(output), np.bool_))
    context, output, exceeded = cut_to_window(window, growth.tokens, output)
    return PlannedTokens(growth._replace(tokens=context), output, truncated, exceeded)


def draw_forgetful(agent: Agent, sessions: int, rng: np.random.Generator) -> Bools:
    """Draw in which sessions the client sends a question without what was said before.

    Recorded sessions are as they were recorded.
    """
    if agent.library is not None:
        return np.zeros(sessions, np.bool_)
    return np.asarray(rng.random(sessions) >= agent.history_share)


def draw_summaries(agent: Agent, count: int, rng: np.random.Generator) -> Ints:
    """Draw the tokens of the summary that each of `count` compactions gives."""
    drawn = np.rint(agent.summary_tokens.sample(rng, count)).astype(np.int64)
    return np.clip(drawn, 1, longest_summary(agent))


def _output_tokens(agent: Agent, rows: CallRows, wanted: Floats) -> tuple[Ints, Bools]:
    """Return the tokens of each answer (of one choice), and whether `max_tokens` cut it."""
    tokens = np.maximum(np.rint(wanted), 1).astype(np.int64)
    tokens[rows.prewarm] = 0
    return np.minimum(tokens, agent.max_tokens), tokens > agent.max_tokens


def _kept(agent: Agent, output: Ints, rng: np.random.Generator) -> Ints:
    """Return the tokens of each answer that the next request has: all of it, or none."""
    if not agent.dropped_share:
        return output
    return np.where(rng.random(len(output)) < agent.dropped_share, 0, output)


def _new_input(agent: Agent, rows: CallRows, own: Own | None, scores: Floats) -> Floats:
    """Return the new input of each request: results of tools, or what a user writes."""
    appended = lengths_at(agent.append_tokens, own, rows.session, scores)
    # an exchange whose tools run at the provider holds the results of that many steps
    appended[rows.server] *= SERVER_STEPS_PER_EXCHANGE
    by_user = np.flatnonzero(rows.opens_turn)
    appended[by_user] = lengths_at(
        agent.user_append_tokens, own, rows.session[by_user], scores[by_user]
    )
    return np.maximum(appended, 1)
