"""Whether what a thread makes is still wanted: after an interrupt it is not."""

from __future__ import annotations

import threading

# Of a thread of a pool: what is set when the pool is abandoned.
_thread = threading.local()


class AbandonedError(BaseException):
    """What a call makes is not wanted any more; as KeyboardInterrupt, it is no fault."""


def expect_wanted() -> None:
    """Raise AbandonedError in a thread whose pool was abandoned.

    A thread cannot be killed as a process can. So long loops ask now and then.
    """
    abandoned = getattr(_thread, "abandoned", None)
    if abandoned is not None and abandoned.is_set():
        raise AbandonedError


def end_with(abandoned: threading.Event) -> None:
    """Let calls of this thread end, where they ask, when `abandoned` is set."""
    _thread.abandoned = abandoned
