"""A library of a trace: what a call is, and which calls resemble each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.calibration.library import library_from_trace, recorded_calls
from sim.errors import InvalidInputError
from sim.scaffold.library_sessions import draw_library_sessions
from sim.traces import Trace, read_trace

TWO_SESSIONS = pd.DataFrame(
    {
        "session": [0, 0, 0, 1, 1],
        "t_s": [0.0, 10.0, 100.0, 0.0, 7.0],
        "input_tokens": [900, 1_200, 400, 2_000, 2_050],
        "output_tokens": [50, 60, 70, 80, 90],
        "opens_turn": [False, False, True, True, False],
        "service_time_s": [4.0, np.nan, 5.0, 3.0, 2.0],
    }
)


def test_what_a_trace_states_of_calls() -> None:
    calls = recorded_calls(TWO_SESSIONS)
    assert calls["source"].tolist() == [0, 0, 0, 1, 1]
    # the second call's time of service is taken to be the median of its session
    assert calls["wait_s"].tolist() == [0.0, 6.0, 85.5, 0.0, 4.0]
    assert calls["growth"].tolist() == [0, 300, -800, 0, 50]
    assert calls["begin_tokens"].tolist() == [900, 0, 0, 2_000, 0]
    assert calls["opens_turn"].tolist() == [True, False, True, True, False]


def test_without_times_of_service_a_wait_is_the_whole_gap() -> None:
    calls = recorded_calls(TWO_SESSIONS.drop(columns=["service_time_s", "opens_turn"]))
    assert calls["wait_s"].tolist() == [0.0, 10.0, 90.0, 0.0, 7.0]
    assert calls["opens_turn"].tolist() == [True, False, False, True, False]


def made_up(sessions: int, calls: int, copies: int = 0) -> Trace:
    """Return a trace of sessions of as many calls; the last `copies` of them are forks."""
    rng = np.random.default_rng(1)
    size = sessions * calls
    rows = pd.DataFrame(
        {
            "session": np.repeat(np.arange(sessions), calls),
            "t_s": rng.exponential(10, (sessions, calls)).cumsum(axis=1).ravel(),
            "input_tokens": (1_000 + rng.integers(0, 10**6, size)),
            "output_tokens": rng.integers(1, 10**5, size),
        }
    )
    is_copy = rows["session"] >= sessions - copies
    same = rows.loc[rows["session"] == 0, ["input_tokens", "output_tokens"]].to_numpy()
    rows.loc[is_copy, ["input_tokens", "output_tokens"]] = np.tile(same, (copies, 1))
    return Trace("mine.csv", rows, 0.0, "")


def test_of_forks_of_a_conversation_the_longest_is_kept() -> None:
    trace = made_up(8, 6, copies=2)
    longest = trace.only((trace.rows["session"] == 6) | (trace.rows.index % 6 < 5))
    library = library_from_trace(longest, "mine")
    assert library.sources == 6
    kept = longest.rows[longest.rows["session"].isin([1, 2, 3, 4, 5, 6])]
    assert np.array_equal(library.output_tokens, kept["output_tokens"])


def test_calls_that_ask_for_no_answer_are_left_out() -> None:
    trace = made_up(4, 5)
    trace.rows.loc[[0, 7], "output_tokens"] = 0
    library = library_from_trace(trace, "mine")
    assert np.array_equal(library.output_tokens, trace.rows["output_tokens"].drop([0, 7]))
    assert library.begin_tokens[0] == trace.rows["input_tokens"][1]


def test_of_a_large_trace_sessions_are_kept_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.calibration.library.MOST_ROWS", 20)
    trace = made_up(12, 5)
    library = library_from_trace(trace, "mine")
    kept = trace.rows[trace.rows["session"].isin([0, 3, 6, 9])]
    assert np.array_equal(library.output_tokens, kept["output_tokens"])


def test_a_small_trace_will_do() -> None:
    library = library_from_trace(made_up(3, 2), "mine")
    drawn = draw_library_sessions(library, 20, np.random.default_rng(2))
    assert set(drawn.per_session.tolist()) <= {1, 2}


def test_sessions_are_needed(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("t_s,input_tokens,output_tokens\n0,10,5\n1,12,5\n")
    with pytest.raises(InvalidInputError) as error:
        library_from_trace(read_trace(path), "mine")
    assert str(error.value) == f"{path}: has no column session; a library needs sessions"


def test_sessions_that_share_no_calls_are_needed() -> None:
    with pytest.raises(InvalidInputError) as error:
        library_from_trace(made_up(3, 5, copies=2), "mine")
    assert str(error.value) == (
        "mine.csv: a library needs at least 3 sessions that share no calls; found 1"
    )
