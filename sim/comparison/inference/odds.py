"""How much a reported figure moves the odds between two hypotheses, over all prior sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.arrays.types import Floats
from sim.comparison.claims.cases import Case
from sim.comparison.claims.intervals import Interval, Reading
from sim.comparison.inference.evidence_model import WHOLE, EvidenceModel, capped, in_order
from sim.comparison.inference.likelihood import Fit, fit, without_implied
from sim.comparison.inference.prior_predictive import access_mode_of
from sim.comparison.inference.quantiles import Ranged

# Odds of 10 to 1.
DECISIVE = 10.0
# Factors on the volume of a hypothesis, from a thousandth to a thousand.
_CENTRES = np.logspace(-3, 3, 49)
_STATED = len(_CENTRES) // 2
_SHARES = (0.001, 0.01, 0.03, 0.1, 0.3, 0.5, 0.9)


@dataclass(frozen=True)
class Evidence:
    """What is known of one cluster.

    Attributes
    ----------
    id:
        Of the case, or the name of the run.
    limits:
        Intervals by observable, in their units; `count` always among them.
    conventions:
        Those that may have been counted, or `(WHOLE,)` for a run that is seen whole.
    """

    id: str
    limits: Mapping[str, Interval]
    conventions: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """Likelihood ratios of the accused hypothesis to each other one, with one observable more.

    Attributes
    ----------
    added:
        The observable that this step adds.
    known:
        All observables up to this step, `added` the last.
    adds:
        False where the observables before it imply the added one; the ratios are then as before.
    ratios:
        Log10 likelihood ratios by the id of the other hypothesis, above 0 in favour of the accused
        one.
    """

    added: str
    known: tuple[str, ...]
    adds: bool
    ratios: Mapping[str, Ranged]


@dataclass(frozen=True)
class Odds:
    """The odds of one cluster: the count alone, then one known observable after another.

    Attributes
    ----------
    evidence:
        What was weighed.
    accused:
        Id of the hypothesis that stands above the fraction line.
    steps:
        One for each known observable, in the order in which they are added; the count is the first.
    outside:
        Hypotheses that hardly ever make such a count, of whose counts 1 to 99 % lie elsewhere: a
        ratio to them says more of the tails of a prior than of the cluster.
    prior_needed:
        By hypothesis, log10 of the prior odds of the accused one that give 10 to 1 with all that is
        known.
    posterior:
        Posterior probabilities by hypothesis, if prior odds were given; else None.
    """

    evidence: Evidence
    accused: str
    steps: tuple[Step, ...]
    outside: tuple[str, ...]
    prior_needed: Mapping[str, Ranged]
    posterior: Mapping[str, Ranged] | None


def evidence_of(case: Case, reading: Reading) -> Evidence:
    """Return what a report says of an actor, as limits in the order in which they are added."""
    limits = {name: case.interval(name, reading) for name in in_order(list(case.claims))}
    return Evidence(case.id, limits, case.conventions)


def odds(
    model: EvidenceModel, evidence: Evidence, accused: str, prior: Mapping[str, float] | None
) -> Odds:
    """Weigh one cluster by Bayes factors, and by Bayes' rule where prior odds are given.

    Parameters
    ----------
    model:
        Draws and likelihoods of the hypotheses.
    evidence:
        What is known of the cluster; a count at least.
    accused:
        Id of the hypothesis that the others are held against.
    prior:
        Relative prior odds by hypothesis, 1 for those not named; None gives no posterior.

    Returns
    -------
    Odds
        Steps with the ratios to each other hypothesis. No ratio is larger than the number of draws.

    Raises
    ------
    InvalidInputError
        Where too few draws of a hypothesis are published, or counted as the evidence may be.
    """
    steps = []
    known: tuple[str, ...] = ()
    for name in in_order(list(evidence.limits)):
        before, known = known, (*known, name)
        logs = log_likelihoods(model, evidence, known)
        ratios = {
            other: _ratio(logs[accused], logs[other], model.draws)
            for other in model.ids
            if other != accused
        }
        adds = without_implied(known) != without_implied(before)
        steps.append(Step(added=name, known=known, adds=adds, ratios=ratios))

    goal = float(np.log10(DECISIVE))
    prior_needed = {
        other: Ranged(goal - ratio.stated, goal - ratio.high, goal - ratio.low)
        for other, ratio in steps[-1].ratios.items()
    }
    return Odds(
        evidence=evidence,
        accused=accused,
        steps=tuple(steps),
        outside=tuple(key for key in model.ids if not _covers(model, key, evidence)),
        prior_needed=prior_needed,
        posterior=None if prior is None else _posterior(logs, prior, model.draws),
    )


def _covers(model: EvidenceModel, hypothesis: str, evidence: Evidence) -> bool:
    """Tell whether 1 to 99 % of the counts that a hypothesis makes overlap with the count."""
    if evidence.conventions == (WHOLE,):
        counts = model.base(hypothesis).observed()["count"]
    else:
        counts = model.published(hypothesis)["count"]
    low, high = np.quantile(counts, [0.01, 0.99])
    limits = evidence.limits["count"]
    return bool(limits.high >= low and limits.low <= high)


def log_likelihoods(
    model: EvidenceModel, evidence: Evidence, known: Sequence[str]
) -> dict[str, Floats]:
    """Return ln of the likelihood by hypothesis, one for each prior set, (sets,).

    Only the `known` observables count, and of those only what the others do not imply. The priors
    as stated come first.
    """
    limits = {name: evidence.limits[name] for name in without_implied(known)}
    return {
        key: np.array(
            [each.log_likelihood(limits) for each in model.fits(key, evidence.conventions)]
        )
        for key in model.ids
    }


def _ratio(accused: Floats, other: Floats, draws: int) -> Ranged:
    """Return log10 of the ratio of two likelihoods, over every pair of their prior sets.

    Parameters
    ----------
    accused, other:
        Ln of the likelihoods, one for each prior set, (sets,), the priors as stated first.
    draws:
        No ratio is larger than this, either way.
    """
    log10 = capped(np.subtract.outer(accused, other) / np.log(10), draws)
    return Ranged(float(log10[0, 0]), float(log10.min()), float(log10.max()))


def _posterior(
    logs: Mapping[str, Floats], prior: Mapping[str, float], draws: int
) -> dict[str, Ranged]:
    """Return posterior probabilities by Bayes' rule, from ln of the likelihoods, (sets,) each.

    The ends are attained, for prior sets are chosen one by one: the lowest has the least likely set
    of a hypothesis and the most likely set of every other. Likelihoods of two hypotheses never
    differ by more than so many draws can tell.
    """
    most = np.log(draws)

    def probability(key: str, log: float, others: Mapping[str, float]) -> float:
        """Return the probability of one hypothesis, from its ln likelihood and those of others."""
        against = sum(
            prior.get(other, 1.0) * np.exp(np.clip(log_of_other - log, -most, most))
            for other, log_of_other in others.items()
        )
        weight = prior.get(key, 1.0)
        return float(weight / (weight + against))

    posterior = {}
    for key, log in logs.items():
        others = {other: log_of_other for other, log_of_other in logs.items() if other != key}
        posterior[key] = Ranged(
            probability(key, log[0], {other: x[0] for other, x in others.items()}),
            probability(key, log.min(), {other: x.max() for other, x in others.items()}),
            probability(key, log.max(), {other: x.min() for other, x in others.items()}),
        )
    return posterior


@dataclass(frozen=True)
class Reach:
    """Which typical volumes would make the count alone decisive, at 10 to 1.

    Attributes
    ----------
    case:
        Id of the evidence.
    against:
        Id of the other hypothesis.
    best, centre:
        Largest likelihood ratio of the accused hypothesis to the other one over all centres of its
        volume, from a thousandth to a thousand times the stated one, and the centre where that is;
        the ratio is at most as large as there are draws.
    other_below, other_above:
        How far down or up the volume of the other hypothesis must be believed to lie for 10 to 1
        in favour of the accused one; None where no such centre does it.
    """

    case: str
    against: str
    best: float
    centre: float
    other_below: float | None
    other_above: float | None


def reach(model: EvidenceModel, evidence: Evidence, accused: str) -> tuple[Reach, ...]:
    """Move the volume of either hypothesis and look at the count alone, a sensitivity analysis.

    Volumes move by 49 factors, evenly in the logarithm; the priors are else as stated. One of the
    two hypotheses is moved at a time.

    Parameters
    ----------
    model:
        Draws of the hypotheses.
    evidence:
        Only its count and conventions are used.
    accused:
        Id of the hypothesis that stands above the fraction line.

    Returns
    -------
    tuple
        One for each other hypothesis, in the order of their file.
    """
    moved = {key: _with_moved_counts(model, key, evidence) for key in model.ids}
    reaches = []
    for other in (key for key in model.ids if key != accused):
        # one of the two is moved, the other is as stated
        accused_moved = _capped_ratios(moved[accused] - moved[other][_STATED], model.draws)
        other_moved = _capped_ratios(moved[accused][_STATED] - moved[other], model.draws)
        enough = _CENTRES[other_moved >= DECISIVE]
        below, above = enough[enough < 1], enough[enough > 1]
        reaches.append(
            Reach(
                case=evidence.id,
                against=other,
                best=float(accused_moved.max()),
                centre=float(_CENTRES[accused_moved.argmax()]),
                other_below=float(below.max()) if len(below) else None,
                other_above=float(above.min()) if len(above) else None,
            )
        )
    return tuple(reaches)


def _with_moved_counts(model: EvidenceModel, hypothesis: str, evidence: Evidence) -> Floats:
    """Return ln of the likelihood of a count with all counts times each centre, (centres,).

    The draws are not repeated: their counts are multiplied, and what is published is decided anew.
    So the driver is not moved, as prior sets do, but all work of the hypothesis together.
    """
    limits = {"count": evidence.limits["count"]}
    logs = []
    for centre in _CENTRES:
        moved = [
            mode.with_counts_times(float(centre)).sample(evidence.conventions)
            for mode in model.stated_mode_draws(hypothesis)
        ]
        counts = [replace(sample, values={"count": sample.values["count"]}) for sample in moved]
        logs.append(fit(counts, model.draws).log_likelihood(limits))
    return np.array(logs)


def _capped_ratios(logs: Floats, draws: int) -> Floats:
    """Return likelihood ratios from their ln, none beyond what so many draws can tell apart."""
    return np.asarray(10 ** capped(logs / np.log(10), draws))


@dataclass(frozen=True)
class PoolShare:
    """What the share of pooled accounts in another hypothesis does to the odds.

    Attributes
    ----------
    case:
        Id of the evidence.
    against:
        Id of the other hypothesis.
    ratios:
        Likelihood ratio of the accused hypothesis to the other one, by that share (0.001 to 0.9).
    decisive:
        The shares from and to which all that is known favours the accused hypothesis by 10 to 1, an
        interval that begins at 0 or ends at 1; None if no share does.
    """

    case: str
    against: str
    ratios: Mapping[float, float]
    decisive: tuple[float, float] | None


def pool_shares(
    model: EvidenceModel, evidence: Evidence, accused: str, pool: str = "pool"
) -> tuple[PoolShare, ...]:
    """Vary how likely the accounts of each other hypothesis are pooled, where they may be.

    The likelihood of the other hypothesis is a mixture over its access modes; the weight of one
    mode is varied, and all else keeps its proportions. The priors are as stated.

    Parameters
    ----------
    model:
        Likelihoods of the hypotheses.
    evidence:
        All that is known of it is used.
    accused:
        Id of the hypothesis whose own access modes stay as they are.
    pool:
        Id of the access mode that stands for pooled accounts.

    Returns
    -------
    tuple
        One for each other hypothesis that has this mode and a further one.
    """
    limits = {
        name: evidence.limits[name] for name in without_implied(in_order(list(evidence.limits)))
    }
    of_accused = model.stated_fit(accused, evidence.conventions).log_likelihood(limits)
    shares = []
    for other, hypothesis in model.library.hypotheses.items():
        modes = hypothesis.access.names
        if other == accused or pool not in modes or len(modes) < 2:
            continue

        fitted = model.stated_fit(other, evidence.conventions)
        logs = _by_mode(fitted, modes.index(pool), limits)
        pooled, otherwise = (np.exp(log - of_accused) for log in logs)
        ratios = {}
        for share in _SHARES:
            inverse = share * pooled + (1 - share) * otherwise
            ratios[share] = float(_capped_ratios(-np.log(inverse), model.draws))
        shares.append(PoolShare(evidence.id, other, ratios, _decisive(pooled, otherwise)))
    return tuple(shares)


def _decisive(pooled: float, otherwise: float) -> tuple[float, float] | None:
    """Return the shares w at which the accused hypothesis is 10 times as likely as the other.

    They solve w pooled + (1 - w) otherwise <= 1/10, both likelihoods relative to the accused one.
    """
    goal = 1 / DECISIVE
    if max(pooled, otherwise) <= goal:
        return 0.0, 1.0
    if min(pooled, otherwise) > goal:
        return None
    turn = float((goal - otherwise) / (pooled - otherwise))
    return (0.0, turn) if pooled > otherwise else (turn, 1.0)


def _by_mode(fitted: Fit, mode: int, limits: Mapping[str, Interval]) -> tuple[float, float]:
    """Return ln of the likelihoods of one access mode and of all others together.

    The weights of the classes of each part are made to add up to 1. Of a part without a class only
    the even part of the likelihood is left.
    """
    logs = []
    for is_mode in (True, False):
        classes = [
            each
            for each in fitted.classes
            if (access_mode_of(each.latent_class) == mode) == is_mode
        ]
        weight = sum(each.weight for each in classes)
        alone = tuple(replace(each, weight=each.weight / weight) for each in classes)
        logs.append(Fit(alone, fitted.draws).log_likelihood(limits))
    return logs[0], logs[1]
