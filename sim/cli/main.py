"""The command line: one function a verb. Results go to stdout, messages to stderr.

Exit codes: 0 done; 1 the run failed; 2 usage or invalid scenario, nothing written; 3 a stated
check failed; 130, 143, 129 ended by Ctrl-C, SIGTERM, SIGHUP.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from sim._version import __version__
from sim.cli.compare import compare
from sim.cli.process import own_process
from sim.cli.reading import check_run, counts, verify
from sim.cli.replicate import replicate
from sim.cli.run import run
from sim.cli.support import (
    SimGroup,
    json_option,
    print_columns,
    print_json,
    quiet_option,
    scenario_options,
)

KINDS = (
    "scenarios",
    "typologies",
    "benchmarks",
    "agents",
    "models",
    "world",
    "claims",
    "hypotheses",
)
FORMATS = ("scenario", "hypotheses", "claims")


def one_of(words: Sequence[str]) -> str:
    """How help shows an argument that may be left out, whatever the version of click."""
    return f"[{'|'.join(words)}]"


@click.group(
    cls=SimGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sim")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_obj
def cli(obj: dict[str, bool], debug: bool) -> None:
    """Simulate LLM API traffic: benchmarks, agents, campaigns.

    A SCENARIO is a YAML file, `-` for standard input, or the name of a shipped scenario
    (`sim list scenarios`).
    """
    obj["debug"] = obj["debug"] or debug


@cli.command()
@click.argument("scenarios", metavar="SCENARIO...", nargs=-1, required=True)
@scenario_options
@quiet_option
def check(scenarios: Sequence[str], changes: dict[str, Any], quiet: bool) -> None:
    """Check scenarios and list every fault with its place.

    Prints a line for each that is valid; exit code 2 if any is not.
    """
    from sim.documents.printable import printable
    from sim.errors import InvalidInputError
    from sim.scenario import load_scenario

    faults: list[str] = []
    for name in scenarios:
        try:
            scenario = load_scenario(name, **changes)
        except InvalidInputError as error:
            faults.append(str(error))
        else:
            if not quiet:
                click.echo(f"{printable(name)}: ok: {scenario.summary()}")
    if faults:
        raise InvalidInputError("\n".join(faults))


@cli.command()
@click.argument("scenario", metavar="SCENARIO")
@scenario_options
@json_option
def show(scenario: str, changes: dict[str, Any], as_json: bool) -> None:
    """Print the resolved scenario: defaults filled in, scaled, with units."""
    from sim.scenario import dump_resolved, load_scenario

    resolved = load_scenario(scenario, **changes)
    if as_json:
        print_json(resolved.to_dict())
    else:
        click.echo(dump_resolved(resolved), nl=False)


@cli.command("list")
@click.argument("kind", metavar=one_of(KINDS), type=click.Choice(KINDS), required=False)
@json_option
def list_(kind: str | None, as_json: bool) -> None:
    """List shipped scenarios and what the catalog knows, or one KIND of it.

    With --json every value comes with its source and whether it was measured, reported or is a
    prior.
    """
    from sim.cli.listing import entries

    listed = {name: entries(name) for name in ([kind] if kind else KINDS)}
    if as_json:
        records = {name: [record for _, record in found] for name, found in listed.items()}
        print_json(records[kind] if kind else records)
        return
    for name, found in listed.items():
        if not kind:
            click.echo(f"{name}:")
        print_columns([line for line, _ in found], indent="" if kind else "  ")


@cli.command()
@click.argument("kind", metavar=one_of(FORMATS), type=click.Choice(FORMATS), default="scenario")
def schema(kind: str) -> None:
    """Print the JSON Schema of a KIND of files, for editors; of scenarios if none is named."""
    if kind == "scenario":
        from sim.scenario import json_schema

        print_json(json_schema())
        return
    from sim.comparison.schemas import claims_schema, hypotheses_schema

    print_json(claims_schema() if kind == "claims" else hypotheses_schema())


for _verb in (run, replicate, counts, compare, verify, check_run):
    cli.add_command(_verb)


def main() -> None:
    """Run the command line and exit."""
    with own_process():
        cli()
