"""How much a reported figure moves the odds between two explanations, over all prior sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.arrays.types import Floats
from sim.comparison.claims.cases import Case
from sim.comparison.claims.intervals import Interval, Reading
from sim.comparison.inference.evidence_model import WHOLE, EvidenceModel, capped, order
from sim.comparison.inference.likelihood import Fit, fit, without_implied
from sim.comparison.inference.quantiles import Ranged

DECISIVE = 10.0
_CENTRES = np.logspace(-3, 3, 49)
_SHARES = (0.001, 0.01, 0.03, 0.1, 0.3, 0.5, 0.9)


@dataclass(frozen=True)
class Evidence:
    """What is known of one cluster: limits by observable, and what may have been counted."""

    id: str
    limits: Mapping[str, Interval]
    conventions: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """Likelihood ratios, accused explanation to each other one, with one observable more.

    `ratios` are log10. `adds`: false where the observables before it imply the added one.
    """

    added: str
    known: tuple[str, ...]
    adds: bool
    ratios: Mapping[str, Ranged]


@dataclass(frozen=True)
class Odds:
    """The odds of one cluster: the count alone, then one known observable after another.

    `outside`: explanations that hardly ever make such a count, of whose counts 1 to 99 % lie
    elsewhere: a ratio to them says more of the tails of a prior than of the cluster.
    `prior_needed`: by explanation, log10 of the prior odds of the accused one that give 10 to 1
    with all that is known. `posterior`: by explanation, if prior odds were given.
    """

    evidence: Evidence
    accused: str
    steps: tuple[Step, ...]
    outside: tuple[str, ...]
    prior_needed: Mapping[str, Ranged]
    posterior: Mapping[str, Ranged] | None


def evidence_of(case: Case, reading: Reading) -> Evidence:
    """Return what a report says of an actor, as limits."""
    limits = {name: case.interval(name, reading) for name in order(list(case.claims))}
    return Evidence(case.id, limits, case.conventions)


def odds(
    instrument: EvidenceModel, evidence: Evidence, accused: str, prior: Mapping[str, float] | None
) -> Odds:
    """Weigh one cluster; `prior`: relative prior odds by explanation, of those not named 1."""
    steps = []
    known: tuple[str, ...] = ()
    for name in order(list(evidence.limits)):
        before, known = known, (*known, name)
        logs = log_likelihoods(instrument, evidence, known)
        steps.append(
            Step(
                added=name,
                known=known,
                adds=without_implied(known) != without_implied(before),
                ratios={
                    x: _ratio(logs[accused], logs[x], instrument.draws)
                    for x in instrument.ids
                    if x != accused
                },
            )
        )
    last = steps[-1].ratios
    goal = float(np.log10(DECISIVE))
    return Odds(
        evidence=evidence,
        accused=accused,
        steps=tuple(steps),
        outside=tuple(x for x in instrument.ids if not _covers(instrument, x, evidence)),
        prior_needed={
            x: Ranged(goal - r.stated, goal - r.high, goal - r.low) for x, r in last.items()
        },
        posterior=None if prior is None else _posterior(logs, prior, instrument.draws),
    )


def _covers(instrument: EvidenceModel, hypothesis: str, evidence: Evidence) -> bool:
    """Whether 1 to 99 % of the counts that an explanation makes overlap with the count."""
    if evidence.conventions == (WHOLE,):
        counts = instrument.base(hypothesis).observed()["count"]
    else:
        counts = instrument.published(hypothesis)["count"]
    low, high = np.quantile(counts, [0.01, 0.99])
    limits = evidence.limits["count"]
    return bool(limits.high >= low and limits.low <= high)


def log_likelihoods(
    instrument: EvidenceModel, evidence: Evidence, known: Sequence[str]
) -> dict[str, Floats]:
    """Return ln of the likelihood by explanation, one for each prior set, (sets,)."""
    limits = {name: evidence.limits[name] for name in without_implied(known)}
    return {
        id_: np.array(
            [x.log_likelihood(limits) for x in instrument.fits(id_, evidence.conventions)]
        )
        for id_ in instrument.ids
    }


def _ratio(ours: Floats, theirs: Floats, draws: int) -> Ranged:
    """Log10 of the ratio of two likelihoods, over every set of the one with every of the other."""
    log10 = capped(np.subtract.outer(ours, theirs) / np.log(10), draws)
    return Ranged(float(log10[0, 0]), float(log10.min()), float(log10.max()))


def _posterior(
    logs: Mapping[str, Floats], prior: Mapping[str, float], draws: int
) -> dict[str, Ranged]:
    """Posterior probabilities; the ends are attained, for prior sets are chosen one by one.

    Likelihoods of two explanations never differ by more than so many draws can tell.
    """

    def part(id_: str, own: float, others: Mapping[str, float]) -> float:
        most = np.log(draws)
        against = sum(
            prior.get(k, 1.0) * np.exp(np.clip(x - own, -most, most)) for k, x in others.items()
        )
        weight = prior.get(id_, 1.0)
        return float(weight / (weight + against))

    made = {}
    for id_, own in logs.items():
        others = {k: x for k, x in logs.items() if k != id_}
        made[id_] = Ranged(
            part(id_, own[0], {k: x[0] for k, x in others.items()}),
            part(id_, own.min(), {k: x.max() for k, x in others.items()}),
            part(id_, own.max(), {k: x.min() for k, x in others.items()}),
        )
    return made


@dataclass(frozen=True)
class Reach:
    """Which typical volumes would make the count alone decisive, at 10 to 1.

    `best`: largest likelihood ratio of the accused explanation to the other one over all centres of
    its volume, from a thousandth to a thousand times the stated one, and `centre` where that is; at
    most as many as there are draws.
    `other_below`, `other_above`: how far down or up the volume of the other explanation must be
    believed to lie for 10 to 1 in favour of the accused one; None where no such centre does it.
    """

    case: str
    against: str
    best: float
    centre: float
    other_below: float | None
    other_above: float | None


def reach(instrument: EvidenceModel, evidence: Evidence, accused: str) -> tuple[Reach, ...]:
    """Move the volume of either explanation and look at the count alone."""
    limits = {"count": evidence.limits["count"]}
    moved = {x: _moved(instrument, x, limits, evidence.conventions) for x in instrument.ids}
    stated = len(_CENTRES) // 2
    made = []
    for other in (x for x in instrument.ids if x != accused):
        ours = _capped(moved[accused] - moved[other][stated], instrument.draws)
        theirs = _capped(moved[accused][stated] - moved[other], instrument.draws)
        enough = _CENTRES[theirs >= DECISIVE]
        below, above = enough[enough < 1], enough[enough > 1]
        made.append(
            Reach(
                case=evidence.id,
                against=other,
                best=float(ours.max()),
                centre=float(_CENTRES[ours.argmax()]),
                other_below=float(below.max()) if len(below) else None,
                other_above=float(above.min()) if len(above) else None,
            )
        )
    return tuple(made)


def _moved(
    instrument: EvidenceModel,
    hypothesis: str,
    limits: Mapping[str, Interval],
    conventions: Sequence[str],
) -> Floats:
    """Ln of the likelihood of a count with all counts times each of the centres, (centres,)."""
    logs = []
    for centre in _CENTRES:
        moved = [
            x.times(float(centre)).sample(tuple(conventions)) for x in instrument.stated(hypothesis)
        ]
        counts = [replace(x, values={"count": x.values["count"]}) for x in moved]
        logs.append(fit(counts, instrument.draws).log_likelihood(limits))
    return np.array(logs)


def _capped(logs: Floats, draws: int) -> Floats:
    """Likelihood ratios from their ln, none beyond what so many draws can tell apart."""
    return np.asarray(10 ** capped(logs / np.log(10), draws))


@dataclass(frozen=True)
class PoolShare:
    """What the share of pooled accounts in another explanation does to the odds.

    `ratios`: likelihood ratio by that share. `decisive`: the shares from and to which all that is
    known favours the accused explanation by 10 to 1; None if no share does.
    """

    case: str
    against: str
    ratios: Mapping[float, float]
    decisive: tuple[float, float] | None


def pool_shares(
    instrument: EvidenceModel, evidence: Evidence, accused: str, pool: str = "pool"
) -> tuple[PoolShare, ...]:
    """Vary how likely the accounts of each other explanation are pooled, where they may be."""
    limits = {x: evidence.limits[x] for x in without_implied(order(list(evidence.limits)))}
    ours = instrument.stated_fit(accused, evidence.conventions).log_likelihood(limits)
    made = []
    for other, hypothesis in instrument.library.hypotheses.items():
        names = hypothesis.access.names
        if other == accused or pool not in names or len(names) < 2:
            continue
        fitted = instrument.stated_fit(other, evidence.conventions)
        inside, outside = (np.exp(x - ours) for x in _by_mode(fitted, names.index(pool), limits))
        inverse = {w: w * inside + (1 - w) * outside for w in _SHARES}
        ratios = {w: float(_capped(-np.log(x), instrument.draws)) for w, x in inverse.items()}
        made.append(PoolShare(evidence.id, other, ratios, _decisive(inside, outside)))
    return tuple(made)


def _decisive(inside: float, outside: float) -> tuple[float, float] | None:
    """Return the shares w with w inside + (1 - w) outside <= 1/10, both relative to the accused."""
    goal = 1 / DECISIVE
    if max(inside, outside) <= goal:
        return 0.0, 1.0
    if min(inside, outside) > goal:
        return None
    turn = float((goal - outside) / (inside - outside))
    return (0.0, turn) if inside > outside else (turn, 1.0)


def _by_mode(fitted: Fit, mode: int, limits: Mapping[str, Interval]) -> tuple[float, float]:
    """Ln of the likelihoods of one access mode and of all others together."""
    parts = []
    for inside in (True, False):
        classes = tuple(x for x in fitted.classes if (x.kind // 2 == mode) == inside)
        weight = sum(x.weight for x in classes)
        own = tuple(replace(x, weight=x.weight / weight) for x in classes)
        parts.append(Fit(own, fitted.draws).log_likelihood(limits))
    return parts[0], parts[1]
