"""Whether the instrument's probabilities and ranges hold, on clusters that it did not see.

Clusters are simulated from every explanation in turn and weighed with all the others at equal
odds. Of those that got 30 %, 30 % should be true (reliability); a range of 90 % should hold the
truth nine times of ten (coverage); and the mean surprise -log2 p of the truth should lie below that
of knowing nothing (log score; Good, Rational Decisions, 1952).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Floats
from sim.comparison.inference.evidence_model import EvidenceModel
from sim.comparison.inference.posterior import inferred, quantity_of
from sim.comparison.sections.design import NAMES, posterior, stated_fits

CLUSTERS = 500  # of each explanation, or as many as there are draws
EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)


@dataclass(frozen=True)
class Bin:
    """Probabilities between two edges: their mean, how often they were right, and how many."""

    stated: float
    true: float
    cases: int


@dataclass(frozen=True)
class Reliability:
    """Probabilities of explanations with a set of observables, on clusters of all of them.

    `log_score`: mean -log2 p of the true one, in bits; `ignorance`: that of equal probabilities.
    `right`: how often the likeliest is the true one.
    """

    known: tuple[str, ...]
    bins: tuple[Bin, ...]
    log_score: float
    ignorance: float
    right: float


@dataclass(frozen=True)
class Coverage:
    """How often ranges of 90 % held the truth, for one explanation and quantity."""

    hypothesis: str
    quantity: str
    share: float
    clusters: int


def reliability(instrument: EvidenceModel, known: tuple[str, ...]) -> Reliability:
    """Return how reliable probabilities are with a set of observables."""
    fits = stated_fits(instrument)
    given, truth = [], []
    for place, id_ in enumerate(instrument.ids):
        published = instrument.published(id_, 4 * CLUSTERS)
        values = {name: x[: _clusters(instrument)] for name, x in published.items()}
        given.append(posterior(fits, values, known))
        truth.append(np.full(len(given[-1]), place))
    p, true = np.concatenate(given), np.concatenate(truth)
    weight = 1 / np.bincount(true)[true] / len(fits)
    of_truth = p[np.arange(len(p)), true]
    return Reliability(
        known=known,
        bins=_bins(p, true, weight),
        log_score=float(weight @ -np.log2(np.maximum(of_truth, 1e-12))),
        ignorance=float(np.log2(len(fits))),
        right=float(weight @ (p.argmax(axis=1) == true)),
    )


def _bins(p: Floats, true: NDArray[np.int64], weight: Floats) -> tuple[Bin, ...]:
    hit = (np.arange(p.shape[1]) == true[:, None]).ravel()
    flat, weights = p.ravel(), np.repeat(weight, p.shape[1])
    place = np.clip(np.searchsorted(EDGES, flat, side="right") - 1, 0, len(EDGES) - 2)
    made = []
    for k in range(len(EDGES) - 1):
        rows = place == k
        if rows.any():
            stated, right = (float(np.average(x[rows], weights=weights[rows])) for x in (flat, hit))
            made.append(Bin(stated, right, int(rows.sum())))
    return tuple(made)


def coverage(instrument: EvidenceModel) -> tuple[Coverage, ...]:
    """Return how often 90 % ranges hold: of the count, and of what is inferred from it.

    `predicted count`: the range of the draws, for the reported counts of others. `lever` and `true
    C2`: the range that follows from a reported count, by `inferred`.
    """
    made = []
    for id_, hypothesis in instrument.library.hypotheses.items():
        seen, fresh = instrument.base(id_), instrument.held_out(id_, 4 * CLUSTERS)
        kept = np.flatnonzero(fresh.published)[: _clusters(instrument)]
        counts = instrument.published(id_, 4 * CLUSTERS)["count"][: len(kept)]
        low, high = np.quantile(instrument.published(id_)["count"], [0.05, 0.95])
        made.append(_covered(id_, "predicted count", counts, low, high))
        for quantity, of in (("lever", hypothesis.driver), ("true C2", "C2")):
            truth = quantity_of(fresh, of)[kept]
            ends = np.array([inferred(seen, of, x, seen.published) for x in counts])
            made.append(_covered(id_, quantity, truth, ends[:, 0], ends[:, 1]))
    return tuple(made)


def _covered(
    id_: str, quantity: str, truth: Floats, low: Floats | float, high: Floats | float
) -> Coverage:
    inside = (truth >= np.asarray(low) * (1 - 1e-9)) & (truth <= np.asarray(high) * (1 + 1e-9))
    return Coverage(id_, quantity, float(inside.mean()), len(truth))


def _clusters(instrument: EvidenceModel) -> int:
    return min(CLUSTERS, instrument.draws)


SETS: Sequence[tuple[str, ...]] = (NAMES[:1], NAMES[:2], NAMES)
