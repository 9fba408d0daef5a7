"""Counts under the six conventions against a recount of the plain tables."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sim as front
from sim.counting import Counts, count_run
from sim.engine.run import run
from sim.errors import InvalidInputError
from sim.summaries.quantiles import spread_of
from sim.tables.conventions import COUNTED
from sim.tables.reading import Run
from tests.support.damage import put_table
from tests.support.scenarios import (
    MONDAY,
    coders,
    lab,
    log_with_truth,
    pool,
    read,
    scenario,
    simulated,
)

FROM_LOG = ["C1", "C2", "C3", "C4", "C5 (log)"]


def asked(seed: int = 1, fmt: str = "parquet") -> Any:
    actors = (coders(20), coders(5, "more-coders"), lab(), pool(15, 1_500))
    return scenario(*actors, days=2.5, seed=seed, fmt=fmt, part_rows=1_000)


def carried_out(out: Path, seed: int = 1, fmt: str = "parquet") -> Path:
    """A run in several parts."""
    run(asked(seed, fmt), out)
    return out


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return carried_out(tmp_path_factory.mktemp("good") / "run")


@pytest.fixture(scope="module")
def mishaps(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run with errors, empty answers and refusals written into its log."""
    out = Path(shutil.copytree(good, tmp_path_factory.mktemp("mishaps") / "run"))
    rng = np.random.default_rng(1)
    for path in sorted((out / "log/exchanges").glob("*")):
        frame = pq.read_table(path, partitioning=None)
        schema, frame = frame.schema, frame.to_pandas()
        fate = rng.random(len(frame))
        frame.loc[fate < 0.10, "http_status"] = 529
        frame.loc[(fate > 0.05) & (fate < 0.25), "output_tokens"] = 0
        frame["finish_reason"] = frame["finish_reason"].astype(str)
        frame.loc[fate > 0.70, "finish_reason"] = "refusal"
        changed = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
        put_table(out, path.relative_to(out).as_posix(), changed)
    return out


@pytest.fixture(scope="module")
def counts(good: Path) -> Counts:
    return count_run(good)


@pytest.fixture(scope="module", params=["good", "mishaps"])
def counted(request: pytest.FixtureRequest) -> tuple[Path, Counts]:
    path: Path = request.getfixturevalue(request.param)
    return path, count_run(path)


@cache
def logged(path: Path) -> Any:
    """The log of a run with its truth, read once; nobody changes it."""
    return log_with_truth(path)


def flags(log: Any) -> dict[str, Any]:
    answered = log["http_status"] == 200
    generated = answered & (log["output_tokens"] > 0)
    return {
        "C1": answered | True,
        "C2": answered,
        "C3": generated,
        "C4": generated & (log["finish_reason"] != "refusal"),
        "C5": generated & log["user_initiated"],
        "C5 (log)": generated & (log["last_role_in"] == "user"),
    }


def test_failed_attempts_set_c1_apart_from_c2(counts: Counts) -> None:
    """Between one and eight in a hundred attempts fail in ordinary weather."""
    assert 0.01 < 1 - counts.total["C2"] / counts.total["C1"] < 0.08
    assert counts.total["C2"] == counts.total["C3"] == counts.total["C4"]
    assert any(sums["C1"] > sums["C2"] for sums in counts.by_actor.values())
    assert all(sums["C1"] >= sums["C2"] for sums in counts.by_actor.values())


def test_the_mishaps_set_the_conventions_apart(mishaps: Path) -> None:
    total = count_run(mishaps).total
    assert total["C1"] > total["C2"] > total["C3"] > total["C4"] > total["C5"] > 0
    assert total["C5"] != total["C6"]


def test_totals_are_those_of_a_plain_recount(counted: tuple[Path, Counts]) -> None:
    path, counts = counted
    expected = {name: int(flag.sum()) for name, flag in flags(logged(path)).items()}
    expected["C6"] = len(read(path, "truth/tasks"))
    assert counts.total == expected
    assert set(counts.total) == set(COUNTED)


@pytest.mark.parametrize("group", ["typology", "actor"])
def test_groups_are_those_of_a_plain_recount(counted: tuple[Path, Counts], group: str) -> None:
    path, counts = counted
    log, tasks = logged(path), read(path, "truth/tasks")
    found = counts.by_typology if group == "typology" else counts.by_actor
    labels, key = log[f"{group}_id"].astype(str), tasks[f"{group}_id"].astype(str)
    assert set(found) == set(labels)
    for label, sums in found.items():
        expected = {name: int(flag[labels == label].sum()) for name, flag in flags(log).items()}
        assert sums == expected | {"C6": int((key == label).sum())}


def test_groups_add_up_to_the_total(counted: tuple[Path, Counts]) -> None:
    _, counts = counted
    for groups in (counts.by_day, counts.by_typology, counts.by_actor):
        sums = {name: sum(g[name] for g in groups.values()) for name in COUNTED}
        assert sums == counts.total


def test_days_are_those_of_a_plain_recount(counted: tuple[Path, Counts]) -> None:
    import pandas as pd

    path, counts = counted
    log, tasks = logged(path), read(path, "truth/tasks")
    day = log["ts_start"].dt.strftime("%Y-%m-%d")
    begun = tasks["started_at"].clip(lower=pd.Timestamp(MONDAY)).dt.strftime("%Y-%m-%d")
    assert list(counts.by_day) == ["2026-01-05", "2026-01-06", "2026-01-07"]
    for label, sums in counts.by_day.items():
        expected = {name: int(flag[day == label].sum()) for name, flag in flags(log).items()}
        assert sums == expected | {"C6": int((begun == label).sum())}


@pytest.mark.parametrize("name", ["C5", *FROM_LOG])
def test_the_spread_over_accounts_is_that_of_a_plain_recount(
    counted: tuple[Path, Counts], name: str
) -> None:
    path, counts = counted
    log = logged(path)
    per_account = flags(log)[name].groupby(log["account_id"]).sum().to_numpy()
    found = counts.by_account[name]
    assert found.accounts == len(per_account) == log["account_id"].nunique()
    assert found.mean == pytest.approx(per_account.mean())
    assert found.max == per_account.max()
    for label, value in found.quantiles.items():
        assert value == pytest.approx(np.quantile(per_account, int(label[1:]) / 100)), label


@pytest.mark.parametrize("fmt", ["csv", pytest.param("jsonl", marks=pytest.mark.verify)])
def test_counts_do_not_depend_on_the_format(counts: Counts, tmp_path: Path, fmt: str) -> None:
    text = carried_out(tmp_path / "run", fmt=fmt)
    assert count_run(text) == counts


def test_counts_are_those_of_the_simulation_itself(counts: Counts) -> None:
    rows, tasks = simulated(asked())
    total = counts.total
    assert total["C1"] == len(rows)
    assert total["C6"] == len(tasks)


def test_counts_can_be_written_as_json(counts: Counts) -> None:
    import json

    written = json.loads(json.dumps(counts.to_dict()))
    assert written["total"] == counts.total
    assert written["conventions"] == COUNTED
    assert written["by_account"]["C1"]["max"] == counts.by_account["C1"].max


def test_counts_are_shown_in_a_line_and_as_a_table(counts: Counts) -> None:
    shown = repr(counts)
    assert shown.startswith(f"<Counts: C1 {counts.total['C1']:,}, C2 ")
    assert len(shown) < 140
    assert f"{counts.total['C6']:,}</td><td>tasks</td>" in counts._repr_html_()


def test_counts_can_be_had_as_a_frame(good: Path) -> None:
    counts = count_run(Run(good))
    total = counts.to_frame()
    assert total["count"].to_dict() == counts.total
    assert total["meaning"].to_dict() == COUNTED
    assert counts.to_frame("actor").loc["coders"].to_dict() == counts.by_actor["coders"]
    assert counts.to_frame("day").index.tolist() == list(counts.by_day)
    assert counts.to_frame("typology").columns.tolist() == list(COUNTED)
    spread = counts.to_frame("account")
    assert spread.loc["C2", "p90"] == counts.by_account["C2"].quantiles["p90"]
    assert list(spread) == ["accounts", "mean", "p10", "p25", "p50", "p75", "p90", "p99", "max"]


def test_units_can_be_had_as_a_frame(good: Path, counts: Counts) -> None:
    tasks = counts.to_frame("task")
    assert list(tasks) == [
        *("units", "mean", "p50", "p90", "p99", "max", "tokens_mean", "cost_usd_mean")
    ]
    log = logged(good)
    made = (log["http_status"] == 200).groupby([log["actor_id"].astype(str), log["task_uid"]]).sum()
    for actor, row in tasks.iterrows():
        assert row["units"] == len(made[actor])
        assert row["p99"] == pytest.approx(np.quantile(made[actor], 0.99))
    assert list(counts.to_frame("account_day")) == list(tasks)[:6]
    assert list(counts.to_frame("benchmark_run").index) == ["lab"]
    by_typology = count_run(good, by="typology").to_frame("task")
    assert set(by_typology.index) == set(counts.by_typology)
    assert counts.to_frame("hour").index.tolist() == list(counts.by_clock_hour)


def test_the_hour_that_a_clock_shows_twice_is_two_hours(tmp_path: Path) -> None:
    import pandas as pd

    opened = datetime(2026, 10, 24, 21, tzinfo=UTC)
    run(scenario(pool(15, 1_500), days=0.25, start=opened), tmp_path / "run")

    counts = count_run(tmp_path / "run", timezone="Europe/Paris")

    clock = ["24T23:00+02:00", "25T00:00+02:00", "25T01:00+02:00", "25T02:00+02:00"]
    clock += ["25T02:00+01:00", "25T03:00+01:00"]
    assert list(counts.by_clock_hour) == [f"2026-10-{x}" for x in clock]
    begun = read(tmp_path / "run", "log/exchanges")["ts_start"]
    by_hour = ((begun - pd.Timestamp(opened)).dt.total_seconds() // 3600).value_counts()
    assert [x["C1"] for x in counts.by_clock_hour.values()] == [by_hour[k] for k in range(6)]
    assert sum(x["C6"] for x in counts.by_clock_hour.values()) == counts.total["C6"]
    assert list(counts.by_day) == ["2026-10-24", "2026-10-25"]


def test_what_json_says_is_what_charts_draw(counts: Counts) -> None:
    """Spreads of distributions, and all else as it is in the summary."""
    written = counts.to_dict()
    assert written["gini"] == counts.summary.gini
    assert written["by_hour"]["lab"] == counts.summary.by_hour["lab"].tolist()
    assert written["context_by_step"]["lab"][-1] is None
    for unit, by_group in counts.summary.distributions.items():
        for group, found in by_group.items():
            assert written["distributions"][unit][group] == vars(spread_of(found))
    assert written["tokens"]["task"]["lab"] == vars(counts.summary.tokens["task"]["lab"])


def test_counts_by_what_there_is_not_are_refused(counts: Counts) -> None:
    with pytest.raises(
        InvalidInputError, match="counts by 'week': give one of account, day, hour, typ"
    ):
        counts.to_frame("week")


@pytest.mark.parametrize("by", ["actor", "typology", "task", "benchmark_run"])
def test_what_needs_truth_is_refused_without_it(copy: Path, by: str) -> None:
    shutil.rmtree(copy / "truth")
    with pytest.raises(InvalidInputError) as refused:
        front.counts(copy, by=by)
    assert str(refused.value).startswith(f"counts by '{by}': the run has no truth; ")
    assert len(front.counts(copy, by="session")) == 1


# --- truth --------------------------------------------------------------------------------------


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "run"))


def test_a_log_without_truth_knows_no_tasks(copy: Path) -> None:
    whole = count_run(copy)
    shutil.rmtree(copy / "truth")
    counts = count_run(copy)
    assert list(counts.total) == FROM_LOG
    assert counts.total == {name: whole.total[name] for name in FROM_LOG}
    assert counts.by_account == {name: whole.by_account[name] for name in FROM_LOG}
    assert all(list(day) == FROM_LOG for day in counts.by_day.values())
    assert counts.by_typology == counts.by_actor == {}


def test_the_truth_of_another_run_is_refused(copy: Path, tmp_path: Path) -> None:
    other = carried_out(tmp_path / "other", seed=2)
    shutil.rmtree(copy / "truth")
    shutil.copytree(other / "truth", copy / "truth")
    with pytest.raises(
        InvalidInputError, match=r"truth/.*: (has .*, the manifest says|is missing)"
    ):
        count_run(copy)


def test_truth_in_another_order_is_refused(copy: Path) -> None:
    path = "truth/exchanges/part-00000.parquet"
    table = pq.read_table(copy / path, partitioning=None)
    put_table(copy, path, table.take(np.arange(table.num_rows)[::-1]))
    with pytest.raises(InvalidInputError, match="belongs to another log"):
        count_run(copy)


def test_truth_with_a_part_missing_is_refused(copy: Path) -> None:
    (copy / "truth/exchanges/part-00001.parquet").unlink()
    with pytest.raises(InvalidInputError, match="part-00001"):
        count_run(copy)


def test_a_log_without_rows_counts_nothing(tmp_path: Path) -> None:
    late = pool(2, 10, starts_us=3_600_000_000, workers=1)
    run(scenario(late, days=1 / 24 + 1e-6), tmp_path / "run")
    counts = count_run(tmp_path / "run")
    assert counts.total == dict.fromkeys(COUNTED, 0)
    assert counts.by_day == {}


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="holds no run"):
        count_run(tmp_path)
