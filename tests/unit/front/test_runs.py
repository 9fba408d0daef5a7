"""Runs from Python: made, completed, opened, counted and checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import sim
from sim.counting import count_run
from sim.engine.executors import in_process
from sim.invariants import check_run
from tests.support.scenarios import digests

PART = "log/exchanges/part-00000.parquet"
COUNT = "SELECT count(*) FROM exchanges"


@pytest.fixture
def run(here: Path) -> sim.Run:
    return sim.open_run(here / "out")


def refusal(ask: Any, *words: Any, **options: Any) -> str:
    with pytest.raises(sim.InvalidInputError) as caught:
        ask(*words, **options)
    return str(caught.value)


# run and resume


def test_run_makes_the_run_of_the_command_and_opens_it(here: Path) -> None:
    run = sim.run("tiny.yaml")
    assert isinstance(run, sim.Run)
    assert str(run.store) == "runs/tiny"
    assert digests(here / "runs" / "tiny") == digests(here / "out")
    assert run.sql(COUNT).fetchall() == [(len(run.exchanges()),)]


def test_run_takes_a_place_a_seed_a_scale_and_overrides(here: Path) -> None:
    overrides = {"tables.format": "csv", "name": "other"}
    run = sim.run("tiny.yaml", here / "new", seed=9, scale=0.5, overrides=overrides)
    scenario = sim.check("tiny.yaml", seed=9, scale=0.5, overrides=overrides)
    assert (run.scenario, run.format, run.store.folder) == (scenario, "csv", here / "new")


def test_a_folder_that_holds_a_run_needs_force(here: Path, run: sim.Run) -> None:
    said = refusal(sim.run, "tiny.yaml", "out")
    assert said == "out: folder is not empty; choose another, or replace a run with --force"
    assert sim.run("tiny.yaml", run, seed=8, force=True).scenario.seed == 8
    assert json.loads((here / "out/manifest.json").read_text())["seed"] == 8


def test_resume_mends_a_damaged_run(here: Path, run: sim.Run) -> None:
    before = digests(here / "out")
    (here / "out" / PART).write_bytes(b"damaged")
    assert not sim.verify("out").ok
    again = sim.resume(run)
    assert isinstance(again, sim.Run)
    assert digests(here / "out") == before


def test_progress_is_told(here: Path) -> None:
    told: list[float] = []
    sim.run("tiny.yaml", here / "a", observe=lambda progress: told.append(progress.share))
    assert told[-1] == pytest.approx(1.0)
    (here / "a" / PART).unlink()
    told.clear()
    sim.resume(here / "a", observe=lambda progress: told.append(progress.share))
    assert told[-1] == pytest.approx(1.0)


def test_the_reference_engine_writes_the_same_bytes(here: Path) -> None:
    sim.run("tiny.yaml", here / "new", engine="reference")
    assert digests(here / "new") == digests(here / "out")


def test_the_reference_engine_refuses_what_it_does_not_cover(here: Path) -> None:
    words: dict[str, Any] = {"overrides": ["world.enforcement=default"]}
    sim.run("tiny.yaml", here / "fast", **words)
    (here / "fast" / PART).unlink()
    for ask in (
        lambda: sim.run("tiny.yaml", here / "new", **words, engine="reference"),
        lambda: sim.plan("tiny.yaml", **words, engine="reference"),
        lambda: sim.resume(here / "fast", engine="reference"),
    ):
        assert refusal(ask).startswith("the reference engine cannot run this: world.enforcement ")
    assert not (here / "new").exists()


# workers


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int | None, str | None]]:
    """With what workers were started; all is done in this process."""
    asked: list[tuple[int | None, str | None]] = []

    def start(count: int | None, dask: str | None) -> Any:
        asked.append((count, dask))
        return in_process()

    monkeypatch.setattr("sim.engine.executors.workers", start)
    return asked


@pytest.mark.parametrize(
    ("workers", "asked"),
    [(1, (1, None)), (3, (3, None)), (None, (None, None)), ("a:1", (None, "a:1"))],
)
def test_workers_are_a_number_or_an_address(
    here: Path, started: list[Any], workers: Any, asked: Any
) -> None:
    sim.run("tiny.yaml", here / "new", workers=workers)
    sim.resume(here / "new", workers=workers)
    sim.verify(here / "new", rerun=True, workers=workers)
    sim.replicate("tiny.yaml", 1, workers=workers)
    assert started == 4 * [asked]


def test_one_process_is_enough_if_nobody_says(here: Path, started: list[Any]) -> None:
    sim.run("tiny.yaml", here / "new")
    sim.verify(here / "new")
    assert started == [(1, None)]


def test_started_workers_are_used_and_stay(here: Path, started: list[Any]) -> None:
    with in_process() as workers:
        sim.run("tiny.yaml", here / "a", workers=workers)
        sim.run("tiny.yaml", here / "b", workers=workers)
    assert started == []


@pytest.mark.parametrize("workers", [True, 1.5, ["a"]])
def test_workers_of_another_type_are_refused(here: Path, workers: Any) -> None:
    with pytest.raises(TypeError) as caught:
        sim.run("tiny.yaml", here / "new", workers=workers)
    assert str(caught.value) == (
        "workers is a number of processes, None for one a core, or the address of a Dask cluster; "
        f"found {type(workers).__name__}"
    )
    assert not (here / "new").exists()


def test_no_workers_are_refused(here: Path) -> None:
    said = refusal(sim.run, "tiny.yaml", here / "new", workers=0)
    assert said == "workers: should be at least 1, found 0"


# plan


def test_plan_says_what_a_run_would_take(here: Path, run: sim.Run) -> None:
    plan = sim.plan("tiny.yaml", workers=1)
    assert (plan.shards, plan.workers) == (3, 1)
    assert plan.exchanges == pytest.approx(len(run.exchanges()), rel=0.1)
    assert sim.plan("tiny.yaml", workers=2).workers == 2
    assert not (here / "runs").exists()


# what stands for a run


@pytest.fixture(params=["text", "path", "run"])
def place(request: pytest.FixtureRequest, here: Path, run: sim.Run) -> Any:
    return {"text": "out", "path": here / "out", "run": run}[request.param]


def test_every_function_takes_a_run_a_path_or_text(place: Any, run: sim.Run) -> None:
    assert sim.open_run(place).manifest == run.manifest
    assert sim.counts(place) == count_run(run)
    assert sim.verify(place).ok
    assert sim.check_run(place).ok
    assert sim.resume(place).manifest == run.manifest


FUNCTIONS = [sim.open_run, sim.counts, sim.verify, sim.check_run, sim.resume]


@pytest.mark.parametrize("ask", FUNCTIONS)
def test_other_types_are_told_what_can_be_given(ask: Any) -> None:
    with pytest.raises(TypeError) as caught:
        ask({"version": 1})
    assert str(caught.value) == (
        "a run is a folder, a URL such as s3://bucket/run, or a Run; found dict"
    )


@pytest.mark.parametrize("ask", FUNCTIONS)
@pytest.mark.usefixtures("here")
def test_a_place_without_a_run_is_said(ask: Any) -> None:
    assert refusal(ask, "nothing").startswith("nothing: ")


# counts


def test_counts_are_those_of_the_run_and_by_group_a_frame(run: sim.Run) -> None:
    counted = count_run(run)
    assert run.counts() == sim.counts(run) == counted
    assert run.counts() is run.counts()
    for by in ("account", "day", "typology", "actor"):
        assert_frame_equal(run.counts(by), counted.to_frame(by))
        assert_frame_equal(sim.counts("out", by=by), counted.to_frame(by))


# verify and check_run


def test_verify_says_how_many_files_are_as_they_should_be(run: sim.Run) -> None:
    result = sim.verify(run)
    assert (result.ok, result.files, result.problems) == (True, len(run.records), ())
    assert str(result) == f"{run.store}: 16 files are as the manifest says"
    result.raise_if_failed()
    rerun = sim.verify(run, rerun=True)
    assert (
        str(rerun)
        == f"{run.store}: 16 files are as the manifest says, and a rerun gives the same bytes"
    )


def test_verify_lists_what_is_damaged(here: Path) -> None:
    (here / "out" / PART).unlink()
    (here / "out/extra.txt").write_text("text")
    result = sim.verify("out")
    problems = (f"out/{PART}: is missing", "out/extra.txt: is not in the manifest")
    assert (result.ok, result.problems) == (False, problems)
    assert repr(result) == "\n".join(problems)
    with pytest.raises(sim.CheckFailedError) as caught:
        result.raise_if_failed()
    assert str(caught.value) == "\n".join(problems)


def test_verify_names_other_software(here: Path) -> None:
    path = here / "out/manifest.json"
    manifest = json.loads(path.read_text())
    manifest["software"]["simpy"] = "0.0"
    path.write_text(json.dumps(manifest))
    (line,) = sim.verify("out").other_software
    assert line.startswith("simpy 0.0 made the run, this is ")


def test_check_run_gives_a_verdict_for_each_invariant(run: sim.Run) -> None:
    verdicts = sim.check_run(run)
    assert list(verdicts) == check_run(run.store.url)
    assert (len(verdicts), verdicts[0].id, verdicts["INV-2"].id) == (10, "INV-1", "INV-2")
    assert repr(verdicts).splitlines() == [str(verdict) for verdict in verdicts]
    assert (verdicts.ok, verdicts.failed, verdicts.other_files) == (True, (), ())
    verdicts.raise_if_failed()
    frame = verdicts.to_frame()
    assert list(frame) == ["id", "name", "status", "note", "breach"]
    assert frame["status"].tolist() == 10 * ["ok"]


def test_check_run_shows_the_first_row_that_breaks_an_invariant(here: Path) -> None:
    path = here / "out" / PART
    log = pd.read_parquet(path)
    log.loc[3, "output_tokens"] += 1
    log.to_parquet(path)
    verdicts = sim.check_run("out")
    assert not verdicts.ok
    assert verdicts.failed == tuple(v for v in verdicts if v.status == "failed")
    assert "row 3" in verdicts.to_frame().set_index("id").loc[verdicts.failed[0].id, "breach"]
    (line,) = verdicts.other_files
    assert line.startswith(f"out/{PART}: ")
    with pytest.raises(sim.CheckFailedError) as caught:
        verdicts.raise_if_failed()
    assert str(caught.value) == f"out: broken: {', '.join(v.id for v in verdicts.failed)}"


def test_a_condition_as_text_is_refused_with_what_is_taken(run: sim.Run) -> None:
    with pytest.raises(TypeError) as caught:
        run.exchanges(where="http_status = 200")
    assert str(caught.value) == (
        "where takes an expression such as pyarrow.compute.field('http_status') == 200; "
        "found str; `sql` takes a condition as text"
    )
