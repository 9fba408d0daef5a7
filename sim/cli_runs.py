"""The verbs that make a run or read one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli_support import (
    json_option,
    print_columns,
    print_json,
    quiet_option,
    scenario_options,
)

if TYPE_CHECKING:
    from sim.counting import Counted, Counts
    from sim.engine.run import RunSummary
    from sim.engine.tally import ActorSummary
    from sim.scenario.resolved import Actor

_run_argument = click.argument(
    "run_folder", metavar="RUN", type=click.Path(file_okay=False, path_type=Path)
)


@click.command()
@click.argument("scenario", metavar="SCENARIO")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    envvar="SIM_OUT",
    help="Folder for the run; runs/NAME if left out.",
)
@click.option(
    "--format", "fmt", type=click.Choice(["parquet", "csv", "jsonl"]), help="Format of the tables."
)
@click.option("--columns", type=click.Choice(["full", "core"]), help="Column profile of the log.")
@click.option("--force", is_flag=True, help="Replace a run that is there.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be run; write nothing.")
@scenario_options
@json_option
@quiet_option
def run(
    scenario: str,
    out: Path | None,
    fmt: str | None,
    columns: str | None,
    force: bool,
    dry_run: bool,
    changes: dict[str, Any],
    as_json: bool,
    quiet: bool,
) -> None:
    """Simulate a scenario into a folder of tables.

    Give the same command again to complete a run that was interrupted.
    """
    from sim.scenario import load_scenario

    tables = {"format": fmt, "columns": columns}
    chosen = [f"tables.{key}={value}" for key, value in tables.items() if value]
    changes["overrides"] = [*changes["overrides"], *chosen]
    resolved = load_scenario(scenario, **changes)
    folder = out or Path("runs") / resolved.name
    if dry_run:
        click.echo(f"{folder}: would hold {resolved.summary()}, seed {resolved.seed}")
        return
    from sim.cli_progress import progress_bar
    from sim.engine.run import run as run_scenario

    try:
        with progress_bar(quiet) as observe:
            summary = run_scenario(resolved, folder, force=force, observe=observe)
    except KeyboardInterrupt:
        if folder.exists():
            click.echo(
                f"{folder}: finished parts are kept; the same command completes the run", err=True
            )
        raise
    _print_summary(summary, resolved.seed, as_json)
    for actor, asked in zip(summary.actors, resolved.actors, strict=True):
        if actor.shortfall:
            click.echo(_shortfall(actor, asked), err=True)


def _print_summary(summary: RunSummary, seed: int, as_json: bool) -> None:
    if as_json:
        actors = [vars(actor) | {"shortfall": actor.shortfall} for actor in summary.actors]
        path = str(summary.path)
        print_json({"run": path, "seed": seed, "exchanges": summary.exchanges, "actors": actors})
        return
    click.echo(f"{summary.path}: {summary.exchanges:,} exchanges (C1), seed {seed}")
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


@click.command()
@_run_argument
@click.option("--rerun", is_flag=True, help="Also simulate again and compare every byte.")
@quiet_option
def verify(run_folder: Path, rerun: bool, quiet: bool) -> None:
    """Check that a run holds what its manifest says.

    Exit code 3 if a file is missing, altered or unknown, or if a rerun differs.
    """
    from sim.errors import CheckFailedError
    from sim.tables.manifest import read_manifest
    from sim.tables.verify import damaged_files, differences_of_rerun, other_software

    problems = damaged_files(run_folder)
    if rerun:
        for line in other_software(run_folder):
            click.echo(f"note: {line}", err=True)
        problems += differences_of_rerun(run_folder)
    if problems:
        raise CheckFailedError("\n".join(problems))
    if not quiet:
        files = len(read_manifest(run_folder)["files"])
        click.echo(f"{run_folder}: {files} files are as the manifest says" + _rerun_words(rerun))


@click.command("check-run")
@_run_argument
@json_option
def check_run(run_folder: Path, as_json: bool) -> None:
    """Check the invariants of a run on its files, and name the first row that breaks one.

    One line for each; docs/invariants.md states them. Exit code 3 if one fails. What needs truth is
    not checked where truth was taken away.
    """
    from sim.checking import check_run as verdicts_of
    from sim.errors import CheckFailedError

    verdicts = verdicts_of(run_folder)
    if as_json:
        invariants = [verdict.to_dict() for verdict in verdicts]
        print_json({"run": str(run_folder), "invariants": invariants})
    else:
        for verdict in verdicts:
            click.echo(str(verdict))
    broken = [verdict.id for verdict in verdicts if verdict.status == "failed"]
    if broken:
        raise CheckFailedError(f"{run_folder}: broken: {', '.join(broken)}")


def _rerun_words(rerun: bool) -> str:
    return ", and a rerun gives the same bytes" if rerun else ""


@click.command()
@_run_argument
@json_option
def counts(run_folder: Path, as_json: bool) -> None:
    """Count a run under the six conventions.

    In total, by account and by day; by typology and actor when the truth is there. C6 is known
    to the truth alone.
    """
    from sim.counting import CONVENTIONS, count_run

    counted = count_run(run_folder)
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


@click.command()
@click.argument(
    "run_folder",
    metavar="[RUN]",
    required=False,
    type=click.Path(file_okay=False, path_type=Path),
)
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one fact a row.")
@click.option(
    "--chart",
    metavar="STEM",
    type=click.Path(path_type=Path),
    help="Also draw STEM.png and STEM.svg.",
)
def compare(run_folder: Path | None, as_json: bool, as_csv: bool, chart: Path | None) -> None:
    """Hold reported figures against what measured agents imply, and against a RUN.

    For each measured model: exchanges in one full benchmark run with its 95 % range, and the runs
    that each claim would take; the arithmetic of the two source documents with a verdict a line.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other; give one of them")
    from sim.compare import compare as compare_claims
    from sim.compare import render_text, to_csv, to_json

    comparison = compare_claims(run_folder)
    render = to_csv if as_csv else to_json if as_json else render_text
    click.echo(render(comparison), nl=False)
    if chart is not None:
        from sim.report import draw_comparison

        chart.parent.mkdir(parents=True, exist_ok=True)
        png, svg = chart.with_name(f"{chart.name}.png"), chart.with_name(f"{chart.name}.svg")
        draw_comparison(comparison, png, svg)
        click.echo(f"chart: {png} and {svg}", err=True)
