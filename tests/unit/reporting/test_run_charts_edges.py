"""Charts of runs at their edges: small logs without some columns, odd curves, odd names."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim as front
from sim.reporting.run_charts import charts_of_runs
from sim.reporting.run_charts.shown import OTHERS
from sim.tables.reading import Run
from tests.support.run_reports import made_up, shown_of


@pytest.mark.parametrize("columns", ["lean", "core", "full"])
@pytest.mark.parametrize("truth", [True, False])
def test_few_exchanges_stand_by_task_or_by_conversation(
    columns: str, truth: bool, tmp_path: Path
) -> None:
    front.run("worked_example", tmp_path / "run", overrides=[f"tables.columns={columns}"])
    if not truth:
        shutil.rmtree(tmp_path / "run" / "truth")
    charts = {x.id for x in front.report(tmp_path / "run").charts}
    # its client names conversations, in a column that only the full profile has; the lean one is
    # without the ends of exchanges
    assert ("rows" in charts) == (columns != "lean" if truth else columns == "full")


def test_without_truth_exchanges_of_no_conversation_are_not_drawn_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    front.run("worked_example", tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "truth")
    read = Run.pandas

    def named_in_part(*args: Any, **words: Any) -> Any:
        log = read(*args, **words)
        return log.assign(conversation_id=[0] * 3 + [8] * 5 + [9] * 4)

    monkeypatch.setattr(Run, "pandas", named_in_part)
    rows = front.report(tmp_path / "run").shown.runs[0].rows
    assert [x.task for x in rows] == [1] * 5 + [2] * 4


@pytest.mark.parametrize(
    ("curve", "title"),
    [
        ([9_000], "The median input of pool is 9,000 tokens at call 1 of a task"),
        ([9_000, 9_000], "The median input of pool stays at 9,000 tokens from call 1 to 2"),
        (
            [9_000, 4_000, 5_000],
            "The median input of pool falls from 9,000 tokens at call 1 of a task to 4,000 at "
            "call 2",
        ),
        (
            [9_000, 4_000, 999_600],
            "The median input of pool grows from 9,000 tokens at call 1 of a task to 1 million at "
            "call 3",
        ),
    ],
)
def test_context_grows_only_where_it_does(curve: list[float], title: str) -> None:
    padded = np.array(curve + [np.nan] * (100 - len(curve)))
    summary = made_up(("pool",), context_by_step={"pool": padded})
    (chart,) = (x for x in charts_of_runs(shown_of(summary)) if x.id == "context")
    assert chart.title == title


def test_a_group_called_others_keeps_its_own_traffic_beside_the_rest() -> None:
    shown = shown_of(made_up(["others", *(f"g{k}" for k in range(8))]))
    run = shown.runs[0]
    assert len(set(shown.groups)) == 7
    assert shown.members(run, "others") == ("others",)
    assert shown.members(run, OTHERS) == ("g5", "g6", "g7")
    assert str(shown.colour("others")) != str(shown.colour(OTHERS))
    small = shown_of(made_up([*(f"g{k}" for k in range(8)), "others"]))
    assert small.members(small.runs[0], OTHERS) == ("g6", "g7", "others")
    for chart in charts_of_runs(shown):
        chart.svg()
