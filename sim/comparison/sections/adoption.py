"""The move to a new model: how fast clients of each kind follow a release.

No adoption curve of a provider's clients is public. The curves here are those of the typologies of
the catalog, all priors: a share of the accounts asks for the alias `latest` and moves at once, and
of the others a share moves evenly over some time. What varies around the middle is which accounts
move and how much they send.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.arrays.time import HOUR_US
from sim.arrays.types import Floats
from sim.catalog import Claim, cited, claims, lookup, typologies
from sim.comparison.claims.intervals import Interval, interval
from sim.comparison.hypotheses.model import Hypothesis
from sim.comparison.inference.evidence_model import EvidenceModel
from sim.comparison.inference.quantiles import Span, span
from sim.streams import Streams

REPORTED = "A9"
HOURS = tuple(range(0, 49, 2))
SWITCH = "default-switch"
_GROUPS, _ACCOUNTS = 400, 50
_SHARES = (0.0, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Curve:
    """Share of the traffic of one kind of client on the new model, by hours since the release.

    `median`, `low`, `high`: over groups of 50 accounts, 5 to 95 %. `after_a_day`: the same, over 24
    to 48 hours, in which it does not change any more where the catalog says a day.
    """

    typology: str
    title: str
    is_extraction: bool
    hours: tuple[int, ...]
    median: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    after_a_day: Span
    status: str
    source: str


def adoption(seed: int) -> tuple[Curve, ...]:
    """Return the curves of all typologies that move at all, in the order of the catalog."""
    made = (_curve(x, seed) for x in typologies() if typologies()[x].defaults["uptake"]["share"])
    return tuple(made)


def _curve(id_: str, seed: int) -> Curve:
    typology = typologies()[id_]
    rng = Streams(seed).rng("compare", "adoption", id_)
    dials, size = typology.defaults, (_GROUPS, _ACCOUNTS)
    uptake = dials["uptake"]
    latest = rng.random(size) < uptake["latest_share"]
    share = np.full((_GROUPS, 1), uptake["share"])
    if (n := dials.get("uptake_concentration")) is not None:
        share = rng.beta(share * n, (1 - share) * n)
    volume = np.exp(dials["account_volume_sigma"] * rng.standard_normal(size))
    place = rng.random(size)
    ramp = [min(h * HOUR_US / uptake["over_us"], 1) if uptake["over_us"] else 1.0 for h in HOURS]
    moved = np.stack([_weighted(latest | (place < share * r), volume) for r in ramp])
    low, median, high = np.quantile(moved, [0.05, 0.5, 0.95], axis=1).tolist()
    cell = next(x for x in cited("typology", id_) if x.key == "uptake")
    return Curve(
        typology=id_,
        title=typology.title,
        is_extraction=typology.is_extraction,
        hours=HOURS,
        median=tuple(median),
        low=tuple(low),
        high=tuple(high),
        after_a_day=span(moved[HOURS.index(24)]),
        status=cell.status,
        source=cell.source,
    )


def _weighted(moved: NDArray[np.bool_], volume: Floats) -> Floats:
    return np.asarray((moved * volume).sum(axis=1) / volume.sum(axis=1))


def reported_move() -> tuple[Claim, Interval]:
    """Return the reported share that moved within 24 hours, and what it may stand for."""
    claim = lookup(claims(), "claim", REPORTED)
    return claim, interval(claim)


@dataclass(frozen=True)
class Switch:
    """What a product that switches its default does to the odds of the reported move alone.

    `ratios`: likelihood ratio of the accused explanation to another one, by the weight of
    `default-switch` in that one.
    """

    against: str
    ratios: Mapping[float, float]


def switches(instrument: EvidenceModel, accused: str) -> tuple[Switch, ...]:
    """Return how the odds depend on whether the default of a product switches, where it may."""
    _, limits = reported_move()
    ours = _mass(instrument.library.hypotheses[accused], limits)
    weights = instrument.library.hypotheses[accused].uptake.weights
    own = float(weights @ ours)
    made = []
    for other, h in instrument.library.hypotheses.items():
        names = h.uptake.names
        if other == accused or SWITCH not in names:
            continue
        mass, weight = _mass(h, limits), h.uptake.weights.copy()
        at = names.index(SWITCH)
        weight[at] = 0
        rest = float(weight @ mass / weight.sum()) if weight.sum() else 0.0
        most = instrument.draws
        made.append(Switch(other, {w: _over(own, w, float(mass[at]), rest, most) for w in _SHARES}))
    return tuple(made)


def _mass(hypothesis: Hypothesis, limits: Interval) -> Floats:
    """Probability that the move lies within limits, by uptake mode, from a thousand quantiles."""
    u = (np.arange(1_000) + 0.5) / 1_000
    moved = [hypothesis.uptakes[name].moved.quantile(u) for name in hypothesis.uptake.names]
    return np.array([((x >= limits.low) & (x < limits.high)).mean() for x in moved])


def _over(own: float, weight: float, switched: float, rest: float, most: float) -> float:
    """Likelihood ratio, none beyond `most` to 1."""
    other = max(weight * switched + (1 - weight) * rest, 1e-12)
    return min(max(own / other, 1 / most), most)
