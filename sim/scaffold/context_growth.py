"""How contexts grow from call to call, when they are compacted, and where the window cuts them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np

from sim.arrays.ragged import cumulate_in, starts_of
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

    A context grows by the answer before and by what is appended; what is dropped from it (new input
    below 0) is at most that answer. If it would pass the limit of compaction, the scaffold first
    sends all of it with an instruction, and begins a new history: the static prefix, the summary
    and text carried over, `compaction_to_tokens` in all, and the new input that waits. What is
    longer than the window (in the compaction) or the limit (after it) is cut, as scaffolds cut long
    results of tools. A scaffold that does not compact has no limit here.

    The next call that finds a context full is found by bisection in the largest context so far, the
    limit and all that was left out together. Calls that drop more than they add are found too.

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
    order = np.argsort(who, kind="stable")
    calls_of_agent = np.unique(who, return_counts=True)[1]
    first = starts_of(calls_of_agent)
    added = np.maximum(appended[order] + np.roll(output[order], 1), 0)
    added[first] = begin[order[first]]
    tokens = cumulate_in(added, calls_of_agent)
    compacted, compaction_tokens = np.zeros(len(who), np.bool_), np.zeros(len(who), np.int64)

    if agent.compacts:
        removed = np.zeros(len(who), np.int64)
        for row, asked, out in _compactions(agent, window[order], appended[order], tokens, first):
            compacted[row], compaction_tokens[row], removed[row] = True, asked, out
        tokens -= cumulate_in(removed, calls_of_agent)

    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return Growth(tokens[back], compacted[back], compaction_tokens[back])


def _compactions(
    agent: Agent, window: Ints, appended: Ints, uncompacted: Ints, first: Ints
) -> Iterator[tuple[int, int, int]]:
    """Yield row, context, and tokens that are left out, of each compaction, agent by agent.

    Parameters
    ----------
    agent : Agent
        The scaffold.
    window, appended, uncompacted : array of int, shape (M,)
        Window, new input, and context if nothing were compacted, of the calls of one agent after
        the other.
    first : array of int
        The first row of each agent.
    """
    summary = longest_summary(agent)
    ends = np.append(first[1:], len(uncompacted))
    limits = np.floor(window[first] * agent.compaction_at).astype(np.int64)
    full = np.flatnonzero(np.maximum.reduceat(uncompacted, first) > limits)

    columns = (first[full], ends[full], limits[full], window[first[full]])
    for begin, end, limit, holds in zip(*(c.tolist() for c in columns), strict=True):
        most = np.maximum.accumulate(uncompacted[begin:end]).tolist()
        left_out = at = 0
        while (at := bisect_right(most, limit + left_out, at)) < len(most):
            grown = most[at] - left_out
            begins = min(agent.compaction_to_tokens + int(appended[begin + at]), limit)
            asked = min(grown + agent.compaction_prompt_tokens, holds - summary)
            yield begin + at, asked, grown - begins
            left_out += grown - begins


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
