"""Readers of a stream: how many lines were taken, whatever becomes of them."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from functools import partial
from itertools import repeat

import pytest

from sim.replay.reader import Reader

LINES = [b"%d\n" % 10**k for k in range(1, 200)]


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The two ends of a pipe, where they are open afterwards they are closed."""
    ends = os.pipe()
    yield ends
    for end in ends:
        with contextlib.suppress(OSError):
            os.close(end)


def to(end: int) -> Reader:
    return Reader(partial(os.write, end), end)


def all_of(end: int) -> bytes:
    return b"".join(iter(lambda: os.read(end, 65_536), b""))


def test_all_lines_are_taken_in_order_by_a_slow_reader(pipe: tuple[int, int]) -> None:
    """A pipe holds 64 KiB; the rest waits in `write`, not in memory."""
    read, written = b"", 0
    reader = to(pipe[1])

    def slowly() -> None:
        nonlocal read
        while data := os.read(pipe[0], 10_000):
            read += data
            time.sleep(0.001)

    thread = threading.Thread(target=slowly)
    thread.start()
    for _ in range(20):
        reader.write(LINES)
        written += len(LINES)
        assert reader.lines == written
    os.close(pipe[1])
    thread.join()
    assert read == b"".join(LINES) * 20


def test_what_is_taken_in_small_pieces_is_counted_by_whole_lines() -> None:
    taken: list[bytes] = []

    def send(data: memoryview) -> int:
        if len(taken) == 4:
            raise BrokenPipeError
        taken.append(bytes(data[:5]))
        return len(taken[-1])

    reader = Reader(send)
    reader.write([b"1234\n"])
    with pytest.raises(BrokenPipeError):
        reader.write([b"12\n", b"4567\n", b"9012345\n"])
    assert b"".join(taken) == b"1234\n12\n4567\n9012345\n"[:20]
    assert reader.lines == 3


def test_a_reader_that_has_gone_takes_nothing(pipe: tuple[int, int]) -> None:
    reader = to(pipe[1])
    reader.write(LINES[:7])
    os.close(pipe[0])
    with pytest.raises(BrokenPipeError):
        reader.write(LINES[7:])
    assert reader.lines == 7


@pytest.mark.parametrize("delay_s", [0.002, 0.01, 0.03])
def test_an_interrupt_leaves_the_count_of_whole_lines(
    pipe: tuple[int, int], delay_s: float
) -> None:
    """Nobody reads, so that `write` hangs with a line in the pipe that is cut somewhere."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    reader = to(pipe[1])
    try:
        signal.setitimer(signal.ITIMER_REAL, delay_s)
        with pytest.raises(KeyboardInterrupt):
            deque(map(reader.write, repeat(LINES[:151])), 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    os.close(pipe[1])
    assert reader.lines == all_of(pipe[0]).count(b"\n")


def test_a_sleep_ends_when_the_reader_goes(pipe: tuple[int, int]) -> None:
    reader = to(pipe[1])
    begun = time.monotonic()
    reader.sleep(0.02)
    reader.sleep(0.001)
    assert time.monotonic() - begun > 0.015
    threading.Timer(0.02, os.close, (pipe[0],)).start()
    with pytest.raises(BrokenPipeError):
        reader.sleep(60)
    assert time.monotonic() - begun < 30
