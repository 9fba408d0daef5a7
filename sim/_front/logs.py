"""What functions of the front tell `logging`, under the name `sim`; the commands print instead.

INFO when a piece of work begins and when it is done, WARNING what the command line prints as a
warning, DEBUG how far the work is. An error is raised, not logged.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.engine.progress import Observer, Progress


@contextmanager
def logged(verb: str, what: str) -> Iterator[logging.Logger]:
    """Log that a piece of work begins and, unless an error ends it, that it is done.

    Parameters
    ----------
    verb
        Name of the function, such as `run`; its logger is `sim.run`.
    what
        What is worked on, such as `runs/week`.

    Yields
    ------
    logging.Logger
        That of the function, for what else is to be said.
    """
    logger = logging.getLogger(f"sim.{verb}")
    begun = time.monotonic()
    logger.info("%s: begins", what)
    yield logger
    logger.info("%s: done in %.1f s", what, time.monotonic() - begun)


def telling_progress(logger: logging.Logger, observe: Observer | None) -> Observer:
    """Return an observer of a run or a pack that logs each progress, and tells `observe` too."""

    def tell(progress: Progress) -> None:
        """Log how far the work is, and hand it on."""
        logger.debug(
            "%s: %.0f %%, %s exchanges, %.0f MiB",
            progress.doing,
            100 * progress.share,
            f"{progress.exchanges:,}",
            progress.peak_bytes / 2**20,
        )
        if observe is not None:
            observe(progress)

    return tell


def telling_count(
    logger: logging.Logger, observe: Callable[[int, int], None] | None
) -> Callable[[int, int], None]:
    """Return an observer that logs how many of how many are done, and tells `observe` too."""

    def tell(done: int, total: int) -> None:
        """Log how far the work is, and hand it on."""
        logger.debug("%d of %d", done, total)
        if observe is not None:
            observe(done, total)

    return tell


def telling_step(
    logger: logging.Logger, observe: Callable[[str], None] | None
) -> Callable[[str], None]:
    """Return an observer that logs what comes next, and tells `observe` too."""

    def tell(step: str) -> None:
        """Log what comes next, and hand it on."""
        logger.debug("%s", step)
        if observe is not None:
            observe(step)

    return tell
