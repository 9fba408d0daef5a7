"""How contexts grow from call to call, when they are compacted, and where the window cuts them."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from sim.arrays.ragged import cumulate_in
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
    """Return the context of each call, and the compactions, all agents at once.

    A context grows by the answer before and by what is appended. If it would pass the limit of
    compaction, the scaffold first sends all of it with an instruction, and begins a new history:
    the static prefix, the summary and text carried over, `compaction_to_tokens` in all, and the
    new input that waits. What is longer than the window (in the compaction) or the limit (after
    it) is cut, as scaffolds cut long results of tools. A scaffold that does not compact has no
    limit here.

    Each pass finds the first call of each agent that is over the limit, and takes off all its
    later contexts what the compaction leaves out.

    Parameters
    ----------
    agent : Agent
        The scaffold.
    window : array of int, shape (M,)
        Window of the model of each call.
    who : array of int, shape (M,)
        Number of the agent that makes each call; of those of an agent, the earlier come first.
    begin : array of int, shape (M,)
        Context of the call if it is the first of its agent; else of no account.
    appended, output : array of int, shape (M,)
        Tokens of new input, and of the answer, of each call.
    """
    order = np.argsort(who, kind="stable")
    calls_of_agent = np.unique(who, return_counts=True)[1]
    first = np.cumsum(calls_of_agent) - calls_of_agent
    added = appended[order] + np.roll(output[order], 1)
    added[first] = begin[order[first]]
    tokens = cumulate_in(added, calls_of_agent)
    compacted, compaction_tokens = np.zeros(len(who), np.bool_), np.zeros(len(who), np.int64)

    if agent.compacts:
        window, appended = window[order], appended[order]
        limit = np.floor(window * agent.compaction_at).astype(np.int64)
        number = np.repeat(np.arange(len(first)), calls_of_agent)
        while len(over := np.flatnonzero(tokens > limit)):
            over = over[np.diff(number[over], prepend=-1) > 0]
            waiting = tokens[over] + agent.compaction_prompt_tokens
            begins = np.minimum(agent.compaction_to_tokens + appended[over], limit[over])
            compacted[over] = True
            compaction_tokens[over] = np.minimum(waiting, window[over] - longest_summary(agent))
            removed = np.zeros(len(tokens), np.int64)
            removed[over] = tokens[over] - begins
            tokens -= cumulate_in(removed, calls_of_agent)

    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return Growth(tokens[back], compacted[back], compaction_tokens[back])


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
    exceeded = context + np.maximum(output, 1) > window
    context = np.minimum(context, window - 1)
    return context, np.minimum(output, window - context), exceeded
