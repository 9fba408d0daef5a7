"""Threads that carry a run out: the bytes do not tell, and what is given up ends early."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.actors.sessions.session_pieces import SessionPieces
from sim.arrays.abandoned import AbandonedError, expect_wanted
from sim.arrays.types import Ints
from sim.engine import run_context
from sim.engine.executors import map_unordered, thread_pool, workers
from sim.engine.progress import Progress
from sim.engine.run import run
from sim.engine.thread_pool import AbandonableThreads
from sim.output.observed_links import main_clusters
from sim.population.population import Population, build_population
from sim.world.event_loop import EventLoop
from tests.support.scenarios import SMALL, digests, hidden_files
from tests.unit.world.building import conditions


def test_threads_give_the_same_bytes(tmp_path: Path, finished: Path) -> None:
    with workers(3, threads=True) as who:
        summary = run(SMALL, tmp_path / "run", workers=who)
    assert digests(tmp_path / "run") == digests(finished)
    assert summary.workers == 3


def test_calls_are_made_at_a_time() -> None:
    together = threading.Barrier(2, timeout=30)
    with thread_pool(2) as who:
        assert sorted(map_unordered(who, lambda _: together.wait(), [(1,), (2,)])) == [0, 1]


def test_an_interrupt_ends_calls_that_ask_whether_they_are_wanted() -> None:
    ended = []

    def call(_number: int) -> None:
        try:
            while True:
                expect_wanted()
                time.sleep(0.001)
        except AbandonedError as error:
            ended.append(error)
            raise

    def calls() -> object:
        yield (1,)
        yield (2,)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), thread_pool(2) as who:
        list(map_unordered(who, call, calls()))  # type: ignore[arg-type]
    assert len(ended) == 2


def test_an_interrupted_run_keeps_what_is_whole(tmp_path: Path, finished: Path) -> None:
    out = tmp_path / "run"

    def stop(progress: Progress) -> None:
        if progress.exchanges:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), workers(2, threads=True) as who:
        run(SMALL, out, workers=who, observe=stop)
    assert list(out.glob(".unfinished/shards/*.json"))
    assert not [name for name in hidden_files(out) if name.endswith(".tmp")]
    assert not [x for x in threading.enumerate() if x.name.startswith("sim")]
    with workers(2, threads=True) as who:
        run(SMALL, out, workers=who)
    assert digests(out) == digests(finished)


def test_outside_of_a_pool_everything_is_wanted() -> None:
    expect_wanted()


def test_a_second_interrupt_does_not_let_go_of_threads() -> None:
    begun, ended = threading.Event(), threading.Event()
    main = threading.main_thread().ident
    assert main is not None
    pool = AbandonableThreads(1)

    def call() -> None:
        begun.set()
        with contextlib.suppress(AbandonedError):
            while True:
                expect_wanted()
                time.sleep(0.001)
        signal.pthread_kill(main, signal.SIGINT)
        time.sleep(0.1)
        ended.set()

    pool.submit(call)
    begun.wait()
    with pytest.raises(KeyboardInterrupt):
        pool.abandon()
    assert ended.is_set()


def events_of_a_loop() -> None:
    loop = EventLoop(conditions(), [None], from_us=0, buckets=0, keys=1)
    loop.run()


def pieces_of_a_shard() -> None:
    [context, *_] = build_population(SMALL).contexts
    next(SessionPieces(context, 0, 1, range(1)).draw())


@pytest.mark.parametrize("long", [events_of_a_loop, pieces_of_a_shard])
def test_what_comes_before_the_first_block_ends_too(long: Callable[[], None]) -> None:
    pool = AbandonableThreads(1)
    pool._abandoned.set()
    assert isinstance(pool.submit(long).exception(), AbandonedError)
    pool.shutdown()
    long()


def test_what_all_calls_need_is_made_before_threads_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_by = []

    def noted(population: Population) -> Ints:
        made_by.append(threading.current_thread())
        return main_clusters(population)

    monkeypatch.setattr(run_context, "main_clusters", noted)
    with thread_pool(2) as who:
        run(SMALL, tmp_path / "run", workers=who)
    assert made_by == [threading.main_thread()]
