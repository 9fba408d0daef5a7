"""Exports: a run in a format that other tools read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from sim._front.logs import logged, telling_progress
from sim._front.selections import selection_from
from sim._inputs import expect_text, run_from, started

if TYPE_CHECKING:
    from sim._inputs import RunLike, WorkersLike
    from sim.engine.progress import Observer
    from sim.exports.write import Export

# The command line offers the same words.
FORMATS = (
    "weka",
    "mooncake",
    "azure",
    "burstgpt",
    "bailian",
    "otlp",
    "litellm",
    "ocsf",
    "pyg",
)


def export(
    run: RunLike,
    to: str,
    out: str | os.PathLike[str],
    *,
    actors: str | Iterable[str] = (),
    sessions: int | None = None,
    since: str | datetime | None = None,
    until: str | datetime | None = None,
    workers: WorkersLike = 1,
    observe: Observer | None = None,
    force: bool = False,
) -> Export:
    """Write a run in a format that other tools read, such as a trace of requests or of spans.

    Exports carry no label: neither actor nor typology stands in them.

    Parameters
    ----------
    run
        A finished run.
    to
        A format: `sim.list("exports")` has them, and says which of their fields are exact, which
        derived, and which are not there.
    out
        File, or folder for a format that is one; a file may be a URL such as
        `s3://bucket/trace.jsonl`, or `-` for standard output. It is there when all of it is
        written.
    actors
        Actors whose exchanges are exported; all if left out. Needs truth.
    sessions
        So many sessions, those of the first exchanges among the others; all if left out. Needs
        truth.
    since, until
        Only exchanges that arrive in [since, until): moments as `2026-02-05T08:00` (UTC), or times
        from the opening of the log as `2 d`. A session that reaches beyond is cut.
    workers
        As in `run`; they do not change a byte.
    observe
        Is called with a `Progress` for each piece.
    force
        Replace the file that is there.

    Returns
    -------
    Export
        How many exchanges, sessions, records and bytes there are, what was left out and why, and
        the SHA-256.

    Raises
    ------
    InvalidInputError
        The selection is not possible or finds nothing, the run lacks what the format is made of, or
        the place cannot be used. Nothing was written.
    SimError
        The disk is full, or a worker died. Nothing has the name of the export.
    """
    from sim.exports.registry import format_named
    from sim.exports.write import export as write

    expect_text("to", to)
    form = format_named(to)
    opened, place = run_from(run), os.fspath(out)
    expect_text("out", place)
    selection = selection_from(opened, actors=actors, since=since, until=until, sessions=sessions)
    with logged("export", place) as logger, started(workers) as ready:
        tell = telling_progress(logger, observe)
        return write(opened, form, place, selection, workers=ready, observe=tell, force=force)
