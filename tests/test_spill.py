"""Rows that wait for their window, in memory and in a file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engine.spill import Spill
from sim.tables.columns import Columns, length
from tests.helpers import SMALL, simulated

WIDTH_US = 100
BLOCKS = st.lists(st.lists(st.integers(-50, 999), max_size=8), max_size=12)


def block(times: list[int], first: int) -> Columns:
    """Rows at given times, numbered through from `first`."""
    return {
        "ts": np.array(times, np.int64),
        "n": np.arange(first, first + len(times), dtype=np.int32),
        "flag": np.array([t % 2 == 0 for t in times], np.bool_),
    }


def rows_of(found: Columns) -> list[tuple[int, int, bool]]:
    if not length(found):
        return []
    columns = (found[name].tolist() for name in ("ts", "n", "flag"))
    return list(zip(*columns, strict=True))


def expected(blocks: list[list[int]]) -> dict[int, list[tuple[int, int, bool]]]:
    windows = defaultdict(list)
    numbered = enumerate(t for times in blocks for t in times)
    for n, t in numbered:
        windows[max(t, 0) // WIDTH_US].append((t, n, t % 2 == 0))
    return windows


def add_all(spill: Spill, blocks: list[list[int]], first: int = 0) -> int:
    for times in blocks:
        spill.add(block(times, first), "ts")
        first += len(times)
    return first


@given(blocks=BLOCKS, in_memory=st.sampled_from([0, 3, 20, 10**6]))
def test_rows_come_back_by_window_in_the_order_in_which_they_came(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[list[int]], in_memory: int
) -> None:
    path = tmp_path_factory.mktemp("spill") / "folder" / "rows.tmp"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sim.engine.spill._ROWS_IN_MEMORY", in_memory)
        with Spill(path, WIDTH_US) as spill:
            add_all(spill, blocks)
            assert path.exists() is (in_memory == 0 and any(blocks)) or in_memory in (3, 20)
            found = {number: rows_of(spill.pop(number)) for number in range(10)}
    assert found == {number: expected(blocks)[number] for number in range(10)}
    assert not path.exists()


@given(kept=BLOCKS, void=BLOCKS, after=BLOCKS, in_memory=st.sampled_from([0, 5, 10**6]))
def test_what_was_added_since_a_mark_can_be_taken_back(
    tmp_path_factory: pytest.TempPathFactory,
    kept: list[list[int]],
    void: list[list[int]],
    after: list[list[int]],
    in_memory: int,
) -> None:
    path = tmp_path_factory.mktemp("spill") / "rows.tmp"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sim.engine.spill._ROWS_IN_MEMORY", in_memory)
        with Spill(path, WIDTH_US) as spill:
            first = add_all(spill, kept)
            mark = spill.mark()
            add_all(spill, void, 10**6)
            spill.return_to(mark)
            add_all(spill, after, first)
            found = {number: rows_of(spill.pop(number)) for number in range(10)}
    assert found == {number: expected([*kept, *after])[number] for number in range(10)}


def test_a_window_without_rows_is_empty(tmp_path: Path) -> None:
    with Spill(tmp_path / "rows.tmp", WIDTH_US) as spill:
        spill.add({}, "ts")
        assert length(spill.pop(3)) == 0


def test_the_file_goes_when_an_error_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.engine.spill._ROWS_IN_MEMORY", 0)

    def fail() -> None:
        with Spill(tmp_path / "rows.tmp", WIDTH_US) as spill:
            spill.add(block([5], 0), "ts")
            assert (tmp_path / "rows.tmp").exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_rows_that_do_not_fit_in_memory_make_the_same_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, tasks = simulated(SMALL)
    monkeypatch.setattr("sim.engine.spill._ROWS_IN_MEMORY", 50)
    again, tasks_again = simulated(SMALL)
    assert rows.equals(again)
    assert tasks.equals(tasks_again)
