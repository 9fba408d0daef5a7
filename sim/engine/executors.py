"""Who carries the work out: this process, a pool of processes, or a Dask cluster."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sim.errors import InvalidInputError, SimError

# For the scheduler of a Dask cluster to answer.
PATIENCE = "10s"

# Dask looks into its workers a hundred times a second, and has them give back memory that NumPy
# asks for again at once.
_WITHOUT_DELAYS = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1},
}

T = TypeVar("T")

# So many exchanges are simulated while a pool of processes starts.
WORTHWHILE = 500_000


# What asks a process to end: Ctrl-C, `kill`, and a terminal that goes away.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


DIED = "a worker process died (killed, or out of memory)"


class LostWorkerError(SimError):
    """A worker died, and with it what it was doing."""


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Hold back what ends a process: those begun meanwhile get it when they can deal with it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass(frozen=True)
class Workers:
    """Who carries out calls: an executor.

    Attributes
    ----------
    executor
        Takes the calls.
    count
        How many it carries out at a time.
    worthwhile
        A run of fewer exchanges is sooner done without it. 0 if it is used whatever the run is.
    deaths
        The errors that say that a worker died.
    abandon
        Ends at once what is being done. Does nothing where that is not possible, as on a Dask
        cluster.
    """

    executor: Executor
    count: int
    worthwhile: int = 0
    deaths: tuple[type[BaseException], ...] = (BrokenExecutor, CancelledError)
    abandon: Callable[[], None] = lambda: None


class InProcess(Executor):
    """An executor that does what is submitted at once, in this process.

    Errors are kept in the future, but for what ends a process, such as KeyboardInterrupt: that is
    raised where the call was submitted.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Return a future that is done; what `fn` raised, it raises."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextlib.contextmanager
def in_process() -> Iterator[Workers]:
    """Give workers that are this process itself."""
    yield Workers(InProcess(), 1)


@contextlib.contextmanager
def process_pool(count: int) -> Iterator[Workers]:
    """Start a pool of `count` fresh processes, which end with this one, however it ends.

    They are spawned, not forked, so that they share no memory with this process and no state of
    threads.

    Parameters
    ----------
    count
        How many processes; they begin as calls come.

    Yields
    ------
    Workers
        The pool. After an error its processes are killed, otherwise they end when they are done.
    """
    context = multiprocessing.get_context("spawn")
    with _held_back():  # it begins a process that looks after semaphores
        pool = ProcessPoolExecutor(count, mp_context=context, initializer=_begin_worker)

    def abandon() -> None:
        """Kill the processes of the pool and drop the calls that wait."""
        for process in list((pool._processes or {}).values()):
            process.kill()
        pool.shutdown(wait=True, cancel_futures=True)

    try:
        yield Workers(pool, count, abandon=abandon)
    except BaseException:
        abandon()
        raise
    pool.shutdown(wait=True)


def _leave_ending_to_the_main_process() -> None:
    """Let the main process end this one, if both were asked to end; else end a second later.

    A signal that is ignored, as SIGHUP after `nohup`, stays so: the main process goes on, too.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda *_: signal.alarm(1))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def _begin_worker() -> None:
    """Leave signals to the main process, and do not outlive it."""
    _leave_ending_to_the_main_process()
    parent = multiprocessing.parent_process()
    if parent is None:
        raise RuntimeError("begun by no process")

    def follow() -> None:
        """End this process as soon as its parent has ended."""
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True, name="follows its parent").start()


def dask_setup(_worker: Any) -> None:
    """Leave signals to the main process; Dask calls this in each worker of a local cluster."""
    _leave_ending_to_the_main_process()


@contextlib.contextmanager
def dask_cluster(address: str, count: int) -> Iterator[Workers]:
    """Connect to a Dask cluster.

    Parameters
    ----------
    address
        Of its scheduler, such as `tcp://host:8786`; `local` starts a cluster on this machine.
    count
        Processes of a local cluster.

    Yields
    ------
    Workers
        As many at a time as the cluster has threads. A local cluster ends with the block.

    Raises
    ------
    InvalidInputError
        If dask.distributed is not installed, or if no scheduler answers.
    """
    try:
        import distributed as dask
        from dask import config
    except ImportError:
        raise InvalidInputError(
            "--dask needs dask.distributed; `pip install 'llm-traffic-sim[dask]'` brings it"
        ) from None
    with contextlib.ExitStack() as stack:
        if address == "local":
            stack.enter_context(config.set(_WITHOUT_DELAYS))
            with _held_back():
                cluster: Any = dask.LocalCluster(  # type: ignore[no-untyped-call]
                    n_workers=count,
                    threads_per_worker=1,
                    dashboard_address=None,
                    # another cluster of this machine may have the usual port
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                    # what goes wrong comes back as an error; logs would say it again, and longer
                    silence_logs=logging.CRITICAL,
                    preload=__name__,
                )
            address = stack.enter_context(cluster)

        try:
            client: Any = dask.Client(address, timeout=PATIENCE)  # type: ignore[no-untyped-call]
            stack.enter_context(client)
        except (OSError, ValueError, TimeoutError) as error:
            raise InvalidInputError(
                f"--dask {address}: no scheduler answers there; give its address, such as "
                f"tcp://host:8786, or local ({error})"
            ) from error

        threads = max(sum(client.nthreads().values()), 1)
        executor, killed = client.get_executor(pure=False), dask.scheduler.KilledWorker
        yield Workers(executor, threads, deaths=(killed, CancelledError))


def default_count() -> int:
    """Return how many workers there are where nobody says: one a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def workers(count: int | None = None, dask: str | None = None) -> Iterator[Workers]:
    """Start workers, and end them afterwards.

    Parameters
    ----------
    count
        Processes; if left out one a core, which are used where they are worthwhile.
    dask
        Address of a Dask cluster that carries the work out instead.

    Yields
    ------
    Workers
        This process itself if one is enough, else a pool or a cluster.

    Raises
    ------
    InvalidInputError
        If the cluster cannot be used.
    """
    number = count or default_count()
    if dask is not None:
        starting = dask_cluster(dask, number)
    else:
        starting = in_process() if number == 1 else process_pool(number)
    with starting as started:
        yield started if count or dask else replace(started, worthwhile=WORTHWHILE)


def map_unordered(
    workers: Workers, fn: Callable[..., T], calls: Iterable[tuple[Any, ...]]
) -> Generator[T, None, None]:
    """Yield the results of `fn(*call)` in the order in which they become ready.

    Calls are submitted a few ahead of the results, so `calls` may be long or made on the way. When
    the generator has ended, no call is running any more; a Dask cluster is the exception, because
    it cannot stop a call that it has begun.

    Parameters
    ----------
    workers
        The executor; in this process a call is made when its result is asked for.
    fn
        A function of a module, so that it can be sent to another process.
    calls
        The positional arguments of each call.

    Raises
    ------
    LostWorkerError
        If a worker died.
    Exception
        The first one that a call raised; it ends the generator.
    """
    waiting: set[Future[T]] = set()
    todo = iter(calls)
    with _ended(workers, waiting):
        while True:  # each pass ends a call at least
            for call in todo:
                waiting.add(_submitted(workers.executor, fn, call))
                if len(waiting) >= _ahead(workers):
                    break
            if not waiting:
                return
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            waiting -= done
            for future in done:
                yield future.result()


def map_in_order(
    workers: Workers, fn: Callable[..., T], calls: Iterable[tuple[Any, ...]]
) -> Generator[T, None, None]:
    """Yield the results of `fn(*call)` in the order of the calls.

    All else is as of `map_unordered`. At most as many results wait for an earlier one as calls are
    submitted ahead.
    """
    waiting: deque[Future[T]] = deque()
    with _ended(workers, waiting):
        for call in calls:
            waiting.append(_submitted(workers.executor, fn, call))
            if len(waiting) >= _ahead(workers):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _ahead(workers: Workers) -> int:
    """Return how many calls are submitted before a result is waited for."""
    return 1 if isinstance(workers.executor, InProcess) else 2 * workers.count


@contextlib.contextmanager
def _ended(workers: Workers, waiting: Collection[Future[Any]]) -> Iterator[None]:
    """After an error, end the calls that are waiting, at the end of the block."""
    try:
        yield
    except workers.deaths as error:
        workers.abandon()
        raise LostWorkerError(f"{DIED}; run it again with fewer workers (-j)") from error
    except Exception:
        _cancel(waiting)
        wait(waiting)
        raise
    except BaseException:
        _cancel(waiting)
        workers.abandon()
        raise


def _submitted(executor: Executor, fn: Callable[..., T], call: tuple[Any, ...]) -> Future[T]:
    """Submit a call; signals that end a process are held back while the executor may begin one."""
    if isinstance(executor, InProcess):
        return executor.submit(fn, *call)
    with _held_back():  # it may begin a process
        return executor.submit(fn, *call)


def _cancel(futures: Iterable[Future[Any]]) -> None:
    """Cancel calls that have not begun; those that have go on."""
    for future in futures:
        future.cancel()
