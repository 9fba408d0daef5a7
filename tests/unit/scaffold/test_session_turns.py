"""Turns of sessions that are drawn from recorded ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.arrays.ragged import cumulate_in, starts_of
from sim.catalog import agents, library_named
from sim.reference.plain_growth import plain_growth
from sim.scaffold.context_growth import grow_contexts
from sim.scaffold.expected_calls import mean_session_calls
from sim.scaffold.session_turns import SessionTurns, Windows, draw_session_turns, source_weights
from tests.support.scenarios import coders

AGENT = agents()["coding-cli"]
LIBRARY = library_named("claude-code")
STANDARD, LONG = 200_000, 1_000_000


def drawn(sessions: int = 300, window: int = STANDARD, **dials: Any) -> SessionTurns:
    windows = Windows(np.full(sessions, window), np.full(sessions, STANDARD))
    return draw_session_turns(coders(**dials), AGENT, windows, np.random.default_rng(1))


def rows_of(asked: SessionTurns) -> Any:
    assert asked.recorded is not None
    return asked.recorded


def longest_inputs() -> Any:
    added = np.where(LIBRARY.begin_tokens > 0, LIBRARY.begin_tokens, LIBRARY.growth)
    calls = np.bincount(LIBRARY.source)
    return np.maximum.reduceat(cumulate_in(added, calls), starts_of(calls))


def test_a_turn_goes_from_a_recorded_call_that_opens_one_to_the_next() -> None:
    asked = drawn()
    rows, first = rows_of(asked), starts_of(asked.turns.calls)
    assert len(rows) == asked.turns.calls.sum() == asked.calls_per_session.sum()
    opens_turn = np.zeros(len(rows), np.bool_)
    opens_turn[first] = True
    opens_session = np.zeros(len(rows), np.bool_)
    opens_session[starts_of(asked.calls_per_session)] = True
    assert (opens_turn == (LIBRARY.opens_turn[rows] | opens_session)).all()
    assert (LIBRARY.begin_tokens[rows[opens_session]] > 0).all()


def test_the_user_waits_about_as_long_as_the_recorded_one() -> None:
    asked = drawn()
    recorded_s = LIBRARY.wait_s[rows_of(asked)[starts_of(asked.turns.calls)]]
    later = recorded_s > 1
    ratio = asked.human_gap_us[later] / 1e6 / recorded_s[later]
    assert 0.95 < np.median(ratio) < 1.05
    assert 0.02 < np.log(ratio).std() < 0.3


def test_refused_turns_keep_the_first_call_and_warm_up_calls_come_before_it() -> None:
    asked = drawn(refusal_share=0.3, prewarm_share=0.3)
    turns, rows = asked.turns, rows_of(asked)
    assert (turns.calls[turns.refused] == 1 + turns.prewarmed[turns.refused]).all()
    first = starts_of(turns.calls)[turns.prewarmed]
    assert len(first) > 100
    assert (rows[first] == rows[first + 1]).all()


def test_long_windows_are_for_recorded_sessions_that_needed_them() -> None:
    longest = longest_inputs()
    for window, needed in ((STANDARD, False), (LONG, True)):
        asked = drawn(window=window)
        begins = LIBRARY.source[rows_of(asked)[starts_of(asked.calls_per_session)]]
        assert ((longest[begins] > STANDARD) == needed).all()


def test_a_tilt_makes_sessions_of_a_kind_more_likely() -> None:
    plain = source_weights(LIBRARY, {}, STANDARD, STANDARD)
    assert set(plain.tolist()) == {0.0, 1.0}
    turns = drawn().turns.calls.mean()
    assert drawn(library_tilt={"calls_per_turn": 1.0}).turns.calls.mean() > 1.2 * turns
    assert drawn(library_tilt={"calls_per_turn": -1.0}).turns.calls.mean() < 0.85 * turns


def test_sessions_are_picked_with_their_calls() -> None:
    asked = drawn(6)
    keep = np.array([True, False, True, True, False, True])
    kept = asked.pick(keep)
    which = np.repeat(keep, asked.calls_per_session)
    assert rows_of(kept).tolist() == rows_of(asked)[which].tolist()
    assert kept.calls_per_session.tolist() == asked.calls_per_session[keep].tolist()


@pytest.mark.parametrize("dials", [{}, {"refusal_share": 0.2, "prewarm_share": 0.1}])
def test_expected_calls_are_those_of_many_sessions(dials: dict[str, Any]) -> None:
    """Compactions come on top, one in a hundred calls or so."""
    asked = drawn(4_000, long_context_share=0.0, **dials)
    mean = mean_session_calls(coders(long_context_share=0.0, **dials), "coding-cli")
    assert mean == pytest.approx(1.01 * asked.calls_per_session.mean(), rel=0.03)


def test_calls_that_drop_more_than_they_add_are_compacted_as_a_loop_says() -> None:
    rng = np.random.default_rng(4)
    who = np.sort(rng.integers(0, 30, 4_000))
    window = np.full(len(who), 60_000)
    begin = rng.integers(10_000, 50_000, len(who))
    appended = rng.integers(-9_000, 9_000, len(who))
    output = rng.integers(0, 500, len(who))
    fast = grow_contexts(AGENT, window, who, begin, appended, output)
    plain = plain_growth(AGENT, window, who, begin, appended, output)
    assert fast.compacted.sum() > 30
    for column, expected in zip(fast, plain, strict=True):
        assert column.tolist() == expected.tolist()
