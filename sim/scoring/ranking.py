"""How well a score ranks: areas under curves, and recall at a rate of false positives.

All are weighted, equal scores come together, and precision is that at the stated prevalence, also
in every draw of the bootstrap: pi t / (pi t + (1 - pi) f) at recall t and false positive rate f.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.scoring.answer import Answer
from sim.scoring.figures import Curve, Figure, Section
from sim.scoring.intervals import ENDS, ends, of_share

RATES = (1e-2, 1e-3, 1e-4)
# Expected false alarms, by weight, below which a rate cannot be shown.
LEAST_ALARMS = 1.0
# Sums of weights are equal if they differ by no more.
_ROUNDING = 1e-12
_RECALLS = np.linspace(0.01, 1, 100)


class Rates(NamedTuple):
    """Recall and false positive rate at each threshold, the highest first, shape (thresholds,)."""

    true: Floats
    false: Floats


class Ranked(NamedTuple):
    """Entities by falling score, for many weightings.

    Attributes
    ----------
    order
        Places of the entities, shape (entities,).
    last
        Place in `order` of the last entity of each score, shape (thresholds,).
    target
        Which entities are positive, in the order that they were given.
    """

    order: Ints
    last: Ints
    target: Bools

    @classmethod
    def by(cls, score: Floats, target: Bools) -> Ranked:
        """Return entities ranked by a score."""
        order = np.argsort(-score, kind="stable")
        ranked = score[order]  # not their differences, which may be too large for a number
        last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        return cls(order, last, target)

    def rates(self, weight: Floats) -> Rates:
        """Return the rates at all thresholds; NaN for a side that weighs nothing."""
        sides = []
        for side in (self.target, ~self.target):
            sums = np.cumsum(np.where(side, weight, 0.0)[self.order])[self.last]
            sides.append(sums / sums[-1] if sums[-1] > 0 else np.full(len(sums), np.nan))
        return Rates(*sides)


def average_precision(rates: Rates, prevalence: float) -> float:
    """Return the mean of precision over recall: the area under the curve without interpolation."""
    gains = np.diff(rates.true, prepend=0.0)
    return float(np.sum(gains * _precision(rates, prevalence)))


def area(rates: Rates) -> float:
    """Return the area under the ROC curve; of two entities with one score half is right."""
    before = np.concatenate([[0.0], rates.true[:-1]])
    return float(np.sum(np.diff(rates.false, prepend=0.0) * (rates.true + before) / 2))


def recall_at(rates: Rates, fpr: float) -> float:
    """Return the recall at the lowest threshold whose false positive rate is at most `fpr`."""
    within = int(np.searchsorted(rates.false, fpr + _ROUNDING, side="right"))
    return float(rates.true[within - 1]) if within else 0.0


def precision_at(rates: Rates, recalls: Floats, prevalence: float) -> Floats:
    """Return the precision at the highest threshold that reaches each recall."""
    at = np.searchsorted(rates.true, recalls - _ROUNDING, side="left")
    precision: Floats = _precision(rates, prevalence)[np.minimum(at, len(rates.true) - 1)]
    return precision


def threshold_at(score: Floats, target: Bools, weight: Floats, fpr: float) -> float:
    """Return the lowest score from which on the false positive rate is at most `fpr`.

    Infinite if even the highest score has more.
    """
    ranked = Ranked.by(score, target)
    within = int(np.searchsorted(ranked.rates(weight).false, fpr + _ROUNDING, side="right"))
    return float(score[ranked.order[ranked.last[within - 1]]]) if within else np.inf


def effective(weight: Floats) -> float:
    """Return how many equal weights tell as much as these (Kish 1965)."""
    return float(weight.sum() ** 2 / np.sum(weight**2))


def section(answer: Answer) -> Section:
    """Return how well the score ranks."""
    asked, pi = answer.asked, answer.asked.prevalence
    measures: list[Callable[[Rates], float]] = [lambda r: average_precision(r, pi), area]
    measures += [partial(recall_at, fpr=fpr) for fpr in RATES]

    ranked = Ranked.by(answer.score, asked.target)
    draws = np.full((len(answer.times), len(measures)), np.nan)
    for row, times in zip(draws, answer.times, strict=True):
        rates = ranked.rates(asked.weight * times)
        row[:] = [measure(rates) for measure in measures]
    whole = ranked.rates(asked.weight)
    values = [measure(whole) for measure in measures]

    in_fold = f"{asked.target.mean():.1%} of the fold are positives"
    prevalence = "prevalence: PR-AUC of a score that tells nothing"
    figures = [Figure("prevalence", prevalence, pi, rests_on=in_fold)]
    named = (("pr_auc", f"PR-AUC at prevalence {pi:g}"), ("auc", "ROC-AUC"))
    for (identifier, words), value, drawn in zip(named, values, draws.T, strict=False):
        figures.append(
            Figure(identifier, words, value, *ends(drawn), answer.sizes, answer.why_no_interval)
        )
    for fpr, value, drawn in zip(RATES, values[2:], draws.T[2:], strict=True):
        figures.append(_recall(answer, fpr, value, ends(drawn)))
    note = (
        "Positives are the accounts that should be found, negatives all others of the fold; they "
        f"weigh as in a population of prevalence {pi:g}. Equal scores come together. Intervals of "
        "95 % draw owners, with all their accounts: an owner is an operator or an organisation, "
        "or several that have accounts in common. Weights that differ tell less: the effective "
        "number is how many negatives of equal weight would tell as much. A rate of false "
        "positives is shown if that number allows at least one false alarm."
    )
    return Section("ranking", "How well it ranks", tuple(figures), note)


def curve(answer: Answer) -> Curve:
    """Return precision by recall, with its band."""
    asked = answer.asked
    ranked = Ranked.by(answer.score, asked.target)

    def line(weight: Floats) -> Floats:
        return precision_at(ranked.rates(weight), _RECALLS, asked.prevalence)

    low = high = None
    if len(answer.times):
        drawn = [line(asked.weight * times) for times in answer.times]
        low, high = (tuple(map(float, q)) for q in np.quantile(drawn, ENDS, axis=0))
    return Curve(
        id="precision_recall",
        title=f"Precision and recall at prevalence {asked.prevalence:g}",
        x_name="recall",
        y_name="precision",
        x=tuple(map(float, _RECALLS)),
        y=tuple(map(float, line(asked.weight))),
        low=low,
        high=high,
        step=True,
    )


def _recall(
    answer: Answer, fpr: float, value: float, bounds: tuple[float | None, float | None]
) -> Figure:
    """Return the recall at a rate, or why the negatives cannot show it."""
    asked = answer.asked
    negatives = asked.weight[~asked.target]
    weighing = effective(negatives)
    identifier, words = f"recall_at_fpr_{_power(fpr)}", f"recall at FPR {_power(fpr)}"
    rests_on = f"{len(negatives):,} negatives, effective number {weighing:,.0f}"
    if fpr * weighing < LEAST_ALARMS - _ROUNDING:
        why = f"allows {fpr * weighing:.2g} false alarms, at least 1 is needed: {rests_on}"
        return Figure(identifier, words, why_not=why)

    threshold = threshold_at(answer.score, asked.target, asked.weight, fpr)
    alarms = int((answer.score[~asked.target] >= threshold).sum())
    low, high = of_share(bounds, value, answer.owners_of_positives)
    rests_on = f"{alarms:,} false alarms of {rests_on}"
    return Figure(identifier, words, value, low, high, rests_on, answer.why_no_interval)


def _precision(rates: Rates, prevalence: float) -> Floats:
    """Return the precision at each threshold; 1 where nothing is above it."""
    found, wrong = prevalence * rates.true, (1 - prevalence) * rates.false
    every = found + wrong
    precision: Floats = np.divide(found, every, out=np.ones_like(every), where=every > 0)
    return precision


def _power(fpr: float) -> str:
    """Return a rate as it is written: `1e-3`."""
    return f"{fpr:.0e}".replace("e-0", "e-")
