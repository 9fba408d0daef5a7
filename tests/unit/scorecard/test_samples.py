"""What of a run counts: whole sessions, times as the trace has them, the busier stretches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sim.scorecard.calls import Calls
from sim.scorecard.goals import Goal, goals
from sim.scorecard.run_rows import RunRows, _sessions
from sim.scorecard.samples import _busy, of_one_rate, rate_of

ROWS = RunRows(
    name="run",
    t_s=np.array([10.0, 11.4, 12.0, 50.0, 51.0, 95.0]),
    account=np.zeros(6, np.int64),
    session=np.array([0, 0, 0, 1, 1, 2]),
    is_whole=np.array([True, True, True, False, False, True]),
    answered=np.array([True, False, True, True, True, True]),
    input_tokens=np.full(6, 100.0),
    output_tokens=np.arange(6.0),
    opens_turn=np.array([True, False, False, True, False, True]),
    prefix_tokens=None,
    item=None,
    length_s=100.0,
)


def stream(calls: int, length_s: float = 100.0) -> Calls:
    ones = np.ones(calls)
    times = np.linspace(0, length_s - 1, calls)
    zeros = np.zeros(calls, np.int64)
    return Calls.sorted(zeros, times, length_s=length_s, input_tokens=ones, output_tokens=ones)


def test_whole_sessions_of_answered_calls_count() -> None:
    """Session 1 began before the log, session 2 in its last tenth; one attempt failed."""
    calls = ROWS.sessions()
    assert calls.output_tokens.tolist() == [0, 2]
    assert calls.t_s.tolist() == [0, 2]
    assert calls.failed_share == pytest.approx(1 / 6)


def test_times_are_rounded_as_the_trace_has_them() -> None:
    calls = replace(ROWS, answered=np.ones(6, bool)).sessions()
    assert calls.rounded(1.0).t_s.tolist() == [0, 1, 2]
    assert calls.rounded(0.0) is calls


def test_without_truth_conversations_and_pauses_make_sessions() -> None:
    account = np.array([0, 0, 1, 0, 0, 1])
    t_s = np.array([0.0, 60, 70, 80, 5_000, 5_100])
    by_pause = _sessions(pd.DataFrame(index=range(6)), account, t_s)
    assert [by_pause[0] == x for x in by_pause] == [True, True, False, True, False, False]
    assert len(set(by_pause)) == 4

    named = pd.DataFrame({"conversation_id": [7, 7, 0, 0, 7, 8]})
    found = _sessions(named, account, t_s)
    assert found[0] == found[1] == found[4]
    assert len(set(found)) == 4


def test_the_busier_half_of_the_stretches_counts() -> None:
    assert _busy(np.array([0, 5, 9, 7])).tolist() == [2, 3]
    assert len(_busy(np.arange(100))) == 12


def test_the_busier_stream_is_thinned_to_the_rate_of_the_other() -> None:
    rng = np.random.default_rng(1)
    busy, calm = of_one_rate((stream(4_000), stream(1_000)), rng)
    assert len(calm) == 1_000
    assert rate_of(busy) == pytest.approx(rate_of(calm), rel=0.15)


def test_goals_measure_distance_as_their_kind_says() -> None:
    assert Goal("x", "x", "ratio", 0.2).distance(2, 1) == pytest.approx(np.log(2), rel=0.01)
    assert Goal("x", "x", "difference", 0.2).distance(0.25, 0.5) == 0.25
    assert np.isnan(Goal("x", "x", "difference", 0.2).distance(np.nan, 0.5))
    failures = Goal("x", "x", "range", 0.08, least=0.01)
    assert [failures.passes(x) for x in (0.0, 0.03, 0.2, np.nan)] == [False, True, False, False]


def test_each_class_has_its_goals_once() -> None:
    for form in ("sessions", "stream", "clients"):
        for workload in ("coding", "chat", "api", "benchmark"):
            ids = [goal.id for goal in goals(workload, form)]
            assert len(ids) == len(set(ids)) > 10
