"""`sim compare`: reported counts, or counts of runs, against explanations."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import OutputForm, quiet_option, table_options

if TYPE_CHECKING:
    from sim.comparison import Analysis


class SectionOption(click.Option):
    """An option whose help names the sections of a comparison, loaded only to show help."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option and its help, with the ids of all sections."""
        from sim.comparison import SECTIONS

        self.help = f"Answer this only: {', '.join(SECTIONS)}. Repeatable."
        return super().get_help_record(ctx)


def prior_odds_of(text: str) -> tuple[str, float]:
    """Split `ID=ODDS` into the id and the odds.

    Whether there is such an explanation, and whether the odds are above 0, is checked later.

    Raises
    ------
    click.BadParameter
        If ODDS is no number.
    """
    name, _, odds = text.partition("=")
    try:
        return name, float(odds)
    except ValueError:
        message = f"{text!r} should be ID=ODDS, such as extraction=2"
        raise click.BadParameter(message) from None


@click.command()
@click.argument("places", metavar="[RUN]...", nargs=-1)
@click.option(
    "--claim",
    "claims",
    metavar="ID",
    multiple=True,
    help="A claim that gives a count (`sim list claims`), or `all`; repeatable. Default: the four "
    "of February 2026.",
)
@click.option(
    "--claims",
    "claims_file",
    metavar="FILE",
    help="Claims of your own, as YAML; those that give a count are compared in place of "
    "February's, or beside those that --claim names.",
)
@click.option(
    "--hypothesis",
    "hypotheses",
    metavar="ID",
    multiple=True,
    help="Hold the accused explanation against these only (`sim list hypotheses`); repeatable.",
)
@click.option(
    "--hypotheses",
    "hypotheses_file",
    metavar="FILE",
    help="Explanations of your own, as YAML, beside the shipped ones or in their place.",
)
@click.option(
    "--against",
    metavar="ID",
    help="The explanation whose odds the sensitivity analysis takes apart. Default: the first.",
)
@click.option("--accused", metavar="ID", help="The explanation that the accusation gives.")
@click.option(
    "--set",
    "overrides",
    metavar="NAME=VALUE",
    multiple=True,
    help="Change a prior by the name that the tables show, e.g. evaluations.runs=30; repeatable.",
)
@click.option(
    "--prior-odds",
    metavar="ID=ODDS",
    type=prior_odds_of,
    multiple=True,
    help="Odds of an explanation before the evidence, 1 for those not named; with them, "
    "probabilities are computed. Repeatable.",
)
@click.option(
    "--reading",
    type=click.Choice(["rounded", "at-least"]),
    default="rounded",
    show_default=True,
    help="What `over 3.4 million` means: up to the next printed digit, or any number above.",
)
@click.option("--by-actor", is_flag=True, help="Weigh each actor of a RUN by itself; needs truth.")
@click.option(
    "--only",
    "sections",
    cls=SectionOption,
    metavar="SECTION",
    multiple=True,
    help="Answer this only; repeatable.",
)
@click.option(
    "--draws",
    type=click.IntRange(200, 1_000_000),
    default=10_000,
    show_default=True,
    help="Predictive draws of each explanation under each prior set.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="Seed."
)
@table_options("Print CSV, one value a row.")
@click.option(
    "--charts",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also draw every answer, as PNG and SVG, with its data as CSV.",
)
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write one page with everything; it needs no network.",
)
@quiet_option
def compare(
    places: tuple[str, ...],
    claims: tuple[str, ...],
    claims_file: str | None,
    hypotheses_file: str | None,
    overrides: tuple[str, ...],
    prior_odds: tuple[tuple[str, float], ...],
    sections: tuple[str, ...],
    form: OutputForm,
    charts: Path | None,
    html: Path | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Say what reported counts can tell, and what they cannot.

    Holds claims, or RUNs in place of claims, against explanations: what it would take to reach a
    count, which counts each explanation makes one expect, how far a figure moves the odds between
    them, over ranges of priors, and which observable would tell more. Findings first, then tables.
    """
    if options["by_actor"] and not places:
        raise click.UsageError("--by-actor takes a RUN apart; name one")
    _check_places(charts, html)

    from sim._inputs import claims_to_compare
    from sim.cli.progress import counting_bar
    from sim.comparison import analyse, load_claims, load_library

    own_claims = load_claims(claims_file) if claims_file else None
    library = load_library(hypotheses_file, overrides)
    with counting_bar(quiet) as observer:
        analysis = analyse(
            places,
            claim_ids=claims_to_compare(claims, own_claims),
            own_claims=own_claims,
            library=library,
            sections=sections or None,
            prior_odds=dict(prior_odds) or None,
            observer=observer,
            **options,
        )

    _print_analysis(analysis, form)
    more = [("--claims", claims_file)] if claims_file else []
    more += [("--hypotheses", hypotheses_file)] if hypotheses_file else []
    more += [("--set", change) for change in overrides]
    _draw(analysis, charts, html, [word for option in more for word in option])


def _check_places(charts: Path | None, html: Path | None) -> None:
    """Refuse before anything is computed what could not be written after it.

    Parameters
    ----------
    charts
        Folder of the charts, which need not exist; None for none.
    html
        File of the page; its folder need not exist. None for no page.

    Raises
    ------
    InvalidInputError
        If the nearest folder that exists is a file, or cannot be written to.
    """
    from sim.errors import InvalidInputError

    for option, place in (("--charts", charts), ("--html", html and html.parent)):
        if place is None:
            continue
        above = next(x for x in (place, *place.absolute().parents) if x.exists())
        if not above.is_dir():
            raise InvalidInputError(f"{option}: {above} is a file, not a folder")
        if not os.access(above, os.W_OK):
            raise InvalidInputError(f"{option}: {above} cannot be written to; choose another place")


def _print_analysis(analysis: Analysis, form: OutputForm) -> None:
    """Print an analysis on stdout as text, JSON or CSV."""
    from sim.comparison import render_text, to_csv, to_json

    if form.is_csv:
        text = to_csv(analysis, for_spreadsheets=form.for_spreadsheets)
    else:
        text = to_json(analysis) if form.as_json else render_text(analysis)
    click.echo(text, nl=False)


def _draw(analysis: Analysis, folder: Path | None, html: Path | None, more: Sequence[str]) -> None:
    """Write the charts and the page that are asked for, and say on stderr where they are.

    Parameters
    ----------
    analysis
        What is drawn. Without `folder` and `html` nothing is, and matplotlib is not imported.
    folder, html
        Where charts and page go; None for none.
    more
        Words of options that the analysis does not know, and the page names.
    """
    if folder is None and html is None:
        return
    from sim.reporting import charts_of, write_charts, write_page

    charts = charts_of(analysis)
    if folder is not None:
        written = write_charts(charts, folder)
        click.echo(f"charts: {len(written)} files in {folder}", err=True)
    if html is not None:
        write_page(analysis, charts, html, more)
        click.echo(f"page: {html}", err=True)
