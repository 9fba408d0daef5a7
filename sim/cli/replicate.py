"""The verb that counts a scenario under many seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from sim.cli.support import (
    expect_one_form,
    json_option,
    print_columns,
    print_json,
    quiet_option,
    scenario_options,
    spreadsheet_option,
    workers_options,
)

if TYPE_CHECKING:
    from sim.replicates import Difference, Estimate, Replicates

_TOTALS, _SPREAD = "exchanges", "p50 per account"


class Level(click.FloatRange):
    """A number within its bounds, which NaN is not."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Return the number; fails for one that is out of range."""
        number = float(super().convert(value, param, ctx))
        return self.fail(f"{value} is no number.", param, ctx) if number != number else number


@click.command()
@click.argument("scenario", metavar="SCENARIO")
@click.option(
    "-r",
    "--replicates",
    type=click.IntRange(1, 1_000_000),
    default=100,
    show_default=True,
    help="How many seeds.",
)
@click.option(
    "--only",
    type=click.IntRange(0, 1_000_000),
    metavar="K",
    help="Replicate K alone, counted from 0.",
)
@click.option(
    "--vs",
    metavar="OTHER",
    help="Another scenario, under the same random numbers: the paired difference OTHER - SCENARIO.",
)
@click.option(
    "--vs-set",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change a key of OTHER, or of SCENARIO if --vs is left out; repeatable.",
)
@click.option(
    "--confidence",
    type=Level(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Level of the intervals.",
)
@scenario_options
@workers_options
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one number of a replicate a row.")
@spreadsheet_option
@quiet_option
def replicate(
    scenario: str,
    replicates: int,
    only: int | None,
    vs: str | None,
    vs_set: Sequence[str],
    confidence: float,
    changes: dict[str, Any],
    count: int | None,
    dask: str | None,
    as_json: bool,
    as_csv: bool,
    for_spreadsheets: bool,
    quiet: bool,
) -> None:
    """Count a scenario under many seeds, without writing a log.

    Distributions of C1 to C6 for each actor and over its accounts, with confidence intervals of
    the means. Replicate K has a seed of its own, which --json and --csv name: `sim run SCENARIO
    --seed SEED` makes the log of the same counts.
    """
    expect_one_form(as_json, as_csv, for_spreadsheets)
    from sim.cli.progress import counting_bar
    from sim.engine.executors import workers
    from sim.replicates import differences, estimates
    from sim.replicates import replicate as made_of
    from sim.scenario import load_scenario

    first = load_scenario(scenario, **changes)
    second = None
    if vs or vs_set:
        kept = () if vs else changes["overrides"]
        again = {**changes, "overrides": [*kept, *vs_set]}
        second = load_scenario(vs or scenario, **again)
    wanted = range(replicates) if only is None else [only]
    with workers(count, dask) as who, counting_bar(quiet) as observe:
        this = made_of(first, wanted, workers=who, observe=observe)
        other = None
        if second is not None:
            other = made_of(second, wanted, seed=first.seed, workers=who, observe=observe)
    if as_csv or for_spreadsheets:
        from sim.documents.csv_text import csv_text

        rows = _csv_rows(this, other)
        click.echo(csv_text(rows, for_spreadsheets=for_spreadsheets), nl=False)
        return
    compared = None if other is None else differences(this, other, confidence)
    summary = estimates(this, confidence)
    if as_json:
        print_json(_record(this, summary, compared, confidence))
    elif compared is None:
        _print_estimates(this, first.seed, summary, confidence)
    else:
        changed = " ".join([vs or this.name, *vs_set])
        _print_differences(this, changed, compared, confidence)


def _record(
    this: Replicates,
    summary: list[Estimate],
    compared: list[Difference] | None,
    confidence: float,
) -> dict[str, Any]:
    return {
        "scenario": this.name,
        "confidence": confidence,
        "replicates": [{"replicate": c.number, "seed": c.seed} for c in this.counted],
        "estimates": [_without_nan(asdict(e)) for e in summary],
        "differences": None if compared is None else [_without_nan(asdict(d)) for d in compared],
    }


def _without_nan(values: dict[str, Any]) -> dict[str, Any]:
    return {key: None if value != value else value for key, value in values.items()}


def _csv_rows(this: Replicates, other: Replicates | None) -> Iterator[list[Any]]:
    made = [this] if other is None else [this, other]
    yield ["scenario", "replicate", "seed", "actor", "convention", "what", "value"]
    for one in made:
        for row in one.totals().itertuples(index=False):
            yield [one.name, *row[:4], _TOTALS, row.count]
        for row in one.accounts().to_dict("records"):
            key = [row.pop(name) for name in ("replicate", "seed", "actor", "convention")]
            for what, value in row.items():
                yield [one.name, *key, what, value]


def _print_estimates(
    this: Replicates, seed: int, summary: list[Estimate], confidence: float
) -> None:
    click.echo(f"{this.name}: {_counted(this)} from seed {seed}")
    _print_table(f"exchanges by actor; mean with its {confidence:.0%} interval", summary, _TOTALS)
    _print_table("median over the accounts of an actor", summary, _SPREAD)


def _print_table(title: str, summary: list[Estimate], what: str) -> None:
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
    header = ["actor", "convention", "mean", "interval", "sd", "p2.5", "p50", "p97.5"]
    print_columns([header, *rows], indent="  ")


def _print_differences(
    this: Replicates, vs: str, compared: list[Difference], confidence: float
) -> None:
    click.echo(f"{vs} - {this.name}: {_counted(this)}, the same random numbers")
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


def _counted(this: Replicates) -> str:
    number = len(this.counted)
    return f"{number} replicate{'' if number == 1 else 's'}"


def _interval(low: float, high: float) -> str:
    return "-" if low != low else f"{low:,.1f} to {high:,.1f}"
