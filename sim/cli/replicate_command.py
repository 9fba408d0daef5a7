"""`sim replicate`: a scenario under many seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sim.cli.completion import scenario_names
from sim.cli.options import (
    OutputForm,
    ScenarioOptions,
    WorkerOptions,
    quiet_option,
    scenario_options,
    table_options,
    worker_options,
)

if TYPE_CHECKING:
    from sim.scenario.resolved import Scenario


class Level(click.FloatRange):
    """A type of option: a number within its bounds, which NaN is not."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Return the number; a usage error for one that is out of range, and for NaN."""
        number = float(super().convert(value, param, ctx))
        return self.fail(f"{value} is no number.", param, ctx) if number != number else number


@click.command()
@click.argument("scenario", metavar="SCENARIO", shell_complete=scenario_names)
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
@worker_options
@table_options("Print CSV, one number of a replicate a row.")
@quiet_option
def replicate(
    scenario: str,
    replicates: int,
    only: int | None,
    vs: str | None,
    vs_set: tuple[str, ...],
    confidence: float,
    changes: ScenarioOptions,
    workers: WorkerOptions,
    form: OutputForm,
    quiet: bool,
) -> None:
    """Count a scenario under many seeds, without writing a log.

    Distributions of C1 to C6 for each actor and over its accounts, with confidence intervals of
    the means. Replicate K has a seed of its own, which --json and --csv name: `sim run SCENARIO
    --seed SEED` makes the log of the same counts.
    """
    from sim.cli.progress import counting_bar
    from sim.cli.replicate_output import print_replicates
    from sim.replicates import replicate as count_replicates

    first = changes.load(scenario, quiet=quiet)
    second = _other_scenario(scenario, vs, vs_set, changes, quiet)
    numbers = range(replicates) if only is None else [only]

    with workers.start() as started, counting_bar(quiet) as observe:
        options: dict[str, Any] = {"seed": first.seed, "workers": started, "observe": observe}
        counted = count_replicates(first, numbers, **options)
        other = count_replicates(second, numbers, **options) if second is not None else None

    other_name = " ".join([vs or counted.name, *vs_set])
    print_replicates(counted, first.seed, other, other_name, confidence, form)


def _other_scenario(
    scenario: str, vs: str | None, vs_set: tuple[str, ...], changes: ScenarioOptions, quiet: bool
) -> Scenario | None:
    """Return the scenario to compare with, None if neither --vs nor --vs-set is given.

    Changes of keys of SCENARIO hold for another version of it, not for OTHER; seed and scale hold
    for both.

    Parameters
    ----------
    scenario
        What SCENARIO is.
    vs
        Another scenario, None for SCENARIO itself.
    vs_set
        Changes that only the other one has.
    changes
        Those of SCENARIO.
    quiet
        Whether no warning is printed; nor is one twice of SCENARIO.
    """
    if not vs and not vs_set:
        return None
    overrides = vs_set if vs else (*changes.overrides, *vs_set)
    options = ScenarioOptions(overrides, changes.seed, changes.scale)
    return options.load(vs or scenario, quiet=quiet or not vs)
