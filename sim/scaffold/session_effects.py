"""What the calls of a session have in common: their lengths and pauses go together.

Some sessions are long-winded or slow from beginning to end, and within a session stretches of
calls are like each other. So a length or a pause is drawn by a normal score with three parts:
z = sqrt(s) * session + sqrt(t) * stretch + sqrt(1 - s - t) * call. Two calls of a session that are
k calls apart have the correlation s + t * 0.8^k, and each value still follows its distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.catalog import Agent

# The chance that a stretch goes on with the next call. Correlations of recorded sessions fall from
# .24 at one call apart to .15 at five and .1 at twenty (kv-cache-tester).
_GOES_ON = 0.8


def session_scores(
    agent: Agent, session: Ints, purpose: str, rng: Callable[[str], np.random.Generator]
) -> Floats:
    """Draw the normal scores of calls for one purpose.

    Parameters
    ----------
    agent : Agent
        Shares of the variance that lie between sessions and between stretches of calls.
    session : array of int, shape (M,)
        Number of the session of each call, ascending from 0.
    purpose : str
        What the scores are for; scores for other purposes are independent.
    rng : callable
        Returns the random stream of a purpose.

    Returns
    -------
    array of float, shape (M,)
        Standard normal.
    """
    scores = rng(purpose).standard_normal(len(session))
    if not len(session) or not agent.session_share + agent.stretch_share:
        return scores

    begins = rng("stretches").random(len(session)) >= _GOES_ON
    begins[0] = True
    begins[1:] |= session[1:] != session[:-1]
    of_stretch = rng(f"{purpose} of stretches").standard_normal(int(begins.sum()))
    of_session = rng(f"{purpose} of sessions").standard_normal(int(session[-1]) + 1)

    scores *= sqrt(1 - agent.session_share - agent.stretch_share)
    scores += (sqrt(agent.stretch_share) * of_stretch)[np.cumsum(begins) - 1]
    scores += (sqrt(agent.session_share) * of_session)[session]
    return scores
