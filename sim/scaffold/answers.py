"""What answers are like: why they stop, what tools they call for, how much is reasoning."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import Agent
from sim.scaffold.call_rows import CallRows
from sim.scaffold.turns import SERVER_STEPS_PER_EXCHANGE, Turns
from sim.tables.words import (
    END_TURN,
    MAX_TOKENS,
    PAUSE_TURN,
    REFUSAL,
    REFUSAL_CATEGORIES,
    STOP_SEQUENCE,
    TOOL_USE,
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
        Why it stops, index in `FINISH_REASONS`, as if it stayed within the window.
    reasoning_share : array of float
        Part of the output that is reasoning.
    category : array of int
        Category if it is a refusal, index in `REFUSAL_CATEGORIES`.
    server_requests : array of int
        Steps of tools that run at the provider.
    """

    tool_calls: Ints
    finish: Ints
    reasoning_share: Floats
    category: Ints
    server_requests: Ints

    def laid_out(self, rows: CallRows, source: Ints) -> Answers:
        """Return the answers of all `rows`, each from its `source`; compactions end with a summary.

        A compaction reasons as its call does.
        """
        made = rows.compaction
        return Answers(
            tool_calls=np.where(made, 0, self.tool_calls[source]),
            finish=np.where(made, END_TURN, self.finish[source]),
            reasoning_share=self.reasoning_share[source],
            category=self.category[source],
            server_requests=np.where(made, 0, self.server_requests[source]),
        )


def draw_answers(
    agent: Agent,
    turns: Turns,
    rows: CallRows,
    truncated: Bools,
    thinks: Bools,
    rng: Callable[[str], np.random.Generator],
) -> Answers:
    """Draw the answers of the calls that turns ask for.

    Parameters
    ----------
    agent : Agent
        The scaffold.
    turns : Turns
        The turns.
    rows : CallRows
        Their calls, shape (M,).
    truncated : array of bool, shape (M,)
        Answers that `max_tokens` cut.
    thinks : array of bool, shape (M,)
        Calls that have the model think.
    rng : callable
        Returns the random stream of a purpose.
    """
    tool_calls = _tool_calls(agent, rows, rng("tool calls"))
    # three draws share the last stream, so their order counts
    answers, size = rng("answers"), len(rows.task)
    finish = _finish(agent, turns, rows, truncated, answers)
    share = answers.uniform(_LEAST_REASONING, _MOST_REASONING, size)
    return Answers(
        tool_calls=tool_calls,
        finish=finish,
        reasoning_share=np.where(thinks, share, 0.0),
        category=answers.choice(len(REFUSAL_CATEGORIES), size=size, p=_CATEGORY_WEIGHTS),
        server_requests=_server_requests(turns, rows),
    )


def _tool_calls(agent: Agent, rows: CallRows, rng: np.random.Generator) -> Ints:
    """Draw the tool calls in each answer: one at least where the client runs tools."""
    drawn = np.maximum(np.rint(agent.tool_calls_per_step.sample(rng, len(rows.task))), 1)
    none = rows.last | rows.prewarm | rows.server
    return np.where(none, 0, drawn.astype(np.int64))


def _finish(
    agent: Agent, turns: Turns, rows: CallRows, truncated: Bools, rng: np.random.Generator
) -> Ints:
    """Draw why each answer stops, as if it stayed within the window."""
    ends = np.where(rng.random(len(truncated)) < agent.stop_sequence_share, STOP_SEQUENCE, END_TURN)
    ends = np.where(turns.refused[rows.task], REFUSAL, ends)
    goes_on = np.where(rows.server, PAUSE_TURN, TOOL_USE)
    cut = (truncated & (ends != REFUSAL)) | rows.prewarm
    return np.where(cut, MAX_TOKENS, np.where(rows.last, ends, goes_on))


def _server_requests(turns: Turns, rows: CallRows) -> Ints:
    """Return the tool steps that the provider runs inside each exchange."""
    exchange = rows.position - turns.prewarmed[rows.task]
    done = SERVER_STEPS_PER_EXCHANGE * exchange
    left = np.minimum(turns.server_steps[rows.task] - done, SERVER_STEPS_PER_EXCHANGE)
    return np.where(rows.server & ~rows.prewarm, np.maximum(left, 0), 0)
