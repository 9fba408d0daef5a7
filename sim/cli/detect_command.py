"""`sim detect`: let a detector of the package answer splits of a pack."""

from __future__ import annotations

from typing import Literal

import click

from sim.cli.completion import folders
from sim.cli.options import quiet_option


@click.command()
@click.argument("detector", metavar="NAME|all")
@click.option(
    "--pack",
    required=True,
    metavar="PACK",
    shell_complete=folders,
    help="Folder or URL of the pack.",
)
@click.option(
    "-o",
    "--out",
    required=True,
    envvar="SIM_OUT",
    metavar="FILE|FOLDER",
    help="File for the predictions, .parquet or .csv; of `all` a folder, with a file for each.",
)
@click.option(
    "--split",
    "splits",
    metavar="SPLIT|all",
    multiple=True,
    default=("campaign",),
    show_default=True,
    help="The split that is answered; repeatable; `all` for all that the pack has.",
)
@click.option(
    "--labels",
    type=click.Choice(["observed", "truth"]),
    default="observed",
    show_default=True,
    help="What it learns from: the labels that a provider has by then, or the truth.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**64 - 1),
    default=0,
    show_default=True,
    help="Seed of what the detector draws.",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@quiet_option
def detect(
    detector: str,
    pack: str,
    out: str,
    splits: tuple[str, ...],
    labels: Literal["observed", "truth"],
    seed: int,
    force: bool,
    quiet: bool,
) -> None:
    """Let a detector of the package learn from PACK, and score those whom a split tests.

    `sim list detectors` lists them, and with --json says what each sees; `all` takes one after the
    other. A detector sees the log as it was known in the window, features, and labels as of the
    time of training, never the truth. Its predictions are a table, as `sim score` reads it; a
    detector of your own writes the same.
    """
    from sim.cli.progress import work_line
    from sim.documents.printable import printable
    from sim.packs.pack import Pack
    from sim.predictions.choice import ALL, chosen
    from sim.predictions.make import detections

    opened = Pack(pack)
    choice = chosen(opened, (detector,), splits, out, detector != ALL, force)
    with work_line(quiet) as line:

        def observe(doing: str) -> None:
            line.doing = doing

        made = detections(choice, opened, labels=labels, seed=seed, observe=observe)
        for name, frame, place in made:
            entities = len(frame[["split", "entity_id"]].drop_duplicates())
            said = f"{name}: {place}: {entities:,} entities of {', '.join(choice.splits)}"
            with line.paused():
                click.echo(printable(said))
