"""How the context of a session grows from call to call, is compacted, and meets the window."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.ragged import cumulate_in, position_in, starts_of
from sim.arrays.types import Bools, Ints
from sim.catalog import Agent

_NO_LIMIT = 1 << 40


class Contexts(NamedTuple):
    """Contexts of calls; arrays of shape (M,).

    Attributes
    ----------
    tokens : array of int
        All input tokens of the call.
    epoch : array of int
        Compactions of the session so far; -1 - task for the calls of a sub-agent.
    messages : array of int
        Messages in the context, always odd.
    """

    tokens: Ints
    epoch: Ints
    messages: Ints


def grow_contexts(
    agent: Agent,
    window: Ints,
    base: Ints,
    appended: Ints,
    output: Ints,
    task: Ints,
    in_sub_agent: Bools,
    per_session: Ints,
) -> Contexts:
    """Return the context of each call, in closed form instead of call by call.

    A context grows by what is appended and by the answer before. Whenever it would pass the limit
    of compaction, the scaffold replaces (limit - compaction_to_tokens) tokens by nothing. So after
    n compactions it is the uncompacted context less n times that, with the smallest n that keeps
    it within the limit; n is the epoch. A scaffold that does not compact has no limit here. A
    sub-agent has a context of its own, which begins with the static prefix.

    Parameters
    ----------
    agent : Agent
        The scaffold.
    window, appended, output : array of int, shape (M,)
        Window of the model, tokens of new input, and tokens of the answer of each call.
    base : array of int, shape (S,)
        Context of the first call of each session.
    task : array of int, shape (M,)
        Number of the task.
    in_sub_agent : array of bool, shape (M,)
        Calls of sub-agents.
    per_session : array of int, shape (S,)
        Calls of each session.
    """
    limit = np.full(len(window), _NO_LIMIT)
    if agent.compacts:
        limit = np.floor(window * agent.compaction_at).astype(np.int64)

    # what is new in each call; that of sub-agents stays out of the session's own context
    growth = appended + _of_call_before(output, per_session)
    growth[starts_of(per_session)] = 0
    own_growth = np.where(in_sub_agent, 0, growth)
    uncompacted = np.repeat(base, per_session) + cumulate_in(own_growth, per_session)
    removed = limit - agent.compaction_to_tokens
    epoch = np.maximum(0, -((limit - uncompacted) // removed))
    tokens = uncompacted - epoch * removed

    # two messages a call, counted from the last call with a new context
    own_calls = cumulate_in((~in_sub_agent).astype(np.int64), per_session) - 1
    new_context = (epoch != _of_call_before(epoch, per_session)) & ~in_sub_agent
    new_context[starts_of(per_session)] = True
    messages = 2 * (own_calls - _at_last(new_context, own_calls, per_session)) + 1

    if in_sub_agent.any():
        sub = np.flatnonzero(in_sub_agent)
        calls_of_sub_agent = np.bincount(task[sub])
        calls_of_sub_agent = calls_of_sub_agent[calls_of_sub_agent > 0]
        first = starts_of(calls_of_sub_agent)
        growth_of_sub = growth[sub]
        growth_of_sub[first] = appended[sub][first]
        grown = agent.static_prefix_tokens + cumulate_in(growth_of_sub, calls_of_sub_agent)
        tokens[sub] = np.minimum(grown, limit[sub])
        epoch[sub] = -1 - task[sub]
        messages[sub] = 2 * position_in(calls_of_sub_agent) + 1
    return Contexts(tokens, epoch, messages)


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


def _of_call_before(values: Ints, per_session: Ints) -> Ints:
    """Return the value of the call before in the session, 0 for the first."""
    before = np.roll(values, 1)
    before[starts_of(per_session)] = 0
    return before


def _at_last(flags: Bools, values: Ints, per_session: Ints) -> Ints:
    """Return the value at the last flag of the session at or before each call."""
    row = np.arange(len(flags))
    last = np.maximum.accumulate(np.where(flags, row, 0))
    return values[np.maximum(last, np.repeat(starts_of(per_session), per_session))]
