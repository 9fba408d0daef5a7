"""Calls that are made by threads of this process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from sim.arrays.abandoned import end_with

T = TypeVar("T")


class AbandonableThreads(ThreadPoolExecutor):
    """A pool of threads whose calls end early when it is abandoned.

    Parameters
    ----------
    count
        How many threads; they begin as calls come.
    """

    def __init__(self, count: int) -> None:
        self._abandoned = threading.Event()
        self._unfinished: set[Future[Any]] = set()
        super().__init__(
            count, thread_name_prefix="sim", initializer=end_with, initargs=(self._abandoned,)
        )

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Begin a call as soon as a thread is free."""
        future = super().submit(fn, *args, **kwargs)
        self._unfinished.add(future)
        future.add_done_callback(self._unfinished.discard)
        return future

    def abandon(self) -> None:
        """Drop the calls that wait, and return when those that were begun have ended.

        An interrupt meanwhile is raised then: who tidies up next must not do so under threads.
        """
        self._abandoned.set()
        interrupt = None
        while True:
            try:
                self.shutdown(wait=False, cancel_futures=True)
                # an interrupt makes Python 3.11 take threads that it waits for as ended
                wait(tuple(self._unfinished))
                self.shutdown(wait=True)
                break
            except KeyboardInterrupt as again:
                interrupt = again
        if interrupt is not None:
            raise interrupt


@contextlib.contextmanager
def abandonable_threads(count: int) -> Iterator[AbandonableThreads]:
    """Give a pool of threads; after an error it is abandoned, else its calls are waited for."""
    pool = AbandonableThreads(count)
    try:
        yield pool
    except BaseException:
        pool.abandon()
        raise
    pool.shutdown(wait=True)
