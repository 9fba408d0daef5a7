"""What the command makes of its process: signals that end it, standard streams that are closed."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
# What each signal that asks a command to end is called, when it has ended.
_SAID = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "stopped by SIGTERM",
    signal.SIGHUP: "stopped by SIGHUP",
}


class Stopped(KeyboardInterrupt):  # as Ctrl-C, it is no error
    """A signal asked the command to end; all that ends on Ctrl-C ends as it does then."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = signal.Signals(number)


def interrupted_by(error: BaseException | None) -> KeyboardInterrupt | None:
    """The signal in consequence of which an error was raised, such as one in the tidying up."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error


def interruption(error: KeyboardInterrupt) -> tuple[str, int]:
    """What is said, and the exit code, for Ctrl-C or a signal that ended the command."""
    number = error.number if isinstance(error, Stopped) else signal.SIGINT
    return _SAID[number], 128 + number


@contextlib.contextmanager
def own_process() -> Iterator[None]:
    """Make this process ready for a command, which ends it."""
    _open_closed_streams()
    _heed_signals()
    try:
        yield
    except KeyboardInterrupt as error:  # once more, while the first was being reported
        sys.exit(interruption(error)[1])
    finally:
        for number in _SAID:
            signal.signal(number, signal.SIG_IGN)


def _heed_signals() -> None:
    for number in _SAID:
        # one that is ignored, as SIGHUP after `nohup`, stays so
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    # who ends a session may send both; only a second Ctrl-C cuts short what is tidied up
    for other in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise Stopped(number)


def _open_closed_streams() -> None:
    """Drop what is written to a closed stream, before a file that is opened takes its number."""
    for number, (name, mode) in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def drop_what_waits() -> None:
    """Drop what a standard stream does not take, such as a pipe whose reader has gone."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            # it would be tried once more, in vain, when the interpreter shuts down
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
