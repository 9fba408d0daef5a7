"""Who reads a stream: lines go out, and it is known to the line how many were taken."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate, takewhile

# What sleeps until a file changes counts in milliseconds; shorter sleeps are slept exactly.
_PRECISE_S = 0.002


class Reader:
    """Takes lines, and counts those that the operating system has taken whole.

    What it has taken lies in the buffer of a pipe or a socket, of some hundred kilobytes, until it
    is read. A reader that vanishes has not read it all.
    """

    def __init__(self, send: Callable[[memoryview], int], number: int | None = None) -> None:
        """Begin with no lines.

        Parameters
        ----------
        send
            Waits until it has taken some of the bytes, and returns how many; raises OSError if
            nobody takes them. A function in C, or an interrupt in its last moment costs the count.
        number
            Of the file that it sends to; None if there is none.
        """
        self._send, self._watched = send, select.poll()
        if number is not None:
            self._watched.register(number, 0)  # errors are told unasked
        self._state: tuple[int, Sequence[bytes], list[int]] = (0, (), [])

    @classmethod
    def of_stdout(cls) -> Reader:
        """Return the reader of standard output, past its buffer."""
        sys.stdout.flush()
        stream = sys.stdout.buffer
        try:
            number = stream.fileno()
        except OSError:  # it is no file, but kept in memory
            return cls(stream.write)
        return cls(partial(os.write, number), number)

    @property
    def lines(self) -> int:
        """How many lines were taken whole, exactly, even after an error or an interrupt."""
        before, lines, taken = self._state
        there = sum(taken)
        ends = accumulate(map(len, lines))
        return before + sum(1 for _ in takewhile(lambda end: end <= there, ends))

    def write(self, lines: Sequence[bytes]) -> None:
        """Write lines, and wait until all are taken; a slow reader holds up the caller here.

        Raises
        ------
        OSError
            If nobody reads them any longer, or if the disk is full.
        """
        taken: list[int] = []
        self._state = (self.lines, lines, taken)  # at once, as Ctrl-C may come at any moment

        left = memoryview(b"".join(lines))
        while left:
            # Ctrl-C may come between a call and what is done with its result, but not in here
            taken.extend(map(self._send, (left,)))
            left = left[taken[-1] :]

    def sleep(self, seconds: float) -> None:
        """Wait for so long, but no longer than somebody reads.

        Raises
        ------
        BrokenPipeError
            As soon as nobody has the other end of the pipe, as far as the system tells.
        """
        if seconds < _PRECISE_S:
            time.sleep(seconds)
        elif self._watched.poll(seconds * 1_000 - 1):
            raise BrokenPipeError
