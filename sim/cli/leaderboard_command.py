"""`sim leaderboard`: scores of many detectors, merged into one page."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli.options import quiet_option
from sim.cli.output_places import check_places


@click.command()
@click.argument("scores", metavar="SCORE...", nargs=-1, required=True)
@click.option(
    "-o",
    "--out",
    metavar="FILE.md",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the page here, and its scores beside it as FILE.json. Default: print it.",
)
@quiet_option
def leaderboard(scores: tuple[str, ...], out: Path | None, quiet: bool) -> None:
    """Merge SCORE files into a table of detectors, packs and splits, as Markdown.

    SCORE is a file that `sim score -o` wrote, or the FILE.json of an older leaderboard, to which
    others are added. A detector has one score on each split of a pack, and all have one prevalence
    and one --fpr.
    """
    check_places(None, None, (), out)

    from sim._front.scores import leaderboard as merged

    board = merged(scores, out=out)
    if out is None:
        click.echo(board.to_markdown(), nl=False)
    elif not quiet:
        click.echo(
            f"leaderboard: {out}, {len(board)} score{'s' if len(board) != 1 else ''}", err=True
        )
