"""Runs: make them, go on with them, count them, check them, and draw what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from sim._front.logs import logged, telling_count, telling_progress
from sim._front.scenarios import check
from sim._inputs import place_from, run_from, scenario_from, started

if TYPE_CHECKING:
    import pandas as pd

    from sim._inputs import Overrides, RunLike, ScenarioLike, WorkersLike
    from sim._results import Verdicts, Verification
    from sim._run import Run
    from sim.counting import Counts
    from sim.engine.plan import RunPlan
    from sim.engine.progress import Observer
    from sim.engine.shards import Engine
    from sim.replicates import Replicates
    from sim.reporting.run_report import Report
    from sim.scenario import Scenario
    from sim.scenario.rounding import Rounded
    from sim.tables.store import Store


def run(
    scenario: ScenarioLike,
    out: RunLike | None = None,
    *,
    seed: int | None = None,
    scale: float | None = None,
    overrides: Overrides = (),
    force: bool = False,
    workers: WorkersLike = 1,
    observe: Observer | None = None,
    engine: Engine = "fast",
) -> Run:
    """Simulate a scenario into a folder of tables, and open the run.

    Parameters
    ----------
    scenario, seed, scale, overrides
        As in `check`.
    out
        Folder or URL, such as `s3://bucket/run`; `runs/NAME` if left out. A Run stands for its
        place. A folder that holds something is refused, but for an interrupted run of the same
        scenario and seed, which is completed.
    force
        Replace the run that is there.
    workers
        Processes that share the work: 1 for this one alone, None for one a core where that is
        worthwhile; or the address of a Dask cluster. They do not change a byte.
    observe
        Is called with a `Progress` each time a piece is done.
    engine
        "fast", or "reference" for the plain SimPy model of `sim.reference`, which is slow and easy
        to read. It writes the same bytes, and refuses by name what it does not cover.

    Raises
    ------
    InvalidInputError
        The scenario is invalid, or the folder cannot be used. Nothing was written.
    SimError
        The disk is full, or a worker died. What is finished is kept, and `resume` goes on.
    """
    from sim.engine.run import run as carry_out

    resolved = check(scenario, seed=seed, scale=scale, overrides=overrides)
    place = default_place(resolved) if out is None else place_from(out)
    with logged("run", f"{place}, seed {resolved.seed}") as log, started(workers) as ready:
        tell = telling_progress(log, observe)
        summary = carry_out(
            resolved, place, force=force, workers=ready, observe=tell, engine=engine
        )
        log.info("%s: %s exchanges", place, f"{summary.exchanges:,}")
    return run_from(summary.path)


def resume(
    run: RunLike,
    *,
    workers: WorkersLike = 1,
    observe: Observer | None = None,
    engine: Engine = "fast",
) -> Run:
    """Complete an interrupted run, or make again what is missing or damaged in a finished one.

    A finished run that is whole is left as it is. `workers`, `observe` and `engine` are those of
    `run`. Raises InvalidInputError if there is no run, or if other software made it.
    """
    from sim.engine.run import resume as carry_out

    place = place_from(run)
    with logged("resume", place) as log, started(workers) as ready:
        tell = telling_progress(log, observe)
        summary = carry_out(place, workers=ready, observe=tell, engine=engine)
        log.info("%s: %s exchanges", place, f"{summary.exchanges:,}")
    return run_from(summary.path)


def plan(
    scenario: ScenarioLike,
    *,
    seed: int | None = None,
    scale: float | None = None,
    overrides: Overrides = (),
    workers: int | None = 1,
    engine: Engine = "fast",
) -> RunPlan:
    """Estimate what a run would take, from a few shards that are simulated and thrown away.

    The parameters are those of `run`; `rounded` of the result says where a small scale distorts.
    Raises InvalidInputError if the memory of this machine is too small for the run.
    """
    from sim.engine.plan import plan_run

    rounded: list[Rounded] = []
    resolved = scenario_from(
        scenario, seed=seed, scale=scale, overrides=overrides, rounds=rounded.extend
    )
    return replace(plan_run(resolved, workers, engine), rounded=tuple(rounded))


def replicate(
    scenario: ScenarioLike,
    replicates: int | Iterable[int] = 100,
    *,
    seed: int | None = None,
    scale: float | None = None,
    overrides: Overrides = (),
    workers: WorkersLike = 1,
    observe: Callable[[int, int], None] | None = None,
) -> Replicates:
    """Count a scenario under many seeds, without writing a log.

    Two scenarios that are counted with the same `seed` draw the same random numbers, so their
    replicates can be compared in pairs.

    Parameters
    ----------
    scenario, scale, overrides
        As in `check`.
    replicates
        How many, or the numbers of those wanted, counted from 0.
    seed
        Seed from which the seeds of the replicates are made; the scenario's if left out.
    workers
        As in `run`.
    observe
        Is called with the number of replicates that are done, and of all.
    """
    from sim.replicates import replicate as count_replicates

    resolved = check(scenario, seed=seed, scale=scale, overrides=overrides)
    numbers = replicates if isinstance(replicates, int) else list(replicates)
    with logged("replicate", resolved.name) as log, started(workers) as ready:
        tell = telling_count(log, observe)
        return count_replicates(resolved, numbers, workers=ready, observe=tell)


def open_run(run: RunLike) -> Run:
    """Open a finished run at a path or URL; raises InvalidInputError if there is none."""
    return run_from(run)


@overload
def counts(
    run: RunLike, by: None = None, *, groups: str = "actor", timezone: str = "UTC"
) -> Counts: ...


@overload
def counts(
    run: RunLike, by: str, *, groups: str = "actor", timezone: str = "UTC"
) -> pd.DataFrame: ...


def counts(
    run: RunLike, by: str | None = None, *, groups: str = "actor", timezone: str = "UTC"
) -> Counts | pd.DataFrame:
    """Count a run under the six conventions, and by task, session and account.

    Parameters
    ----------
    run
        A finished run.
    by
        `account`, `day`, `hour`, `typology`, `actor`, `task`, `session`, `account_day` or
        `benchmark_run` for a data frame of these; all counts if left out. Where truth was taken
        away, counts have no C6, and frames by typology, actor, task or benchmark_run are refused.
    groups
        Whether tasks, sessions and accounts are grouped by `actor` or by `typology`.
    timezone
        Name of the time zone of days and hours, such as `Europe/Paris`.
    """
    return run_from(run).counts(by, groups=groups, timezone=timezone)


def verify(run: RunLike, *, rerun: bool = False, workers: WorkersLike = 1) -> Verification:
    """Check that a run or a pack holds what its manifest says, file by file.

    Parameters
    ----------
    run
        A finished run, or the path or URL of a finished pack.
    rerun
        Simulate it again in a temporary folder, and compare every byte; of a run alone.
    workers
        Carry out the rerun, as in `run`.

    Returns
    -------
    Verification
        `ok` and `problems`; `raise_if_failed()` makes an error of the problems.
    """
    from sim._results import Verification
    from sim.engine.verify import damaged_files, differences_of_rerun, other_software
    from sim.packs.manifest import is_pack
    from sim.tables.manifest import read_manifest
    from sim.tables.store import Store

    store = Store.of(place_from(run))
    if is_pack(store) and not rerun:
        return _verified_pack(store)
    problems = damaged_files(store)
    if rerun:
        with started(workers) as ready:
            problems += differences_of_rerun(store, ready)

    return Verification(
        run=str(store),
        files=len(read_manifest(store)["files"]),
        problems=tuple(problems),
        is_rerun=rerun,
        other_software=tuple(other_software(store)),
    )


def _verified_pack(pack: Store) -> Verification:
    """Check that a pack holds what its manifest says."""
    from sim._results import Verification
    from sim.packs.manifest import read_manifest
    from sim.packs.whole import damaged_files, other_software

    return Verification(
        run=str(pack),
        files=len(read_manifest(pack)["files"]),
        problems=tuple(damaged_files(pack)),
        other_software=tuple(other_software(pack)),
    )


def check_run(run: RunLike) -> Verdicts:
    """Check the invariants of a run on its files; docs/reference/invariants.md states them.

    Returns
    -------
    Verdicts
        One for each invariant, with the first row that breaks it; `ok`, `failed`, `to_frame()`.
        `raise_if_failed()` makes an error of those that are broken. What needs truth is not checked
        where truth was taken away.

    Raises
    ------
    InvalidInputError
        A table cannot be read.
    """
    from sim._results import Verdicts
    from sim.invariants import check_run as verdicts_of
    from sim.invariants.unchecked_files import other_files
    from sim.tables.reading import Run

    place = place_from(run)
    verdicts = verdicts_of(place)
    return Verdicts(place, verdicts, other_files(Run(place)))


def report(
    *runs: RunLike, by: Literal["actor", "typology"] = "actor", timezone: str = "UTC"
) -> Report:
    """Draw what runs hold: exchanges per task, session, account and day, over time, and more.

    Parameters
    ----------
    runs
        One finished run, or up to six that stand beside each other, with or without truth.
    by
        Groups that are shown; without truth there is one.
    timezone
        Name of the time zone of days and of hours of the week, such as `Europe/Paris`.

    Returns
    -------
    Report
        `to_html("report.html")` writes one page with everything, `to_charts("charts")` pictures and
        their data. `charts` are those of the page, `summaries` the numbers that they show.
    """
    from sim.reporting.run_report import report_of

    return report_of([run_from(x) for x in runs], by, timezone)


def default_place(scenario: Scenario) -> str:
    """Return the folder of a run for which none is named: `runs/NAME`."""
    return str(Path("runs") / scenario.name)
