"""`sim score`: how good the scores of a detector are, from the truth of a pack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli.completion import folders
from sim.cli.options import json_option, quiet_option
from sim.cli.output_places import check_places

if TYPE_CHECKING:
    from sim.scoring.score import Score


@click.command()
@click.argument("predictions", metavar="PREDICTIONS...", nargs=-1, required=True)
@click.option(
    "--pack",
    required=True,
    metavar="PACK",
    shell_complete=folders,
    help="Folder or URL of the pack, with its truth.",
)
@click.option(
    "--split",
    metavar="SPLIT",
    help="The split whose test is scored. Default: those that the column `split` of PREDICTIONS "
    "names, or campaign.",
)
@click.option(
    "--prevalence",
    metavar="P",
    type=float,
    help="Share of positives in the population; one that the recipe of the pack names. Default: "
    "0.01, or the first one that it names.",
)
@click.option(
    "--fpr",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    help="Rate of false positives at which accounts are flagged, for all but the ranking.",
)
@click.option(
    "--name",
    metavar="NAME",
    help="Name of the detector. Default: what PREDICTIONS says, or the name of the file.",
)
@click.option(
    "--rounds",
    type=click.IntRange(0, 10_000),
    default=200,
    show_default=True,
    help="Draws of operators and organisations for intervals, 20 or more; 0 for no intervals.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**64 - 1),
    default=0,
    show_default=True,
    help="Seed of the draws.",
)
@click.option(
    "--full",
    is_flag=True,
    help="Print the figures of each typology and each kind of customer too.",
)
@json_option
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the scores as JSON, for `sim leaderboard`.",
)
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write one page with tables and charts.",
)
@quiet_option
def score(
    predictions: tuple[str, ...],
    pack: str,
    split: str | None,
    prevalence: float | None,
    fpr: float,
    name: str | None,
    rounds: int,
    seed: int,
    full: bool,
    as_json: bool,
    out: Path | None,
    html: Path | None,
    quiet: bool,
) -> None:
    """Score PREDICTIONS of a detector against the truth of a pack.

    PREDICTIONS are tables of Parquet or CSV, or `-`, with the columns `entity_id` and `score`
    (higher is more suspect), and if you like `at`, `cluster` and `split`. Each has to answer for
    every entity in the fold `test` of its split. docs/guides/scoring.md says what each figure
    means, and when it is not measured.
    """
    check_places(None, html, (pack, *predictions), out)
    if name is not None and len(predictions) > 1:
        raise click.UsageError("--name names one detector; give one file of predictions with it")

    from sim._front.scores import score as scores_of
    from sim.cli.printing import line_width
    from sim.cli.progress import work_line
    from sim.reporting.score_page import write_score_page
    from sim.scoring.score_files import scores_text, write_scores
    from sim.scoring.score_text import text_of

    with work_line(quiet) as line:
        scores: list[Score] = []
        for place in predictions:
            line.doing = f"scoring {place}"
            scores += scores_of(
                place,
                pack,
                split=split,
                prevalence=prevalence,
                fpr=fpr,
                name=name,
                rounds=rounds,
                seed=seed,
            )
    if as_json:
        click.echo(scores_text(scores), nl=False)
    else:
        click.echo(text_of(scores, line_width(), full), nl=False)
    if out is not None:
        write_scores(scores, out)
        if not quiet:
            click.echo(f"scores: {out}", err=True)
    if html is not None:
        write_score_page(scores, html)
        if not quiet:
            click.echo(f"page: {html}", err=True)
