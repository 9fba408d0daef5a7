"""`sim calibrate`: the dials of an agent, or a library of recorded calls, from a trace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from sim.cli.completion import trace_ids
from sim.cli.options import json_option, quiet_option
from sim.cli.printing import print_columns, print_json

if TYPE_CHECKING:
    from sim.calibration.form import Calibration


@click.command()
@click.argument("trace", metavar="TRACE", shell_complete=trace_ids)
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="YAML to write; a library of calls goes beside it, with the ending .parquet.",
)
@click.option(
    "--as",
    "kind",
    type=click.Choice(["library", "dials"]),
    help="Recorded sessions to draw from, or a distribution for each quantity. Default: a library "
    "if the trace has sessions.",
)
@click.option(
    "--agent",
    metavar="ID",
    help="Agent whose other dials stay (`sim list agents`). Default: the nearest to the trace.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Seed of the split into a part to fit and one to test.",
)
@json_option
@quiet_option
def calibrate(
    trace: str,
    out: Path,
    kind: Literal["library", "dials"] | None,
    agent: str | None,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Fit an agent to a TRACE, for the key `calibration` of an actor.

    TRACE is a CSV (also .gz) or Parquet file with the columns t_s, input_tokens, output_tokens,
    and any of session, client, opens_turn, service_time_s, prefix_tokens, item; or a shipped trace
    of calls (`sim list traces`). Two thirds are fitted; how far the rest is from the fit is
    printed, and what the trace cannot tell.
    """
    from sim._front.claims_and_traces import calibrate as fit

    made = fit(trace, out, kind=kind, agent=agent, seed=seed)
    if as_json:
        print_json(made.to_dict())
    else:
        _print(made)
    if not quiet:
        beside = f", {made.library.file}" if made.library is not None else ""
        click.echo(f"calibration: {out}{beside}", err=True)


def _print(made: Calibration) -> None:
    """Print what was fitted, how well it holds, and what is not known."""
    from sim.documents.printable import printable

    trace = made.trace
    fitted = "a library of calls" if made.library is not None else "dials"
    parts = [
        f"{calls:,} calls" + (f" of {sessions:,} sessions" if sessions is not None else "")
        for calls, sessions in (
            (trace.fit_calls, trace.fit_sessions),
            (trace.test_calls, trace.test_sessions),
        )
    ]
    click.echo(printable(f"{trace.name}: fitted to {parts[0]}, tested on {parts[1]}"))
    click.echo(printable(f"agent {made.agent}: {fitted}"))

    head = ("quantity", "unit", "fit p10", "p50", "p90", "test p10", "p50", "p90", "distance")
    rows: list[tuple[str, ...]] = [head]
    for figure in made.figures:
        numbers = (_shown(x) for p in (figure.fit, figure.test) for x in (p.p10, p.p50, p.p90))
        rows.append((figure.quantity, figure.unit, *numbers, f"{figure.ks:.3f}"))
    print_columns(rows, indent="  ")
    if made.rates:
        rates = ", ".join(f"{name} {_shown(value)}" for name, value in made.rates.items())
        click.echo(printable(f"rates: {rates}"))

    click.echo("not identified:")
    for entry in made.not_identified:
        click.echo(printable(f"- {entry.what}: {entry.why}"))


def _shown(number: float) -> str:
    """Return a number with four digits, large ones whole."""
    return f"{number:,.0f}" if number >= 1_000 else f"{number:.4g}"
