"""How far the work is: bars on a terminal, and lines of text elsewhere where it takes long."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sim.engine.progress import Observer, Progress

# Seconds between two lines about the same work, on a terminal and elsewhere.
ON_TERMINAL_S, ELSEWHERE_S = 0.5, 5.0
# Seconds until a run or a pack says elsewhere how far it is; then a line for each new piece of
# work, and at least every minute.
SILENT_S, LINE_S = 30.0, 60.0


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Observer | None]:
    """Yield an observer of a run that draws on stderr, or None if `quiet`.

    On a terminal it shows the share done, exchanges of finished shards and their rate, the time
    left, and the most memory of a process in MiB; the bar is gone when the context ends. A line
    above it says if loops are compiled, as at the first run of all. Elsewhere it prints lines, if
    the work takes long.

    Parameters
    ----------
    quiet
        Whether nothing is to be drawn or printed.
    """
    if quiet:
        yield None
        return
    if not sys.stderr.isatty():
        yield progress_lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[exchanges]:,} exchanges"),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[memory]:,.0f} MiB"),
    )

    begun = time.monotonic()
    bars = Bars(*columns, console=Console(stderr=True), transient=True)
    with bars, compiling_told():
        task = bars.add_task("simulates", total=1.0, exchanges=0, rate=0.0, memory=0.0)

        def observe(progress: Progress) -> None:
            """Draw how far the run is; the rate is that since the beginning."""
            bars.update(
                task,
                description=progress.doing,
                completed=progress.share,
                exchanges=progress.exchanges,
                rate=progress.exchanges / max(time.monotonic() - begun, 1e-3),
                memory=progress.peak_bytes / 2**20,
            )

        yield observe


def progress_lines() -> Observer:
    """Return an observer that prints on stderr how far the work is, if it takes long."""
    begun = time.monotonic()
    said, said_at = "", begun

    def observe(progress: Progress) -> None:
        """Print a line where something else is being done, or a minute has passed."""
        nonlocal said, said_at
        now = time.monotonic()
        if now - begun < SILENT_S or (progress.doing == said and now - said_at < LINE_S):
            return
        said, said_at = progress.doing, now
        text = f"{progress.doing}, {progress.share:.0%}, {now - begun:.0f} s"
        with contextlib.suppress(OSError, ValueError):  # if nobody can read it
            click.echo(text, err=True)

    return observe


@contextmanager
def counting_bar(quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Yield an observer that draws how many of how many are done, or None where nobody watches.

    Parameters
    ----------
    quiet
        Whether nothing is to be drawn; nor is it if stderr is no terminal.

    Yields
    ------
    callable or None
        Takes the number done and the number in all.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bars = Bars(*columns, console=Console(stderr=True), transient=True)
    with bars, compiling_told():
        task = bars.add_task("", total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def compiling_told() -> Iterator[None]:
    """Say on stderr if loops are compiled while the context lasts, as at the first run of all."""
    logger, handler = logging.getLogger("sim.compiling"), _Echo(logging.INFO)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)


class _Echo(logging.Handler):
    """Prints what is logged on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one message, above a bar that is drawn."""
        with contextlib.suppress(OSError, ValueError):  # if nobody can read it
            click.echo(record.getMessage(), err=True)


class WorkLine:
    """A line on stderr that says what is being done, and for how long.

    On a terminal it is drawn over and over in one place; elsewhere it is said every five seconds.
    A thread does so, since one piece of the work may take longer.

    Attributes
    ----------
    doing
        What is being done, in words.
    """

    def __init__(self, quiet: bool) -> None:
        self.doing = "beginning"
        self._in_place = not quiet and sys.stderr.isatty()
        self._begun = time.monotonic()
        self._lock = threading.Lock()
        self._over = threading.Event()
        if not quiet:
            threading.Thread(target=self._run, daemon=True).start()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to what is printed for as long as the context lasts."""
        with self._lock:
            self._wipe()
            yield
            sys.stdout.flush()

    def stop(self) -> None:
        """End the thread, and take the line away."""
        self._over.set()
        with self._lock:
            self._wipe()

    def _run(self) -> None:
        """Say what is being done, until it is over; the body of the thread."""
        while not self._over.wait(ON_TERMINAL_S if self._in_place else ELSEWHERE_S):
            text = f"{self.doing}, {time.monotonic() - self._begun:.0f} s"
            with self._lock, contextlib.suppress(OSError, ValueError):  # if nobody can read it
                if self._over.is_set():
                    return
                if self._in_place:
                    click.echo(f"\r{text}\x1b[K", err=True, nl=False)
                else:
                    click.echo(text, err=True)

    def _wipe(self) -> None:
        if self._in_place:
            click.echo("\r\x1b[K", err=True, nl=False)


@contextmanager
def work_line(quiet: bool) -> Iterator[WorkLine]:
    """Yield a line that says what is being done, and nothing if `quiet`."""
    line = WorkLine(quiet)
    try:
        yield line
    finally:
        line.stop()
