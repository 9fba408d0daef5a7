"""The verb calibrate: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.commands import refused, sim

pytestmark = pytest.mark.usefixtures("here")


def test_figures_are_printed_and_a_file_is_written() -> None:
    result = sim("calibrate", "mini_swe_agent", "-o", "new/params.yaml", "--as", "dials")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:2] == [
        "mini_swe_agent: fitted to 266 calls of 12 sessions, tested on 136 calls of 8 sessions",
        "agent mini-swe-agent: dials",
    ]
    assert lines[2].split() == (
        ["quantity", "unit", "fit", "p10", "p50", "p90", "test", "p10", "p50", "p90", "distance"]
    )
    assert "not identified:" in lines
    assert (
        "- who starts a call: no column opens_turn: after a pause of 60 s a person is taken to"
        in (lines)
    )
    assert result.stderr == "calibration: new/params.yaml\n"
    assert Path("new/params.yaml").read_text().startswith("# Written by `sim calibrate`;")


def test_json_and_a_library() -> None:
    result = sim("calibrate", "mini_swe_agent", "-o", "fit.yaml", "--json", "--agent", "chat")
    assert result.exit_code == 0
    made = json.loads(result.stdout)
    assert made["agent"] == "chat"
    assert made["library"]["file"] == "fit.parquet"
    assert Path("fit.parquet").is_file()
    assert result.stderr == "calibration: fit.yaml, fit.parquet\n"
    assert sim("calibrate", "mini_swe_agent", "-o", "fit.yaml", "-q").stderr == ""


def test_what_is_refused() -> None:
    Path("bad.csv").write_text("t_s,input_tokens,output_tokens\n1,2,x\n2,3,4\n")
    assert refused(sim("calibrate", "bad.csv", "-o", "p.yaml")) == (
        "bad.csv:2:1: output_tokens: should be a whole number of 0 to 100,000,000; found 'x'\n"
    )
    assert refused(sim("calibrate", "azure_cod", "-o", "p.yaml")) == (
        "azure_cod: no such file, and no shipped trace of this name; did you mean 'azure_code'?\n"
    )
    assert refused(sim("calibrate", "azure_code", "-o", "bad.csv/p.yaml")).startswith(
        "--out: bad.csv/p.yaml lies below the file "
    )
    assert "Missing option '-o' / '--out'" in refused(sim("calibrate", "azure_code"))
    assert not Path("p.yaml").exists()


def test_traces_are_listed() -> None:
    result = sim("list", "traces", "--json")
    records = {record["id"]: record for record in json.loads(result.stdout)}
    assert records["azure_chat"]["licence"] == "CC-BY-4.0"
    assert records["claude_code"]["rows"] == 23_669
