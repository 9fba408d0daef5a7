"""Interruption and resume, folders, full disks."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from sim.engine.run import run
from sim.errors import InvalidInputError, SimError
from sim.scenario.resolved import Scenario
from sim.tables import parts
from sim.tables.behind import WriteBehind
from tests.helpers import (
    PART_ROWS,
    SMALL,
    digests,
    hidden_files,
    lab,
    scenario,
)

# --- interruption -------------------------------------------------------------------------------


class Interrupter:
    """Presses Ctrl-C after so many windows, or after so many shards are simulated."""

    def __init__(self, after: int, *, simulating: bool = False) -> None:
        self.left, self.simulating = after, simulating

    def __call__(self, share: float, exchanges: int) -> None:
        if (share <= 0.5) is self.simulating:
            self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


def interrupt(out: Path, after: int, asked: Scenario = SMALL) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(asked, out, observe=Interrupter(after))


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("after", [4, 9, 15])
def test_an_interrupted_run_keeps_whole_parts_and_nothing_else(tmp_path: Path, after: int) -> None:
    out = tmp_path / "run"
    interrupt(out, after)
    kept = digests(out)
    noted = json.loads((out / ".unfinished.json").read_text())
    del kept[".unfinished.json"]
    assert kept == {f["path"]: f["sha256"] for f in noted["files"]}
    assert len(kept) >= 1


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("after", [0, 4, 9, 17])
def test_the_same_command_completes_an_interrupted_run_to_the_same_bytes(
    tmp_path: Path, finished: Path, after: int
) -> None:
    out = tmp_path / "run"
    interrupt(out, after)
    run(SMALL, out)
    assert digests(out) == digests(finished)


@pytest.mark.usefixtures("small_parts")
def test_a_run_may_be_interrupted_again_and_again(tmp_path: Path, finished: Path) -> None:
    out = tmp_path / "run"
    for after in (6, 2, 12, 0):
        interrupt(out, after)
    run(SMALL, out)
    assert digests(out) == digests(finished)


@pytest.mark.usefixtures("small_parts")
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
    assert hidden_files(out) == [".unfinished.json"]
    run(SMALL, out)
    assert digests(out) == digests(finished)


@pytest.mark.usefixtures("small_parts")
def test_finished_parts_are_not_written_again(tmp_path: Path) -> None:
    out = tmp_path / "run"
    interrupt(out, 12)
    before = {p: p.stat().st_mtime_ns for p in out.rglob("part-*")}
    run(SMALL, out)
    assert len(before) >= 2
    assert {p: p.stat().st_mtime_ns for p in before} == before


@pytest.mark.usefixtures("small_parts")
def test_a_part_that_went_missing_is_made_again(tmp_path: Path, finished: Path) -> None:
    out = tmp_path / "run"
    interrupt(out, 12)
    (out / "log/exchanges/part-00000.parquet").unlink()
    run(SMALL, out)
    assert digests(out) == digests(finished)


@pytest.mark.parametrize("simulating", [True, False])
def test_a_run_interrupted_before_its_first_part_leaves_nothing(
    tmp_path: Path, simulating: bool
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(SMALL, tmp_path / "run", observe=Interrupter(0, simulating=simulating))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_run_interrupted_while_it_simulates_is_completed(
    tmp_path: Path, finished: Path, after: int
) -> None:
    out = tmp_path / "run"
    interrupt(out, 9)
    kept = digests(out)
    with pytest.raises(KeyboardInterrupt):
        run(SMALL, out, observe=Interrupter(after, simulating=True))
    assert digests(out) == kept
    run(SMALL, out)
    assert digests(out) == digests(finished)


@pytest.mark.usefixtures("small_parts")
def test_an_unfinished_run_of_another_scenario_is_refused_and_kept(tmp_path: Path) -> None:
    out = tmp_path / "run"
    interrupt(out, 9)
    before = digests(out)
    with pytest.raises(InvalidInputError, match="not empty"):
        run(SMALL.model_copy(update={"seed": 2}), out)
    assert digests(out) == before


KILLED = """
import json, os, sys
from pathlib import Path
import sim.engine.windows, sim.tables.parts
from sim.engine.run import run
from sim.scenario.resolved import Scenario
sim.tables.parts.PART_ROWS, sim.engine.windows._WINDOW_ROWS = {part_rows}, 300
left = {after}
def observe(share, exchanges):
    global left
    left -= 1
    if left < 0:
        os._exit(9)
run(Scenario.from_dict(json.loads(sys.stdin.read())), Path(sys.argv[1]), observe=observe)
"""


def kill(out: Path, after: int, part_rows: int = PART_ROWS) -> None:
    """Run `SMALL` in another process, which dies without cleaning up."""
    code = KILLED.format(after=after, part_rows=part_rows)
    text = json.dumps(SMALL.to_dict())
    died = subprocess.run(
        [sys.executable, "-c", code, str(out)], input=text, text=True, check=False
    )
    assert died.returncode == 9


@pytest.mark.usefixtures("small_parts")
def test_a_killed_run_is_completed_and_what_it_left_is_cleared(
    tmp_path: Path, finished: Path
) -> None:
    out = tmp_path / "run"
    kill(out, 12)
    assert any(name.endswith(".tmp") for name in hidden_files(out))
    run(SMALL, out)
    assert digests(out) == digests(finished)


@pytest.mark.usefixtures("small_parts")
def test_a_run_killed_before_its_first_part_can_be_given_again(
    tmp_path: Path, finished: Path
) -> None:
    out = tmp_path / "run"
    kill(out, 3, part_rows=10**9)
    assert any(name.endswith(".tmp") for name in hidden_files(out))
    assert [p for p in out.rglob("part-*") if p.is_file()] == []
    run(SMALL, out)
    assert digests(out) == digests(finished)


# --- folders ------------------------------------------------------------------------------------

TINY = scenario(lab("snitchbench", runs=1, starts_us=0), days=0.2)


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for force in (False, True):
        with pytest.raises(InvalidInputError, match="run"):
            run(TINY, tmp_path, force=force)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_finished_run_is_replaced_only_by_force(tmp_path: Path) -> None:
    out = tmp_path / "run"
    run(SMALL, out)
    with pytest.raises(InvalidInputError, match="--force"):
        run(TINY, out)
    run(TINY, out, force=True)
    run(TINY, tmp_path / "fresh")
    assert digests(out) == digests(tmp_path / "fresh")


@pytest.mark.usefixtures("small_parts")
def test_an_unfinished_run_of_another_scenario_is_replaced_by_force(tmp_path: Path) -> None:
    interrupt(tmp_path / "run", 9)
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


# --- full disk ----------------------------------------------------------------------------------


def fail_when_full(monkeypatch: pytest.MonkeyPatch, method: str, calls: int, times: int) -> None:
    """Let a method of the Parquet sink say that the disk is full, `times` times after `calls`."""
    original = getattr(parts._Parquet, method)
    made = 0

    def full(self: Any, *arguments: Any) -> None:
        nonlocal made
        made += 1
        if calls < made <= calls + times:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(self, *arguments)

    monkeypatch.setattr(parts._Parquet, method, full)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("method", ["write", "close"])
@pytest.mark.parametrize("times", [1, 10**6])
def test_a_full_disk_is_one_clear_error_and_the_run_can_go_on(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch, method: str, times: int
) -> None:
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        fail_when_full(patch, method, {"write": 25, "close": 3}[method], times)
        with pytest.raises(SimError, match=r"no space left on the device.*same command again"):
            run(SMALL, out)
    assert hidden_files(out) == [".unfinished.json"]
    run(SMALL, out)
    assert digests(out) == digests(finished)


def test_a_disk_full_from_the_start_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_when_full(monkeypatch, "write", 0, 10**6)
    with pytest.raises(SimError, match="no space left"):
        run(TINY, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def refuse_text(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let text files be written `after` times; then the disk is full after the name."""
    written, original = 0, Path.write_text

    def full(self: Path, text: str, **options: Any) -> int:
        nonlocal written
        written += 1
        if written <= after:
            return original(self, text, **options)
        original(self, "", **options)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)


def test_a_disk_too_full_to_begin_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_text(monkeypatch, 0)
    with pytest.raises(SimError, match="no space left"):
        run(TINY, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small_parts")
def test_a_disk_too_full_to_note_a_part_down_leaves_no_temporary_file(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        refuse_text(patch, 3)
        with pytest.raises(SimError, match="no space left"):
            run(SMALL, out)
    assert hidden_files(out) == [".unfinished.json"]
    run(SMALL, out)
    assert digests(out) == digests(finished)


def test_other_errors_of_the_disk_are_not_called_a_full_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(parts._Parquet, "write", broken)
    with pytest.raises(OSError, match="Input/output"):
        run(TINY, tmp_path / "run")


class Writer:
    """A writer whose first table fails; the others are noted down."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.may_fail = threading.Event()

    def append(self, table: Any) -> None:
        if table == 0:
            self.may_fail.wait(5)
            raise OSError(errno.ENOSPC, "full")
        self.seen.append(table)


def write_two_of_which_the_first_fails(writer: Any) -> None:
    with WriteBehind() as behind:
        for table in (0, 1):
            behind.append(writer, lambda _, table=table: table, {})  # type: ignore[misc]
        writer.may_fail.set()
        behind.finish()


def test_nothing_is_written_behind_a_table_that_could_not_be_written() -> None:
    """A later table of the same part would make the part look whole."""
    writer = Writer()
    with pytest.raises(OSError, match="full"):
        write_two_of_which_the_first_fails(writer)
    assert writer.seen == []
