"""`sim show`: the resolved scenario."""

from __future__ import annotations

import click

from sim.cli.completion import scenario_names
from sim.cli.options import ScenarioOptions, json_option, scenario_options
from sim.cli.printing import print_json


@click.command()
@click.argument("scenario", metavar="SCENARIO", shell_complete=scenario_names)
@scenario_options
@json_option
def show(scenario: str, changes: ScenarioOptions, as_json: bool) -> None:
    """Print the resolved scenario: defaults filled in, scaled, with units."""
    from sim.scenario import dump_resolved

    resolved = changes.load(scenario)
    if as_json:
        print_json(resolved.to_dict())
    else:
        click.echo(dump_resolved(resolved), nl=False)
