"""Reported figures beside what benchmark runs, and a simulated run, amount to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.catalog import Claim, benchmarks, claim_value, claims, lookup, step_distributions
from sim.compare.document import Verdict, verdicts
from sim.compare.predict import ModelPrediction, draw_strata, predict
from sim.streams import Streams

CLAIMS = ("A3", "A4", "A5", "A1")
AGENT = "mini-swe-agent"
BENCHMARK = "swe-bench-full"
REPLICATES = 10_000

CAVEATS = (
    "A step is one answered model request: C2. Retries add to C1; a claim may count otherwise.",
    "The reports define neither an exchange nor, for these figures, a time window.",
    'Claims say "over": they are lower bounds, and the allegation of one party.',
    "Steps were measured on 500 SWE-bench Verified tasks and carried over to the full set, whose "
    "tasks are thought to be harder; the ranges do not cover that difference.",
    "No model was measured twice on a task; how much repeated runs share is a lower bound.",
    "A count alone does not say who sent it: these are quantities, not likelihoods.",
)


@dataclass(frozen=True)
class RunCount:
    """What a simulated run counts under one convention; `ratio`: count / claim, by claim id."""

    convention: str
    exchanges: int
    ratio: dict[str, float]


@dataclass(frozen=True)
class Comparison:
    """Everything that `sim compare` prints; `models` rise in exchanges per run."""

    benchmark: str
    items: int
    agent: str
    replicates: int
    seed: int
    claims: tuple[Claim, ...]
    models: tuple[ModelPrediction, ...]
    document: tuple[Verdict, ...]
    run: str | None
    run_scale: float | None
    counts: tuple[RunCount, ...]
    caveats: tuple[str, ...]


def compare(
    run: Path | str | None = None,
    *,
    claim_ids: Sequence[str] = CLAIMS,
    benchmark: str = BENCHMARK,
    agent: str = AGENT,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Comparison:
    """Compare claims with whole runs of a benchmark and, if given, with a simulated run.

    `run`: a directory that `sim run` wrote. `claim_ids`: claims with a figure, in the order to
    print. `replicates`: simulated series of runs per model, at least 1. Raises InvalidInputError
    for an unknown id, naming the nearest.
    """
    for claim_id in claim_ids:
        claim_value(claim_id)
    chosen = tuple(claims()[x] for x in claim_ids)
    scale = None if run is None else scale_of(run)
    counts = () if run is None else run_counts(run, chosen)
    bench = lookup(benchmarks(), "benchmark", benchmark)
    measured = [x for x in step_distributions().values() if x.agent == agent]
    lookup({x.agent: x for x in step_distributions().values()}, "measured agent", agent)
    streams = Streams(seed)
    strata = draw_strata(bench.items, replicates, streams)
    models = [predict(x, bench.id, strata, chosen, streams) for x in measured]
    models.sort(key=lambda m: (m.exchanges.median, m.model))
    return Comparison(
        benchmark=bench.id,
        items=bench.items,
        agent=agent,
        replicates=replicates,
        seed=seed,
        claims=chosen,
        models=tuple(models),
        document=verdicts(models),
        run=None if run is None else str(run),
        run_scale=scale,
        counts=counts,
        caveats=CAVEATS,
    )


def scale_of(run: Path | str) -> float:
    """Return the scale at which a run was made: its counts stand for 1 / scale as much."""
    from sim.tables.manifest import read_manifest, scenario_of
    from sim.tables.store import Store

    store = Store.of(run)
    return scenario_of(read_manifest(store), store).scale


def run_counts(run: Path | str, chosen: Sequence[Claim]) -> tuple[RunCount, ...]:
    """Return the counts of a run under each convention beside the claims."""
    from sim.counting import count_run

    totals = count_run(run).total
    return tuple(
        RunCount(
            convention=convention,
            exchanges=total,
            ratio={x.id: total / x.value for x in chosen if x.value},
        )
        for convention, total in sorted(totals.items())
    )
