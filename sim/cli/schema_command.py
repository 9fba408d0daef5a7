"""`sim schema`: the JSON Schemas of the files that users write."""

from __future__ import annotations

import click

from sim._front.scenarios import SCHEMAS
from sim._front.scenarios import schema as schema_of
from sim.cli.printing import print_json


@click.command()
@click.argument(
    "kind", metavar=f"[{'|'.join(SCHEMAS)}]", type=click.Choice(SCHEMAS), default="scenario"
)
def schema(kind: str) -> None:
    """Print the JSON Schema of a KIND of files, for editors; of scenarios if none is named."""
    print_json(schema_of(kind))
