"""A comparison with results made by hand: no draws, so that every text and chart is the same.

`python -m tests.support.comparison` rewrites what is expected of it, in `tests/cases/comparison`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sim.catalog import claims, step_distributions
from sim.comparison import render_text, to_csv
from sim.comparison.analysis import Analysis
from sim.comparison.claims.cases import cases
from sim.comparison.claims.intervals import Interval
from sim.comparison.clusters.from_runs import Cluster
from sim.comparison.hypotheses.load_hypotheses import chosen, load_library
from sim.comparison.hypotheses.model import PriorSet
from sim.comparison.inference.beliefs import PoolShare, Reach
from sim.comparison.inference.odds import Evidence, Odds, Step
from sim.comparison.inference.posterior import Inferred
from sim.comparison.inference.quantiles import Ranged, Span
from sim.comparison.inference.run_totals import ModelPrediction, Range, RunsNeeded
from sim.comparison.section import Settings
from sim.comparison.sections.adoption import HOURS, Adoption, Move, Switch
from sim.comparison.sections.calibration import Bin, Calibration, Coverage, Reliability
from sim.comparison.sections.design import (
    KNOWN_SETS,
    Confusion,
    Design,
    Expected,
    beside_the_count,
    cumulative,
)
from sim.comparison.sections.needed import Effort, Needed
from sim.comparison.sections.odds import OddsResult
from sim.comparison.sections.predictions import REPORTED, Predicted
from sim.comparison.sections.priors_needed import PriorsNeeded
from sim.comparison.sections.sensitivity import (
    COUNT,
    ODDS_ALL,
    ODDS_COUNT,
    Bar,
    Index,
    Sensitivity,
)
from sim.comparison.sections.statements import Judged
from sim.reporting import charts_of
from sim.tables.conventions import CONVENTIONS
from tests.support.drawings import drawing_of
from tests.support.paths import CASES as FILES

EXPECTED = FILES / "comparison"
IDS = ("benchmarking", "product-use", "extraction")
OTHERS = IDS[:2]
CASES = ("A3", "A4", "G1")


def span(middle: float) -> Span:
    return Span(middle / 4, middle / 2, middle, middle * 1.5, middle * 3)


def settings(**changes: Any) -> Settings:
    stated: dict[str, Any] = {
        "accused": "extraction",
        "against": "product-use",
        "hypotheses": IDS,
        "sets": (PriorSet(1.0, 1.0), PriorSet(3.0, 1.0)),
        "draws": 1_000,
        "seed": 5,
        "reading": "rounded",
        "prior_odds": None,
        "sections": (),
    }
    return Settings(**{**stated, **changes})


def weighed(case: str, stated: float, *, more: bool = True, outside: tuple[str, ...] = ()) -> Odds:
    """The odds of a case: `stated` against the first other hypothesis by the count alone."""
    known = ("count", "accounts") if more else ("count",)
    limits = {x: Interval(10.0, 20.0) for x in known}
    steps = tuple(
        Step(
            known=known[: k + 1],
            adds=True,
            ratios={
                other: Ranged(x, x - 0.5, x + 0.75)
                for j, other in enumerate(OTHERS)
                for x in [stated + 0.4 * j + 0.6 * k]
            },
        )
        for k, name in enumerate(known)
    )
    prior_needed = {x: Ranged(1 - r.stated, 1 - r.high, 1 - r.low) for x, r in _last(steps)}
    evidence = Evidence(case, limits, tuple(CONVENTIONS))
    return Odds(evidence, "extraction", steps, outside, prior_needed, None)


def _last(steps: tuple[Step, ...]) -> Any:
    return steps[-1].ratios.items()


def expected(other: str, known: tuple[str, ...]) -> Expected:
    n, first = len(known), other == OTHERS[0]
    wrong = 0.4 - 0.03 * n + 0.05 * first + 0.01 * (known[-1] == "synchrony")
    return Expected(
        against=other,
        known=known,
        if_accused=Span(-0.5, 0.1 * n, 0.2 * n, 0.3 * n, 0.5 * n),
        if_other=Span(-0.4 * n, -0.3 * n, -0.2 * n, -0.1 * n, 0.3),
        median_if_accused=Ranged(0.2 * n, 0.1 * n, 0.25 * n),
        median_if_other=Ranged(-0.2 * n, -0.3 * n, -0.1 * n),
        wrong=wrong,
    )


def benchmark_runs() -> tuple[ModelPrediction, ...]:
    models = []
    for k, size in enumerate((30_000.0, 80_000.0, 200_000.0)):
        targets = {"A3": 150_000.0, "A4": 3_400_000.0, "G1": 100_000.0}
        needed = tuple(
            RunsNeeded(x, Range(v, v * 0.8, v * 0.9, v, v * 1.1, v * 1.2))
            for x, target in targets.items()
            for v in [target / size]
        )
        exchanges = Range(size, size * 0.9, size * 0.95, size, size * 1.05, size * 1.1)
        models.append(
            ModelPrediction(
                agent="mini-swe-agent",
                model=f"model {k}",
                model_id=None,
                provider="Anthropic",
                benchmark="swe-bench-full",
                measured_on="swe-bench-verified",
                measured_tasks=500,
                convention="C2",
                mean_steps=size / 2_294,
                exchanges=exchanges,
                runs_needed=needed,
                source=next(iter(step_distributions().values())).source,
            )
        )
    return tuple(models)


def effort() -> Effort:
    drivers = ("evaluations.runs", "product.users", "extraction.prompts")
    needed, inferred = [], []
    for j, case in enumerate(CASES):
        for k, (id_, driver) in enumerate(zip(IDS, drivers, strict=True)):
            for convention in ("C5", "C6") if case == "G1" else tuple(CONVENTIONS):
                middle = 0.0 if (j, k) == (0, 0) else 30.0 * (j + 1) * (k + 1)
                needed.append(
                    Needed(case, 1e6, id_, driver, convention, span(middle), span(60.0), 0.25)
                )
            inferred.append(Inferred(case, id_, driver, 5.0, 50.0 * (k + 1), 1e5, 1e6 * (j + 1)))
    return Effort(tuple(needed), tuple(inferred))


def predictions() -> tuple[Predicted, ...]:
    return tuple(
        Predicted(
            hypothesis=id_,
            convention=convention,
            count=span(1e5 * 3**k * (1 + j)),
            inside=dict.fromkeys(CASES, 0.01 * (j + 1)),
            above={case: 0.1 * (k + 1) + 0.01 * n for n, case in enumerate(CASES)},
            percentiles=tuple(np.geomspace(1e4, 1e6, 99) * 3**k * (1 + j)),
        )
        for k, id_ in enumerate(IDS)
        for j, convention in enumerate((*CONVENTIONS, REPORTED))
    )


def odds() -> tuple[Odds, ...]:
    return weighed("A3", 0.3), weighed("A4", -0.8), weighed("G1", 0.5, more=False)


def growing() -> tuple[Expected, ...]:
    return tuple(expected(other, known) for known in cumulative() for other in OTHERS)


def priors_needed() -> PriorsNeeded:
    shares = (0.001, 0.1, 0.9)
    reach = tuple(
        Reach(o.evidence.id, other, 4.0 + k, 10.0, 0.01, None)
        for o in odds()
        for k, other in enumerate(OTHERS)
    )
    pools = tuple(
        PoolShare(
            o.evidence.id,
            other,
            {share: 20 / (k + 1) * (1 - share) for share in shares},
            ((0.0, 0.3), None)[k],
        )
        for o in odds()
        for k, other in enumerate(OTHERS)
    )
    return PriorsNeeded(odds(), reach, pools)


def design() -> Design:
    beside = tuple(expected(other, known) for known in beside_the_count() for other in OTHERS)
    confusions = tuple(
        Confusion(known, IDS, np.full((3, 3), (1 - p) / 2) + np.eye(3) * (p - (1 - p) / 2))
        for known, p in zip(KNOWN_SETS, (0.4, 0.5, 0.8), strict=True)
    )
    return Design(beside, growing(), confusions)


def adoption() -> Adoption:
    moves = tuple(
        Move(
            id=key,
            title=f"way {key}",
            explanations=OTHERS,
            hours=HOURS,
            median=tuple(share * hour / 24 for hour in HOURS),
            low=tuple(share * hour / 48 for hour in HOURS),
            high=tuple(share * hour / 20 for hour in HOURS),
            during=Span(share / 8, share / 6, share / 4, share * 0.3, share * 0.4),
            at_end=Span(share / 4, share / 3, share / 2, share * 0.6, share * 0.7),
            status="prior",
            source="design-prior",
        )
        for key, share in (("by-hand", 0.2), ("default-switch", 0.8))
    )
    switches = (
        Switch("product-use", {0.0: 6.0, 0.5: 2.0, 1.0: 0.5}),
        Switch("benchmarking", {0.0: 3.0, 0.5: 1.0, 1.0: 0.01}),
    )
    return Adoption(moves, switches)


def sensitivity() -> Sensitivity:
    names = ("convention", "found_share", "product.days", "relay.days", "access", "uptake")
    indices = [
        Index(id_, quantity, name, 0.05 * (k + 1), 0.02, 0.1 * (k + 1) + 0.01 * j, 0.03)
        for j, id_ in enumerate(IDS)
        for quantity in (COUNT, ODDS_COUNT, ODDS_ALL)
        if quantity == COUNT or id_ != "benchmarking"
        for k, name in enumerate(names)
    ]
    bars = [
        Bar(id_, name, 4.0 - width, 4.0 + width, low_at, high_at, 4.0 + 0.5 * j)
        for j, id_ in enumerate(IDS)
        for name, width, low_at, high_at in (
            ("convention", 0.9 + 0.1 * j, "C6", "by-hand"),
            ("product.days", 0.4, "3.2 or less", "2.16e+04 or more"),
            ("access", 0.1, "own-keys", "pool"),
        )
    ]
    return Sensitivity(tuple(indices), tuple(bars))


def calibration() -> Calibration:
    bins = (Bin(0.01, 0.02, 900), Bin(0.25, 0.2, 300), Bin(0.95, 0.5, 50))
    reliabilities = tuple(
        Reliability(known, bins, 2.0 - 0.4 * k, 1.58, 0.4 + 0.2 * k)
        for k, known in enumerate(KNOWN_SETS)
    )
    coverages = tuple(
        Coverage(id_, quantity, 0.84 + 0.03 * j + 0.02 * k, 500)
        for j, id_ in enumerate(IDS)
        for k, quantity in enumerate(("predicted count", "lever", "true C2"))
    )
    return Calibration(reliabilities, coverages)


def run(place: str, actor: str, truth: dict[str, float], count: int) -> Cluster:
    """An actor of a run, with more exchanges in C1 and fewer in C6."""
    counts = {x: count * (12 - 2 * k) // 10 for k, x in enumerate(CONVENTIONS)}
    return Cluster(
        name=f"{place}:{actor}",
        run=place,
        actor=actor,
        scale=1.0,
        counts=counts,
        accounts=20,
        exchanges_per_account=count / 20,
        concentration=0.5,
        exchanges_per_task=7.5,
        item_repetition=0.25,
        moved_24h=None,
        synchrony=0.1,
        shared_instruments=0.0,
        truth=truth,
    )


@cache
def by_hand() -> Analysis:
    """All sections, of three claims."""
    compared = tuple(cases(claims())[x] for x in CASES)
    weighed_odds = odds()
    row = Judged("a", "one", "the critique", "holds", "it adds up", "sim counts run", "a paper")
    results = {
        "claims": None,
        "critique": (row, row),
        "benchmark-runs": benchmark_runs(),
        "needed": effort(),
        "predictions": predictions(),
        "odds": OddsResult(weighed_odds, growing()),
        "priors-needed": priors_needed(),
        "design": design(),
        "pivot": adoption(),
        "sensitivity": sensitivity(),
        "calibration": calibration(),
        "priors": None,
    }
    return Analysis(
        settings=settings(sections=tuple(results)),
        library=chosen(load_library(), list(OTHERS), None),
        claims=tuple(dict.fromkeys(y for x in compared for y in x.claims.values())),
        cases=compared,
        runs=(),
        results=results,
    )


def without_catalog(analysis: Analysis) -> Analysis:
    """Without the sections that show the catalog itself, which changes on its own."""
    results = {k: v for k, v in analysis.results.items() if k not in ("claims", "priors")}
    return replace(analysis, results=results)


def outputs() -> dict[str, str]:
    """Text, CSV and what every chart shows, by the name of the file."""
    analysis = without_catalog(by_hand())
    drawings = {
        f"{chart.id}.txt": "\n".join([chart.title, chart.alt, *drawing_of(chart.figure), ""])
        for chart in charts_of(analysis)
    }
    return {"tables.txt": render_text(analysis), "tables.csv": to_csv(analysis), **drawings}


def rewrite(folder: Path) -> None:
    """Write all outputs."""
    folder.mkdir(exist_ok=True)
    for name, content in outputs().items():
        (folder / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    rewrite(EXPECTED)
