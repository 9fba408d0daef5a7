"""`sim check-run`: the invariants of a run."""

from __future__ import annotations

import click

from sim.cli.completion import folders
from sim.cli.options import json_option
from sim.cli.printing import print_json
from sim.documents.printable import first_of, printable


@click.command("check-run")
@click.argument("place", metavar="RUN", shell_complete=folders)
@json_option
def check_run(place: str, as_json: bool) -> None:
    """Check the invariants of a run on its files, and name the first row that breaks one.

    One line for each; docs/reference/invariants.md states them. Exit code 3 if one fails. What
    needs truth is not checked where truth was taken away. Every table is opened; a file that is not
    the one of the manifest is noted on stderr.
    """
    from sim._front.runs import check_run as verdicts_of

    verdicts = verdicts_of(place)
    for line in first_of(verdicts.other_files):
        click.echo(f"note: {line}; what it holds was checked", err=True)
    if as_json:
        print_json({"run": place, "invariants": [verdict.to_dict() for verdict in verdicts]})
    else:
        for verdict in verdicts:
            click.echo(printable(verdict))
    verdicts.raise_if_failed()
