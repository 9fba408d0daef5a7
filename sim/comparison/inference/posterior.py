"""What a reported count leaves of what lies behind it, if an explanation is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Bools, Floats
from sim.comparison.claims.cases import Case
from sim.comparison.claims.intervals import Reading
from sim.comparison.inference.evidence_model import ALL, EvidenceModel
from sim.comparison.inference.prior_predictive import Draws

LEVEL = 0.9
TRUE_COUNT = "C2"
_WIDTH = 0.12
_FEW, _NEAREST = 50, 200


@dataclass(frozen=True)
class Inferred:
    """Ranges of 90 % of the lever and of the answered requests (C2) of the whole cluster.

    They hold if the explanation is true: what was counted, found and added is drawn from its
    priors, and so is the lever.
    """

    case: str
    hypothesis: str
    lever: str
    lever_low: float
    lever_high: float
    c2_low: float
    c2_high: float


def inferences(
    instrument: EvidenceModel, cases: Sequence[Case], reading: Reading
) -> tuple[Inferred, ...]:
    """Return what every case leaves under every explanation."""
    made = []
    for case in cases:
        limits = case.interval("count", reading)
        count = limits.low if np.isinf(limits.high) else (limits.low + limits.high) / 2
        for id_, hypothesis in instrument.library.hypotheses.items():
            draws = instrument.base(id_)
            places = [ALL.index(x) for x in case.conventions]
            use = draws.published & np.isin(draws.convention, places)
            if use.sum() >= _FEW:
                lever = inferred(draws, hypothesis.lever, count, use)
                true = inferred(draws, TRUE_COUNT, count, use)
                made.append(Inferred(case.id, id_, hypothesis.lever, *lever, *true))
    return tuple(made)


def inferred(draws: Draws, of: str, count: float, use: Bools) -> tuple[float, float]:
    """Return the range of 90 % of a dial, or of the true C2, that a reported count leaves.

    Draws of `use` near the count weigh by a Gaussian kernel of .12 decades, and are moved along
    their regression on it (Beaumont, Zhang and Balding, Genetics 162, 2002).
    """
    x = np.log10(draws.reported["count"][use]) - np.log10(count)
    y = np.log10(np.maximum(quantity_of(draws, of)[use], 1e-9))
    near = np.abs(x) < 4 * _WIDTH
    if near.sum() < _FEW:
        near = np.argsort(np.abs(x))[:_NEAREST]
    x, y = x[near], y[near]
    weight = np.exp(-0.5 * (x / _WIDTH) ** 2) + 1e-12
    slope, _ = np.polyfit(x, y, 1, w=np.sqrt(weight))
    moved = y - slope * x
    ranks = np.argsort(moved)
    below = np.cumsum(weight[ranks]) / weight.sum()
    tail = (1 - LEVEL) / 2
    ends = moved[ranks][np.searchsorted(below, [tail, 1 - tail]).clip(0, len(ranks) - 1)]
    return float(10 ** ends[0]), float(10 ** ends[1])


def quantity_of(draws: Draws, of: str) -> Floats:
    """Return a dial, or the C2 of the whole cluster, (n,)."""
    return draws.counts[1].astype(np.float64) if of == TRUE_COUNT else draws.dials[of]
