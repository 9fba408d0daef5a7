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
    """Yield an observer of a run that draws on stderr, or None where nobody watches."""
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
    """Yield an observer of replicates that draws on stderr, or None where nobody watches."""
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
