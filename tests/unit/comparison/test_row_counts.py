"""Distinct rows of a stream, by group."""

from __future__ import annotations

from collections import Counter

import numpy as np

from sim.comparison.clusters.row_counts import RowCounts


def test_rows_are_counted_by_group_over_all_parts() -> None:
    rng = np.random.default_rng(4)
    counts, expected = RowCounts("account", "hour"), Counter[tuple[int, int, int]]()
    for size in (1, 50, 3, 200, 0, 10):
        part = rng.integers(0, [2, 3, 4], (size, 3))
        counts.add(*part.T)
        expected.update(map(tuple, part.tolist()))
    for group in (0, 1):
        rows = counts.rows(group)
        assert list(rows) == ["account", "hour", "n"]
        found = zip(rows["account"].tolist(), rows["hour"].tolist(), strict=True)
        seen = dict(zip(((group, *key) for key in found), rows["n"].tolist(), strict=True))
        assert seen == {key: n for key, n in expected.items() if key[0] == group}


def test_memory_grows_with_distinct_rows_alone() -> None:
    counts = RowCounts("prompt")
    for _ in range(100):
        counts.add(np.zeros(50, np.int64), np.arange(50) % 5)
        assert sum(part.num_rows for part in counts._parts) <= 15
    assert counts.rows(0)["n"].tolist() == [1_000] * 5
