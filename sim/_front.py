"""The front for Python: one function for each verb of the command line, with the same name.

Everything heavy is imported inside the functions, so that `import sim` stays light. What the
functions take in place of a scenario, a run or workers is written down once, in `sim._inputs`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from sim._inputs import (
    claims_to_compare,
    names_from,
    override_texts,
    pack_place_from,
    place_from,
    recipe_from,
    run_from,
    run_or_trace_from,
    scenario_from,
    started,
    target_text,
)
from sim.errors import InvalidInputError

if TYPE_CHECKING:
    import pandas as pd

    from sim._inputs import (
        Overrides,
        PackLike,
        RecipeLike,
        RunLike,
        ScenarioLike,
        TargetLike,
        WorkersLike,
    )
    from sim._results import Verdicts, Verification
    from sim._run import Run
    from sim.audits import Audit
    from sim.calibration.form import Calibration
    from sim.comparison import Analysis
    from sim.counting import Counts
    from sim.engine.plan import RunPlan
    from sim.engine.run import Observer
    from sim.engine.shards import Engine
    from sim.packs.pack import Pack
    from sim.packs.recipe import Recipe
    from sim.replicates import Replicates
    from sim.reporting.run_report import Report
    from sim.scenario import Scenario
    from sim.scenario.rounding import Rounded
    from sim.scorecard import Scorecard
    from sim.tables.store import Store

# What `list` shows and `schema` describes; the command line offers the same words.
KINDS = (
    "scenarios",
    "recipes",
    "typologies",
    "benchmarks",
    "agents",
    "models",
    "world",
    "levels",
    "limits",
    "traces",
    "claims",
    "hypotheses",
)
SCHEMAS = ("scenario", "recipe", "hypotheses", "claims")


# Scenarios


def check(
    scenario: ScenarioLike,
    *,
    seed: int | None = None,
    scale: float | None = None,
    overrides: Overrides = (),
) -> Scenario:
    """Check a scenario, and return it resolved: defaults filled in, scaled.

    Parameters
    ----------
    scenario
        A file, `-` for standard input, the name of a shipped scenario, a mapping that holds what a
        file would, a Scenario, or a Run, whose scenario is meant.
    seed
        Seed of all draws, 0 to 2^64 - 1, instead of the scenario's. Drawn if neither names one.
    scale
        Multiplies populations and targets, above 0, instead of the scenario's.
    overrides
        Changes of keys, made in their order before the scenario is checked: texts such as
        `actors.coders.accounts=5`, or a mapping such as `{"actors.coders.accounts": 5}`.

    Returns
    -------
    Scenario
        Frozen, with a seed.

    Raises
    ------
    InvalidInputError
        Lists every fault, each with its file, line and column, or with the path of its key.
    """
    return scenario_from(scenario, seed=seed, scale=scale, overrides=overrides)


def show(
    scenario: ScenarioLike,
    *,
    seed: int | None = None,
    scale: float | None = None,
    overrides: Overrides = (),
) -> str:
    """Return the resolved scenario as YAML with units as comments; to be printed.

    The parameters are those of `check`; `check(...).to_dict()` has the same values as data.
    """
    from sim.scenario import dump_resolved

    return dump_resolved(check(scenario, seed=seed, scale=scale, overrides=overrides))


def list_(kind: str | None = None) -> pd.DataFrame:
    """List shipped scenarios and what the catalog knows.

    Parameters
    ----------
    kind
        scenarios, recipes, typologies, benchmarks, agents, models, world, levels, limits, traces,
        claims or hypotheses. Left out, all of them are listed.

    Returns
    -------
    DataFrame
        Of one kind a row for each entry, with all that is known of it; sources and statuses of
        values in the column `values`. Of all kinds the columns kind, id and title.
    """
    import pandas as pd

    from sim._listing import entries

    if kind is not None:
        _expect_one_of("kind", kind, KINDS)
        return pd.DataFrame([entry.record for entry in entries(kind)])

    rows = [(name, *entry.line[:2]) for name in KINDS for entry in entries(name)]
    return pd.DataFrame(rows, columns=["kind", "id", "title"])


def schema(kind: str = "scenario") -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of files: scenario, recipe, hypotheses or claims."""
    _expect_one_of("kind", kind, SCHEMAS)
    if kind == "scenario":
        from sim.scenario import json_schema

        return json_schema()

    if kind == "recipe":
        from sim.packs.recipe_schema import recipe_schema

        return recipe_schema()

    from sim.comparison.schemas import claims_schema, hypotheses_schema

    return claims_schema() if kind == "claims" else hypotheses_schema()


# Runs


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
        Processes that share the work: 1 for this process alone, None for one a core; or the
        address of a Dask cluster. They do not change a byte. A script that gives more than 1 calls
        `run` below `if __name__ == "__main__":`.
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
    with started(workers) as ready:
        summary = carry_out(
            resolved, place, force=force, workers=ready, observe=observe, engine=engine
        )
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

    with started(workers) as ready:
        summary = carry_out(place_from(run), workers=ready, observe=observe, engine=engine)
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


# Many runs, and what counts can tell


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
    with started(workers) as ready:
        return count_replicates(resolved, numbers, workers=ready, observe=observe)


def compare(
    *sources: TargetLike,
    accounts: str | float | tuple[float, float] | None = None,
    days: float | None = None,
    claims_file: str | os.PathLike[str] | None = None,
    hypotheses: str | Iterable[str] = (),
    hypotheses_file: str | os.PathLike[str] | None = None,
    overrides: Overrides = (),
    accused: str | None = None,
    against: str | None = None,
    by_actor: bool = False,
    reading: Literal["rounded", "at-least"] = "rounded",
    prior_odds: Mapping[str, float] | None = None,
    sections: str | Iterable[str] = (),
    draws: int = 10_000,
    seed: int = 0,
    observe: Callable[[int, int], None] | None = None,
    begins: Callable[[str, Analysis], None] | None = None,
) -> Analysis:
    """Hold reported counts, or counts of runs, against explanations.

    Parameters
    ----------
    sources
        Runs, which are weighed in place of claims; ids of claims, such as "A4", or "all"; names of
        actors, such as "Moonshot", for all counts reported of them; numbers of exchanges, such as
        3.4e6 or "3.4M". The four claims of February 2026 if left out.
    accounts
        Accounts behind each number: 300, or (200, 1000).
    days
        Time in which each number was counted.
    claims_file
        Claims of your own, as YAML. Those that give a count are compared beside those named, or in
        place of February's.
    hypotheses
        Ids of explanations to hold the accused one against; all if left out.
    hypotheses_file
        Explanations of your own, as YAML, beside the shipped ones or in their place.
    overrides
        Changes of priors: texts such as `evaluations.runs=30`, or a mapping.
    accused
        The explanation that the accusation gives.
    against
        The explanation whose odds the sensitivity analysis takes apart; the first if left out.
    by_actor
        Weigh each actor of a run by itself; needs truth.
    reading
        What "over 3.4 million" means: up to the next printed digit, or any number above.
    prior_odds
        Odds of explanations before the evidence, 1 for those left out; without them no probability
        is computed.
    sections
        Answers that are wanted: "needed", or ["needed", "odds"]; all if left out.
    draws
        Predictive draws of each explanation under each prior set, at least 200.
    seed
        Seed of the draws.
    observe
        Is called with the number of sets of draws that are done, and of all.
    begins
        Is called before each section with its id and the analysis so far.

    Returns
    -------
    Analysis
        `answer["needed"].to_frame()` is the table of a section, `answer.to_html("page.html")`
        writes the page.
    """
    from sim.catalog import claims as catalog_claims
    from sim.comparison import analyse, find_targets, load_claims, load_library
    from sim.comparison.stated_counts import figure_of

    own_claims = load_claims(os.fspath(claims_file)) if claims_file is not None else None
    file = None if hypotheses_file is None else os.fspath(hypotheses_file)
    library = load_library(file, override_texts(overrides))

    targets = find_targets(
        map(target_text, sources),
        {**catalog_claims(), **(own_claims or {})},
        None if accounts is None else figure_of(accounts, "accounts"),
        days,
    )
    return analyse(
        targets.runs,
        claim_ids=claims_to_compare(targets.claim_ids, own_claims),
        own_claims={**(own_claims or {}), **targets.stated},
        library=library,
        hypotheses=names_from(hypotheses),
        accused=accused,
        against=against,
        by_actor=by_actor,
        reading=reading,
        prior_odds=prior_odds,
        sections=names_from(sections) or None,
        draws=draws,
        seed=seed,
        observer=observe,
        begins=begins,
    )


def calibrate(
    trace: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    kind: Literal["library", "dials"] | None = None,
    agent: str | None = None,
    seed: int = 0,
) -> Calibration:
    """Fit the dials of an agent, or a library of recorded calls, to two thirds of a trace.

    Parameters
    ----------
    trace
        A file of CSV or Parquet (docs/guides/calibrate.md), or the name of a shipped trace.
    out
        YAML to write, for the key `calibration` of an actor; a library goes beside it, with the
        ending `.parquet`. Nothing is written if left out.
    kind
        "library": recorded sessions, to be drawn from in blocks. "dials": a distribution for each
        quantity. Left out, a library if the trace has sessions.
    agent
        Id of the agent whose other dials stay; the nearest to the trace if left out.
    seed
        Of the split into a part to fit and one to test.

    Returns
    -------
    Calibration
        The dials; `figures` of both parts, with the distance of the second from the fit;
        `not_identified`, what the trace cannot tell.

    Raises
    ------
    InvalidInputError
        If the trace cannot be read, listing every fault, or is too small to be split, or has no
        sessions for a library.
    """
    from sim.calibration.calibrate import check_place, fit_trace
    from sim.traces import read_trace

    if kind is not None:
        _expect_one_of("kind", kind, ("library", "dials"))
    if out is not None:
        check_place(Path(out), os.fspath(trace))
    fitted = fit_trace(read_trace(trace), kind, agent, seed)
    return fitted.calibration if out is None else fitted.write(Path(out))


def realism(
    *runs: RunLike,
    against: str | os.PathLike[str] | None = None,
    actors: str | Iterable[str] = (),
    workload: str | None = None,
    seed: int = 0,
    observe: Callable[[str], None] | None = None,
) -> Scorecard:
    """Score how much runs look like real traffic.

    Parameters
    ----------
    runs
        Finished runs, such as one scenario with five seeds, with or without truth. The file or the
        name of a trace may stand in place of a run.
    against
        A shipped trace (`sim.list("traces")`), or a file of your own. Its test part is what runs
        are held against. Left out, the trace of the runs' class of workload.
    actors
        Actors whose calls count; needs truth. Left out, those of the class of the trace, or all if
        there are none, and all for windows of clients.
    workload
        What the calls are for, which decides the goals: coding, chat, api or benchmark. Left out,
        that of the trace.
    seed
        Of the naive generator, of samples, and of the folds of the classifiers.
    observe
        Is told what is done next.

    Returns
    -------
    Scorecard
        A score for each statistic, with goal, distance between real parts, and naive generator.
        `ok`, `passes`, `to_frame()`, `to_text()`, `to_html("page.html")`; `raise_if_failed()` makes
        an error of goals that are missed.

    Raises
    ------
    InvalidInputError
        A run or trace cannot be read or holds too little, or nothing says which of several classes
        of workload is meant.
    """
    from sim.scorecard import scorecard

    return scorecard(
        [run_or_trace_from(x) for x in runs],
        against,
        actors=names_from(actors),
        workload=workload,
        seed=seed,
        observe=observe,
    )


# Labelled data


def load_recipe(
    recipe: RecipeLike,
    *,
    seed: int | None = None,
    scale: float | None = None,
    overrides: Overrides = (),
) -> Recipe:
    """Check a recipe of a pack, and return it with the resolved scenarios of its simulations.

    The parameters are those of `dataset`. Raises InvalidInputError that lists every fault, those
    of the scenarios too.
    """
    return recipe_from(recipe, seed=seed, scale=scale, overrides=overrides)


def dataset(
    recipe: RecipeLike,
    out: PackLike | None = None,
    *,
    seed: int | None = None,
    scale: float | None = None,
    overrides: Overrides = (),
    force: bool = False,
    audit: bool = True,
    archive: str | os.PathLike[str] | None = None,
    workers: WorkersLike = 1,
    observe: Observer | None = None,
) -> Pack:
    """Make a pack of a recipe, and open it: labelled data for detectors.

    Parameters
    ----------
    recipe
        A file, `-` for standard input, the name of a shipped recipe, a mapping that holds what a
        file would, or a Recipe.
    out
        Folder or URL, such as `s3://bucket/pack`; `packs/NAME` if left out. A folder that holds
        something is refused, but for an interrupted pack of the same recipe, which is completed.
    seed
        Draws the seeds of all simulations, of labels and of splits, instead of those of the recipe.
    scale
        Multiplies populations and targets, above 0, instead of that of the recipe.
    overrides
        Changes of keys of the recipe, as in `check`.
    force
        Replace the pack that is there.
    audit
        Whether the pack is audited at the end.
    archive
        File into which the whole pack is put, too; it ends in `.tar` or `.tar.gz`.
    workers, observe
        As in `run`.

    Raises
    ------
    InvalidInputError
        The recipe is invalid, or the folder cannot be used. Nothing was written.
    SimError
        The disk is full, or a worker died. What is finished is kept, and the same call goes on.
    """
    from sim.packs.build import build
    from sim.packs.pack import Pack

    resolved = recipe_from(recipe, seed=seed, scale=scale, overrides=overrides)
    place = default_pack_place(resolved) if out is None else pack_place_from(out)
    with started(workers) as ready:
        summary = build(
            resolved,
            place,
            force=force,
            workers=ready,
            observe=observe,
            audit=audit,
            archive=None if archive is None else os.fspath(archive),
        )
    return Pack(summary.out)


def audit(
    place: RunLike | PackLike,
    *,
    difficulty: str | None = None,
    only: str | Iterable[str] = (),
    simulate: bool = False,
    seed: int = 0,
    observe: Callable[[str], None] | None = None,
) -> Audit:
    """Ask whether anything but behaviour tells the label in a run or a pack.

    Parameters
    ----------
    place
        A finished run or pack of Parquet, with or without truth: a path, a URL, a Run or a Pack.
    difficulty
        `easy`, `medium` or `hard`: whose limits hold. Left out, that of the recipe or the level of
        the scenario; without one, `hard` for separability 0.
    only
        Ids of tests, such as `["T3", "T17"]`; all if left out.
    simulate
        Whether T8 and T11 may simulate the scenario again, cut small; else they are not checked.
    seed
        Of samples, permutations and folds.
    observe
        Is told which test comes next.

    Returns
    -------
    Audit
        The findings, one or more a test. `ok`, `failed`, `unchecked`, `of("T1")`, `to_frame()`,
        `to_text()`, `to_html("page.html")`; `raise_if_failed()` makes an error of failures. What
        was not checked is no pass.

    Raises
    ------
    InvalidInputError
        It cannot be read, or there is no such difficulty or test.
    """
    from sim.packs.audited import audit_place
    from sim.packs.pack import Pack

    where = pack_place_from(place) if isinstance(place, Pack) else place_from(place)
    return audit_place(
        where,
        difficulty=difficulty,
        only=names_from(only),
        simulate=simulate,
        seed=seed,
        observe=observe,
    )


def open_pack(pack: PackLike) -> Pack:
    """Open a finished pack at a path or URL; raises InvalidInputError if there is none."""
    from sim.packs.pack import Pack

    return pack if isinstance(pack, Pack) else Pack(pack_place_from(pack))


def default_pack_place(recipe: Recipe) -> str:
    """Return the folder of a pack for which none is named: `packs/NAME`."""
    return str(Path("packs") / recipe.name)


def default_place(scenario: Scenario) -> str:
    """Return the folder of a run for which none is named: `runs/NAME`."""
    return str(Path("runs") / scenario.name)


def _expect_one_of(what: str, word: str, words: tuple[str, ...]) -> None:
    if word not in words:
        raise InvalidInputError(f"{what}: found {word!r}; allowed: {', '.join(words)}")
