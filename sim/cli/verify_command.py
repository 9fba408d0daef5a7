"""`sim verify`: whether a run or a pack holds what its manifest says."""

from __future__ import annotations

from contextlib import ExitStack

import click

from sim.cli.completion import folders
from sim.cli.options import WorkerOptions, quiet_option, worker_options


@click.command()
@click.argument("place", metavar="RUN|PACK", shell_complete=folders)
@click.option("--rerun", is_flag=True, help="Also simulate a run again and compare every byte.")
@worker_options
@quiet_option
def verify(place: str, rerun: bool, workers: WorkerOptions, quiet: bool) -> None:
    """Check that a run or a pack holds what its manifest says.

    Exit code 3 if a file is missing, altered or unknown, or if a rerun differs. `sim run --resume
    RUN` and `sim dataset --resume PACK` make again what is damaged.
    """
    from sim._front.runs import verify as verification_of
    from sim.engine.verify import other_software

    with ExitStack() as stack:
        if rerun:  # said before it, because it may take long
            for line in other_software(place):
                click.echo(f"note: {line}", err=True)
        started = stack.enter_context(workers.start()) if rerun else 1
        result = verification_of(place, rerun=rerun, workers=started)

    result.raise_if_failed()
    if not quiet:
        click.echo(result)
