"""Exchanges per second of the product against the per-exchange loop, measured in one run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.bench

ROOT = Path(__file__).parents[2]
ROUNDS = 3
LOOP_SCALE, PRODUCT_SCALE = 0.25, 4.0
GOAL = 30.0


def measure(which: str, scale: float, cores: int | None = None) -> dict[str, Any]:
    prefix = ["taskset", "-c", "0"] if cores == 1 else []
    command = [*prefix, sys.executable, "-m", "tests.benchmarks.measure", which, str(scale)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def best(results: list[dict[str, Any]]) -> dict[str, Any]:
    return max(results, key=lambda r: r["exchanges"] / r["seconds"])


def rate(result: dict[str, Any]) -> float:
    return float(result["exchanges"] / result["seconds"])


def test_product_against_the_per_exchange_loop(capsys: pytest.CaptureFixture[str]) -> None:
    loops, pinned, free, small = [], [], [], []
    for _ in range(ROUNDS):
        loops.append(measure("loop", LOOP_SCALE, cores=1))
        pinned.append(measure("product", PRODUCT_SCALE, cores=1))
        free.append(measure("product", PRODUCT_SCALE))
        small.append(measure("product", LOOP_SCALE, cores=1))
    loop = best(loops)
    lines = [
        "",
        "| | exchanges simulated | ratio of exchanges per second | peak memory "
        "| simulation : filling : writing |",
        "|---|---|---|---|---|",
        row("per-exchange SimPy loop, one core", loop, loop),
        row("`sim run`, the same load, one core", best(small), loop),
        row("`sim run`, 16 times the load, one core", best(pinned), loop),
        row("`sim run`, 16 times the load, writing beside it on a second core", best(free), loop),
    ]
    with capsys.disabled():
        print("\n".join(lines))  # noqa: T201 - what the benchmark is for
    assert rate(best(free)) / rate(loop) > GOAL / 2


def row(label: str, result: dict[str, Any], loop: dict[str, Any]) -> str:
    spent = result["spent"]
    shares = [spent.get(k, 0.0) / sum(spent.values()) for k in ("simulation", "filling", "writing")]
    text = " : ".join(f"{share:.0%}" for share in shares)
    if "filling" not in spent:
        text = f"{shares[0]:.0%} : - : {shares[2]:.0%}"
    return (
        f"| {label} | {result['exchanges']:,} | {rate(result) / rate(loop):.1f} "
        f"| {result['peak_mib']:,.0f} MiB | {text} |"
    )
