"""Calls that are made by threads of this process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

# Of a thread of a pool: what is set when the pool was abandoned.
_thread = threading.local()


class AbandonedError(BaseException):
    """What a call makes is not wanted any more; as KeyboardInterrupt, it is no fault."""


def expect_wanted() -> None:
    """Raise AbandonedError in a thread whose pool was abandoned.

    A thread cannot be killed as a process can. So long calls ask now and then.
    """
    abandoned = getattr(_thread, "abandoned", None)
    if abandoned is not None and abandoned.is_set():
        raise AbandonedError


class AbandonableThreads(ThreadPoolExecutor):
    """A pool of threads whose calls end early when it is abandoned.

    Parameters
    ----------
    count
        How many threads; they begin as calls come.
    """

    def __init__(self, count: int) -> None:
        self._abandoned = threading.Event()
        super().__init__(count, thread_name_prefix="sim", initializer=self._begin)

    def _begin(self) -> None:
        """Let the calls of a thread know of its pool."""
        _thread.abandoned = self._abandoned

    def abandon(self) -> None:
        """Drop the calls that wait, and return when those that were begun have ended."""
        self._abandoned.set()
        self.shutdown(wait=True, cancel_futures=True)


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
