"""How many tokens each call of a block of sessions has, and where compactions come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import Agent
from sim.scaffold.call_rows import AllCalls, CallRows
from sim.scaffold.context_growth import Grow, Growth, cut_to_window, longest_summary
from sim.scaffold.normal_scores import values_at
from sim.scaffold.own_lengths import Own, OwnLengths, lengths_at, scores_among_all
from sim.scaffold.recorded_calls import RecordedCalls
from sim.scaffold.session_effects import SessionScores
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
    scores: SessionScores,
    grow: Grow,
    own: OwnLengths | None,
    static: Ints,
) -> PlannedTokens:
    """Draw what each answer and each request adds, and the contexts that follow from it.

    Parameters
    ----------
    agent : Agent
        The scaffold.
    window : array of int, shape (M,)
        Window of the model of each call.
    rows : array of CALL_ROW, shape (M,)
        The calls.
    recorded : RecordedCalls, optional
        What recorded calls say of these; None where the dials of the scaffold decide.
    scores : SessionScores
        Draws the normal scores of the calls, and returns the random stream of a purpose.
    grow : callable
        Says how contexts grow; of an answer that the client drops, the next request has nothing.
    own : OwnLengths, optional
        How the lengths of the dials differ between the accounts of sessions; None: not at all.
    static : array of int, shape (S,)
        Tokens of the static prefix of each session.
    """
    if recorded is None:
        inputs, outputs = own or (None, None)
        wanted = lengths_at(agent.output_tokens, outputs, scores.session, scores.draw("output"))
        new = _new_input(agent, rows, inputs, scores)
        begins = scores.session[rows["begins"]]
        of_begins = scores.rng("base").standard_normal(len(begins))
        base = lengths_at(agent.base_context_tokens, inputs, begins, of_begins)
    else:
        wanted, new, base = recorded.output, recorded.appended, recorded.begin

    calls = len(wanted)
    output, truncated = np.empty(calls, np.int64), np.empty(calls, np.bool_)
    _round_answers(wanted, rows, agent.max_tokens, output, truncated)
    appended, begin = np.empty((2, calls), np.int64)
    context = np.ascontiguousarray(rows["context"])
    _round_requests(rows, new, base, output, static, appended, begin)

    # what comes back from a sub-agent is its last answer
    kept = output
    if agent.dropped_share and recorded is None:
        dropped = scores.rng("dropped").random(calls) < agent.dropped_share
        kept = np.where(dropped, 0, output)
    growth = grow(agent, window, context, begin, appended, kept)
    tokens = np.maximum(growth.tokens, 1)
    exceeded = np.zeros(calls, np.bool_)
    if not agent.compacts:
        tokens, output, exceeded = cut_to_window(window, tokens, output)
    return PlannedTokens(growth._replace(tokens=tokens), output, truncated, exceeded)


@compiled
def _round_answers(
    wanted: Floats, rows: CallRows, max_tokens: int, output: Ints, truncated: Bools
) -> None:
    """Write the tokens of each answer (of one choice), and whether `max_tokens` cut it."""
    for call in range(len(wanted)):
        tokens = max(int(np.rint(wanted[call])), 1)
        if rows[call]["prewarm"]:
            tokens = 0
        output[call] = min(tokens, max_tokens)
        truncated[call] = tokens > max_tokens


@compiled
def _round_requests(
    rows: CallRows,
    new: Floats,
    base: Floats,
    output: Ints,
    static: Ints,
    appended: Ints,
    begin: Ints,
) -> None:
    """Write what each request adds, and the context that it would begin."""
    contexts = 0
    for call in range(len(new)):
        appended[call] = 0 if rows[call]["prewarm"] else int(np.rint(new[call]))
        returns = call > 0 and rows[call - 1]["in_sub_agent"] and rows[call - 1]["last"]
        if returns and not rows[call]["opens_turn"]:
            # what comes back from a sub-agent is its last answer
            appended[call] = output[call - 1]

        if rows[call]["begins"]:
            begin[call] = max(int(np.rint(base[contexts])), 1)
            contexts += 1
        else:
            begin[call] = static[rows[call]["session"]] + max(appended[call], 0)


def draw_forgetful(agent: Agent, sessions: int, rng: np.random.Generator) -> Bools:
    """Draw in which sessions the client sends a question without what was said before.

    Recorded sessions are as they were recorded.
    """
    if agent.library is not None:
        return np.zeros(sessions, np.bool_)
    return np.asarray(rng.random(sessions) >= agent.history_share)


def draw_summaries(agent: Agent, count: int, rng: Callable[[str], np.random.Generator]) -> Ints:
    """Draw the tokens of the summary that each of `count` compactions gives."""
    if not count:
        return np.zeros(0, np.int64)
    drawn = np.rint(agent.summary_tokens.sample(rng("summaries"), count)).astype(np.int64)
    return np.clip(drawn, 1, longest_summary(agent))


class CallTokens(NamedTuple):
    """Tokens of all N calls, compactions too; arrays of shape (N,).

    Attributes
    ----------
    context, output : array of int
        All input tokens, and tokens of all choices of the answer.
    choices : array of int
        Answers asked for at once.
    left : array of int
        What the call leaves in the prompt cache if it is answered, 0 for nothing.
    asks : array of int
        `max_tokens` of the request.
    """

    context: Ints
    output: Ints
    choices: Ints
    left: Ints
    asks: Ints


def lay_out_tokens(
    agent: Agent,
    planned: PlannedTokens,
    calls: AllCalls,
    summaries: Ints,
    choices: Ints,
    lifetime_us: Ints,
    least_cached: Ints,
) -> CallTokens:
    """Return the tokens of all calls.

    Parameters
    ----------
    agent : Agent
        The scaffold.
    planned : PlannedTokens
        Those of the calls that turns ask for.
    calls : AllCalls
        Those, and the compactions between them.
    summaries : array of int, shape (compactions,)
        Tokens of the answers of compactions.
    choices : array of int, shape (T,)
        Answers that the calls of each turn ask for at once.
    lifetime_us, least_cached : array of int, shape (S,)
        How long what the calls of a session send is cached, 0 for not at all, and the least
        context that is.
    """
    tokens = CallTokens(*np.empty((5, len(calls.source)), np.int64))
    most = agent.uncached_tail_tokens, agent.max_tokens
    _lay_out(planned, calls, summaries, choices, lifetime_us, least_cached, most, tokens)
    return tokens


@compiled
def _lay_out(
    planned: PlannedTokens,
    calls: AllCalls,
    summaries: Ints,
    choices: Ints,
    lifetime_us: Ints,
    least_cached: Ints,
    most: tuple[int, int],
    tokens: CallTokens,
) -> None:
    """Write the tokens of each call."""
    growth, compactions = planned.growth, 0
    uncached_tail, max_tokens = most
    for number in range(len(calls.source)):
        row, call = calls.rows[number], calls.source[number]
        session = row["session"]
        if row["compaction"]:
            context, output, answers = growth.compaction_tokens[call], summaries[compactions], 1
            compactions += 1
        else:
            answers = choices[row["task"]]
            context, output = growth.tokens[call], planned.output[call] * answers

        cached = lifetime_us[session] > 0 and context >= least_cached[session]
        tokens.context[number] = context
        tokens.output[number] = output
        tokens.choices[number] = answers
        tokens.left[number] = context - min(uncached_tail, context) if cached else 0
        tokens.asks[number] = 0 if row["prewarm"] else max_tokens


def _new_input(agent: Agent, rows: CallRows, own: Own | None, scores: SessionScores) -> Floats:
    """Return the new input of each request: results of tools, or what a user writes."""
    among_all = scores_among_all(own, scores.session, scores.draw("append"))
    appended = values_at(agent.append_tokens, among_all)
    of_users = values_at(agent.user_append_tokens, among_all[rows["opens_turn"]])
    _put_users(rows, of_users, appended)
    return appended


@compiled
def _put_users(rows: CallRows, of_users: Floats, appended: Floats) -> None:
    """Write what users append where they open a turn; nothing is less than a token."""
    users = 0
    for call in range(len(appended)):
        if rows[call]["opens_turn"]:
            appended[call] = of_users[users]
            users += 1
        elif rows[call]["server"]:
            # an exchange whose tools run at the provider holds the results of that many steps
            appended[call] *= SERVER_STEPS_PER_EXCHANGE
        appended[call] = max(appended[call], 1.0)
