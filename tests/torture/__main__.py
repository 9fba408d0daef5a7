"""Hard trials: `python -m tests.torture PART`, or `all`, which writes what came out for the docs.

A part is a module of this folder with `run(count, seed, workers)` and a count that is its full
number. Its result says how many trials it `tried`, how many `passed` and, where trials may be
refused, `refused`; `failed` lists what it takes to try each of the others again.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

# Each part with its full number of trials.
PARTS = {"scenarios": 5_000, "hostile_runs": 200, "interruptions": 500, "damage": 1}
RESULTS = Path(__file__).parents[2] / "docs" / "torture.json"
_LIBRARIES = ("numpy", "pandas", "pyarrow", "pydantic", "simpy")


def run_all(scenarios: int, seed: int, workers: int) -> dict[str, Any]:
    """Run every part, all with the share of their full number that `scenarios` is of its own."""
    share = scenarios / PARTS["scenarios"]
    parts = []
    for part, full in PARTS.items():
        count = max(1, round(full * share))
        begun = time.perf_counter()
        result = import_module(f"tests.torture.{part}").run(count, seed, workers)
        minutes = round((time.perf_counter() - begun) / 60, 1)
        parts.append({"part": part, "seed": seed, "minutes": minutes, **result})
        say(part, result)
    versions = {name: version(name) for name in _LIBRARIES}
    versions = {"python": platform.python_version(), **versions}
    return {"scenarios": scenarios, "versions": versions, "parts": parts}


def say(part: str, result: dict[str, Any]) -> None:
    """Print each failed trial, and how many of each kind there were."""
    for fault in result["failed"]:
        sys.stdout.write(f"{part}: {json.dumps(fault)}\n")
    counts = [f"{result[key]} {key}" for key in ("tried", "passed", "refused") if key in result]
    sys.stdout.write(f"{part}: {', '.join(counts)}, {len(result['failed'])} failed\n")
    sys.stdout.flush()


def main(words: list[str]) -> int:
    """Run a part, or all of them; 1 if a trial failed."""
    if words and words[0] in PARTS:
        module = import_module(f"tests.torture.{words[0]}")
        if hasattr(module, "main"):
            return int(module.main(words[1:]))
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("part", choices=[*PARTS, "all"])
    parser.add_argument("--count", type=int, help="trials; of scenarios, if all parts are run")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first trial")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    options = parser.parse_args(words)
    if options.part == "all":
        made = run_all(options.count or PARTS["scenarios"], options.seed, options.workers)
        RESULTS.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
        return int(any(part["failed"] for part in made["parts"]))
    count = options.count or PARTS[options.part]
    module = import_module(f"tests.torture.{options.part}")
    result = module.run(count, options.seed, options.workers)
    say(options.part, result)
    return int(bool(result["failed"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
