"""Which observable would tell explanations apart, before it is seen.

Clusters are drawn from an explanation with draws that no likelihood was fitted to, and weighed as
reports are. What a typical one says is what the observable can be expected to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Floats
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.inference.evidence_model import EvidenceModel, capped, log_densities
from sim.comparison.inference.likelihood import Fit, without_implied
from sim.comparison.inference.quantiles import Ranged, Span, span

CLUSTERS = 400
NAMES = tuple(OBSERVABLES)


@dataclass(frozen=True)
class Expected:
    """What one set of observables does to the odds of the accused explanation to another one.

    Log10 likelihood ratios of clusters that the accused one made (`if_accused`) and that the other
    made (`if_other`), under the priors as stated; `median_if_accused`, `median_if_other`: their
    medians over all pairs of prior sets. `wrong`: how often the likelier of the two is the wrong
    one, each being the true one half of the time.
    """

    against: str
    known: tuple[str, ...]
    if_accused: Span
    if_other: Span
    median_if_accused: Ranged
    median_if_other: Ranged
    wrong: float


@dataclass(frozen=True)
class Confusion:
    """How often a cluster of one explanation (row) is taken for another (column), by probability.

    `mean`: (explanations, explanations), each row adds up to 1: mean probability, all explanations
    being equally likely before.
    """

    known: tuple[str, ...]
    ids: tuple[str, ...]
    mean: Floats


def cumulative() -> tuple[tuple[str, ...], ...]:
    """Return the sets of observables that grow one by one in the order of the list."""
    return tuple(NAMES[: k + 1] for k in range(len(NAMES)))


def beside_the_count() -> tuple[tuple[str, ...], ...]:
    """Return the sets of the count and one observable."""
    return tuple(("count", name) for name in NAMES[1:])


def clusters(instrument: EvidenceModel, hypothesis: str) -> dict[str, Floats]:
    """Return observables of published clusters that no likelihood was fitted to, (n,) each.

    n is 400, or as many as there are draws.
    """
    n = min(CLUSTERS, instrument.draws)
    published = instrument.published(hypothesis, held_out=4 * CLUSTERS)
    return {name: values[:n] for name, values in published.items()}


def expected(
    instrument: EvidenceModel, accused: str, sets: Sequence[tuple[str, ...]]
) -> tuple[Expected, ...]:
    """Return what sets of observables would say, for the accused explanation and every other."""
    ours = clusters(instrument, accused)
    made = []
    for known in sets:
        names = without_implied(known)
        own = log_densities(instrument.fits(accused), ours, names)
        for other in (x for x in instrument.ids if x != accused):
            theirs = clusters(instrument, other)
            fits = instrument.fits(other)
            made.append(
                _expected(
                    other,
                    known,
                    _ratios(own, log_densities(fits, ours, names), instrument.draws),
                    _ratios(
                        log_densities(instrument.fits(accused), theirs, names),
                        log_densities(fits, theirs, names),
                        instrument.draws,
                    ),
                )
            )
    return tuple(made)


def _ratios(ours: Floats, theirs: Floats, draws: int) -> Floats:
    """Log10 likelihood ratios of n clusters, every prior set with every other: (n, sets, sets)."""
    return capped((ours[:, :, None] - theirs[:, None, :]) / np.log(10), draws)


def _expected(other: str, known: tuple[str, ...], if_accused: Floats, if_other: Floats) -> Expected:
    stated = if_accused[:, 0, 0], if_other[:, 0, 0]
    wrong = 0.5 * float((stated[0] < 0).mean()) + 0.5 * float((stated[1] > 0).mean())
    return Expected(
        against=other,
        known=known,
        if_accused=span(stated[0]),
        if_other=span(stated[1]),
        median_if_accused=_ranged(np.median(if_accused, axis=0)),
        median_if_other=_ranged(np.median(if_other, axis=0)),
        wrong=wrong,
    )


def _ranged(over_sets: Floats) -> Ranged:
    return Ranged(float(over_sets[0, 0]), float(over_sets.min()), float(over_sets.max()))


def confusion(instrument: EvidenceModel, known: tuple[str, ...]) -> Confusion:
    """Return how explanations are taken for each other with a set of observables."""
    rows = []
    for id_ in instrument.ids:
        probabilities = posterior(stated_fits(instrument), clusters(instrument, id_), known)
        rows.append(probabilities.mean(axis=0))
    return Confusion(known, instrument.ids, np.stack(rows))


def stated_fits(instrument: EvidenceModel) -> list[Fit]:
    """Return the likelihood of every explanation under the priors as stated."""
    return [instrument.stated_fit(x) for x in instrument.ids]


def posterior(fits: Sequence[Fit], values: Mapping[str, Floats], known: Sequence[str]) -> Floats:
    """Return probabilities of explanations that were equally likely before, (n, explanations)."""
    logs = log_densities(fits, values, without_implied(known))
    return np.asarray(np.exp(logs - np.logaddexp.reduce(logs, axis=1, keepdims=True)))
