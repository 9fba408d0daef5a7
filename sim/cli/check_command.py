"""`sim check`: every fault of scenarios, each with its place."""

from __future__ import annotations

import click

from sim.cli.completion import scenario_names
from sim.cli.options import ScenarioOptions, quiet_option, scenario_options


@click.command()
@click.argument(
    "scenarios", metavar="SCENARIO...", nargs=-1, required=True, shell_complete=scenario_names
)
@scenario_options
@quiet_option
def check(scenarios: tuple[str, ...], changes: ScenarioOptions, quiet: bool) -> None:
    """Check scenarios and list every fault with its place.

    Prints a line for each that is valid, with the limits that hold if an actor has any; exit code
    2 if any is not.
    """
    from sim.documents.printable import printable
    from sim.errors import InvalidInputError

    faults: list[str] = []
    for name in scenarios:
        try:
            scenario = changes.load(name, quiet=quiet)
        except InvalidInputError as error:
            faults.append(str(error))
            continue
        if not quiet:
            limits = f"; {scenario.world.limits.summary()}" if scenario.has_limits else ""
            click.echo(f"{printable(name)}: ok: {scenario.summary()}{limits}")

    if faults:
        raise InvalidInputError("\n".join(faults))
