"""`sim audit`: whether anything but behaviour tells the label, test by test."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli.completion import folders
from sim.cli.options import json_option, quiet_option
from sim.cli.output_places import check_places


@click.command()
@click.argument("place", metavar="RUN|PACK", shell_complete=folders)
@click.option(
    "--difficulty",
    type=click.Choice(["easy", "medium", "hard"]),
    help="Whose limits hold. Default: that of the recipe or level; without one, hard for "
    "separability 0.",
)
@click.option(
    "--only",
    metavar="TESTS",
    help="Make some of the tests, such as T3,T17. Default: all of T1 to T22.",
)
@click.option(
    "--simulate",
    is_flag=True,
    help="Simulate the scenario again, cut to a size that takes a minute; T8 and T11 need it.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**64 - 1),
    default=0,
    show_default=True,
    help="Seed of samples, permutations and folds.",
)
@json_option
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write one page with a table of what was found.",
)
@quiet_option
def audit(
    place: str,
    difficulty: str | None,
    only: str | None,
    simulate: bool,
    seed: int,
    as_json: bool,
    html: Path | None,
    quiet: bool,
) -> None:
    """Ask of RUN or PACK whether anything but behaviour tells the label.

    Each test compares a figure with a limit, widened by what chance does among the owners of
    accounts; docs/guides/auditing.md says what each asks. What a test needs and is not there
    (truth, features, splits, a second simulation, the extra `detect`) is not checked, which is no
    pass. Exit code 3 if a test fails.
    """
    check_places(None, html, (place,))

    from sim._front.packs import audit as audit_of
    from sim.cli.printing import line_width, print_json
    from sim.cli.progress import work_line

    with work_line(quiet) as line:

        def observe(doing: str) -> None:
            line.doing = doing

        found = audit_of(
            place,
            difficulty=difficulty,
            only=[test.strip() for test in only.split(",")] if only else (),
            simulate=simulate,
            seed=seed,
            observe=observe,
        )
    if as_json:
        print_json(found.to_dict())
    else:
        click.echo(found.to_text(line_width()), nl=False)
    if html is not None:
        found.to_html(html)
        if not quiet:
            click.echo(f"page: {html}", err=True)
    found.raise_if_failed()
