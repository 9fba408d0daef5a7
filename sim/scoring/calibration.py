"""Whether scores are probabilities: Brier score, log score, and the error of calibration."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.arrays.types import Bools, Floats
from sim.scoring.answer import Answer
from sim.scoring.asked import scaled
from sim.scoring.figures import Figure, Section
from sim.scoring.intervals import interval

BINS = 10
# A probability is taken to be this far from 0 and 1 at least, so that one slip is not infinite.
CLIP = 1e-6
_WORDS = (
    ("brier", "Brier score"),
    ("log_score", "log score"),
    ("ece", "expected calibration error"),
)


def shifted(probability: Floats, share: float, prevalence: float) -> Floats:
    """Return probabilities moved from one prior to another (Saerens, Latinne, Decaestecker 2002).

    Parameters
    ----------
    probability
        Within 0 to 1, shape (entities,).
    share
        The share of positives for which they hold, within (0, 1).
    prevalence
        The share for which they are wanted, within (0, 1).
    """
    up = probability * prevalence / share
    down = (1 - probability) * (1 - prevalence) / (1 - share)
    moved: Floats = up / (up + down)
    return moved


def brier(probability: Floats, target: Bools, weight: Floats) -> float:
    """Return the mean squared distance from what came true (Brier 1950); 0 is best."""
    return float(np.average((probability - target) ** 2, weights=weight))


def log_score(probability: Floats, target: Bools, weight: Floats) -> float:
    """Return the mean of minus the logarithm of the probability of what came true; 0 is best."""
    clipped = np.clip(probability, CLIP, 1 - CLIP)
    loss = -np.log(np.where(target, clipped, 1 - clipped))
    return float(np.average(loss, weights=weight))


def calibration_error(probability: Floats, target: Bools, weight: Floats) -> float:
    """Return the weighted mean over bins of how far the mean probability is from the share found.

    There are `BINS` bins of about equal weight; equal probabilities are in one bin.
    """
    order = np.argsort(probability, kind="stable")
    before = np.cumsum(weight[order]) - weight[order]
    first = np.searchsorted(probability[order], probability[order], side="left")
    rank = before[first] / weight.sum()
    part = np.minimum((rank * BINS).astype(np.int64), BINS - 1)
    gap = (weight * (probability - target))[order]
    error = np.abs(np.bincount(part, gap, BINS)).sum() / weight.sum()
    return round(float(error), 12)  # sums of what cancels are not quite 0


def section(answer: Answer) -> Section:
    """Return how far scores can be read as probabilities, if they may be some."""
    asked = answer.asked
    if answer.score.min() < 0 or answer.score.max() > 1:
        why = "scores go beyond 0 to 1, so they are no probabilities"
        figures = [Figure(identifier, words, why_not=why) for identifier, words in _WORDS]
        return Section("calibration", "Whether scores are probabilities", tuple(figures))

    share = float(asked.target.mean())
    probability = shifted(answer.score, share, asked.prevalence)
    constant = np.full(len(asked), asked.prevalence)
    measures: tuple[Callable[[Floats, Bools, Floats], float], ...]
    measures = (brier, log_score, calibration_error)
    made = []
    for (identifier, words), measure in zip(_WORDS, measures, strict=True):
        low, high = _interval(answer, probability, measure)
        always = measure(constant, asked.target, asked.weight)
        made.append(
            Figure(
                identifier,
                words,
                measure(probability, asked.target, asked.weight),
                low,
                high,
                f"always saying {asked.prevalence:g}: {always:.3g}",
                answer.why_no_interval,
            )
        )
    note = (
        "0 is best. Scores are taken for probabilities at the share of positives in the fold, and "
        f"moved to a prevalence of {asked.prevalence:g} before they are judged. For the log score "
        f"those below {CLIP:g} count as {CLIP:g}, and those above {1 - CLIP:g} as {1 - CLIP:g}; "
        f"the calibration error has {BINS} bins of equal weight."
    )
    return Section("calibration", "Whether scores are probabilities", tuple(made), note)


def _interval(
    answer: Answer, probability: Floats, measure: Callable[[Floats, Bools, Floats], float]
) -> tuple[float | None, float | None]:
    """Return the interval of a measure; each draw has the same prevalence."""
    asked = answer.asked

    def drawn(times: Floats) -> float:
        weight = scaled(asked.weight * times, asked.target, asked.prevalence)
        return measure(probability, asked.target, weight)

    return interval(drawn, answer.times)
