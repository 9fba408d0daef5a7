"""Section `calibration`: whether probabilities and ranges hold, on clusters that were not fitted.

Clusters are simulated from every hypothesis in turn and weighed with all the others at equal
odds. Of those that got 30 %, 30 % should be true (reliability); a range of 90 % should hold the
truth nine times of ten (coverage); and the mean surprise -log2 p of the truth should lie below that
of knowing nothing (log score; Good, Rational Decisions, 1952).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, sqrt

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Floats
from sim.comparison.inference.evidence_model import EvidenceModel
from sim.comparison.inference.posterior import Behind, posterior, quantity_of, stated_fits
from sim.comparison.section import Comparison, Inputs, Section
from sim.comparison.sections.design import KNOWN_SETS
from sim.comparison.tables import Table, number_column, text_column
from sim.comparison.wording import known_sum

CLUSTERS = 500  # of each hypothesis, or as many as there are draws
EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)
_FEWEST_CASES = 100


@dataclass(frozen=True)
class Bin:
    """Probabilities between two edges, those of false hypotheses too.

    Attributes
    ----------
    stated
        Their mean.
    true
        How often the hypothesis that had got such a probability was the true one.
    cases
        How many probabilities are in the bin, each cluster giving one a hypothesis.
    """

    stated: float
    true: float
    cases: int


@dataclass(frozen=True)
class Reliability:
    """Probabilities of hypotheses with a set of observables, on clusters of all of them.

    Attributes
    ----------
    known
        The observables that were used.
    bins
        Bins that hold a probability, rising.
    log_score
        Mean -log2 p of the true hypothesis, in bits; smaller is better.
    ignorance
        The same of equal probabilities, log2 of the number of hypotheses.
    right
        How often the likeliest hypothesis is the true one.
    """

    known: tuple[str, ...]
    bins: tuple[Bin, ...]
    log_score: float
    ignorance: float
    right: float


@dataclass(frozen=True)
class Coverage:
    """How often ranges of 90 % held the truth, for one hypothesis and quantity.

    Attributes
    ----------
    hypothesis
        Id of the hypothesis that made the clusters.
    quantity
        `predicted count`, `lever` or `true C2`, see `coverage`.
    share
        Share of the clusters whose range held the truth; it should be near 0.9.
    clusters
        How many were looked at.
    """

    hypothesis: str
    quantity: str
    share: float
    clusters: int

    @property
    def error(self) -> float:
        """Standard error of `share`, that of a binomial share."""
        return sqrt(self.share * (1 - self.share) / self.clusters)


@dataclass(frozen=True)
class Calibration:
    """How reliable probabilities are, and how well ranges hold."""

    reliabilities: tuple[Reliability, ...]
    coverages: tuple[Coverage, ...]


def compute(inputs: Inputs) -> Calibration:
    """Weigh simulated clusters of all hypotheses."""
    reliabilities = tuple(reliability(inputs.model, known) for known in KNOWN_SETS)
    return Calibration(reliabilities, coverage(inputs.model))


# Computation


def reliability(model: EvidenceModel, known: tuple[str, ...]) -> Reliability:
    """Return how reliable probabilities are with a set of observables.

    Parameters
    ----------
    model
        Likelihoods under the priors as stated, and clusters that they were not fitted to.
    known
        The observables that are used.

    Returns
    -------
    Reliability
        Every hypothesis weighs the same, as it does before the clusters are seen.
    """
    fits = stated_fits(model)
    by_hypothesis = []
    for id_ in model.ids:
        published = model.published(id_, 4 * CLUSTERS)
        values = {name: x[: _clusters(model)] for name, x in published.items()}
        by_hypothesis.append(posterior(fits, values, known))

    # Every hypothesis weighs the same, however many clusters it has.
    p = np.concatenate(by_hypothesis)
    true = np.repeat(np.arange(len(fits)), [len(x) for x in by_hypothesis])
    weight = 1 / np.bincount(true)[true] / len(fits)

    p_of_truth = p[np.arange(len(p)), true]
    return Reliability(
        known=known,
        bins=_bins(p, true, weight),
        log_score=float(weight @ -np.log2(np.maximum(p_of_truth, 1e-12))),
        ignorance=float(np.log2(len(fits))),
        right=float(weight @ (p.argmax(axis=1) == true)),
    )


def _bins(p: Floats, true: NDArray[np.int64], weight: Floats) -> tuple[Bin, ...]:
    """Sort all probabilities into bins by `EDGES`; bins without any are left out.

    Parameters
    ----------
    p
        Probability of each hypothesis for each cluster, (n, hypotheses).
    true
        Number of the true hypothesis, (n,).
    weight
        Weight of each cluster, (n,).
    """
    is_true = (np.arange(p.shape[1]) == true[:, None]).ravel()
    flat, weights = p.ravel(), np.repeat(weight, p.shape[1])
    number = np.clip(np.searchsorted(EDGES, flat, side="right") - 1, 0, len(EDGES) - 2)

    bins = []
    for k in np.unique(number):
        rows = number == k
        stated, right = (float(np.average(x[rows], weights=weights[rows])) for x in (flat, is_true))
        bins.append(Bin(stated, right, int(rows.sum())))
    return tuple(bins)


def coverage(model: EvidenceModel) -> tuple[Coverage, ...]:
    """Return how often 90 % ranges hold: of the count, and of what is inferred from it.

    `predicted count`: the range of the draws, for the reported counts of others. `lever` and `true
    C2`: the range that follows from a reported count, by `Behind`.

    Parameters
    ----------
    model
        Ranges come from its draws, the clusters from others that it holds out.

    Returns
    -------
    tuple
        Three for each hypothesis, each if this hypothesis is true.
    """
    coverages = []
    for id_, hypothesis in model.library.hypotheses.items():
        draws, fresh = model.base(id_), model.held_out(id_, 4 * CLUSTERS)
        rows = np.flatnonzero(fresh.published)[: _clusters(model)]
        counts = model.published(id_, 4 * CLUSTERS)["count"][: len(rows)]

        low, high = np.quantile(model.published(id_)["count"], [0.05, 0.95])
        coverages.append(_covered(id_, "predicted count", counts, low, high))

        for quantity, name in (("lever", hypothesis.driver), ("true C2", "C2")):
            truth = quantity_of(fresh, name)[rows]
            behind = Behind.of(draws, name, draws.published)
            ends = np.array([behind.range(x) for x in counts])
            coverages.append(_covered(id_, quantity, truth, ends[:, 0], ends[:, 1]))
    return tuple(coverages)


def _covered(
    id_: str, quantity: str, truth: Floats, low: Floats | float, high: Floats | float
) -> Coverage:
    """Return how often ranges held the truth, up to rounding.

    `low` and `high` are one range for all clusters, or one for each, (n,).
    """
    inside = (truth >= np.asarray(low) * (1 - 1e-9)) & (truth <= np.asarray(high) * (1 + 1e-9))
    return Coverage(id_, quantity, float(inside.mean()), len(truth))


def _clusters(model: EvidenceModel) -> int:
    return min(CLUSTERS, model.draws)


# Tables


def scores_table(comparison: Comparison, result: Calibration) -> Table:
    """Return log scores, beside that of knowing nothing."""
    columns = (
        text_column("known", "known"),
        number_column("log_score", "log score", "bits", "number"),
        number_column("ignorance", "knowing nothing", "bits", "number"),
        number_column("right", "likeliest is right", "", "share"),
    )
    rows = tuple(
        (known_sum(x.known), x.log_score, x.ignorance, x.right) for x in result.reliabilities
    )
    return Table("scores", "calibration", say_scores(comparison, result), columns, rows)


def reliability_table(comparison: Comparison, result: Calibration) -> Table:
    """Return the bins of the reliability diagram."""
    columns = (
        text_column("known", "known"),
        number_column("stated", "probability said", "", "share"),
        number_column("true", "came true", "", "share"),
        number_column("cases", "cases", "", "id"),
    )
    rows = tuple(
        (known_sum(x.known), b.stated, b.true, b.cases)
        for x in result.reliabilities
        for b in x.bins
    )
    finding = say_reliability(comparison, result)
    return Table("reliability", "calibration", finding, columns, rows)


def coverage_table(comparison: Comparison, result: Calibration) -> Table:
    """Return how often ranges held the truth."""
    columns = (
        text_column("explanation", "explanation"),
        text_column("quantity", "range of"),
        number_column("share", "held the truth", "", "share"),
        number_column("error", "+-", "", "share"),
        number_column("clusters", "clusters", "", "id"),
    )
    rows = tuple((x.hypothesis, x.quantity, x.share, x.error, x.clusters) for x in result.coverages)
    return Table("coverage", "calibration", say_coverage(comparison, result), columns, rows)


# Findings


def say_scores(_: Comparison, result: Calibration) -> str:
    """Say what knowing more is worth, in bits of surprise at the truth."""
    parts = [f"{x.log_score:.2f} bits with {known_sum(x.known)}" for x in result.reliabilities]
    nothing = result.reliabilities[0].ignorance
    return f"Surprise at the truth: {', '.join(parts)}; {nothing:.2f} knowing nothing"


def say_reliability(_: Comparison, result: Calibration) -> str:
    """Say how far probabilities are off, in bins of enough cases."""
    errors = [
        (abs(b.stated - b.true), b.cases)
        for x in result.reliabilities
        for b in x.bins
        if b.cases >= _FEWEST_CASES
    ]
    if not errors:
        return ""
    worst = max(error for error, _ in errors)
    mean = sum(error * n for error, n in errors) / sum(n for _, n in errors)
    return (
        f"Probabilities are off by {100 * mean:.1f} points on average and by {100 * worst:.0f} at "
        "most, in bins of at least 100 cases"
    )


def say_coverage(_: Comparison, result: Calibration) -> str:
    """Say how well ranges hold."""
    shares = [x.share for x in result.coverages]
    mean = sum(shares) / len(shares)
    return (
        "Ranges of 90 % of a predicted count, and of the lever and the true count behind a "
        f"reported one, held the truth in about {10 * round(10 * mean)} % of simulated cases, "
        f"and for every explanation in over {10 * floor(10 * min(shares) - 1e-9)} %"
    )


SECTION = Section(
    id="calibration",
    question="whether probabilities and ranges hold where the truth is known",
    tables=(scores_table, reliability_table, coverage_table),
    compute=compute,
    findings=(say_coverage,),
    charts=("sim.reporting.charts.calibration_chart:calibration",),
)
