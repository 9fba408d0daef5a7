"""`sim compare`: reported counts, or counts of runs, against explanations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.completion import claim_ids
from sim.cli.options import OutputForm, quiet_option, table_options
from sim.cli.output_places import check_places, formats_option

if TYPE_CHECKING:
    from sim.cli.progress import WorkLine
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
@click.argument("targets", metavar="[TARGET]...", nargs=-1, shell_complete=claim_ids)
@click.option(
    "--accounts",
    metavar="N|LOW..HIGH",
    help="Accounts behind a number that is given as TARGET, such as 300 or 200..1000.",
)
@click.option("--days", type=float, help="Days in which a number that is given was counted.")
@click.option(
    "--claims",
    "claims_file",
    metavar="FILE",
    help="Claims of your own, as YAML; those that give a count are compared in place of "
    "February's, or beside the TARGETs.",
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
    help="Also draw every answer, as pictures, and write what they show as CSV.",
)
@formats_option
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write one page with everything; it needs no network.",
)
@quiet_option
def compare(
    targets: tuple[str, ...],
    accounts: str | None,
    days: float | None,
    claims_file: str | None,
    hypotheses_file: str | None,
    overrides: tuple[str, ...],
    prior_odds: tuple[tuple[str, float], ...],
    sections: tuple[str, ...],
    form: OutputForm,
    charts: Path | None,
    formats: tuple[str, ...],
    html: Path | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Say what reported counts can tell, and what they cannot.

    A TARGET is a run (a folder or a URL), the id of a claim (`sim list claims`), `all`, the name of
    an actor, for all counts reported of it, or a number such as 3.4M. Without one, the four claims
    of February 2026 are compared. A name that may mean several things is refused: ./A4 is a run,
    claim:A4 a claim.

    Claims, or runs in place of claims, are held against explanations: what it would take to reach a
    count, which counts each explanation makes one expect, how far a figure moves the odds between
    them, over ranges of priors, and which observable would tell more. A short answer comes first.
    """
    check_places(charts, html, targets)

    from sim._front.claims_and_traces import compare as analysis_of
    from sim.cli.progress import work_line

    with work_line(quiet) as line:
        shown = Shown(form, line)
        analysis = analysis_of(
            *targets,
            accounts=accounts,
            days=days,
            claims_file=claims_file,
            hypotheses_file=hypotheses_file,
            overrides=overrides,
            sections=sections,
            prior_odds=dict(prior_odds) or None,
            begins=shown.begins,
            **options,
        )

    shown.ends(analysis)
    more = {"--accounts": accounts, "--days": None if days is None else f"{days:g}"}
    more |= {"--claims": claims_file, "--hypotheses": hypotheses_file}
    words = [
        word for option, value in more.items() if value is not None for word in (option, value)
    ]
    words += [word for change in overrides for word in ("--set", change)]
    with work_line(quiet) as line:
        line.doing = "drawing"
        for message in _draw(analysis, charts, formats, html, words):
            with line.paused():
                click.echo(message, err=True)


class Shown:
    """What is shown on stdout: text as soon as it is known, JSON and CSV at the end.

    Attributes
    ----------
    form
        Text, JSON or CSV.
    line
        Says meanwhile on stderr what is computed.
    """

    def __init__(self, form: OutputForm, line: WorkLine) -> None:
        from sim.cli.printing import line_width
        from sim.comparison import TextInTurn

        self.form, self.line = form, line
        self._text = None if form.as_json or form.is_csv else TextInTurn(line_width())

    def begins(self, section: str, so_far: Analysis) -> None:
        """Print what is known of a text, and say what is computed next."""
        done, asked = len(so_far.results), len(so_far.settings.sections)
        self.line.doing = f"computing {section}, {done} of {asked} sections done"
        if self._text and (more := self._text.more(so_far)):
            with self.line.paused():
                click.echo(more, nl=False)

    def ends(self, analysis: Analysis) -> None:
        """Print what has not been printed yet."""
        from sim.comparison import to_csv, to_json

        if self._text:
            text = self._text.more(analysis) + self._text.end(analysis)
        elif self.form.is_csv:
            text = to_csv(analysis, for_spreadsheets=self.form.for_spreadsheets)
        else:
            text = to_json(analysis)
        click.echo(text, nl=False)


def _draw(
    analysis: Analysis,
    folder: Path | None,
    formats: Sequence[str],
    html: Path | None,
    more: Sequence[str],
) -> Iterator[str]:
    """Write the charts and the page that are asked for, and yield where they are.

    Parameters
    ----------
    analysis
        What is drawn. Without `folder` and `html` nothing is, and matplotlib is not imported.
    folder, html
        Where charts and page go; None for none.
    formats
        Of the charts.
    more
        Words of options that the analysis does not know, and the page names.
    """
    if folder is None and html is None:
        return
    from sim.reporting import charts_of, write_charts, write_page

    charts = charts_of(analysis)
    if folder is not None:
        written = write_charts(charts, folder, formats)
        yield f"charts: {len(written)} files in {folder}"
    if html is not None:
        write_page(analysis, charts, html, more)
        yield f"page: {html}"
