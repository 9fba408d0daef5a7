"""Traces are read from what ships, and from files, with every fault at once."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.errors import InvalidInputError
from sim.traces import read_client_windows, read_trace, shipped_traces
from sim.traces.trace import resolution_of

GOOD = """\
session,t_s,input_tokens,output_tokens,opens_turn,service_time_s
b,10,100,20,true,1.5
a,3,50,5,false,
a,1,40,0,1,0
"""


def written(folder: Path, text: str, name: str = "trace.csv") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def refused(source: str) -> str:
    with pytest.raises(InvalidInputError) as error:
        read_trace(source)
    return str(error.value)


def test_rows_come_by_session_and_time(tmp_path: Path) -> None:
    rows = read_trace(written(tmp_path, GOOD)).rows
    assert rows["session"].tolist() == [0, 1, 1]  # by first appearance
    assert rows["t_s"].tolist() == [10, 1, 3]
    assert rows["output_tokens"].tolist() == [20, 0, 5]
    assert rows["opens_turn"].tolist() == [True, True, False]
    np.testing.assert_array_equal(rows["service_time_s"], [1.5, 0, np.nan])


def test_the_same_rows_from_csv_gzip_and_parquet(tmp_path: Path) -> None:
    plain = read_trace(written(tmp_path, GOOD)).rows
    (tmp_path / "trace.csv.gz").write_bytes(gzip.compress(GOOD.encode()))
    pd.read_csv(tmp_path / "trace.csv").to_parquet(tmp_path / "trace.parquet")
    for name in ("trace.csv.gz", "trace.parquet"):
        pd.testing.assert_frame_equal(read_trace(tmp_path / name).rows, plain)


def test_columns_that_may_be_left_out(tmp_path: Path) -> None:
    trace = read_trace(written(tmp_path, "t_s,input_tokens,output_tokens\n2,1,1\n1.25,2,2\n\n"))
    assert not trace.has_sessions
    assert trace.rows["t_s"].tolist() == [1.25, 2]
    assert trace.resolution_s == 0.01


def test_all_faults_at_once(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        "t_s,input_tokens,ouput_tokens,service_time_s,opens_turn,session\n"
        "1,1.5,3,-1,maybe,\n"
        "nan,x,3,,yes,s\n"
        "3,200_000,3,2,true,s\n",
    )
    assert refused(source).splitlines() == [
        f"{source}: the column output_tokens is missing; needed are t_s, input_tokens, "
        "output_tokens",
        f"{source}: unknown column 'ouput_tokens'; did you mean 'output_tokens'?",
        f"{source}:2:1: input_tokens: should be a whole number of 0 to 100,000,000; found '1.5', "
        "and 2 more such rows",
        f"{source}:2:1: opens_turn: should be true or false; found 'maybe', and 1 more such rows",
        f"{source}:2:1: service_time_s: should be a number of seconds of at least 0, or empty; "
        "found '-1'",
        f"{source}:2:1: session: should be a text that is not empty; found nothing",
        f"{source}:3:1: t_s: should be a number of seconds within 1e+12; found 'nan'",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": is empty; the first line should name the columns"),
        ("t_s,input_tokens,output_tokens\n", ": should have at least 2 calls; found 0"),
        (
            "t_s,input_tokens,output_tokens\n1,2,3\n1,2\n1,2,3,4\n",
            ":3:1: should have 3 cells as the header has; found 2, and 1 more such lines",
        ),
        (
            "t_s,t_s,input_tokens,output_tokens\n1,1,2,3\n1,1,2,3\n",
            ": the column t_s is there twice; leave one",
        ),
    ],
)
def test_files_that_are_no_trace(tmp_path: Path, text: str, message: str) -> None:
    source = written(tmp_path, text)
    assert refused(source) == source + message


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert refused("clude_code") == (
        "clude_code: no such file, and no shipped trace of this name; did you mean 'claude_code'?"
    )
    assert refused(f"{tmp_path}/x.csv") == f"{tmp_path}/x.csv: no such file"
    assert refused(str(tmp_path)) == f"{tmp_path}: cannot be read: Is a directory"
    assert refused("api_clients_small") == (
        "api_clients_small: has windows of clients, not calls; traces of calls: claude_code, "
        "azure_chat, azure_code, mini_swe_agent"
    )
    for content, message in ((b"\x1f\x8bx", "damaged gzip: "), (b"PAR1x", "no Parquet that reads")):
        (tmp_path / "bad").write_bytes(content)
        assert refused(str(tmp_path / "bad")).startswith(f"{tmp_path}/bad: {message}")


@pytest.mark.parametrize(
    ("times", "step"),
    [([60, 180], 60), ([1, 4], 1), ([0.1, 0.7], 0.1), ([0.123457, 1], 1e-6), ([np.pi, 2], 0)],
)
def test_resolution_of_times(times: list[float], step: float) -> None:
    assert resolution_of(np.array(times)) == step


# --- what ships


@pytest.mark.parametrize("name", [k for k, v in shipped_traces().items() if v.kind == "calls"])
def test_shipped_traces_of_calls(name: str) -> None:
    trace = read_trace(name)
    rows = trace.rows
    assert trace.workload in ("coding", "chat", "api", "benchmark")
    assert trace.licence in ("Apache-2.0", "CC-BY-4.0")
    assert set(rows["part"]) == {"fit", "test"}
    assert trace.has_sessions == (trace.workload in ("coding", "benchmark"))
    assert rows["input_tokens"].median() > 0
    if trace.has_sessions:
        assert (rows.groupby("session")["t_s"].diff().dropna() >= 0).all()


def test_claude_code_is_as_it_was_published() -> None:
    """The catalog's agent says that 147 sessions take up 60 thousand tokens of an earlier one."""
    rows = read_trace("claude_code").rows
    assert (len(rows), rows["session"].nunique()) == (23_669, 360)
    assert (rows.groupby("session")["input_tokens"].first() >= 60_000).sum() == 147
    assert rows["opens_turn"].sum() == 3_233 + 316
    assert read_trace("claude_code").resolution_s == 1


@pytest.mark.parametrize(
    ("name", "clients"), [("api_clients_large", 162), ("api_clients_small", 43)]
)
def test_shipped_windows_of_clients(name: str, clients: int) -> None:
    found = read_client_windows(name)
    assert found.windows["client"].nunique() == clients
    assert found.windows["w"].between(0, 2015).all()
    assert (found.windows.groupby("client")["part"].nunique() == 1).all()
    both = found.tokens.merge(found.windows[["client", "part"]].drop_duplicates(), on="client")
    assert (both["part_x"] == both["part_y"]).all()
    with pytest.raises(InvalidInputError, match="no shipped trace of windows of clients"):
        read_client_windows("claude_code")
