"""The process of a command: signals that end it, and standard streams that are closed."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

from sim.engine.allocation import reuse_memory
from sim.tables.connections import SAID_OF_INTERRUPTS, interrupt_queries

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
# What is printed when a signal has ended the command.
_MESSAGES = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "stopped by SIGTERM",
    signal.SIGHUP: "stopped by SIGHUP",
}
# The signals that came to this process.
_come: list[signal.Signals] = []


class Stopped(KeyboardInterrupt):  # as Ctrl-C, it is no error
    """A signal asked the command to end; all that ends on Ctrl-C ends as it does then.

    Attributes
    ----------
    number
        The signal, which decides the message and the exit code.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = signal.Signals(number)


def interrupted_by(error: BaseException | None) -> KeyboardInterrupt | None:
    """Return the interrupt that led to an error, itself or one among its causes; None if none did.

    What is tidied up after Ctrl-C may fail in turn. Then Ctrl-C ended the command, not the failure.

    Parameters
    ----------
    error
        Any error; its chain of causes and contexts is followed. None has no interrupt.
    """
    while error is not None and not isinstance(error, KeyboardInterrupt):
        if str(error) in SAID_OF_INTERRUPTS:
            return KeyboardInterrupt()
        error = error.__cause__ or error.__context__
    return error


def stopped() -> Stopped | None:
    """Return the interrupt of the signal that came last; None if none came.

    It may have been raised where C code lets no exception through. Then the command goes on, while
    its workers end.
    """
    return Stopped(_come[-1]) if _come else None


def interruption(error: KeyboardInterrupt) -> tuple[str, int]:
    """Return the message and the exit code, 128 and the signal, for what ended the command.

    Where a library made an interrupt of its own of a signal, the signal that came counts.
    """
    number = error.number if isinstance(error, Stopped) else (_come or [signal.SIGINT])[-1]
    return _MESSAGES[number], 128 + number


@contextlib.contextmanager
def own_process() -> Iterator[None]:
    """Make this process ready for a command, after which it ends.

    Closed standard streams are opened on nothing, output waits for its reader, and freed memory is
    used again. SIGTERM and SIGHUP raise `Stopped` as Ctrl-C raises KeyboardInterrupt. Afterwards
    all three are ignored, so that the exit code stands.
    """
    reuse_memory()
    _open_closed_streams()
    _wait_for_readers()
    _heed_signals()
    try:
        yield
    except KeyboardInterrupt as error:  # once more, while the first was being reported
        sys.exit(interruption(error)[1])
    finally:
        for number in _MESSAGES:
            signal.signal(number, signal.SIG_IGN)


def _heed_signals() -> None:
    """Make signals raise `Stopped`, but for those that are ignored already."""
    for number in _MESSAGES:
        # one that is ignored, as SIGHUP after `nohup`, stays so
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    """Raise `Stopped`; later SIGTERM and SIGHUP are ignored, so that tidying up can end."""
    # who ends a session may send both; only a second Ctrl-C cuts short what is tidied up
    for other in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    _come.append(signal.Signals(number))
    interrupt_queries()
    raise Stopped(number)


def _open_closed_streams() -> None:
    """Open closed streams on nothing, before a file that is opened takes their number."""
    for number, (name, mode) in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def _wait_for_readers() -> None:
    """Make standard streams wait until there is room, whatever a program that shares them set."""
    for number in range(1, len(_STREAMS)):
        with contextlib.suppress(OSError):
            os.set_blocking(number, True)


def drop_what_waits() -> None:
    """Drop what a standard stream does not take, such as a pipe whose reader has gone."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            # it would be tried once more, in vain, when the interpreter shuts down
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
