"""How much a reported figure moves the odds between two hypotheses, over all prior sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sim.arrays.types import Floats
from sim.comparison.claims.cases import Case
from sim.comparison.claims.intervals import Interval, Reading
from sim.comparison.inference.evidence_model import EvidenceModel, capped, error_of, in_order
from sim.comparison.inference.goodness import Goodness, goodness
from sim.comparison.inference.in_threads import in_threads
from sim.comparison.inference.likelihood import without_implied
from sim.comparison.inference.mode_draws import WHOLE
from sim.comparison.inference.quantiles import Ranged

# Odds of 10 to 1.
DECISIVE = 10.0


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
    known:
        All observables up to this step; the last is the one that it adds.
    adds:
        False where the observables before it imply the added one; the ratios are then as before.
    ratios:
        Log10 likelihood ratios by the id of the other hypothesis, above 0 in favour of the accused
        one.
    groups:
        The same of the group of the accused one to each other group, see `group_ratios`.
    """

    known: tuple[str, ...]
    adds: bool
    ratios: Mapping[str, Ranged]
    groups: Mapping[str, Ranged] = field(default_factory=dict)


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
    goodness:
        How far out all figures lie in what each hypothesis predicts.
    """

    evidence: Evidence
    accused: str
    steps: tuple[Step, ...]
    outside: tuple[str, ...]
    prior_needed: Mapping[str, Ranged]
    posterior: Mapping[str, Ranged] | None
    goodness: Mapping[str, Goodness] = field(default_factory=dict)

    @property
    def none_fits(self) -> bool:
        """Whether surely no hypothesis makes such figures in one of a hundred clusters."""
        return bool(self.goodness) and all(x.fails for x in self.goodness.values())


@dataclass(frozen=True)
class LogLikelihood:
    """Ln of the likelihood of one hypothesis.

    Attributes
    ----------
    of_sets:
        One for each prior set, (sets,), the priors as stated first.
    error:
        Monte-Carlo standard error of the stated one.
    """

    of_sets: Floats
    error: float

    @property
    def stated(self) -> float:
        """Ln of the likelihood under the priors as stated."""
        return float(self.of_sets[0])


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
    groups = {key: x.group for key, x in model.library.hypotheses.items()}
    steps: list[Step] = []
    known: tuple[str, ...] = ()
    for name in in_order(list(evidence.limits)):
        before, known = known, (*known, name)
        if steps and without_implied(known) == without_implied(before):
            steps.append(replace(steps[-1], known=known, adds=False))
            continue

        logs = log_likelihoods(model, evidence, known)
        ratios = {
            other: _ratio(logs[accused], logs[other], model.draws)
            for other in model.ids
            if other != accused
        }
        of_groups = group_ratios(logs, groups, groups[accused], prior or {}, model.draws)
        steps.append(Step(known, True, ratios, of_groups))

    goal = float(np.log10(DECISIVE))
    prior_needed = {
        other: Ranged(goal - x.stated, goal - x.high, goal - x.low, x.error)
        for other, x in steps[-1].ratios.items()
    }
    return Odds(
        evidence=evidence,
        accused=accused,
        steps=tuple(steps),
        outside=tuple(key for key in model.ids if not _covers(model, key, evidence)),
        prior_needed=prior_needed,
        posterior=None if prior is None else _posterior(logs, prior, model.draws),
        goodness=goodness_of(model, evidence),
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


def goodness_of(model: EvidenceModel, evidence: Evidence) -> dict[str, Goodness]:
    """Return how far out all figures lie in the draws of each hypothesis, as stated."""
    limits = _weighed(evidence, tuple(evidence.limits))
    return {
        key: goodness(model.samples(key, evidence.conventions, tuple(limits)), limits)
        for key in model.ids
    }


def _weighed(evidence: Evidence, known: Sequence[str]) -> dict[str, Interval]:
    """Return the limits of the known observables, but for what the others imply."""
    return {name: evidence.limits[name] for name in without_implied(in_order(known))}


def log_likelihoods(
    model: EvidenceModel, evidence: Evidence, known: Sequence[str]
) -> dict[str, LogLikelihood]:
    """Return ln of the likelihood by hypothesis.

    Only the `known` observables count, and of those only what the others do not imply.
    """
    limits = _weighed(evidence, known)
    names = tuple(_weighed(evidence, tuple(evidence.limits)))

    def of_one(key: str) -> LogLikelihood:
        """Return that of one hypothesis."""
        asked = key, evidence.conventions, names
        parts = [each.log_likelihood(limits) for each in model.parts(*asked)]
        of_sets = [each.log_likelihood(limits) for each in model.fits(*asked)]
        return LogLikelihood(np.array(of_sets), error_of(parts))

    return dict(zip(model.ids, in_threads(of_one, model.ids), strict=True))


def _ratio(accused: LogLikelihood, other: LogLikelihood, draws: int) -> Ranged:
    """Return log10 of the ratio of two likelihoods, over every pair of their prior sets.

    No ratio is larger than `draws`, either way.
    """
    log10 = capped(np.subtract.outer(accused.of_sets, other.of_sets) / np.log(10), draws)
    error = float(np.hypot(accused.error, other.error) / np.log(10))
    return Ranged(float(log10[0, 0]), float(log10.min()), float(log10.max()), error)


def group_ratios(
    logs: Mapping[str, LogLikelihood],
    groups: Mapping[str, str],
    accused: str,
    prior: Mapping[str, float],
    draws: int,
) -> dict[str, Ranged]:
    """Return log10 of the ratio of one group of hypotheses to each other group.

    The likelihood of a group is the mean of those of its members, so that two names for the same
    work are not two votes.

    Parameters
    ----------
    logs:
        Ln of the likelihoods by hypothesis.
    groups:
        The group of each hypothesis.
    accused:
        The group that stands above the fraction line.
    prior:
        Weights within a group, 1 for hypotheses that are not named.
    draws:
        No ratio is larger than this, either way.

    Returns
    -------
    dict
        By group, in the order of the hypotheses. The ends are those of prior sets that are chosen
        one by one for each hypothesis.
    """
    of_groups = {}
    for group in dict.fromkeys(groups.values()):
        members = [key for key in logs if groups[key] == group]
        weights = np.array([prior.get(key, 1.0) for key in members], float)
        weights /= weights.sum()
        of_members = [
            [logs[key].stated, logs[key].of_sets.min(), logs[key].of_sets.max()] for key in members
        ]
        means = np.logaddexp.reduce(np.log(weights)[:, None] + of_members, axis=0)
        stated, low, high = means.tolist()

        shares = weights * np.exp([logs[key].stated - stated for key in members])
        error = float(np.sqrt(((shares * [logs[key].error for key in members]) ** 2).sum()))
        of_groups[group] = Ranged(stated, low, high, error)

    above = of_groups.pop(accused)
    ratios = {}
    for group, x in of_groups.items():
        lns = np.array([above.stated - x.stated, above.low - x.high, above.high - x.low])
        stated, low, high = capped(lns / np.log(10), draws).tolist()
        error = float(np.hypot(above.error, x.error) / np.log(10))
        ratios[group] = Ranged(stated, low, high, error)
    return ratios


def _posterior(
    logs: Mapping[str, LogLikelihood], prior: Mapping[str, float], draws: int
) -> dict[str, Ranged]:
    """Return posterior probabilities by Bayes' rule, from ln of the likelihoods.

    The ends are attained, for prior sets are chosen one by one: the lowest has the least likely set
    of a hypothesis and the most likely set of every other. Likelihoods of two hypotheses never
    differ by more than so many draws can tell. Errors are first-order.
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

    ranges = {}
    for key, own in logs.items():
        others = {other: x for other, x in logs.items() if other != key}
        ranges[key] = (
            probability(key, own.stated, {other: x.stated for other, x in others.items()}),
            probability(key, own.of_sets.min(), {o: x.of_sets.max() for o, x in others.items()}),
            probability(key, own.of_sets.max(), {o: x.of_sets.min() for o, x in others.items()}),
        )

    # d p_i = p_i (d_i - sum_j p_j d_j), the errors d of ln of the likelihoods being independent
    moved = {key: p[0] * logs[key].error for key, p in ranges.items()}
    together = sum(x**2 for x in moved.values())
    return {
        key: Ranged(
            *p,
            float(np.sqrt((1 - 2 * p[0]) * moved[key] ** 2 + p[0] ** 2 * together)),
        )
        for key, p in ranges.items()
    }
