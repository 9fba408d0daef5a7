"""`sim report`: pictures of runs, and one page with all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli.completion import folders
from sim.cli.options import quiet_option
from sim.cli.output_places import check_places, formats_option

if TYPE_CHECKING:
    from sim.reporting.run_report import Report


@click.command()
@click.argument("places", metavar="RUN...", nargs=-1, required=True, shell_complete=folders)
@click.option(
    "--by",
    type=click.Choice(["actor", "typology"]),
    default="actor",
    show_default=True,
    help="Groups that are shown; without truth there is one.",
)
@click.option(
    "--timezone",
    metavar="ZONE",
    default="UTC",
    show_default=True,
    help="Time zone of days and of hours of the week, e.g. Europe/Paris.",
)
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one page with everything; it needs no network.",
)
@click.option(
    "--charts",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write every chart as a picture, and what it shows as CSV.",
)
@formats_option
@quiet_option
def report(
    places: tuple[str, ...],
    by: str,
    timezone: str,
    html: Path | None,
    charts: Path | None,
    formats: tuple[str, ...],
    quiet: bool,
) -> None:
    """Draw what RUNS hold, several beside each other.

    Exchanges per task, session, account and day; counts under six conventions beside reported
    figures; exchanges over time; releases, bans and incidents; concentration; tokens and cost.
    Prints what the charts find. What needs truth is left out where it was taken away, and named.
    """
    if html is None and charts is None:
        raise click.UsageError(
            "name where the report goes: --html FILE for one page, --charts FOLDER for pictures"
        )
    check_places(charts, html, places)

    from sim._front.runs import report as report_of

    made = report_of(*places, by=by, timezone=timezone)  # type: ignore[arg-type]
    _print_findings(made)
    if charts is not None:
        written = made.to_charts(charts, formats)
        _say(f"charts: {len(written)} files in {charts}", quiet)
    if html is not None:
        made.to_html(html)
        _say(f"page: {html}", quiet)


def _print_findings(made: Report) -> None:
    """Print what each run holds, and what the charts find."""
    from sim.documents.printable import printable

    for fact in made.facts:
        click.echo(printable(fact))
    for chart in made.findings:
        click.echo(printable(f"- {chart.title}."))


def _say(message: str, quiet: bool) -> None:
    """Say on stderr where files are, unless nothing but results is wanted."""
    if not quiet:
        click.echo(message, err=True)
