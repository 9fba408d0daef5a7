"""What asks a process to end: Ctrl-C, `kill`, and a terminal that goes away."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Hold back what ends a process: those begun meanwhile get it when they can deal with it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_ending_to_the_main_process() -> None:
    """Let the main process end this one, if both were asked to end; else end a second later.

    A signal that is ignored, as SIGHUP after `nohup`, stays so: the main process goes on, too.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda *_: signal.alarm(1))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
