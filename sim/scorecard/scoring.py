"""Making a scorecard: read the trace and the runs, measure, and hold one against the other."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sim.catalog import benchmarks
from sim.documents.problems import suggest
from sim.errors import InvalidInputError
from sim.scorecard.calls import Calls
from sim.scorecard.classifier import MISSING, Told, is_installed
from sim.scorecard.clients import Clients
from sim.scorecard.compared import Sample, classified, distances_between, statistics_of
from sim.scorecard.distributions import overlaid
from sim.scorecard.goals import WORKLOADS, Goal, Workload, goals
from sim.scorecard.real import DEFAULT_TRACES, Real, real_from
from sim.scorecard.run_rows import actors_for, rows_of_run, workload_of_run
from sim.scorecard.samples import naive_sample, of_one_rate, rate_note, sample_of
from sim.scorecard.score import Score, Scorecard
from sim.tables.reading import Run
from sim.traces import Trace

CLASSIFIERS = ("g1_windows", "g2_sessions", "gaps_auc")
_FEATURES_SHOWN = 8
_TOO_FEW = "too few sessions for a classifier, in the trace or in the run"


@dataclass(frozen=True)
class Measured:
    """One sample beside the test part: values and distances by the ids of goals."""

    values: dict[str, float]
    distances: dict[str, float]
    told: dict[str, Told]


def scorecard(
    runs: Sequence[Run | Trace],
    against: str | os.PathLike[str] | None = None,
    *,
    actors: Sequence[str] = (),
    workload: str | None = None,
    seed: int = 0,
    observe: Callable[[str], None] | None = None,
) -> Scorecard:
    """Hold runs against the test part of a real trace.

    Parameters
    ----------
    runs
        Finished runs, such as one scenario with several seeds, or traces in their place.
    against
        Name of a shipped trace, or a file. Left out, the trace of the class of workload.
    actors
        Whose calls count. Left out, those of the class of the trace, or all if there are none.
    workload
        The class: coding, chat, api or benchmark. Left out, that of the trace.
    seed
        Of the naive generator, of samples and of folds.
    observe
        Is told what is done next.

    Raises
    ------
    InvalidInputError
        If there are no runs, if one holds too little, if trace, actors or workload are not known,
        or if a run is of several classes and nothing says which counts.
    """
    if not runs:
        raise InvalidInputError("realism: found no runs; give one, or several of unlike seeds")
    known = _workload(workload)
    real = real_from(against if against is not None else _default(runs, actors, known), known)
    say = observe or (lambda _: None)

    # one run is in memory at a time, beside what is taken of the others
    rng = np.random.default_rng(seed)
    samples: list[Calls | Clients] = []
    chosen: tuple[str, ...] = ()
    for run in runs:
        say(f"reading {run.name if isinstance(run, Trace) else run.store}")
        if isinstance(run, Trace):
            samples.append(sample_of(run, real, rng))
            continue
        chosen = actors_for(run, actors, None if real.form == "clients" else real.workload)
        samples.append(sample_of(rows_of_run(run, chosen), real, rng))
    return _scored(real, samples, naive_sample(real, rng), runs, chosen, seed, say)


def _workload(word: str | None) -> Workload | None:
    """Return the class that a word names; None for none."""
    for workload in WORKLOADS:
        if word == workload:
            return workload
    if word is None:
        return None
    raise InvalidInputError(
        f"workload: found '{word}'{suggest(word, WORKLOADS)}; allowed: {', '.join(WORKLOADS)}"
    )


def _default(runs: Sequence[Run | Trace], actors: Sequence[str], known: Workload | None) -> str:
    """Return the name of the trace for runs of one class."""
    if known is not None:
        return DEFAULT_TRACES[known]
    first = runs[0]
    if isinstance(first, Trace):
        raise InvalidInputError(
            f"{first.name}: a trace does not say what its calls are for; give --against TRACE or "
            "--workload"
        )
    return DEFAULT_TRACES[workload_of_run(first, actors)]


def _scored(
    real: Real,
    samples: list[Calls | Clients],
    naive: Calls | Clients,
    runs: Sequence[Run | Trace],
    actors: tuple[str, ...],
    seed: int,
    say: Callable[[str], None],
) -> Scorecard:
    """Measure all samples, and make a score of each goal that the trace can tell."""
    stated = _stated(runs, actors)
    measure = _measure(real, real.test, stated, seed)
    say("measuring the trace")
    half = measure.of(Sample(real.fit, real.fit_groups))
    say("measuring the naive generator")
    baseline = measure.of(Sample(naive))

    measured, notes = [], []
    for number, sample in enumerate(samples):
        say(f"measuring run {number + 1} of {len(samples)}")
        if isinstance(sample, Calls) and isinstance(real.test, Calls) and real.form == "stream":
            notes += rate_note(sample, real.test, number)
            pair = of_one_rate((real.test, sample), np.random.default_rng(seed))
            held = _measure(real, pair[0], stated, seed)
            measured.append(held.of(Sample(pair[1]), importance=number == 0))
            continue
        measured.append(measure.of(Sample(sample), importance=number == 0))

    scores = [_score(goal, measure.values, half, baseline, measured) for goal in measure.goals]
    return Scorecard(
        against=real.name,
        title=real.title,
        workload=real.workload,
        form=real.form,
        runs=tuple(x.name if isinstance(x, Trace) else str(x.store) for x in runs),
        actors=actors,
        seed=seed,
        scores=tuple(x for x in scores if x is not None),
        distributions=overlaid(real.form, real.test, samples[0], naive),
        notes=(*_notes(real, scores, measure.goals), *notes),
    )


def _measure(real: Real, test: Calls | Clients, stated: dict[str, float], seed: int) -> _Measure:
    """Return what holds samples against a test part, which may have been thinned."""
    values = statistics_of(test, real.form) | stated
    return _Measure(Sample(test, real.test_groups), values, real, seed)


@dataclass(frozen=True)
class _Measure:
    """Holds samples against one test part.

    Attributes
    ----------
    held, values
        The test part, and its statistics.
    real
        The trace that it is of.
    seed
        Of samples and folds.
    """

    held: Sample
    values: dict[str, float]
    real: Real
    seed: int

    @property
    def goals(self) -> tuple[Goal, ...]:
        """The goals of the class and form."""
        return goals(self.real.workload, self.real.form)

    def of(self, sample: Sample, *, importance: bool = False) -> Measured:
        """Return values and distances of one sample."""
        form = self.real.form
        values = statistics_of(sample.data, form)
        values |= distances_between(sample, self.held, form)
        told: dict[str, Told] = {}
        asked = {goal.id for goal in self.goals} & set(CLASSIFIERS)
        if asked and is_installed():
            told = classified(sample, self.held, asked, self.seed, importance=importance)
            values |= {id_: x.auc for id_, x in told.items()}

        nan = math.nan
        distances = {
            goal.id: goal.distance(values.get(goal.id, nan), self.values.get(goal.id, nan))
            for goal in self.goals
        }
        return Measured(values, distances, told)


def _score(
    goal: Goal,
    real: dict[str, float],
    half: Measured,
    naive: Measured,
    runs: Sequence[Measured],
) -> Score | None:
    """Return the score of a goal, None if the trace or the runs cannot tell it."""
    nan = math.nan
    reason = ""
    if goal.id in CLASSIFIERS and not any(goal.id in x.told for x in runs):
        reason = _TOO_FEW if is_installed() else MISSING
    elif not _is_told(goal, real, runs):
        return None

    told = runs[0].told.get(goal.id)
    return Score(
        goal=goal,
        real=nan if goal.kind == "distance" else real.get(goal.id, nan),
        real_half=half.distances[goal.id],
        naive=naive.distances[goal.id],
        values=() if reason else tuple(x.values.get(goal.id, nan) for x in runs),
        distances=() if reason else tuple(x.distances[goal.id] for x in runs),
        telling=() if told is None else told.features[:_FEATURES_SHOWN],
        not_checked=reason,
    )


def _is_told(goal: Goal, real: dict[str, float], runs: Sequence[Measured]) -> bool:
    """Tell whether the trace has a value to compare with, or the runs one that needs none."""
    if goal.kind in ("ratio", "difference"):
        return math.isfinite(real.get(goal.id, math.nan))
    return any(math.isfinite(x.distances[goal.id]) for x in runs)


def _stated(runs: Sequence[Run | Trace], actors: Sequence[str]) -> dict[str, float]:
    """Return what no trace at hand can tell, and the catalog has: shares between items."""
    names = {
        actor.benchmark
        for run in runs
        if isinstance(run, Run)
        for actor in run.scenario.actors
        if actor.benchmark and (not actors or actor.id in actors)
    }
    shares = [getattr(benchmarks()[name], "item_share", None) for name in sorted(names)]
    found = [float(share) for share in shares if share is not None]
    return {"item_share": float(np.mean(found))} if found else {}


def _notes(real: Real, scores: Sequence[Score | None], asked: Sequence[Goal]) -> tuple[str, ...]:
    """Say what is not there, and why."""
    untold = [goal.words for goal, score in zip(asked, scores, strict=True) if score is None]
    notes = [f"Not told by {real.name}: {'; '.join(untold)}."] if untold else []
    reasons = dict.fromkeys(x.not_checked for x in scores if x is not None and x.not_checked)
    return (*notes, *(f"Not checked: {reason}." for reason in reasons))
