"""A run, and how to damage one row of it and read what the check says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from sim.invariants import check_run
from tests.support.scenarios import PART_ROWS, coders, lab, ordinary, pool, scenario

MINUTE_US = 60_000_000
IDS = [f"INV-{number}" for number in range(1, 11)]
# A pool at its limits, a laboratory with four workers, people who give up; some have sub-agents.
BUSY = scenario(
    coders(12, on_failure="give_up", sub_agent_share=0.3),
    lab(items=60, runs=2),
    pool(16, 1_500, organisations=4, tier="tier-1", sub_agent_share=0.3),
    days=0.3,
    part_rows=PART_ROWS,
    world=ordinary(overload=0.1, timeout_us=60_000_000),
)


def place(run_: Path, stem: str, index: int) -> tuple[str, int]:
    """File and row of the row `index` of a table."""
    for entry in json.loads((run_ / "manifest.json").read_text())["files"]:
        if entry["path"].startswith(f"{stem}/") or entry["path"] == f"{stem}.parquet":
            if index < entry["rows"]:
                return entry["path"], index
            index -= entry["rows"]
    raise AssertionError(f"{stem} has no such row")


def change(run_: Path, stem: str, index: int, **values: Any) -> str:
    """Give one row other values, and return where it stands."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file, row = place(run_, stem, index)
    table = pq.read_table(run_ / file, partitioning=None)
    for name, value in values.items():
        field = table.schema.field(name)
        listed = table.column(name).to_pylist()
        listed[row] = value
        kind = pa.string() if pa.types.is_dictionary(field.type) else field.type
        column = pa.array(listed, kind)
        column = column.cast(field.type) if kind != field.type else column
        table = table.set_column(table.column_names.index(name), field, column)
    pq.write_table(table, run_ / file)
    return f"{file} row {row}"


def verdict(run_: Path, id_: str) -> str:
    return next(str(v) for v in check_run(run_) if v.id == id_)


def assert_holds(run_: Path) -> None:
    assert [str(v) for v in check_run(run_) if v.status == "failed"] == []


def req(number: Any) -> str:
    return f"req_{int(number):016x}"


def stamp(at: Any) -> str:
    return f"{np.datetime64(int(at.value) // 1000, 'us')}Z"
