"""Work on a Dask cluster: the bytes of one machine, and one line where the cluster cannot do it."""

from __future__ import annotations

import math
import os
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import pytest
from distributed import Client, LocalCluster

from sim.engine import dask_cluster
from sim.engine.executors import LostWorkerError, Workers, map_in_order, map_unordered, workers
from sim.engine.memory import expect_memory
from sim.engine.run import run, simulate_claimed
from sim.engine.run_context import RunContext
from sim.errors import InvalidInputError, SimError
from sim.tables.manifest import software
from sim.tables.store import Store
from tests.support.commands import refused, sim
from tests.support.packs import tiny_recipe
from tests.support.scenarios import SMALL, digests


def started(folder: Path, count: int) -> Any:
    """A cluster whose processes have a current folder that is not that of the test."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        return LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=count,
            threads_per_worker=1,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            silence_logs=50,
            memory_limit="2GiB",
        )
    finally:
        os.chdir(before)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a cluster of two workers."""
    with started(tmp_path_factory.mktemp("elsewhere"), 2) as made:
        yield made.scheduler_address


@pytest.fixture
def reached(cluster: str) -> Iterator[Workers]:
    with workers(None, cluster) as made:
        yield made


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(*words: str) -> str:
    """What a command prints that ends well and has nothing to complain of."""
    result = sim(*words)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


# --- the bytes of one machine -------------------------------------------------------------------


def test_a_run(here: Path, cluster: str) -> None:
    said("run", "tiny.yaml", "-o", "new", "--dask", cluster)
    assert digests(here / "new") == digests(here / "out")


def test_both_runs_of_a_counterfactual(here: Path, cluster: str) -> None:
    words = ("run", "tiny.yaml", "--counterfactual", "--set", "world.enforcement=default", "-o")
    alone = said(*words, "alone", "-j", "1")
    assert said(*words, "shared", "--dask", cluster) == alone.replace("alone", "shared")
    for end in ("", "-counterfactual"):
        assert digests(here / f"shared{end}") == digests(here / f"alone{end}")


@pytest.mark.usefixtures("here")
def test_replicates(cluster: str) -> None:
    words = ("replicate", "tiny.yaml", "-r", "2")
    assert said(*words, "--dask", cluster) == said(*words, "-j", "1")


@pytest.mark.usefixtures("here")
def test_a_dataset(tmp_path: Path, cluster: str) -> None:
    tiny_recipe(tmp_path)
    words = ("dataset", str(tmp_path / "recipe.yaml"), "--no-audit", "-o")
    said(*words, "alone", "-j", "1")
    said(*words, "shared", "--dask", cluster)
    assert digests(Path("shared")) == digests(Path("alone"))


@pytest.mark.parametrize("name", ["weka.jsonl", "azure.csv"])
def test_an_export(here: Path, cluster: str, name: str) -> None:
    """By sessions, and in order of time."""
    words = ("export", "out", "--to", name.partition(".")[0], "-o")
    said(*words, f"alone-{name}", "-j", "1")
    said(*words, f"shared-{name}", "--dask", cluster)
    assert (here / f"shared-{name}").read_bytes() == (here / f"alone-{name}").read_bytes()


# --- workers that die ---------------------------------------------------------------------------


def die_once(path: str) -> str:
    if not Path(path).exists():
        Path(path).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path


@pytest.mark.verify
def test_what_a_worker_was_doing_when_it_died_another_does(
    tmp_path: Path, reached: Workers
) -> None:
    path = str(tmp_path / "died")
    assert list(map_unordered(reached, die_once, [(path,)])) == [path]


class Lost:
    """An executor whose calls come to nothing."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error

    def submit(self, *_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self.error is not None:
            future.set_exception(self.error)
        return future


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_run_that_lost_its_workers_says_what_is_lost(
    tmp_path: Path, reached: Workers, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Killed again and again, no worker left, and no scheduler: each with what helps."""
    monkeypatch.setattr("sim.engine.executors.LOOK_S", 0.01)
    kind, (what, remedy) = list(reached.deaths.items())[number]
    error = kind("task", None, 3) if number == 0 else kind()

    def look() -> None:
        raise error

    lost: Any = Lost(None if number == 1 else error)
    who = Workers(lost, 1, deaths=reached.deaths, look=look)
    with pytest.raises(LostWorkerError, match=f"^{re.escape(what)}; run it again {remedy}$"):
        list(map_in_order(who, die_once, [("never",)]))
    with pytest.raises(SimError) as caught:
        run(SMALL, tmp_path / "run", workers=who)
    assert str(caught.value) == (
        f"{tmp_path / 'run'}: {what} before anything was finished; run it again {remedy}"
    )
    assert not (tmp_path / "run").exists()


# --- clusters that cannot do it -----------------------------------------------------------------


def test_a_scheduler_without_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "PATIENCE_FOR_WORKERS", "100ms")
    with started(tmp_path, 0) as empty:
        address = empty.scheduler_address
        assert refused(sim("run", "worked_example", "-o", "x", "--dask", address)) == (
            f"--dask {address}: the scheduler has no workers; start some, as `dask worker "
            f"{address}` does\n"
        )


def test_workers_with_other_software(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = {**software(), "numpy": "1.0", "sim": "0.0"}
    monkeypatch.setattr(dask_cluster, "software", lambda: here)
    with Client(cluster) as client:  # type: ignore[no-untyped-call]
        client.wait_for_workers(2)
        first = min(client.nthreads())
    there = software()
    assert refused(sim("run", "worked_example", "-o", "x", "--dask", cluster)) == (
        f"--dask {cluster}: 2 of 2 workers have other software than this machine, such as {first}: "
        f"sim {there['sim']} (here 0.0), numpy {there['numpy']} (here 1.0); the bytes of a run "
        "depend on it; install the same versions there\n"
    )


def test_a_worker_without_sim_says_so(tmp_path: Path) -> None:
    """It is asked in words that do not need the package, because a name of it would end it."""
    asked = tmp_path / "asked"
    asked.write_bytes(cloudpickle.dumps(dask_cluster._question()))
    code = f"""
import pickle, sys, types
sys.modules["sim"] = None
space = types.SimpleNamespace
worker = space(memory_manager=space(memory_limit=None), state=space(nthreads=2))
print(pickle.load(open({str(asked)!r}, "rb"))(worker))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("({}, inf)\n", "")
    assert dask_cluster._differences({}, software()) == f"no sim (here {software()['sim']})"


def test_the_memory_of_workers_counts_not_that_of_this_machine(
    tmp_path: Path, reached: Workers
) -> None:
    context = RunContext(SMALL, Store(str(tmp_path)))
    assert reached.memory == 2 << 30
    many = Workers(reached.executor, 100_000, memory=math.inf)
    expect_memory(context, many)
    with pytest.raises(InvalidInputError) as caught:
        expect_memory(context, Workers(reached.executor, 2, memory=1e8))
    assert str(caught.value).endswith(
        "a worker of the cluster has 0.1 GB for each thread; lower them, or scale, or give "
        "workers more memory or fewer threads"
    )


def test_a_folder_that_a_worker_does_not_see(tmp_path: Path) -> None:
    place = tmp_path / "run"
    with pytest.raises(InvalidInputError) as caught:
        simulate_claimed(RunContext(SMALL, Store(str(place))), 0)
    assert str(caught.value) == (
        f"{place}: the worker on {platform.node()} does not see this folder; give one that all "
        "machines share, or a URL such as s3://bucket/run"
    )
    assert not place.exists()
