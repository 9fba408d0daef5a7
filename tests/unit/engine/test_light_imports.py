"""A run imports nothing that only readers need: half a second of every process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from sim.engine.run import run
from sim.scenario import load_scenario

for fmt in ("parquet", "jsonl"):
    run(load_scenario("worked_example", overrides=[f"tables.format={fmt}"]), fmt)
heavy = {"pandas", "matplotlib", "scipy.linalg", "scipy.special", "duckdb", "SALib", "jinja2"}
print(*sorted(heavy & set(sys.modules)))
"""


def test_a_run_imports_no_pandas(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
