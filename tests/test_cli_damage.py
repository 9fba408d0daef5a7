"""The verb verify; damaged, interrupted and unfinished runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sim.tables.manifest import software
from tests.helpers import digests, hidden_files
from tests.verbs import LOG, TINY, refused, sim

# verify, and runs that are not whole


def test_verify_a_run(here: Path) -> None:
    files = len(list((here / "out").rglob("*.parquet")))
    assert sim("verify", "out").stdout == f"out: {files} files are as the manifest says\n"
    again = sim("verify", "out", "--rerun")
    assert (again.exit_code, again.stderr) == (0, "")
    assert again.stdout == (
        f"out: {files} files are as the manifest says, and a rerun gives the same bytes\n"
    )
    assert sorted(p.name for p in here.iterdir()) == ["out", "tiny.yaml"]
    assert sim("verify", "-q", "out").stdout == ""


def test_a_rerun_that_differs_is_found(here: Path) -> None:
    manifest = here / "out" / "manifest.json"
    content = json.loads(manifest.read_text())
    content["scenario"]["seed"] = 8
    content["software"]["numpy"] = "1.0"
    manifest.write_text(json.dumps(content))
    result = sim("verify", "out", "--rerun")
    message = refused(result, 3).splitlines()
    assert message[0] == f"note: numpy 1.0 made the run, this is {software()['numpy']}"
    assert f"out/{LOG}.parquet: a rerun gives other bytes" in message
    assert sim("verify", "out").exit_code == 0


def _lose(path: Path) -> None:
    path.unlink()


def _cut(path: Path) -> None:
    os.truncate(path, 1000)


def _alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[5000] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_lose, "is missing"),
        (_cut, "has 1,000 bytes, the manifest says "),
        (_alter, "has the right size but other bytes than the manifest says"),
    ],
)
def test_verify_finds_damage(here: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(here / "out" / f"{LOG}.parquet")
    assert refused(sim("verify", "out"), 3).startswith(f"out/{LOG}.parquet: {message}")


def test_verify_finds_files_that_do_not_belong(here: Path) -> None:
    (here / "out" / "log" / "notes.txt").write_text("mine")
    assert refused(sim("verify", "out"), 3) == "out/log/notes.txt: is not in the manifest\n"


def test_a_missing_or_damaged_part_is_named(here: Path) -> None:
    part = here / "out" / f"{LOG}.parquet"
    _cut(part)
    assert refused(sim("counts", "out")).startswith(f"out/{LOG}.parquet: cannot be read: ")
    part.unlink()
    message = f"out/{LOG}.parquet: is missing; `sim verify` lists what is damaged\n"
    assert refused(sim("counts", "out")) == refused(sim("compare", "out")) == message


@pytest.mark.parametrize("verb", ["counts", "verify"])
def test_what_is_no_run_is_refused(here: Path, verb: str) -> None:
    (here / "empty").mkdir()
    for name in ("nowhere", "empty"):
        assert refused(sim(verb, name)).startswith(f"{name}: ")
    assert "Directory 'tiny.yaml' is a file" in refused(sim(verb, "tiny.yaml"))
    (here / "out" / "manifest.json").write_text("{")
    assert refused(sim(verb, "out")).startswith("out/manifest.json: is damaged: ")
    (here / "out" / "manifest.json").write_text("[]")
    assert refused(sim(verb, "out")) == "out/manifest.json: is not the manifest of a run\n"


@pytest.mark.parametrize("verb", ["counts", "compare", "verify"])
def test_an_unfinished_run_is_refused(here: Path, verb: str) -> None:
    (here / "out" / "manifest.json").rename(here / "out" / ".unfinished.json")
    message = "out: the run is not finished; give the same `sim run` command again\n"
    assert refused(sim(verb, "out")) == message


# interrupted, and out of space


MANY = TINY.replace("target_exchanges: 500", "target_exchanges: 200_000, tier: none")
SMALL_PARTS = (
    "import sys, sim.engine.windows, sim.tables.parts\n"
    "sim.engine.windows._WINDOW_ROWS = 10_000\n"
    "sim.tables.parts.PART_ROWS = int(sys.argv.pop(1))\n"
    "from sim.cli import main\n"
    "main()"
)


def many(part_rows: int, out: str) -> list[str]:
    """The command that runs `MANY` from standard input with parts of a given size."""
    return [sys.executable, "-c", SMALL_PARTS, str(part_rows), "run", "-", "-o", out]


def interrupt(command: list[str], folder: Path, when: Callable[[], bool]) -> tuple[int, str]:
    """Start a command, send SIGINT as soon as `when()` holds, return exit code and stderr."""
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        process.stdin.write(MANY.encode())
        process.stdin.close()
        process.stdin = None
        deadline = time.monotonic() + 60
        while not when() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    return process.returncode, stderr.decode()


def test_an_interrupted_run_is_completed_to_the_same_bytes(tmp_path: Path) -> None:
    out = tmp_path / "out"
    parts = out / "log" / "exchanges"
    code, stderr = interrupt(
        many(20_000, "out"), tmp_path, lambda: (parts / "part-00001.parquet").exists()
    )
    assert code == 130
    assert stderr.splitlines() == [
        "out: finished parts are kept; the same command completes the run",
        "",
        "interrupted",
    ]
    assert not (out / "manifest.json").exists()
    assert hidden_files(out) == [".unfinished.json"]
    kept = {p: p.stat().st_mtime_ns for p in parts.iterdir()}
    subprocess.run(many(20_000, "out"), cwd=tmp_path, input=MANY.encode(), check=True)
    assert all(p.stat().st_mtime_ns == stamp for p, stamp in kept.items())
    subprocess.run(many(20_000, "straight"), cwd=tmp_path, input=MANY.encode(), check=True)
    assert digests(out) == digests(tmp_path / "straight")
    assert len(kept) < len(list(parts.iterdir()))


def test_a_run_interrupted_before_its_first_part_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, stderr = interrupt(many(10**9, "out"), tmp_path, out.exists)
    assert (code, stderr) == (130, "\ninterrupted\n")
    assert not out.exists()


def test_another_scenario_does_not_continue_an_interrupted_run(here: Path) -> None:
    progress = here / "out" / ".unfinished.json"
    (here / "out" / "manifest.json").rename(progress)
    message = "out: folder is not empty; choose another, or replace a run with --force\n"
    assert refused(sim("run", "tiny.yaml", "-o", "out", "--seed", "8")) == message
    assert sim("run", "tiny.yaml", "-o", "out", "--seed", "8", "--force").exit_code == 0


@pytest.fixture
def little_space(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)]
    if mount is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs rights that this user has not")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_said_and_the_run_can_be_completed(
    little_space: Path, tmp_path: Path
) -> None:
    command = many(20_000, "disk/out")
    failed = subprocess.run(command, cwd=tmp_path, input=MANY.encode(), capture_output=True)
    assert (failed.returncode, failed.stdout) == (1, b"")
    assert failed.stderr.decode() == (
        "disk/out: no space left on the device; finished parts are kept: "
        "free some space and give the same command again\n"
    )
    assert hidden_files(little_space) == [".unfinished.json"]
    subprocess.run(["mount", "-o", "remount,size=200m", str(little_space)], check=True)
    subprocess.run(command, cwd=tmp_path, input=MANY.encode(), check=True)
    assert sim("verify", str(little_space / "out")).exit_code == 0


# How it is started


def test_module_and_colour(here: Path) -> None:
    command = [sys.executable, "-m", "sim", "run", "tiny.yaml", "-o", "module"]
    environment = {**os.environ, "NO_COLOR": "1", "FORCE_COLOR": "1"}
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert digests(here / "module") == digests(here / "out")
