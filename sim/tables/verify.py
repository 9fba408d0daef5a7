"""Check that a run is what its manifest says, and that the same scenario makes it again."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from sim.tables.manifest import MANIFEST, read_manifest, scenario_of
from sim.tables.parts import sha256_of


def damaged_files(run: Path) -> list[str]:
    """Return a line for every file that is missing, altered or not in the manifest."""
    listed = {f["path"]: f for f in read_manifest(run)["files"]}
    problems = [p for path, record in listed.items() if (p := _problem(run, path, record))]
    there = {p.relative_to(run).as_posix() for p in run.rglob("*") if p.is_file()}
    extra = sorted(there - set(listed) - {MANIFEST})
    return problems + [f"{run / path}: is not in the manifest" for path in extra]


def _problem(run: Path, path: str, record: dict[str, Any]) -> str | None:
    file = run / path
    if not file.is_file():
        return f"{file}: is missing"
    size = file.stat().st_size
    if size != record["bytes"]:
        return f"{file}: has {size:,} bytes, the manifest says {record['bytes']:,}"
    if sha256_of(file) != record["sha256"]:
        return f"{file}: has the right size but other bytes than the manifest says"
    return None


def differences_of_rerun(run: Path) -> list[str]:
    """Carry out the scenario of a run again and return a line for every file that differs."""
    from sim.engine.run import run as run_scenario

    manifest = read_manifest(run)
    scenario = scenario_of(manifest, run)
    with tempfile.TemporaryDirectory(prefix=".rerun-", dir=run.parent) as folder:
        again = {f.path: f for f in run_scenario(scenario, Path(folder) / "run").files}
    before = {f["path"]: f["sha256"] for f in manifest["files"]}
    lines = [
        f"{run / path}: a rerun gives other bytes"
        for path in sorted(before.keys() & again.keys())
        if before[path] != again[path].sha256
    ]
    lines += [
        f"{run / path}: a rerun does not make it" for path in sorted(before.keys() - again.keys())
    ]
    new = sorted(again.keys() - before.keys())
    return lines + [f"{run / path}: only a rerun makes it" for path in new]


def other_software(run: Path) -> list[str]:
    """Return a line for every version that differs from the one that made the run."""
    from sim.tables.manifest import software

    made_by: dict[str, str] = read_manifest(run)["software"]
    return [
        f"{name} {made_by.get(name, 'unknown')} made the run, this is {version}"
        for name, version in software().items()
        if made_by.get(name) != version
    ]
