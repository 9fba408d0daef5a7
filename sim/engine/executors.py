"""Who carries the work out: this process, a pool of processes, or a Dask cluster."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, TypeVar

from sim.engine.ending import held_back
from sim.engine.pool_processes import FreshProcesses, begin_worker, end_thread
from sim.errors import SimError

T = TypeVar("T")

# So many exchanges are simulated while a pool of processes starts.
WORTHWHILE = 500_000

# What is lost when a process of a pool ends, and what helps.
DIED = ("a worker process died (killed, or out of memory)", "with fewer workers (-j)")
# Seconds after which workers are looked at, if nothing has become ready.
LOOK_S = 10.0


class LostWorkerError(SimError):
    """Workers were lost, and with them what they were doing.

    Attributes
    ----------
    what
        What was lost.
    remedy
        What helps, after "run it again".
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; run it again {remedy}")
        self.what, self.remedy = what, remedy


def _deaths_of_pool() -> dict[type[BaseException], tuple[str, str]]:
    """Return what is lost with a process of a pool, by the error that says so."""
    return {BrokenExecutor: DIED, CancelledError: DIED}


@dataclass(frozen=True)
class Workers:
    """Who carries out calls: an executor.

    Attributes
    ----------
    executor
        Takes the calls.
    count
        How many are carried out at a time.
    takes_part
        Whether this process makes calls itself while the executor makes others.
    worthwhile
        A run of fewer exchanges is sooner done without it. 0 if it is used whatever the run is.
    deaths
        What is lost, and what helps, by the error that says that workers were lost.
    abandon
        Ends at once what is being done. Does nothing where that is not possible, as on a Dask
        cluster.
    look
        Is called now and then while nothing becomes ready; raises one of `deaths` if what is waited
        for will not come.
    memory
        Bytes that each can have; infinite if it has no limit. None if they share the memory of this
        machine.
    """

    executor: Executor
    count: int
    takes_part: bool = False
    worthwhile: int = 0
    deaths: Mapping[type[BaseException], tuple[str, str]] = field(default_factory=_deaths_of_pool)
    abandon: Callable[[], None] = lambda: None
    look: Callable[[], None] = lambda: None
    memory: float | None = None


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
    """Start a pool of fresh processes, which end with this one, however it ends.

    They are spawned, not forked, so that they share no memory with this process and no state of
    threads. This process takes part: it begins at once, and needs much of what workers make of a
    scenario anyway.

    Parameters
    ----------
    count
        How many processes, this one among them; the others begin as calls come. At least 2.

    Yields
    ------
    Workers
        The pool. After an error its processes are killed, otherwise they end when they are done.
    """
    with held_back():  # it begins a process that looks after semaphores
        pool: Any = ProcessPoolExecutor(
            count - 1, mp_context=FreshProcesses(), initializer=begin_worker
        )

    def abandon() -> None:
        """Drop the calls that wait, and kill the processes of the pool."""
        processes, thread = list((pool._processes or {}).values()), pool._executor_manager_thread
        results, calls = pool._result_queue, pool._call_queue
        # first, else the thread of the pool takes calls that were dropped for calls that failed
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.kill()
        if thread is not None:
            end_thread(thread, results, calls)

    def look() -> None:
        """Raise BrokenExecutor if one died, which the pool does not see in a message of it."""
        if not all(process.is_alive() for process in list((pool._processes or {}).values())):
            raise BrokenExecutor

    try:
        yield Workers(pool, count, takes_part=True, abandon=abandon, look=look)
    except BaseException:
        abandon()
        raise
    pool.shutdown(wait=True)


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
        If dask.distributed is not installed, or if the cluster cannot do the work.
    """
    from sim.engine.dask_cluster import connected

    with connected(address, count) as cluster:
        yield Workers(
            cluster.executor,
            cluster.threads,
            deaths=cluster.deaths,
            look=cluster.look,
            memory=cluster.memory,
        )


def default_count() -> int:
    """Return how many workers there are where nobody says: one a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def workers(count: int | None = None, dask: str | None = None) -> Iterator[Workers]:
    """Start workers, and end them afterwards.

    Parameters
    ----------
    count
        Number of processes; if left out one a core, which are used where they are worthwhile.
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

    Calls are submitted a few ahead of the results, so `calls` may be long or made on the way. Where
    this process takes part, it makes a call of its own whenever a result is asked for. When the
    generator has ended, no call is running any more; a Dask cluster is the exception, because it
    cannot stop a call that it has begun.

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
        If workers were lost: one of a pool died, or a cluster cannot go on.
    Exception
        The first one that a call raised; it ends the generator.
    """
    waiting: set[Future[T]] = set()
    todo = iter(calls)
    with _ended(workers, waiting):
        while True:  # each pass ends calls, or looks whether workers are left
            first, own, more = _next_calls(workers, fn, todo, len(waiting))
            waiting.update(first, more)
            if own is not None:
                yield fn(*own)
            elif not waiting:
                return

            done, _ = wait(waiting, LOOK_S if own is None else 0, return_when=FIRST_COMPLETED)
            waiting -= done
            if not done and own is None:
                workers.look()
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
    todo = iter(calls)
    with _ended(workers, waiting):
        while True:
            under_way = sum(not future.done() for future in waiting)
            full = len(waiting) >= 2 * _ahead(workers)
            first, own, more = _next_calls(workers, fn, () if full else todo, under_way)
            waiting.extend((*first, *more))
            if own is not None:
                waiting.insert(len(waiting) - len(more), InProcess().submit(fn, *own))
            if not waiting:
                return
            if own is None or waiting[0].done():
                yield _result(workers, waiting.popleft())


def _result(workers: Workers, future: Future[T]) -> T:
    """Return the result of a call, and look now and then whether workers are left to make it."""
    while not wait([future], LOOK_S).done:
        workers.look()
    return future.result()


def _next_calls(
    workers: Workers, fn: Callable[..., T], todo: Iterable[tuple[Any, ...]], under_way: int
) -> tuple[list[Future[T]], tuple[Any, ...] | None, list[Future[T]]]:
    """Submit calls until enough are under way, and keep one for this process if it takes part.

    Returns
    -------
    tuple
        Calls that workers begin at once, the own one, and calls that wait for a worker, in the
        order of `todo`.
    """
    calls = iter(todo)
    at_once = max(workers.count - workers.takes_part - under_way, 0)
    first = [_submitted(workers.executor, fn, call) for call in islice(calls, at_once)]
    own = next(calls, None) if workers.takes_part else None
    ahead = max(_ahead(workers) - under_way - len(first), 0)
    return first, own, [_submitted(workers.executor, fn, call) for call in islice(calls, ahead)]


def _ahead(workers: Workers) -> int:
    """Return how many calls are submitted before a result is waited for."""
    if isinstance(workers.executor, InProcess):
        return 1
    return 2 * (workers.count - workers.takes_part)


@contextlib.contextmanager
def _ended(workers: Workers, waiting: Collection[Future[Any]]) -> Iterator[None]:
    """After an error, end the calls that are waiting, at the end of the block."""
    try:
        yield
    except tuple(workers.deaths) as error:
        _cancel(waiting)
        workers.abandon()
        lost = next(said for kind, said in workers.deaths.items() if isinstance(error, kind))
        raise LostWorkerError(*lost) from error
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
    with held_back():  # it may begin a process
        return executor.submit(fn, *call)


def _cancel(futures: Iterable[Future[Any]]) -> None:
    """Cancel calls that have not begun; those that have go on."""
    for future in futures:
        future.cancel()
