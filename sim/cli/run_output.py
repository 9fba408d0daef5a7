"""What `sim run` prints: what was achieved, what enforcement changed, what a run would take."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from sim.cli.printing import print_columns, print_json
from sim.documents.printable import printable

if TYPE_CHECKING:
    from sim.engine.plan import RunPlan
    from sim.engine.run_summary import RunSummary
    from sim.output.achieved import ActorSummary
    from sim.scenario.resolved import Actor, Scenario

# The last task of a target goes beyond it, and a few are given up; from these shares on, that is
# said.
_NOTED, _MISSED = 0.05, 0.001
# Actors that a line names.
_MOST_NAMES = 8
_UNITS = {"kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}


# What was achieved


def print_summary(summary: RunSummary, scenario: Scenario, as_json: bool) -> None:
    """Print the actors of a finished run on stdout, and a warning for each missed target.

    Warnings go to stderr. A target is missed if at least a thousandth of it was not done, or if
    more than 5 % too much was. Who sent nothing at all is warned of too.

    Parameters
    ----------
    summary
        What the run achieved.
    scenario
        Of the run; its actors stand in the order of the summary.
    as_json
        Whether to print JSON.
    """
    if as_json:
        print_json(_summary_record(summary, scenario.seed))
    else:
        _print_achieved(summary, scenario.seed)

    for actor, asked in zip(summary.actors, scenario.actors, strict=True):
        has_target = asked.source == "benchmark" or asked.target_exchanges is not None
        if has_target and actor.shortfall >= max(1, _MISSED * actor.requested):
            click.echo(_shortfall(actor, asked), err=True)
        elif has_target and actor.overshoot > _NOTED * actor.requested:
            click.echo(_overshoot(actor), err=True)
        elif not actor.exchanges_in_log:
            click.echo(_silence(actor), err=True)


def _summary_record(summary: RunSummary, seed: int) -> dict[str, Any]:
    """Return a finished run as one JSON-ready mapping; sizes are in bytes, exchanges are C1."""
    actors = [
        vars(actor) | {"shortfall": actor.shortfall, "overshoot": actor.overshoot}
        for actor in summary.actors
    ]

    return {
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


def _print_achieved(summary: RunSummary, seed: int) -> None:
    """Print a line about the run, and a row per actor: requested, achieved, C1 and C6."""
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
    """Say what of a target was not done, why, and what would help.

    Parameters
    ----------
    actor
        What was achieved, and how many of its tasks were given up, cut off or not begun.
    asked
        The actor of the scenario, whose settings the remedy names.
    """
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
    """Say what would help an actor: against failures, against lack of time, or both."""
    remedies = []
    if actor.requested_given_up:
        remedies.append(_remedy_for_failures(asked))
    if actor.requested_cut_off or actor.requested_not_begun or not remedies:
        remedies.append("give it more workers, more accounts that stay, or a longer clock")
    return ", and ".join(remedies)


def _remedy_for_failures(asked: Actor) -> str:
    """Say what would help an actor whose tasks were given up."""
    if asked.on_failure == "resume":  # it gives up only what timed out three times
        return "let its calls take longer (world.timeout)"
    limits = "" if asked.tier == "none" else " or raise its limits (tier)"
    return f"let it resume what fails (on_failure: resume){limits}"


def _overshoot(actor: ActorSummary) -> str:
    """Say that more was done than requested, and why."""
    return (
        f"warning: {actor.actor}: {actor.achieved:,} {actor.unit} were done where "
        f"{actor.requested:,} were requested ({actor.achieved / actor.requested:.1%}); the last "
        "task is not cut short: give it a target of many tasks, or shorter ones (tool_steps)"
    )


def _silence(actor: ActorSummary) -> str:
    """Say that nothing was sent, and what would help."""
    return (
        f"warning: {actor.actor}: nothing was sent (requested: {actor.requested:,} {actor.unit}): "
        "its accounts come and go (lifetime_days), are dormant (dormant_share) or send too seldom "
        "(exchanges_per_account_day); give it more accounts or a longer clock"
    )


# What enforcement changed


def print_counterfactual(
    summary: RunSummary, without: RunSummary, seed: int, as_json: bool
) -> None:
    """Print a run beside the same one without enforcement, actor by actor.

    Parameters
    ----------
    summary, without
        Both runs, with the same actors in the same order.
    seed
        Of both.
    as_json
        Whether to print JSON.
    """
    pairs = list(zip(summary.actors, without.actors, strict=True))
    if as_json:
        actors = [_counterfactual_record(actor, other) for actor, other in pairs]
        runs = {"run": summary.path, "counterfactual": without.path}
        print_json({**runs, "seed": seed, "actors": actors})
        return

    click.echo(f"{summary.out}: {summary.exchanges:,} exchanges (C1), seed {seed}")
    click.echo(f"{without.out}: {without.exchanges:,} exchanges (C1) without enforcement")
    header = ["actor", "typology", "exchanges (C1)", "without", "change", "banned", "replaced"]
    rows = [
        [
            actor.actor,
            actor.typology,
            f"{actor.exchanges_in_log:,}",
            f"{other.exchanges_in_log:,}",
            f"{actor.exchanges_in_log - other.exchanges_in_log:+,}",
            f"{actor.accounts_banned:,}",
            f"{actor.replacements:,}",
        ]
        for actor, other in pairs
    ]
    print_columns([header, *rows], indent="  ")


def _counterfactual_record(actor: ActorSummary, other: ActorSummary) -> dict[str, Any]:
    """Return an actor with enforcement beside the `other` without; exchanges are C1."""
    return {
        "actor": actor.actor,
        "typology": actor.typology,
        "exchanges": actor.exchanges_in_log,
        "exchanges_without": other.exchanges_in_log,
        "accounts_banned": actor.accounts_banned,
        "replacements": actor.replacements,
        "tasks_barred": actor.tasks_barred,
    }


# What a run would take


def print_plan(plan: RunPlan, scenario: Scenario, place: str, as_json: bool) -> None:
    """Print what the run of a scenario at `place` is expected to take; nothing was written there.

    Parameters
    ----------
    plan
        Estimates, which text shows with two figures and JSON in full.
    scenario
        Of the run.
    place
        Where it would go.
    as_json
        Whether to print JSON.
    """
    if as_json:
        print_json({"run": place, "seed": scenario.seed, **asdict(plan)})
        return

    click.echo(f"{printable(place)}: would hold {scenario.summary()}, seed {scenario.seed}")
    rows = [
        ["shards", f"{plan.shards:,}"],
        ["parts", f"{plan.parts:,}"],
        ["exchanges", f"about {rounded(plan.exchanges):,} (C1)"],
        ["disk", f"about {size(plan.disk_bytes)}; {size(plan.peak_disk_bytes)} while it runs"],
        ["memory", _memory(plan)],
        ["time", f"about {time_words(plan.seconds)}"],
    ]
    print_columns(rows, indent="  ")

    shards = "1 shard that was" if len(plan.tried) == 1 else f"{len(plan.tried)} shards that were"
    click.echo(f"estimated from {shards} simulated to find out{_not_tried(plan.not_tried)}")


def _not_tried(actors: tuple[str, ...]) -> str:
    """Name the actors that no shard was simulated of, at most `_MOST_NAMES`; empty without any."""
    if not actors:
        return ""
    names = ", ".join(actors[:_MOST_NAMES])
    more = f" and {len(actors) - _MOST_NAMES} more" if len(actors) > _MOST_NAMES else ""
    return f"; not tried as a whole: {names}{more}"


def _memory(plan: RunPlan) -> str:
    """Return what each process takes; the total is more, by their number."""
    each = "" if plan.workers == 1 else f" for each of {plan.workers} processes"
    return f"about {size(plan.memory_bytes)}{each}"


def rounded(number: float) -> int:
    """Round to two figures: an estimate has no more."""
    return int(float(f"{number:.2g}"))


def size(number: int) -> str:
    """Return bytes with two figures in kB, MB or GB, which are powers of 1,000."""
    shown = rounded(number)
    unit, per_unit = next((u, s) for u, s in _UNITS.items() if shown < 1_000 * s or u == "GB")
    return f"{shown / per_unit:,.3g} {unit}"


def time_words(seconds: float) -> str:
    """Return seconds with two figures: in s below 90 s, in min below 90 min, else in h."""
    if seconds < 90:
        return f"{max(rounded(seconds), 1)} s"
    return f"{rounded(seconds / 60)} min" if seconds < 5_400 else f"{seconds / 3_600:.2g} h"
