"""Everything that `sim compare` answers, section by section."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from math import inf
from pathlib import Path
from typing import Any

from sim.catalog import Claim, benchmarks, claims, lookup, nearest, step_distributions
from sim.comparison.answer import Answer
from sim.comparison.claims.cases import Case, cases
from sim.comparison.claims.intervals import Interval, Reading
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.clusters.from_runs import Cluster, clusters
from sim.comparison.hypotheses.load import chosen, load_library
from sim.comparison.hypotheses.model import Library, PriorSet
from sim.comparison.inference import odds as weigh
from sim.comparison.inference.evidence_model import WHOLE, EvidenceModel, Observer
from sim.comparison.inference.posterior import Inferred, inferences
from sim.comparison.sections import adoption, calibration, design, needed_effort, sensitivity
from sim.comparison.sections.benchmark_runs import ModelPrediction, draw_strata, predict
from sim.comparison.sections.statements import Verdict, verdicts
from sim.errors import InvalidInputError
from sim.streams import Streams

FEBRUARY = ("A3", "A4", "A5", "A1")
AGENT = "mini-swe-agent"
BENCHMARK = "swe-bench-full"
DRAWS = 10_000
FEWEST_DRAWS = 200
SECTIONS = {
    "claims": "what was reported, and what was not said",
    "documents": "the arithmetic of the two source documents beside measurements",
    "benchmark-runs": "what whole benchmark runs of measured models amount to",
    "needed": "what it would take to reach the reported counts",
    "predictions": "how many exchanges each explanation makes one expect",
    "odds": "how far the figures move the odds, one observable after another",
    "priors-needed": "what one would have to believe before for 10 to 1",
    "design": "which further observable would tell, before it is seen",
    "pivot": "the move to a new model within a day",
    "sensitivity": "which assumptions matter",
    "calibration": "whether probabilities and ranges hold where the truth is known",
    "priors": "every prior with status and source",
}


@dataclass(frozen=True)
class Settings:
    """How an analysis was made; the same settings give the same analysis."""

    accused: str
    against: str
    hypotheses: tuple[str, ...]
    sets: tuple[PriorSet, ...]
    draws: int
    seed: int
    reading: Reading
    prior_odds: Mapping[str, float] | None
    sections: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Analysis:
    """The answers; what no asked section needs is empty.

    `reach` and `pools` are of the cases and runs in `odds`, in their order. `beside` is the count
    with one observable, `growing` one observable after another.
    """

    settings: Settings
    library: Library
    claims: tuple[Claim, ...]
    cases: tuple[Case, ...]
    runs: tuple[Cluster, ...]
    documents: tuple[Verdict, ...] = ()
    models: tuple[ModelPrediction, ...] = ()
    needed: tuple[needed_effort.Needed, ...] = ()
    inferred: tuple[Inferred, ...] = ()
    predicted: tuple[needed_effort.Predicted, ...] = ()
    odds: tuple[weigh.Odds, ...] = ()
    reach: tuple[weigh.Reach, ...] = ()
    pools: tuple[weigh.PoolShare, ...] = ()
    growing: tuple[design.Expected, ...] = ()
    beside: tuple[design.Expected, ...] = ()
    confusions: tuple[design.Confusion, ...] = ()
    curves: tuple[adoption.Curve, ...] = ()
    switches: tuple[adoption.Switch, ...] = ()
    indices: tuple[sensitivity.Index, ...] = ()
    bars: tuple[sensitivity.Bar, ...] = ()
    reliabilities: tuple[calibration.Reliability, ...] = ()
    coverages: tuple[calibration.Coverage, ...] = ()

    def __getitem__(self, section: str) -> Answer:
        """Return the answer of one section that was asked for.

        Raises
        ------
        KeyError
            If the section is unknown or was not asked for.
        """
        from sim.comparison.answers import answer_of

        if section not in self.settings.sections:
            raise KeyError(f"no section {section!r}; there are {', '.join(self.settings.sections)}")
        return answer_of(self, section)

    def to_html(self, path: Path | str) -> None:
        """Write the page with every table and chart of the asked sections to `path`."""
        charts = import_module("sim.reporting").charts_of(self)
        import_module("sim.reporting").write_page(self, charts, Path(path))

    def __repr__(self) -> str:
        compared = f"runs={[x.name for x in self.runs]}" if self.runs else ""
        compared = compared or f"claims={[x.id for x in self.cases]}"
        return (
            f"Analysis({compared}, hypotheses={list(self.settings.hypotheses)}, "
            f"draws={self.settings.draws}, sections={list(self.settings.sections)})"
        )

    def _repr_html_(self) -> str:
        return "".join(self[section]._repr_html_() for section in self.settings.sections)


def analyse(
    runs: Sequence[Path | str] = (),
    *,
    claim_ids: Sequence[str] = FEBRUARY,
    own_claims: Mapping[str, Claim] | None = None,
    library: Library | None = None,
    hypotheses: Sequence[str] = (),
    accused: str | None = None,
    against: str | None = None,
    by_actor: bool = False,
    reading: Reading = "rounded",
    prior_odds: Mapping[str, float] | None = None,
    sections: Sequence[str] = tuple(SECTIONS),
    draws: int = DRAWS,
    seed: int = 0,
    observer: Observer | None = None,
) -> Analysis:
    """Hold reported counts, or the counts of runs, against explanations.

    runs: folders or URLs of finished runs, weighed in place of claims; `by_actor` takes them apart
    by the actors of their truth. claim_ids: claims that give a count, or `all`; ignored where there
    are runs, but for what it would take. own_claims: further claims by id. library: explanations,
    the shipped ones by default; `hypotheses`: some of them only; accused: the one that the
    accusation gives; against: the one whose odds are looked at in the sensitivity analysis, the
    first other one by default. reading: what "over" means. prior_odds: relative prior odds by
    explanation, 1 for others; without them no posterior is computed. sections: keys of `SECTIONS`.
    draws: for each explanation and prior set, at least 200. observer: told how many sets of draws
    are done, of how many.

    Raises InvalidInputError for an unknown claim, explanation or section, a run that is empty, or
    one without truth where `by_actor` needs it.
    """
    asked = _sections(sections)
    if draws < FEWEST_DRAWS:
        raise InvalidInputError(f"at least {FEWEST_DRAWS} draws are needed, found {draws}")
    known = {**claims(), **(own_claims or {})}
    held = _cases(known, claim_ids)
    used = chosen(library or load_library(), hypotheses, accused)
    first = used.accused
    _check_prior(prior_odds, used)
    places = dict.fromkeys(map(str, runs))
    found = tuple(x for place in places for x in clusters(place, by_actor=by_actor))
    instrument = EvidenceModel(used, draws, seed, observer)
    others = [x for x in used.hypotheses if x != first]
    if against is not None and against not in others:
        raise InvalidInputError(f"nothing to hold against {against!r}: {nearest(against, others)}")
    settings = Settings(
        accused=first,
        against=against or others[0],
        hypotheses=instrument.ids,
        sets=instrument.sets,
        draws=draws,
        seed=seed,
        reading=reading,
        prior_odds=prior_odds,
        sections=asked,
    )
    given = _Given(instrument, settings, held, found)
    answers = {
        field: answer(given) for field, (by, answer) in _ANSWERS.items() if set(by) & set(asked)
    }
    return Analysis(
        settings=settings,
        library=used,
        claims=tuple(dict.fromkeys(y for x in held for y in x.claims.values())),
        cases=held,
        runs=found,
        documents=verdicts(answers["models"]) if "documents" in asked else (),
        **answers,
    )


@dataclass(frozen=True)
class _Given:
    """What every answer is made of."""

    instrument: EvidenceModel
    settings: Settings
    cases: tuple[Case, ...]
    runs: tuple[Cluster, ...]

    @property
    def accused(self) -> str:
        return self.settings.accused

    @property
    def evidence(self) -> list[weigh.Evidence]:
        of_runs = [evidence_of_run(x) for x in self.runs]
        return of_runs or [weigh.evidence_of(x, self.settings.reading) for x in self.cases]


# Each field of `Analysis`: the sections that need it, and how it is made.
_ANSWERS: dict[str, tuple[tuple[str, ...], Callable[[_Given], Any]]] = {
    "models": (
        ("documents", "benchmark-runs"),
        lambda g: benchmark_runs(g.cases, g.settings.draws, g.settings.seed),
    ),
    "needed": (("needed",), lambda g: needed_effort.needed(g.instrument, g.cases)),
    "inferred": (
        ("needed",),
        lambda g: inferences(g.instrument, g.cases, g.settings.reading),
    ),
    "predicted": (
        ("predictions",),
        lambda g: needed_effort.predicted(g.instrument, g.cases, g.settings.reading),
    ),
    "odds": (
        ("odds", "priors-needed"),
        lambda g: tuple(
            weigh.odds(g.instrument, x, g.accused, g.settings.prior_odds) for x in g.evidence
        ),
    ),
    "reach": (
        ("priors-needed",),
        lambda g: tuple(y for x in g.evidence for y in weigh.reach(g.instrument, x, g.accused)),
    ),
    "pools": (
        ("priors-needed",),
        lambda g: tuple(
            y for x in g.evidence for y in weigh.pool_shares(g.instrument, x, g.accused)
        ),
    ),
    "growing": (
        ("odds", "design"),
        lambda g: design.expected(g.instrument, g.accused, design.cumulative()),
    ),
    "beside": (
        ("design",),
        lambda g: design.expected(g.instrument, g.accused, design.beside_the_count()),
    ),
    "confusions": (
        ("design",),
        lambda g: tuple(design.confusion(g.instrument, x) for x in calibration.SETS),
    ),
    "curves": (("pivot",), lambda g: adoption.adoption(g.settings.seed)),
    "switches": (("pivot",), lambda g: adoption.switches(g.instrument, g.accused)),
    "indices": (
        ("sensitivity",),
        lambda g: sensitivity.sobol(g.instrument, g.accused, g.settings.against),
    ),
    "bars": (("sensitivity",), lambda g: sensitivity.tornado(g.instrument)),
    "reliabilities": (
        ("calibration",),
        lambda g: tuple(calibration.reliability(g.instrument, x) for x in calibration.SETS),
    ),
    "coverages": (("calibration",), lambda g: calibration.coverage(g.instrument)),
}


def evidence_of_run(cluster: Cluster) -> weigh.Evidence:
    """Return the observables of a run, or of an actor of it, as limits of no width."""
    values = {
        "count": float(cluster.counts["C2"]),
        **{x: getattr(cluster, x) for x in OBSERVABLES if x != "count"},
    }
    limits = {k: Interval(float(v), float(v)) for k, v in values.items() if v is not None}
    return weigh.Evidence(cluster.name, limits, (WHOLE,))


def benchmark_runs(held: Sequence[Case], draws: int, seed: int) -> tuple[ModelPrediction, ...]:
    """Return what one full run by each measured model is, and how many runs reach each count."""
    bench = lookup(benchmarks(), "benchmark", BENCHMARK)
    streams = Streams(seed)
    strata = draw_strata(bench.items, draws, streams)
    counts = [x.claims["count"] for x in held]
    measured = [x for x in step_distributions().values() if x.agent == AGENT]
    models = [predict(x, bench.id, strata, counts, streams) for x in measured]
    models.sort(key=lambda m: (m.exchanges.median, m.model))
    return tuple(models)


def _sections(wanted: Sequence[str]) -> tuple[str, ...]:
    for name in wanted:
        if name not in SECTIONS:
            raise InvalidInputError(f"unknown section {name!r}: {nearest(name, SECTIONS)}")
    return tuple(x for x in SECTIONS if x in wanted)


def _cases(known: Mapping[str, Claim], wanted: Sequence[str]) -> tuple[Case, ...]:
    found = cases(known)
    if "all" in wanted:
        return tuple(x for x in found.values() if x.claims["count"].figure != "derived")
    for id_ in wanted:
        if id_ not in known:
            raise InvalidInputError(f"unknown claim {id_!r}: {nearest(id_, found)}")
        if id_ not in found:
            metric = known[id_].metric
            gives = f"{metric}, not a count" if known[id_].value is not None else "no figure"
            raise InvalidInputError(f"claim {id_!r} gives {gives}; counts: {', '.join(found)}")
    return tuple(found[x] for x in dict.fromkeys(wanted))


# Nobody is surer than that before the evidence; sums and quotients of such odds stay exact.
_MOST_ODDS = 1e9


def _check_prior(prior_odds: Mapping[str, float] | None, library: Library) -> None:
    for id_, weight in (prior_odds or {}).items():
        if id_ not in library.hypotheses:
            raise InvalidInputError(
                f"unknown explanation {id_!r}: {nearest(id_, library.hypotheses)}"
            )
        if not 0 < weight < inf:
            raise InvalidInputError(
                f"prior odds should be a finite number above 0, found {id_}={weight:g}"
            )
        if not 1 / _MOST_ODDS <= weight <= _MOST_ODDS:
            raise InvalidInputError(
                f"prior odds should be a number from 1e-09 to 1e+09, found {id_}={weight:g}"
            )
