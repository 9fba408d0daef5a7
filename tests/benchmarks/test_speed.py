"""Ratios of speed, each measured in one run on one machine; `make bench` prints the tables.

`SIM_BENCH_LARGEST` is the scale of the largest run, 5.2 if it is not set: 151 million exchanges,
which take some minutes and 30 GB of disk.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import sim as package
from tests.support.paths import ROOT

pytestmark = pytest.mark.bench

LIMITED = str(Path(__file__).with_name("standard.yaml"))
LOAD = "reported_2026_02"
SLICE, MIDDLE, LARGE = 0.005, 0.2, 0.5
LARGEST = float(os.environ.get("SIM_BENCH_LARGEST", "5.2"))
SCALES = (0.055, 0.55, LARGEST)

Measured = dict[str, Any]


def measure(*arguments: object, one_core: bool = False) -> Measured:
    """Run `tests.benchmarks.measure` in a process of its own."""
    prefix = ["taskset", "-c", "0"] if one_core else []
    command = [*prefix, sys.executable, "-m", "tests.benchmarks.measure", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    result: Measured = json.loads(done.stdout)
    return result


def best(rounds: int, *arguments: object, one_core: bool = False) -> Measured:
    """The fastest of some rounds: what else the machine did disturbed it least."""
    return min((measure(*arguments, one_core=one_core) for _ in range(rounds)), key=per_exchange)


def per_exchange(result: Measured) -> float:
    return float(result["seconds"] / result.get("exchanges", 1))


def ratio(slow: Measured, fast: Measured) -> float:
    return per_exchange(slow) / per_exchange(fast)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def test_under_limits_against_the_reference_engine(show: Any) -> None:
    """All mechanisms on, one organisation of users in twenty at its limits, one core."""
    slow = best(2, "reference", LIMITED, 0.1, one_core=True)
    fast = best(2, "profile", LIMITED, 2.0, one_core=True)
    rows = [
        ["reference engine, one core", f"{slow['exchanges']:,}", "100 %", "1.0"],
        [
            "`sim run -j 1`, 20 times the load",
            f"{fast['exchanges']:,}",
            f"{fast['event by event'] / fast['exchanges']:.1%}",
            f"{ratio(slow, fast):.1f}",
        ],
    ]
    header = ["", "exchanges", "event by event", "ratio of exchanges per second"]
    show("Under limits, against the reference engine", table(header, rows))
    assert ratio(slow, fast) > 4


def test_standard_load_against_the_reference_engine(show: Any) -> None:
    slow = best(2, "reference", LOAD, SLICE, one_core=True)
    fast = {columns: measure("product", LOAD, 1, 2, columns) for columns in ("full", "core")}
    rows = [["reference engine, one core", f"{slow['exchanges']:,}", "1.0"]]
    rows += [
        [f"`sim run -j 2 --columns {columns}`", f"{f['exchanges']:,}", f"{ratio(slow, f):.1f}"]
        for columns, f in fast.items()
    ]
    header = ["", "exchanges", "ratio of exchanges per second"]
    show("Standard load, against the reference engine", table(header, rows))
    assert ratio(slow, fast["full"]) > 8


def test_one_worker_against_writing_alone(show: Any, tmp_path: Path) -> None:
    rows = []
    for columns in ("full", "core"):
        run = best(2, "product", LOAD, MIDDLE / 2, 1, columns, one_core=True)
        scenario = package.load_scenario(
            LOAD, scale=MIDDLE / 2, overrides=[f"tables.columns={columns}"]
        )
        package.run(scenario, tmp_path / columns)
        written = best(2, "write", tmp_path / columns, one_core=True)
        rows.append(
            [columns, f"{run['exchanges']:,}", f"{run['seconds'] / written['seconds']:.2f}"]
        )
    header = ["columns", "exchanges", "time of `sim run -j 1` / time of `write_table`"]
    show("One worker, against writing the same tables from memory", table(header, rows))
    assert float(rows[0][2]) < 6


def test_workers_and_executors(show: Any) -> None:
    one, two, dask = (measure("product", LOAD, LARGE, who, "full") for who in (1, 2, "dask"))
    rows = [
        ["two workers against one", f"{ratio(one, two):.2f}"],
        ["Dask, two local workers, time against a pool of two", f"{ratio(dask, two):.2f}"],
    ]
    show("Workers", table(["what", "ratio"], rows))
    assert ratio(one, two) > 1.3


def test_replicates_against_runs(show: Any) -> None:
    run = best(2, "product", LOAD, MIDDLE / 2, 1, "full", one_core=True)
    counted = best(2, "replicate", LOAD, MIDDLE / 2, 1, one_core=True)
    rows = [["a run against a replicate, time for an exchange", f"{ratio(run, counted):.2f}"]]
    show("Replicates", table(["what", "ratio"], rows))
    assert ratio(run, counted) > 1.5


def test_where_the_time_goes(show: Any) -> None:
    made = measure("profile", LOAD, MIDDLE / 2, one_core=True)
    spent = sorted(made["spent"].items(), key=lambda item: -item[1])
    total = sum(made["spent"].values())
    rows = [[key, f"{seconds / total:.0%}"] for key, seconds in spent]
    show("Profile of one worker", table(["what", "share of time"], rows))
    assert made["exchanges"] > 0


def test_cost_and_memory_do_not_grow(show: Any) -> None:
    made = [measure("product", LOAD, scale, 2, "full") for scale in SCALES]
    rows = [
        [
            f"{m['exchanges']:,}",
            f"{ratio(m, made[1]):.2f}",
            f"{m['peak_bytes'] / 2**20:,.0f} MiB",
        ]
        for m in made
    ]
    header = ["exchanges", "time for an exchange, of that in the middle row", "peak of a process"]
    show("Size", table(header, rows))
    assert made[-1]["peak_bytes"] < 2 * 2**30
