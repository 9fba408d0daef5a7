"""`sim export`: write a run in a format that other tools read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sim._front.exports import FORMATS
from sim.cli.completion import folders
from sim.cli.options import (
    SelectionOptions,
    WorkerOptions,
    json_option,
    quiet_option,
    selection_options,
    worker_options,
)

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
@selection_options
@click.option(
    "--sessions",
    metavar="N",
    type=click.IntRange(1),
    help="Only N sessions, those of the first exchanges; needs truth.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@worker_options
@json_option
@quiet_option
def export(
    run: str,
    to: str,
    out: str,
    selected: SelectionOptions,
    sessions: int | None,
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
    from sim.exports.write import export as write
    from sim.exports.write import usable
    from sim.tables.reading import open_run

    opened = open_run(run)
    selection = selected.of(opened, sessions)
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
