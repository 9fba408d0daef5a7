"""The verb `compare`: reported counts, or counts of runs, against explanations."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.support import expect_one_form, json_option, quiet_option, spreadsheet_option

if TYPE_CHECKING:
    from sim.comparison import Analysis

_FEBRUARY = ("A3", "A4", "A5", "A1")


def prior_odds_of(text: str) -> tuple[str, float]:
    """Split `ID=ODDS`; odds are any positive number."""
    name, _, odds = text.partition("=")
    try:
        return name, float(odds)
    except ValueError:
        wanted = f"{text!r} should be ID=ODDS, such as extraction=2"
        raise click.BadParameter(wanted) from None


@click.command()
@click.argument("places", metavar="[RUN]...", nargs=-1)
@click.option(
    "--claim",
    "claim_ids",
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
    "changes",
    metavar="NAME=VALUE",
    multiple=True,
    help="Change a prior by the name that the tables show, e.g. evaluations.runs=30; repeatable.",
)
@click.option(
    "--prior-odds",
    metavar="ID=ODDS",
    type=prior_odds_of,
    multiple=True,
    help="Odds of an explanation before, 1 for others; gives probabilities. Repeatable.",
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
    metavar="SECTION",
    multiple=True,
    help="Answer this only: claims, documents, benchmark-runs, needed, predictions, odds, "
    "priors-needed, design, pivot, sensitivity, calibration, priors. Repeatable.",
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
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one value a row.")
@spreadsheet_option
@click.option(
    "--charts",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also draw every answer, as PNG, SVG and PDF.",
)
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write one page with everything; it needs no network.",
)
@quiet_option
def compare(
    places: Sequence[str],
    claim_ids: Sequence[str],
    claims_file: str | None,
    hypotheses_file: str | None,
    changes: Sequence[str],
    prior_odds: Sequence[tuple[str, float]],
    sections: Sequence[str],
    as_json: bool,
    as_csv: bool,
    for_spreadsheets: bool,
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
    expect_one_form(as_json, as_csv, for_spreadsheets)
    if options["by_actor"] and not places:
        raise click.UsageError("--by-actor takes a RUN apart; name one")
    from sim.cli.progress import counting_bar
    from sim.comparison import (
        SECTIONS,
        analyse,
        load_claims,
        load_library,
        render_text,
        to_csv,
        to_json,
    )

    _check_places(charts, html)
    own = load_claims(claims_file) if claims_file else None
    library = load_library(hypotheses_file, changes)
    with counting_bar(quiet) as observer:
        analysis = analyse(
            places,
            claim_ids=_wanted(claim_ids, own),
            own_claims=own,
            library=library,
            sections=tuple(sections) or tuple(SECTIONS),
            prior_odds=dict(prior_odds) or None,
            observer=observer,
            **options,
        )
    if as_csv or for_spreadsheets:
        text = to_csv(analysis, for_spreadsheets=for_spreadsheets)
    else:
        text = to_json(analysis) if as_json else render_text(analysis)
    click.echo(text, nl=False)
    more = [("--claims", x) for x in (claims_file,) if x]
    more += [("--hypotheses", x) for x in (hypotheses_file,) if x]
    more += [("--set", x) for x in changes]
    _draw(analysis, charts, html, [word for option in more for word in option])


def _wanted(claim_ids: Sequence[str], own: Any) -> tuple[str, ...]:
    """Claims by name, or else February's; with a file, its own that give a count in their place."""
    from sim.comparison.claims.cases import cases
    from sim.errors import InvalidInputError

    mine = tuple(cases(own)) if own else ()
    if own and not mine and not claim_ids:
        raise InvalidInputError(
            "none of these claims gives a count of exchanges or prompts; add one, or name one of "
            "the catalog with --claim"
        )
    return tuple(dict.fromkeys([*(claim_ids or (() if mine else _FEBRUARY)), *mine]))


def _check_places(charts: Path | None, html: Path | None) -> None:
    """Refuse before anything is computed what could not be written after it."""
    from sim.errors import InvalidInputError

    for option, place in (("--charts", charts), ("--html", html and html.parent)):
        if place is None:
            continue
        there = next(x for x in (place, *place.absolute().parents) if x.exists())
        if not there.is_dir():
            raise InvalidInputError(f"{option}: {there} is a file, not a folder")
        if not os.access(there, os.W_OK):
            raise InvalidInputError(f"{option}: {there} cannot be written to; choose another place")


def _draw(analysis: Analysis, folder: Path | None, html: Path | None, more: Sequence[str]) -> None:
    if folder is None and html is None:
        return
    from sim.reporting import charts_of, write_charts, write_page

    made = charts_of(analysis)
    if folder is not None:
        written = write_charts(made, folder)
        click.echo(f"charts: {len(written)} files in {folder}", err=True)
    if html is not None:
        write_page(analysis, made, html, more)
        click.echo(f"page: {html}", err=True)
