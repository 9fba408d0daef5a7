"""The verbs that read a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sim.cli.support import json_option, print_columns, print_json, quiet_option, workers_options
from sim.documents.printable import first_of, printable

if TYPE_CHECKING:
    from sim.counting import Counted, Counts

_run_argument = click.argument("place", metavar="RUN")


@click.command()
@_run_argument
@click.option("--rerun", is_flag=True, help="Also simulate again and compare every byte.")
@workers_options
@quiet_option
def verify(place: str, rerun: bool, count: int | None, dask: str | None, quiet: bool) -> None:
    """Check that a run holds what its manifest says.

    Exit code 3 if a file is missing, altered or unknown, or if a rerun differs. `sim run --resume
    RUN` makes again what is damaged.
    """
    from sim.engine.executors import workers
    from sim.engine.verify import damaged_files, differences_of_rerun, other_software
    from sim.errors import CheckFailedError
    from sim.tables.manifest import read_manifest
    from sim.tables.store import Store

    run = Store.of(place)
    problems = damaged_files(run)
    if rerun:
        for line in other_software(run):
            click.echo(f"note: {line}", err=True)
        with workers(count, dask) as who:
            problems += differences_of_rerun(run, who)
    if problems:
        raise CheckFailedError("\n".join(first_of(problems)))
    if not quiet:
        files = len(read_manifest(run)["files"])
        click.echo(f"{run}: {files} files are as the manifest says" + _rerun_words(rerun))


@click.command("check-run")
@_run_argument
@json_option
def check_run(place: str, as_json: bool) -> None:
    """Check the invariants of a run on its files, and name the first row that breaks one.

    One line for each; docs/invariants.md states them. Exit code 3 if one fails. What needs truth is
    not checked where truth was taken away. Every table is opened; a file that is not the one of the
    manifest is noted on stderr.
    """
    from sim.errors import CheckFailedError
    from sim.invariants import check_run as verdicts_of
    from sim.invariants.files import other_files
    from sim.tables.reading import Run

    verdicts = verdicts_of(place)
    for line in first_of(other_files(Run(place))):
        click.echo(f"note: {line}; what it holds was checked", err=True)
    if as_json:
        invariants = [verdict.to_dict() for verdict in verdicts]
        print_json({"run": place, "invariants": invariants})
    else:
        for verdict in verdicts:
            click.echo(printable(verdict))
    broken = [verdict.id for verdict in verdicts if verdict.status == "failed"]
    if broken:
        raise CheckFailedError(f"{printable(place)}: broken: {', '.join(broken)}")


def _rerun_words(rerun: bool) -> str:
    return ", and a rerun gives the same bytes" if rerun else ""


@click.command()
@_run_argument
@json_option
def counts(place: str, as_json: bool) -> None:
    """Count a run under the six conventions.

    In total, by account and by day; by typology and actor when the truth is there. C6 is known
    to the truth alone.
    """
    from sim.counting import CONVENTIONS, count_run

    counted = count_run(place)
    if as_json:
        print_json(counted.to_dict())
        return
    rows = [[c, f"{n:,}", CONVENTIONS[c]] for c, n in counted.total.items()]
    print_columns([["total", "", ""], *rows])
    _print_accounts(counted)
    _print_groups("by typology", counted.by_typology)
    _print_groups("by actor", counted.by_actor)
    _print_groups("by day", counted.by_day)


def _print_accounts(counted: Counts) -> None:
    if not counted.by_account:
        return
    first = next(iter(counted.by_account.values()))
    header = [f"per account ({first.accounts:,})", "mean", *first.quantiles, "max"]
    rows = [
        [c, f"{a.mean:,.1f}", *(f"{q:,.0f}" for q in a.quantiles.values()), f"{a.max:,}"]
        for c, a in counted.by_account.items()
    ]
    click.echo()
    print_columns([header, *rows])


def _print_groups(title: str, groups: dict[str, Counted]) -> None:
    if not groups:
        return
    conventions = list(next(iter(groups.values())))
    rows = [[name, *(f"{n.get(c, 0):,}" for c in conventions)] for name, n in groups.items()]
    click.echo()
    print_columns([[title, *conventions], *rows])
