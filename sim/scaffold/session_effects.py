"""What the calls of a session have in common: their lengths and pauses go together.

Some sessions are long-winded or slow from beginning to end, and within a session stretches of
calls are like each other. So a length or a pause is drawn by a normal score with three parts:
z = sqrt(s) * session + sqrt(t) * stretch + sqrt(1 - s - t) * call. Two calls of a session that are
k calls apart have the correlation s + t * 0.8^k, and each value still follows its distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.types import Floats, Ints
from sim.catalog import Agent

# The chance that a stretch goes on with the next call. Correlations of recorded sessions fall from
# .24 at one call apart to .15 at five and .1 at twenty (kv-cache-tester).
_GOES_ON = 0.8


@dataclass(frozen=True)
class SessionScores:
    """Draws normal scores of M calls for one purpose after the other.

    Attributes
    ----------
    agent : Agent
        Shares of the variance that lie between sessions and between stretches of calls.
    session : array of int, shape (M,)
        Number of the session of each call, ascending from 0.
    rng : callable
        Returns the random stream of a purpose.
    """

    agent: Agent
    session: Ints
    rng: Callable[[str], np.random.Generator]

    def draw(self, purpose: str) -> Floats:
        """Draw standard normal scores, shape (M,); those for other purposes are independent."""
        agent, scores = self.agent, self.rng(purpose).standard_normal(len(self.session))
        if not len(scores) or not agent.session_share + agent.stretch_share:
            return scores

        stretch = self.stretch
        stretches, sessions = int(stretch[-1]) + 1, int(self.session[-1]) + 1
        of_stretch = self.rng(f"{purpose} of stretches").standard_normal(stretches)
        of_session = self.rng(f"{purpose} of sessions").standard_normal(sessions)
        of_stretch *= sqrt(agent.stretch_share)
        of_session *= sqrt(agent.session_share)
        own = sqrt(1 - agent.session_share - agent.stretch_share)
        _add_common(scores, own, stretch, of_stretch, self.session, of_session)
        return scores

    @cached_property
    def stretch(self) -> Ints:
        """Number of the stretch of each call, ascending from 0; the same for all purposes."""
        return self.draw_stretches()

    def draw_stretches(self) -> Ints:
        """Draw which calls of a session are a stretch, shape (M,)."""
        stretch = np.empty(len(self.session), np.int64)
        uniform = self.rng("stretches").random(len(stretch))
        _number_stretches(uniform, self.session, stretch)
        return stretch


class PilotScores(SessionScores):
    """Draws stretches anew for each purpose; the figures that follow from pilots hang on that."""

    @property
    def stretch(self) -> Ints:
        """Number of the stretch of each call, another each time."""
        return self.draw_stretches()


@compiled
def _number_stretches(uniform: Floats, session: Ints, stretch: Ints) -> None:
    """Begin a stretch with each session, and where the one before does not go on."""
    number = -1
    for call in range(len(session)):
        if call == 0 or session[call] != session[call - 1] or uniform[call] >= _GOES_ON:
            number += 1
        stretch[call] = number


@compiled
def _add_common(
    scores: Floats,
    own: float,
    stretch: Ints,
    of_stretch: Floats,
    session: Ints,
    of_session: Floats,
) -> None:
    """Add what the scores of a stretch and of a session have in common."""
    for call in range(len(scores)):
        score = scores[call] * own + of_stretch[stretch[call]]
        scores[call] = score + of_session[session[call]]
