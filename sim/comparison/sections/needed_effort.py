"""What it would take: the runs, users or prompts that give a reported count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.comparison.claims.cases import Case
from sim.comparison.claims.intervals import Interval, Reading
from sim.comparison.hypotheses.model import Hypothesis
from sim.comparison.inference.evidence_model import EvidenceModel
from sim.comparison.inference.quantiles import Span, span
from sim.counting import CONVENTIONS


@dataclass(frozen=True)
class Needed:
    """How much of its lever an explanation needs to reach one claim under one convention.

    `needed`: the lever, all other dials drawn from their priors; 0 where the rest suffices. What a
    unit of it counts is taken where there are many, so that less than one whole run is a part of
    one.
    `stated`: the prior of the lever. `reached`: share of the prior draws whose count reaches the
    lower end of the claim. Counted of a whole cluster: the accuser's errors play no part.
    """

    case: str
    target: float
    hypothesis: str
    lever: str
    convention: str
    needed: Span
    stated: Span
    reached: float


def needed(instrument: EvidenceModel, cases: Sequence[Case]) -> tuple[Needed, ...]:
    """Return the need of every explanation for every case under its possible conventions."""
    return tuple(
        _needed(case, hypothesis, instrument, convention)
        for case in cases
        for hypothesis in instrument.library.hypotheses.values()
        for convention in case.conventions
    )


def _needed(
    case: Case, hypothesis: Hypothesis, instrument: EvidenceModel, convention: str
) -> Needed:
    target, place = case.interval("count").low, list(CONVENTIONS).index(convention)
    large, draws = instrument.at_large(hypothesis.id), instrument.base(hypothesis.id)
    own = large.by_work[hypothesis.driver.split(".")[0]][place]
    rest = large.counts[place] - own
    each = own / large.parameters[hypothesis.driver]
    wanted = np.maximum(target - rest, 0) / np.maximum(each, 1e-9)
    return Needed(
        case=case.id,
        target=target,
        hypothesis=hypothesis.id,
        lever=hypothesis.driver,
        convention=convention,
        needed=span(wanted),
        stated=span(draws.parameters[hypothesis.driver]),
        reached=float((draws.counts[place] >= target).mean()),
    )


@dataclass(frozen=True)
class Predicted:
    """Count of an explanation: under a convention, or `reported` (found, linked and published).

    `inside`: by case, share of draws within the limits of its count; `above`: at least its lower
    limit.
    """

    hypothesis: str
    convention: str
    count: Span
    inside: Mapping[str, float]
    above: Mapping[str, float]


REPORTED = "reported"


def predicted(
    instrument: EvidenceModel, cases: Sequence[Case], reading: Reading = "rounded"
) -> tuple[Predicted, ...]:
    """Return the predictive distribution of the count of every explanation, by convention."""
    limits = {case.id: case.interval("count", reading) for case in cases}
    made = []
    for id_ in instrument.ids:
        draws = instrument.base(id_)
        for place, convention in enumerate(CONVENTIONS):
            made.append(_predicted(id_, convention, draws.counts[place], limits))
        published = instrument.published(id_)["count"]
        made.append(_predicted(id_, REPORTED, published, limits))
    return tuple(made)


def _predicted(
    id_: str, convention: str, count: Floats | Ints, limits: Mapping[str, Interval]
) -> Predicted:
    return Predicted(
        hypothesis=id_,
        convention=convention,
        count=span(count),
        inside={k: float(((count >= x.low) & (count < x.high)).mean()) for k, x in limits.items()},
        above={k: float((count >= x.low).mean()) for k, x in limits.items()},
    )
