"""What a run that fails early, is refused or replaced does to the folder it was to lie in."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sim.engine.run_lock import locked
from sim.tables.store import Store
from tests.support.commands import TINY, refused, sim
from tests.support.scenarios import digests

RUN = ("run", "tiny.yaml", "-o", "out")
NOT_EMPTY = "out: folder is not empty; choose another, or replace a run with --force\n"
NO_RUN = "out: holds no run of sim; --force replaces only a run\n"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the scenario alone."""
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def everything(folder: Path) -> dict[str, str]:
    """Every file with its digest, and every folder."""
    folders = {p.relative_to(folder).as_posix() + "/": "" for p in folder.rglob("*") if p.is_dir()}
    return digests(folder) | folders


def fail(*_: Any, **__: Any) -> Any:
    raise MemoryError


# Where an error may come before the first shard is finished.
EARLY = [
    "sim.engine.run_context.build_population",
    "sim.engine.run_context.shards",
    "sim.engine.checkpoint.note",
    "sim.engine.checkpoint.parts_done",
    "sim.engine.checkpoint.shards_done",
    "sim.engine.run.simulate_claimed",
    "sim.engine.simulate.workload",
]


@pytest.mark.parametrize("there_before", [False, True])
@pytest.mark.parametrize("function", EARLY)
def test_an_early_failure_leaves_all_as_it_was(
    place: Path, monkeypatch: pytest.MonkeyPatch, function: str, there_before: bool
) -> None:
    out = "deep/out"
    if there_before:
        (place / out).mkdir(parents=True)
    before = everything(place)
    with monkeypatch.context() as patch:
        patch.setattr(function, fail)
        assert sim("run", "tiny.yaml", "-o", out).exit_code == 1
    assert everything(place) == before


@pytest.mark.parametrize(
    "function", ["sim.engine.run_context.build_population", "sim.engine.run_context.shards"]
)
def test_what_cannot_be_begun_replaces_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    before = everything(here)
    with monkeypatch.context() as patch:
        patch.setattr(function, fail)
        assert sim(*RUN, "--force", "--seed", "9").exit_code == 1
    assert everything(here) == before


@pytest.mark.parametrize("extra", [(), ("--force",)])
def test_a_run_that_was_killed_before_its_first_shard_is_no_hindrance(
    place: Path, tiny_run: Path, monkeypatch: pytest.MonkeyPatch, extra: tuple[str, ...]
) -> None:
    """The corrected scenario needs no --force."""
    with monkeypatch.context() as patch:
        patch.setattr("sim.engine.checkpoint.give_up", lambda _: None)  # as after kill -9
        patch.setattr("sim.engine.run.simulate_claimed", fail)
        assert sim(*RUN, "--seed", "99").exit_code == 1
    (place / "out/.unfinished/shards").mkdir(exist_ok=True)
    (place / "out/.unfinished/shards/.000001.rows.0badcafe.tmp").write_bytes(b"cut")
    assert sim(*RUN, *extra).exit_code == 0
    assert digests(place / "out") == digests(tiny_run / "out")


# --- files of others ----------------------------------------------------------------------------


def with_files(out: Path, *names: str) -> None:
    for name in names:
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("years of work")


@pytest.mark.parametrize(
    "names",
    [
        (".unfinished/notes.txt",),
        (".unfinished/lock.md", ".unfinished/shards/000000.txt"),
        (".unfinished/shards/000000.rows", ".unfinished/shards/mine.json"),
        (".unfinished",),
        (".unfinished/mine/run.json",),
        ("manifest.json",),
        ("manifest.json", "index.html"),
        ("log/app.log",),
        ("log/exchanges/part-00000.parquet",),
        (".draft.tmp", "thesis.tex"),
    ],
)
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_folder_with_files_of_others_is_refused_and_not_touched(
    place: Path, names: tuple[str, ...], force: tuple[str, ...]
) -> None:
    with_files(place / "out", *names)
    if names == ("manifest.json",):  # of a web page
        (place / "out/manifest.json").write_text('{"name": "shop", "files": []}')
    before, stamp = everything(place), (place / "out").stat().st_mtime_ns
    assert refused(sim(*RUN, *force)) == (NO_RUN if force else NOT_EMPTY)
    assert everything(place) == before
    assert (place / "out").stat().st_mtime_ns == stamp


def test_a_note_of_something_else_is_not_taken_for_a_run_that_was_given_up(place: Path) -> None:
    with_files(place / "out", ".unfinished/run.json")
    before = everything(place)
    assert refused(sim(*RUN)) == NOT_EMPTY
    assert everything(place) == before


def test_a_lock_of_something_else_is_not_overwritten(place: Path) -> None:
    with_files(place / "out", ".unfinished/lock")
    before = everything(place)
    assert refused(sim(*RUN)) == (
        "out: holds no run of sim: .unfinished/lock is of something else; choose another folder\n"
    )
    assert everything(place) == before


def test_force_spares_a_run_that_has_files_of_others_beside_it(here: Path) -> None:
    with_files(here / "out", "notes/Übersicht.md")
    before = everything(here)
    assert refused(sim(*RUN, "--force", "--seed", "9")) == (
        "out: holds 'notes' beside a run; --force replaces only a run: move it away, or choose "
        "another folder\n"
    )
    assert everything(here) == before


def test_files_of_others_survive_a_resume(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that finishes nothing."""
    with monkeypatch.context() as patch:
        patch.setattr("sim.engine.checkpoint.give_up", lambda _: None)
        patch.setattr("sim.engine.run.simulate_claimed", fail)
        sim(*RUN)
    theirs = ("notes.txt", ".unfinished/notes.txt", ".notes.tmp", "log/notes.txt")
    with_files(place / "out", *theirs)
    with monkeypatch.context() as patch:
        patch.setattr("sim.engine.run.simulate_claimed", fail)
        assert sim("run", "--resume", "out").exit_code == 1
    assert set(digests(place / "out")) == set(theirs)
    assert refused(sim("run", "--resume", "out")) == (
        "out: holds no run: manifest.json is missing\n"
    )
    assert set(digests(place / "out")) == set(theirs)


def test_a_home_folder_is_not_searched_through(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_files(place / "out", "Documents/a/b/c/letter.txt")
    monkeypatch.setattr(Store, "files", fail)
    assert refused(sim(*RUN)) == NOT_EMPTY


# --- one at a time ------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", [(), ("--force",), ("--seed", "9")])
def test_a_folder_in_which_another_run_is_at_work_is_not_touched(
    place: Path, extra: tuple[str, ...]
) -> None:
    with locked(Store.of("out")):
        before = everything(place)
        assert refused(sim(*RUN, *extra)) == (
            f"out: another run is writing there (process {os.getpid()}); wait for its end, or "
            "choose another folder\n"
        )
        assert everything(place) == before
    assert not (place / "out").exists()


def test_a_lock_that_was_removed_meanwhile_is_not_taken_for_one(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who opened the file before it was removed would else hold a lock that nobody sees."""
    opened: list[Any] = []

    def slow(out: Store) -> Any:
        path = out.folder / ".unfinished/lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
        if not opened:
            path.unlink()
        opened.append(file)
        return file

    monkeypatch.setattr("sim.engine.run_lock._opened", slow)
    with locked(Store.of("out")):
        assert (place / "out/.unfinished/lock").read_text() == str(os.getpid())
    assert len(opened) == 2


# --- twice --------------------------------------------------------------------------------------


def test_both_places_of_a_counterfactual_are_looked_at_first(place: Path) -> None:
    with_files(place / "out-counterfactual", "notes.txt")
    before = everything(place)
    said = refused(sim(*RUN, "--counterfactual", "--set", "world.enforcement=default"))
    assert said == NOT_EMPTY.replace("out:", "out-counterfactual:")
    assert everything(place) == before


def test_a_counterfactual_that_is_interrupted_says_which_run_is_kept(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sim.engine.merge import write_part

    def stop(job: Any, plan: Any) -> Any:
        if job.out.url.endswith("-counterfactual"):
            raise KeyboardInterrupt
        return write_part(job, plan)

    monkeypatch.setattr("sim.engine.run.write_part", stop)
    words = (*RUN, "--counterfactual", "--set", "world.enforcement=default")
    assert refused(sim(*words), 130).splitlines() == [
        "out-counterfactual: what is finished is kept; "
        "`sim run --resume out-counterfactual` completes the run",
        "",
        "interrupted",
    ]
    assert (place / "out/manifest.json").is_file()


def stopped(*_: Any) -> Any:
    raise KeyboardInterrupt


@pytest.mark.parametrize("where", ["sim.engine.checkpoint.note", "sim.engine.run.write_part"])
def test_mending_that_is_stopped_twice_loses_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    before = digests(here / "out")
    (here / "out/truth/tasks/part-00000.parquet").unlink()
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(where, stopped)
            assert sim("run", "--resume", "out").exit_code == 130
        files = json.dumps(sorted(digests(here / "out")))
        assert "log/accounts.parquet" in files
        assert "log/exchanges/part-00000.parquet" in files
    assert sim("run", "--resume", "out").exit_code == 0
    assert digests(here / "out") == before
