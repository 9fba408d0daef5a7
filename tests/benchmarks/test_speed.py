"""Exchanges per second of the product against the oracle, measured in one run."""

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
ROUNDS = 2
ORACLE_SCALE, PRODUCT_SCALE = 0.1, 2.0
HEADER = """
| | exchanges | event by event | ratio of exchanges per second | peak memory \
| SimPy : filling : gateway : events : writing |
| --- | --- | --- | --- | --- | --- |"""


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
    return max(results, key=rate)


def rate(result: dict[str, Any]) -> float:
    return float(result["exchanges"] / result["seconds"])


def test_product_against_the_oracle(capsys: pytest.CaptureFixture[str]) -> None:
    oracles, pinned, free = [], [], []
    for _ in range(ROUNDS):
        oracles.append(measure("oracle", ORACLE_SCALE, cores=1))
        pinned.append(measure("product", PRODUCT_SCALE, cores=1))
        free.append(measure("product", PRODUCT_SCALE))
    oracle = best(oracles)
    lines = [
        HEADER,
        row("oracle (its attempts alone, six columns), one core", oracle, oracle),
        row("`sim run`, 20 times the load, one core", best(pinned), oracle),
        row("`sim run`, the same, writing on a second core", best(free), oracle),
    ]
    with capsys.disabled():
        print("\n".join(lines))  # noqa: T201 - what the benchmark is for
    assert rate(best(free)) > 4 * rate(oracle)


def row(label: str, result: dict[str, Any], oracle: dict[str, Any]) -> str:
    spent = result["spent"]
    total = sum(spent.values())
    keys = ("simulation", "filling", "gateway", "events", "writing")
    shares = " : ".join(f"{spent[k] / total:.0%}" if k in spent else "-" for k in keys)
    again = result["event by event"] / result["exchanges"]
    return (
        f"| {label} | {result['exchanges']:,} | {again:.1%} | {rate(result) / rate(oracle):.1f} "
        f"| {result['peak_mib']:,.0f} MiB | {shares} |"
    )
