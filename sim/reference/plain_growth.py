"""How contexts grow, and when they are compacted, call by call."""

from __future__ import annotations

import math

import numpy as np

from sim.arrays.types import Ints
from sim.catalog import Agent
from sim.scaffold.context_growth import Growth


def plain_growth(
    agent: Agent, window: Ints, who: Ints, begin: Ints, appended: Ints, output: Ints
) -> Growth:
    """Return the context of each call, and the compactions.

    The fast engine takes it in the place of its own, which goes through all agents at once.

    Parameters
    ----------
    agent
        The scaffold.
    window
        Window of the model of each call, shape (calls,).
    who
        Number of the agent that makes each call, shape (calls,).
    begin
        Context of each call if it is the first of its agent, shape (calls,).
    appended, output
        Tokens of new input, and of the answer, of each call, shape (calls,).
    """
    tokens, compacted, compaction_tokens = [], [], []
    latest: dict[int, tuple[int, int]] = {}  # context and answer
    room = agent.compaction_to_tokens - agent.static_prefix_tokens
    summary = max(1, min(agent.max_tokens, room))
    columns = (window, who, begin, appended, output)

    for holds, number, first, new, answer in zip(*(c.tolist() for c in columns), strict=True):
        before, answered = latest.get(number, (first, 0))
        context = before + max(answered + new, 0) if number in latest else first
        limit = math.floor(holds * agent.compaction_at)
        compacts = agent.compacts and context > limit
        asked = 0
        if compacts:
            asked = min(context + agent.compaction_prompt_tokens, holds - summary)
            context = min(agent.compaction_to_tokens + new, limit)

        tokens.append(context)
        compacted.append(compacts)
        compaction_tokens.append(asked)
        latest[number] = context, answer
    return Growth(np.array(tokens), np.array(compacted), np.array(compaction_tokens))
