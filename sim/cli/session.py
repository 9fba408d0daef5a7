"""What carries a run out from the command line: workers, a progress bar, a word after Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from sim.cli.options import WorkerOptions
from sim.cli.process import stopped
from sim.errors import SimError

if TYPE_CHECKING:
    from sim.engine.executors import Workers
    from sim.engine.progress import Observer
    from sim.tables.store import Store


@contextmanager
def session(
    places: Sequence[str],
    workers: WorkerOptions,
    quiet: bool,
    completing: Callable[[Store], str | None] | None = None,
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
    completing
        Returns what completes the work that is kept at a place, in words, None if none is kept;
        that of runs if left out.
    """
    from sim.cli.progress import progress_bar

    try:
        with workers.start() as started, progress_bar(quiet) as observe:
            yield started, observe
    except (KeyboardInterrupt, SimError) as error:
        interrupt = error if isinstance(error, KeyboardInterrupt) else stopped()
        if interrupt is None:
            raise
        for place in places:
            _say_how_to_go_on(place, completing or _completing_run)
        raise interrupt from error.__cause__


def _say_how_to_go_on(place: str, completing: Callable[[Store], str | None]) -> None:
    """Print what completes the work at `place`, if something finished is kept there."""
    from sim.documents.printable import printable
    from sim.tables.store import Store

    out = Store.of(place)
    if words := completing(out):
        click.echo(printable(f"{out}: what is finished is kept; {words}"), err=True)


def _completing_run(out: Store) -> str | None:
    """Return what completes the run at a place, None if nothing of it is kept."""
    from sim.engine.checkpoint import is_kept, resuming

    return f"`{resuming(out)}` completes the run" if is_kept(out) else None
