"""What calls of a session have in common: correlations as asked, and marginals as they were."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from sim.catalog import Agent, agents
from sim.scaffold.session_effects import SessionScores
from tests.support.scenarios import lognormal
from tests.unit.scaffold.test_fill import filled, sessions

SESSIONS, CALLS = 4_000, 30


def agent(session_share: float, stretch_share: float, **dials: Any) -> Agent:
    shares = {"session_share": session_share, "stretch_share": stretch_share}
    return agents()["mini-swe-agent"].model_copy(update={**shares, **dials})


def scores(
    session_share: float, stretch_share: float, purpose: str = "output", sessions: int = SESSIONS
) -> Any:
    rngs = cache(lambda name: np.random.default_rng([5, *name.encode()]))
    of = agent(session_share, stretch_share)
    session = np.repeat(np.arange(sessions), CALLS)
    drawn = SessionScores(of, session, lambda name: rngs(name)).draw(purpose)
    return drawn.reshape(sessions, CALLS)


@pytest.mark.parametrize("shares", [(0.0, 0.0), (0.12, 0.15), (0.5, 0.0), (0.0, 0.6), (0.4, 0.6)])
def test_correlations_are_those_of_the_shares(shares: tuple[float, float]) -> None:
    between, stretch = shares
    z = scores(*shares)
    assert z.mean() == pytest.approx(0, abs=0.05)
    assert z.std() == pytest.approx(1, abs=0.02)
    for apart in (1, 2, 5, 20):
        found = np.corrcoef(z[:, :-apart].ravel(), z[:, apart:].ravel())[0, 1]
        assert found == pytest.approx(between + stretch * 0.8**apart, abs=0.02)


def test_sessions_and_purposes_have_nothing_in_common() -> None:
    z, other = scores(0.4, 0.3), scores(0.4, 0.3, "append")
    assert abs(np.corrcoef(z[:-1, -1], z[1:, 0])[0, 1]) < 0.06
    assert abs(np.corrcoef(z[:, 0], other[:, 0])[0, 1]) < 0.06


def test_a_session_does_not_depend_on_those_after_it() -> None:
    assert scores(0.4, 0.3, sessions=7).tolist() == scores(0.4, 0.3)[:7].tolist()


def test_no_calls_have_no_scores() -> None:
    empty = np.zeros(0, np.int64)
    of_none = SessionScores(agent(0.1, 0.1), empty, lambda _: np.random.default_rng(1))
    assert not len(of_none.draw("output"))


def test_answers_and_pauses_of_a_session_go_together() -> None:
    law = {"output_tokens": lognormal(300, 0.6), "tool_time_s": lognormal(5, 1.0)}
    x = filled(sessions([1] * 2_000, [CALLS] * 2_000), agent(0.3, 0.2, **law))
    for values in (x.calls.output_tokens, x.calls.wait_us + 1):
        log = np.log(values.reshape(-1, CALLS)[:, 1:].astype(float))
        nearby = np.corrcoef(log[:, :-1].ravel(), log[:, 1:].ravel())[0, 1]
        far = np.corrcoef(log[:, :-20].ravel(), log[:, 20:].ravel())[0, 1]
        assert nearby == pytest.approx(0.46, abs=0.03)
        assert far == pytest.approx(0.3, abs=0.03)
