"""SQL over tables, by DuckDB."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from sim.tables.query import relation


@pytest.mark.parametrize("in_memory", [True, False])
def test_vectors_of_half_floats_are_numbers(in_memory: bool, tmp_path: Path) -> None:
    flat = pa.array(np.array([0.5, -2, 3, 0.25], np.float16), pa.float16())
    vectors = pa.FixedSizeListArray.from_arrays(flat, 2)
    table = pa.table({"exchange_id": [7, 8], "prompt_emb": vectors})
    pq.write_table(table, tmp_path / "x.parquet")
    dataset = ds.dataset(table) if in_memory else ds.dataset(tmp_path / "x.parquet")
    query = "SELECT exchange_id, prompt_emb[1], prompt_emb[2] FROM exchanges ORDER BY 1"
    rows = relation("run", ["log/exchanges"], lambda _: dataset, query, truth=False).fetchall()
    assert rows == [(7, 0.5, -2), (8, 3, 0.25)]
