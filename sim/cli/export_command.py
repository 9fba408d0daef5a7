"""`sim export`: write a run in a format that other tools read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sim._front.exports import FORMATS
from sim.cli.completion import folders
from sim.cli.options import WorkerOptions, json_option, quiet_option, worker_options

if TYPE_CHECKING:
    from sim.exports.write import Export


@click.command()
@click.argument("run", metavar="RUN", shell_complete=folders)
@click.option(
    "--to",
    required=True,
    metavar="FORMAT",
    type=click.Choice(FORMATS),
    help=f"One of {', '.join(FORMATS)}.",
)
@click.option(
    "-o",
    "--out",
    required=True,
    metavar="PATH",
    help="File or folder for the export; a file may be a URL (s3://bucket/file), or - for stdout.",
)
@click.option(
    "--actor",
    "actors",
    metavar="ID",
    multiple=True,
    help="Only the exchanges of this actor; repeatable.",
)
@click.option(
    "--sessions",
    metavar="N",
    type=click.IntRange(1),
    help="Only N sessions, those of the first exchanges.",
)
@click.option(
    "--from",
    "since",
    metavar="TIME",
    help="Only what arrives from then on: 2026-02-05T08:00 (UTC), or `2 d` from the opening.",
)
@click.option("--until", metavar="TIME", help="Only what arrives before then.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@worker_options
@json_option
@quiet_option
def export(
    run: str,
    to: str,
    out: str,
    actors: tuple[str, ...],
    sessions: int | None,
    since: str | None,
    until: str | None,
    force: bool,
    workers: WorkerOptions,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write a run in a format that other tools read: traces, spans, log rows, graphs.

    `sim list exports` shows the formats, the tools that read them, and which of their fields are
    exact, derived, or not there. No export carries a label. The number of workers does not change a
    byte.
    """
    from sim.cli.session import session
    from sim.exports.places import target_of
    from sim.exports.registry import format_named
    from sim.exports.selection import selection_of
    from sim.exports.write import export as write
    from sim.exports.write import usable
    from sim.tables.reading import Run

    opened = Run(run)
    selection = selection_of(opened, actors=actors, since=since, until=until, sessions=sessions)
    form = usable(format_named(to), opened)
    target_of(out, form, opened.store, force=force)  # before workers start
    with session([], workers, quiet) as (started, observe):
        exported = write(
            opened, form, out, selection, workers=started, observe=observe, force=force
        )
    _print(exported, as_json, quiet)


def _print(exported: Export, as_json: bool, quiet: bool) -> None:
    """Print what was written: on stdout, unless the export itself went there."""
    from sim.documents.printable import printable, printable_json
    from sim.exports.places import STDOUT

    to_stderr = exported.place == STDOUT
    if as_json:
        click.echo(printable_json(exported.to_dict()), err=to_stderr)
    elif not (to_stderr and quiet):
        for line in exported.lines():
            click.echo(printable(line), err=to_stderr)
