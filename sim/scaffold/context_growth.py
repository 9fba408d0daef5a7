"""How contexts grow from call to call, when they are compacted, and where the window cuts them."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.types import Bools, Ints
from sim.catalog import Agent


class Growth(NamedTuple):
    """Contexts of the calls that turns ask for; arrays of shape (M,).

    Attributes
    ----------
    tokens : array of int
        All input tokens of the call.
    compacted : array of bool
        Calls before which the scaffold compacts.
    compaction_tokens : array of int
        All input tokens of that compaction, 0 where there is none.
    """

    tokens: Ints
    compacted: Bools
    compaction_tokens: Ints


class Grow(Protocol):
    """Says how contexts grow; see `grow_contexts`."""

    def __call__(
        self, agent: Agent, window: Ints, who: Ints, begin: Ints, appended: Ints, output: Ints
    ) -> Growth:
        """Return the context of each call, and the compactions."""


def longest_summary(agent: Agent) -> int:
    """Return the most tokens of the summary that a compaction of `agent` gives.

    With the static prefix it fits in what a compaction leaves.
    """
    room = agent.compaction_to_tokens - agent.static_prefix_tokens
    return max(1, min(agent.max_tokens, room))


def grow_contexts(
    agent: Agent, window: Ints, who: Ints, begin: Ints, appended: Ints, output: Ints
) -> Growth:
    """Return the context of each call, and the compactions.

    A context grows by the answer before and by what is appended; what is dropped from it (new input
    below 0) is at most that answer. If it would pass the limit of compaction, the scaffold first
    sends all of it with an instruction, and begins a new history: the static prefix, the summary
    and text carried over, `compaction_to_tokens` in all, and the new input that waits. What is
    longer than the window (in the compaction) or the limit (after it) is cut, as scaffolds cut long
    results of tools. A scaffold that does not compact has no limit here.

    Parameters
    ----------
    agent : Agent
        The scaffold.
    window : array of int, shape (M,)
        Window of the model of each call, the same for all of an agent.
    who : array of int, shape (M,)
        Number of the agent that makes each call; of those of an agent, the earlier come first.
    begin : array of int, shape (M,)
        Context of the call if it is the first of its agent; else of no account.
    appended, output : array of int, shape (M,)
        Tokens of new input less what is dropped, and of the answer, of each call.
    """
    calls = len(who)
    growth = Growth(np.empty(calls, np.int64), np.zeros(calls, np.bool_), np.zeros(calls, np.int64))
    rules = _Compaction(
        agent.compacts,
        agent.compaction_at,
        agent.compaction_to_tokens,
        agent.compaction_prompt_tokens,
        longest_summary(agent),
    )
    latest = np.full(int(who.max(initial=-1)) + 1, -1)
    _grow(rules, window, who, begin, appended, output, latest, growth)
    return growth


class _Compaction(NamedTuple):
    """When a scaffold compacts, and what it sends and keeps then; all but the first two tokens."""

    happens: bool
    at_share: float
    to: int
    prompt: int
    longest_summary: int


@compiled
def _grow(
    rules: _Compaction,
    window: Ints,
    who: Ints,
    begin: Ints,
    appended: Ints,
    output: Ints,
    latest: Ints,
    growth: Growth,
) -> None:
    """Go through calls in order; `latest` is the row of the latest call of each agent, or -1."""
    for row in range(len(who)):
        before = latest[who[row]]
        latest[who[row]] = row
        context = begin[row]
        if before >= 0:
            context = growth.tokens[before] + max(output[before] + appended[row], 0)

        limit = int(np.floor(window[row] * rules.at_share))
        if rules.happens and context > limit:
            asked = min(context + rules.prompt, window[row] - rules.longest_summary)
            growth.compacted[row], growth.compaction_tokens[row] = True, asked
            context = min(rules.to + appended[row], limit)
        growth.tokens[row] = context


def cut_to_window(window: Ints, context: Ints, output: Ints) -> tuple[Ints, Ints, Bools]:
    """Cut contexts and answers to what the window holds.

    There is always room for one token of answer, so that whatever follows an uncut call is longer.

    Parameters
    ----------
    window, context, output : array of int, shape (M,)
        Window of the model, tokens of the context, and tokens of one choice of the answer.

    Returns
    -------
    context, output : array of int, shape (M,)
        Together at most the window.
    exceeded : array of bool, shape (M,)
        Calls that had to be cut.
    """
    cut_context, cut_output = np.empty_like(context), np.empty_like(output)
    exceeded = np.empty(len(context), np.bool_)
    _cut(window, context, output, cut_context, cut_output, exceeded)
    return cut_context, cut_output, exceeded


@compiled
def _cut(
    window: Ints, context: Ints, output: Ints, cut_context: Ints, cut_output: Ints, exceeded: Bools
) -> None:
    """Cut call by call."""
    for row in range(len(context)):
        exceeded[row] = context[row] + max(output[row], 1) > window[row]
        cut_context[row] = min(context[row], window[row] - 1)
        cut_output[row] = min(output[row], window[row] - cut_context[row])
