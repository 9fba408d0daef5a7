"""The processes of a pool: how each begins, and how the pool ends once they were killed."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any

from sim.engine.allocation import reuse_memory
from sim.engine.ending import leave_ending_to_the_main_process

# How long the thread of a pool has to end by itself once its processes were killed.
_ENDS_S = 2.0


_one_at_a_time = threading.Lock()


@contextlib.contextmanager
def without_script() -> Iterator[None]:
    """Let processes that are begun meanwhile not run the script of this one.

    A fresh process would, and begin processes itself where the script does not look at its
    `__name__`. Calls are of modules, so no worker needs anything of a script.
    """
    with _one_at_a_time:
        script = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = script


class _FreshProcess(SpawnProcess):
    """A spawned process that does not run the script of the one that begins it."""

    def start(self) -> None:
        """Begin the process."""
        with without_script():
            super().start()


class FreshProcesses(SpawnContext):
    """What a pool makes its processes with."""

    Process = _FreshProcess


def end_thread(thread: Any, results: Any, calls: Any) -> None:
    """Wait for the thread of a pool whose processes were killed.

    A message that one was sending or taking would be waited for, without end, so that the pipes
    are closed: that of calls when the thread did not end, for it may close that itself.
    """
    results._writer.close()
    thread.join(_ENDS_S)
    if thread.is_alive():
        calls._reader.close()
        thread.join()


def begin_worker() -> None:
    """Leave signals to the main process, and do not outlive it; use freed memory again."""
    reuse_memory()
    leave_ending_to_the_main_process()
    parent = multiprocessing.parent_process()
    if parent is None:
        raise RuntimeError("begun by no process")

    def follow() -> None:
        """End this process as soon as its parent has ended."""
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True, name="follows its parent").start()
