"""Print what runs take of memory, and what was foreseen: `python -m tools.measure_memory`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import Any

from sim.documents.strict_yaml import Document
from sim.engine.memory import needed_bytes
from sim.engine.run import run
from sim.engine.run_context import RunContext
from sim.scenario.load import scenario_of
from sim.scenario.resolved import Scenario
from sim.tables.store import Store

QUIET = {"exchanges_per_account_day": 0.01, "account_volume_sigma": 0}
EVEN = {"exchanges_per_account_day": 20, "account_volume_sigma": 0}
# Typology, accounts, clock, other keys of the actor, keys of the file.
CASES: dict[str, tuple[str, int, str, dict[str, Any], dict[str, Any]]] = {
    "nothing": ("L01", 1, "1 h", QUIET, {}),
    "accounts": ("L01", 100_000, "1 h", QUIET, {}),
    "accounts in modes": (
        "A16",
        100_000,
        "1 h",
        {"most_per_account_day": 0.001},
        {"separability": 0.2},
    ),
    "accounts watched": ("A20", 100_000, "1 h", QUIET, {"world": {"enforcement": "default"}}),
    "people": ("L08", 100, "1 h", {**QUIET, "end_users": 40_000}, {}),
    "sessions": ("L08", 500, "30 d", {**EVEN, "end_users": 1}, {}),
    "exchanges": ("L01", 500, "30 d", EVEN, {}),
    "more exchanges": ("L01", 2_000, "30 d", EVEN, {}),
    "workers": ("L04", 2, "1 h", {"workers": 1_000_000, "starts": "0 s"}, {}),
}


def scenario(case: str) -> Scenario:
    """The scenario of a case."""
    typology, accounts, clock, keys, top = CASES[case]
    actor = {"id": "a", "typology": typology, "accounts": accounts, **keys}
    head = {"version": 1, "name": "memory", "seed": 1}
    data = {**head, "clock": {"start": "2026-02-02", "duration": clock}, "actors": [actor], **top}
    return scenario_of(Document("memory.yaml", data))


def foreseen(case: str) -> int:
    """Bytes that a process with the case is thought to take."""
    job = RunContext(scenario(case), Store("memory://memory"))
    return needed_bytes(job.population, job.shards)


def taken(case: str) -> int:
    """Bytes that one takes, in a process of its own."""
    command = [sys.executable, "-m", "tools.measure_memory", case]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(json.loads(done.stdout))


def _taken_here(case: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        return run(scenario(case), f"{folder}/run").peak_bytes


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.stdout.write(f"{_taken_here(sys.argv[1])}\n")
    else:
        for name in CASES:
            sys.stdout.write(f"{name}: {taken(name):,} taken, {foreseen(name):,} foreseen\n")
