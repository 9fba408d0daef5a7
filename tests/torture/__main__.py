"""Hard trials: `python -m tests.torture PART`, or `all` parts one after the other.

A part is a module of this folder with `run(count, seed, workers)` and a count that is its full
number. Its result says how many trials it `tried`, how many `passed` and, where trials may be
refused, `refused`; `failed` lists what it takes to try each of the others again. What `all` or
`--record` finds is written to `docs/background/torture.json`, part by part, for the docs.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from datetime import date
from importlib import import_module
from importlib.metadata import version
from typing import Any

from tests.support.paths import ROOT
from tests.support.records import bytes_of_runs

# Each part with its full number of trials.
PARTS = {"scenarios": 5_000, "hostile_runs": 200, "interruptions": 500, "damage": 1}
RESULTS = ROOT / "docs" / "background" / "torture.json"
_LIBRARIES = ("numpy", "pandas", "pyarrow", "pydantic", "simpy")


def run_part(part: str, count: int, seed: int, workers: int) -> dict[str, Any]:
    """Run a part; return what came out, and print each trial that failed."""
    begun = time.perf_counter()
    result = import_module(f"tests.torture.{part}").run(count, seed, workers)
    minutes = round((time.perf_counter() - begun) / 60, 1)

    for fault in result["failed"]:
        sys.stdout.write(f"{part}: {json.dumps(fault)}\n")
    counts = [f"{result[key]} {key}" for key in ("tried", "passed", "refused") if key in result]
    sys.stdout.write(f"{part}: {', '.join(counts)}, {len(result['failed'])} failed\n")
    sys.stdout.flush()
    return {**result, "part": part, "seed": seed, "minutes": minutes}


def record(result: dict[str, Any]) -> None:
    """Write the result of a part in the place of its last one."""
    versions = {"python": platform.python_version()}
    versions |= {name: version(name) for name in _LIBRARIES}
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    known[result["part"]] = {
        **result,
        "date": date.today().isoformat(),
        "versions": versions,
        "bytes": bytes_of_runs(),
    }
    ordered = {part: known[part] for part in PARTS if part in known}
    RESULTS.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


def main(words: list[str]) -> int:
    """Run a part, or all of them; 1 if a trial failed."""
    if words and words[0] == "scenarios" and {"--only", "--extreme"} & set(words):
        return int(import_module("tests.torture.scenarios").main(words[1:]))
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("part", choices=[*PARTS, "all"])
    parser.add_argument("--count", type=int, help="trials; of scenarios, if all parts are run")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first trial")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--record", action="store_true", help="write the result for the docs")
    options = parser.parse_args(words)

    share = 1.0
    if options.part == "all" and options.count:
        share = options.count / PARTS["scenarios"]
    failed = False
    for part in PARTS if options.part == "all" else (options.part,):
        count = max(1, round(PARTS[part] * share))
        if options.part != "all" and options.count:
            count = options.count
        result = run_part(part, count, options.seed, options.workers)
        failed |= bool(result["failed"])
        if options.record or options.part == "all":
            record(result)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
