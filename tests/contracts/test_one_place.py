"""A new typology is an entry of the catalog's data, and nothing else in the package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# What entries of typologies.yaml would add is put into the parsed file before anyone reads it. That
# takes a process of its own, as the package reads its data once.
PROGRAM = """
from sim.catalog.data_files import read_yaml

entries = read_yaml("typologies")["typologies"]
for new, like in {"L97": "A19", "L98": "A16", "L99": "L04"}.items():
    entries[new] = {**entries[like], "title": f"New, like {like}", "twins": ["L01"]}

from tests.support.commands import sim

for words in (
    ["run", "one.yaml", "-j1", "-q", "--out", "run"],
    ["check-run", "run"],
    ["schema", "scenario"],
    ["list", "typologies"],
):
    result = sim(*words)
    assert result.exit_code == 0, result.stderr
    print(result.stdout)
"""
SCENARIO = """\
version: 1
name: one
seed: 3
separability: 0.5
clock: {start: 2026-01-05, duration: 2 h}
actors:
  - {id: sessions, typology: L97, accounts: 5, exchanges_per_account_day: 200}
  - {id: prompts, typology: L98, accounts: 5, target_exchanges: 100}
  - id: runs
    typology: L99
    accounts: 2
    benchmark: aime
    agent: api-script
    runs: 1
    workers: 20
"""


def test_a_typology_is_added_in_the_data_of_the_catalog_alone(tmp_path: Path) -> None:
    """Of each way in which work comes: sessions, a queue of prompts, runs of a benchmark."""
    (tmp_path / "one.yaml").write_text(SCENARIO)
    command = [sys.executable, "-c", PROGRAM]
    where = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    result = subprocess.run(command, cwd=tmp_path, env=where, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count(": ok") == 10
    assert "FAILED" not in result.stdout
    for new in ("L97", "L98", "L99"):
        assert f'"{new}"' in result.stdout
        assert f"\n{new}" in result.stdout
