"""The numbers of a run against a plain recount of its tables with pandas."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from sim.counting import count_run
from sim.engine.run import run
from sim.errors import InvalidInputError, SimError
from sim.summaries import sums
from sim.summaries.json_values import summary_values
from sim.summaries.quantiles import spread_of
from sim.summaries.run_figures import RunFigures, Spread
from sim.summaries.summarise import summarise
from sim.summaries.sums import RunSums
from sim.tables.reading import Run
from tests.support.scenarios import coders, constant, lab, ordinary, pool, read, scenario, simple
from tests.unit.summaries.conftest import NEW, NEWER, OPENED, RELEASED_US

ZONE = "Asia/Kolkata"  # half an hour beside the hours of UTC


@pytest.fixture(scope="module")
def summary(eventful: Path) -> RunFigures:
    return summarise(Run(eventful), timezone=ZONE)


@pytest.fixture(scope="module", params=["actor", "typology"])
def grouped(request: pytest.FixtureRequest, eventful: Path) -> RunFigures:
    return summarise(Run(eventful), by=request.param, timezone=ZONE)


def spread(values: Any) -> Spread:
    p50, p90, p99 = np.quantile(values, (0.5, 0.9, 0.99))
    return Spread(len(values), np.mean(values), p50, p90, p99, np.max(values))


def agree(found: Spread, values: Any) -> None:
    expected = spread(np.asarray(values, np.float64))
    assert vars(found) == pytest.approx(vars(expected), rel=1e-6)


def keys_of(unit: str, log: Any) -> list[Any]:
    local_day = log["ts_start"].dt.tz_convert(ZONE).dt.date
    return {
        "task": [log["task_uid"]],
        "session": [log["conversation_id"]],
        "account": [log["account_id"]],
        "account_day": [log["account_id"], local_day],
    }[unit]


# --- exchanges, tokens and dollars of units


@pytest.mark.parametrize("unit", ["task", "session", "account", "account_day"])
def test_distributions_are_those_of_a_plain_recount(
    grouped: RunFigures, log: Any, unit: str
) -> None:
    """Of sessions those that have an identifier, of all units those without an answer too."""
    per_unit = log["ok"].groupby([log[grouped.by], *keys_of(unit, log)]).sum()
    labels = per_unit.index.get_level_values(0)
    assert set(grouped.distributions[unit]) == set(labels)
    for label, found in grouped.distributions[unit].items():
        values, frequencies = np.unique(per_unit[labels == label], return_counts=True)
        assert found.values.tolist() == values.tolist()
        assert found.frequencies.tolist() == frequencies.tolist()
        agree(spread_of(found), per_unit[labels == label])


@pytest.mark.parametrize("unit", ["task", "session", "account"])
def test_tokens_and_dollars_are_those_of_a_plain_recount(
    grouped: RunFigures, log: Any, unit: str
) -> None:
    for column, found in (("tokens", grouped.tokens), ("cost_usd", grouped.cost_usd)):
        of_units = log[column].astype("f8").groupby([log[grouped.by], *keys_of(unit, log)]).sum()
        labels = of_units.index.get_level_values(0)
        assert set(found[unit]) == set(labels)
        for label, one in found[unit].items():
            agree(one, of_units[labels == label])


def test_a_full_benchmark_run_has_all_its_items(
    summary: RunFigures, log: Any, eventful: Path
) -> None:
    tasks = read(eventful, "truth/tasks")
    tasks = tasks[(tasks["actor_id"] == "lab") & (tasks["run"] >= 0)]
    items = next(a.items for a in Run(eventful).scenario.actors if a.id == "lab")
    made = log["ok"].groupby(log["task_uid"]).sum()
    runs = tasks.assign(made=tasks["task_uid"].map(made)).groupby("run")
    full = [
        rows["made"].sum()
        for _, rows in runs
        if len(rows) == items and not (rows["state"].astype(str) == "cut_off").any()
    ]
    assert full
    assert list(summary.distributions["benchmark_run"]) == ["lab"]
    agree(spread_of(summary.distributions["benchmark_run"]["lab"]), full)


@pytest.mark.parametrize(("workers", "minutes"), [(1, 30), (30, 2)])
def test_a_benchmark_run_that_the_log_cuts_off_is_left_out_and_said(
    tmp_path: Path, workers: int, minutes: int
) -> None:
    """With one worker not all items are begun; with as many as items all are, and none ends."""
    asked = lab(runs=1, items=30, workers=workers, accounts=1, starts_us=0)
    run(scenario(asked, days=minutes / 1440), tmp_path / "run")
    begun = read(tmp_path / "run", "truth/tasks")["run"] >= 0
    assert (begun.sum() == 30) == (workers == 30)
    found = summarise(Run(tmp_path / "run"))
    assert "benchmark_run" not in found.distributions
    assert found.left_out[1:3] == (
        "A run of lab works on 30 of the 115 items of tau-bench-retail.",
        "Runs of benchmarks that are not in the log as a whole are left out of those per benchmark "
        "run: 1 of 1.",
    )


def test_groups_come_with_the_largest_first_and_the_titles_of_their_typologies(
    grouped: RunFigures,
) -> None:
    answered = [grouped.counts[group]["C2"] for group in grouped.groups]
    assert answered == sorted(answered, reverse=True)
    assert set(grouped.titles) == set(grouped.groups) == set(grouped.counts)
    lab = "lab" if grouped.by == "actor" else "L04"
    assert grouped.titles[lab] == "Repeated public benchmark"


# --- concentration


def test_lorenz_and_gini_are_those_of_the_accounts(grouped: RunFigures, log: Any) -> None:
    per_account = log["ok"].groupby([log[grouped.by], log["account_id"]]).sum()
    for label in grouped.groups:
        values = np.sort(per_account[label].to_numpy())
        n = len(values)
        gaps = np.abs(values[:, None] - values[None, :]).sum()
        assert grouped.gini[label] == pytest.approx(gaps / (2 * n * n * values.mean()))
        held = np.append(0, np.cumsum(values)) / values.sum()
        curve = np.interp(np.linspace(0, 1, 101), np.arange(n + 1) / n, held)
        assert grouped.lorenz[label] == pytest.approx(curve)


# --- over time


def test_exchanges_by_hour_are_those_of_a_plain_recount(grouped: RunFigures, log: Any) -> None:
    hour = ((log["ts_start"] - OPENED).dt.total_seconds() // 3600).astype(int)
    assert grouped.hours == 74
    for label in grouped.groups:
        mine = log[grouped.by] == label
        expected = np.bincount(hour[mine], log["ok"][mine], 74)
        assert grouped.by_hour[label].tolist() == expected.tolist()


def test_exchanges_by_hour_of_the_week_are_those_of_the_zone(grouped: RunFigures, log: Any) -> None:
    local = log["ts_start"].dt.tz_convert(ZONE)
    for label in grouped.groups:
        expected = np.zeros((7, 24), int)
        mine = (log[grouped.by] == label) & (log["ok"] == 1)
        np.add.at(expected, (local[mine].dt.day_of_week, local[mine].dt.hour), 1)
        assert grouped.by_hour_of_week[label].tolist() == expected.tolist()


def test_hours_of_the_week_last_as_long_as_the_log_has_of_them(summary: RunFigures) -> None:
    assert summary.hours_of_week.sum() == pytest.approx(3.05 * 24)
    # it opens on a Monday at 00:20 UTC and ends on Thursday at 01:32
    assert set(np.round(summary.hours_of_week.ravel(), 6)) >= {0.0, 1.0}
    assert summary.hours_of_week[np.nonzero(summary.hours_of_week)][0] < 1


def test_who_moves_to_a_release(grouped: RunFigures, log: Any) -> None:
    age_h = (log["ts_start"] - OPENED).dt.total_seconds() / 3600 - RELEASED_US / 3.6e9
    first, second = grouped.adoptions
    assert (first.model, first.hour) == (NEW, RELEASED_US / 3.6e9)
    assert (second.model, second.hour) == (NEWER, 70.0)
    answered = log["ok"] == 1
    for label in grouped.groups:
        mine = answered & (log[grouped.by] == label)
        for hours, found in (
            ((age_h >= 0) & (age_h < 24), first.during_first_day),
            ((age_h >= 23) & (age_h < 24), first.at_end_of_first_day),
        ):
            share = (log["model_served"][mine & hours] == NEW).mean()
            assert found[label] == pytest.approx(share, nan_ok=True)
        assert len(first.share[label]) == 74
        assert np.nanmax(second.share[label]) <= 1
    assert np.nanmax([first.during_first_day[label] for label in grouped.groups]) > 0


def test_events_are_those_of_the_tables(summary: RunFigures, eventful: Path) -> None:
    assert summary.events.releases == {NEW: RELEASED_US / 3.6e9, NEWER: 70.0}
    assert summary.events.incidents == ((5.0, 7.0), (72.0, 73.2))
    acted = read(eventful, "log/enforcement_events")
    hour = ((acted["at"] - OPENED).dt.total_seconds() // 3600).astype(int)
    bans = hour[acted["action"].astype(str) == "ban"]
    assert len(bans)
    assert summary.events.bans.tolist() == np.bincount(bans, minlength=74).tolist()
    links = read(eventful, "truth/links")
    replaced = (links["link"].astype(str) == "replaces").sum()
    assert 0 < summary.events.replacements.sum() <= replaced


# --- tasks


def test_the_grid_of_tasks_is_that_of_a_plain_recount(grouped: RunFigures, log: Any) -> None:
    for label in grouped.groups:
        mine = log[log[grouped.by] == label].groupby("task_uid")[["ok", "tokens"]].sum()
        mine = mine[mine["ok"] > 0]
        expected = np.zeros((12, 24), int)
        row = np.floor(np.log2(mine["ok"])).astype(int)
        place = np.clip(np.floor(np.log2(mine["tokens"])).astype(int) - 6, 0, 23)
        np.add.at(expected, (row, place), 1)
        assert grouped.task_grid[label].tolist() == expected.tolist()


def test_of_a_large_log_a_sample_of_tasks_is_looked_at_and_that_is_said(
    eventful: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = (
        "How the input grows along tasks is read off one task in 3, by identifier, because the "
        "log is large."
    )
    made = Run(eventful)
    assert sentence not in summarise(made).left_out
    monkeypatch.setattr("sim.summaries.sums._CONTEXT_ROWS", made.summary["exchanges"] // 3)
    assert sentence in summarise(made).left_out


def test_context_by_step_is_that_of_a_plain_recount(
    grouped: RunFigures, log: Any, eventful: Path
) -> None:
    tasks = read(eventful, "truth/tasks")
    whole = tasks["task_uid"][tasks["exchanges"] == tasks["exchanges_in_log"]]
    kept = log[(log["ok"] == 1) & log["task_uid"].isin(whole)].sort_values("ts_start")
    step = kept.groupby("task_uid").cumcount()
    for label in grouped.groups:
        mine = kept[grouped.by] == label
        by_step = kept["input_tokens_total"][mine].groupby(step[mine])
        medians = by_step.median().where(by_step.count() >= 20).reindex(range(100))
        assert grouped.context_by_step[label] == pytest.approx(medians.to_numpy(), nan_ok=True)
    assert np.isfinite(grouped.context_by_step[grouped.groups[0]][0])


# --- what is not there


@pytest.fixture
def sealed(eventful: Path, tmp_path: Path) -> Path:
    """The run without its truth."""
    out = Path(shutil.copytree(eventful, tmp_path / "run"))
    shutil.rmtree(out / "truth")
    return out


def test_without_truth_there_is_one_group_and_what_needs_truth_is_left_out(
    sealed: Path, summary: RunFigures, log: Any
) -> None:
    found = summarise(Run(sealed), timezone=ZONE)
    assert (found.by, found.groups, found.titles) == ("all", ("all",), {"all": "All exchanges"})
    assert list(found.counts["all"]) == ["C1", "C2", "C3", "C4", "C5 (log)"]
    assert list(found.distributions) == ["session", "account", "account_day"]
    assert list(found.tokens) == list(found.cost_usd) == ["session", "account"]
    assert found.task_grid == found.context_by_step == {}
    assert found.events.replacements.sum() == 0
    assert found.events.bans.tolist() == summary.events.bans.tolist()
    assert found.by_hour["all"].tolist() == sum(summary.by_hour.values()).tolist()  # type: ignore[union-attr]
    agree(spread_of(found.distributions["account"]["all"]), log.groupby("account_id")["ok"].sum())
    of_sessions = int(log["ok"][log["conversation_id"].notna()].sum())
    assert found.left_out == (
        "Nothing is counted per task or per benchmark run, and actors are not told apart: only the "
        "truth knows them, and it was taken away.",
        "User turns (C5) are only estimated: C5 (log) counts requests whose last message is a "
        "user's, also those that a scaffold makes for a summary or a sub-agent.",
        "A session is a conversation_id, which only some clients send: "
        f"{of_sessions:,} of {log['ok'].sum():,} answered exchanges have one, the others are in no "
        "session.",
    )


@pytest.mark.parametrize("columns", ["core", "lean"])
def test_a_log_without_the_column_of_sessions_says_so(tmp_path: Path, columns: str) -> None:
    run(scenario(coders(3), days=0.2, columns=columns), tmp_path / "run")
    found = summarise(Run(tmp_path / "run"))
    assert "session" not in found.distributions
    assert (
        "Nothing is counted per session: the log has no column conversation_id (tables.columns is "
        f"{columns})."
    ) in found.left_out


def test_an_empty_run_has_no_groups_and_no_units(tmp_path: Path) -> None:
    late = pool(2, 10, starts_us=3_600_000_000, workers=1)
    run(scenario(late, days=1 / 24 + 1e-6), tmp_path / "run")
    found = summarise(Run(tmp_path / "run"))
    assert (found.groups, found.hours) == ((), 2)
    by_group: tuple[Any, ...] = (found.distributions, found.tokens, found.gini, found.by_hour)
    assert all(each == {} for each in by_group)
    assert found.left_out == ()
    shutil.rmtree(tmp_path / "run/truth")
    found = summarise(Run(tmp_path / "run"))
    assert found.groups == ()
    assert len(found.left_out) == 2


def test_one_exchange_of_one_account(tmp_path: Path) -> None:
    one = pool(1, 1, workers=1, turns_per_session=simple()["turns_per_session"], agentic_share=0.0)
    run(scenario(one, days=1), tmp_path / "run")
    found = summarise(Run(tmp_path / "run"))
    assert found.groups == ("pool",)
    counts = count_run(tmp_path / "run").total
    assert counts["C2"] == 1
    for unit in ("task", "account"):
        assert found.distributions[unit]["pool"].values.tolist() == [1]
        assert spread_of(found.distributions[unit]["pool"]) == Spread(1, 1.0, 1.0, 1.0, 1.0, 1.0)
    assert found.gini == {"pool": 0.0}
    assert found.lorenz["pool"] == pytest.approx(np.linspace(0, 1, 101))


def test_a_log_in_which_nothing_was_answered(tmp_path: Path) -> None:
    world = ordinary(overload=0.999999)
    run(scenario(coders(3, tool_steps=constant(1)), days=0.5, world=world), tmp_path / "run")
    found = summarise(Run(tmp_path / "run"))
    assert found.counts["coders"]["C2"] == 0 < found.counts["coders"]["C1"]
    assert found.distributions["account"]["coders"].values.tolist() == [0]
    assert found.gini == {"coders": 0.0}
    assert found.task_grid["coders"].sum() == 0


def test_a_truth_that_lacks_a_table_is_refused(eventful: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(eventful, tmp_path / "run"))
    (out / "truth/links.parquet").unlink()
    with pytest.raises(InvalidInputError) as caught:
        summarise(Run(out))
    assert str(caught.value) == (
        f"{out}/truth/links.parquet: is missing; `sim verify` lists what is damaged"
    )


def test_sums_that_do_not_fit_are_an_error_that_says_what_to_do(
    eventful: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: RunSums) -> None:
        raise duckdb.OutOfMemoryException("no space left")

    monkeypatch.setattr(RunSums, "read", full)
    with pytest.raises(SimError) as caught:
        summarise(Run(eventful))
    assert str(caught.value) == (
        f"{eventful}: its sums do not fit in {tempfile.gettempdir()}: no space left; name a larger "
        "folder in TMPDIR"
    )


def test_sums_that_go_to_disk_are_the_same(
    eventful: Path, summary: RunFigures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sums, "_MEMORY", "16MB")
    found = summarise(Run(eventful), timezone=ZONE)
    assert summary_values(found) == summary_values(summary)


def test_unknown_groupings_are_refused(eventful: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        summarise(Run(eventful), by="account")
    assert str(caught.value) == "groups by 'account': give one of actor, typology"


def test_rows_outside_of_the_clock_are_refused(eventful: Path) -> None:
    broken = Run(eventful)
    clock = broken.scenario.clock.model_copy(update={"duration_us": 3_600_000_000})
    broken.scenario = broken.scenario.model_copy(update={"clock": clock})
    with pytest.raises(InvalidInputError, match="rows outside of the clock of its scenario; `sim"):
        summarise(broken)
