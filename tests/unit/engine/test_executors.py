"""Who carries a run out: the bytes do not tell, errors come through, nothing is left running."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask.distributed  # its settings must be there before one is changed
import pytest

from sim.engine.executors import (
    InProcess,
    Workers,
    in_process,
    map_in_order,
    map_unordered,
    process_pool,
    workers,
)
from sim.engine.pool_processes import without_script
from sim.engine.run import run
from sim.errors import InvalidInputError, SimError
from tests.support.commands import TINY
from tests.support.processes import assert_ended, start, waited, workers_of
from tests.support.scenarios import SMALL, digests

DIED = "a worker process died (killed, or out of memory)"
ANEW = f"{DIED}; run it again with fewer workers (-j)"


def double(number: int) -> int:
    return 2 * number


def refuse_three(number: int) -> int:
    if number == 3:
        raise ValueError("three")
    return number


def die(number: int) -> int:
    """End a worker, but not the process of the test."""
    if is_worker():
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def is_worker() -> bool:
    return multiprocessing.parent_process() is not None


def die_in_a_message(_number: int) -> None:
    """Say that a result of a thousand bytes follows, send five of them, and die."""
    if not is_worker():
        return
    frame = sys._getframe()
    while "result_queue" not in frame.f_locals:
        frame = frame.f_back  # type: ignore[assignment]
    pipe = frame.f_locals["result_queue"]._writer.fileno()
    os.write(pipe, struct.pack("!i", 1_000) + b"begun")
    os.kill(os.getpid(), signal.SIGKILL)


def is_worker_slowly(_number: int) -> bool:
    time.sleep(0.05)
    return is_worker()


def sleep_shortly(number: int) -> int:
    time.sleep(0.05 * (3 - number % 4))
    return number


def touch_slowly(path: str) -> str:
    if not path:
        raise ValueError("no path")
    Path(f"{path}.begun").touch()
    time.sleep(0.5)
    Path(path).touch()
    return path


@pytest.fixture(scope="module")
def pair() -> Iterator[Workers]:
    with process_pool(2) as made:
        yield made


# --- the same bytes -----------------------------------------------------------------------------


def test_a_pool_of_two_gives_the_same_bytes(tmp_path: Path, finished: Path, pair: Workers) -> None:
    summary = run(SMALL, tmp_path / "run", workers=pair)
    assert digests(tmp_path / "run") == digests(finished)
    assert summary.workers == 2


@pytest.mark.verify
def test_a_pool_of_three_gives_the_same_bytes(tmp_path: Path, finished: Path) -> None:
    with workers(3) as who:
        run(SMALL, tmp_path / "run", workers=who)
    assert digests(tmp_path / "run") == digests(finished)


def test_what_one_kind_of_worker_began_another_ends(
    tmp_path: Path, finished: Path, pair: Workers
) -> None:
    out = tmp_path / "run"

    def stop(_: object) -> None:
        if list(out.glob(".unfinished/shards/*.json")):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(SMALL, out, observe=stop)
    run(SMALL, out, workers=pair)
    assert digests(out) == digests(finished)


# --- what is carried out ------------------------------------------------------------------------


def test_one_worker_needs_no_other_process() -> None:
    with workers(1) as who:
        assert isinstance(who.executor, InProcess)
        assert who.count == 1


def test_every_result_comes_once(pair: Workers) -> None:
    calls = [(n,) for n in range(50)]
    with in_process() as alone:
        assert list(map_unordered(alone, double, calls)) == [2 * n for n in range(50)]
    assert sorted(map_unordered(pair, double, calls)) == [2 * n for n in range(50)]
    assert list(map_unordered(pair, double, [])) == []


def test_calls_are_drawn_only_a_little_ahead(pair: Workers) -> None:
    drawn = 0

    def calls() -> Iterator[tuple[int]]:
        nonlocal drawn
        for drawn in range(1, 101):
            yield (drawn,)

    results = map_unordered(pair, double, calls())
    next(results)
    assert drawn <= 8
    assert len(list(results)) == 99


def test_an_error_comes_through_and_the_pool_can_go_on(pair: Workers) -> None:
    with pytest.raises(ValueError, match="three"):
        list(map_unordered(pair, refuse_three, [(n,) for n in range(9)]))
    assert len(list(map_unordered(pair, double, [(n,) for n in range(9)]))) == 9


def test_an_error_in_this_process_comes_through() -> None:
    with in_process() as alone, pytest.raises(ValueError, match="three"):
        list(map_unordered(alone, refuse_three, [(n,) for n in range(9)]))


def test_results_come_in_the_order_of_the_calls(pair: Workers) -> None:
    for who in (pair, Workers(InProcess(), 1)):
        assert list(map_in_order(who, sleep_shortly, [(n,) for n in range(12)])) == [*range(12)]


@pytest.mark.parametrize("mapped", [map_unordered, map_in_order])
def test_this_process_takes_part_in_a_pool(mapped: Any, pair: Workers) -> None:
    made_by_workers = list(mapped(pair, is_worker_slowly, [(n,) for n in range(12)]))
    assert len(made_by_workers) == 12
    assert set(made_by_workers) == {True, False}


@pytest.mark.parametrize("mapped", [map_unordered, map_in_order])
def test_of_two_calls_this_process_makes_one(mapped: Any, pair: Workers) -> None:
    assert sorted(mapped(pair, is_worker_slowly, [(1,), (2,)])) == [False, True]


def test_when_an_error_comes_nothing_is_being_done_any_more(tmp_path: Path, pair: Workers) -> None:
    with pytest.raises(ValueError, match="no path"):
        list(map_unordered(pair, touch_slowly, [(str(tmp_path / "slow"),), ("",)]))
    assert_quiet(tmp_path)


def test_when_the_results_are_given_up_nothing_is_being_done_any_more(
    tmp_path: Path, pair: Workers
) -> None:
    results = map_unordered(pair, touch_slowly, [(str(tmp_path / str(n)),) for n in range(9)])
    next(results)
    results.close()  # the pool of these tests ends with it, so that no later one may use it
    assert_quiet(tmp_path)


def assert_quiet(folder: Path) -> None:
    """Nothing appears in a folder any more."""
    there = sorted(p.name for p in folder.iterdir())
    time.sleep(0.6)
    assert sorted(p.name for p in folder.iterdir()) == there


def test_the_death_of_a_worker_is_one_clear_error() -> None:
    with pytest.raises(SimError) as caught, process_pool(2) as who:
        list(map_unordered(who, die, [(n,) for n in range(9)]))
    assert str(caught.value) == ANEW
    assert not isinstance(caught.value, InvalidInputError)


@pytest.mark.parametrize("mapped", [map_unordered, map_in_order])
def test_a_death_in_the_middle_of_a_result_is_noticed(
    mapped: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.engine.executors.LOOK_S", 0.1)
    with pytest.raises(SimError) as caught, process_pool(2) as who:
        list(mapped(who, die_in_a_message, [(n,) for n in range(9)]))
    assert str(caught.value) == ANEW


def test_a_dask_cluster_that_keeps_losing_workers_is_one_clear_error() -> None:
    patience = dask.config.set({"distributed.scheduler.allowed-failures": 0})
    with pytest.raises(SimError) as caught, patience, workers(1, "local") as who:
        list(map_unordered(who, die, [(3,)]))
    assert str(caught.value) == (
        "workers of the Dask cluster died one after the other at the same work (killed, or out of "
        "memory); run it again with more memory for each worker"
    )


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere", "tls://127.0.0.1:9"])
def test_a_cluster_that_is_not_there_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.engine.dask_cluster.PATIENCE", "1s")
    with pytest.raises(InvalidInputError) as caught, workers(2, address):
        pass
    assert str(caught.value).startswith(
        f"--dask {address}: no scheduler answers there; give its address, such as "
        "tcp://host:8786, or local ("
    )


def test_a_server_that_says_nothing_is_no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.engine.dask_cluster.PATIENCE", "200ms")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = "tcp://127.0.0.1:{1}".format(*server.getsockname())
        with (
            pytest.raises(InvalidInputError, match=r"local \(it says nothing\)"),
            workers(2, address),
        ):
            pass


# --- processes do not run the script ------------------------------------------------------------


def test_threads_that_begin_processes_leave_the_script_where_it_is() -> None:
    script = sys.modules["__main__"]
    is_inside, may_leave = threading.Event(), threading.Event()

    def begin_another() -> None:
        with without_script():
            is_inside.set()
            may_leave.wait(10)

    other = threading.Thread(target=begin_another)
    with without_script():
        other.start()
        assert not is_inside.wait(0.1), "one at a time"
    may_leave.set()
    other.join()
    assert is_inside.is_set()
    assert sys.modules["__main__"] is script


UNGUARDED = """
import sys
import sim
print("the script runs")
run = sim.run("tiny.yaml", "out", workers=WORKERS)
print(len(run.manifest["actors"]) > 1, sys.modules["__main__"].sim is sim)
"""


@pytest.mark.parametrize("workers", [2, "local"])
def test_a_script_runs_once_whatever_it_looks_at(tmp_path: Path, workers: int | str) -> None:
    script = UNGUARDED.replace("WORKERS", repr(workers))
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    words = [sys.executable, "script.py"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "the script runs\nTrue True\n"


# --- nothing is left running --------------------------------------------------------------------

PARENT = """
import multiprocessing, os, sys, time
from sim.engine.executors import map_unordered, workers
from tests.unit.engine.test_executors import touch_slowly
if __name__ == "__main__":
    with workers(2, sys.argv[2] or None) as who:
        calls = [(f"{sys.argv[1]}/{n}",) for n in range(500)]
        for _ in map_unordered(who, touch_slowly, calls):
            pass
"""


@pytest.mark.parametrize("dask", ["", "local"])
def test_workers_end_when_their_parent_is_killed(tmp_path: Path, dask: str) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    done = tmp_path / "done"
    done.mkdir()
    command = [sys.executable, str(script), str(done), dask]
    with start(folder=tmp_path, args=command, stderr=subprocess.DEVNULL) as parent:
        waited(lambda: any(done.iterdir()))
        children = workers_of(parent.pid)
        assert children
        parent.kill()
    assert_ended(children)
