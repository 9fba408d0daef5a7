"""The verb that makes a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.support import (
    json_option,
    print_columns,
    print_json,
    quiet_option,
    scenario_options,
    workers_options,
)
from sim.documents.printable import printable

if TYPE_CHECKING:
    from sim.engine.executors import Workers
    from sim.engine.plan import RunPlan
    from sim.engine.run import Observer, RunSummary
    from sim.output.achieved import ActorSummary
    from sim.scenario.resolved import Actor, Scenario

# The last task of a target goes beyond it; from this share of it on, that is said.
_NOTED = 0.05
# Actors that a line names.
_MOST_NAMES = 8
_UNITS = {"kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}


@click.command()
@click.argument("scenario", metavar="[SCENARIO]", required=False)
@click.option(
    "-o",
    "--out",
    envvar="SIM_OUT",
    help="Folder or URL (s3://bucket/run) for the run; runs/NAME if left out.",
)
@click.option(
    "--format", "fmt", type=click.Choice(["parquet", "csv", "jsonl"]), help="Format of the tables."
)
@click.option("--columns", type=click.Choice(["full", "core"]), help="Column profile of the log.")
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
@workers_options
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
    count: int | None,
    dask: str | None,
    changes: dict[str, Any],
    as_json: bool,
    quiet: bool,
) -> None:
    """Simulate a scenario into a folder of tables.

    A run that was interrupted is completed by the same command, or by --resume RUN. Neither the
    number of workers nor an interruption changes a byte of it.
    """
    tables = {"format": fmt, "columns": columns}
    chosen = [f"tables.{key}={value}" for key, value in tables.items() if value]
    changes["overrides"] = [*changes["overrides"], *chosen]
    if resume is not None:
        if scenario or out or force or dry_run or counterfactual or any(changes.values()):
            raise click.UsageError("--resume takes the run alone: its scenario is known")
        _resume(resume, count, dask, as_json, quiet)
        return
    if scenario is None:
        raise click.UsageError("Missing argument 'SCENARIO'.")
    from sim.scenario import load_scenario
    from sim.tables.locations import place_of

    resolved = load_scenario(scenario, **changes)
    place = place_of(str(Path("runs") / resolved.name) if out is None else out).url
    if counterfactual and resolved.world.enforcement is None:
        raise click.UsageError(
            "--counterfactual needs a scenario with world.enforcement; "
            "give --set world.enforcement=default"
        )
    if dry_run:
        _print_plan(resolved, place, count, as_json)
        return
    from sim.engine.run import expect_usable
    from sim.engine.run import run as run_scenario

    todo = {place: resolved}
    if counterfactual:
        todo[f"{place.rstrip('/')}-counterfactual"] = _without_enforcement(resolved)
    for there, one in todo.items():
        expect_usable(one, there, force=force)
    with _session(list(todo), count, dask, quiet) as (workers, observe):
        made = [
            run_scenario(one, there, force=force, workers=workers, observe=observe)
            for there, one in todo.items()
        ]
    if counterfactual:
        _print_counterfactual(made[0], made[1], resolved, as_json)
        return
    _print_summary(made[0], resolved, as_json)


def _without_enforcement(scenario: Scenario) -> Scenario:
    world = scenario.world.model_copy(update={"enforcement": None})
    return scenario.model_copy(update={"world": world})


def _print_counterfactual(
    summary: RunSummary, without: RunSummary, scenario: Scenario, as_json: bool
) -> None:
    """What enforcement changed: the same seed with it and without."""
    pairs = list(zip(summary.actors, without.actors, strict=True))
    if as_json:
        actors = [
            {
                "actor": a.actor,
                "typology": a.typology,
                "exchanges": a.exchanges_in_log,
                "exchanges_without": b.exchanges_in_log,
                "accounts_banned": a.accounts_banned,
                "replacements": a.replacements,
                "tasks_barred": a.tasks_barred,
            }
            for a, b in pairs
        ]
        print_json(
            {
                "run": summary.path,
                "counterfactual": without.path,
                "seed": scenario.seed,
                "actors": actors,
            }
        )
        return
    click.echo(f"{summary.out}: {summary.exchanges:,} exchanges (C1), seed {scenario.seed}")
    click.echo(f"{without.out}: {without.exchanges:,} exchanges (C1) without enforcement")
    header = ["actor", "typology", "exchanges (C1)", "without", "change", "banned", "replaced"]
    rows = [
        [
            a.actor,
            a.typology,
            f"{a.exchanges_in_log:,}",
            f"{b.exchanges_in_log:,}",
            f"{a.exchanges_in_log - b.exchanges_in_log:+,}",
            f"{a.accounts_banned:,}",
            f"{a.replacements:,}",
        ]
        for a, b in pairs
    ]
    print_columns([header, *rows], indent="  ")


def _print_plan(scenario: Scenario, place: str, count: int | None, as_json: bool) -> None:
    from sim.engine.plan import plan_run

    plan = plan_run(scenario, count)
    if as_json:
        print_json({"run": place, "seed": scenario.seed, **vars(plan)})
        return
    click.echo(f"{printable(place)}: would hold {scenario.summary()}, seed {scenario.seed}")
    rows = [
        ["shards", f"{plan.shards:,}"],
        ["parts", f"{plan.parts:,}"],
        ["exchanges", f"about {_rounded(plan.exchanges):,} (C1)"],
        ["disk", f"about {_size(plan.disk_bytes)}; {_size(plan.peak_disk_bytes)} while it runs"],
        ["memory", _memory(plan)],
        ["time", f"about {_time(plan.seconds)}"],
    ]
    print_columns(rows, indent="  ")
    shards = "1 shard that was" if len(plan.tried) == 1 else f"{len(plan.tried)} shards that were"
    click.echo(f"estimated from {shards} simulated to find out{_not_tried(plan.not_tried)}")


def _not_tried(actors: tuple[str, ...]) -> str:
    if not actors:
        return ""
    names = ", ".join(actors[:_MOST_NAMES])
    more = f" and {len(actors) - _MOST_NAMES} more" if len(actors) > _MOST_NAMES else ""
    return f"; not tried as a whole: {names}{more}"


def _memory(plan: RunPlan) -> str:
    each = "" if plan.workers == 1 else f" for each of {plan.workers} processes"
    return f"about {_size(plan.memory_bytes)}{each}"


def _rounded(number: float) -> int:
    """Two figures: an estimate has no more."""
    return int(float(f"{number:.2g}"))


def _size(number: int) -> str:
    rounded = _rounded(number)
    unit, size = next((u, s) for u, s in _UNITS.items() if rounded < 1_000 * s or u == "GB")
    return f"{rounded / size:,.3g} {unit}"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(_rounded(seconds), 1)} s"
    return f"{_rounded(seconds / 60)} min" if seconds < 5_400 else f"{seconds / 3_600:.2g} h"


def _resume(place: str, count: int | None, dask: str | None, as_json: bool, quiet: bool) -> None:
    from sim.engine.run import resume
    from sim.tables.manifest import read_manifest, scenario_of

    with _session([place], count, dask, quiet) as (workers, observe):
        summary = resume(place, workers=workers, observe=observe)
    _print_summary(summary, scenario_of(read_manifest(summary.out)), as_json)


@contextmanager
def _session(
    places: Sequence[str], count: int | None, dask: str | None, quiet: bool
) -> Iterator[tuple[Workers, Observer | None]]:
    """Workers and a progress bar; says after Ctrl-C and the like how to go on."""
    from sim.cli.progress import progress_bar
    from sim.engine.checkpoint import is_kept, resuming
    from sim.engine.executors import workers
    from sim.tables.store import Store

    try:
        with workers(count, dask) as who, progress_bar(quiet) as observe:
            yield who, observe
    except KeyboardInterrupt:
        for place in places:
            if is_kept(out := Store.of(place)):
                says = f"{out}: what is finished is kept; `{resuming(out)}` completes the run"
                click.echo(printable(says), err=True)
        raise


def _print_summary(summary: RunSummary, scenario: Scenario, as_json: bool) -> None:
    _print_achieved(summary, scenario.seed, as_json)
    for actor, asked in zip(summary.actors, scenario.actors, strict=True):
        if actor.shortfall:
            click.echo(_shortfall(actor, asked), err=True)
        elif actor.overshoot > _NOTED * actor.requested:
            click.echo(_overshoot(actor), err=True)


def _print_achieved(summary: RunSummary, seed: int, as_json: bool) -> None:
    if as_json:
        actors = [
            vars(actor) | {"shortfall": actor.shortfall, "overshoot": actor.overshoot}
            for actor in summary.actors
        ]
        print_json(
            {
                "run": summary.path,
                "seed": seed,
                "exchanges": summary.exchanges,
                "shards": summary.shards,
                "parts": summary.parts,
                "workers": summary.workers,
                "bytes": sum(file.bytes for file in summary.files),
                "peak_memory_bytes": summary.peak_bytes,
                "actors": actors,
            }
        )
        return
    click.echo(f"{summary.out}: {summary.exchanges:,} exchanges (C1), seed {seed}")
    header = ["actor", "typology", "requested", "achieved", "of", "exchanges (C1)", "tasks (C6)"]
    rows = [
        [
            actor.actor,
            actor.typology,
            f"{actor.requested:,}",
            f"{actor.achieved:,}",
            actor.unit,
            f"{actor.exchanges_in_log:,}",
            f"{actor.tasks_in_log:,}",
        ]
        for actor in summary.actors
    ]
    print_columns([header, *rows], indent="  ")


def _shortfall(actor: ActorSummary, asked: Actor) -> str:
    # a target that was missed is never shown as met
    share = min(actor.achieved / actor.requested, 0.999)
    missed = f"given up: {actor.requested_given_up:,}, "
    missed += f"cut off by the end of the log: {actor.requested_cut_off:,}"
    if actor.requested_not_begun is not None:
        missed += f", not begun: {actor.requested_not_begun:,}"
    return (
        f"warning: {actor.actor}: {actor.achieved:,} of {actor.requested:,} {actor.unit} requested "
        f"({share:.1%}) were done when the log closed; tasks {missed}; {_remedy(actor, asked)}"
    )


def _overshoot(actor: ActorSummary) -> str:
    return (
        f"warning: {actor.actor}: {actor.achieved:,} {actor.unit} were done where "
        f"{actor.requested:,} were requested ({actor.achieved / actor.requested:.1%}); the last "
        "task is not cut short: give it a target of many tasks, or shorter ones (tool_steps)"
    )


def _remedy(actor: ActorSummary, asked: Actor) -> str:
    remedies = []
    if actor.requested_given_up:
        remedies.append(_remedy_for_failures(asked))
    if actor.requested_cut_off or actor.requested_not_begun or not remedies:
        remedies.append("give it more workers or a longer clock")
    return ", and ".join(remedies)


def _remedy_for_failures(asked: Actor) -> str:
    if asked.on_failure == "resume":  # it gives up only what timed out three times
        return "let its calls take longer (world.timeout)"
    limits = "" if asked.tier == "none" else " or raise its limits (tier)"
    return f"let it resume what fails (on_failure: resume){limits}"
