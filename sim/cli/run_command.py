"""`sim run`: simulate a scenario, or complete a run that was interrupted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from sim.cli.completion import scenario_names
from sim.cli.options import (
    ScenarioOptions,
    WorkerOptions,
    json_option,
    quiet_option,
    scenario_options,
    worker_options,
)

if TYPE_CHECKING:
    from sim.engine.shards import Engine
    from sim.scenario.resolved import Scenario
    from sim.scenario.rounding import Rounded


@click.command()
@click.argument("scenario", metavar="[SCENARIO]", required=False, shell_complete=scenario_names)
@click.option(
    "-o",
    "--out",
    envvar="SIM_OUT",
    help="Folder or URL (s3://bucket/run) for the run; runs/NAME if left out.",
)
@click.option(
    "--format", "fmt", type=click.Choice(["parquet", "csv", "jsonl"]), help="Format of the tables."
)
@click.option(
    "--columns",
    type=click.Choice(["full", "core", "lean"]),
    help="Column profile of the log; lean has what counting and summaries need.",
)
@click.option("--force", is_flag=True, help="Replace a run that is there.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be run; write nothing.")
@click.option(
    "--resume",
    metavar="RUN",
    help="Complete an interrupted run, or mend a damaged one; takes no SCENARIO.",
)
@click.option(
    "--counterfactual",
    is_flag=True,
    help="Run it also as if the provider did nothing, into OUT-counterfactual, and compare.",
)
@click.option(
    "--engine",
    type=click.Choice(["fast", "reference"]),
    default="fast",
    show_default=True,
    help="The reference engine is plain SimPy, slow and easy to read; the bytes are the same.",
)
@worker_options
@scenario_options
@json_option
@quiet_option
def run(
    scenario: str | None,
    out: str | None,
    fmt: str | None,
    columns: str | None,
    force: bool,
    dry_run: bool,
    resume: str | None,
    counterfactual: bool,
    engine: Engine,
    workers: WorkerOptions,
    changes: ScenarioOptions,
    as_json: bool,
    quiet: bool,
) -> None:
    """Simulate a scenario into a folder of tables.

    A run that was interrupted is completed by the same command, or by --resume RUN. Neither the
    number of workers nor an interruption changes a byte of it.
    """
    tables = {"format": fmt, "columns": columns}
    of_tables = tuple(f"tables.{key}={value}" for key, value in tables.items() if value)
    if resume is not None:
        if scenario or out or force or dry_run or counterfactual or changes or of_tables:
            raise click.UsageError("--resume takes the run alone: its scenario is known")
        _resume(resume, engine, workers, as_json, quiet)
        return
    if scenario is None:
        raise click.UsageError("Missing argument 'SCENARIO'.")

    from sim._front.runs import default_place
    from sim.tables.locations import place_of

    rounded: list[Rounded] = []
    resolved = changes.load(scenario, more=of_tables, quiet=quiet, rounds=rounded.extend)
    place = place_of(default_place(resolved) if out is None else out).url
    if counterfactual and resolved.world.enforcement is None:
        raise click.UsageError(
            "--counterfactual needs a scenario with world.enforcement; "
            "give --set world.enforcement=default"
        )

    if dry_run:
        from sim.cli.run_output import print_plan
        from sim.engine.plan import plan_run

        plan = replace(plan_run(resolved, workers.count, engine), rounded=tuple(rounded))
        print_plan(plan, resolved, place, as_json)
    elif counterfactual:
        _run_both(resolved, place, force, engine, workers, as_json, quiet)
    else:
        _run(resolved, place, force, engine, workers, as_json, quiet)


def _run(
    scenario: Scenario,
    place: str,
    force: bool,
    engine: Engine,
    workers: WorkerOptions,
    as_json: bool,
    quiet: bool,
) -> None:
    """Carry the scenario out, and print what was requested and achieved.

    Parameters
    ----------
    scenario
        Resolved.
    place
        Folder or URL of the run. It is looked at before workers start: what stands there may be no
        run, or one of another scenario.
    force
        Whether to replace a run that is there.
    engine
        Fast or reference.
    workers
        Who carries it out.
    as_json, quiet
        How results are printed, and whether progress is.
    """
    from sim.cli.run_output import print_summary
    from sim.cli.session import session
    from sim.engine.run import expect_usable
    from sim.engine.run import run as run_scenario

    expect_usable(scenario, place, force=force)
    with session([place], workers, quiet) as (started, observe):
        summary = run_scenario(
            scenario, place, force=force, workers=started, observe=observe, engine=engine
        )
    print_summary(summary, scenario, as_json)


def _run_both(
    scenario: Scenario,
    place: str,
    force: bool,
    engine: Engine,
    workers: WorkerOptions,
    as_json: bool,
    quiet: bool,
) -> None:
    """Carry the scenario out with enforcement and without, and print what enforcement changed.

    The second run has the same seed, and lies beside the first at `place`-counterfactual. Both
    places are looked at before either run begins. Parameters as in `_run`.
    """
    from sim.cli.run_output import print_counterfactual
    from sim.cli.session import session
    from sim.engine.run import expect_usable
    from sim.engine.run import run as run_scenario

    beside = f"{place.rstrip('/')}-counterfactual"
    todo = {place: scenario, beside: _without_enforcement(scenario)}
    for where, what in todo.items():
        expect_usable(what, where, force=force)

    with session(list(todo), workers, quiet) as (started, observe):
        summary, without = (
            run_scenario(what, where, force=force, workers=started, observe=observe, engine=engine)
            for where, what in todo.items()
        )
    print_counterfactual(summary, without, scenario.seed, as_json)


def _without_enforcement(scenario: Scenario) -> Scenario:
    """Return the scenario as it is but for a provider that does nothing about accounts."""
    world = scenario.world.model_copy(update={"enforcement": None})
    return scenario.model_copy(update={"world": world})


def _resume(place: str, engine: Engine, workers: WorkerOptions, as_json: bool, quiet: bool) -> None:
    """Complete the run at `place`, and print it as if it had not been interrupted.

    The scenario is that of its manifest, so options cannot change it.
    """
    from sim.cli.run_output import print_summary
    from sim.cli.session import session
    from sim.engine.run import resume
    from sim.tables.manifest import read_manifest, scenario_of

    with session([place], workers, quiet) as (started, observe):
        summary = resume(place, workers=started, observe=observe, engine=engine)
    print_summary(summary, scenario_of(read_manifest(summary.out)), as_json)
