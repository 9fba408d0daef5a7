"""Hashes of what the program makes, to see that a change of its code changed no byte of it.

    python tools/goldens.py write            # hashes of the code as it is, into tests/goldens.json
    python tools/goldens.py check            # exit code 1 and a line for each hash that differs
    python tools/goldens.py check json hydra_20000    # parts alone: runs, json, reports, scenarios

Hashed are every shipped scenario at a small scale (log and truth apart), the page and the SVGs of
`reports/`, and what every verb prints as JSON. Everything goes through the command line, so this
file knows no module of the package. Hashes hold for the library versions that stand beside them.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
GOLDENS = ROOT / "tests" / "goldens.json"
LIBRARIES = ("matplotlib", "numpy", "pyarrow", "scipy", "simpy")
# Exchanges of a run at most, about; its scale is a power of ten below.
SMALL = 20_000
# What JSON says of the machine instead of the result.
OF_THE_MACHINE = re.compile(r'^ *"(peak_memory_bytes|seconds|memory_bytes|path)":.*$', re.MULTILINE)

Hashes = dict[str, Any]


def sim(*words: str, folder: Path) -> str:
    """Run the command in `folder` and return what it printed on stdout."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "sim", *words]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"sim {' '.join(words)}: exit code {result.returncode}\n{result.stderr}")
    return result.stdout


def hash_of(*parts: bytes) -> str:
    """Return a short hash; 64 bits tell an accident."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def hash_of_files(folder: Path) -> str:
    """Return one hash of the names and contents of all files below `folder`."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def hash_of_json(text: str) -> str:
    """Return the hash of what a verb printed, without what depends on the machine."""
    return hash_of(OF_THE_MACHINE.sub("", text).encode())


def in_parallel(function: Callable[[Any], Any], values: Iterable[Any]) -> list[Any]:
    """Return results in order; commands are processes of their own, so threads will do."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, values))


# What is hashed


def scenario_names(folder: Path) -> list[str]:
    """Return the names of the shipped scenarios."""
    return [entry["id"] for entry in json.loads(sim("list", "scenarios", "--json", folder=folder))]


def runs(names: list[str], recorded: Mapping[str, Any], folder: Path) -> Hashes:
    """Hash log and truth of scenarios, at the recorded scales where there are any."""

    def hashes(name: str) -> Hashes:
        scale = recorded.get(name, {}).get("scale") or small_scale(name, folder)
        run = folder / "runs" / name
        sim("run", name, "-j1", f"--scale={scale}", f"--out={run}", "-q", folder=folder)
        return {"scale": scale, **{part: hash_of_files(run / part) for part in ("log", "truth")}}

    return dict(zip(names, in_parallel(hashes, names), strict=True))


def small_scale(name: str, folder: Path) -> float:
    """Return the largest of 1, 0.1, 0.01 ... with fewer than `SMALL` exchanges in the plan."""
    for digits in range(7):
        scale = 10.0**-digits
        try:
            plan = sim("run", name, "-n", "-j1", f"--scale={scale}", "--json", folder=folder)
        except SystemExit:  # too large for the memory of this machine
            continue
        if json.loads(plan)["exchanges"] < SMALL:
            break
    return scale


def reports(folder: Path) -> Hashes:
    """Hash the page and the SVGs, as `make reports` draws them."""
    compare = ("compare", "all", "--csv")
    table = sim(*compare, "--charts", "charts", "--html", "index.html", folder=folder)
    charts = sorted((folder / "charts").glob("*.svg"))
    return {
        "comparison.csv": hash_of(table.encode()),
        "index.html": hash_of((folder / "index.html").read_bytes()),
        **{path.name: hash_of(path.read_bytes()) for path in charts},
    }


def every_json(folder: Path) -> Hashes:
    """Hash what the verbs print as JSON, of small runs and of what is shipped."""
    small_run = ("-j1", "--scale=0.1")
    sim("run", "coding_users", *small_run, "--seed=1", "--out=users", folder=folder)
    sim("run", "coordinated_pool", *small_run, "--seed=2", "--out=pool", folder=folder)

    commands = [
        "list --json",
        "schema scenario",
        "schema claims",
        "schema hypotheses",
        "show reported_2026_09 --seed 1 --json",
        "show hydra_20000 --seed 1 --json",
        "run incident -j1 --scale 0.1 --out incident --json",
        "counts users --json",
        "check-run users --json",
        "replicate coding_users -r 3 --scale 0.02 --seed 3 -j1 --json",
        "compare all --draws 200 --json",
        "compare users pool --by-actor --draws 200 --json",
    ]
    outputs = in_parallel(lambda command: sim(*command.split(), folder=folder), commands)
    return {command: hash_of_json(text) for command, text in zip(commands, outputs, strict=True)}


def versions() -> dict[str, str]:
    """Return the versions that the bytes depend on."""
    libraries = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **libraries}


def hashes_now(parts: list[str], recorded: Mapping[str, Any]) -> Hashes:
    """Hash the asked parts (runs, json, reports, names of scenarios; all if none is asked)."""
    hashes: Hashes = {"versions": versions()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scenarios = scenario_names(folder)
        if parts and "runs" not in parts:
            scenarios = [name for name in scenarios if name in parts]

        hashes["runs"] = runs(scenarios, recorded.get("runs", {}), folder)
        if not parts or "json" in parts:
            hashes["json"] = every_json(folder)
        if not parts or "reports" in parts:
            hashes["reports"] = reports(folder)
    return hashes


# Comparison with what is recorded


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], partly: bool, above: str = ""
) -> list[str]:
    """Return a line for each hash that differs, is new, or (unless `partly`) is gone."""
    lines = []
    for key in sorted(new.keys() if partly else old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            lines += differences(before, after, partly, f"{above}{key}: ")
        elif before != after:
            lines.append(f"{above}{key}: was {before}, is {after}")
    return lines


def main(words: list[str]) -> int:
    """Carry out `write` or `check` and return the exit code."""
    if not words or words[0] not in ("write", "check") or (words[0] == "write" and words[1:]):
        raise SystemExit("give write, or check and the parts to check")
    recorded = json.loads(GOLDENS.read_text(encoding="utf-8")) if GOLDENS.exists() else {}
    hashes = hashes_now(words[1:], recorded)
    if words[0] == "write":
        GOLDENS.write_text(json.dumps(hashes, indent=1) + "\n", encoding="utf-8")
        return 0

    lines = differences(recorded, hashes, partly=bool(words[1:]))
    sys.stdout.write("".join(f"{line}\n" for line in lines) or "no byte changed\n")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
