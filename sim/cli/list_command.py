"""`sim list`: shipped scenarios, and what the catalog knows."""

from __future__ import annotations

import click

from sim._front.scenarios import KINDS
from sim.cli.options import json_option
from sim.cli.printing import print_columns, print_json


@click.command("list")
@click.argument(
    "kind", metavar=f"[{'|'.join(KINDS)}]", type=click.Choice(list(KINDS)), required=False
)
@json_option
def list_(kind: str | None, as_json: bool) -> None:
    """List shipped scenarios and what the catalog knows, or one KIND of it.

    With --json every value comes with its source and with its status: measured, reported, or a
    prior.
    """
    from sim._listing import entries

    listed = {name: entries(name) for name in ([kind] if kind else KINDS)}
    if as_json:
        records = {
            name: [entry.record for entry in kind_entries] for name, kind_entries in listed.items()
        }
        print_json(records[kind] if kind else records)
        return

    for name, kind_entries in listed.items():
        if not kind:
            click.echo(f"{name}:")
        print_columns([entry.line for entry in kind_entries], indent="" if kind else "  ")
