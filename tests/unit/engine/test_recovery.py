"""What kills a run, and how `sim run --resume` brings it to its end with the same bytes."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.engine.merge import write_part
from sim.tables.hashing_file import HashingFile
from tests.support.commands import refused, sim
from tests.support.processes import assert_ended, command, start, waited, workers_of
from tests.support.scenarios import digests, hidden_files
from tests.unit.engine.test_executors import DIED

PEOPLE = "".join(f"  - {{id: people-{k}, typology: L01, accounts: 40}}\n" for k in range(9))
SEVERAL = f"""\
version: 1
name: several
seed: 7
clock: {{start: 2026-02-02, duration: 1 d}}
tables: {{part_rows: 1_500}}
actors:
{PEOPLE}  - {{id: pool, typology: A16, accounts: 30, target_exchanges: 2_500}}
"""
RUN = ("run", "several.yaml", "-o", "out")
KEPT = "out: what is finished is kept; `sim run --resume out` completes the run"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scenario and a run of it that nothing happened to."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "several.yaml").write_text(SEVERAL, encoding="utf-8")
    result = sim("run", str(folder / "several.yaml"), "-o", str(folder / "out"), "-j", "1")
    assert (result.exit_code, result.stderr) == (0, "")
    return folder


@pytest.fixture
def place(undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the scenario alone."""
    shutil.copy(undisturbed / "several.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def disturbed(
    place: Path, kind: str, do: Callable[[subprocess.Popen[str]], object], *options: str
) -> tuple[int, str, str, list[int]]:
    """(exit code, stdout, stderr, workers) of a run to which `do` was done in the middle.

    `kind` says of what some, but not all, are finished by then: `shards` or `parts`.
    """
    out = place / "out"
    with start(*RUN, *options, folder=place) as process:
        waited(lambda: list(out.glob(f".unfinished/{kind}/*.json")) or process.poll() is not None)
        workers = workers_of(process.pid)
        do(process)
        stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr, workers


def assert_resumed(place: Path, undisturbed: Path) -> None:
    """What was interrupted is completed to the bytes of a run that was not."""
    assert not (place / "out/manifest.json").exists()
    assert refused(sim("verify", "out")) == (
        "out: the run is not finished; `sim run --resume out` completes it\n"
    )
    result = sim("run", "--resume", "out", "-j", "1")
    assert (result.exit_code, result.stderr) == (0, "")
    assert digests(place / "out") == digests(undisturbed / "out")
    assert sim("verify", "out").exit_code == 0


# --- killed -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["shards", "parts"])
@pytest.mark.verify
def test_a_killed_worker_ends_the_run_and_it_can_be_resumed(
    place: Path, undisturbed: Path, kind: str
) -> None:
    def kill(process: subprocess.Popen[str]) -> None:
        os.kill(workers_of(process.pid)[0], signal.SIGKILL)

    code, stdout, stderr, workers = disturbed(place, kind, kill, "-j", "2")
    assert (code, stdout) == (1, "")
    assert stderr == (
        f"out: {DIED}; shards and parts that are finished are kept: give `sim run --resume out`\n"
    )
    assert len(workers) == 1
    assert_ended(workers)
    assert not [name for name in hidden_files(place / "out") if name.endswith(".tmp")]
    assert_resumed(place, undisturbed)


@pytest.mark.parametrize("kind", [pytest.param("shards", marks=pytest.mark.verify), "parts"])
def test_a_killed_run_leaves_no_process_and_can_be_resumed(
    place: Path, undisturbed: Path, kind: str
) -> None:
    code, stdout, _, workers = disturbed(place, kind, lambda p: p.kill(), "-j", "2")
    assert (code, stdout) == (-signal.SIGKILL, "")
    assert len(workers) == 1
    assert_ended(workers)
    assert_resumed(place, undisturbed)


@pytest.mark.verify
def test_a_killed_run_is_completed_by_the_same_command(place: Path, undisturbed: Path) -> None:
    disturbed(place, "shards", lambda p: p.kill(), "-j", "1")
    assert sim(*RUN, "-j", "1").exit_code == 0
    assert digests(place / "out") == digests(undisturbed / "out")


@pytest.mark.verify
def test_a_run_survives_a_killed_worker_of_dask(place: Path, undisturbed: Path) -> None:
    """Dask begins the worker anew and gives its work to others."""

    def kill(process: subprocess.Popen[str]) -> None:
        os.kill(workers_of(process.pid)[0], signal.SIGKILL)

    code, stdout, stderr, workers = disturbed(place, "shards", kill, "--dask", "local", "-j", "2")
    assert (code, stderr) == (0, "")
    assert stdout.startswith("out: ")
    assert_ended(workers)
    assert digests(place / "out") == digests(undisturbed / "out")


@pytest.mark.verify
def test_a_killed_run_on_dask_leaves_no_process_and_can_be_resumed(
    place: Path, undisturbed: Path
) -> None:
    code, *_, workers = disturbed(place, "shards", lambda p: p.kill(), "--dask", "local", "-j", "2")
    assert code == -signal.SIGKILL
    assert len(workers) >= 2
    assert_ended(workers)
    assert_resumed(place, undisturbed)


# --- interrupted --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        pytest.param("shards", ("-j", "1"), marks=pytest.mark.verify),
        pytest.param("shards", ("-j", "2"), marks=pytest.mark.verify),
        ("parts", ("-j", "2")),
        pytest.param("shards", ("-j", "2", "--dask", "local"), marks=pytest.mark.verify),
    ],
)
@pytest.mark.verify
def test_after_control_c_the_run_can_be_resumed(
    place: Path, undisturbed: Path, kind: str, options: tuple[str, ...]
) -> None:
    def press(process: subprocess.Popen[str]) -> None:
        os.killpg(process.pid, signal.SIGINT)  # to all of its processes, as a terminal does

    code, stdout, stderr, workers = disturbed(place, kind, press, *options)
    assert (code, stdout) == (130, "")
    said = stderr.splitlines()
    # a cluster that is stopped in the middle may complain of its own
    assert (said[-3:] if "--dask" in options else said) == [KEPT, "", "interrupted"]
    assert_ended(workers)
    assert_resumed(place, undisturbed)


@pytest.mark.verify
def test_control_c_before_anything_is_finished_leaves_nothing(place: Path) -> None:
    big = SEVERAL.replace("accounts: 40", "accounts: 6_000")
    (place / "several.yaml").write_text(big, encoding="utf-8")
    with start(*RUN, "-j", "2", folder=place) as process:
        waited(lambda: (place / "out/.unfinished/shards").exists())
        os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (130, "", "\ninterrupted\n")
    assert not (place / "out").exists()


# --- a full disk --------------------------------------------------------------------------------

FULL = (
    "out: no space left on the device; finished shards and parts are kept: free some space and "
    "give `sim run --resume out`\n"
)


@pytest.mark.parametrize(
    ("mebibytes", "workers"),
    [
        pytest.param(3, "1", marks=pytest.mark.verify),
        pytest.param(3, "2", marks=pytest.mark.verify),
        (8, "1"),
        pytest.param(8, "2", marks=pytest.mark.verify),
    ],
)
def test_a_full_disk_is_said_and_the_run_can_be_resumed(
    place: Path, undisturbed: Path, mebibytes: int, workers: str
) -> None:
    """Full while it simulates, and full while it writes parts."""
    out, mount = place / "out", shutil.which("mount") or "mount"
    out.mkdir()
    small = [mount, "-t", "tmpfs", "-o", f"size={mebibytes}m", "none", str(out)]
    if subprocess.run(small, capture_output=True).returncode:
        pytest.skip("mounting needs root; the test below fills a disk that is none")
    try:
        code, stdout, stderr = command(*RUN, "-j", workers, folder=place)
        assert (code, stdout, stderr) == (1, "", FULL)
        assert any(out.glob(".unfinished/parts/*.json")) is (mebibytes == 8)
        assert not [name for name in hidden_files(out) if name.endswith(".tmp")]
        subprocess.run([mount, "-o", "remount,size=200m", str(out)], check=True)
        assert_resumed(place, undisturbed)
    finally:
        subprocess.run(["umount", str(out)], check=True)


def test_a_disk_that_says_it_is_full_is_believed(
    place: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, left = HashingFile.write, 3 << 20

    def until_full(self: HashingFile, data: Any) -> Any:
        nonlocal left
        left -= memoryview(data).nbytes
        if left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(self, data)

    with monkeypatch.context() as patch:
        patch.setattr(HashingFile, "write", until_full)
        assert refused(sim(*RUN, "-j", "1"), 1) == FULL
    assert_resumed(place, undisturbed)


# --- torn files of an unfinished run ------------------------------------------------------------


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def flip_all(path: Path) -> None:
    path.write_bytes(bytes(byte ^ 1 for byte in path.read_bytes()))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garble(path: Path) -> None:
    path.write_bytes(b"\xff\x00 no JSON")


def hollow(path: Path) -> None:
    path.write_text('{"number": 1}')


def lose(path: Path) -> None:
    path.unlink()


@pytest.fixture
def torn(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that was stopped when three of its parts were written, to be damaged."""
    made = 0

    def stop(*arguments: Any) -> Any:
        nonlocal made
        made += 1
        if made > 3:
            raise KeyboardInterrupt
        return write_part(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr("sim.engine.run.write_part", stop)
        assert sim(*RUN, "-j", "1").exit_code == 130
    assert len(list((place / "out").glob(".unfinished/parts/*.json"))) == 3
    return place / "out"


# Each kind of damage once, all at a time: what is not noticed makes other bytes.
TORN: dict[str, dict[str, Callable[[Path], None]]] = {
    "spill files": {
        ".unfinished/shards/000000.rows": truncate,
        ".unfinished/shards/000002.rows": flip_all,  # some rows are in whole parts already
        ".unfinished/shards/000004.rows": empty,
        ".unfinished/shards/000005.rows": lose,
    },
    "records": {
        ".unfinished/shards/000001.json": truncate,
        ".unfinished/shards/000003.json": empty,
        ".unfinished/shards/000006.json": hollow,
        ".unfinished/parts/000000.json": garble,
        ".unfinished/parts/000001.json": hollow,
        ".unfinished/parts/000002.json": lose,
    },
    "parts": {
        "log/exchanges/part-00000.parquet": truncate,
        "log/exchanges/part-00001.parquet": flip,
        "log/exchanges/part-00002.parquet": lose,
    },
}


@pytest.mark.parametrize("damages", TORN.values(), ids=list(TORN))
def test_what_is_torn_of_an_unfinished_run_is_made_again(
    torn: Path, place: Path, undisturbed: Path, damages: dict[str, Callable[[Path], None]]
) -> None:
    for name, damage in damages.items():
        damage(torn / name)
    assert_resumed(place, undisturbed)


# --- damage to a finished run -------------------------------------------------------------------


@pytest.fixture
def whole(undisturbed: Path, place: Path) -> Path:
    """A copy of the finished run, to be damaged."""
    return Path(shutil.copytree(undisturbed / "out", place / "out"))


SAYS: dict[Callable[[Path], None], str] = {
    truncate: "has {half:,} bytes, the manifest says {bytes:,}",
    flip: "has the right size but other bytes than the manifest says",
    lose: "is missing",
}


DAMAGED: dict[str, Callable[[Path], None]] = {
    "log/accounts": lose,
    "log/exchanges/part-00001": lose,
    "log/exchanges/part-00002": flip,
    "log/exchanges/part-00003": truncate,
    "truth/actors": flip,
    "truth/exchanges/part-00000": flip,
    "truth/tasks/part-00001": lose,
}


def test_damaged_files_are_named_and_made_again(whole: Path, undisturbed: Path) -> None:
    said = []
    for name, damage in DAMAGED.items():
        path = whole / f"{name}.parquet"
        size = path.stat().st_size
        damage(path)
        said.append(f"out/{name}.parquet: {SAYS[damage].format(half=size // 2, bytes=size)}\n")
    assert refused(sim("verify", "out"), 3) == "".join(said)
    result = sim("run", "--resume", "out", "-j", "1", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["run"] == "out"
    assert digests(whole) == digests(undisturbed / "out")
    assert sim("verify", "out").exit_code == 0


def test_only_what_is_damaged_is_written_again(whole: Path) -> None:
    damaged = {whole / f"{t}/part-00002.parquet" for t in ("log/exchanges", "truth/exchanges")}
    for path in damaged:
        truncate(path)
    before = {path: path.stat().st_mtime_ns for path in whole.rglob("part-*")}
    assert sim("run", "--resume", "out", "-j", "1").exit_code == 0
    changed = {path for path, stamp in before.items() if path.stat().st_mtime_ns != stamp}
    assert changed == damaged | {whole / "truth/tasks/part-00002.parquet"}


def test_mending_may_be_interrupted_too(
    whole: Path, place: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    lose(whole / "log/exchanges/part-00003.parquet")
    with monkeypatch.context() as patch:
        patch.setattr("sim.engine.run.write_part", stop)
        result = sim("run", "--resume", "out", "-j", "1")
    assert (result.exit_code, result.stderr.splitlines()[0]) == (130, KEPT)
    assert_resumed(place, undisturbed)
