"""What carries a run out from the command line: workers, a progress bar, a word after Ctrl-C."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from sim.cli.options import WorkerOptions

if TYPE_CHECKING:
    from sim.engine.executors import Workers
    from sim.engine.run import Observer


@contextmanager
def session(
    places: Sequence[str], workers: WorkerOptions, quiet: bool
) -> Iterator[tuple[Workers, Observer | None]]:
    """Yield started workers, and an observer that draws a progress bar.

    After Ctrl-C, or a signal that counts as one, it prints for each of `places` that keeps
    something how to complete the run. The interrupt goes on.

    Parameters
    ----------
    places
        Folders or URLs of the runs that are carried out in turn.
    workers
        Who carries them out.
    quiet
        Whether no progress is shown; then the observer is None.
    """
    from sim.cli.progress import progress_bar

    try:
        with workers.start() as started, progress_bar(quiet) as observe:
            yield started, observe
    except KeyboardInterrupt:
        for place in places:
            _say_how_to_go_on(place)
        raise


def _say_how_to_go_on(place: str) -> None:
    """Print the command that completes the run at `place`, if finished work is kept there."""
    from sim.documents.printable import printable
    from sim.engine.checkpoint import is_kept, resuming
    from sim.tables.store import Store

    if is_kept(out := Store.of(place)):
        text = f"{out}: what is finished is kept; `{resuming(out)}` completes the run"
        click.echo(printable(text), err=True)
