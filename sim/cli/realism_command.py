"""`sim realism`: runs held against a real trace, statistic by statistic."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli.completion import folders, trace_ids
from sim.cli.options import json_option, quiet_option
from sim.cli.output_places import check_places


@click.command()
@click.argument("places", metavar="RUN...", nargs=-1, required=True, shell_complete=folders)
@click.option(
    "--against",
    metavar="TRACE",
    shell_complete=trace_ids,
    help="A shipped trace (`sim list traces`), or a file of your own: CSV or Parquet. Default: the "
    "trace of the run's class of workload.",
)
@click.option(
    "--actor",
    "actors",
    metavar="ID",
    multiple=True,
    help="Actors whose calls count; needs truth. Default: those of the trace's class of workload, "
    "or all if there are none, and all for windows of clients. Repeatable.",
)
@click.option(
    "--workload",
    type=click.Choice(["coding", "chat", "api", "benchmark"]),
    help="What the calls are for, which decides the goals. Default: that of the trace.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**64 - 1),
    default=0,
    show_default=True,
    help="Seed of the naive generator, of samples and of folds.",
)
@click.option("--check", is_flag=True, help="Exit with code 3 unless all goals are reached.")
@json_option
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write one page with the distributions laid over each other.",
)
@quiet_option
def realism(
    places: tuple[str, ...],
    against: str | None,
    actors: tuple[str, ...],
    workload: str | None,
    seed: int,
    check: bool,
    as_json: bool,
    html: Path | None,
    quiet: bool,
) -> None:
    """Score how much RUNS look like real traffic.

    RUNS are compared with the part of a trace that nothing was fitted to: lengths, gaps, bursts,
    sessions, and two classifiers that try to tell run from trace. Beside each distance stand the
    goal, how far two parts of the trace are from each other, and what a naive generator reaches.
    Several runs of unlike seeds give an error; five are a good number. A trace may stand in place
    of a run. The classifiers need the extra `realism` of the package.
    """
    check_places(None, html, places)

    from sim._front.claims_and_traces import realism as scorecard_of
    from sim.cli.printing import line_width, print_json
    from sim.cli.progress import work_line

    with work_line(quiet) as line:

        def observe(doing: str) -> None:
            line.doing = doing

        card = scorecard_of(
            *places,
            against=against,
            actors=actors,
            workload=workload,
            seed=seed,
            observe=observe,
        )
    if as_json:
        print_json(card.to_dict())
    else:
        click.echo(card.to_text(line_width()), nl=False)
    if html is not None:
        card.to_html(html)
        if not quiet:
            click.echo(f"page: {html}", err=True)
    if check:
        card.raise_if_failed()
