"""A progress bar, on a terminal only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.engine.run import Observer, Progress


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Observer | None]:
    """Yield an observer of a run that draws on stderr, or None where nobody watches.

    It shows the share done, exchanges of finished shards and their rate, the time left, and the
    most memory of a process in MiB. The bar is gone when the context ends.

    Parameters
    ----------
    quiet
        Whether nothing is to be drawn; nor is it if stderr is no terminal.
    """
    if quiet or not sys.stderr.isatty():
        yield None
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
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
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
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("", total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
