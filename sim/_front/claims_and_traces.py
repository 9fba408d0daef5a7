"""Runs and reality: reported counts held against explanations, traces fitted and compared."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sim._front.logs import logged, telling_count, telling_step
from sim._inputs import (
    claims_to_compare,
    expect_one_of,
    names_from,
    override_texts,
    run_or_trace_from,
    target_text,
)

if TYPE_CHECKING:
    from sim._inputs import Overrides, RunLike, TargetLike
    from sim.calibration.form import Calibration
    from sim.comparison import Analysis
    from sim.scorecard import Scorecard


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
    with logged("compare", ", ".join(map(target_text, sources)) or "all claims") as log:
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
            observer=telling_count(log, observe),
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
        expect_one_of("kind", kind, ("library", "dials"))
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

    with logged("realism", f"{len(runs)} runs" if len(runs) > 1 else "1 run") as log:
        return scorecard(
            [run_or_trace_from(x) for x in runs],
            against,
            actors=names_from(actors),
            workload=workload,
            seed=seed,
            observe=telling_step(log, observe),
        )
