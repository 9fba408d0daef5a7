"""`sim counts`: a run under the six conventions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sim.cli.options import json_option
from sim.cli.printing import print_columns, print_json

if TYPE_CHECKING:
    from sim.counting import Counted, Counts


@click.command()
@click.argument("place", metavar="RUN")
@json_option
def counts(place: str, as_json: bool) -> None:
    """Count a run under the six conventions.

    In total, by account and by day; by typology and actor when the truth is there. C6 is known
    to the truth alone.
    """
    from sim._front import counts as counts_of

    counted = counts_of(place)
    if as_json:
        print_json(counted.to_dict())
    else:
        _print_counts(counted)


def _print_counts(counted: Counts) -> None:
    """Print counts as text: in total, by account, then by typology, actor and day."""
    from sim.tables.conventions import CONVENTIONS

    rows = [[c, f"{n:,}", CONVENTIONS[c]] for c, n in counted.total.items()]
    print_columns([["total", "", ""], *rows])
    _print_accounts(counted)
    _print_groups("by typology", counted.by_typology)
    _print_groups("by actor", counted.by_actor)
    _print_groups("by day", counted.by_day)


def _print_accounts(counted: Counts) -> None:
    """Print mean, quantiles and maximum over accounts by convention; nothing without any."""
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
    """Print a row per group with its counts under all conventions; nothing without groups."""
    if not groups:
        return
    conventions = list(next(iter(groups.values())))
    rows = [[name, *(f"{n.get(c, 0):,}" for c in conventions)] for name, n in groups.items()]
    click.echo()
    print_columns([[title, *conventions], *rows])
