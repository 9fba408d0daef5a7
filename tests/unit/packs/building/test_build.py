"""A pack is made step by step: what ends it, and how it goes on to the same bytes."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sim.packs.session as working
from sim.engine.executors import InProcess, Workers, process_pool
from sim.engine.progress import Progress
from sim.engine.run_lock import locked
from sim.errors import InvalidInputError, SimError
from sim.packs.build import build, expect_usable, resume
from sim.packs.build_log import LogBuilder
from sim.packs.recipe import Recipe
from sim.packs.steps import STEPS
from sim.tables.hashing_file import HashingFile
from sim.tables.schema import IN_PARTS
from sim.tables.store import Store
from tests.support.packs import Stop, stopping_at, tiny_recipe
from tests.support.scenarios import digests, hidden_files

NAMES = [step.name for step in STEPS]


def log_of(recipe: Recipe, out: Path, workers: Workers | None = None) -> None:
    """Make the log of a pack and its truth, and nothing more."""
    builder = LogBuilder(recipe, Store.of(out), workers or Workers(InProcess(), 1), lambda *_: None)
    builder.build()


def assert_log_is_that_of(pack: Path, out: Path) -> None:
    stems = tuple(f"{stem}{end}" for stem in (*IN_PARTS, *LogBuilder.singles()) for end in "/.")
    wanted = {p: digest for p, digest in digests(pack).items() if p.startswith(stems)}
    found = {p: digest for p, digest in digests(out).items() if p.startswith(stems)}
    assert found == wanted


def counted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[Any]:
    """What a function of the log's builder is called with from now on."""
    calls: list[Any] = []
    function = getattr(building_log(), name)

    def call(*args: Any, **options: Any) -> Any:
        calls.append(args)
        return function(*args, **options)

    monkeypatch.setattr(f"sim.packs.build_log.{name}", call)
    return calls


def building_log() -> Any:
    import sim.packs.build_log as module

    return module


def stopped_after(monkeypatch: pytest.MonkeyPatch, name: str, calls: int) -> None:
    """Let a function of the log's builder fail once it worked so often."""
    function, left = getattr(building_log(), name), [calls]

    def call(*args: Any, **options: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Stop
        return function(*args, **options)

    monkeypatch.setattr(f"sim.packs.build_log.{name}", call)


# --- the same bytes


@pytest.mark.verify
def test_two_workers_make_the_same_bytes(tiny_pack: Path, recipe: Recipe, tmp_path: Path) -> None:
    with process_pool(2) as workers:
        log_of(recipe, tmp_path / "pack", workers)
    assert_log_is_that_of(tiny_pack, tmp_path / "pack")


@pytest.mark.verify
def test_a_build_stopped_at_every_step_goes_on_to_the_same_bytes(
    tiny_pack: Path, recipe: Recipe, tmp_path: Path
) -> None:
    """What was finished before is not made again, neither by `build` nor by `resume`."""
    out = tmp_path / "pack"
    for function, calls in (("run_within", 1), ("write_part", 2), ("merged_tables", 0)):
        with pytest.MonkeyPatch.context() as patch:
            stopped_after(patch, function, calls)
            with pytest.raises(Stop):
                build(recipe, out, audit=False)
    with pytest.MonkeyPatch.context() as patch:
        again = counted(patch, "write_part")
        stopping_at(patch, "labels", Stop())
        with pytest.raises(Stop):
            build(recipe, out, audit=False)
        assert again == []  # all parts were there by then

    for name in NAMES[1:]:
        with pytest.MonkeyPatch.context() as patch:
            runs = counted(patch, "run_within")
            stopping_at(patch, name, Stop())
            with pytest.raises(Stop):
                resume(out, audit=False)
            assert runs == []
            assert not list(out.glob(".unfinished/members/*"))
    summary = resume(out, audit=False)
    assert digests(out) == digests(tiny_pack)
    assert not hidden_files(out)
    assert "labels" not in summary.seconds
    assert "features" in summary.seconds


def test_what_nothing_was_finished_of_leaves_no_trace(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sim.engine.run.simulate_claimed", lambda *_: (_ for _ in ()).throw(Stop()))
        with pytest.raises(Stop):
            build(recipe, tmp_path / "deep" / "pack", audit=False)
    assert list(tmp_path.iterdir()) == []


def test_what_a_recipe_makes_impossible_is_said_and_leaves_no_trace(tmp_path: Path) -> None:
    """Only another recipe helps, and that would find the folder taken."""
    for change, said in (
        (
            "set={clock.duration: 1 s}",
            "tiny-pack: prevalence 0.001 cannot be reached: no account sent anything; give the log "
            "a longer clock or more accounts",
        ),
        (
            "splits.schemes=[adaptation-held-out]",
            "tiny-pack: splits: adaptation-held-out: none of the campaigns adapt by AD12 "
            "(docs/reference/typologies.md says how); give ",
        ),
    ):
        recipe = tiny_recipe(tmp_path, "scale=0.2", change)
        with pytest.raises(InvalidInputError) as refusal:
            build(recipe, tmp_path / "a" / "pack", audit=False)
        assert str(refusal.value).startswith(said)
        assert not (tmp_path / "a").exists()


def test_progress_never_goes_back(recipe: Recipe, tmp_path: Path) -> None:
    seen: list[Progress] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(working, "STEPS", ())
        with pytest.raises(KeyError):  # no windows for the manifest
            build(recipe, tmp_path / "pack", observe=seen.append, audit=False)
    shares = [progress.share for progress in seen]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] < 1
    assert seen[0].doing == "simulates 1 of 2"
    assert list(dict.fromkeys(p.doing for p in seen))[-2:] == ["sums up", "describes"]


# --- a finished pack


def test_a_whole_pack_is_left_as_it_is(tiny_pack: Path, recipe: Recipe) -> None:
    before = digests(tiny_pack)
    summary = resume(tiny_pack)
    assert summary.seconds == {}
    assert summary.recipe.to_dict() == recipe.to_dict()
    assert digests(tiny_pack) == before


@pytest.mark.parametrize(
    ("damaged", "made"),
    [
        ("log/exchanges/part-00001.parquet", {"log", "cards"}),
        ("labels_observed/labels.parquet", {"labels", "log", "cards"}),
        ("README.md", {"log", "cards"}),
    ],
)
def test_what_is_damaged_is_made_again(
    tiny_pack: Path, finished_pack: Path, damaged: str, made: set[str]
) -> None:
    (finished_pack / damaged).write_bytes(b"other")
    assert set(resume(finished_pack, audit=False).seconds) == made
    assert digests(finished_pack) == digests(tiny_pack)


def test_a_pack_with_a_strange_file_is_not_resumed(finished_pack: Path) -> None:
    (finished_pack / "notes.txt").write_text("mine")
    name = f"{finished_pack}/notes.txt"
    assert refusal_of(lambda: resume(finished_pack)) == (
        f"{name}: is not in the manifest; move it elsewhere, then resume the pack"
    )


# --- the place


def refusal_of(call: Callable[[], Any]) -> str:
    with pytest.raises(InvalidInputError) as refusal:
        call()
    return str(refusal.value)


def test_a_folder_that_holds_something_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    before = digests(tmp_path)
    assert refusal_of(lambda: build(recipe, tmp_path)) == (
        f"{tmp_path}: folder is not empty; choose another, or replace a pack with --force"
    )
    assert refusal_of(lambda: build(recipe, tmp_path, force=True)) == (
        f"{tmp_path}: holds no pack of sim; --force replaces only a pack"
    )
    assert digests(tmp_path) == before


def test_a_place_within_a_run_or_a_pack_is_refused(
    recipe: Recipe, tiny_run: Path, tiny_pack: Path, unfinished: Path, tmp_path: Path
) -> None:
    for kind, holder in (("run", tiny_run / "out"), ("pack", tiny_pack), ("pack", unfinished)):
        place = holder / "log" / "mine"
        assert refusal_of(lambda: build(recipe, place)) == (  # noqa: B023
            f"{place}: lies in the {kind} {holder.name}, which holds nothing but what its manifest "
            "lists; choose another place"
        )
        assert not place.exists()
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "manifest.json").write_text('{"name": "of another program"}')
    expect_usable(recipe, tmp_path / "web" / "mine", force=False)


def test_a_file_is_no_place(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    assert refusal_of(lambda: expect_usable(recipe, tmp_path / "notes", force=True)) == (
        f"{tmp_path}/notes: is a file; give a folder for the pack"
    )


def test_force_replaces_a_pack_and_nothing_else(recipe: Recipe, finished_pack: Path) -> None:
    out = finished_pack
    (out / "notes.txt").write_text("mine")
    assert refusal_of(lambda: build(recipe, out, force=True)) == (
        f"{out}: holds 'notes.txt' beside a pack; --force replaces only a pack: move it away, or "
        "choose another folder"
    )
    (out / "notes.txt").unlink()
    with pytest.MonkeyPatch.context() as patch:
        stopped_after(patch, "run_within", 0)
        with pytest.raises(Stop):
            build(recipe, out, force=True, audit=False)
    assert list(out.iterdir()) == []  # nothing of the new one was finished


def test_a_run_is_no_pack(recipe: Recipe, tiny_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(tiny_run / "out", run)
    assert refusal_of(lambda: build(recipe, run, force=True)) == (
        f"{run}: holds no pack of sim; --force replaces only a pack"
    )
    assert refusal_of(lambda: resume(run)) == (
        f"{run}: is a run, not a pack; `sim dataset` makes packs"
    )


def test_another_recipe_does_not_go_on_with_a_pack(recipe: Recipe, tmp_path: Path) -> None:
    out = tmp_path / "pack"
    with pytest.MonkeyPatch.context() as patch:
        stopped_after(patch, "run_within", 1)
        with pytest.raises(Stop):
            build(recipe, out)
    other = tiny_recipe(tmp_path, "seeds=[1, 3]")
    before = digests(out)
    assert "folder is not empty" in refusal_of(lambda: build(other, out))
    assert digests(out) == before
    (out / ".unfinished/pack.json").write_text("{}")
    assert refusal_of(lambda: resume(out)) == (
        f"{out}/.unfinished/pack.json: is damaged, and with it what was being made; make the pack "
        "again with --force"
    )


def test_other_versions_do_not_go_on_with_a_pack(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "pack"
    with pytest.MonkeyPatch.context() as patch:
        stopped_after(patch, "run_within", 1)
        with pytest.raises(Stop):
            build(recipe, out)
    from sim.packs.manifest import software

    monkeypatch.setattr("sim.packs.claims.software", lambda: {**software(), "duckdb": "0.1"})
    said = refusal_of(lambda: resume(out))
    assert said.startswith(f"{out}: was made with duckdb ")
    assert said.endswith(
        " (here 0.1); resume it with the same versions, or make the pack again with --force"
    )


def test_two_cannot_make_a_pack_in_one_folder(recipe: Recipe, tmp_path: Path) -> None:
    with locked(Store.of(tmp_path / "pack")):
        assert "another run is writing there" in refusal_of(
            lambda: build(recipe, tmp_path / "pack")
        )


# --- a full disk


def full_at(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    """Let the disk be full from the moment on that a file of this name is written."""
    write, opened, full = HashingFile.write, Store._writing_here, [False]

    def writing(self: Store, path: str) -> Any:
        full[0] |= file in path
        return opened(self, path)

    def fail(self: HashingFile, data: Any) -> int:
        if full[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(Store, "_writing_here", writing)
    monkeypatch.setattr(HashingFile, "write", fail)


@pytest.mark.parametrize("file", ["log/exchanges/part-00002", "log/orgs", "0.rows"])
def test_a_full_disk_is_said_with_what_is_kept(recipe: Recipe, tmp_path: Path, file: str) -> None:
    out, kept = tmp_path / "pack", "rows" not in file
    with pytest.MonkeyPatch.context() as patch:
        full_at(patch, file)
        with pytest.raises(SimError) as failure:
            build(recipe, out, audit=False)
    remedy = (
        f"what is finished is kept: free some space and give `sim dataset --resume {out}`"
        if kept
        else "free some space or choose another folder"
    )
    assert str(failure.value) == f"{out}: no space left on the device; {remedy}"
    assert out.exists() == kept


def test_a_full_disk_loses_nothing(tiny_pack: Path, unfinished: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        full_at(patch, "features/accounts")
        with pytest.raises(SimError, match="is kept"):
            resume(unfinished, audit=False)
    summary = resume(unfinished, audit=False)
    assert "splits" not in summary.seconds
    assert digests(unfinished) == digests(tiny_pack)


def test_a_disk_that_is_full_for_the_database_is_said_alike(
    unfinished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    error = duckdb.IOException('IO Error: Could not write file "x": No space left on device')
    stopping_at(monkeypatch, "features", error)
    with pytest.raises(SimError, match="no space left on the device; what is finished is kept"):
        resume(unfinished)


def test_too_little_memory_for_the_database_is_said(
    unfinished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    error = duckdb.OutOfMemoryException("Out of Memory Error: failed to offload data block")
    stopping_at(monkeypatch, "features", error)
    with pytest.raises(SimError) as failure:
        resume(unfinished)
    assert str(failure.value) == (
        f"{unfinished}: too little memory, or space to set rows aside, for its tables; what is "
        f"finished is kept: give `sim dataset --resume {unfinished}` on a larger machine"
    )


# --- what is damaged on the way


def test_damaged_records_of_steps_are_made_again(tiny_pack: Path, unfinished: Path) -> None:
    steps = unfinished / ".unfinished/steps"
    (steps / "labels.json").write_text("[")
    (steps / "targets.json").write_text(json.dumps({"name": "targets", "files": 3, "facts": {}}))
    (unfinished / "splits.parquet").unlink()
    made = set(resume(unfinished, audit=False).seconds)
    assert {"labels", "targets", "splits", "features"} < made
    assert "weights" not in made
    assert digests(unfinished) == digests(tiny_pack)


def test_a_damaged_member_is_simulated_again(
    tiny_pack: Path, recipe: Recipe, tmp_path: Path
) -> None:
    out = tmp_path / "pack"
    with pytest.MonkeyPatch.context() as patch:
        stopped_after(patch, "write_part", 1)
        with pytest.raises(Stop):
            log_of(recipe, out)
    (out / ".unfinished/members/1/log/exchanges/part-00000.parquet").write_bytes(b"")
    (out / ".unfinished/members/2/manifest.json").write_text("{}")
    log_of(recipe, out)
    assert_log_is_that_of(tiny_pack, out)
