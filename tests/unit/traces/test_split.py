"""Parts of a trace share nothing, and are the same each time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sim.errors import InvalidInputError
from sim.traces import Trace, read_trace, session_clusters, split_trace
from sim.traces.split import in_fit_part


def trace_of(**columns: object) -> Trace:
    rows = pd.DataFrame(columns)
    if "t_s" not in rows:
        rows["t_s"] = np.arange(len(rows), dtype=float)
    return Trace("made", rows, 1.0, "")


def test_sessions_that_share_calls_are_one_cluster() -> None:
    trace = trace_of(
        session=[0, 0, 1, 1, 2, 2, 3],
        input_tokens=[10, 20, 10, 30, 30, 50, 60],
        output_tokens=[1, 2, 1, 3, 3, 5, 6],
    )
    assert session_clusters(trace).tolist() == [0, 0, 0, 0, 0, 0, 1]  # 0 with 1, 1 with 2


def test_a_call_that_many_sessions_have_joins_none() -> None:
    calls = 2 * np.ones(80)
    trace = trace_of(session=np.arange(80), input_tokens=calls, output_tokens=calls)
    assert len(set(session_clusters(trace))) == 80


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_call_of_a_conversation_is_in_both_parts(seed: int) -> None:
    fit, test = split_trace(read_trace("claude_code"), seed)
    keys = ["input_tokens", "output_tokens", "prefix_tokens"]
    assert fit.rows.merge(test.rows, on=keys).empty
    assert not set(fit.rows["session"]) & set(test.rows["session"])
    assert len(fit.rows) / (len(fit.rows) + len(test.rows)) == pytest.approx(2 / 3, abs=0.03)


def test_other_seeds_give_other_parts() -> None:
    trace = read_trace("mini_swe_agent")
    parts = {tuple(in_fit_part(trace, seed)) for seed in (0, 0, 1, 2)}
    assert len(parts) == 3


@pytest.mark.parametrize("name", ["claude_code", "azure_chat", "azure_code", "mini_swe_agent"])
def test_shipped_parts_are_those_of_the_rule(name: str) -> None:
    trace = read_trace(name)
    np.testing.assert_array_equal(in_fit_part(trace), trace.rows["part"] == "fit")


def test_without_sessions_clients_are_told_apart_else_times() -> None:
    numbers = np.arange(30)
    ones = np.ones(30)
    of_clients = trace_of(client=numbers % 6, input_tokens=ones, output_tokens=ones)
    fit, test = split_trace(of_clients)
    assert (fit.rows["client"].nunique(), test.rows["client"].nunique()) == (4, 2)
    fit, test = split_trace(trace_of(input_tokens=ones, output_tokens=ones))
    assert fit.rows["t_s"].max() < 14.5 < test.rows["t_s"].min()


@pytest.mark.parametrize("large", range(4))
def test_a_session_that_outweighs_all_others(large: int) -> None:
    session = np.repeat(np.arange(4), [100 if k == large else 2 for k in range(4)])
    numbers = np.arange(len(session))
    fit, test = split_trace(trace_of(session=session, input_tokens=numbers, output_tokens=numbers))
    assert {len(fit.rows), len(test.rows)} <= {2, 4, 6, 100, 102, 104}


def test_what_cannot_be_split() -> None:
    one = trace_of(session=[0, 0], input_tokens=[1, 2], output_tokens=[1, 2])
    with pytest.raises(InvalidInputError) as error:
        split_trace(one)
    assert str(error.value) == (
        "made: cannot be split into a part to fit and a part to test; give a trace of more "
        "sessions that share no calls"
    )
