"""Ratios of speed, each measured in one run on one machine; `make bench` prints the tables.

`SIM_BENCH_LARGEST` is the scale of the largest run, 5.2 if it is not set: 151 million exchanges,
which take some minutes and 30 GB of disk. With `SIM_BENCH_FULL=1` the shipped scenario with most
exchanges is run too, which takes 45 GB.
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
SLICE, MIDDLE, LARGE = 0.005, 0.2, 1.0
LARGEST = float(os.environ.get("SIM_BENCH_LARGEST", "5.2"))
SCALES = (0.055, 0.55, LARGEST)
PROFILES = ("full", "core", "lean")
MOST = "reported_2026_09"
# Of the version before sequential rules were compiled, at scale 5.2, measured in the same way.
PEAK_BEFORE = 1_293

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


def test_values_against_the_fastest_generator_of_tables(show: Any, reached: Any) -> None:
    """Both in turn, by the seconds of processor that they used; the middle of three pairs."""
    pairs = [
        (measure("lineitem", 2, one_core=True), measure("product", LOAD, MIDDLE, 1, "full"))
        for _ in range(3)
    ]
    ratios = sorted(values_a_second(ours) / values_a_second(theirs) for theirs, ours in pairs)
    theirs, ours = pairs[-1]
    rows = [
        [name, f"{x['values'] / 1e6:,.0f} million", f"{values_a_second(x) / 1e6:.1f} million"]
        for name, x in (
            ("tpchgen-cli 4.0, `lineitem`, Zstandard 1", theirs),
            ("`sim run -j 1`", ours),
        )
    ]
    header = ["", "values", "values a second of processor"]
    show("Values on disk, against the fastest generator of TPC-H", table(header, rows))
    reached(
        "values on disk a core-second, `sim run` against tpchgen-cli `lineitem`, in turn",
        "1.00",
        "2.0 or more",
        f"{ratios[1]:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})",
        met=ratios[1] >= 2.0,
    )
    reached(
        "bytes a row, log and truth",
        "81",
        "60 or less",
        f"{ours['bytes_a_row']:.0f}",
        met=ours["bytes_a_row"] <= 60,
    )
    assert ratios[1] > 1


def values_a_second(result: Measured) -> float:
    return float(result["values"] / result["core_seconds"])


def test_under_limits_against_the_reference_engine(show: Any, reached: Any) -> None:
    """All mechanisms on, one organisation of users in twenty at its limits, one core."""
    slow = best(2, "reference", LIMITED, 0.1, one_core=True)
    fast = best(2, "product", LIMITED, 2.0, 1, "full", one_core=True)
    rows = [
        ["reference engine, one core", f"{slow['exchanges']:,}", "1.0"],
        [
            "`sim run -j 1`, 20 times the load",
            f"{fast['exchanges']:,}",
            f"{ratio(slow, fast):.1f}",
        ],
    ]
    header = ["", "exchanges", "ratio of exchanges per second"]
    show("Under limits, against the reference engine", table(header, rows))
    goal = ratio(slow, fast) >= 50
    reached(
        "under limits against the reference engine, one core",
        "7.6 x",
        "50 x or more",
        f"{ratio(slow, fast):.1f} x",
        met=goal,
    )
    assert ratio(slow, fast) > 4


def test_standard_load_against_the_reference_engine(show: Any, reached: Any) -> None:
    slow = best(2, "reference", LOAD, SLICE, one_core=True)
    fast = {columns: measure("product", LOAD, 1, 2, columns) for columns in PROFILES}
    rows = [["reference engine, one core", f"{slow['exchanges']:,}", "1.0", ""]]
    rows += [
        [
            f"`sim run -j 2 --columns {columns}`",
            f"{f['exchanges']:,}",
            f"{ratio(slow, f):.1f}",
            f"{f['exchanges'] / f['seconds'] / 1e6:.2f} million",
        ]
        for columns, f in fast.items()
    ]
    header = ["", "exchanges", "ratio of exchanges per second", "exchanges a second"]
    show("Standard load, against the reference engine", table(header, rows))
    a_second = fast["full"]["exchanges"] / fast["full"]["seconds"] / 1e6
    reached(
        "exchanges a second, two cores, all columns",
        "0.36 million",
        "1.0 million or more",
        f"{a_second:.2f} million",
        met=a_second >= 1,
    )
    assert ratio(slow, fast["full"]) > 8


def test_one_worker_against_writing_alone(show: Any, reached: Any, tmp_path: Path) -> None:
    rows = []
    for columns in PROFILES:
        run = best(2, "product", LOAD, MIDDLE / 2, 1, columns, one_core=True)
        scenario = package.load_scenario(
            LOAD, scale=MIDDLE / 2, overrides=[f"tables.columns={columns}"]
        )
        package.run(scenario, tmp_path / columns)
        written = best(2, "write", tmp_path / columns, one_core=True)
        times = run["seconds"] / written["seconds"]
        rows.append([columns, f"{run['exchanges']:,}", f"{times:.2f}"])
    header = ["columns", "exchanges", "time of `sim run -j 1` / time of `write_table`"]
    show("One worker, against writing the same tables from memory", table(header, rows))
    times = float(rows[0][2])
    reached(
        "a whole run against writing the finished tables, one core",
        "3.4 x",
        "2.0 x or less",
        f"{times:.2f} x",
        met=times <= 2,
    )
    assert times < 6


def test_workers_and_executors(show: Any, reached: Any) -> None:
    one, two, dask = (measure("product", LOAD, LARGE, who, "full") for who in (1, 2, "dask"))
    rows = [
        ["two workers against one", f"{ratio(one, two):.2f}"],
        ["Dask, two local workers, time against a pool of two", f"{ratio(dask, two):.2f}"],
    ]
    show("Workers", table(["what", "ratio"], rows))
    reached(
        "two workers against one",
        "1.83 x",
        "1.85 x or more",
        f"{ratio(one, two):.2f} x",
        met=ratio(one, two) >= 1.85,
    )
    assert ratio(one, two) > 1.3


def test_replicates_against_runs(show: Any, reached: Any) -> None:
    run = best(2, "product", LOAD, MIDDLE / 2, 1, "full", one_core=True)
    counted = best(2, "replicate", LOAD, MIDDLE / 2, 1, one_core=True)
    rows = [["a run against a replicate, time for an exchange", f"{ratio(run, counted):.2f}"]]
    show("Replicates", table(["what", "ratio"], rows))
    reached(
        "replicates against runs",
        "2.2 x",
        "5 x or more",
        f"{ratio(run, counted):.2f} x",
        met=ratio(run, counted) >= 5,
    )
    assert ratio(run, counted) > 1.5


def test_where_the_time_goes(show: Any) -> None:
    made = measure("profile", LOAD, MIDDLE / 2, one_core=True)
    spent = sorted(made["spent"].items(), key=lambda item: -item[1])
    total = sum(made["spent"].values())
    rows = [[key, f"{seconds / total:.0%}"] for key, seconds in spent]
    show("Profile of one worker", table(["what", "share of time"], rows))
    assert made["exchanges"] > 0


def test_cost_and_memory_do_not_grow(show: Any, reached: Any) -> None:
    made = [measure("product", LOAD, scale, 2, "full") for scale in SCALES]
    costs = [ratio(m, made[1]) for m in made]
    rows = [
        [
            f"{m['exchanges']:,}",
            f"{cost:.2f}",
            f"{m['peak_bytes'] / 2**20:,.0f} MiB",
            f"{m['peak_bytes_of_all'] / 2**20:,.0f} MiB",
        ]
        for m, cost in zip(made, costs, strict=True)
    ]
    header = [
        "exchanges",
        "time for an exchange, of that in the middle row",
        "peak of a process",
        "peak of all processes together",
    ]
    show("Size", table(header, rows))
    reached(
        "cost of an exchange at three sizes, two workers",
        "1.20, 1, 1.27",
        "within 10 %",
        ", ".join(f"{cost:.2f}" for cost in costs),
        met=max(costs) <= 1.1 * min(costs),
    )
    all_of_them = made[-1]["peak_bytes_of_all"] / 2**20
    reached(
        "peak memory at the largest size, all processes together",
        f"{PEAK_BEFORE:,} MiB",
        "not above",
        f"{all_of_them:,.0f} MiB",
        met=all_of_them <= PEAK_BEFORE,
    )
    assert made[-1]["peak_bytes"] < 2 * 2**30


@pytest.mark.skipif("SIM_BENCH_FULL" not in os.environ, reason="SIM_BENCH_FULL=1 asks for it")
def test_the_largest_shipped_scenario(show: Any) -> None:
    made = measure("product", MOST, 1, 2, "full")
    figures = [
        f"{made['exchanges']:,}",
        f"{made['seconds']:.0f} s",
        f"{made['core_seconds']:.0f} s",
        f"{made['bytes'] / 1e9:.1f} GB",
        f"{made['peak_bytes_of_all'] / 2**20:,.0f} MiB",
    ]
    header = ["exchanges", "time", "of processors", "on disk", "peak of all processes together"]
    show(f"`sim run {MOST} -j 2`, at full scale", table(header, [figures]))
    assert made["exchanges"] > 150e6
