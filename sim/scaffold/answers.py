"""What answers are like: why they stop, what tools they call for, how much is reasoning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import Agent
from sim.scaffold.call_rows import AllCalls
from sim.scaffold.call_tokens import PlannedTokens
from sim.scaffold.turns import SERVER_STEPS_PER_EXCHANGE, Turns
from sim.tables.words import (
    END_TURN,
    MAX_TOKENS,
    PAUSE_TURN,
    REFUSAL,
    STOP_SEQUENCE,
    TOOL_USE,
    WINDOW_EXCEEDED,
)

# Why answers are refused, as the provider guesses; the same for every class. A prior.
_CATEGORY_WEIGHTS = np.array([0.25, 0.1, 0.15, 0.1, 0.4])
# Share of the output that is reasoning where there is any.
_LEAST_REASONING, _MOST_REASONING = 0.2, 0.8


class Answers(NamedTuple):
    """Answers of calls; arrays of shape (M,).

    Attributes
    ----------
    tool_calls : array of int
        Tools that it calls for.
    finish : array of int
        Why it stops, index in `FINISH_REASONS`.
    reasoning_tokens : array of int
        Part of the output that is reasoning.
    category : array of int
        Category if it is a refusal, index in `REFUSAL_CATEGORIES`.
    server_requests : array of int
        Steps of tools that run at the provider.
    """

    tool_calls: Ints
    finish: Ints
    reasoning_tokens: Ints
    category: Ints
    server_requests: Ints


class _AnswerDraws(NamedTuple):
    """What chance decides about the answers of the calls that turns ask for; shape (M,) each.

    `stops` are answers that a stop sequence ends, if they are the last of a turn.
    """

    tool_calls: Floats
    stops: Bools
    reasoning_share: Floats
    category: Floats


def draw_answers(
    agent: Agent,
    turns: Turns,
    calls: AllCalls,
    tokens: PlannedTokens,
    output: Ints,
    thinks: Bools,
    rng: Callable[[str], np.random.Generator],
) -> Answers:
    """Draw the answers of calls; what chance decides is drawn for those that turns ask for.

    Parameters
    ----------
    agent : Agent
        The scaffold.
    turns : Turns
        The turns.
    calls : AllCalls
        Their N calls.
    tokens : PlannedTokens
        Tokens of the planned ones.
    output : array of int, shape (N,)
        Tokens of all answers.
    thinks : array of bool, shape (S,)
        Sessions that have the model think.
    rng : callable
        Returns the random stream of a purpose.
    """
    size = len(tokens.output)
    tool_calls = agent.tool_calls_per_step.sample(rng("tool calls"), size)
    # three draws share the last stream, so their order counts
    common = rng("answers")
    draws = _AnswerDraws(
        tool_calls=tool_calls,
        stops=common.random(size) < agent.stop_sequence_share,
        reasoning_share=common.uniform(_LEAST_REASONING, _MOST_REASONING, size),
        category=common.random(size),
    )
    categories = np.cumsum(_CATEGORY_WEIGHTS)
    categories /= categories[-1]
    answers = Answers(*np.empty((5, len(output)), np.int64))
    _describe(draws, turns, calls, tokens, output, thinks, categories, answers)
    return answers


@compiled
def _describe(
    draws: _AnswerDraws,
    turns: Turns,
    calls: AllCalls,
    tokens: PlannedTokens,
    output: Ints,
    thinks: Bools,
    categories: Floats,
    answers: Answers,
) -> None:
    """Write what each answer is like; `categories` adds up the shares of categories."""
    for number in range(len(output)):
        row, call = calls.rows[number], calls.source[number]
        task = row["task"]
        # a compaction reasons as its call does
        share = draws.reasoning_share[call] if thinks[row["session"]] else 0.0
        answers.reasoning_tokens[number] = int(np.rint(share * output[number]))
        category = 0
        while draws.category[call] >= categories[category]:
            category += 1
        answers.category[number] = category

        exceeded = tokens.exceeded[call]
        refused, stops = turns.refused[task], draws.stops[call]
        answers.finish[number] = _finish(row, refused, tokens.truncated[call], exceeded, stops)

        # one tool call at least where the client runs tools and goes on
        by_server = row["server"]
        ends = row["compaction"] or row["last"] or row["prewarm"] or exceeded
        tools = max(int(np.rint(draws.tool_calls[call])), 1)
        answers.tool_calls[number] = 0 if by_server or ends else tools

        # the steps of the turn that no exchange before it has done
        exchange = calls.planned[call]["position"] - int(turns.prewarmed[task])
        left = turns.server_steps[task] - SERVER_STEPS_PER_EXCHANGE * exchange
        requests = max(min(left, SERVER_STEPS_PER_EXCHANGE), 0)
        answers.server_requests[number] = requests if by_server and not row["prewarm"] else 0


def no_answers(finish: Ints) -> Answers:
    """Return answers of which only why they stop is asked: 0 everywhere else."""
    none = np.zeros(len(finish), np.int64)
    return Answers(none, finish, none, none, none)


def finishes(turns: Turns, calls: AllCalls, tokens: PlannedTokens) -> Ints:
    """Return why each answer stops as if there were no stop sequences, shape (N,)."""
    finish = np.empty(len(calls.source), np.int64)
    _find_finishes(turns, calls, tokens, finish)
    return finish


@compiled
def _find_finishes(turns: Turns, calls: AllCalls, tokens: PlannedTokens, finish: Ints) -> None:
    """Write why each answer stops."""
    for number in range(len(finish)):
        row, call = calls.rows[number], calls.source[number]
        refused = turns.refused[row["task"]]
        truncated, exceeded = tokens.truncated[call], tokens.exceeded[call]
        finish[number] = _finish(row, refused, truncated, exceeded, False)


@compiled
def _finish(row: Any, refused: bool, truncated: bool, exceeded: bool, stops: bool) -> int:
    """Return why an answer stops; `truncated` is one that `max_tokens` cuts."""
    if row["compaction"]:
        return END_TURN
    if row["prewarm"]:
        return MAX_TOKENS
    if exceeded:
        return WINDOW_EXCEEDED
    if truncated and not refused:
        return MAX_TOKENS
    if not row["last"]:
        return PAUSE_TURN if row["server"] else TOOL_USE
    if refused:
        return REFUSAL
    return STOP_SEQUENCE if stops else END_TURN
