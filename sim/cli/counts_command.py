"""`sim counts`: a run under the six conventions, and by task, session and account."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from sim.cli.completion import folders
from sim.cli.options import json_option
from sim.cli.printing import print_columns, print_json
from sim.documents.printable import printable

if TYPE_CHECKING:
    from sim.counting import Counted, Counts

BY = ("actor", "typology", "account", "day", "hour")
_WIDTH = 100
_UNITS = {
    "task": "per task",
    "session": "per session",
    "account": "per account",
    "account_day": "per account and day",
    "benchmark_run": "per benchmark run",
}


@click.command()
@click.argument("place", metavar="RUN", shell_complete=folders)
@click.option(
    "--by",
    type=click.Choice(BY),
    help="Show one grouping alone. With typology, tasks, sessions and accounts are grouped so too, "
    "in JSON as well.",
)
@click.option(
    "--timezone",
    metavar="ZONE",
    default="UTC",
    show_default=True,
    help="Time zone of days and hours, such as Europe/Paris.",
)
@json_option
def counts(place: str, by: str | None, timezone: str, as_json: bool) -> None:
    """Count a run under the six conventions, and per task, session and account.

    In total, by account and by day; by typology and actor when the truth is there, which alone
    knows C5, C6 and tasks; C5 (log) is what the log lets one guess of C5. Numbers per task, session
    and account are answered requests (C2).
    """
    from sim._front.runs import counts as counts_of

    groups = "typology" if by == "typology" else "actor"
    counted = counts_of(place, groups=groups, timezone=timezone)
    if as_json:
        print_json(counted.to_dict())
    else:
        _print_counts(counted, by)


def _print_counts(counted: Counts, by: str | None = None) -> None:
    """Print counts as text: in total, then those of one grouping, or of all but hours."""
    from sim.tables.conventions import COUNTED

    rows = [[c, f"{n:,}", COUNTED[c]] for c, n in counted.total.items()]
    print_columns([["total", "", ""], *rows])
    if by in (None, "account"):
        _print_accounts(counted)

    if by in (None, "actor", "typology"):
        _print_units(counted, tuple(_UNITS))
    elif by == "account":
        _print_units(counted, ("account", "account_day"))

    for name, groups in (
        ("typology", counted.by_typology),
        ("actor", counted.by_actor),
        ("day", counted.by_day),
        ("hour", counted.by_clock_hour),
    ):
        if by == name or (by is None and name != "hour"):
            _print_groups(f"by {name}", groups)
    if by not in ("day", "hour"):
        _print_notes(counted.summary.left_out)


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
    _print_table([header, *rows])


def _print_units(counted: Counts, units: Sequence[str]) -> None:
    """Print answered exchanges of units, a row a group, and what one takes in the mean."""
    from sim.comparison.wording import short_number
    from sim.summaries.quantiles import spread_of

    summary = counted.summary
    for unit in units:
        if unit not in summary.distributions:
            continue
        of_unit, priced = summary.distributions[unit], unit in summary.tokens
        header = [f"C2 {_UNITS[unit]}", "number", "mean", "p50", "p90", "p99", "max"]
        rows = [[*header, "tokens, mean", "USD, mean"] if priced else header]
        for group in summary.groups:
            if group not in of_unit:
                continue
            spread = spread_of(of_unit[group])
            quantiles = (spread.p50, spread.p90, spread.p99, spread.max)
            row = [group, f"{spread.units:,}", f"{spread.mean:,.1f}"]
            row += [f"{q:,.0f}" for q in quantiles]
            if priced:
                row.append(short_number(summary.tokens[unit][group].mean))
                row.append(f"{summary.cost_usd[unit][group].mean:,.2f}")
            rows.append(row)
        _print_table(rows)


def _print_groups(title: str, groups: dict[str, Counted]) -> None:
    """Print a row per group with its counts under all conventions; nothing without groups."""
    if not groups:
        return
    conventions = list(next(iter(groups.values())))
    rows = [[name, *(f"{n.get(c, 0):,}" for c in conventions)] for name, n in groups.items()]
    _print_table([[title, *conventions], *rows])


def _print_notes(sentences: Sequence[str]) -> None:
    """Print what is left out and why."""
    if sentences:
        click.echo()
    for sentence in sentences:
        click.echo(textwrap.fill(f"note: {sentence}", _WIDTH, subsequent_indent="  "))


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print an empty line and a table, whose first column is cut in the middle to fit 100 columns.

    It keeps at least 20 characters: numbers that need more than the rest are printed all the same.
    """
    names, *others = ([printable(text) for text in column] for column in zip(*rows, strict=True))
    room = _WIDTH - sum(2 + max(map(len, column)) for column in others)
    cut = [_cut(name, max(room, 20)) for name in names]
    click.echo()
    print_columns(zip(cut, *others, strict=True))


def _cut(name: str, room: int) -> str:
    """Return a name, or its two ends with two points between them where there is no room for it."""
    if len(name) <= room:
        return name
    end = (room - 2) // 2
    return f"{name[: room - 2 - end]}..{name[-end:]}"
