"""What ends `sim dataset`: signals, a kill, a worker that dies."""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from sim.cli.process import Stopped
from sim.engine.executors import LostWorkerError
from tests.support.commands import refused, sim
from tests.support.packs import RECIPE, SCENARIO
from tests.support.processes import start, waited
from tests.support.scenarios import digests
from tests.unit.engine.test_executors import DIED

MAKE = ("dataset", "recipe.yaml", "-o", "out", "--no-audit", "-q")
RESUME = ("dataset", "--resume", "out", "--no-audit", "-q")
# A command whose step of features is one query that would take hours.
LONG = """\
import sim.packs.steps as steps
from sim.cli.main import main

def features(tables, *_):
    tables.rows("SET threads = 4")  # those that have the query do not look for signals
    open("begun", "w").close()
    tables.rows(
        "SELECT count(*) FROM range(40000000) a, range(2000) b WHERE (a.range * b.range) % 7 = 3"
    )

steps.feature_tables = features
main()
"""
KEPT = "out: what is finished is kept; `sim dataset --resume out` completes the pack\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the recipe and its scenario."""
    (tmp_path / "tiny.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("number", "code", "says"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "stopped by SIGTERM"),
        (signal.SIGHUP, 129, "stopped by SIGHUP"),
    ],
)
def test_a_signal_ends_a_pack_that_can_be_resumed(
    place: Path,
    before_features: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    code: int,
    says: str,
) -> None:
    shutil.copytree(before_features, place / "out")

    def stop(*_: Any) -> None:
        raise Stopped(number)

    monkeypatch.setattr("sim.packs.steps.feature_tables", stop)
    assert refused(sim(*RESUME), code) == f"{KEPT}\n{says}\n"
    assert digests(place / "out") == digests(before_features)


def test_a_signal_before_anything_is_finished_leaves_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise Stopped(signal.SIGTERM)

    monkeypatch.setattr("sim.engine.run.simulate_claimed", stop)
    assert refused(sim(*MAKE), 143) == "\nstopped by SIGTERM\n"
    assert sorted(path.name for path in place.iterdir()) == ["recipe.yaml", "tiny.yaml"]


def test_a_pack_that_was_killed_goes_on_to_the_same_bytes(
    place: Path, tiny_pack: Path, before_features: Path
) -> None:
    """Killed while a step writes: what is not whole has no name, and no other process waits."""
    shutil.copytree(before_features, place / "out")
    (place / "out/.unfinished/steps/labels.json").unlink()
    with start(*RESUME, folder=place) as process:
        steps = place / "out/.unfinished/steps/labels.json"
        waited(lambda: steps.exists() or process.poll() is not None)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    (place / "out/features").mkdir(exist_ok=True)
    (place / "out/features/.accounts.parquet.0123abcd.tmp").write_bytes(b"PAR1")
    assert sim(*RESUME).exit_code == 0
    assert digests(place / "out") == digests(tiny_pack)


def test_a_signal_ends_the_database_at_its_work(place: Path, before_features: Path) -> None:
    shutil.copytree(before_features, place / "out")
    (place / "long.py").write_text(LONG)
    with start(folder=place, args=[sys.executable, "long.py", *RESUME]) as process:
        waited(lambda: (place / "begun").exists() or process.poll() is not None)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (143, f"{KEPT}\nstopped by SIGTERM\n")


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_worker_that_died_is_said_with_what_is_kept(
    place: Path, before_features: Path, monkeypatch: pytest.MonkeyPatch, is_kept: bool
) -> None:
    if is_kept:
        shutil.copytree(before_features, place / "out")

    def dies(*_: Any) -> None:
        raise LostWorkerError(DIED, "with fewer workers (-j)")

    monkeypatch.setattr("sim.packs.build_log.LogBuilder.build", dies)
    what = (
        f"{DIED}; what is finished is kept: give `sim dataset --resume out`"
        if is_kept
        else f"{DIED} before anything was finished; make the pack again with fewer workers (-j)"
    )
    assert refused(sim(*MAKE), 1) == f"out: {what}\n"
    assert (place / "out").exists() == is_kept
