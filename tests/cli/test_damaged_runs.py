"""The verb verify; what is no run, or not a whole one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.tables.manifest import software
from tests.support.commands import LOG, refused, sim
from tests.support.scenarios import digests

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
    content["scenario"]["seed"] = content["seed"] = 8
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
    said = f"out/{LOG}.parquet: has 1,000 bytes, the manifest says "
    assert refused(sim("counts", "out")).startswith(said)
    assert refused(sim("check-run", "out")).startswith(f"out/{LOG}.parquet: cannot be read: ")
    part.unlink()
    message = f"out/{LOG}.parquet: is missing; `sim verify` lists what is damaged\n"
    assert refused(sim("counts", "out")) == refused(sim("compare", "out")) == message


@pytest.mark.parametrize("verb", [("counts",), ("verify",), ("run", "--resume")])
def test_what_is_no_run_is_refused(here: Path, verb: tuple[str, ...]) -> None:
    (here / "empty").mkdir()
    assert refused(sim(*verb, "nowhere")) == "nowhere: no such folder\n"
    assert refused(sim(*verb, "empty")) == "empty: holds no run: manifest.json is missing\n"
    assert refused(sim(*verb, "tiny.yaml")) == "tiny.yaml: is a file; give the folder of a run\n"
    (here / "out" / "manifest.json").write_text("{")
    assert refused(sim(*verb, "out")).startswith("out/manifest.json: is damaged: ")
    (here / "out" / "manifest.json").write_text("[]")
    assert refused(sim(*verb, "out")) == "out/manifest.json: is not the manifest of a run\n"
    assert sorted(p.name for p in here.iterdir()) == ["empty", "out", "tiny.yaml"]


@pytest.fixture
def unfinished(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The run `out`, interrupted before its manifest."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    shutil.rmtree(here / "out")
    with monkeypatch.context() as patch:
        patch.setattr("sim.engine.run.write_manifest", stop)
        assert sim("run", "tiny.yaml", "-o", "out", "-j", "1").exit_code == 130
    return here / "out"


@pytest.mark.usefixtures("unfinished")
@pytest.mark.parametrize("verb", ["counts", "compare", "verify", "check-run"])
def test_an_unfinished_run_is_refused(verb: str) -> None:
    message = "out: the run is not finished; `sim run --resume out` completes it\n"
    assert refused(sim(verb, "out")) == message


@pytest.mark.usefixtures("unfinished")
def test_another_scenario_does_not_continue_an_interrupted_run() -> None:
    other = ("run", "tiny.yaml", "-o", "out", "--seed", "8", "-j", "1")
    message = "out: folder is not empty; choose another, or replace a run with --force\n"
    assert refused(sim(*other)) == message
    assert sim(*other, "--force").exit_code == 0


def test_resume_takes_the_run_alone(here: Path) -> None:
    before = digests(here / "out")
    for extra in (("tiny.yaml",), ("-o", "new"), ("--force",), ("-n",), ("--seed", "1")):
        message = refused(sim("run", "--resume", "out", *extra))
        assert message.endswith("Error: --resume takes the run alone: its scenario is known\n")
    assert digests(here / "out") == before
    assert refused(sim("run")).endswith("Error: Missing argument 'SCENARIO'.\n")


# How it is started


def test_module_and_colour(here: Path) -> None:
    command = [sys.executable, "-m", "sim", "run", "tiny.yaml", "-o", "module"]
    environment = {**os.environ, "NO_COLOR": "1", "FORCE_COLOR": "1"}
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert digests(here / "module") == digests(here / "out")
