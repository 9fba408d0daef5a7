"""What one would have to believe for a figure to be decisive: typical volumes, shares of pools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sim.arrays.types import Floats
from sim.comparison.claims.intervals import Interval
from sim.comparison.inference.evidence_model import EvidenceModel, capped, in_order
from sim.comparison.inference.likelihood import Fit, fit, without_implied
from sim.comparison.inference.odds import DECISIVE, Evidence
from sim.comparison.inference.prior_predictive import access_mode_of

# Factors on the volume of a hypothesis, from a thousandth to a thousand.
_CENTRES = np.logspace(-3, 3, 49)
_STATED = len(_CENTRES) // 2
_SHARES = (0.001, 0.01, 0.03, 0.1, 0.3, 0.5, 0.9)


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


MovedFits = dict[tuple[str, tuple[str, ...]], tuple[Fit, ...]]


def reach(
    model: EvidenceModel, evidence: Evidence, accused: str, kept: MovedFits | None = None
) -> tuple[Reach, ...]:
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
    kept:
        Likelihoods by hypothesis and conventions; what is missing is added, for the next evidence.

    Returns
    -------
    tuple
        One for each other hypothesis, in the order of their file.
    """
    kept = {} if kept is None else kept
    limits = {"count": evidence.limits["count"]}
    moved = {}
    for key in model.ids:
        of_key = key, evidence.conventions
        if of_key not in kept:
            kept[of_key] = _with_moved_counts(model, *of_key)
        moved[key] = np.array([each.log_likelihood(limits) for each in kept[of_key]])

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


def _with_moved_counts(
    model: EvidenceModel, hypothesis: str, conventions: tuple[str, ...]
) -> tuple[Fit, ...]:
    """Return the likelihoods of a count with all counts times each centre.

    The draws are not repeated: their counts are multiplied, and what is published is decided anew.
    So the driver is not moved, as prior sets do, but all work of the hypothesis together.
    """
    fits = []
    for centre in _CENTRES:
        moved = [
            mode.with_counts_times(float(centre)).sample(conventions)
            for mode in model.stated_mode_draws(hypothesis)
        ]
        counts = [replace(sample, values={"count": sample.values["count"]}) for sample in moved]
        fits.append(fit(counts, model.draws))
    return tuple(fits)


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
        The shares from and to which all figures favour the accused hypothesis by 10 to 1, an
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
    names = tuple(limits)
    of_accused = model.stated_fit(accused, evidence.conventions, names).log_likelihood(limits)
    shares = []
    for other, hypothesis in model.library.hypotheses.items():
        modes = hypothesis.access.names
        if other == accused or pool not in modes or len(modes) < 2:
            continue

        fitted = model.stated_fit(other, evidence.conventions, names)
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
