"""Interruption and what follows it; the folder of a run; a full disk."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.engine.progress import Progress
from sim.engine.run import resume, run
from sim.errors import InvalidInputError, SimError
from sim.scenario.resolved import Scenario
from sim.tables.formats import _Parquet
from sim.tables.hashing_file import HashingFile
from sim.tables.manifest import software
from sim.tables.store import Store
from tests.support.scenarios import SMALL, digests, hidden_files, lab, scenario

TINY = scenario(lab("snitchbench", runs=1, starts_us=0), days=0.2)

# --- interruption -------------------------------------------------------------------------------


class Interrupter:
    """Presses Ctrl-C when it has been told so often that the run `doing` goes on."""

    def __init__(self, doing: str, after: int) -> None:
        self.doing, self.left = doing, after

    def __call__(self, progress: Progress) -> None:
        if progress.doing == self.doing:
            self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


def interrupt(out: Path, doing: str, after: int, asked: Scenario = SMALL) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(asked, out, observe=Interrupter(doing, after))


def again(asked: Scenario, out: Path) -> None:
    run(asked, out)


def resumed(_asked: Scenario, out: Path) -> None:
    resume(out)


def records(out: Path, kind: str) -> list[Path]:
    return sorted((out / ".unfinished" / kind).glob("*.json"))


MOMENTS = [
    ("simulates", 1, again),
    ("simulates", 2, resumed),
    ("writes", 0, resumed),
    ("writes", 1, again),
    ("writes", 3, resumed),
]


@pytest.mark.parametrize(("doing", "after", "go_on"), MOMENTS)
def test_an_interrupted_run_is_completed_to_the_same_bytes(
    tmp_path: Path,
    finished: Path,
    doing: str,
    after: int,
    go_on: Callable[[Scenario, Path], None],
) -> None:
    out = tmp_path / "run"
    interrupt(out, doing, after)
    assert len(records(out, "shards")) == (after if doing == "simulates" else 3)
    assert len(records(out, "parts")) == (after if doing == "writes" else 0)
    go_on(SMALL, out)
    assert digests(out) == digests(finished)


def test_an_interrupted_run_keeps_what_is_whole_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "run"
    interrupt(out, "writes", 2)
    kept = digests(out)
    noted = [
        file for path in records(out, "parts") for file in json.loads(path.read_text())["files"]
    ]
    assert len(noted) == 6
    parts = {name: digest for name, digest in kept.items() if not name.startswith(".unfinished")}
    assert parts == {file["path"]: file["sha256"] for file in noted}
    assert not [name for name in hidden_files(out) if name.endswith(".tmp")]


def test_a_run_may_be_interrupted_again_and_again(tmp_path: Path, finished: Path) -> None:
    out = tmp_path / "run"
    for doing, after in (("simulates", 1), ("simulates", 1), ("writes", 2), ("writes", 0)):
        interrupt(out, doing, after)
    interrupt(out, "writes", 1)
    run(SMALL, out)
    assert digests(out) == digests(finished)


def test_a_run_may_be_interrupted_before_its_manifest(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr("sim.engine.run.write_manifest", stop)
        with pytest.raises(KeyboardInterrupt):
            run(SMALL, out)
    assert not (out / "manifest.json").exists()
    run(SMALL, out)
    assert digests(out) == digests(finished)


def test_a_run_may_be_interrupted_while_it_is_tidied_up(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr("sim.engine.checkpoint.end", stop)
        with pytest.raises(KeyboardInterrupt):
            run(SMALL, out)
    assert (out / "manifest.json").exists()
    resume(out)
    assert digests(out) == digests(finished)


@pytest.mark.parametrize("doing", ["shards", "parts"])
def test_what_is_finished_is_not_made_again(tmp_path: Path, doing: str) -> None:
    out = tmp_path / "run"
    interrupt(out, "writes", 2)
    paths = [*out.rglob("part-*")] if doing == "parts" else [*out.rglob("*.rows")]
    before = {path: path.stat().st_mtime_ns for path in paths}
    assert len(before) >= 3
    interrupt(out, "writes", 1)
    assert {path: path.stat().st_mtime_ns for path in before} == before


LOST = (
    "log/exchanges/part-00000.parquet",
    "truth/tasks/part-00001.parquet",
    ".unfinished/shards/000001.rows",
    ".unfinished/shards/000002.json",
    ".unfinished/parts/000002.json",
)


def test_what_went_missing_is_made_again(tmp_path: Path, finished: Path) -> None:
    """All at a time: what is not missed leaves a hole."""
    out = tmp_path / "run"
    interrupt(out, "writes", 3)
    for lost in LOST:
        (out / lost).unlink()
    run(SMALL, out)
    assert digests(out) == digests(finished)


@pytest.mark.parametrize("there_before", [False, True])
def test_a_run_that_finished_nothing_leaves_nothing(tmp_path: Path, there_before: bool) -> None:
    out = tmp_path / "run"
    if there_before:
        out.mkdir()
    interrupt(out, "simulates", 0)
    assert sorted(p.name for p in tmp_path.rglob("*")) == (["run"] if there_before else [])


def test_an_unfinished_run_of_another_scenario_is_refused_and_kept(tmp_path: Path) -> None:
    out = tmp_path / "run"
    interrupt(out, "writes", 1)
    before = without_lock(out)
    with pytest.raises(InvalidInputError) as caught:
        run(SMALL.model_copy(update={"seed": 2}), out)
    assert str(caught.value) == (
        f"{out}: folder is not empty; choose another, or replace a run with --force"
    )
    assert without_lock(out) == before


def without_lock(out: Path) -> dict[str, str]:
    return {name: digest for name, digest in digests(out).items() if not name.endswith("/lock")}


def test_an_unfinished_run_of_other_software_is_refused_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    interrupt(out, "writes", 1)
    before = without_lock(out)
    with monkeypatch.context() as patch:
        other = {**software(), "numpy": "9.9"}
        patch.setattr("sim.engine.checkpoint.software", lambda: other)
        with pytest.raises(InvalidInputError, match="folder is not empty"):
            run(SMALL, out)
        with pytest.raises(InvalidInputError) as caught:
            resume(out)
    assert str(caught.value) == (
        f"{out}: was made with numpy {software()['numpy']} (here 9.9); resume it with the same "
        "versions, or run the scenario again with --force"
    )
    assert without_lock(out) == before


def test_a_run_that_forgot_what_it_is_asks_for_the_scenario(tmp_path: Path) -> None:
    out = tmp_path / "run"
    interrupt(out, "writes", 1)
    (out / ".unfinished/run.json").write_text('{"identity": "')
    with pytest.raises(InvalidInputError) as caught:
        resume(out)
    assert str(caught.value) == (
        f"{out}/.unfinished/run.json: is damaged, and with it what was being run; run the scenario "
        "again with --force"
    )
    run(TINY, out, force=True)
    run(TINY, tmp_path / "fresh")
    assert digests(out) == digests(tmp_path / "fresh")


def test_what_a_lost_worker_left_behind_is_no_hindrance(tmp_path: Path, finished: Path) -> None:
    out = tmp_path / "run"
    rest = out / ".unfinished/shards"
    rest.mkdir(parents=True)
    (rest / "000000.rows").write_bytes(b"of another run")
    (rest / "000000.json").write_text("{}")
    (rest / ".000001.rows.0badcafe.tmp").write_bytes(b"cut")
    run(SMALL, out)
    assert digests(out) == digests(finished)


# --- folders ------------------------------------------------------------------------------------


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for force in (False, True):
        with pytest.raises(InvalidInputError, match="run"):
            run(TINY, tmp_path, force=force)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_finished_run_is_replaced_only_by_force(tmp_path: Path, finished: Path) -> None:
    out = tmp_path / "run"
    run(SMALL, out)
    with pytest.raises(InvalidInputError, match="--force"):
        run(TINY, out)
    assert digests(out) == digests(finished)
    run(TINY, out, force=True)
    run(TINY, tmp_path / "fresh")
    assert digests(out) == digests(tmp_path / "fresh")


def test_an_unfinished_run_of_another_scenario_is_replaced_by_force(tmp_path: Path) -> None:
    interrupt(tmp_path / "run", "writes", 2)
    run(TINY, tmp_path / "run", force=True)
    run(TINY, tmp_path / "fresh")
    assert digests(tmp_path / "run") == digests(tmp_path / "fresh")


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    run(TINY, tmp_path / "run")
    assert (tmp_path / "run/manifest.json").is_file()


def test_a_file_is_no_folder_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("x")
    with pytest.raises(InvalidInputError, match="is a file"):
        run(TINY, tmp_path / "run", force=True)
    assert (tmp_path / "run").read_text() == "x"


def test_where_no_run_is_there_is_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        resume(tmp_path / "none")
    assert str(caught.value) == f"{tmp_path}/none: no such folder"
    with pytest.raises(InvalidInputError, match=r"holds no run: manifest\.json is missing"):
        resume(tmp_path)
    assert list(tmp_path.iterdir()) == []


# --- full disk ----------------------------------------------------------------------------------


@contextlib.contextmanager
def full(owner: Any, method: str, after: int, times: int = 10**6) -> Iterator[None]:
    """Let a method say that the disk is full, `times` times after it worked `after` times."""
    original, made = getattr(owner, method), 0

    def fail(self: Any, *arguments: Any) -> Any:
        nonlocal made
        made += 1
        if after < made <= after + times:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, method, fail)
        yield


def fills_up(asked: Scenario, out: Path) -> str:
    with pytest.raises(SimError) as caught:
        run(asked, out)
    return str(caught.value)


@pytest.mark.parametrize(
    ("owner", "method", "after", "times"),
    [
        (_Parquet, "write", 9, 1),
        (HashingFile, "write", 6, 10**6),
        (HashingFile, "write", 30, 1),
        (HashingFile, "write", 36, 10**6),
        (HashingFile, "write", 42, 1),
        (Store, "write_json", 2, 10**6),
        (Store, "write_json", 5, 1),
        *(
            pytest.param(HashingFile, "write", after, times, marks=pytest.mark.verify)
            for after in range(30, 45)
            for times in (1, 10**6)
        ),
    ],
)
def test_a_full_disk_is_one_clear_error_and_the_run_can_go_on(
    tmp_path: Path, finished: Path, owner: Any, method: str, after: int, times: int
) -> None:
    out = tmp_path / "run"
    with full(owner, method, after, times):
        assert fills_up(SMALL, out) == (
            f"{out}: no space left on the device; finished shards and parts are kept: free some "
            f"space and give `sim run --resume {out}`"
        )
    assert not [name for name in hidden_files(out) if name.endswith(".tmp")]
    resume(out)
    assert digests(out) == digests(finished)


@pytest.mark.parametrize("after", [0, 1])
def test_a_disk_full_from_the_start_leaves_nothing(tmp_path: Path, after: int) -> None:
    with full(HashingFile, "write", after):
        message = fills_up(TINY, tmp_path / "run")
    assert message == (
        f"{tmp_path}/run: no space left on the device; free some space or choose another folder"
    )
    assert list(tmp_path.iterdir()) == []


def test_other_errors_of_the_disk_are_not_called_a_full_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(_Parquet, "write", broken)
    with pytest.raises(OSError, match="Input/output"):
        run(TINY, tmp_path / "run")


def test_a_whole_run_is_left_as_it_is(tmp_path: Path) -> None:
    made = run(SMALL, tmp_path / "run")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "run").rglob("*") if p.is_file()}
    again = resume(tmp_path / "run")
    assert {p: p.stat().st_mtime_ns for p in before} == before
    assert hidden_files(tmp_path / "run") == []
    assert (again.exchanges, again.actors, again.files) == (made.exchanges, made.actors, made.files)
    assert (again.shards, again.parts) == (made.shards, made.parts)
