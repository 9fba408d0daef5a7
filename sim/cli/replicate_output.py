"""What `sim replicate` prints: estimates of means, or paired differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import OutputForm
from sim.cli.printing import print_columns, print_json

if TYPE_CHECKING:
    from sim.replicates import Difference, Estimate, Replicates

_TOTALS, _SPREAD = "exchanges", "p50 per account"


def print_replicates(
    counted: Replicates,
    seed: int,
    other: Replicates | None,
    changes: str,
    confidence: float,
    form: OutputForm,
) -> None:
    """Print replicates as text, JSON or CSV.

    Parameters
    ----------
    counted
        The replicates of the scenario.
    seed
        Seed of the scenario, from which the seeds of its replicates are made.
    other
        Replicates of another scenario under the same seeds, None to print estimates alone.
    changes
        What the text calls the other scenario.
    confidence
        Level of the intervals, within (0, 1).
    form
        Text unless it says otherwise. CSV has one number of one replicate a row.
    """
    from sim.replicates import differences, estimates

    if form.is_csv:
        from sim.documents.csv_text import csv_text

        rows = _csv_rows([counted] if other is None else [counted, other])
        click.echo(csv_text(rows, for_spreadsheets=form.for_spreadsheets), nl=False)
        return

    compared = None if other is None else differences(counted, other, confidence)
    summary = estimates(counted, confidence)
    if form.as_json:
        print_json(_record(counted, summary, compared, confidence))
    elif compared is None:
        _print_estimates(counted, seed, summary, confidence)
    else:
        _print_differences(counted, changes, compared, confidence)


def _record(
    counted: Replicates,
    summary: Sequence[Estimate],
    compared: Sequence[Difference] | None,
    confidence: float,
) -> dict[str, Any]:
    """Return replicates as one JSON-ready mapping; NaN, as of one replicate alone, becomes null."""
    return {
        "scenario": counted.name,
        "confidence": confidence,
        "replicates": [{"replicate": c.number, "seed": c.seed} for c in counted.counted],
        "estimates": [_without_nan(asdict(e)) for e in summary],
        "differences": None if compared is None else [_without_nan(asdict(d)) for d in compared],
    }


def _without_nan(values: dict[str, Any]) -> dict[str, Any]:
    """Return values by name with None in place of NaN, which JSON does not have."""
    return {key: None if value != value else value for key, value in values.items()}


def _csv_rows(scenarios: Sequence[Replicates]) -> Iterator[list[Any]]:
    """Yield a header, then a row for each number of each replicate.

    Totals come first, with "exchanges" under `what`, then what is said of the accounts of an actor.
    """
    yield ["scenario", "replicate", "seed", "actor", "convention", "what", "value"]
    for counted in scenarios:
        for row in counted.totals().itertuples(index=False):
            yield [counted.name, *row[:4], _TOTALS, row.count]
        for row in counted.accounts().to_dict("records"):
            key = [row.pop(name) for name in ("replicate", "seed", "actor", "convention")]
            for what, value in row.items():
                yield [counted.name, *key, what, value]


def _print_estimates(
    counted: Replicates, seed: int, summary: Sequence[Estimate], confidence: float
) -> None:
    """Print two tables of estimates: exchanges by actor, and the median over its accounts."""
    click.echo(f"{counted.name}: {_number_of(counted)} from seed {seed}")
    _print_table(f"exchanges by actor; mean with its {confidence:.0%} interval", summary, _TOTALS)
    _print_table("median over the accounts of an actor", summary, _SPREAD)


def _print_table(title: str, summary: Sequence[Estimate], what: str) -> None:
    """Print a row for each actor and convention, of the estimates of one quantity.

    Parameters
    ----------
    title
        Stands above the table.
    summary
        Estimates of all quantities.
    what
        The quantity: `_TOTALS` or `_SPREAD`.
    """
    header = ["actor", "convention", "mean", "interval", "sd", "p2.5", "p50", "p97.5"]
    rows = [
        [
            e.actor,
            e.convention,
            f"{e.mean:,.1f}",
            _interval(e.low, e.high),
            f"{e.sd:,.1f}",
            f"{e.p2_5:,.0f}",
            f"{e.p50:,.0f}",
            f"{e.p97_5:,.0f}",
        ]
        for e in summary
        if e.what == what
    ]

    click.echo()
    click.echo(title)
    print_columns([header, *rows], indent="  ")


def _print_differences(
    counted: Replicates, changes: str, compared: Sequence[Difference], confidence: float
) -> None:
    """Print paired differences, OTHER less SCENARIO, a row for each actor and convention.

    The standard deviation of the pairs stands beside that of independent runs: what it saves to use
    the same random numbers.
    """
    click.echo(f"{changes} - {counted.name}: {_number_of(counted)}, the same random numbers")
    click.echo(f"sd of the pairs beside that of independent runs; {confidence:.0%} intervals")
    click.echo()

    header = ["actor", "convention", "this", "other", "difference", "interval", "sd", "independent"]
    rows = [
        [
            d.actor,
            d.convention,
            f"{d.this:,.1f}",
            f"{d.other:,.1f}",
            f"{d.difference:+,.1f}",
            _interval(d.low, d.high),
            f"{d.sd:,.1f}",
            f"{d.unpaired_sd:,.1f}",
        ]
        for d in compared
    ]
    print_columns([header, *rows], indent="  ")


def _number_of(counted: Replicates) -> str:
    """Return how many replicates there are, in words."""
    number = len(counted.counted)
    return f"{number} replicate{'' if number == 1 else 's'}"


def _interval(low: float, high: float) -> str:
    """Return an interval in words; a dash where it is NaN, as for a single replicate."""
    return "-" if low != low else f"{low:,.1f} to {high:,.1f}"
